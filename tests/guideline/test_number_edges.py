"""Every number decides exactly where it is set, and moves with `guideline.toml` alone."""

from dataclasses import fields, replace
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.number_check import check_numbers
from cds_service.guideline.thresholds import Thresholds
from tests.guideline.number_edges import Edge, edges
from tests.shipped import shipped_guideline

EDGES = tuple(edges())


@pytest.fixture(scope="module")
def guideline() -> Guideline:
    return shipped_guideline()


def with_numbers(guideline: Guideline, **numbers: Any) -> Guideline:
    thresholds = replace(guideline.thresholds, **numbers)
    assert check_numbers(thresholds) == []
    return replace(guideline, thresholds=thresholds)


def test_every_number_has_an_edge() -> None:
    assert sorted(edge.name for edge in EDGES) == sorted(field.name for field in fields(Thresholds))


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: edge.name)
def test_the_answer_turns_exactly_at_the_number(edge: Edge, guideline: Guideline) -> None:
    as_shipped = with_numbers(guideline, **edge.given)
    assert turns_at(edge, getattr(guideline.thresholds, edge.name), as_shipped)


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: edge.name)
def test_the_answer_turns_where_a_changed_number_says(edge: Edge, guideline: Guideline) -> None:
    changed = with_numbers(guideline, **{**edge.given, edge.name: edge.moved})
    assert turns_at(edge, edge.moved, changed)
    assert getattr(guideline.thresholds, edge.name) != edge.moved


def turns_at(edge: Edge, number: Any, guideline: Guideline) -> bool:
    """Whether the answers before and at the number are one, and those one and two steps on another."""
    before, at, after, further = (edge.ask(guideline, number + steps * edge.step) for steps in (-1, 0, 1, 2))
    return bool(before == at != after == further)
