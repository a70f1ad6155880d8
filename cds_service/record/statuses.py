"""The status of a resource, of the codes that FHIR R4 defines for its type; any other is unreadable."""

from __future__ import annotations

from collections.abc import Mapping

from cds_service.record.projection import BrokenElement, Raw

_ANYWHERE = frozenset({"entered-in-error", "unknown"})
_EVENT = frozenset({"preparation", "in-progress", "not-done", "on-hold", "stopped", "completed"}) | _ANYWHERE
_DEFINED: Mapping[str, frozenset[str]] = {
    "Observation": _ANYWHERE
    | {"registered", "preliminary", "final", "amended", "corrected", "cancelled"},
    "DiagnosticReport": _ANYWHERE
    | {"registered", "partial", "preliminary", "final", "amended", "corrected", "appended", "cancelled"},
    "Procedure": _EVENT,
    "Communication": _EVENT,
    "MedicationRequest": _ANYWHERE
    | {"active", "on-hold", "cancelled", "completed", "stopped", "draft"},
    "MedicationStatement": _ANYWHERE
    | {"active", "completed", "intended", "stopped", "on-hold", "not-taken"},
    "MedicationDispense": _ANYWHERE
    | {"preparation", "in-progress", "cancelled", "on-hold", "completed", "stopped", "declined"},
    "Encounter": _ANYWHERE
    | {"planned", "arrived", "triaged", "in-progress", "onleave", "finished", "cancelled"},
    "Appointment": _ANYWHERE
    | {"proposed", "pending", "booked", "arrived", "fulfilled", "cancelled", "noshow"}
    | {"checked-in", "waitlist"},
    "Device": _ANYWHERE | {"active", "inactive"},
    "QuestionnaireResponse": _ANYWHERE | {"in-progress", "completed", "amended", "stopped"},
    "CarePlan": _ANYWHERE | {"draft", "active", "on-hold", "revoked", "completed"},
}  # fmt: skip
_INTENTS = frozenset({
    "proposal", "plan", "directive", "order", "original-order", "reflex-order", "filler-order",
    "instance-order", "option",
})  # fmt: skip


def plain_status(raw: Raw, element: str = "status") -> str | None:
    """The code of a status element, spelled as FHIR does; None where it is missing or no text."""
    status = raw.get(element)
    return status.strip().lower() if isinstance(status, str) else None


def status_of(raw: Raw, element: str = "status") -> str:
    """The code of a status element; raises BrokenElement where it is none of FHIR's.

    A resource of which nobody can say whether it counts is unread, never passed over: "F" may mean final.
    """
    status = plain_status(raw, element)
    defined = _INTENTS if element == "intent" else _DEFINED.get(str(raw.get("resourceType")))
    if status is None or not status or (defined is not None and status not in defined):
        raise BrokenElement(element)
    return status
