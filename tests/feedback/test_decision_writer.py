"""The queue between calls and database: bounded, patient with the database, and honest about what is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import pytest
from structlog.testing import capture_logs

from cds_service.feedback.decision_keeper import KeepsInSeveral
from cds_service.feedback.decision_record import DecisionRecord
from cds_service.feedback.decision_writer import DecisionWriter
from cds_service.feedback.retention import Retention, carry_out
from cds_service.store import StoreUnavailable
from tests.feedback.decision_records import record

DAY_MS = 24 * 3600 * 1000
NOW_MS = 100_000 * DAY_MS


class Table:
    """A table in memory; while `fault` is set it takes nothing, and while `held` is not set it hangs."""

    def __init__(self) -> None:
        self.records: list[DecisionRecord] = []
        self.fault: Exception | None = None
        self.refused = "none"
        self.held = threading.Event()
        self.held.set()
        self.attempts = 0
        self.prepared = 0

    def prepare(self) -> None:
        self.prepared += 1

    def add(self, records: Sequence[DecisionRecord]) -> None:
        self.attempts += 1
        assert self.held.wait(20)
        if self.fault is not None:
            raise self.fault
        if any(one.card == self.refused for one in records):
            raise ValueError
        self.records += records


class OldRows:
    """What retention forgot."""

    def __init__(self) -> None:
        self.forgotten: list[int] = []
        self.removed: list[int] = []

    def forget_cases(self, before_ms: int) -> int:
        self.forgotten.append(before_ms)
        return 3

    def remove(self, before_ms: int) -> int:
        self.removed.append(before_ms)
        return 5


@pytest.fixture
def table() -> Table:
    return Table()


def writing(table: Table, **options: object) -> DecisionWriter:
    return DecisionWriter(table, **{"stopwatch": time.monotonic, **options})  # type: ignore[arg-type]


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_records_are_written_in_the_order_of_the_calls(table: Table) -> None:
    writer = writing(table)
    for number in range(250):
        writer.keep([record(card=f"card-{number}")])
    writer.close(10)
    assert [one.card for one in table.records] == [f"card-{number}" for number in range(250)]


def test_a_full_queue_loses_the_newest_and_says_how_many(table: Table) -> None:
    table.held.clear()
    told: list[tuple[int, str | None]] = []
    writer = writing(table, most_waiting=3, told=lambda count, why: told.append((count, why)))
    writer.keep([record(card="at the database")])
    until(lambda: table.attempts == 1)
    with capture_logs() as lines:
        writer.keep([record(card=f"{place}") for place in range(5)])
    assert (writer.dropped, told) == (2, [(2, "full")])
    assert [(line["event"], line["records"], line["why"]) for line in lines] == [
        ("decisions-not-kept", 2, "full")
    ]
    table.held.set()
    writer.close(10)
    assert [one.card for one in table.records] == ["at the database", "0", "1", "2"]


def test_a_database_that_comes_back_loses_nothing(table: Table) -> None:
    table.fault = StoreUnavailable("OperationalError")
    writer = writing(table)
    writer.keep([record(card="one")])
    until(lambda: table.attempts == 1)
    writer.keep([record(card="two")])
    table.fault = None
    until(lambda: len(table.records) == 2)
    assert writer.dropped == 0
    assert table.prepared  # the file may be a new one
    writer.close(10)


def test_a_database_that_stays_away_costs_the_batch_and_not_the_next(table: Table) -> None:
    table.fault = StoreUnavailable("OperationalError")
    minutes = iter(range(1_000))
    writer = writing(table, stopwatch=lambda: next(minutes) * 120.0)
    with capture_logs() as lines:
        writer.keep([record(card="one")])
        until(lambda: writer.dropped == 1)
    assert [(line["why"], line["error"]) for line in lines] == [("database", "OperationalError")]
    table.fault = None
    writer.keep([record(card="two")])
    until(lambda: [one.card for one in table.records] == ["two"])
    writer.close(10)


def test_a_record_that_no_database_takes_does_not_end_the_writing(table: Table) -> None:
    table.fault = ValueError("quotes a row")
    writer = writing(table)
    with capture_logs() as lines:
        writer.keep([record(card="one")])
        until(lambda: writer.dropped == 1)
    assert "quotes" not in str(lines)
    table.fault = None
    writer.keep([record(card="two")])
    writer.close(10)
    assert [one.card for one in table.records] == ["two"]


def test_one_record_that_no_database_takes_does_not_cost_the_others(table: Table) -> None:
    table.refused = "bad"
    writer = writing(table)
    with capture_logs() as lines:
        writer.keep([record(card=card) for card in ("one", "bad", "two")])
        writer.close(10)
    assert [one.card for one in table.records] == ["one", "two"]
    assert (writer.dropped, [line["records"] for line in lines]) == (1, [1])


def test_closing_writes_what_waits(table: Table) -> None:
    table.held.clear()
    writer = writing(table)
    writer.keep([record(card=f"{place}") for place in range(300)])
    table.held.set()
    writer.close(10)
    assert len(table.records) == 300


def test_closing_waits_no_longer_than_it_is_told_and_counts_what_is_left(table: Table) -> None:
    table.held.clear()
    writer = writing(table)
    writer.keep([record(card="at the database")])
    until(lambda: table.attempts == 1)
    writer.keep([record(card="left"), record(card="left, too")])
    writer.close(0.05)
    assert writer.dropped == 2
    table.held.set()


def test_nothing_starts_before_the_first_record(table: Table) -> None:
    before = threading.active_count()
    writer = writing(table)
    writer.close(0)
    assert threading.active_count() == before


def test_tidying_goes_with_the_first_record_and_not_with_each(table: Table) -> None:
    tidied: list[int] = []
    writer = writing(table, tidy=lambda: tidied.append(1))
    for _ in range(3):
        writer.keep([record()])
        until(lambda: bool(tidied))
    writer.close(10)
    assert tidied == [1]


def test_tidying_comes_again_after_an_hour(table: Table) -> None:
    seconds = iter([0.0, 0.0, 3599.0, 3599.0, 3600.0, 3600.0, *[3600.0] * 1_000])
    tidied: list[int] = []
    writer = writing(table, stopwatch=lambda: next(seconds), tidy=lambda: tidied.append(1))
    for number in range(1, 4):
        writer.keep([record()])
        until(lambda: len(table.records) == number)  # noqa: B023 # it is called in this turn alone
    writer.close(10)
    assert tidied == [1, 1]


def test_a_database_that_cannot_be_tidied_is_written_all_the_same(table: Table) -> None:
    def fail() -> None:
        raise StoreUnavailable("OperationalError")

    writer = writing(table, tidy=fail)
    with capture_logs() as lines:
        writer.keep([record()])
        writer.close(10)
    assert len(table.records) == 1
    assert [line["event"] for line in lines] == ["retention-failed"]


def test_what_is_older_than_each_of_its_days_is_forgotten() -> None:
    rows = OldRows()
    assert carry_out(rows, Retention(decision_days=700, case_days=30), NOW_MS) == (3, 5)
    assert rows.forgotten == [NOW_MS - 30 * DAY_MS]
    assert rows.removed == [NOW_MS - 700 * DAY_MS]


def test_several_keepers_get_every_record_and_one_that_fails_costs_the_other_nothing() -> None:
    first, second = Table(), Table()
    first.fault = ValueError()
    both = KeepsInSeveral((writing(first), writing(second)))
    both.keep([record(card="one")])
    both.close(10)
    assert [one.card for one in second.records] == ["one"]
    assert both.dropped == 1
