"""New and changed orders as whole FHIR R4 resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import MriOrder
from cds_service.guideline.lumbar_mri.order_codes import OrderCode

OWN_REASONS = "urn:lumbar-mri-cds:reason"
OWN_RECOMMENDATIONS = "urn:lumbar-mri-cds:recommendation"
FALLBACK_SYSTEM = "snomed"


@dataclass(frozen=True, slots=True)
class Reason:
    """A coded reason of an order."""

    system: str
    code: str
    display: str


@dataclass(frozen=True, slots=True)
class Study:
    """An MRI that an order can be changed to, coded in the order's own system where it has a code."""

    text: str
    system: str
    code: str
    display: str
    own_system: bool
    wider: bool  # it covers more than the order did


@dataclass(frozen=True, slots=True)
class ForWhom:
    """Whose order it is."""

    patient: str  # "Patient/p1"
    encounter: str | None


def own_reason(code: str, guideline: Guideline) -> Reason:
    """One of our reason codes, which the rules read again when the order comes back (8.4.6)."""
    (row,) = guideline.terminology.value_sets[f"reason-{code}"]
    return Reason(OWN_REASONS, row.code, row.display)


def study_for(order: MriOrder, name: str, entry: OrderCode, guideline: Guideline) -> Study:
    """The study in the code system of the order, else in SNOMED CT."""
    system = guideline.terminology.system_name(order.code_system) if order.code_system else None
    name_of_system = system if system is not None and system in entry.codes else FALLBACK_SYSTEM
    own = name_of_system == system
    url = guideline.terminology.systems[name_of_system].url
    code = entry.codes[name_of_system]
    return Study(
        text=entry.text,
        system=_as_sent(order, url) if own else url,
        code=code.code,
        display=code.display,
        own_system=own or order.code_system is None,
        wider=name.startswith("whole-spine") and order.covers != "whole-spine",
    )


def changed(
    order: MriOrder,
    whom: ForWhom,
    *,
    priority: str | None = None,
    reason: Reason | None = None,
    study: Study | None = None,
) -> dict[str, Any]:
    """The whole draft with only these elements changed; members without a value are left out (GEN-3)."""
    resource: dict[str, Any] = without_empty(order.resource)
    # Real drafts lack what FHIR requires; the proposal must be valid.
    for element, value in (
        ("status", "draft"),
        ("intent", "order"),
        ("subject", {"reference": whom.patient}),
    ):
        resource.setdefault(element, value)
    if priority:
        resource["priority"] = priority
    if study:
        resource["code"] = {
            "coding": [{"system": study.system, "code": study.code, "display": study.display}],
            "text": study.text,
        }
        if study.wider:
            resource.pop("bodySite", None)  # it would contradict the wider study
    if reason and not has_reason(order, reason):
        given = resource.get("reasonCode")
        resource["reasonCode"] = [*(given if isinstance(given, list) else []), _concept(reason)]
    return resource


def has_reason(order: MriOrder, reason: Reason) -> bool:
    """Whether the order carries this reason already."""
    return any(
        coding.get("system") == reason.system and coding.get("code") == reason.code
        for concept in _objects(order.resource.get("reasonCode"))
        for coding in _objects(concept.get("coding"))
    )


def new_order(
    entry: OrderCode,
    whom: ForWhom,
    guideline: Guideline,
    *,
    priority: str = "routine",
    reason: Reason | str | None = None,
    period: tuple[date, date] | None = None,
) -> dict[str, Any]:
    """A new draft order for this patient; without an id, which the client gives.

    `reason` is text where it has no code.
    """
    systems = guideline.terminology.systems
    coding = [
        {"system": systems[s].url, "code": c.code, "display": c.display} for s, c in entry.codes.items()
    ]
    resource: dict[str, Any] = without_empty(
        {
            "resourceType": "ServiceRequest",
            "status": "draft",
            "intent": "order",
            "category": [{"text": entry.category}] if entry.category else None,
            "priority": priority,
            "code": {"coding": coding, "text": entry.text},
            "subject": {"reference": whom.patient},
            "encounter": {"reference": whom.encounter} if whom.encounter else None,
            "occurrencePeriod": {"start": period[0].isoformat(), "end": period[1].isoformat()}
            if period
            else None,
            "reasonCode": [_concept(reason)] if reason else None,
        }
    )
    return resource


def without_empty(value: Any) -> Any:
    """A copy of the value without null, empty strings, lists and objects, at any depth.

    A list keeps its nulls where it has other items: FHIR pairs such lists with their extensions by place.
    """
    if isinstance(value, dict):
        kept = ((name, without_empty(member)) for name, member in value.items())
        return {name: member for name, member in kept if not _is_empty(member)}
    if isinstance(value, list):
        items = [without_empty(item) for item in value]
        if any(not _is_empty(item) for item in items):
            return [item for item in items if item is None or not _is_empty(item)]
        return []
    return value


def _is_empty(value: Any) -> bool:
    if isinstance(value, str):
        return not value or value.isspace()
    return value is None or (isinstance(value, list | dict) and not value)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list as a client sent it; drafts are not validated."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _concept(reason: Reason | str) -> dict[str, Any]:
    if isinstance(reason, str):
        return {"text": reason}
    coding = {"system": reason.system, "code": reason.code, "display": reason.display}
    return {"coding": [coding], "text": reason.display}


def _as_sent(order: MriOrder, url: str) -> str:
    """The client's own spelling of the system where that is a URI."""
    sent = order.code_system or ""
    return sent if "://" in sent or sent.startswith("urn:") else url
