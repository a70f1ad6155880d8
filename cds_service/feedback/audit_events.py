"""A decision as a FHIR R4 AuditEvent: who asked, which rules answered, and nothing of the patient.

The codes are those of HL7's audit-event-type and restful-interaction, and of the AuditEvent's own elements.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC
from typing import Any

from cds_service.feedback.decision_record import DecisionRecord
from cds_service.feedback.kept import moment_of

_REST = {
    "system": "http://terminology.hl7.org/CodeSystem/audit-event-type",
    "code": "rest",
    "display": "RESTful Operation",
}
_OPERATION = {
    "system": "http://hl7.org/fhir/restful-interaction",
    "code": "operation",
    "display": "operation",
}
_EXECUTE = "E"
_SUCCESS = "0"
_SERVICE = "lumbar-mri-cds"
_URI = "urn:ietf:rfc:3986"
_PSEUDONYM = "urn:lumbar-mri-cds:practitioner-pseudonym"


def audit_bundle(records: Sequence[DecisionRecord]) -> dict[str, Any]:
    """A transaction that creates an AuditEvent of each decision: all of them, or none."""
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"resource": audit_event(record), "request": {"method": "POST", "url": "AuditEvent"}}
            for record in records
        ],
    }


def audit_event(record: DecisionRecord) -> dict[str, Any]:
    """The decision; the entity is the card, or the service's silence where there was none."""
    told = {
        "outcome": record.outcome,
        "recommendations": ", ".join(json.loads(record.recommendations)),
        "indicator": record.indicator,
        "endorsed": "yes" if record.endorsed else "no",
        "silent": record.silent,
        "reason": record.reason,
        "guideline-version": record.guideline_version,
        "guideline-digest": record.guideline_digest,
    }
    entity: dict[str, Any] = {
        "name": record.service,
        "detail": [{"type": name, "valueString": value} for name, value in told.items() if value],
    }
    if record.card is not None:
        entity["what"] = {"identifier": {"system": _URI, "value": f"urn:uuid:{record.card}"}}
    return {
        "resourceType": "AuditEvent",
        "type": _REST,
        "subtype": [_OPERATION],
        "action": _EXECUTE,
        "recorded": moment_of(record.decided_ms).astimezone(UTC).isoformat(timespec="milliseconds"),
        "outcome": _SUCCESS,
        "agent": [{"name": record.client, "requestor": True}, *_practitioner(record)],
        "source": {"observer": {"display": _SERVICE}},
        "entity": [entity],
    }


def _practitioner(record: DecisionRecord) -> list[dict[str, Any]]:
    """Who ordered, by the pseudonym; nobody without a key."""
    if record.practitioner is None:
        return []
    who = {"identifier": {"system": _PSEUDONYM, "value": record.practitioner}}
    return [{"who": who, "requestor": False}]
