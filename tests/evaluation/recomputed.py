"""The figures of a scorecard reckoned from the rows alone, in the plainest way, to hold the service's against.

It shares no code with the service, and is written from `docs/scorecard.md`.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Any

from tests.evaluation.generated_year import OWN_REASONS, Row

OWN = {
    "care-4-6-weeks", "care-6-weeks", "patient-preference", "specialist-requirement", "other", "red-flag-cancer",
}  # fmt: skip


def recompute(
    decisions: list[Row], feedback: list[Row], first: date, last: date, today: date
) -> dict[str, Any]:
    """Every figure of the days from `first` to `last`, as a nested dict."""
    decisions = sorted(decisions, key=lambda d: (d["decided_ms"], d["id"]))
    real = [d for d in decisions if d["silent"] not in ("test patient", "ct")]
    became = fate_of_cards(feedback)
    inside = [d for d in real if first <= day(d["decided_ms"]) <= last]

    episodes = defaultdict(list)
    for d in decisions:
        episodes[d["episode"]].append(d)
    orders = [
        d for d in inside if d is episodes[d["episode"]][-1]
    ]  # an order whose last call is a test or a CT is none

    result: dict[str, Any] = {}
    result["outcomes"] = Counter(d["outcome"] for d in orders)
    result["silent"] = Counter(d["silent"] or "left out" for d in orders if d["card"] is None)
    result["months"] = {
        m: (
            sum(1 for d in orders if month(d) == m),
            sum(1 for d in orders if month(d) == m and d["outcome"] == "not-indicated"),
        )
        for m in {month(d) for d in orders}
    }
    result["missing"] = Counter(d["missing"] for d in orders if d["missing"])
    result["unread"] = Counter(t for d in orders if d["missing"] for t in json.loads(d["trace"])["unread"])
    result["not_recorded"] = Counter(
        t for d in orders if d["missing"] for t in json.loads(d["trace"])["not_recorded"]
    )

    cards: defaultdict[str, Counter[str]] = defaultdict(Counter)
    reasons: Counter[tuple[str, str]] = Counter()
    lengths: Counter[str] = Counter()
    seconds, early = [], 0
    for d in inside:
        for uuid, name in ((d["card"], d["recommendation"] or "none"), (d["safety_card"], "safety")):
            if not uuid:
                continue
            report = became.get((d["client"], uuid))
            if report is None:
                if d["endorsed"] and name != "safety":
                    cards[name]["confirming"] += 1
                elif today - day(d["decided_ms"]) > timedelta(days=7):
                    cards[name]["ignored"] += 1
                else:
                    cards[name]["pending"] += 1
                continue
            cards[name][report["outcome"]] += 1
            if report["outcome_ms"] < d["decided_ms"]:
                early += 1
            else:
                seconds.append((report["outcome_ms"] - d["decided_ms"]) / 1000)
            if report["outcome"] == "overridden":
                reasons[name, reason(report)] += 1
                if report["comment_characters"]:
                    n = report["comment_characters"]
                    lengths["20" if n <= 20 else "100" if n <= 100 else "300" if n <= 300 else "more"] += 1
    result |= {"cards": cards, "reasons": reasons, "lengths": lengths, "early": early}
    result["median"], result["ninety"] = at_percent(seconds, 50), at_percent(seconds, 90)

    urgent: Counter[tuple[str, str]] = Counter()
    for d in orders:
        if d["outcome"] in ("emergency", "urgent"):
            lacking = [
                e
                for e in episodes[d["episode"]]
                if e["outcome"] in ("emergency", "urgent") and not e["endorsed"] and e in real_ones(e)
            ]
            fates = [became.get((e["client"], e["card"])) for e in lacking]
            if not lacking:
                urgent[d["outcome"], "right"] += 1
            elif any(f and f["outcome"] == "accepted" for f in fates):
                urgent[d["outcome"], "accepted"] += 1
            elif d["endorsed"]:
                urgent[d["outcome"], "changed"] += 1
            else:
                urgent[d["outcome"], "left"] += 1
    result["urgent"] = urgent

    known = {(d["client"], uuid) for d in decisions for uuid in (d["card"], d["safety_card"]) if uuid}
    strangers: dict[str, Row] = {}
    for f in sorted(feedback, key=lambda f: f["id"]):
        if (f["client"], f["card"]) not in known:
            strangers.setdefault(f["digest"], f)
    result["unmatched"] = sum(1 for f in strangers.values() if first <= day(f["received_ms"]) <= last)

    groups: defaultdict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for d in orders:
        key = (d["client"], d["organisation"] or "", d["practitioner"] or "")
        groups[key]["orders"] += 1
        groups[key]["not_indicated"] += d["outcome"] == "not-indicated"
    for d in inside:
        key = (d["client"], d["organisation"] or "", d["practitioner"] or "")
        for uuid, confirms in ((d["card"], d["endorsed"]), (d["safety_card"], False)):
            report = became.get((d["client"], uuid)) if uuid else None
            if uuid and (report or not confirms):
                groups[key]["cards"] += 1
                groups[key]["accepted"] += bool(report and report["outcome"] == "accepted")
    result["groups"] = groups
    return result


def real_ones(decision: Row) -> list[Row]:
    """The decision, unless it is about a test or a CT."""
    return [] if decision["silent"] in ("test patient", "ct") else [decision]


def fate_of_cards(feedback: list[Row]) -> dict[tuple[str, str], Row]:
    """The report that counts for each card of a client: the first acceptance, else the last override."""
    by_card = defaultdict(list)
    for f in feedback:
        by_card[f["client"], f["card"]].append(f)
    fate = {}
    for key, reports in by_card.items():
        reports.sort(key=lambda f: (f["outcome_ms"], f["id"]))
        accepted = [f for f in reports if f["outcome"] == "accepted"]
        fate[key] = accepted[0] if accepted else reports[-1]
    return fate


def reason(report: Row) -> str:
    """Our own code, or that of others marked as such, or none."""
    if report["reason_code"] is None:
        return "none"
    ours = report["reason_system"] in (None, OWN_REASONS) and report["reason_code"] in OWN
    return str(report["reason_code"]) if ours else f"foreign:{report['reason_code']}"


def at_percent(seconds: list[float], percent: int) -> float | None:
    """The number that so many percent do not exceed, with its first two digits."""
    if not seconds:
        return None
    ordered = sorted(two_digits(s) for s in seconds)
    return ordered[ceil(len(ordered) * percent / 100) - 1]


def two_digits(seconds: float) -> int:
    """Only the first two digits of the whole seconds, the others as zero."""
    text = str(int(seconds))
    return int(text[:2] + "0" * (len(text) - 2))


def day(milliseconds: int) -> date:
    """The day in Singapore, which has no summer time."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds, hours=8)).date()


def month(decision: Row) -> str:
    """The month of a decision."""
    return day(decision["decided_ms"]).isoformat()[:7]
