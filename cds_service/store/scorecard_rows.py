"""The counts of the scorecard: made from decisions and feedback a month at a time, and read for a period.

To count takes seconds, and only reads meanwhile; what is written at the end of each month takes milliseconds.
So neither a card nor a feedback waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from cds_service.evaluation.scorecard_counts import (
    COUNTED_AS,
    NO_ORDERS,
    SAFETY,
    TOPICS,
    URGENT_OUTCOMES,
    DayCount,
    DecisionRow,
    FeedbackRow,
    MonthCounts,
    count_month,
    count_unmatched,
)
from cds_service.evaluation.scorecard_period import (
    Period,
    days_in,
    month_before,
    month_end,
    months_between,
    start_ms,
)
from cds_service.store.database import Database
from cds_service.store.tables import decisions, feedback, scorecard_days, scorecard_groups, scorecard_state

_DAY_MS = 24 * 3600 * 1000
# A record may wait for a database that was gone, and a call of the next day be about the same order.
_LOOKED_AGAIN_MS = 2 * _DAY_MS
# How far back an order is followed: each call about it comes within a day of the one before.
_FOLLOWED_MS = 7 * _DAY_MS
_ROWS_AT_ONCE = 1_000
_MOST_COMMENTS = 50


@dataclass(frozen=True, slots=True)
class GroupRow:
    """The figures of a client, an organisation and a practitioner; empty names: not kept."""

    client: str
    organisation: str
    practitioner: str
    orders: int
    not_indicated: int
    cards: int
    accepted: int


@dataclass(frozen=True, slots=True)
class Comment:
    """The words of a comment, which only a site that wants them keeps."""

    received_ms: int
    recommendation: str
    reason: str | None
    text: str


@dataclass(frozen=True, slots=True)
class CountedPeriod:
    """Everything that a scorecard of a period is made from.

    `counted_ms` is the moment up to which all is counted; 0: it never was.
    `months` are the orders of each month by outcome, `totals` the sums of the counts over all days.
    """

    counted_ms: int
    totals: tuple[DayCount, ...]  # of the days in which answers may still come: with their day; else without
    months: tuple[tuple[str, str, int], ...]
    groups: tuple[GroupRow, ...]
    comments: tuple[Comment, ...]


class ScorecardRows:
    """The counted days, and what counts them. Every method raises StoreUnavailable."""

    def __init__(self, database: Database, zone: tzinfo, own_reasons: frozenset[str]) -> None:
        self._database = database
        self._zone = zone
        self._own_reasons = own_reasons
        self._day_of = days_in(zone)
        self._counted_as = f"{COUNTED_AS} {zone}"

    def prepare(self) -> None:
        """Make the tables where they are not there."""
        self._database.migrate()

    def counted_ms(self) -> int:
        """The moment up to which all is counted by today's rules; 0: it is not."""
        with self._database.read() as connection:
            return self._state(connection)

    def bring_up_to_date(
        self, now_ms: int, kept_days: int, before: Callable[[int], None] = lambda decisions: None
    ) -> int:
        """Count the months in which something changed since the last time; says how many.

        Days whose decisions are all removed by now are forgotten, too.
        `before` is told how many decisions are about to be counted.
        """
        with self._database.read_unhurried() as connection:
            months = self._changed_months(connection, now_ms)
            size = sum(self._decisions_in(connection, month) for month in months)
        before(size)
        for month in months:
            with self._database.read_unhurried() as connection:
                counts = self._count(connection, month)
            with self._database.begin_unhurried() as connection:
                _lock(connection)
                _replace(connection, month, counts)
        with self._database.begin_unhurried() as connection:
            _lock(connection)
            self._forget(connection, now_ms - kept_days * _DAY_MS)
            connection.execute(update(scorecard_state).values(counted_ms=now_ms, counted_as=self._counted_as))
        return len(months)

    def read(self, period: Period, open_from: date, group_months: Sequence[str]) -> CountedPeriod:
        """The counts of the period; those of cards from `open_from` on come day by day."""
        with self._database.read_unhurried() as connection:
            return CountedPeriod(
                self._state(connection),
                tuple(_totals(connection, period, open_from)),
                tuple(_months(connection, period)),
                tuple(_groups(connection, group_months)),
                tuple(self._comments(connection, period)),
            )

    def _state(self, connection: Connection) -> int:
        state = connection.execute(select(scorecard_state)).one()
        return int(state.counted_ms) if state.counted_as == self._counted_as else 0

    def _changed_months(self, connection: Connection, now_ms: int) -> list[date]:
        """The months of what came since the last count, and of the cards that it is about; else all."""
        counted_ms = self._state(connection)
        # A clock that was ahead has forgotten days, and would let what came since wait until then.
        since = (counted_ms if counted_ms <= now_ms else 0) - _LOOKED_AGAIN_MS
        found = set[date]()
        for moment in (decisions.c.decided_ms, feedback.c.received_ms):
            ends = select(func.min(moment), func.max(moment)).where(moment >= since)
            begin, end = connection.execute(ends).one()
            if begin is not None:
                found.update(months_between(self._date_of(begin), self._date_of(end)))
        for card in (decisions.c.card, decisions.c.safety_card) if since > 0 else ():
            answered = (
                select(decisions.c.decided_ms)
                .join(feedback, and_(feedback.c.card == card, feedback.c.client == decisions.c.client))
                .where(feedback.c.received_ms >= since)
            )
            found.update(self._date_of(one).replace(day=1) for one in connection.execute(answered).scalars())
        return sorted(found)

    def _decisions_in(self, connection: Connection, month: date) -> int:
        start = start_ms(month, self._zone)
        end = start_ms(month_before(month, -1), self._zone)
        query = select(func.count()).where(decisions.c.decided_ms >= start, decisions.c.decided_ms < end)
        return connection.execute(query).scalar_one()

    def _date_of(self, milliseconds: int) -> date:
        return datetime.fromtimestamp(milliseconds // 1000, self._zone).date()

    def _count(self, connection: Connection, month: date) -> MonthCounts:
        start = start_ms(month, self._zone)
        end = start_ms(month_before(month, -1), self._zone)
        counts = count_month(
            _decision_rows(connection, _decisions_of(start, end)),
            _decision_rows(connection, _earlier_of(start, end)),
            _feedback_on(connection, start - _FOLLOWED_MS, end),
            self._own_reasons,
            self._day_of,
        )
        unmatched = connection.execute(_unmatched_of(start, end)).scalars()
        return MonthCounts((*counts.days, *count_unmatched(unmatched, self._day_of)), counts.groups)

    def _forget(self, connection: Connection, oldest_ms: int) -> None:
        oldest = self._date_of(oldest_ms)
        connection.execute(delete(scorecard_days).where(scorecard_days.c.day < oldest.isoformat()))
        connection.execute(delete(scorecard_groups).where(scorecard_groups.c.month < f"{oldest:%Y-%m}"))

    def _comments(self, connection: Connection, period: Period) -> Iterator[Comment]:
        """The newest of the period that belong to cards of ours; each report once, however often it came."""
        start = start_ms(period.first, self._zone)
        end = start_ms(period.last, self._zone) + _DAY_MS
        # Orders that were merged into one card are several decisions.
        name = case((decisions.c.safety_card == feedback.c.card, SAFETY), else_=decisions.c.recommendation)
        query = (
            select(
                feedback.c.received_ms,
                func.min(name),
                feedback.c.reason_code,
                feedback.c.comment,
            )
            .join(
                decisions,
                and_(
                    or_(decisions.c.card == feedback.c.card, decisions.c.safety_card == feedback.c.card),
                    decisions.c.client == feedback.c.client,
                ),
            )
            .where(
                feedback.c.comment.is_not(None),
                feedback.c.received_ms >= start,
                feedback.c.received_ms < end,
                ~_repeated(),
            )
            .group_by(feedback.c.id)
            .order_by(feedback.c.received_ms.desc(), feedback.c.id.desc())
            .limit(_MOST_COMMENTS)
        )
        for row in connection.execute(query):
            yield Comment(row[0], row[1], row[2], row[3])


def _decisions_of(start: int, end: int) -> Select[tuple[object, ...]]:
    later = decisions.alias("later")
    after = or_(
        later.c.decided_ms > decisions.c.decided_ms,
        and_(later.c.decided_ms == decisions.c.decided_ms, later.c.id > decisions.c.id),
    )
    superseded = exists(select(later.c.id).where(later.c.episode == decisions.c.episode, after))
    return (
        _narrow((~superseded).label("last"))
        .where(decisions.c.decided_ms >= start, decisions.c.decided_ms < end)
        .order_by(decisions.c.decided_ms, decisions.c.id)
    )


def _earlier_of(start: int, end: int) -> Select[tuple[object, ...]]:
    """The older decisions on the orders that were pressing in the month."""
    pressing = select(decisions.c.episode).where(
        decisions.c.decided_ms >= start,
        decisions.c.decided_ms < min(end, start + _FOLLOWED_MS),
        decisions.c.outcome.in_(URGENT_OUTCOMES),
    )
    return (
        _narrow((decisions.c.id < 0).label("last"))
        .where(
            decisions.c.decided_ms >= start - _FOLLOWED_MS,
            decisions.c.decided_ms < start,
            decisions.c.outcome.in_(URGENT_OUTCOMES),
            decisions.c.silent.not_in(NO_ORDERS),
            decisions.c.episode.in_(pressing),
        )
        .order_by(decisions.c.decided_ms, decisions.c.id)
    )


def _narrow(last: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    names = DecisionRow._fields[:-2]
    trace = case((decisions.c.missing != "", decisions.c.trace))
    return select(*(decisions.c[name] for name in names), trace.label("trace"), last)


def _decision_rows(connection: Connection, query: Select[tuple[object, ...]]) -> Iterator[DecisionRow]:
    for row in connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(query):
        yield DecisionRow._make(row)


def _feedback_on(connection: Connection, start: int, end: int) -> Iterator[FeedbackRow]:
    """The feedback on the cards of these decisions, by the client that got them."""
    for column in (decisions.c.card, decisions.c.safety_card):
        query = (
            select(*(feedback.c[name] for name in FeedbackRow._fields))
            .join(decisions, and_(column == feedback.c.card, decisions.c.client == feedback.c.client))
            .where(decisions.c.decided_ms >= start, decisions.c.decided_ms < end, column.is_not(None))
        )
        for row in connection.execute(query):
            yield FeedbackRow._make(row)


def _unmatched_of(start: int, end: int) -> Select[int]:
    """The first report of each digest that is on no card of its client."""
    on_card, on_safety = (
        exists(
            select(decisions.c.id).where(column == feedback.c.card, decisions.c.client == feedback.c.client)
        )
        for column in (decisions.c.card, decisions.c.safety_card)
    )
    return select(feedback.c.received_ms).where(
        feedback.c.received_ms >= start, feedback.c.received_ms < end, ~on_card, ~on_safety, ~_repeated()
    )


def _repeated() -> ColumnElement[bool]:
    """Whether the same report came before."""
    before = feedback.alias("before")
    return exists(
        select(before.c.id).where(before.c.digest == feedback.c.digest, before.c.id < feedback.c.id)
    )


def _lock(connection: Connection) -> None:
    """Of two processes that count, one writes after the other; SQLite has one writer anyway."""
    connection.execute(select(scorecard_state).with_for_update())


def _replace(connection: Connection, month: date, counts: MonthCounts) -> None:
    name = f"{month:%Y-%m}"
    connection.execute(delete(scorecard_days).where(_within(month, month_end(month))))
    connection.execute(delete(scorecard_groups).where(scorecard_groups.c.month == name))
    _insert(connection, scorecard_days, [count._asdict() for count in counts.days])
    _insert(
        connection,
        scorecard_groups,
        [
            {
                "month": name,
                "client": client,
                "organisation": organisation,
                "practitioner": practitioner,
                "orders": count.orders,
                "not_indicated": count.not_indicated,
                "cards": count.cards,
                "accepted": count.accepted,
            }
            for (client, organisation, practitioner), count in counts.groups.items()
        ],
    )


def _insert(connection: Connection, table: object, rows: Sequence[dict[str, object]]) -> None:
    if rows:
        connection.execute(insert(table), rows)  # type: ignore[arg-type]


def _within(first: date, last: date, topics: Sequence[str] = TOPICS) -> ColumnElement[bool]:
    """These topics on these days; the topics are named because the key begins with them."""
    kept = scorecard_days.c
    return and_(kept.topic.in_(topics), kept.day >= first.isoformat(), kept.day <= last.isoformat())


def _totals(connection: Connection, period: Period, open_from: date) -> Iterator[DayCount]:
    kept = scorecard_days.c
    still_open = and_(kept.topic == "card", kept.day >= open_from.isoformat())
    day = case((still_open, kept.day), else_="").label("day")
    query = (
        select(day, kept.topic, kept.name, kept.detail, func.sum(kept.number))
        .where(_within(period.first, period.last))
        .group_by(day, kept.topic, kept.name, kept.detail)
    )
    for row in connection.execute(query):
        yield DayCount(row[0], row[1], row[2], row[3], int(row[4]))


def _months(connection: Connection, period: Period) -> Iterator[tuple[str, str, int]]:
    kept = scorecard_days.c
    month = func.substr(kept.day, 1, 7).label("month")
    query = (
        select(month, kept.name, func.sum(kept.number))
        .where(_within(period.first, period.last, ("order",)))
        .group_by(month, kept.name)
    )
    for row in connection.execute(query):
        yield row[0], row[1], int(row[2])


def _groups(connection: Connection, months: Sequence[str]) -> Iterator[GroupRow]:
    """The figures by group, over these months."""
    kept = scorecard_groups.c
    figures = [func.sum(kept[name]) for name in ("orders", "not_indicated", "cards", "accepted")]
    query = (
        select(kept.client, kept.organisation, kept.practitioner, *figures)
        .where(kept.month.in_(months))
        .group_by(kept.client, kept.organisation, kept.practitioner)
    )
    for row in connection.execute(query):
        yield GroupRow(row[0], row[1], row[2], *map(int, row[3:]))
