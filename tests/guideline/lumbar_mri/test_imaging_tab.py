"""What the imaging tab of the Sandbox reads of a suggested order is always there, and nothing else changes."""

from dataclasses import replace
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Outcome
from cds_service.guideline.lumbar_mri.imaging_tab import NOT_RATED, for_imaging_tab
from cds_service.guideline.lumbar_mri.rating import RATING, RATINGS
from cds_service.guideline.lumbar_mri.suggestions import Choice
from cds_service.protocol.card import Action
from tests.guideline.lumbar_mri.decision_builders import cauda_equina, order, short_pain

LABEL = "MRI lumbar spine without contrast"  # of the order that the card is about
CODED = {"coding": [{"system": "urn:x", "code": "1", "display": "One"}], "text": "First"}


def completed(
    resource: dict[str, Any], guideline: Guideline, decision: Decision, kind: str = "update"
) -> dict[str, Any]:
    """The order as the page gets it, in one of two actions, of which the other removes an order."""
    whole = {"resourceType": "ServiceRequest", **resource}
    action = Action.model_validate({"type": kind, "description": "d", "resource": whole})
    removal = Action(type="delete", description="r", resource_id="ServiceRequest/mri-1")
    choice = Choice("Do", (removal, action), recommended=True)
    given = for_imaging_tab(choice, decision, guideline)
    assert given == replace(choice, actions=given.actions)
    first, second = given.actions
    assert first == removal
    assert second == action.model_copy(update={"resource": second.resource})
    assert second.resource is not None
    return dict(second.resource)


def worded(words: str) -> dict[str, Any]:
    return {"coding": [{"display": words}]}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(CODED, CODED, id="with a coding"),
        pytest.param({"text": "MRI"}, {"text": "MRI", **worded("MRI")}, id="in words"),
        pytest.param({"text": "MRI", "coding": []}, {"text": "MRI", **worded("MRI")}, id="with an empty list"),
        pytest.param({}, worded(LABEL), id="empty"),
        pytest.param({"text": 1}, {"text": 1, **worded(LABEL)}, id="a number for words"),
        pytest.param("MRI", worded(LABEL), id="a text"),
        pytest.param(None, worded(LABEL), id="nothing"),
    ],
)  # fmt: skip
def test_the_study_has_a_first_coding(code: Any, expected: dict[str, Any], guideline: Guideline) -> None:
    given = completed({"id": "a", "code": code}, guideline, cauda_equina())
    assert (given["id"], given["code"]) == ("a", expected)


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        pytest.param([CODED, {"text": "pain"}], [CODED, {"text": "pain", **worded("pain")}], id="coded and in words"),
        pytest.param([{"coding": []}], [worded("MRI")], id="without words"),
        pytest.param({"text": "pain"}, [{"text": "pain", **worded("pain")}], id="one where a list should be"),
    ],
)  # fmt: skip
def test_every_reason_has_a_first_coding(
    reasons: Any, expected: list[dict[str, Any]], guideline: Guideline
) -> None:
    given = completed({"code": {"text": "MRI"}, "reasonCode": reasons}, guideline, cauda_equina())
    assert given["reasonCode"] == expected


@pytest.mark.parametrize(
    "order", [{}, {"reasonCode": []}, {"reasonCode": ["pain"]}], ids=["none", "empty", "a text"]
)
def test_an_order_without_a_reason_gets_one_that_claims_nothing(
    order: dict[str, Any], guideline: Guideline
) -> None:
    words = guideline.words.say("common", "topic.none")
    coding = {"system": "urn:lumbar-mri-cds:recommendation", "code": "none", "display": words}
    given = completed({"code": CODED, **order}, guideline, cauda_equina())
    assert given["reasonCode"] == [{"coding": [coding], "text": words}]


RATED = {"system": RATINGS, "code": "appropriate"}


@pytest.mark.parametrize(
    ("decision", "kind", "rating"),
    [
        pytest.param(cauda_equina(), "update", RATED, id="an MRI that gets what the card advises"),
        pytest.param(cauda_equina(), "create", NOT_RATED, id="another order"),
        pytest.param(cauda_equina(order=order(is_ct=True)), "update", NOT_RATED, id="a CT"),
        pytest.param(short_pain(), "update", NOT_RATED, id="an MRI that is kept"),
        pytest.param(cauda_equina(outcome=Outcome.UNCLEAR), "update", NOT_RATED, id="not known enough"),
    ],
)
def test_an_order_has_one_rating_behind_its_other_extensions(
    decision: Decision, kind: str, rating: dict[str, str], guideline: Guideline
) -> None:
    stale = {"url": RATING, "valueCodeableConcept": {"coding": [{"code": "stale"}]}}
    other = {"url": "https://ehr.example/x", "valueString": "kept"}
    given = completed({"code": CODED, "extension": [stale, other]}, guideline, decision, kind)
    assert given["extension"] == [other, {"url": RATING, "valueCodeableConcept": {"coding": [rating]}}]
