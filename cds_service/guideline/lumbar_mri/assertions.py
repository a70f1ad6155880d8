"""When a recorded fact counts, how old it is and where it is going (specification 2.2, 8.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from cds_service.guideline.decision import Evidence
from cds_service.record.dates import Interval
from cds_service.record.facts import (
    Certainty,
    Fact,
    Measurement,
    PatientFacts,
    Side,
    State,
    Trend,
    read_once,
)

# Notes that a card says beside a fact.
DISPUTED = "records disagree"
NOT_USABLE = "asked, answer not usable"


def counts_fully(fact: Fact) -> bool:
    """Known or suspected, as a code or a structured answer: what may decide and not only ask."""
    return fact.certainty in (Certainty.KNOWN, Certainty.SUSPECTED)


def is_only_a_hint(fact: Fact) -> bool:
    """Words, or a finding code without a value: possible, never more (8.1.6, 8.1.9)."""
    return fact.certainty in (Certainty.WORDS, Certainty.VALUELESS)


def is_current(fact: Fact) -> bool:
    """Whether the record says that it still holds."""
    return fact.state is State.CURRENT


def age_days(fact: Fact, today: date) -> int | None:
    """Days since it began, else since it was recorded, by the latest possible date; None: undated."""
    return None if fact.when is None else max(fact.when.days_ago(today), 0)


def ended_days(fact: Fact, today: date) -> int | None:
    """Days since it ended, else since its last dated mention; None: undated."""
    return None if fact.last_seen is None else max(fact.last_seen.days_ago(today), 0)


def is_new(fact: Fact, within_days: int, today: date) -> bool:
    """Whether it began, or was recorded, in the window; an undated fact is not new."""
    age = age_days(fact, today)
    return age is not None and age <= within_days


def is_worsening(fact: Fact, within_days: int, today: date) -> bool:
    """Whether its own words or code say worse, and said so in the window (undated words count)."""
    if not _says_worse(fact):
        return False
    said = worsening_said_on(fact)
    return said is None or said.days_ago(today) <= within_days


def worsening_said_on(fact: Fact) -> Interval | None:
    """When its own words or code said worse; None: they do not, or are undated."""
    return (fact.trend_on or fact.recorded or fact.started) if _says_worse(fact) else None


def _says_worse(fact: Fact) -> bool:
    return fact.trend is Trend.WORSENING or "coded-progressive" in fact.concepts


def is_improving(fact: Fact) -> bool:
    """Whether its own words say better; "not improving" is assumed without them (8.6.5)."""
    return fact.trend is Trend.IMPROVING


def on_same_side(first: Side | None, second: Side | None) -> bool:
    """Whether both sides are recorded and overlap; an unknown side matches nothing."""
    if first is None or second is None:
        return False
    return first is second or Side.BOTH in (first, second)


def on_both_sides(facts: tuple[Fact, ...], within_days: int) -> bool:
    """Whether one fact is bilateral, or a left and a right one lie in the same window (2.2)."""
    if any(fact.side is Side.BOTH for fact in facts):
        return True
    lefts = [fact.when for fact in facts if fact.side is Side.LEFT and fact.when]
    rights = [fact.when for fact in facts if fact.side is Side.RIGHT and fact.when]
    return any(
        max(left.first, right.first) <= min(left.last, right.last)
        or abs((left.last - right.last).days) <= within_days
        for left in lefts
        for right in rights
    )


def disputing(fact: Fact, facts: PatientFacts) -> bool:
    """Whether an answer of the same or a later day denies it, or its own dates disagree (8.1.3)."""
    return fact.disputed or is_said_later(fact, Certainty.DENIED, facts)


def is_said_later(fact: Fact, certainty: Certainty, facts: PatientFacts) -> bool:
    """Whether a fact about the same, of this certainty, is of the same or a later day; undated ones are."""
    # By concept and not fact by fact: a record of 20,000 facts would be compared with itself for minutes.
    last_said = _last_said(facts)
    days = (last_said.get((certainty, concept)) for concept in fact.concepts)
    return any(day is not None and (fact.when is None or day >= fact.when.first) for day in days)


@read_once
def _last_said(facts: PatientFacts) -> Mapping[tuple[Certainty, str], date]:
    """The last possible day of each concept by certainty; that of an undated fact is the last of all."""
    days: dict[tuple[Certainty, str], date] = {}
    for fact in facts.facts:
        day = date.max if fact.when is None else fact.when.last
        for concept in fact.concepts:
            key = fact.certainty, concept
            days[key] = max(day, days.get(key, day))
    return days


def evidence_of(fact: Fact, short: str = "", note: str = "") -> Evidence:
    """The fact as a line of a card, in the record's words and with its date."""
    problem, standing = fact.started_problem, standing_of(fact)
    return Evidence(fact.text, fact.resource, fact.when, short, note, problem, standing)


def standing_of(fact: Fact) -> str:
    """How sure and how current the record is of the fact, so that a change of it is seen; empty: both."""
    certainty = "" if fact.certainty is Certainty.KNOWN else fact.certainty.value
    state = "" if fact.state is State.CURRENT else fact.state.value
    return f"{certainty} {state}".strip()


def measured(measurement: Measurement, short: str, note: str = "") -> Evidence:
    """The quantity as a line of a card, as it was recorded."""
    return Evidence(measurement.text, measurement.resource, measurement.when, short, note)
