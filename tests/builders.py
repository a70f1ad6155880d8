"""Small builders of FHIR R4 resources and CDS Hooks requests, as plain dicts.

A builder leaves out what it was not given, so that a test says only what matters to it.
Resources come without `id` and belong to the patient `p1`; `prefetch_of` numbers them
and moves them to another patient.
Dates are FHIR strings, whole or partial, exactly as a client would send them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Resource = dict[str, Any]
Concept = dict[str, Any]

PATIENT_ID = "p1"
SERVER = "https://ehr.example/fhir"
HL7 = "http://terminology.hl7.org/CodeSystem"

PREFETCH_TYPES: Mapping[str, str] = {
    "conditions": "Condition",
    "observations": "Observation",
    "procedures": "Procedure",
    "medications": "MedicationRequest",
    "medicationStatements": "MedicationStatement",
    "medicationDispenses": "MedicationDispense",
    "encounters": "Encounter",
    "appointments": "Appointment",
    "devices": "Device",
    "diagnosticReports": "DiagnosticReport",
    "allergies": "AllergyIntolerance",
    "questionnaireResponses": "QuestionnaireResponse",
}

_SYSTEMS = {
    "snomed": "http://snomed.info/sct",
    "icd10": "http://hl7.org/fhir/sid/icd-10",
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "loinc": "http://loinc.org",
    "cpt": "http://www.ama-assn.org/go/cpt",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "atc": "http://www.whocc.no/atc",
    "nci": "urn:oid:2.16.840.1.113883.3.26.1.1",
    "local": "http://hospital.example/codes",
}


def without_empty(members: Mapping[str, Any]) -> Resource:
    """The members that have a value; CDS Hooks and FHIR know no null and no empty list."""
    return {name: value for name, value in members.items() if value not in (None, "", [], {}, ())}


def concept(text: str | None = None, **codes: str) -> Concept:
    """A CodeableConcept: `concept("Low back pain", snomed="279039007")`; text alone is allowed.

    `snomed="449813001|Numbness of saddle area (finding)"` gives the coding a display of its own.
    """
    codings = [_coding(system, code, text) for system, code in codes.items()]
    return without_empty({"coding": codings, "text": text})


def _coding(system: str, code: str, text: str | None) -> Resource:
    value, _, display = code.partition("|")
    return without_empty({"system": _SYSTEMS[system], "code": value, "display": display or text})


def quantity(value: float | int, unit: str | None = None) -> Resource:
    """A Quantity with its UCUM code; without a unit it is a bare number, as some laboratories send it."""
    if unit is None:
        return {"value": value}
    return {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


def patient(
    birth_date: str, gender: str = "female", *, id: str = PATIENT_ID, name: str = "Example"
) -> Resource:
    """A Patient with the elements that the rules read."""
    return {
        "resourceType": "Patient",
        "id": id,
        "name": [{"family": name}],
        "gender": gender,
        "birthDate": birth_date,
    }


def condition(
    code: Concept,
    *,
    onset: str | None = None,
    recorded: str | None = None,
    abated: str | None = None,
    clinical: str | None = "active",
    verification: str | None = "confirmed",
    category: str = "problem-list-item",
    site: str | None = None,
    severity: str | None = None,
    note: tuple[str, str] | None = None,
    **more: Any,
) -> Resource:
    """A Condition; `note` is (dateTime, text), `clinical=None` leaves out the status (error entries)."""
    return without_empty(
        {
            "resourceType": "Condition",
            "clinicalStatus": clinical and _status("condition-clinical", clinical),
            "verificationStatus": verification and _status("condition-ver-status", verification),
            "category": [_status("condition-category", category)],
            "severity": severity and concept(severity),
            "code": code,
            "bodySite": site and [concept(site)],
            "subject": _subject(),
            "onsetDateTime": onset,
            "abatementDateTime": abated,
            "recordedDate": recorded,
            "note": note and [{"time": note[0], "text": note[1]}],
            **more,
        }
    )


def _status(system: str, code: str) -> Concept:
    return {"coding": [{"system": f"{HL7}/{system}", "code": code}]}


def _subject() -> Resource:
    return {"reference": f"Patient/{PATIENT_ID}"}


def observation(
    code: Concept,
    value: Any = None,
    *,
    effective: str | None = None,
    category: str = "exam",
    status: str = "final",
    site: str | None = None,
    interpretation: str | None = None,
    note: str | None = None,
    **more: Any,
) -> Resource:
    """An Observation; the Python type of the value decides its kind (a dict with `value` is a Quantity)."""
    return without_empty(
        {
            "resourceType": "Observation",
            "status": status,
            "category": [_status("observation-category", category)],
            "code": code,
            "subject": _subject(),
            "effectiveDateTime": effective,
            **_value(value),
            "interpretation": interpretation and [_status("v3-ObservationInterpretation", interpretation)],
            "bodySite": site and concept(site),
            "note": note and [{"text": note}],
            **more,
        }
    )


def _value(value: Any) -> Resource:
    match value:
        case None:
            return {}
        case bool():
            return {"valueBoolean": value}
        case int():
            return {"valueInteger": value}
        case str():
            return {"valueString": value}
        case {"value": _}:
            return {"valueQuantity": value}
        case _:
            return {"valueCodeableConcept": value}


def muscle_power(movement: str, grade: int | str, effective: str) -> Resource:
    """A muscle grade as EHR flowsheets give it: no code is verified, so words name side and movement."""
    return observation(concept(f"{movement} power (MRC)"), grade, effective=effective)


def pain_score(score: int, effective: str) -> Resource:
    """A pain score 0 to 10 (LOINC 72514-3)."""
    code = concept("Pain severity 0-10", loinc="72514-3")
    return observation(code, quantity(score, "{score}"), effective=effective, category="survey")


def procedure(
    code: Concept,
    *,
    performed: str | None = None,
    period: tuple[str, str | None] | None = None,
    status: str = "completed",
    site: str | None = None,
    reason: Concept | None = None,
    **more: Any,
) -> Resource:
    """A Procedure on a day (`performed`) or over a period (start, end or None while it goes on)."""
    return without_empty(
        {
            "resourceType": "Procedure",
            "status": status,
            "code": code,
            "subject": _subject(),
            "performedDateTime": performed,
            "performedPeriod": period and without_empty({"start": period[0], "end": period[1]}),
            "bodySite": site and [concept(site)],
            "reasonCode": reason and [reason],
            **more,
        }
    )


def medication_request(
    drug: Concept,
    *,
    authored: str | None,
    status: str = "active",
    reason: Concept | None = None,
    daily_mg: int | None = None,
    until: str | None = None,
    repeats: int | None = None,
    **more: Any,
) -> Resource:
    """A prescription; `daily_mg` is one dose a day, `until` the end of its validity."""
    supply = without_empty(
        {
            "validityPeriod": until and without_empty({"start": authored, "end": until}),
            "numberOfRepeatsAllowed": repeats,
        }
    )
    return without_empty(
        {
            "resourceType": "MedicationRequest",
            "status": status,
            "intent": "order",
            "medicationCodeableConcept": drug,
            "subject": _subject(),
            "authoredOn": authored,
            "reasonCode": reason and [reason],
            "dosageInstruction": daily_mg and [_once_a_day(daily_mg)],
            "dispenseRequest": supply,
            **more,
        }
    )


def _once_a_day(milligrams: int) -> Resource:
    return {
        "text": f"{milligrams} mg once a day",
        "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
        "doseAndRate": [{"doseQuantity": quantity(milligrams, "mg")}],
    }


def medication_statement(
    drug: Concept, *, start: str | None, end: str | None = None, status: str = "active", **more: Any
) -> Resource:
    """What the patient says they take, from `start` to `end` (None: still taken)."""
    return without_empty(
        {
            "resourceType": "MedicationStatement",
            "status": status,
            "medicationCodeableConcept": drug,
            "subject": _subject(),
            "effectivePeriod": without_empty({"start": start, "end": end}),
            **more,
        }
    )


def medication_dispense(drug: Concept, *, handed_over: str, days: int | None = None) -> Resource:
    """A completed supply from the pharmacy."""
    return without_empty(
        {
            "resourceType": "MedicationDispense",
            "status": "completed",
            "medicationCodeableConcept": drug,
            "subject": _subject(),
            "whenHandedOver": handed_over,
            "daysSupply": days and quantity(days, "d"),
        }
    )


def appointment(service: Concept, *, start: str, status: str = "fulfilled") -> Resource:
    """An Appointment; R4 has no subject here, the patient is a participant."""
    return {
        "resourceType": "Appointment",
        "status": status,
        "serviceType": [service],
        "start": start,
        "participant": [{"actor": _subject(), "status": "accepted"}],
    }


def encounter(
    start: str,
    *,
    end: str | None = None,
    kind: str = "AMB",
    status: str | None = None,
    type: Concept | None = None,
    reason: Concept | None = None,
    **more: Any,
) -> Resource:
    """A contact of class `kind` (v3-ActCode); without an end it is in progress."""
    return without_empty(
        {
            "resourceType": "Encounter",
            "status": status or ("finished" if end else "in-progress"),
            "class": {"system": f"{HL7}/v3-ActCode", "code": kind},
            "type": type and [type],
            "subject": _subject(),
            "period": without_empty({"start": start, "end": end}),
            "reasonCode": reason and [reason],
            **more,
        }
    )


def device(type: Concept, *, status: str = "active", safety: str | None = None, **more: Any) -> Resource:
    """An implant or aid; `safety` is the NCI Thesaurus code of `Device.safety`."""
    return without_empty(
        {
            "resourceType": "Device",
            "status": status,
            "type": type,
            "patient": _subject(),
            "safety": safety and [concept(nci=safety)],
            **more,
        }
    )


def diagnostic_report(code: Concept, *, effective: str, conclusion: str, status: str = "final") -> Resource:
    """An imaging report with its conclusion in words."""
    return {
        "resourceType": "DiagnosticReport",
        "status": status,
        "code": code,
        "subject": _subject(),
        "effectiveDateTime": effective,
        "conclusion": conclusion,
    }


def allergy(code: Concept, *, recorded: str) -> Resource:
    """An allergy that is current and confirmed."""
    return {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": _status("allergyintolerance-clinical", "active"),
        "verificationStatus": _status("allergyintolerance-verification", "confirmed"),
        "code": code,
        "patient": _subject(),
        "recordedDate": recorded,
    }


def questionnaire_response(
    answers: Sequence[tuple[str, bool | str]], *, authored: str, status: str = "completed"
) -> Resource:
    """A filled-in form with readable questions; no site maps its link ids, so the words have to do."""
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": "http://hospital.example/Questionnaire/back-pain",
        "status": status,
        "subject": _subject(),
        "authored": authored,
        "item": [
            {"linkId": str(number), "text": question, "answer": [_value(answer)]}
            for number, (question, answer) in enumerate(answers, start=1)
        ],
    }


def service_request(
    code: Concept,
    *,
    id: str = "mri-1",
    status: str = "draft",
    intent: str = "order",
    priority: str = "routine",
    reason: Concept | None = None,
    note: str | None = None,
    patient_id: str = PATIENT_ID,
    **more: Any,
) -> Resource:
    """A draft order as it stands in `context.draftOrders`."""
    return without_empty(
        {
            "resourceType": "ServiceRequest",
            "id": id,
            "status": status,
            "intent": intent,
            "priority": priority,
            "code": code,
            "subject": {"reference": f"Patient/{patient_id}"},
            "reasonCode": reason and [reason],
            "note": note and [{"text": note}],
            **more,
        }
    )


def searchset(resources: Iterable[Resource] = (), *, next_page: str | None = None) -> Resource:
    """The answer to a search; nothing found is `total` 0 without `entry`."""
    entries = [
        {
            "fullUrl": f"{SERVER}/{found['resourceType']}/{found['id']}",
            "resource": found,
            "search": {"mode": "match"},
        }
        for found in resources
    ]
    links = [{"relation": "next", "url": next_page}] if next_page else []
    return without_empty({"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries}) | {
        "total": len(entries)
    }


def operation_outcome(code: str, text: str) -> Resource:
    """What a client sends in the place of data that it could not read."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": code, "details": {"text": text}}],
    }


