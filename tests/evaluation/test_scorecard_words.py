"""Every code that the store keeps has plain words."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path

import pytest

from cds_service.evaluation.scorecard_counts import comment_class, rounded_seconds
from cds_service.evaluation.scorecard_period import (
    BadPeriod,
    Period,
    days_in,
    read_month,
    read_period,
    start_ms,
)
from cds_service.evaluation.scorecard_words import MISSING, OUTCOMES, RECOMMENDATIONS, SILENT, reason_words
from cds_service.guideline.decision import Outcome
from tests.evaluation.scorecard_stores import ZONE
from tests.shipped import shipped_guideline

ROOT = Path(__file__).parent.parent.parent
TODAY = date(2026, 6, 15)


def test_each_fact_that_may_be_missing_has_words() -> None:
    sections = shipped_guideline().words.sections["unclear"]
    assert {name.removeprefix("summary.") for name in sections if name.startswith("summary.")} == set(MISSING)


def test_each_outcome_and_recommendation_has_words() -> None:
    assert set(OUTCOMES) == {outcome.value for outcome in Outcome}
    assert {f"R{number}" for number in range(1, 7)} < set(RECOMMENDATIONS)


def test_each_reason_for_silence_has_words() -> None:
    source = (ROOT / "cds_service/guideline/lumbar_mri/decision.py").read_text(encoding="utf-8")
    function = next(
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name == "_silence"
    )
    told = {
        node.value.value
        for node in ast.walk(function)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant) and node.value.value
    }
    assert told - {"ct"} <= set(SILENT)


def test_a_foreign_reason_is_marked_as_such() -> None:
    assert reason_words("foreign:no-time", {"no-time": "ours"}) == "Client's own reason: no-time"


@pytest.mark.parametrize(
    ("milliseconds", "seconds"),
    [
        (0, 0),
        (999, 0),
        (1_000, 1),
        (99_999, 99),
        (100_000, 100),
        (109_999, 100),
        (110_000, 110),
        (86_400_000, 86_000),
    ],
)
def test_seconds_keep_two_digits(milliseconds: int, seconds: int) -> None:
    assert rounded_seconds(milliseconds) == seconds


@pytest.mark.parametrize(
    ("characters", "name"), [(1, "20"), (20, "20"), (21, "100"), (100, "100"), (300, "300"), (301, "more")]
)
def test_comments_have_classes_of_length(characters: int, name: str) -> None:
    assert comment_class(characters) == name


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        ("2026-01-01", "2026-03-31", ("2026-01", "2026-02", "2026-03")),
        ("2026-01-02", "2026-03-31", ("2026-02", "2026-03")),
        ("2026-01-01", "2026-03-30", ("2026-01", "2026-02")),
        ("2026-01-02", "2026-01-30", ()),
        ("2024-02-01", "2024-02-29", ("2024-02",)),
        ("2024-02-01", "2024-02-28", ()),
        ("2025-12-31", "2026-01-31", ("2026-01",)),
    ],
)
def test_whole_months_lie_wholly_in_the_period(first: str, last: str, months: tuple[str, ...]) -> None:
    assert read_period(first, last, TODAY).whole_months(TODAY) == months


@pytest.mark.parametrize(
    ("today", "months"),
    [
        (date(2026, 3, 30), ("2026-01", "2026-02")),
        (date(2026, 3, 31), ("2026-01", "2026-02")),
        (date(2026, 4, 1), ("2026-01", "2026-02", "2026-03")),
    ],
    ids=str,
)
def test_a_month_is_whole_once_it_is_over(today: date, months: tuple[str, ...]) -> None:
    assert read_period("2026-01-01", "2026-03-31", today).whole_months(today) == months


def test_without_a_first_day_a_period_has_twelve_months() -> None:
    assert read_period(None, None, TODAY) == Period(date(2025, 7, 1), TODAY)
    assert read_period(None, "2026-12-31", TODAY) == Period(date(2026, 1, 1), date(2026, 12, 31))


def test_three_years_is_the_longest_period() -> None:
    assert read_period("2024-01-01", "2027-01-02", TODAY).days == 1_098
    with pytest.raises(BadPeriod, match="three years"):
        read_period("2024-01-01", "2027-01-03", TODAY)


def test_a_month_ends_where_the_next_begins() -> None:
    assert read_month("2024-02") == Period(date(2024, 2, 1), date(2024, 2, 29))
    assert read_month("2026-12") == Period(date(2026, 12, 1), date(2026, 12, 31))


def test_days_are_those_of_the_zone() -> None:
    day_of, midnight = days_in(ZONE), start_ms(date(2026, 3, 1), ZONE)
    assert (day_of(midnight - 1), day_of(midnight)) == ("2026-02-28", "2026-03-01")


def test_the_document_names_the_rule_that_is_carried_out() -> None:
    text = (ROOT / "docs/scorecard.md").read_text(encoding="utf-8")
    assert re.search(r"whole below 10 is hidden", text)
    assert "on the eighth day and later" in text
