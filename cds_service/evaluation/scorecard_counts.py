"""Counts one month of decisions and of feedback: what a scorecard adds up, day by day.

An order is one episode, and the last decision on it is the order's; every card of every decision is a card.
An outcome counts for a card where the client that got the card reports it.
A report that comes twice has one digest, and is counted once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from cds_service.guideline.lumbar_mri.changed_order import OWN_REASONS

# Changes with the meaning of a count, so that all months are counted anew.
COUNTED_AS = "1"

ACCEPTED, OVERRIDDEN = "accepted", "overridden"
OPEN = "open"  # no outcome yet
SETTLED = "settled"  # no outcome, and none was asked for: the card confirmed the order
SAFETY = "safety"  # in place of a recommendation: the card about MRI safety
NO_RECOMMENDATION = "none"
NO_REASON = "none"
FOREIGN = "foreign:"  # in front of a reason code that is not ours
LEFT_OUT = "left out"  # no card, because the client takes only so many
NOT_INDICATED = "not-indicated"
URGENT_OUTCOMES = frozenset({"emergency", "urgent"})
RIGHT, CHANGED, LEFT = "right", "changed", "left"
# What is no order of a lumbar MRI for a patient.
NO_ORDERS = frozenset({"test patient", "ct"})
# Everything that is counted by day.
TOPICS = (
    "card", "comment", "early", "missing", "not_recorded", "order", "override", "seconds", "silent",
    "unmatched", "unread", "urgent",
)  # fmt: skip
# Upper ends of the classes of comment lengths, in characters.
COMMENT_LENGTHS = (20, 100, 300)


class DecisionRow(NamedTuple):
    """A row of `decisions`; `last`: no later one on the same order; `trace` only where `missing` is set."""

    id: int
    decided_ms: int
    client: str
    organisation: str | None
    practitioner: str | None
    episode: str
    outcome: str
    recommendation: str
    endorsed: bool
    silent: str
    missing: str
    card: str | None
    safety_card: str | None
    trace: str | None
    last: bool


class FeedbackRow(NamedTuple):
    """A row of `feedback`."""

    id: int
    client: str
    card: str
    outcome: str
    reason_code: str | None
    reason_system: str | None
    comment_characters: int | None
    outcome_ms: int
    digest: str


class DayCount(NamedTuple):
    """How often something happened on a day."""

    day: str
    topic: str
    name: str
    detail: str
    number: int


@dataclass(slots=True)
class GroupCount:
    """The figures of one client, organisation and practitioner in a month."""

    orders: int = 0
    not_indicated: int = 0
    cards: int = 0
    accepted: int = 0


GroupKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class MonthCounts:
    """Everything that is kept of a month."""

    days: tuple[DayCount, ...]
    groups: Mapping[GroupKey, GroupCount]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a card."""

    outcome: str
    outcome_ms: int
    reason: str = ""
    comment_characters: int | None = None


class _Trace(msgspec.Struct):
    unread: list[str] = []
    not_recorded: list[str] = []


_read_trace = msgspec.json.Decoder(_Trace).decode


@dataclass(slots=True)
class _Tally:
    day_of: Callable[[int], str]
    own_reasons: frozenset[str]
    results: Mapping[tuple[str, str], Result]
    days: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    groups: dict[GroupKey, GroupCount] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)

    def add(self, day: str, topic: str, name: str, detail: str = "") -> None:
        self.days[day, topic, name, detail] += 1

    def group(self, row: DecisionRow) -> GroupCount:
        key = row.client, row.organisation or "", row.practitioner or ""
        return self.groups.setdefault(key, GroupCount())


def count_month(
    rows: Iterable[DecisionRow],
    earlier: Iterable[DecisionRow],
    feedback: Iterable[FeedbackRow],
    own_reasons: frozenset[str],
    day_of: Callable[[int], str],
) -> MonthCounts:
    """The counts of the decisions of a month, which come with the oldest first.

    `earlier` are older decisions on the emergency and urgent orders of the month.
    `day_of` gives the day of a moment in milliseconds.
    """
    tally = _Tally(day_of, own_reasons, results_of(feedback, own_reasons))
    pressing: dict[str, list[DecisionRow]] = {}
    for row in earlier:
        pressing.setdefault(row.episode, []).append(row)
    for row in rows:
        if row.silent in NO_ORDERS:
            continue
        day = day_of(row.decided_ms)
        _count_cards(row, day, tally)
        if row.outcome in URGENT_OUTCOMES:
            pressing.setdefault(row.episode, []).append(row)
        if row.last:
            _count_order(row, day, pressing.get(row.episode, ()), tally)
    counts = tuple(DayCount(*key, number) for key, number in tally.days.items())
    return MonthCounts(counts, tally.groups)


