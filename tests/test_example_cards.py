"""The owner's examples as the service itself answers them, for the review and for the check of the content."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from cds_service.example_cards import request_of, tell
from cds_service.guideline.content import Guideline
from cds_service.guideline.examples import Example
from tests.shipped import shipped_guideline
from tests.vignettes.asking import ask

NOW = datetime(2026, 6, 15, 10, tzinfo=ZoneInfo("Asia/Singapore"))


@pytest.fixture(scope="module")
def guideline() -> Guideline:
    return shipped_guideline()


@pytest.fixture
def fever(guideline: Guideline) -> Example:
    return next(example for example in guideline.examples if example.id == "fever")


def test_every_example_is_told_as_its_owner_expects(guideline: Guideline) -> None:
    assert [e.id for e in guideline.examples if not tell(e, NOW, guideline).as_expected] == []


def test_the_cards_are_those_that_the_service_sends(guideline: Guideline, fever: Example) -> None:
    sent = ask(request_of(fever, NOW, guideline), NOW)["cards"]
    shown = tell(fever, NOW, guideline).cards
    assert [card["detail"] for card in sent] == [card["detail"] for card in shown]
    assert [card["summary"] for card in sent] == [card["summary"] for card in shown]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"outcome": "emergency"}, id="another outcome"),
        pytest.param({"recommendations": ("R4",)}, id="another recommendation"),
        pytest.param({"indicator": "info"}, id="another indicator"),
        pytest.param({"says": ("words that no card has",)}, id="other words"),
    ],
)
def test_an_example_that_differs_is_told(wrong: dict[str, str], guideline: Guideline, fever: Example) -> None:
    assert not tell(replace(fever, **wrong), NOW, guideline).as_expected  # type: ignore[arg-type]


def test_an_example_without_a_card_has_no_outcome(guideline: Guideline, fever: Example) -> None:
    child = tell(replace(fever, patient="9 F", record=fever.record[:1]), NOW, guideline)
    assert (child.outcome, child.cards, child.as_expected) == ("", (), False)