def prefetch_of(
    subject: Resource, resources: Iterable[Resource], current: Resource | None = None
) -> Resource:
    """Every prefetch key for this record: resources by type, numbered where they have no id, of one patient.

    `current` is the encounter of the call; a search for encounters finds it too.
    """
    sorted_by_type: defaultdict[str, list[Resource]] = defaultdict(list)
    for resource in (*resources, *([current] if current else [])):
        same_type = sorted_by_type[resource["resourceType"]]
        numbered = f"{resource['resourceType'].lower()}-{len(same_type) + 1}"
        same_type.append(of_patient(resource, subject["id"], numbered))
    prefetch: Resource = {"patient": subject}
    if current:
        prefetch["encounter"] = sorted_by_type["Encounter"][-1]
    return prefetch | {key: searchset(sorted_by_type[kind]) for key, kind in PREFETCH_TYPES.items()}


def of_patient(resource: Resource, patient_id: str, id: str) -> Resource:
    """The resource as one of this patient's, under this id unless it has its own."""
    reference = {"reference": f"Patient/{patient_id}"}
    filed: Resource = {"resourceType": resource["resourceType"], "id": id} | resource
    for name in ("subject", "patient"):
        if filed.get(name) == _subject():
            filed[name] = reference
    if filed["resourceType"] == "Appointment":
        filed["participant"] = [part | {"actor": reference} for part in filed["participant"]]
    return filed


def hook_request(
    hook: str,
    *,
    hook_instance: str,
    draft_orders: Sequence[Resource],
    selections: Sequence[str] | None = None,
    prefetch: Resource,
) -> Resource:
    """A strictly valid CDS Hooks request; `selections` (order-select only) are all drafts unless given."""
    chosen = [f"{order['resourceType']}/{order['id']}" for order in draft_orders]
    context = {
        "userId": "Practitioner/dr-1",
        "patientId": prefetch["patient"]["id"],
        "encounterId": prefetch.get("encounter", {}).get("id"),
        "selections": (selections or chosen) if hook == "order-select" else None,
        "draftOrders": {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": order} for order in draft_orders],
        },
    }
    return {
        "hook": hook,
        "hookInstance": hook_instance,
        "context": without_empty(context),
        "prefetch": prefetch,
    }
