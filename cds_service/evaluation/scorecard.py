"""The figures of a scorecard, from what was counted; how each is reckoned says `docs/scorecard.md`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cds_service.evaluation.scorecard_counts import (
    ACCEPTED,
    CHANGED,
    LEFT,
    NOT_INDICATED,
    OPEN,
    OVERRIDDEN,
    RIGHT,
    SETTLED,
    URGENT_OUTCOMES,
    DayCount,
)
from cds_service.evaluation.scorecard_groups import GroupTable
from cds_service.evaluation.scorecard_period import Period
from cds_service.evaluation.scorecard_words import OUTCOMES, RECOMMENDATIONS

# A card without an outcome is ignored once so many days have passed. Most outcomes come within the visit;
# a week also holds an order that is signed at the next clinic, and a client that sends its feedback weekly.
IGNORED_AFTER_DAYS = 7


@dataclass(frozen=True, slots=True)
class Month:
    """The orders of a month; `share` of those not indicated is None without orders."""

    month: str
    orders: int
    not_indicated: int

    @property
    def share(self) -> float | None:
        """The share of orders that were not indicated."""
        return share_of(self.not_indicated, self.orders)


@dataclass(frozen=True, slots=True)
class CardFigures:
    """What became of the cards of one recommendation; `confirming`: unanswered, and nothing was asked."""

    code: str
    accepted: int = 0
    overridden: int = 0
    ignored: int = 0
    pending: int = 0
    confirming: int = 0

    @property
    def fired(self) -> int:
        """All cards."""
        return self.asking + self.confirming

    @property
    def asking(self) -> int:
        """The cards that asked for something, or were answered all the same."""
        return self.accepted + self.overridden + self.ignored + self.pending


@dataclass(frozen=True, slots=True)
class UrgentFigures:
    """Emergency and urgent orders: right from the start, or else whether the card was taken."""

    right: int = 0
    accepted: int = 0
    changed: int = 0
    left: int = 0

    @property
    def orders(self) -> int:
        """All of them."""
        return self.right + self.lacking

    @property
    def lacking(self) -> int:
        """Those that were not urgent enough, or not as they should be: the under-use."""
        return self.accepted + self.changed + self.left


@dataclass(frozen=True, slots=True)
class Times:
    """From card to outcome, in seconds of two significant digits; None without any."""

    cards: int
    median: int | None
    ninety_percent: int | None
    before_card: int  # outcomes with a time before their card: the client's clock is wrong


@dataclass(frozen=True, slots=True)
class Override:
    """How often a reason was given to override the cards of a recommendation."""

    recommendation: str
    reason: str
    cards: int


@dataclass(frozen=True, slots=True)
class CommentText:
    """The words of a comment, which only a site that wants them keeps."""

    day: str
    recommendation: str
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Scorecard:
    """What became of the advice in a period.

    `outcomes` and `silent` count orders, `overrides` and `comments` cards, and `missing`, `unread` and
    `not_recorded` orders that could not be decided.
    """

    period: Period
    counted_at: datetime
    months: tuple[Month, ...]
    outcomes: Mapping[str, int]
    silent: Mapping[str, int]
    cards: tuple[CardFigures, ...]
    overrides: tuple[Override, ...]
    missing: Mapping[str, int]
    unread: Mapping[str, int]
    not_recorded: Mapping[str, int]
    urgent: Mapping[str, UrgentFigures]
    times: Times
    comment_lengths: Mapping[str, int]
    other_comments: int  # those with the reason `other`, or none
    unmatched: int
    group_months: tuple[str, ...]  # those that `groups` are of
    groups: tuple[GroupTable, ...]
    comments: tuple[CommentText, ...] = field(default=(), repr=False)

    @property
    def orders(self) -> int:
        """All orders."""
        return sum(self.outcomes.values())

    @property
    def not_indicated(self) -> int:
        """The orders that were not indicated."""
        return self.outcomes.get(NOT_INDICATED, 0)

    @property
    def all_cards(self) -> CardFigures:
        """The cards of all recommendations together."""
        return CardFigures(
            "all",
            *(
                sum(getattr(one, name) for one in self.cards)
                for name in ("accepted", "overridden", "ignored", "pending", "confirming")
            ),
        )

    @property
    def all_urgent(self) -> UrgentFigures:
        """Emergency and urgent orders together."""
        return UrgentFigures(
            *(
                sum(getattr(one, name) for one in self.urgent.values())
                for name in (RIGHT, ACCEPTED, CHANGED, LEFT)
            )
        )

    @property
    def reasons(self) -> dict[str, int]:
        """How often each reason to override was given, the most frequent first."""
        found = Counter[str]()
        for override in self.overrides:
            found[override.reason] += override.cards
        return most_first(found)

    @property
    def undecided(self) -> int:
        """The orders that could not be decided."""
        return sum(self.missing.values())


def share_of(part: int, whole: int) -> float | None:
    """The share; None of nothing."""
    return part / whole if whole else None


def make_scorecard(
    period: Period,
    counted_at: datetime,
    totals: Iterable[DayCount],
    months: Iterable[tuple[str, str, int]],
    group_months: tuple[str, ...],
    groups: tuple[GroupTable, ...],
    comments: tuple[CommentText, ...] = (),
) -> Scorecard:
    """The figures; `totals` are sums of counts, with a day only where an answer may still come."""
    topics: defaultdict[str, list[DayCount]] = defaultdict(list)
    for count in totals:
        topics[count.topic].append(count)
    return Scorecard(
        period=period,
        counted_at=counted_at,
        months=tuple(_months(months)),
        outcomes=_in_order(_by_name(topics["order"]), OUTCOMES),
        silent=most_first(_by_name(topics["silent"])),
        cards=tuple(_cards(topics["card"])),
        overrides=tuple(_overrides(topics["override"])),
        missing=most_first(_by_name(topics["missing"])),
        unread=most_first(_by_name(topics["unread"])),
        not_recorded=most_first(_by_name(topics["not_recorded"])),
        urgent=_urgent(topics["urgent"]),
        times=_times(topics["seconds"], topics["early"]),
        comment_lengths=_by_name(topics["comment"]),
        other_comments=sum(one.number for one in topics["comment"] if one.detail in ("other", "none")),
        unmatched=sum(one.number for one in topics["unmatched"]),
        group_months=group_months,
        groups=groups,
        comments=comments,
    )


def most_first(counts: Mapping[str, int]) -> dict[str, int]:
    """The counts, the most frequent first, then by name."""
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _by_name(counts: Iterable[DayCount]) -> dict[str, int]:
    found = Counter[str]()
    for one in counts:
        found[one.name] += one.number
    return dict(found)


def _in_order(counts: Mapping[str, int], order: Iterable[str]) -> dict[str, int]:
    known = {name: counts[name] for name in order if name in counts}
    return known | {name: count for name, count in sorted(counts.items()) if name not in known}


def _months(rows: Iterable[tuple[str, str, int]]) -> Iterator[Month]:
    orders, not_indicated = Counter[str](), Counter[str]()
    for month, outcome, count in rows:
        orders[month] += count
        not_indicated[month] += count if outcome == NOT_INDICATED else 0
    yield from (Month(month, orders[month], not_indicated[month]) for month in sorted(orders))


def _cards(counts: Iterable[DayCount]) -> Iterator[CardFigures]:
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in counts:
        result = {OPEN: "pending" if one.day else "ignored", SETTLED: "confirming"}.get(
            one.detail, one.detail
        )
        found[one.name][result] += one.number
    for code in _in_order(dict.fromkeys(found, 1), RECOMMENDATIONS):
        yield CardFigures(
            code,
            accepted=found[code][ACCEPTED],
            overridden=found[code][OVERRIDDEN],
            ignored=found[code]["ignored"],
            pending=found[code]["pending"],
            confirming=found[code]["confirming"],
        )


def _overrides(counts: Iterable[DayCount]) -> Iterator[Override]:
    places = {code: place for place, code in enumerate(RECOMMENDATIONS)}
    found = [Override(one.name, one.detail, one.number) for one in counts]
    found.sort(key=lambda one: (places.get(one.recommendation, len(places)), -one.cards, one.reason))
    yield from found


def _urgent(counts: Iterable[DayCount]) -> dict[str, UrgentFigures]:
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in counts:
        found[one.name][one.detail] += one.number
    return {
        outcome: UrgentFigures(*(found[outcome][name] for name in (RIGHT, ACCEPTED, CHANGED, LEFT)))
        for outcome in OUTCOMES
        if outcome in URGENT_OUTCOMES
    }


def _times(counts: Sequence[DayCount], early: Iterable[DayCount]) -> Times:
    seconds = Counter[int]()
    for one in counts:
        seconds[int(one.name)] += one.number
    return Times(
        cards=sum(seconds.values()),
        median=_quantile(seconds, 50),
        ninety_percent=_quantile(seconds, 90),
        before_card=sum(one.number for one in early),
    )


def _quantile(counts: Counter[int], percent: int) -> int | None:
    """The least of the numbers that so many percent do not exceed."""
    wanted = -(-sum(counts.values()) * percent // 100)
    for number in sorted(counts):
        wanted -= counts[number]
        if wanted <= 0:
            return number
    return None
