"""The shipped profiles, asked as their clients ask: requests in the shape in which each client's code builds them.

The shapes are those of github.com/cds-hooks/sandbox (src/components/Pama/pama.jsx,
src/retrieve-data-helpers/service-exchange.js), github.com/HL7-DaVinci/crd-request-generator
(src/util/buildRequest.js) and Medplum's client library; the record is invented.
"""

import json
from typing import Any

import pytest

from cds_service.access.client_file import PROFILES, load_clients
from cds_service.access.clients import ClientProfile
from tests.builders import Resource, concept, condition, encounter, patient, prefetch_of
from tests.clients import ask_as, logged_as, outcomes, suggested_orders
from tests.conformance.lint import complaints_about_response
from tests.vignettes.asking import services_of_the_stories

(SANDBOX,) = load_clients("sandbox").client
(GENERATOR,) = load_clients("request-generator").client
(DEMO,) = load_clients("open-demo").client
# How the Sandbox is told the verdict; LINT refuses both places, because they need an agreement.
AGREED = {"SYS-5 systemActions inside extension", "EXT-2 $.extension.systemActions is not globally unique"}

RATING = "http://fhir.org/argonaut/Extension/pama-rating"
CPT, SNOMED = "http://www.ama-assn.org/go/cpt", "http://snomed.info/sct"
STUDIES = {
    "72148": "Magnetic resonance (eg, proton) imaging, spinal canal and contents, lumbar; without contrast material",
    "72149": "Magnetic resonance (eg, proton) imaging, spinal canal and contents, lumbar; with contrast material(s)",
    "72158": "Magnetic resonance (eg, proton) imaging, spinal canal and contents, without contrast material, "
    "followed by contrast material(s) and further sequences; lumbar",
}
RECORD = prefetch_of(
    patient("1980-01-01"),
    [condition(concept("Low back pain", snomed="279039007"), onset="2026-06-05", recorded="2026-06-05")],
    encounter("2026-06-15"),
)


def _without_issuer(client: ClientProfile) -> ClientProfile:
    """The same client without proof: tokens have tests of their own."""
    return client.model_copy(update={"issuer": None})


def complaints(client: ClientProfile, request: dict[str, Any], answer: dict[str, Any]) -> set[str]:
    drafts = [entry["resource"] for entry in request["context"]["draftOrders"]["entry"]]
    by_reference = {f"{draft['resourceType']}/{draft['id']}": draft for draft in drafts}
    found = complaints_about_response(answer, by_reference, request["context"]["patientId"])
    return set(found) - (AGREED if client.system_actions == "extension" else set())


def ask(client: ClientProfile, request: dict[str, Any]) -> dict[str, Any]:
    """The answer to the client, which no rule of form complains about."""
    answer = ask_as(_without_issuer(client), request)
    assert complaints(client, request, answer) == set()
    return answer


# The CDS Hooks Sandbox, imaging tab


def sandbox_request(
    study: Resource, *reasons: Resource, hook: str = "order-select", record: Resource = RECORD
) -> dict[str, Any]:
    """What the imaging tab sends: no Bundle.type, no token, and no text where nothing is chosen yet."""
    order = {
        "resourceType": "ServiceRequest",
        "id": "example-request-id",
        "status": "draft",
        "intent": "plan",
        "code": {"coding": [study], **({"text": study["display"]} if study else {})},
        "subject": {"reference": "Patient/p1"},
        "reasonCode": [{"coding": [reason], "text": reason["display"]} for reason in reasons],
    }
    context = {
        "patientId": "p1",
        "userId": "Practitioner/COREPRACTITIONER1",
        "selections": ["ServiceRequest/example-request-id"],
        "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": order}]},
    }
    return {
        "hookInstance": "6bc883b2-b795-4dcb-b661-34884a31d472",
        "hook": hook,
        "fhirServer": "https://launch.smarthealthit.org/v/r4/fhir",
        "context": context,
        "prefetch": record,
    }


def study_coding(code: str) -> Resource:
    return {"system": CPT, "code": code, "display": STUDIES[code]}


