"""Hook calls for the tests of the shell: what the guideline says of them does not matter there."""

from typing import Any

SELECT = "/cds-services/lumbar-mri-order-select"
SIGN = "/cds-services/lumbar-mri-order-sign"
PATIENT_ID = "S1234567A"
HOOK_INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"


def knee_request(hook: str = "order-select", **members: Any) -> dict[str, Any]:
    """A call about a knee MRI, which is none of the guideline's business, so that the answer has no card."""
    order = {
        "resourceType": "ServiceRequest",
        "id": "knee-1",
        "status": "draft",
        "intent": "order",
        "code": {"text": "MRI of the left knee"},
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
    }
    context: dict[str, Any] = {
        "userId": "Practitioner/d1",
        "patientId": PATIENT_ID,
        "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order}]},
    }
    if hook == "order-select":
        context["selections"] = ["ServiceRequest/knee-1"]
    return {
        "hook": hook,
        "hookInstance": HOOK_INSTANCE,
        "context": context,
        **members,
    }
