"""The queue between calls and database: bounded, patient with the database, and honest about what is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import pytest
from structlog.testing import capture_logs

from cds_service.feedback.decision_record import DecisionRecord
from cds_service.feedback.decision_writer import DecisionWriter, Retention
from cds_service.store import StoreUnavailable
from tests.feedback.decision_records import record

DAY_MS = 24 * 3600 * 1000
NOW_MS = 100_000 * DAY_MS


class Table:
    """A table in memory; while `fault` is set it takes nothing, and while `held` is not set it hangs."""

    def __init__(self) -> None:
        self.records: list[DecisionRecord] = []
        self.fault: Exception | None = None
        self.held = threading.Event()
        self.held.set()
        self.attempts = 0
        self.prepared = 0
        self.forgotten: list[int] = []
        self.removed: list[int] = []

    def prepare(self) -> None:
        self.prepared += 1

    def add(self, records: Sequence[DecisionRecord]) -> None:
        self.attempts += 1
        assert self.held.wait(20)
        if self.fault is not None:
            raise self.fault
        self.records += records

    def forget_cases(self, before_ms: int) -> int:
        self.forgotten.append(before_ms)
        return 0

    def remove(self, before_ms: int) -> int:
        self.removed.append(before_ms)
        return 0


@pytest.fixture
def table() -> Table:
    return Table()


def writing(table: Table, **options: object) -> DecisionWriter:
    chosen = {"milliseconds": lambda: NOW_MS, "stopwatch": time.monotonic, **options}
    return DecisionWriter(table, Retention(decision_days=700, case_days=30), **chosen)  # type: ignore[arg-type]


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


def test_retention_is_carried_out_with_the_first_record_and_not_with_each(table: Table) -> None:
    writer = writing(table)
    for _ in range(3):
        writer.keep([record()])
        until(lambda: bool(table.removed))
    writer.close(10)
    assert table.forgotten == [NOW_MS - 30 * DAY_MS]
    assert table.removed == [NOW_MS - 700 * DAY_MS]


def test_retention_is_carried_out_again_after_an_hour(table: Table) -> None:
    seconds = iter([0.0, 0.0, 3599.0, 3599.0, 3600.0, 3600.0, *[3600.0] * 1_000])
    writer = writing(table, stopwatch=lambda: next(seconds))
    for number in range(1, 4):
        writer.keep([record()])
        until(lambda: len(table.records) == number)  # noqa: B023 # it is called in this turn alone
    writer.close(10)
    assert len(table.removed) == 2
