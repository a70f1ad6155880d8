"""A year of decisions and of the feedback on them, as rows of the two tables: seeded, and with all that goes wrong.

Orders are chosen and then signed, or only signed; cards are accepted, overridden, both, twice, late, or never;
reports repeat, come for cards that nobody knows, and from a client that never had the card.
"""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]

START = datetime(2025, 12, 31, 16, tzinfo=UTC)  # the first midnight of 2026 in Singapore
YEAR_MS = 365 * 24 * 3600 * 1000
_DAY_MS = 24 * 3600 * 1000
OWN_REASONS = "urn:lumbar-mri-cds:reason"

# outcome, recommendation, how often, and whether such an order may be as advised already
_KINDS = (
    ("not-indicated", "R1", 30, False),
    ("may-be-indicated", "R2", 14, True),
    ("unclear", "", 22, False),
    ("indicated", "R5", 8, True),
    ("urgent", "R3", 7, True),
    ("emergency", "R4", 4, True),
    ("possible", "R5", 8, False),
    ("outside", "", 5, False),
    ("indicated", "R6", 2, True),
)
_MISSING = ("care-unknown", "duration-unknown", "unread", "age-unknown", "no-indication", "foreign")
_NOT_RECORDED = ("saddle", "leg-power", "fever", "bladder-bowel", "weight")
_REASONS = (
    "care-4-6-weeks",
    "care-6-weeks",
    "patient-preference",
    "specialist-requirement",
    "other",
    "red-flag-cancer",
)
_CLIENTS = (("north", 60), ("south", 30), ("west", 9.9), ("tiny", 0.1))


@dataclass(slots=True)
class Year:
    """The rows, in the order in which they would have been stored."""

    decisions: list[Row] = field(default_factory=list)
    feedback: list[Row] = field(default_factory=list)


