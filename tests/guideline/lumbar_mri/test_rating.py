"""The verdict on the order itself: what is written, and on which orders."""

from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision
from cds_service.guideline.lumbar_mri.rating import rate_orders
from tests.guideline.lumbar_mri.decision_builders import cauda_equina, draft, fact, order, short_pain, uuids
from tests.guideline.lumbar_mri.test_render_summary import decision_of

KEPT = {"url": "http://hospital.example/x", "valueString": "kept"}
RATING = "http://fhir.org/argonaut/Extension/pama-rating"
CONSULT = "http://fhir.org/argonaut/Extension/pama-rating-consult-id"


def rated(guideline: Guideline, *decisions: Decision) -> list[dict[str, Any]]:
    return rate_orders(decisions, guideline, uuids(), "Patient/p1")


def test_the_rating_joins_the_extensions_of_the_order(guideline: Guideline) -> None:
    older = [{"url": RATING, "valueString": "x"}, {"url": CONSULT, "valueUri": "urn:uuid:x"}]
    sent = draft(extension=[KEPT, *older])
    assert rated(guideline, short_pain(order=order(sent, label="MRI <b>"))) == [
        {
            "type": "update",
            "description": "Rate the order as not appropriate: MRI < b>",
            "resource": {
                **sent,
                "extension": [
                    KEPT,
                    {
                        "url": RATING,
                        "valueCodeableConcept": {
                            "coding": [
                                {
                                    "system": "http://fhir.org/argonaut/CodeSystem/pama-rating",
                                    "code": "not-appropriate",
                                }
                            ]
                        },
                    },
                    {"url": CONSULT, "valueUri": "urn:uuid:00000000-0000-4000-8000-000000000001"},
                ],
            },
        }
    ]


def test_an_order_without_extensions_gets_the_rating_alone(guideline: Guideline) -> None:
    (action,) = rated(guideline, short_pain())
    assert [one["url"] for one in action["resource"]["extension"]] == [RATING, CONSULT]
    assert action["resource"]["subject"] == {"reference": "Patient/p1"}


@pytest.mark.parametrize(
    ("made", "ids"),
    [
        pytest.param(cauda_equina(duplicates=(order(draft(id="mri-2")),)), ["mri-1", "mri-2"], id="both"),
        pytest.param(short_pain(silent="concordant"), ["mri-1"], id="right already"),
        pytest.param(short_pain(silent="hospice"), [], id="no card would speak of it"),
        pytest.param(short_pain(order=order(draft(id=None))), [], id="no id"),
        pytest.param(short_pain(order=order(is_ct=True)), [], id="a CT"),
        pytest.param(decision_of("unclear", "care-unknown", fact("x")), [], id="not enough to say"),
        pytest.param(decision_of("outside", "child", fact("x")), ["mri-1"], id="outside"),
    ],
)
def test_every_decided_order_that_a_client_can_find_is_rated(
    made: Decision, ids: list[str], guideline: Guideline
) -> None:
    assert [action["resource"]["id"] for action in rated(guideline, made)] == ids
