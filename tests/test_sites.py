"""The example overlays through the whole service: local codes are understood, and the advice follows the site."""

import json
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cds_service.access.prefetch import Prefetched
from cds_service.app import build_services, create_app
from cds_service.record.facts import ReadState
from cds_service.record.users import USER_ROLE, has_role
from cds_service.settings import Settings
from tests.builders import (
    Resource,
    concept,
    hook_request,
    observation,
    patient,
    prefetch_of,
    quantity,
    service_request,
)
from tests.conftest import NOW
from tests.vignettes.asking import numbered_uuids
from tests.vignettes.stories import STORIES

SITES = Path(__file__).parents[1] / "sites"
CATALOGUE, RIS = "https://polyclinic.example/catalogue", "urn:oid:1.2.3.4.5.6.7"
INTAKE = "https://hospital.example/Questionnaire/spine-intake"
DECISION = "org.lumbar-mri-cds.decision"


def local(system: str, code: str, display: str | None = None) -> Resource:
    coding = {"system": system, "code": code} | ({"display": display} if display else {})
    return {"coding": [coding]}


@cache
def client_of(site: str | None) -> Any:
    services = build_services(Settings(site=SITES / site if site else None))
    return create_app(services=replace(services, clock=lambda: NOW, new_uuid=numbered_uuids())).test_client()


def ask(site: str | None, request: dict[str, Any]) -> dict[str, Any]:
    answer = client_of(site).post(f"/cds-services/lumbar-mri-{request['hook']}", json=request)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body: dict[str, Any] = json.loads(answer.get_data())
    return body


def request_of(story: str, order: Resource, *others: Resource) -> dict[str, Any]:
    """The story's request with other drafts; only the first is selected."""
    request = deepcopy(STORIES[story].request(NOW))
    drafts = [order, *others]
    request["context"]["draftOrders"]["entry"] = [{"resource": draft} for draft in drafts]
    if "selections" in request["context"]:
        request["context"]["selections"] = [f"ServiceRequest/{order['id']}"]
    return request


def outcome(answer: dict[str, Any]) -> str:
    found: str = answer["cards"][0]["extension"][DECISION]["outcome"]
    return found


