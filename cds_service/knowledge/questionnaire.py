"""The red-flag checklist as a FHIR R4 Questionnaire, for the EHR that shows it."""

from __future__ import annotations

from typing import Any

from cds_service.guideline.content import Guideline
from cds_service.knowledge.canonical import Resource, approval_of, heading
from cds_service.record.checklist import Checklist, ChecklistItem, Choice

ID = "red-flags"


def build_questionnaire(guideline: Guideline) -> Resource:
    """The Questionnaire of the checklist; its version is the guideline's, its address the content's own."""
    checklist = guideline.checklist
    return heading("Questionnaire", "questionnaire", ID, checklist.title, guideline) | {
        "url": checklist.questionnaire,
        "name": "RedFlagsOfLowBackPain",
        **approval_of(guideline),
        "subjectType": ["Patient"],
        "purpose": checklist.purpose,
        "item": _items(checklist),
    }


def _items(checklist: Checklist) -> list[dict[str, Any]]:
    return [_item(item) for item in checklist.items]


def _item(item: ChecklistItem) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "linkId": item.link_id,
        "prefix": str(item.number),
        "text": item.text,
        "type": "choice",
        "required": False,
        "repeats": item.treatment,
        "answerOption": [{"valueCoding": _coding(choice)} for choice in item.choices],
    }
    return asked | ({"item": [_since(item)]} if item.since else {})


def _since(item: ChecklistItem) -> dict[str, Any]:
    """The question for the day, shown beside a yes alone."""
    yes = [choice for choice in item.choices if choice.says == "yes"]
    shown = [{"question": item.link_id, "operator": "=", "answerCoding": _coding(choice)} for choice in yes]
    several: dict[str, Any] = {"enableBehavior": "any"} if len(shown) > 1 else {}
    return {
        "linkId": item.since_link_id,
        "text": item.since,
        "type": "date",
        "enableWhen": shown,
        **several,
        "required": False,
    }


def _coding(choice: Choice) -> dict[str, str]:
    return {"system": choice.system, "code": choice.code, "display": choice.text}
