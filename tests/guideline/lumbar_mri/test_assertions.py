"""When a fact counts, how old it is, and whether the record disagrees about it."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from cds_service.guideline.lumbar_mri.assertions import (
    age_days,
    disputing,
    ended_days,
    is_worsening,
    on_both_sides,
    on_same_side,
    worsening_said_on,
)
from cds_service.record.facts import Certainty, Fact, PatientFacts, Side, State, Trend
from tests.guideline.lumbar_mri.facts_builders import TODAY, ago, fact, on

WORSE = {"trend": Trend.WORSENING}


@pytest.mark.parametrize(
    ("days", "expected"),
    [pytest.param(3, 3, id="before"), pytest.param(0, 0, id="today"), pytest.param(-1, 0, id="tomorrow")],
)
def test_no_fact_is_younger_than_today(days: int, expected: int) -> None:
    assert age_days(fact("fever", started=ago(days)), TODAY) == expected
    assert (
        ended_days(fact("fever", started=ago(days + 5), ended=ago(days), state=State.ENDED), TODAY)
        == expected
    )
    assert age_days(fact("fever"), TODAY) is None


@pytest.mark.parametrize(
    ("more", "said_on", "worse"),
    [
        pytest.param({"recorded": ago(90), **WORSE}, ago(90), True, id="the last day of the window"),
        pytest.param({"recorded": ago(91), **WORSE}, ago(91), False, id="the day before it"),
        pytest.param({"recorded": ago(200), "trend_on": ago(3), **WORSE}, ago(3), True, id="by a note"),
        pytest.param({"started": ago(3), **WORSE}, ago(3), True, id="by its onset"),
        pytest.param(WORSE, None, True, id="undated"),
        pytest.param({"recorded": ago(3)}, None, False, id="no such words"),
        pytest.param({"recorded": ago(3), "trend": Trend.STABLE}, None, False, id="stable"),
    ],
)
def test_a_fact_worsens_while_its_words_are_of_the_window(
    more: dict[str, Any], said_on: Any, worse: bool
) -> None:
    told = fact("saddle-numbness", **more)
    assert (worsening_said_on(told), is_worsening(told, 90, TODAY)) == (said_on, worse)


@pytest.mark.parametrize(
    ("denied_on", "disputed"),
    [
        pytest.param(3, True, id="the day of the fact"),
        pytest.param(1, True, id="a later day"),
        pytest.param(4, False, id="an earlier day"),
    ],
)
def test_a_denial_of_the_same_or_a_later_day_disputes_a_fact(denied_on: int, disputed: bool) -> None:
    told = fact("saddle-numbness", started=ago(3))
    denial = fact(
        "saddle-numbness", certainty=Certainty.DENIED, started=ago(denied_on), resource="Observation/1"
    )
    assert disputing(told, PatientFacts(facts=(told, denial))) is disputed


def test_a_record_of_many_facts_is_not_compared_with_itself_fact_by_fact() -> None:
    walks = count()

    class Walked(tuple[Fact, ...]):
        """Facts that count how often somebody goes through them."""

        def __iter__(self) -> Iterator[Fact]:
            next(walks)
            return super().__iter__()

    told = [fact("saddle-numbness", started=ago(3), resource=f"Condition/{number}") for number in range(100)]
    facts = PatientFacts(facts=Walked(told))
    assert not any(disputing(one, facts) for one in told)
    assert next(walks) <= 5


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        pytest.param(Side.LEFT, Side.LEFT, True, id="the same"),
        pytest.param(Side.LEFT, Side.RIGHT, False, id="two sides"),
        pytest.param(Side.LEFT, Side.BOTH, True, id="one of both"),
        pytest.param(None, Side.LEFT, False, id="unknown and left"),
        pytest.param(Side.LEFT, None, False, id="left and unknown"),
        pytest.param(None, None, False, id="both unknown"),
        pytest.param(None, Side.BOTH, False, id="unknown and both"),
        pytest.param(Side.BOTH, None, False, id="both and unknown"),
    ],
)
def test_two_sides_are_the_same_only_where_both_are_known(
    first: Side | None, second: Side | None, same: bool
) -> None:
    assert on_same_side(first, second) is same


@pytest.mark.parametrize(
    ("left", "right", "both"),
    [
        pytest.param(14, 0, True, id="14 days apart"),
        pytest.param(15, 0, False, id="15 days apart"),
        pytest.param(0, 14, True, id="14 days apart, the other first"),
        pytest.param(3, 3, True, id="one day"),
    ],
)
def test_both_sides_are_affected_within_14_days(left: int, right: int, both: bool) -> None:
    facts = (
        fact("leg-numbness", started=ago(left), side=Side.LEFT),
        fact("leg-numbness", started=ago(right), side=Side.RIGHT),
    )
    assert on_both_sides(facts, 14) is both


@pytest.mark.parametrize(
    ("day", "both"),
    [pytest.param("2026-05-01", True, id="in it"), pytest.param("2026-04-30", False, id="before it")],
)
def test_both_sides_are_affected_where_a_day_lies_in_the_month_of_the_other(day: str, both: bool) -> None:
    facts = (
        fact("leg-numbness", started=on("2026-05"), side=Side.LEFT),
        fact("leg-numbness", started=on(day), side=Side.RIGHT),
    )
    assert on_both_sides(facts, 14) is both
