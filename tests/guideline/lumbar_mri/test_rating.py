"""The verdict on each order as an update that a client applies: only where there is one, and nothing else changes."""

from dataclasses import replace
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Outcome
from cds_service.guideline.lumbar_mri.rating import CONSULT_ID, RATING, RATINGS, rate_orders
from tests.guideline.lumbar_mri.decision_builders import cauda_equina, draft, order, short_pain, uuids

OTHER = {"url": "https://ehr.example/x", "valueString": "kept"}


def rated(guideline: Guideline, *decisions: Decision) -> list[tuple[str, str]]:
    """The id of each order that is rated, and its rating."""
    updates = [one["resource"] for one in rate_orders(decisions, guideline, uuids(), "Patient/p1")]
    return [(one["id"], one["extension"][-2]["valueCodeableConcept"]["coding"][0]["code"]) for one in updates]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(cauda_equina(), [("mri-1", "appropriate")], id="an emergency"),
        pytest.param(short_pain(), [("mri-1", "not-appropriate")], id="not indicated"),
        pytest.param(cauda_equina(outcome=Outcome.OUTSIDE), [("mri-1", "no-criteria-apply")], id="outside"),
        pytest.param(cauda_equina(outcome=Outcome.UNCLEAR), [], id="not known enough"),
        pytest.param(cauda_equina(silent="concordant"), [("mri-1", "appropriate")], id="right, so without a card"),
        pytest.param(cauda_equina(silent="no-pain"), [], id="no business of ours"),
        pytest.param(cauda_equina(order=order(is_ct=True)), [], id="a CT"),
        pytest.param(cauda_equina(order=order(draft(id=None))), [], id="without an id"),
        pytest.param(cauda_equina(order=order(draft(id=None), is_ct=True)), [], id="a CT without an id"),
        pytest.param(
            short_pain(duplicates=(order(draft(id="mri-2")), order(draft(id=None)))),
            [("mri-1", "not-appropriate"), ("mri-2", "not-appropriate")],
            id="with another of its kind",
        ),
    ],
)  # fmt: skip
def test_an_order_is_rated_only_where_there_is_a_verdict(
    made: Decision, expected: list[tuple[str, str]], guideline: Guideline
) -> None:
    assert rated(guideline, made) == expected


def test_a_rated_order_is_whole_and_has_one_rating_and_one_consultation(guideline: Guideline) -> None:
    stale: list[dict[str, Any]] = [
        {"url": RATING, "valueCodeableConcept": {"coding": [{"code": "stale"}]}},
        {"url": CONSULT_ID, "valueUri": "urn:uuid:stale"},
    ]
    sent = draft(extension=[*stale, OTHER])
    label = "MRI lumbar spine"
    made = replace(short_pain(), order=order(sent, label=label))
    first, second = rate_orders((made, made), guideline, uuids(), "Patient/p1")
    assert first == {
        "type": "update",
        "description": guideline.words.say(
            "common", "action.rate", {"rating": "not appropriate", "order": label}
        ),
        "resource": {
            **sent,
            "extension": [
                OTHER,
                {
                    "url": RATING,
                    "valueCodeableConcept": {"coding": [{"system": RATINGS, "code": "not-appropriate"}]},
                },
                {"url": CONSULT_ID, "valueUri": "urn:uuid:00000000-0000-4000-8000-000000000001"},
            ],
        },
    }
    assert second["resource"]["extension"][-1]["valueUri"].endswith("2")
