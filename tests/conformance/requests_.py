"""Small hook requests with dates relative to today, since the clock of the service cannot be set."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

Resource = dict[str, Any]

PATIENT_ID = "pat-100"
ORDER_ID = "mri-1"
ORDER = f"ServiceRequest/{ORDER_ID}"

SNOMED = "http://snomed.info/sct"
CPT = "http://www.ama-assn.org/go/cpt"
LUMBAR_MRI = {"coding": [{"system": SNOMED, "code": "394451000119106"}], "text": "MRI lumbar spine"}
LUMBAR_MRI_BY_CPT = {"coding": [{"system": CPT, "code": "72148"}], "text": "MRI L-spine w/o contrast"}
KNEE_MRI = {"text": "MRI of the left knee"}

_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def day(days_ago: int) -> str:
    """The date so many days ago."""
    return (datetime.now(UTC) - timedelta(days=days_ago)).date().isoformat()


def mri_order(
    id: str = ORDER_ID, code: Resource = LUMBAR_MRI, patient_id: str = PATIENT_ID, **more: Any
) -> Resource:
    """A draft imaging order, as small as an EHR sends it."""
    return {
        "resourceType": "ServiceRequest",
        "id": id,
        "status": "draft",
        "intent": "order",
        "code": code,
        "subject": {"reference": f"Patient/{patient_id}"},
        **more,
    }


def condition(id: str, code: str, text: str, days_ago: int, patient_id: str = PATIENT_ID) -> Resource:
    """A confirmed and active problem with its onset."""
    return {
        "resourceType": "Condition",
        "id": id,
        "clinicalStatus": {"coding": [{"system": _CLINICAL, "code": "active"}]},
        "verificationStatus": {"coding": [{"system": _VERIFICATION, "code": "confirmed"}]},
        "code": {"coding": [{"system": SNOMED, "code": code, "display": text}]},
        "subject": {"reference": f"Patient/{patient_id}"},
        "onsetDateTime": day(days_ago),
        "recordedDate": day(days_ago),
    }


def back_pain(patient_id: str = PATIENT_ID) -> Resource:
    """Low back pain for ten days."""
    return condition("pain", "279039007", "Low back pain", 10, patient_id)


def saddle_numbness(patient_id: str = PATIENT_ID) -> Resource:
    """Numbness of the saddle area since yesterday."""
    return condition("saddle", "449813001", "Numbness of saddle area", 1, patient_id)


def old_entry(patient_id: str = PATIENT_ID) -> Resource:
    """A problem of long ago, so that the record is not younger than the pain."""
    return {**condition("asthma", "0", "", 900, patient_id), "code": {"text": "Asthma"}}


def searchset(resources: Iterable[Any] = (), **members: Any) -> Resource:
    """A search result as a server returns it."""
    entries = [{"resource": resource, "search": {"mode": "match"}} for resource in resources]
    found = {"resourceType": "Bundle", "type": "searchset", "total": len(entries)}
    return {**found, **({"entry": entries} if entries else {}), **members}


def whole_prefetch(
    keys: Iterable[str], *conditions: Resource, patient_id: str = PATIENT_ID
) -> dict[str, Any]:
    """Every declared key, read and empty, but for the patient, the encounter and the given problems."""
    prefetch: dict[str, Any] = {key: searchset() for key in keys}
    prefetch["patient"] = {
        "resourceType": "Patient",
        "id": patient_id,
        "gender": "female",
        "birthDate": day(14_000),
    }
    if "encounter" in prefetch:
        prefetch["encounter"] = {
            "resourceType": "Encounter",
            "id": "enc-5",
            "status": "in-progress",
            "class": {"system": _ACT_CODE, "code": "AMB"},
            "subject": {"reference": f"Patient/{patient_id}"},
        }
    prefetch["conditions"] = searchset([old_entry(patient_id), *conditions])
    return prefetch


def hook_request(
    prefetch: dict[str, Any] | None,
    *orders: Any,
    hook: str = "order-select",
    selections: list[Any] | None = None,
    patient_id: str = PATIENT_ID,
) -> dict[str, Any]:
    """A hook request about these orders; at order-select all are selected unless it is said otherwise."""
    drafts = orders or (mri_order(patient_id=patient_id),)
    context: dict[str, Any] = {
        "userId": "PractitionerRole/pr-77",
        "patientId": patient_id,
        "encounterId": "enc-5",
        "draftOrders": {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": order} for order in drafts],
        },
    }
    if hook == "order-select":
        named = [f"{order['resourceType']}/{order['id']}" for order in drafts]
        context["selections"] = named if selections is None else selections
    body = {"hook": hook, "hookInstance": str(uuid4()), "context": context}
    return body if prefetch is None else {**body, "prefetch": prefetch}


def without(body: dict[str, Any], *path: str) -> dict[str, Any]:
    """A copy of a request without one member."""
    name, *rest = path
    if not rest:
        return {member: value for member, value in body.items() if member != name}
    return {**body, name: without(body[name], *rest)}


def having(body: dict[str, Any], value: Any, *path: str) -> dict[str, Any]:
    """A copy of a request with one member set."""
    name, *rest = path
    return {**body, name: having(body.get(name, {}), value, *rest) if rest else value}
