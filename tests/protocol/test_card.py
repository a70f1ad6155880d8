"""A card that breaks a rule of CDS Hooks cannot be built."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from cds_service.protocol.card import Action, Card, Coding, Link, OverrideReason, Source, Suggestion

UUID = "0a1b2c3d-0000-4000-8000-000000000001"
OTHER_UUID = "0a1b2c3d-0000-4000-8000-000000000002"
RESOURCE = {"resourceType": "ServiceRequest", "status": "draft"}


def action(**more: Any) -> Action:
    return Action(**{"type": "create", "description": "Create a draft", "resource": RESOURCE, **more})


def suggestion(**more: Any) -> Suggestion:
    return Suggestion(**{"label": "Refer", "uuid": UUID, "actions": (action(),), **more})


def card(**more: Any) -> Card:
    values = {"uuid": UUID, "summary": "Refer now", "indicator": "critical", "source": Source(label="ACE")}
    return Card(**{**values, **more})


def test_a_bare_card_has_only_the_members_with_a_value() -> None:
    assert card().to_json() == {
        "uuid": UUID,
        "summary": "Refer now",
        "indicator": "critical",
        "source": {"label": "ACE"},
    }


def test_a_full_card_is_written_with_the_names_of_the_standard() -> None:
    full = card(
        detail="**Why**",
        source=Source(
            label="ACE", url="https://ace.example/", topic=Coding(system="urn:x", code="R4", display="CES")
        ),
        suggestions=(suggestion(is_recommended=True),),
        selection_behavior="at-most-one",
        override_reasons=(OverrideReason(system="urn:x", code="other", display="Other"),),
        links=(Link(label="Guideline", url="https://ace.example/"),),
        extension={"org.example": {"a": 1}},
    )
    assert json.loads(json.dumps(full.to_json())) == {
        "uuid": UUID,
        "summary": "Refer now",
        "detail": "**Why**",
        "indicator": "critical",
        "source": {
            "label": "ACE",
            "url": "https://ace.example/",
            "topic": {"system": "urn:x", "code": "R4", "display": "CES"},
        },
        "suggestions": [
            {
                "label": "Refer",
                "uuid": UUID,
                "isRecommended": True,
                "actions": [{"type": "create", "description": "Create a draft", "resource": RESOURCE}],
            }
        ],
        "selectionBehavior": "at-most-one",
        "overrideReasons": [{"system": "urn:x", "code": "other", "display": "Other"}],
        "links": [{"label": "Guideline", "url": "https://ace.example/", "type": "absolute"}],
        "extension": {"org.example": {"a": 1}},
    }


@pytest.mark.parametrize("length", [1, 138, 139])
def test_a_summary_of_up_to_139_characters_is_taken(length: int) -> None:
    assert len(card(summary="x" * length).to_json()["summary"]) == length


def test_a_summary_counts_characters_and_not_bytes() -> None:
    assert card(summary="é" * 139).summary == "é" * 139


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"summary": "x" * 140}, id="summary of 140"),
        pytest.param({"summary": ""}, id="empty summary"),
        pytest.param({"summary": "  "}, id="blank summary"),
        pytest.param({"detail": ""}, id="empty detail"),
        pytest.param({"indicator": "hard-stop"}, id="unknown indicator"),
        pytest.param({"uuid": UUID.upper()}, id="uuid in capitals"),
        pytest.param({"uuid": f"urn:uuid:{UUID}"}, id="uuid with a prefix"),
        pytest.param({"suggestions": (), "selection_behavior": "any"}, id="no suggestion in the list"),
        pytest.param({"suggestions": (suggestion(),)}, id="suggestions without selectionBehavior"),
        pytest.param({"selection_behavior": "any"}, id="selectionBehavior without suggestions"),
        pytest.param({"suggestions": (suggestion(),), "selection_behavior": "all"}, id="unknown behaviour"),
        pytest.param(
            {
                "suggestions": (
                    suggestion(is_recommended=True),
                    suggestion(uuid=OTHER_UUID, is_recommended=True),
                ),
                "selection_behavior": "at-most-one",
            },
            id="two recommended suggestions",
        ),
        pytest.param({"override_reasons": ()}, id="no override reason in the list"),
        pytest.param({"links": ()}, id="no link in the list"),
        pytest.param({"extension": {}}, id="empty extension"),
        pytest.param({"rating": "appropriate"}, id="member of our own"),
    ],
)
def test_a_card_outside_the_rules_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        card(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"type": "delete", "resource": RESOURCE}, id="delete with a resource"),
        pytest.param({"type": "delete", "resource": None}, id="delete of nothing"),
        pytest.param(
            {"type": "delete", "resource": None, "resource_id": "mri-1"}, id="delete by an id without type"
        ),
        pytest.param({"type": "update", "resource_id": "ServiceRequest/mri-1"}, id="update with resourceId"),
        pytest.param({"type": "update", "resource": None}, id="update of nothing"),
        pytest.param({"resource": {"status": "draft"}}, id="a resource without its type"),
        pytest.param({"resource": {}}, id="an empty resource"),
        pytest.param({"description": " "}, id="no description"),
        pytest.param({"type": "Create"}, id="type in capitals"),
    ],
)
def test_an_action_outside_the_rules_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        action(**wrong)


def test_a_delete_names_the_draft_by_type_and_id() -> None:
    gone = action(type="delete", resource=None, resource_id="ServiceRequest/mri-1")
    assert gone.to_json() == {
        "type": "delete",
        "description": "Create a draft",
        "resourceId": "ServiceRequest/mri-1",
    }


@pytest.mark.parametrize("url", ["/guideline", "guideline.html", "javascript:alert(1)", "https://", ""])
def test_a_link_that_is_not_absolute_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        Link(label="Guideline", url=url)


def test_an_override_reason_needs_its_display() -> None:
    with pytest.raises(ValidationError):
        OverrideReason.model_validate({"system": "urn:x", "code": "other"})
