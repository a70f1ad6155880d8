"""The verdict written on the order itself, as a system action of the Argonaut PAMA convention.

Off unless a client's profile or the site switches it on: a client may apply such an action without showing
it to anybody (SYS-3).
The addresses are those of the Argonaut project's CDS Hooks for PAMA.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, MriOrder, Outcome
from cds_service.guideline.lumbar_mri.changed_order import ForWhom, changed
from cds_service.guideline.lumbar_mri.escaping import plain_text
from cds_service.guideline.lumbar_mri.repeat import REPEAT
from cds_service.guideline.lumbar_mri.wording import SHARED
from cds_service.protocol.card import Action

RATING = "http://fhir.org/argonaut/Extension/pama-rating"
RATINGS = "http://fhir.org/argonaut/CodeSystem/pama-rating"
CONSULT_ID = "http://fhir.org/argonaut/Extension/pama-rating-consult-id"
APPROPRIATE = "appropriate"
RATING_OF = {
    Outcome.EMERGENCY: APPROPRIATE,
    Outcome.URGENT: APPROPRIATE,
    Outcome.INDICATED: APPROPRIATE,
    Outcome.MAY_BE_INDICATED: APPROPRIATE,
    Outcome.NOT_INDICATED: "not-appropriate",
    Outcome.OUTSIDE: "no-criteria-apply",
}


def rate_orders(
    decisions: Sequence[Decision], guideline: Guideline, new_uuid: Callable[[], str], patient: str
) -> list[dict[str, Any]]:
    """An update for each decided order, ready for JSON.

    Without enough information there is no rating, nor for an order that no card would speak of,
    an order without an id, which a client could not find again, or a CT, which is another study.
    """
    return [
        _rated(order, rating, guideline, new_uuid(), patient).to_json()
        for decision in decisions
        if (rating := RATING_OF.get(decision.outcome)) and decision.silent in ("", "concordant", REPEAT)
        for order in (decision.order, *decision.duplicates)
        if order.resource.get("id") and not order.is_ct
    ]


def _rated(order: MriOrder, rating: str, guideline: Guideline, consult_id: str, patient: str) -> Action:
    resource = changed(order, ForWhom(patient, None))
    kept = [one for one in resource.get("extension", []) if one.get("url") not in (RATING, CONSULT_ID)]
    said = {"coding": [{"system": RATINGS, "code": rating}]}
    resource["extension"] = [
        *kept,
        {"url": RATING, "valueCodeableConcept": said},
        {"url": CONSULT_ID, "valueUri": f"urn:uuid:{consult_id}"},
    ]
    words = {"rating": rating.replace("-", " "), "order": plain_text(order.label)}
    return Action(
        type="update", description=guideline.words.say(SHARED, "action.rate", words), resource=resource
    )
