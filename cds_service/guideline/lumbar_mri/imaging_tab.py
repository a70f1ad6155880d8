"""Suggested orders as the imaging tab of the CDS Hooks Sandbox reads them: rating, first coding, reasons.

The page reads all three without a check, and a suggestion without one of them breaks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision
from cds_service.guideline.lumbar_mri.changed_order import OWN_RECOMMENDATIONS
from cds_service.guideline.lumbar_mri.order_elements import objects_of
from cds_service.guideline.lumbar_mri.rating import APPROPRIATE, RATING, RATING_OF, RATINGS
from cds_service.guideline.lumbar_mri.suggestions import Choice
from cds_service.guideline.lumbar_mri.wording import SHARED
from cds_service.protocol.card import Action

NOT_RATED = {"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown"}
_NO_RECOMMENDATION = "none"


def for_imaging_tab(choice: Choice, decision: Decision, guideline: Guideline) -> Choice:
    """The choice with a rating, a coding and a reason in every order that it makes or changes."""
    return replace(
        choice, actions=tuple(_completed(action, decision, guideline) for action in choice.actions)
    )


def _completed(action: Action, decision: Decision, guideline: Guideline) -> Action:
    if action.resource is None:
        return action
    order = action.resource
    label = _text(order.get("code")) or decision.order.label
    kept = [one for one in objects_of(order.get("extension")) if one.get("url") != RATING]
    rating = {"url": RATING, "valueCodeableConcept": {"coding": [_rating(action, decision)]}}
    completed = {
        **order,
        "code": _with_coding(order.get("code"), label),
        "reasonCode": [
            _with_coding(reason, _text(reason) or label) for reason in objects_of(order.get("reasonCode"))
        ]
        or [_no_reason(guideline)],
        "extension": [*kept, rating],
    }
    return action.model_copy(update={"resource": completed})


def _rating(action: Action, decision: Decision) -> dict[str, str]:
    """The verdict on the suggested order, where it is an MRI that only gets what the card advises.

    Anything else was not judged as it is suggested and is not rated: another order, a CT, or an MRI that a
    doctor keeps for a reason which the rules have yet to read. The next call rates it.
    """
    rating = RATING_OF.get(decision.outcome)
    if action.type == "update" and rating == APPROPRIATE and not decision.order.is_ct:
        return {"system": RATINGS, "code": rating}
    return NOT_RATED


def _with_coding(concept: Any, label: str) -> dict[str, Any]:
    """The concept with a first coding; one of words alone says them in a coding without a code."""
    given: Mapping[str, Any] = concept if isinstance(concept, Mapping) else {}
    if given.get("coding"):
        return dict(given)
    return {**given, "coding": [{"display": label}]}


def _no_reason(guideline: Guideline) -> dict[str, Any]:
    display = guideline.words.say(SHARED, f"topic.{_NO_RECOMMENDATION}")
    coding = {"system": OWN_RECOMMENDATIONS, "code": _NO_RECOMMENDATION, "display": display}
    return {"coding": [coding], "text": display}


def _text(concept: Any) -> str:
    text = concept.get("text") if isinstance(concept, Mapping) else None
    return text if isinstance(text, str) else ""
