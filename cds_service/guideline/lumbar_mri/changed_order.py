"""New and changed orders as whole FHIR R4 resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import MriOrder
from cds_service.guideline.lumbar_mri.order_codes import OrderCode
from cds_service.guideline.lumbar_mri.order_elements import objects_of

OWN_REASONS = "urn:lumbar-mri-cds:reason"
OWN_RECOMMENDATIONS = "urn:lumbar-mri-cds:recommendation"
OWN_ORDERS = "urn:lumbar-mri-cds:order"
OWN_SITUATIONS = "urn:lumbar-mri-cds:situation"
FALLBACK_SYSTEM = "snomed"


@dataclass(frozen=True, slots=True)
class Reason:
    """A coded reason of an order."""

    system: str
    code: str
    display: str


@dataclass(frozen=True, slots=True)
class Study:
    """An MRI that an order can be changed to, coded in every system of the order that has a code for it."""

    text: str
    codings: tuple[Mapping[str, str], ...]
    own_system: bool
    says: str  # what the codes say where none says the text: "with contrast"
    wider: bool  # it covers more than the order did


@dataclass(frozen=True, slots=True)
class ForWhom:
    """Whose order it is."""

    patient: str  # "Patient/p1"
    encounter: str | None
    requester: Mapping[str, Any] | None = None  # who makes the MRI order
    now: datetime | None = None  # when a new order is proposed


def own_reason(code: str, guideline: Guideline) -> Reason:
    """One of our reason codes, which the rules read again when the order comes back (8.4.6)."""
    (row,) = guideline.terminology.value_sets[f"reason-{code}"]
    return Reason(OWN_REASONS, row.code, row.display)


def study_for(order: MriOrder, name: str, entry: OrderCode, guideline: Guideline) -> Study:
    """The study in the order's code systems, else in SNOMED CT; a code that says what the text says first."""
    own = _systems_of(order, entry, guideline)
    names = sorted(own or {FALLBACK_SYSTEM: None}, key=lambda system: bool(entry.codes[system].says))
    codes = {system: entry.codes[system] for system in names}
    return Study(
        text=entry.text,
        codings=tuple(
            {
                "system": own.get(system) or guideline.terminology.systems[system].url,
                "code": code.code,
                "display": code.display,
            }
            for system, code in codes.items()
        ),
        own_system=bool(own) or order.code_system is None,
        says=codes[names[0]].says,
        wider=name.startswith("whole-spine") and order.covers != "whole-spine",
    )


def _systems_of(order: MriOrder, entry: OrderCode, guideline: Guideline) -> dict[str, str | None]:
    """The order's code systems that have a code for the study, by our name, each as the client spells it.

    None: spelled as no URI, so ours is used.
    """
    code = order.resource.get("code")
    codings = objects_of(code.get("coding")) if isinstance(code, dict) else ()
    found: dict[str, str | None] = {}
    for system in (order.code_system, *(coding.get("system") for coding in codings)):
        if not isinstance(system, str) or not system:
            continue
        name = guideline.terminology.system_name(system)
        if name is not None and name in entry.codes and name not in found:
            found[name] = system if "://" in system or system.startswith("urn:") else None
    return found


def changed(
    order: MriOrder,
    whom: ForWhom,
    *,
    priority: str | None = None,
    reason: Reason | None = None,
    study: Study | None = None,
    note: str | None = None,
) -> dict[str, Any]:
    """The whole draft with only these elements changed; members without a value are left out (GEN-3)."""
    resource = _well_formed(order.resource)
    # Real drafts lack what FHIR requires; the proposal must be valid.
    resource.setdefault("status", "draft")
    resource.setdefault("intent", "order")
    subject = resource.get("subject")
    if not isinstance(subject, dict) or "reference" not in subject:
        shown = subject if isinstance(subject, dict) else {}
        resource["subject"] = {**shown, "reference": whom.patient}
    if priority:
        resource["priority"] = priority
    if study:
        resource["code"] = {"coding": [dict(coding) for coding in study.codings], "text": study.text}
        if study.wider:
            resource.pop("bodySite", None)  # it would contradict the wider study
    if note and not has_note(order, note):
        written = resource.get("note")
        resource["note"] = [*(written or ()), {"text": note}]
    if reason and not has_reason(order, reason):
        given = resource.get("reasonCode")
        resource["reasonCode"] = [*(given or ()), _concept(reason)]
    return resource