def results_of(feedback: Iterable[FeedbackRow], own_reasons: frozenset[str]) -> dict[tuple[str, str], Result]:
    """What became of each card, by client and card.

    Accepted wins, whatever came first: some clients report a dismissal and what was taken, both.
    Else it is the last, as the client's clock has it.
    """
    found: dict[tuple[str, str], tuple[tuple[bool, int, int], FeedbackRow]] = {}
    for row in feedback:
        taken = row.outcome == ACCEPTED
        # Of several acceptances the first: that is when the card did its work.
        rank = (taken, -row.outcome_ms if taken else row.outcome_ms, row.id)
        key = row.client, row.card
        if key not in found or found[key][0] < rank:
            found[key] = rank, row
    return {key: _result(row, own_reasons) for key, (_, row) in found.items()}


def count_unmatched(received_ms: Iterable[int], day_of: Callable[[int], str]) -> Iterator[DayCount]:
    """The reports on cards that their client never got, by the days on which they first came."""
    counts = Counter(map(day_of, received_ms))
    yield from (DayCount(day, "unmatched", "", "", count) for day, count in counts.items())


def rounded_seconds(milliseconds: int) -> int:
    """Seconds with two significant digits, so that a year of them is a few hundred different numbers."""
    seconds = milliseconds // 1000
    step = int("1".ljust(len(str(seconds)) - 1, "0"))
    return seconds // step * step


def comment_class(characters: int) -> str:
    """The class of a comment by its length: its upper end, or `more`."""
    return next((str(end) for end in COMMENT_LENGTHS if characters <= end), "more")


def _result(row: FeedbackRow, own_reasons: frozenset[str]) -> Result:
    if row.outcome == ACCEPTED:
        return Result(ACCEPTED, row.outcome_ms)
    return Result(OVERRIDDEN, row.outcome_ms, _reason(row, own_reasons), row.comment_characters)


def _reason(row: FeedbackRow, own_reasons: frozenset[str]) -> str:
    if row.reason_code is None:
        return NO_REASON
    if row.reason_code in own_reasons and row.reason_system in (None, OWN_REASONS):
        return row.reason_code
    return FOREIGN + row.reason_code


def _count_cards(row: DecisionRow, day: str, tally: _Tally) -> None:
    settled = SETTLED if row.endorsed else OPEN
    for card, name, unanswered in (
        (row.card, row.recommendation or NO_RECOMMENDATION, settled),
        (row.safety_card, SAFETY, OPEN),
    ):
        key = row.client, card or ""
        if card is None or key in tally.seen:  # drafts that were merged share a card
            continue
        tally.seen.add(key)
        result = tally.results.get(key)
        outcome = result.outcome if result else unanswered
        tally.add(day, "card", name, outcome)
        if result:
            _count_result(result, row, name, day, tally)
        if outcome != SETTLED:
            group = tally.group(row)
            group.cards += 1
            group.accepted += outcome == ACCEPTED


def _count_result(result: Result, row: DecisionRow, name: str, day: str, tally: _Tally) -> None:
    if result.outcome_ms < row.decided_ms:
        tally.add(day, "early", "")  # the client's clock is wrong
    else:
        tally.add(day, "seconds", str(rounded_seconds(result.outcome_ms - row.decided_ms)))
    if result.outcome == OVERRIDDEN:
        tally.add(day, "override", name, result.reason)
        if result.comment_characters:
            tally.add(day, "comment", comment_class(result.comment_characters), result.reason)


def _count_order(row: DecisionRow, day: str, pressing: Iterable[DecisionRow], tally: _Tally) -> None:
    tally.add(day, "order", row.outcome)
    if row.card is None:
        tally.add(day, "silent", row.silent or LEFT_OUT)
    if row.outcome in URGENT_OUTCOMES:
        tally.add(day, "urgent", row.outcome, _urgency(row, pressing, tally))
    if row.missing:
        tally.add(day, "missing", row.missing)
        trace = _read_trace(row.trace or "{}")
        for topic, names in (("unread", trace.unread), ("not_recorded", trace.not_recorded)):
            for name in dict.fromkeys(names):
                tally.add(day, topic, name[:100])
    group = tally.group(row)
    group.orders += 1
    group.not_indicated += row.outcome == NOT_INDICATED


def _urgency(row: DecisionRow, pressing: Iterable[DecisionRow], tally: _Tally) -> str:
    """Whether an emergency or urgent order was right from the start, and else what became of it."""
    lacking = [one for one in pressing if not one.endorsed]
    if not lacking:
        return RIGHT
    results = (tally.results.get((one.client, one.card)) for one in lacking if one.card)
    if any(result and result.outcome == ACCEPTED for result in results):
        return ACCEPTED
    return CHANGED if row.endorsed else LEFT
