"""Answered red-flag checklists, as an EHR sends them."""

from collections.abc import Mapping
from typing import Any

from tests.builders import PATIENT_ID, Resource

QUESTIONNAIRE = "urn:lumbar-mri-cds:questionnaire:red-flags"
OWN = "urn:lumbar-mri-cds:answer"
CODES = {
    "yes": ("http://terminology.hl7.org/CodeSystem/v2-0136", "Y"),
    "no": ("http://terminology.hl7.org/CodeSystem/v2-0136", "N"),
    "unknown": ("http://terminology.hl7.org/CodeSystem/data-absent-reason", "asked-unknown"),
    "worse": (OWN, "yes-worse"),
    **{
        own: (OWN, own)
        for own in ("operation", "injection", "physiotherapy", "painkillers", "manual", "none")
    },
}
RED_FLAGS = (
    "bladder", "bowel", "saddle", "leg-power", "both-legs", "fever", "weight", "cancer", "procedure",
)  # fmt: skip
ALL_NO = dict.fromkeys(RED_FLAGS, "no")
TODAY = "2026-06-15T09:40:00+08:00"


def coded(answer: str) -> Resource:
    """An answer by its name, as a coding; its display is the client's own and says nothing."""
    system, code = CODES[answer]
    return {"valueCoding": {"system": system, "code": code}}


def checklist(
    answers: Mapping[str, Any],
    since: Mapping[str, str] | None = None,
    *,
    authored: str | None = TODAY,
    status: str = "completed",
    version: str = "|1.0.0",
) -> Resource:
    """A checklist with these answers, by link id; an answer is a name, a tuple of names or a value[x].

    `since` holds the days that items name; an item that is in neither is not answered.
    """
    days = since or {}
    names = dict.fromkeys((*answers, *days))
    form = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"{QUESTIONNAIRE}{version}",
        "status": status,
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
        "authored": authored,
        "item": [_item(name, answers.get(name, ()), days.get(name)) for name in names],
    }
    return {name: value for name, value in form.items() if value is not None}


def _item(link_id: str, answer: Any, since: str | None) -> Resource:
    named = answer if isinstance(answer, tuple) else (answer,)
    given = [one if isinstance(one, dict) else coded(one) for one in named]
    item: Resource = {"linkId": link_id} | ({"answer": given} if given else {})
    if since is None:
        return item
    below = [{"linkId": f"{link_id}-since", "answer": [{"valueDate": since}]}]
    if not given:
        return item | {"item": below}
    given[-1] = given[-1] | {"item": below}
    return item