# The elements of a ServiceRequest that repeat; some clients send one as it is, or as its text alone.
_WORDED = frozenset({"category", "orderDetail", "bodySite", "reasonCode", "locationCode", "note"})
_REPEATED = _WORDED | {
    "identifier", "basedOn", "replaces", "performer", "reasonReference", "locationReference", "insurance",
    "supportingInfo", "specimen", "relevantHistory", "contained", "extension", "modifierExtension",
}  # fmt: skip


def _well_formed(draft: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the draft with nothing empty in it, and a list where FHIR has one."""
    resource: dict[str, Any] = without_empty(dict(draft))
    for element in _REPEATED & resource.keys():
        value = resource[element]
        if isinstance(value, str) and element in _WORDED:
            value = {"text": value}
        resource[element] = value if isinstance(value, list) else [value]
    return resource


def has_reason(order: MriOrder, reason: Reason) -> bool:
    """Whether the order carries this reason already."""
    return any(
        coding.get("system") == reason.system and coding.get("code") == reason.code
        for concept in objects_of(order.resource.get("reasonCode"))
        for coding in objects_of(concept.get("coding"))
    )


def has_note(order: MriOrder, note: str) -> bool:
    """Whether the order carries this note already."""
    return any(written.get("text") == note for written in objects_of(order.resource.get("note")))


def new_order(
    entry: OrderCode,
    whom: ForWhom,
    guideline: Guideline,
    *,
    priority: str,
    reason: Reason | None,
    period: tuple[date, date] | None,
) -> dict[str, Any]:
    """A new draft order for this patient; without an id, which the client gives.

    Some clients read the first coding and the reason unchecked, so an order without a verified code has ours.
    """
    systems = guideline.terminology.systems
    coding = [
        {"system": systems[s].url, "code": c.code, "display": c.display} for s, c in entry.codes.items()
    ] or [{"system": OWN_ORDERS, "code": entry.name, "display": entry.text}]
    resource: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "category": [{"text": entry.category}] if entry.category else None,
        "priority": priority,
        "code": {"coding": coding, "text": entry.text},
        "subject": {"reference": whom.patient},
        "encounter": {"reference": whom.encounter} if whom.encounter else None,
        "authoredOn": whom.now.isoformat(timespec="seconds") if whom.now else None,
        "requester": whom.requester,
        "occurrencePeriod": {"start": period[0].isoformat(), "end": period[1].isoformat()}
        if period
        else None,
        "reasonCode": [_concept(reason)] if reason else None,
    }
    return {name: value for name, value in resource.items() if value is not None}


def without_empty(value: Any) -> Any:
    """A copy of the value without null, empty strings, lists and objects, at any depth.

    A list of primitives and the list of their extensions ("_given") keep their nulls where they have other
    items: FHIR pairs the two by place.
    """
    if isinstance(value, dict):
        kept = (
            (name, (name.startswith("_") and _paired(member)) or without_empty(member))
            for name, member in value.items()
        )
        return {name: member for name, member in kept if not _is_empty(member)}
    if isinstance(value, list):
        items = [without_empty(item) for item in value]
        kept_items = [item for item in items if not _is_empty(item)]
        if not kept_items or isinstance(kept_items[0], dict):
            return kept_items
        return [item for item in items if item is None or not _is_empty(item)]
    return value


def _paired(extensions: Any) -> list[Any]:
    """The extensions of a list of primitives, each at its place; empty for anything else."""
    if not isinstance(extensions, list):
        return []
    items = [without_empty(item) or None for item in extensions]
    return items if any(items) else []


def _is_empty(value: Any) -> bool:
    if isinstance(value, str):
        return not value or value.isspace()
    return value is None or (isinstance(value, list | dict) and not value)


def requester_of(order: MriOrder) -> dict[str, str] | None:
    """Who makes the order, as a reference that holds in another resource too; None: not said so."""
    given = order.resource.get("requester")
    reference = given.get("reference") if isinstance(given, dict) else None
    if not isinstance(reference, str) or not reference.strip() or reference.startswith("#"):
        return None
    return {"reference": reference}


def _concept(reason: Reason) -> dict[str, Any]:
    coding = {"system": reason.system, "code": reason.code, "display": reason.display}
    return {"coding": [coding], "text": reason.display}
