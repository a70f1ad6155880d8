"""The figures of a generated year equal those that are reckoned from its rows without the service's code."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from cds_service.evaluation.scorecard import Scorecard
from cds_service.evaluation.scorecard_period import Period
from cds_service.evaluation.scorecard_reading import read_scorecard
from cds_service.store import StoreUnavailable
from cds_service.store.database import Database
from cds_service.store.scorecard_rows import CountedPeriod, ScorecardRows
from tests.databases import GivenDatabase
from tests.evaluation.generated_year import Year, generate_year
from tests.evaluation.recomputed import recompute
from tests.evaluation.scorecard_stores import ZONE, opened_at, rows_of, sqlite_at, store

# The last days of the year are young enough for cards that may still be answered.
NOW = datetime(2026, 12, 30, 4, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
KEPT_DAYS = 1_096
PERIODS = {
    "year": (date(2026, 1, 1), date(2026, 12, 31)),
    "month": (date(2026, 7, 1), date(2026, 7, 31)),
    "odd-days": (date(2026, 2, 11), date(2026, 9, 2)),
    "one-day": (date(2026, 12, 24), date(2026, 12, 24)),
}


@pytest.fixture(scope="module")
def year() -> Year:
    return generate_year(20_000, seed=5)


@pytest.fixture(scope="module")
def rows(year: Year, tmp_path_factory: pytest.TempPathFactory) -> ScorecardRows:
    database = sqlite_at(tmp_path_factory.mktemp("year"))
    store(database, year)
    rows = rows_of(database)
    rows.bring_up_to_date(NOW_MS, KEPT_DAYS)
    return rows


def read_groups(rows: ScorecardRows, period: Period) -> CountedPeriod:
    """What is counted of the period, on a day on which all its months are over."""
    return rows.read(period, date(2026, 12, 23), period.whole_months(date(2026, 12, 30)))


@pytest.mark.parametrize(("first", "last"), PERIODS.values(), ids=PERIODS)
def test_figures_equal_an_independent_recomputation(
    rows: ScorecardRows, year: Year, first: date, last: date
) -> None:
    card = read_scorecard(rows, Period(first, last), NOW, ZONE)
    assert_equal_figures(card, recompute(year.decisions, year.feedback, first, last, date(2026, 12, 30)))


def test_groups_equal_an_independent_recomputation_over_the_whole_months(
    rows: ScorecardRows, year: Year
) -> None:
    counted = read_groups(rows, Period(date(2026, 2, 11), date(2026, 9, 2)))
    expected = recompute(
        year.decisions, year.feedback, date(2026, 3, 1), date(2026, 8, 31), date(2026, 12, 30)
    )
    found = {
        (row.client, row.organisation, row.practitioner): Counter(
            orders=row.orders, not_indicated=row.not_indicated, cards=row.cards, accepted=row.accepted
        )
        for row in counted.groups
    }
    assert found == expected["groups"]


def test_the_generated_year_holds_every_oddity(rows: ScorecardRows, year: Year) -> None:
    card = read_scorecard(rows, Period(*PERIODS["year"]), NOW, ZONE)
    assert len(year.decisions) == 20_000
    assert len({row["digest"] for row in year.feedback}) < len(year.feedback)
    assert {one.code for one in card.cards} == {"R1", "R2", "R3", "R4", "R5", "R6", "none", "safety"}
    assert min(card.unmatched, card.times.before_card, card.all_cards.pending, card.all_urgent.changed) > 0


def test_what_comes_later_is_counted_as_if_it_had_been_there_from_the_start(database: GivenDatabase) -> None:
    whole = generate_year(3_000, seed=8)
    opened = opened_at(database.url)
    rows, rng = rows_of(opened), random.Random(8)
    begun_ms = whole.decisions[0]["decided_ms"]
    steps = [*sorted(rng.randrange(begun_ms, NOW_MS) for _ in range(12)), NOW_MS]
    for since, until in zip([0, *steps], steps, strict=False):
        store(opened, part_of(whole, since, until))
        rows.bring_up_to_date(until, KEPT_DAYS)
    seen = part_of(whole, 0, NOW_MS)
    first, last = PERIODS["year"]
    card = read_scorecard(rows, Period(first, last), NOW, ZONE)
    assert_equal_figures(card, recompute(seen.decisions, seen.feedback, first, last, date(2026, 12, 30)))


def test_a_month_without_news_is_not_counted_again(rows: ScorecardRows) -> None:
    assert rows.bring_up_to_date(NOW_MS + 60_000, KEPT_DAYS) < 12


def test_other_rules_of_counting_count_everything_again(
    rows: ScorecardRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "_counted_as", "another")
    assert rows.counted_ms() == 0
    assert rows.bring_up_to_date(NOW_MS, KEPT_DAYS) >= 12
    monkeypatch.undo()
    assert rows.bring_up_to_date(NOW_MS, KEPT_DAYS) >= 12


def test_days_whose_decisions_are_removed_are_forgotten(database: GivenDatabase) -> None:
    opened = opened_at(database.url)
    store(opened, generate_year(400, seed=3))
    rows = rows_of(opened)
    rows.bring_up_to_date(NOW_MS, KEPT_DAYS)
    rows.bring_up_to_date(NOW_MS, kept_days=100)
    counted = read_groups(rows, Period(date(2026, 1, 1), date(2026, 9, 30)))
    assert {month for month, _, _ in counted.months} == {"2026-09"}
    assert read_groups(rows, Period(date(2026, 1, 1), date(2026, 8, 31))).groups == ()


def test_to_count_keeps_no_writer_waiting(tmp_path: Path) -> None:
    database = sqlite_at(tmp_path)
    store(database, generate_year(200, seed=3))
    with database.read_unhurried() as reading:
        assert reading.exec_driver_sql("SELECT count(*) FROM decisions").scalar() == 200
        store(
            Database(f"sqlite:///{tmp_path / 'store.sqlite3'}"), numbered_on(generate_year(10, seed=4), 200)
        )


def part_of(year: Year, since_ms: int, until_ms: int) -> Year:
    return Year(
        [row for row in year.decisions if since_ms <= row["decided_ms"] < until_ms],
        [row for row in year.feedback if since_ms <= row["received_ms"] < until_ms],
    )


def numbered_on(year: Year, last: int) -> Year:
    return Year(
        [row | {"id": row["id"] + last} for row in year.decisions],
        [row | {"id": row["id"] + 10_000} for row in year.feedback],
    )


def assert_equal_figures(card: Scorecard, expected: dict[str, Any]) -> None:
    assert card.outcomes == expected["outcomes"]
    assert card.silent == expected["silent"]
    assert {one.month: (one.orders, one.not_indicated) for one in card.months} == expected["months"]
    assert card.missing == expected["missing"]
    assert card.unread == expected["unread"]
    assert card.not_recorded == expected["not_recorded"]
    figures = ("accepted", "overridden", "ignored", "pending", "confirming")
    found = {one.code: {name: getattr(one, name) for name in figures} for one in card.cards}
    assert found == {code: {name: told[name] for name in figures} for code, told in expected["cards"].items()}
    assert {(one.recommendation, one.reason): one.cards for one in card.overrides} == expected["reasons"]
    assert card.comment_lengths == expected["lengths"]
    assert (card.times.median, card.times.ninety_percent) == (expected["median"], expected["ninety"])
    assert card.times.before_card == expected["early"]
    told = {
        (outcome, name): getattr(one, name)
        for outcome, one in card.urgent.items()
        for name in ("right", "accepted", "changed", "left")
    }
    assert {key: number for key, number in told.items() if number} == expected["urgent"]
    assert card.unmatched == expected["unmatched"]


def test_two_that_count_at_once_leave_each_count_once(database: GivenDatabase) -> None:
    year = generate_year(600, seed=11)
    store(opened_at(database.url), year)
    counting = [rows_of(opened_at(database.url)) for _ in range(2)]
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda rows: patiently(lambda: rows.bring_up_to_date(NOW_MS, KEPT_DAYS)), counting))
    first, last = PERIODS["year"]
    card = read_scorecard(counting[0], Period(first, last), NOW, ZONE)
    assert_equal_figures(card, recompute(year.decisions, year.feedback, first, last, date(2026, 12, 30)))


def patiently(count: Callable[[], int]) -> None:
    """Count, again where another process was writing for longer than SQLite waits."""
    for _ in range(10):
        with suppress(StoreUnavailable):
            count()
            return
    raise AssertionError("never counted")


def test_a_clock_that_was_ahead_leaves_no_empty_figures(database: GivenDatabase) -> None:
    opened = opened_at(database.url)
    store(opened, generate_year(300, seed=3))
    rows = rows_of(opened)
    period = Period(date(2026, 1, 1), date(2026, 12, 29))
    rows.bring_up_to_date(NOW_MS, KEPT_DAYS)
    before = read_scorecard(rows, period, NOW, ZONE)
    rows.bring_up_to_date(NOW_MS + 40 * 366 * 24 * 3600 * 1000, KEPT_DAYS)
    assert read_scorecard(rows, period, NOW, ZONE).orders == 0
    rows.bring_up_to_date(NOW_MS, KEPT_DAYS)
    assert read_scorecard(rows, period, NOW, ZONE) == before


def test_figures_by_group_are_of_months_that_are_over(rows: ScorecardRows) -> None:
    card = read_scorecard(rows, Period(date(2026, 11, 1), date(2026, 12, 31)), NOW, ZONE)
    assert card.group_months == ("2026-11",)
    alone = read_scorecard(rows, Period(date(2026, 11, 1), date(2026, 11, 30)), NOW, ZONE)
    assert card.groups == alone.groups != ()


def test_a_comment_is_shown_once_and_with_its_own_card(database: GivenDatabase) -> None:
    opened = opened_at(database.url)
    year = generate_year(60, seed=3)
    carded = next(row for row in year.decisions if row["card"] and row["recommendation"])
    merged = {**carded, "id": 9_999, "safety_card": "3f0c2a54-6a55-4d6e-9a2e-0f6f5a3d9b11"}
    year.decisions.append(merged)
    report = {
        **next(row for row in year.feedback if row["outcome"] == "overridden"),
        "client": carded["client"],
        "received_ms": NOW_MS,
    }
    year.feedback = [
        {**report, "id": number, "card": card, "comment": f"about {name}", "digest": name * 32}
        for number, (card, name) in enumerate(
            2 * [(carded["card"], "ab"), (merged["safety_card"], "cd")], start=1
        )
    ]
    store(opened, year)
    rows = rows_of(opened)
    rows.bring_up_to_date(NOW_MS, KEPT_DAYS)
    card = read_scorecard(rows, Period(date(2026, 1, 1), date(2026, 12, 31)), NOW, ZONE)
    told = [(one.text, one.recommendation) for one in card.comments]
    assert sorted(told) == [("about ab", carded["recommendation"]), ("about cd", "safety")]