def spine_reasons() -> list[Any]:
    """One SNOMED CT code of every value set that has any, as the reason of an order."""
    value_sets = services_of_the_stories().guideline.terminology.value_sets
    reasons = {
        name: {"system": SNOMED, "code": row.code, "display": row.display}
        for name, rows in sorted(value_sets.items())
        for row in rows
        if row.system == SNOMED and row.display
    }
    return [pytest.param(reason, id=name) for name, reason in reasons.items()]


def ratings_read_by_the_page(actions: list[Any]) -> list[str]:
    """The verdict as the imaging tab takes it from the system actions; raises KeyError as the page would."""
    return [
        coding["code"]
        for action in actions
        if action["type"] == "update"
        for one in action["resource"].get("extension") or []
        if one["url"] == RATING
        for coding in one["valueCodeableConcept"]["coding"]
    ]


def order_read_by_the_page(resource: Resource) -> tuple[str, Resource, list[Resource]]:
    """Rating, study and reasons of a suggested order, read without a check (S4, S6)."""
    (rating,) = (one for one in resource["extension"] if one["url"] == RATING)
    reasons = [reason["coding"][0] for reason in resource["reasonCode"]]
    return rating["valueCodeableConcept"]["coding"][0]["code"], resource["code"]["coding"][0], reasons


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_the_sandbox_is_answered_before_anything_is_chosen(hook: str) -> None:
    request = sandbox_request({}, hook=hook)
    assert request["context"]["draftOrders"]["entry"][0]["resource"]["code"] == {"coding": [{}]}
    assert ask(SANDBOX, request) == {"cards": []}


@pytest.mark.parametrize("study", STUDIES)
def test_the_sandbox_shows_the_verdict_of_a_scan_that_is_not_indicated(study: str) -> None:
    reason = {"system": SNOMED, "code": "279039007", "display": "Low back pain (finding)"}
    answer = ask(SANDBOX, sandbox_request(study_coding(study), reason))
    assert outcomes(answer) == ["not-indicated"]
    assert ratings_read_by_the_page(answer["extension"]["systemActions"]) == ["not-appropriate"]


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("reason", spine_reasons())
def test_the_sandbox_can_read_every_order_that_is_suggested_for_a_reason_of_the_spine(
    study: str, reason: Resource
) -> None:
    answer = ask(SANDBOX, sandbox_request(study_coding(study), reason))
    for order in suggested_orders(answer):
        rating, coding, reasons = order_read_by_the_page(order)
        assert rating in ("appropriate", "unknown")
        assert coding["display"]
        assert reasons
    told = ratings_read_by_the_page(answer.get("extension", {}).get("systemActions", []))
    assert set(told) <= {"appropriate", "not-appropriate", "no-criteria-apply"}
    assert "systemActions" not in answer


def test_a_red_flag_on_the_order_is_enough_where_the_sandbox_could_prefetch_nothing() -> None:
    reason = {"system": SNOMED, "code": "192970008", "display": "Cauda equina syndrome (disorder)"}
    request = sandbox_request(study_coding("72148"), reason, record={})
    del request["prefetch"]
    assert outcomes(ask(SANDBOX, request)) == ["emergency"]


def test_the_sandbox_is_trusted_by_a_key_that_lies_beside_its_profile() -> None:
    assert SANDBOX.jwks_file == PROFILES / "sandbox.jwks.json"
    assert SANDBOX.issuer == "https://sandbox.cds-hooks.org"
    # What its tokens name; nothing is fetched where there is a file.
    assert SANDBOX.jwks_url == "https://sandbox.cds-hooks.org/.well-known/jwks.json"
    (key,) = json.loads((PROFILES / "sandbox.jwks.json").read_text())["keys"]
    assert (key["kid"], key["alg"], key["crv"]) == (
        "44823f3d-0b01-4a6c-a80e-b9d3e8a7226f", "ES384", "P-384",
    )  # fmt: skip
    assert "d" not in key  # the public half alone


# The Da Vinci request generator

GENERATOR_RECORD = [
    patient("1980-01-01"),
    {"resourceType": "Practitioner", "id": "example", "name": [{"family": "Example"}]},
    {"resourceType": "Coverage", "id": "cov015", "status": "active"},
]


