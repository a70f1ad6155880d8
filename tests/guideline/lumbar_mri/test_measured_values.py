"""Measured values beside a limit, and how a card shows them."""

from decimal import Decimal
from typing import Any

import pytest

from cds_service.guideline.lumbar_mri.measured_values import is_over, moment, show
from cds_service.record.facts import Measure, ValueProblem
from tests.guideline.lumbar_mri.facts_builders import clock, measurement

LIMIT = Decimal(30)


@pytest.mark.parametrize(
    ("value", "comparator", "over", "over_or_equal"),
    [
        pytest.param("29", None, False, False, id="below"),
        pytest.param("30", None, False, True, id="at"),
        pytest.param("31", None, True, True, id="above"),
        pytest.param("29", ">", None, None, id="over something below"),
        pytest.param("30", ">", True, True, id="over the limit itself"),
        pytest.param("29", ">=", None, None, id="at least something below"),
        pytest.param("30", ">=", None, True, id="at least the limit"),
        pytest.param("31", ">=", True, True, id="at least something above"),
        pytest.param("30", "<", False, False, id="under the limit itself"),
        pytest.param("31", "<", None, None, id="under something above"),
        pytest.param("29", "<=", False, False, id="at most something below"),
        pytest.param("30", "<=", False, None, id="at most the limit"),
        pytest.param("31", "<=", None, None, id="at most something above"),
    ],
)
def test_a_value_is_over_a_limit_only_where_it_surely_is(
    value: str, comparator: str | None, over: bool | None, over_or_equal: bool | None
) -> None:
    measured = measurement(Measure.CRP, value, 0, comparator=comparator)
    assert is_over(measured, LIMIT) is over
    assert is_over(measured, LIMIT, or_equal=True) is over_or_equal


@pytest.mark.parametrize(
    ("highest", "over", "over_or_equal"),
    [
        pytest.param("29", False, False, id="low in every unit"),
        pytest.param("30", False, None, id="the limit in one unit"),
        pytest.param("31", None, None, id="high in one unit"),
        pytest.param(None, None, None, id="no number"),
    ],
)
def test_a_value_without_a_unit_is_not_over_only_where_it_is_low_in_every_unit(
    highest: str | None, over: bool | None, over_or_equal: bool | None
) -> None:
    could_be = None if highest is None else Decimal(highest)
    bare = measurement(Measure.CRP, None, 0, problem=ValueProblem.NO_UNIT, could_be=could_be)
    assert is_over(bare, LIMIT) is over
    assert is_over(bare, LIMIT, or_equal=True) is over_or_equal


@pytest.mark.parametrize(
    ("value", "more", "note", "expected"),
    [
        pytest.param("42", {}, "", ("CRP 42 mg/L", ""), id="plain"),
        pytest.param(
            "42.04", {"text": "42.04 mg/L"}, "newest value", ("CRP 42 mg/L", "newest value"), id="a note"
        ),
        pytest.param("42", {"preliminary": True}, "", ("CRP 42 mg/L", "preliminary"), id="preliminary"),
        pytest.param(
            "42",
            {"preliminary": True},
            "newest value",
            ("CRP 42 mg/L", "newest value, preliminary"),
            id="both notes",
        ),
        pytest.param("42", {"comparator": ">"}, "", ("CRP >42 mg/L", ""), id="a comparator"),
        pytest.param(None, {"text": "42"}, "no unit recorded", ("CRP 42", "no unit recorded"), id="no unit"),
    ],
)
def test_a_value_is_a_line_of_the_card(
    value: str | None, more: dict[str, Any], note: str, expected: tuple[str, str]
) -> None:
    line = show(measurement(Measure.CRP, value, 0, **({"text": f"{value} mg/L"} | more)), note=note)
    assert (line.text, line.note) == expected


def test_a_value_without_a_clock_time_is_the_first_of_its_day() -> None:
    without, early = (
        measurement(Measure.CRP, "1", 3),
        measurement(Measure.CRP, "2", 3, when=clock(3, "00:01")),
    )
    assert sorted([early, without], key=moment) == [without, early]
