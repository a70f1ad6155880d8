"""The table of decisions: what belongs to one order, and what is forgotten when."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from cds_service.feedback.decision_record import DecisionRecord
from cds_service.store.database import Database
from cds_service.store.decisions import DecisionRows
from cds_service.store.tables import decisions
from tests.databases import GivenDatabase
from tests.feedback.decision_records import record
from tests.feedback.reports import TIME_MS

HOUR_MS = 3600 * 1000
CASE = "c" * 32


@pytest.fixture
def database(database: GivenDatabase) -> Database:
    return Database(database.url)


@pytest.fixture
def rows(database: Database) -> DecisionRows:
    made = DecisionRows(database)
    made.prepare()
    return made


def column(database: Database, name: str) -> list[object]:
    with database.begin() as connection:
        return list(connection.execute(select(decisions.c[name]).order_by(decisions.c.id)).scalars())


def at(hours: float, case: str | None = CASE) -> DecisionRecord:
    return record(
        decided_ms=TIME_MS + int(hours * HOUR_MS), case_mark=case, fact_marks="[]" if case else None
    )


@pytest.mark.parametrize(
    ("calls", "episodes"),
    [
        ([at(0), at(1)], 1),
        ([at(0), at(23.9)], 1),
        ([at(0), at(24)], 2),
        ([at(0), at(23), at(46)], 1),
        ([at(1), at(0)], 1),
        ([at(24), at(0)], 2),
        ([at(0), at(0, "d" * 32)], 2),
        ([at(0, None), at(0, None)], 2),
    ],
    ids=[
        "an hour later",
        "within a day",
        "a day later",
        "each within a day",
        "an hour before",
        "a day before",
        "another case",
        "without a key",
    ],
)
@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
def test_calls_about_one_order_within_a_day_are_one_episode(
    database: Database, rows: DecisionRows, calls: list[DecisionRecord], episodes: int, together: bool
) -> None:
    for batch in [calls] if together else [[call] for call in calls]:
        rows.add(batch)
    assert len(set(column(database, "episode"))) == episodes


def test_a_clock_that_was_far_ahead_ends_no_episode(database: Database, rows: DecisionRows) -> None:
    for call in (at(0), at(24 * 300), at(1)):
        rows.add([call])
    first, far, second = column(database, "episode")
    assert first == second != far


def test_an_old_case_is_forgotten_and_its_decision_is_not(database: Database, rows: DecisionRows) -> None:
    rows.add([at(0), at(1)])
    assert rows.forget_cases(TIME_MS + HOUR_MS) == 1
    assert column(database, "case_mark") == [None, CASE]
    assert column(database, "fact_marks") == [None, "[]"]
    assert rows.forget_cases(TIME_MS + HOUR_MS) == 0


def test_what_is_older_than_the_retention_is_removed(database: Database, rows: DecisionRows) -> None:
    rows.add([at(0), at(1)])
    assert rows.remove(TIME_MS + HOUR_MS) == 1
    assert column(database, "decided_ms") == [TIME_MS + HOUR_MS]


def test_a_batch_of_which_one_record_cannot_be_stored_is_not_stored(
    database: Database, rows: DecisionRows
) -> None:
    with pytest.raises(IntegrityError):
        rows.add([at(0), record(outcome=None)])
    assert column(database, "id") == []


def test_many_old_rows_go_in_parts(
    database: Database, rows: DecisionRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cds_service.store.decisions._ROWS_AT_ONCE", 3)
    rows.add([at(hour) for hour in range(10)])
    assert rows.forget_cases(TIME_MS + 7 * HOUR_MS) == 7
    assert column(database, "case_mark") == [None] * 7 + [CASE] * 3
    assert rows.remove(TIME_MS + 9 * HOUR_MS) == 9
    assert column(database, "decided_ms") == [TIME_MS + 9 * HOUR_MS]