def actions(answer: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    card = answer["cards"][0]
    every = [action for choice in card.get("suggestions", []) for action in choice["actions"]]
    return [action for action in every if action["type"] == kind]


@pytest.mark.parametrize(
    ("site", "system", "code"),
    [
        pytest.param("polyclinic", CATALOGUE, "RAD-2210", id="by the address of the catalogue"),
        pytest.param("polyclinic", "polycat", "RAD-2290", id="by another name of it"),
        pytest.param("hospital", RIS, "4711", id="from a ConceptMap"),
    ],
)
def test_a_catalogue_number_alone_is_the_order_of_a_lumbar_mri(site: str, system: str, code: str) -> None:
    request = request_of("V03", service_request(local(system, code)))
    assert outcome(ask(site, request)) == "not-indicated"
    assert ask(None, request) == {"cards": []}, "the guideline alone cannot know the number"


@pytest.mark.parametrize(
    ("site", "system", "code"),
    [("polyclinic", CATALOGUE, "RAD-9999"), ("hospital", RIS, "5000")],
    ids=["unknown number", "mapped as unmatched"],
)
def test_another_number_of_the_catalogue_is_no_business_of_ours(site: str, system: str, code: str) -> None:
    assert ask(site, request_of("V03", service_request(local(system, code)))) == {"cards": []}


def test_an_order_is_changed_within_the_catalogue_that_it_came_from() -> None:
    answer = ask("hospital", request_of("V45", service_request(local(RIS, "4711"))))
    changed = [action["resource"]["code"]["coding"] for action in actions(answer, "update")]
    with_contrast = {"system": RIS, "code": "4712", "display": "MRI lumbar spine with and without contrast"}
    assert [with_contrast] in changed
    assert all(coding["system"] == RIS for codings in changed for coding in codings)


def test_a_suggested_order_has_the_sites_code_first() -> None:
    answer = ask("polyclinic", request_of("V03", service_request(local(CATALOGUE, "RAD-2210"))))
    first = [action["resource"]["code"]["coding"][0] for action in actions(answer, "create")]
    assert {"system": CATALOGUE, "code": "REF-PT", "display": "Referral to physiotherapy"} in first


def test_a_referral_with_the_sites_code_is_known_when_it_comes_back() -> None:
    order = service_request(local(RIS, "4711"), priority="stat")
    referral = service_request(local(RIS, "9001"), id="ref-1", priority="stat")
    alone, together = (ask("hospital", request_of("V29", order, *rest)) for rest in ((), (referral,)))
    assert outcome(alone) == "emergency"
    assert together["cards"] == [], "the right order beside the right referral; the site wants no endorsement"


def test_a_local_bladder_scan_is_read_against_the_sites_own_volume() -> None:
    retention = observation(local(RIS, "0815"), quantity(170, "mL"), effective="2026-06-15T08:00:00+08:00")
    request = request_of("V03", service_request(local(RIS, "4711")))
    entries = request["prefetch"]["observations"].setdefault("entry", [])
    entries.append({"resource": retention | {"id": "pvr", "subject": {"reference": "Patient/p1"}}})
    request["prefetch"]["observations"]["total"] = len(entries)
    facts = ask("hospital", request)["cards"][0]["extension"][DECISION]
    assert facts["outcome"] in ("emergency", "urgent", "possible")
    assert any(fact["resource"] == "Observation/pvr" for fact in facts["facts"])


@pytest.mark.parametrize(("link_id", "found"), [("q7", "R4"), ("q8", "R4")], ids=["saddle", "retention"])
def test_a_question_of_the_sites_form_is_known_by_its_link_id(link_id: str, found: str) -> None:
    form = {
        "resourceType": "QuestionnaireResponse", "id": "form", "questionnaire": INTAKE, "status": "completed",
        "subject": {"reference": "Patient/p1"}, "authored": "2026-06-15T08:00:00+08:00",
        "item": [{"linkId": link_id, "text": "?", "answer": [{"valueBoolean": True}]}],
    }  # fmt: skip
    request = request_of("V03", service_request(local(RIS, "4711")))
    request["prefetch"]["questionnaireResponses"] = {
        "resourceType": "Bundle", "type": "searchset", "total": 1, "entry": [{"resource": form}],
    }  # fmt: skip
    decision = ask("hospital", request)["cards"][0]["extension"][DECISION]
    assert found in decision["recommendations"]


def test_discovery_asks_for_the_local_codes_and_for_the_role_that_matters() -> None:
    services = json.loads(client_of("polyclinic").get("/cds-services").get_data())["services"]
    for service in services:
        assert "OBS-PVR" in service["prefetch"]["observations"]
        assert service["prefetch"]["userRole"] == "PractitionerRole/{{userPractitionerRoleId}}"
    shipped = json.loads(client_of(None).get("/cds-services").get_data())["services"]
    assert all("userRole" not in service["prefetch"] for service in shipped)


def test_the_card_links_the_sites_leaflet() -> None:
    card = ask("polyclinic", request_of("V03", service_request(local(CATALOGUE, "RAD-2210"))))["cards"][0]
    assert {
        "label": "Leaflet for the patient",
        "url": "https://polyclinic.example/leaflets/low-back-pain",
        "type": "absolute",
    } in card["links"]


def possible_for(user: str, role: Resource | None) -> dict[str, Any]:
    story = next(
        s for s in STORIES.values() if s.outcome == "P" and s.hook == "order-select" and not s.safety
    )
    request = request_of(story.id, service_request(local(CATALOGUE, "RAD-2210")))
    request["context"]["userId"] = user
    if role is not None:
        request["prefetch"]["userRole"] = role
    return ask("polyclinic", request)


SPINE = {"coding": [{"system": "https://polyclinic.example/roles", "code": "spine"}]}


@pytest.mark.parametrize(
    ("user", "role", "silent"),
    [
        pytest.param("PractitionerRole/r1", {"id": "r1", "specialty": [SPINE]}, True, id="a specialist by code"),
        pytest.param("PractitionerRole/r1", {"id": "r1", "code": [{"text": "orthopaedic surgery"}]}, True,
                     id="a specialist by words"),
        pytest.param("Practitioner/d1", {"id": "r1", "practitioner": {"reference": "Practitioner/d1"},
                     "specialty": [SPINE]}, True, id="a specialist by the person"),
        pytest.param("PractitionerRole/r2", {"id": "r1", "specialty": [SPINE]}, False, id="another user's role"),
        pytest.param("PractitionerRole/r1", {"id": "r1", "active": False, "specialty": [SPINE]}, False,
                     id="a role that ended"),
        pytest.param("PractitionerRole/r1", {"id": "r1", "specialty": [{"text": "Dermatology"}]}, False,
                     id="another specialty"),
        pytest.param("PractitionerRole/r1", None, False, id="nothing known"),
    ],
)  # fmt: skip
def test_a_possible_card_stays_silent_for_the_sites_specialists_alone(
    user: str, role: Resource | None, silent: bool
) -> None:
    sent = role and {"resourceType": "PractitionerRole", **role}
    assert (possible_for(user, sent)["cards"] == []) is silent


def test_an_emergency_is_never_kept_from_a_specialist() -> None:
    request = request_of("V29", service_request(local(CATALOGUE, "RAD-2210")))
    request["context"]["userId"] = "PractitionerRole/r1"
    request["prefetch"]["userRole"] = {"resourceType": "PractitionerRole", "id": "r1", "specialty": [SPINE]}
    assert outcome(ask("polyclinic", request)) == "emergency"


def test_a_role_is_not_a_look_at_the_patient() -> None:
    role = {"resourceType": "PractitionerRole", "id": "r1", "specialty": [SPINE]}
    request = hook_request(
        "order-select",
        hook_instance="1b1a6a0e-97a4-4a4c-9f6b-0d1f6a3b7c11",
        draft_orders=[service_request(concept(text="MRI lumbar spine"))],
        prefetch=prefetch_of(patient("1980-01-01"), []),
    )
    request["prefetch"] = {"userRole": role}
    answer = client_of("polyclinic").post("/cds-services/lumbar-mri-order-select", json=request)
    assert answer.status_code == 412


@pytest.mark.parametrize(
    ("story", "rating"),
    [
        pytest.param("V29", "appropriate", id="emergency"),
        pytest.param("V04", "appropriate", id="may be indicated"),
        pytest.param("V03", "not-appropriate", id="not indicated"),
        pytest.param("V07", None, id="not enough to say"),
    ],
)
def test_the_verdict_is_written_on_the_order_where_a_site_wants_it(story: str, rating: str | None) -> None:
    request = request_of(story, service_request(local(RIS, "4711")))
    rated = ask("hospital", request).get("systemActions", [])
    codes = [
        one["valueCodeableConcept"]["coding"][0]["code"]
        for action in rated
        for one in action["resource"]["extension"]
        if one["url"].endswith("/pama-rating")
    ]
    assert codes == ([rating] if rating else [])
    assert all(action["type"] == "update" and action["description"] for action in rated)
    assert all(action["resource"]["code"] == local(RIS, "4711") for action in rated)


def test_no_order_is_rated_unless_a_site_switches_it_on() -> None:
    assert "systemActions" not in ask(
        "polyclinic", request_of("V03", service_request(local(CATALOGUE, "RAD-2210")))
    )
    assert "systemActions" not in ask(None, STORIES["V03"].request(NOW))


def test_a_second_rating_replaces_the_first() -> None:
    order = service_request(local(RIS, "4711"))
    first = ask("hospital", request_of("V03", order))["systemActions"][0]["resource"]
    second = ask("hospital", request_of("V03", first))["systemActions"][0]["resource"]
    assert len(second["extension"]) == len(first["extension"]) == 2


@pytest.mark.parametrize("role", ["none", "None|None"])
def test_a_role_that_says_nothing_is_no_specialist(role: str) -> None:
    """A coding without text, system or code has no name; "None" would be one of Python's."""
    empty = {"resourceType": "PractitionerRole", "id": "pr1", "code": [{"coding": [{}]}], "specialty": [{}]}
    sent = {USER_ROLE: Prefetched(ReadState.COMPLETE, (empty,))}
    assert not has_role(sent, "PractitionerRole/pr1", (role,))