def generate_year(
    decisions: int, seed: int, *, start: datetime = START, practitioners: int = 300, sites: int = 12
) -> Year:
    """So many decisions, spread over a year from `start`."""
    rng = random.Random(seed)
    first_ms = int(start.timestamp() * 1000)
    year = Year()
    while len(year.decisions) < decisions:
        at = first_ms + rng.randrange(YEAR_MS)
        year.decisions.extend(_order(rng, at, practitioners, sites))
    del year.decisions[decisions:]
    year.decisions.sort(key=lambda row: row["decided_ms"])
    for number, row in enumerate(year.decisions, 1):
        row["id"] = number
    for row in year.decisions:
        for card in filter(None, (row["card"], row["safety_card"])):
            year.feedback.extend(_reports(rng, row, card))
    for _ in range(decisions // 200):
        card = str(uuid.UUID(int=rng.getrandbits(128)))
        report = _report(rng, "north", card, "overridden", first_ms + rng.randrange(YEAR_MS))
        again = report | {"received_ms": report["received_ms"] + rng.choice((900, 35 * _DAY_MS))}
        year.feedback.extend((report, again) if rng.random() < 0.3 else (report,))
    year.feedback.sort(key=lambda row: row["received_ms"])
    for number, row in enumerate(year.feedback, 1):
        row["id"] = number
    return year


def _order(rng: random.Random, at: int, practitioners: int, sites: int) -> Iterator[Row]:
    """The calls about one order: one, two or three, of which the last is the order's."""
    client = rng.choices([name for name, _ in _CLIENTS], [weight for _, weight in _CLIENTS])[0]
    # Some order much, and most little.
    who = min(int(rng.paretovariate(1.1)) - 1, practitioners - 1)
    keyed = client != "west"  # a client that names nobody
    episode = str(uuid.UUID(int=rng.getrandbits(128)))
    outcome, recommendation, _, can_be_right = rng.choices(_KINDS, [kind[2] for kind in _KINDS])[0]
    calls = rng.choices((1, 2, 3), (60, 33, 7))[0]
    for number in range(calls):
        if number and rng.random() < 0.1:
            outcome, recommendation, _, can_be_right = rng.choices(_KINDS, [kind[2] for kind in _KINDS])[0]
        right = can_be_right and rng.random() < (0.3 + 0.3 * number)
        yield _decision(
            rng, at, client, f"{client}-s{who % sites}" if keyed else None, f"{client}-p{who}" if keyed else None,
            episode, outcome, recommendation, right,
        )  # fmt: skip
        # Two calls of one millisecond happen, too.
        at += rng.choice((0, 1_000, 90_000, 3_600_000, 20 * 3_600_000))


def _decision(
    rng: random.Random, at: int, client: str, site: str | None, who: str | None,
    episode: str, outcome: str, recommendation: str, right: bool,
) -> Row:  # fmt: skip
    missing = rng.choice(_MISSING) if outcome == "unclear" else ""
    silent = rng.choices(("", "hospice", "test patient", "ct", "child"), (92, 4, 1, 1, 2))[0]
    trace = {
        "findings": [],
        "not_recorded": rng.sample(_NOT_RECORDED, rng.randrange(3)),
        "unread": rng.sample(("Condition", "Observation"), rng.randrange(1, 3))
        if missing == "unread"
        else [],
    }
    return {
        "decided_ms": at,
        "service": "lumbar-mri-order-select",
        "client": client,
        "organisation": _pseudonym(site),
        "practitioner": _pseudonym(who),
        "episode": episode,
        "case_mark": None,
        "fact_marks": None,
        "outcome": outcome,
        "recommendation": recommendation,
        "recommendations": json.dumps([recommendation] if recommendation else []),
        "indicator": "info",
        "endorsed": right,
        "silent": silent,
        "reason": f"unclear.{missing}" if missing else "not-indicated.short",
        "missing": missing,
        "card": None if silent else str(uuid.UUID(int=rng.getrandbits(128))),
        "safety_card": str(uuid.UUID(int=rng.getrandbits(128)))
        if not silent and rng.random() < 0.04
        else None,
        "suggestions": "[]",
        "trace": json.dumps(trace),
        "order_system": "http://loinc.org",
        "order_code": "24968-4",
        "covers": "lumbar",
        "priority": "routine",
        "guideline_version": "1.0.0",
        "guideline_digest": "sha256:" + "0" * 64,
        "answer_ms": 12.5,
    }


def _pseudonym(name: str | None) -> str | None:
    return hashlib.sha256(name.encode()).hexdigest()[:32] if name else None


def _reports(rng: random.Random, row: Row, card: str) -> Iterator[Row]:
    """What is reported of a card: nothing, one outcome, several, the same again, or by somebody else."""
    outcomes = rng.choices(
        (
            (),
            ("accepted",),
            ("overridden",),
            ("overridden", "accepted"),
            ("accepted", "overridden"),
            ("overridden",) * 2,
        ),
        (40, 22, 28, 4, 3, 3),
    )[0]
    at = row["decided_ms"]
    for outcome in outcomes:
        at += rng.choice((-5_000, 0, 4_000, 45_000, 600_000, 3 * _DAY_MS, 12 * _DAY_MS))
        report = _report(rng, row["client"], card, outcome, at)
        yield report
        if rng.random() < 0.1:
            again = report["received_ms"] + rng.choice((500, 40 * _DAY_MS))
            yield report | {"received_ms": again}
    if rng.random() < 0.01:
        yield _report(rng, "south" if row["client"] != "south" else "north", card, "accepted", at)


def _report(rng: random.Random, client: str, card: str, outcome: str, at: int) -> Row:
    reason, system, display = None, None, None
    if outcome == "overridden" and rng.random() < 0.8:
        reason = rng.choice(_REASONS)
        system = rng.choice((OWN_REASONS, None, "http://hospital.example/reasons"))
        display = "as on the card"
    comment = rng.choice((None, None, 12, 20, 21, 250, 2_000)) if outcome == "overridden" else None
    row = {
        "service": "lumbar-mri-order-select",
        "client": client,
        "card": card,
        "outcome": outcome,
        "suggestions": "[]",
        "reason_code": reason,
        "reason_system": system,
        "reason_display": display,
        "comment_characters": comment,
        "comment": None,
        "outcome_ms": at,
    }
    digest = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()
    return row | {"received_ms": at + rng.choice((200, 3_000, 2 * _DAY_MS)), "digest": digest}


def month_of(milliseconds: int) -> str:
    """The month in Singapore, such as `2026-10`."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC) + timedelta(hours=8):%Y-%m}"