def generator_request(hook: str, **members: Any) -> dict[str, Any]:
    order = {
        "resourceType": "ServiceRequest",
        "id": "servreq-1",
        "status": "draft",
        "intent": "original-order",
        "code": {
            "coding": [{"system": CPT, "code": "72148", "display": "MRI lumbar spine without contrast"}]
        },
        "subject": {"reference": "Patient/p1"},
        "authoredOn": "2026-06-14",
        "insurance": [{"reference": "Coverage/cov015"}],
        "performer": [{"reference": "Practitioner/example"}],
    }
    context: dict[str, Any] = {
        "userId": "Practitioner/example",
        "patientId": "p1",
        "encounterId": "enc89284",
        "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": order}]},
    }
    if hook == "order-select":
        context["selections"] = ["ServiceRequest/servreq-1"]
    entries = [{"resource": resource} for resource in GENERATOR_RECORD]
    return {
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "fhirServer": "http://localhost:8080/test-ehr/r4",
        "hook": hook,
        "fhirAuthorization": {
            "access_token": "",
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "patient/Patient.read patient/Observation.read",
            "subject": "cds-service4",
        },
        "context": context,
        "extension": {"davinci-crd.configuration": {"alt-drug": True}},
        "prefetch": {
            "serviceRequestBundle": {"resourceType": "Bundle", "type": "collection", "entry": entries}
        },
        **members,
    }


def test_the_request_generator_is_answered_from_its_own_prefetch_key_at_signing() -> None:
    answer = ask(GENERATOR, generator_request("order-sign"))
    assert set(answer) == {"cards"}
    assert outcomes(answer) == ["unclear"]


def test_the_constant_hook_instance_of_the_request_generator_makes_no_call_a_repeated_one() -> None:
    request = generator_request("order-sign")
    first, second = ask(GENERATOR, request), ask(GENERATOR, request)
    assert outcomes(first) == outcomes(second) == ["unclear"]


def test_facts_in_the_request_generators_bundle_are_read() -> None:
    saddle = condition(concept("Numbness of saddle area", snomed="449813001"), onset="2026-06-14")
    entries = [*GENERATOR_RECORD, {**saddle, "id": "s1", "subject": {"reference": "Patient/p1"}}]
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": resource} for resource in entries],
    }
    request = generator_request("order-select", prefetch={"serviceRequestBundle": bundle})
    assert outcomes(ask(GENERATOR, request)) == ["emergency"]


# Medplum


def medplum_request(*unresolved: str) -> dict[str, Any]:
    """Its library sends null for a template that it cannot resolve, without a query."""
    order = {
        "resourceType": "ServiceRequest",
        "id": "0195f1f4-3a3f-7d43-8a58-6f2f52a7c0de",
        "status": "draft",
        "intent": "order",
        "code": {"coding": [study_coding("72148")]},
        "subject": {"reference": "Patient/p1"},
    }
    return {
        "hook": "order-sign",
        "hookInstance": "0f6a4b4e-5b19-4d0e-9f0a-0c4a4d6d2b11",
        "context": {
            "userId": "Practitioner/0195f1f4",
            "patientId": "p1",
            "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order}]},
        },
        "prefetch": {**RECORD, **dict.fromkeys(unresolved)},
    }


MEDPLUM = ClientProfile(name="medplum", null_means="unknown")


@pytest.mark.parametrize("key", sorted(RECORD))
def test_a_key_that_medplum_could_not_resolve_is_unread_and_not_empty(key: str) -> None:
    line = logged_as(MEDPLUM, medplum_request(key))
    assert line["reads"][key] == "not-sent"
    assert line["status"] == 200
    ask(MEDPLUM, medplum_request(key))


def test_medplum_hears_what_could_not_be_read_instead_of_a_no() -> None:
    unresolved = ("observations", "procedures")
    assert outcomes(ask(DEMO, medplum_request(*unresolved))) == ["not-indicated"]
    (card,) = ask(MEDPLUM, medplum_request(*unresolved))["cards"]
    carried = card["extension"]["org.lumbar-mri-cds.decision"]
    assert carried["outcome"] == "unclear"
    assert {"Observation", "Procedure"} <= set(carried["unread"])
