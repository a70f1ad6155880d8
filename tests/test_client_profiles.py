"""What a client's profile changes in an answer, through the whole service."""

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from cds_service.access.client_checks import faults_of_client
from cds_service.access.clients import ClientProfile, Clients
from cds_service.app import build_services
from cds_service.protocol.discovery import HOOK_SERVICES
from cds_service.settings import Settings
from cds_service.web.hooks_api import answer_call
from tests.access.client_files import write
from tests.builders import Resource, concept, service_request
from tests.clients import actions_of, ask_as, logged_as, outcomes, profile, services_for, suggested_orders
from tests.conftest import NOW
from tests.test_sites import SITES
from tests.vignettes.stories import STORIES

NOT_INDICATED, MAY_BE, EMERGENCY, POSSIBLE, UNCLEAR, WITH_DEVICE = "V03", "V04", "V29", "V24", "V07", "V94"
RATING = "http://fhir.org/argonaut/Extension/pama-rating"
SPINE = {"coding": [{"system": "https://hospital.example/roles", "code": "spine"}]}
ROLE = "https://hospital.example/roles|spine"


def story(name: str, *orders: Resource) -> dict[str, Any]:
    """The story's request, with other drafts where some are given; all are selected."""
    request = deepcopy(STORIES[name].request(NOW))
    if orders:
        request["context"]["draftOrders"]["entry"] = [{"resource": order} for order in orders]
        if request["hook"] == "order-select":
            request["context"]["selections"] = [f"ServiceRequest/{order['id']}" for order in orders]
    return request


def mri(id: str, cpt: str = "72148", **more: Any) -> Resource:
    return service_request(concept(f"MRI {cpt}", cpt=cpt), id=id, **more)


THREE = (mri("a", "72148"), mri("b", "72149"), mri("c", "72158"))


def at_signing(request: dict[str, Any]) -> dict[str, Any]:
    context = {name: value for name, value in request["context"].items() if name != "selections"}
    return {**request, "hook": "order-sign", "context": context}


def ratings(resource: Resource) -> list[str]:
    return [
        one["valueCodeableConcept"]["coding"][0]["code"]
        for one in resource.get("extension", ())
        if one["url"] == RATING
    ]


# The version of CDS Hooks


def test_an_older_client_is_told_to_choose_one_at_most() -> None:
    (newer,) = ask_as(profile(), story(MAY_BE))["cards"]
    (older,) = ask_as(profile(protocol="1.x"), story(MAY_BE))["cards"]
    assert (newer["selectionBehavior"], older["selectionBehavior"]) == ("any", "at-most-one")


def test_an_older_client_finds_the_order_to_remove_where_it_looks() -> None:
    deletes = [
        action
        for action in actions_of(ask_as(profile(protocol="1.x"), story(NOT_INDICATED)))
        if action["type"] == "delete"
    ]
    assert deletes
    assert all(action["resource"] == "ServiceRequest/mri-1" for action in deletes)
    assert all(set(action) == {"type", "description", "resource"} for action in deletes)


@pytest.mark.parametrize("name", [NOT_INDICATED, MAY_BE, EMERGENCY, UNCLEAR, WITH_DEVICE, "V110"])
def test_an_older_client_gets_the_same_advice(name: str) -> None:
    newer = ask_as(profile(), story(name))
    older = ask_as(profile(protocol="1.x"), story(name))
    same = json.dumps(older).replace('"resource": "ServiceRequest/', '"resourceId": "ServiceRequest/')
    assert json.loads(same.replace('"at-most-one"', '"any"')) == json.loads(
        json.dumps(newer).replace('"at-most-one"', '"any"')
    )


def test_an_older_client_may_get_no_card() -> None:
    assert ask_as(profile(protocol="1.x"), story("V98")) == {"cards": []}


# System actions and ratings


@pytest.mark.parametrize(
    ("place", "site", "found"),
    [
        pytest.param(None, None, "", id="nobody says"),
        pytest.param(None, "hospital", "root", id="the site says"),
        pytest.param("off", None, "", id="the client wants none"),
        pytest.param("off", "hospital", "", id="the client wants none, the site would"),
        pytest.param("root", None, "root", id="the client wants them"),
        pytest.param("extension", None, "extension", id="the client wants them elsewhere"),
        pytest.param(
            "extension", "hospital", "extension", id="the client wants them elsewhere than the site"
        ),
    ],
)
def test_the_client_decides_where_verdicts_go_and_the_site_where_it_says_nothing(
    place: Any, site: str | None, found: str
) -> None:
    services = build_services(Settings(site=SITES / site)) if site else None
    code = {"coding": [{"system": "urn:oid:1.2.3.4.5.6.7", "code": "4711"}]} if site else None
    order = service_request(code or concept("MRI", cpt="72148"))
    answer = ask_as(profile(system_actions=place), story(NOT_INDICATED, order), services=services)
    at_root, inside = answer.get("systemActions"), answer.get("extension", {}).get("systemActions")
    assert ("root" if at_root else "extension" if inside else "") == found
    assert "extension" not in answer or inside
    for action in at_root or inside or ():
        assert (action["type"], ratings(action["resource"])) == ("update", ["not-appropriate"])


@pytest.mark.parametrize("place", ["root", "extension"])
def test_what_is_not_known_enough_is_not_rated_anywhere(place: Any) -> None:
    answer = ask_as(profile(system_actions=place), story(UNCLEAR))
    assert set(answer) == {"cards"}


@pytest.mark.parametrize(
    ("name", "of_the_scan"),
    [
        pytest.param(EMERGENCY, "appropriate", id="emergency"),
        pytest.param("V23", "appropriate", id="urgent"),
        pytest.param(MAY_BE, "appropriate", id="may be indicated"),
        pytest.param(NOT_INDICATED, "unknown", id="kept for a reason that is not judged yet"),
        pytest.param(POSSIBLE, "unknown", id="possible"),
        pytest.param(UNCLEAR, "unknown", id="unclear"),
    ],
)
def test_every_suggested_order_carries_a_rating_that_is_no_verdict_where_there_is_none(
    name: str, of_the_scan: str
) -> None:
    actions = actions_of(ask_as(profile(pama_rating=True), story(name)))
    updates = [action["resource"] for action in actions if action["type"] == "update"]
    creates = [action["resource"] for action in actions if action["type"] == "create"]
    assert updates
    assert {tuple(ratings(order)) for order in updates} == {(of_the_scan,)}
    assert {tuple(ratings(order)) for order in creates} <= {("unknown",)}


def test_a_ct_is_not_rated_with_the_verdict_on_a_scan_by_mri() -> None:
    services = services_for(profile())
    switches = replace(services.guideline.switches, advise_mri_for_ct=True)
    services = replace(services, guideline=replace(services.guideline, switches=switches))
    asked = story(EMERGENCY, service_request(concept("CT lumbar spine", cpt="72131"), id="ct-1"))
    orders = suggested_orders(ask_as(profile(pama_rating=True), asked, services=services))
    assert {tuple(ratings(order)) for order in orders if order.get("id") == "ct-1"} == {("unknown",)}


def test_a_rating_that_came_with_the_draft_is_replaced() -> None:
    stale = {"url": RATING, "valueCodeableConcept": {"coding": [{"code": "not-appropriate"}]}}
    other = {"url": "https://ehr.example/x", "valueString": "kept"}
    order = mri("mri-1", extension=[stale, other])
    orders = suggested_orders(ask_as(profile(pama_rating=True), story(EMERGENCY, order)))
    updated = [one for one in orders if one.get("id") == "mri-1"]
    assert updated
    assert all(ratings(one) == ["appropriate"] and other in one["extension"] for one in updated)


def test_no_suggested_order_is_rated_for_another_client() -> None:
    assert all("extension" not in order for order in suggested_orders(ask_as(profile(), story(EMERGENCY))))


@pytest.mark.parametrize("name", sorted(STORIES))
def test_every_suggested_order_has_what_the_imaging_tab_reads_unchecked(name: str) -> None:
    order = service_request({"text": "MRI lumbar spine"}, reason={"text": "back pain"})
    for request in (story(name), story(name, order)):
        for suggested in suggested_orders(ask_as(profile(pama_rating=True), request)):
            assert suggested["code"]["coding"][0]
            assert suggested["reasonCode"]
            assert all(reason["coding"][0] for reason in suggested["reasonCode"])
            assert len(ratings(suggested)) == 1


def test_words_become_a_coding_without_a_code() -> None:
    order = service_request({"text": "MRI lumbar spine"}, reason={"text": "back pain"})
    changed = suggested_orders(ask_as(profile(pama_rating=True), story(UNCLEAR, order)))[0]
    assert changed["code"] == {"text": "MRI lumbar spine", "coding": [{"display": "MRI lumbar spine"}]}
    assert changed["reasonCode"][0] == {"text": "back pain", "coding": [{"display": "back pain"}]}


# Prefetch and selections


def with_conditions(value: Any) -> dict[str, Any]:
    request = story(NOT_INDICATED)
    request["prefetch"]["conditions"] = value
    return request


def test_null_means_that_the_client_looked_unless_its_profile_says_otherwise() -> None:
    looked = logged_as(profile(), with_conditions(None))
    unknown = logged_as(profile(null_means="unknown"), with_conditions(None))
    assert looked["reads"]["conditions"] == "complete"
    assert unknown["reads"]["conditions"] == "not-sent"


def test_what_a_client_could_not_look_up_is_unread_on_the_card_and_never_argues_against_a_scan() -> None:
    request = story(NOT_INDICATED)
    request["prefetch"]["observations"] = None
    assert outcomes(ask_as(profile(), request)) == ["not-indicated"]
    (card,) = ask_as(profile(null_means="unknown"), request)["cards"]
    carried = card["extension"]["org.lumbar-mri-cds.decision"]
    assert carried["outcome"] != "not-indicated"
    assert "Observation" in carried["unread"]


def test_an_empty_search_is_an_answer_of_every_client() -> None:
    empty = {"resourceType": "Bundle", "type": "searchset", "total": 0}
    line = logged_as(profile(null_means="unknown"), with_conditions(empty))
    assert line["reads"]["conditions"] == "complete"


def test_nothing_but_null_is_nothing_at_all_for_a_client_whose_null_means_unknown() -> None:
    request = story(NOT_INDICATED)
    request["prefetch"] = dict.fromkeys(request["prefetch"])
    ask_as(profile(null_means="unknown"), request, status=412)


@pytest.mark.parametrize(
    ("all_selected", "selections", "status", "drafts_told"),
    [
        pytest.param(False, None, 400, 0, id="left out"),
        pytest.param(True, None, 200, 2, id="left out, and all are meant"),
        pytest.param(True, ["ServiceRequest/a"], 200, 1, id="one, of a client that may leave them out"),
        pytest.param(True, [], 200, 0, id="none, of a client that may leave them out"),
    ],
)
def test_all_drafts_are_selected_where_a_profile_says_what_no_selections_mean(
    all_selected: bool, selections: list[str] | None, status: int, drafts_told: int
) -> None:
    request = story(NOT_INDICATED, mri("a", "72148"), mri("b", "72158"))
    context = request["context"]
    if selections is None:
        del context["selections"]
    else:
        context["selections"] = selections
    answer = ask_as(profile(all_drafts_selected=all_selected), request, status=status)
    assert len(answer.get("cards", ())) == drafts_told


# Roles


def by_a_specialist(name: str) -> dict[str, Any]:
    request = story(name)
    request["context"]["userId"] = "PractitionerRole/r1"
    role = {"resourceType": "PractitionerRole", "id": "r1", "specialty": [SPINE]}
    request["prefetch"]["userRole"] = role
    return request


def test_a_card_that_only_asks_is_not_sent_to_the_roles_of_the_client() -> None:
    asked = by_a_specialist(POSSIBLE)
    assert outcomes(ask_as(profile(), asked)) == ["possible"]
    assert ask_as(profile(silent_roles=(ROLE,)), asked) == {"cards": []}
    assert logged_as(profile(silent_roles=(ROLE,)), asked)["silent"] == ["specialist"]


@pytest.mark.parametrize(("name", "outcome"), [(EMERGENCY, "emergency"), (NOT_INDICATED, "not-indicated")])
def test_every_other_card_is_sent_to_them(name: str, outcome: str) -> None:
    assert outcomes(ask_as(profile(silent_roles=(ROLE,)), by_a_specialist(name))) == [outcome]


def test_a_role_of_the_site_stays_silent_beside_those_of_the_client() -> None:
    services = build_services(Settings(site=SITES / "polyclinic"))
    asked = by_a_specialist(POSSIBLE)
    asked["prefetch"]["userRole"]["specialty"] = [{"text": "Orthopaedic surgery"}]
    silent = profile(silent_roles=(ROLE,))
    assert ask_as(silent, asked, services=services) == {"cards": []}


def test_discovery_asks_for_the_role_where_a_client_names_one(tmp_path: Any) -> None:
    file = write(tmp_path, '[[client]]\nname = "demo"\nsilent_roles = ["Spine surgery"]\n')
    assert "userRole" not in build_services(Settings()).guideline.prefetch
    guideline = build_services(Settings(clients=str(file))).guideline
    assert guideline.prefetch["userRole"] == "PractitionerRole/{{userPractitionerRoleId}}"
    assert guideline.prefetch_reasons.keys() == guideline.prefetch.keys()


# The number of cards


def labels(answer: dict[str, Any]) -> list[str]:
    carried = [next(iter(card["extension"].values())) for card in answer["cards"]]
    return [one["orders"][0].removeprefix("ServiceRequest/") for one in carried]


@pytest.mark.parametrize(
    ("most", "sent"),
    [(1, ["a"]), (2, ["a", "b"]), (3, ["a", "b", "c"]), (4, ["a", "b", "c"]), (None, ["a", "b", "c"])],
)
def test_a_client_gets_no_more_cards_than_it_shows(most: int | None, sent: list[str]) -> None:
    assert labels(ask_as(profile(max_cards=most), story(NOT_INDICATED, *THREE))) == sent


def test_the_last_card_says_how_many_more_there_are_and_about_which_orders() -> None:
    answer = ask_as(profile(max_cards=2), story(NOT_INDICATED, *THREE))
    first, last = (card["detail"] for card in answer["cards"])
    assert "Not shown here" not in first
    whole = ask_as(profile(), story(NOT_INDICATED, *THREE))["cards"][1]["detail"]
    assert last.startswith(f"{whole}\n\n")
    assert last.endswith(
        "**Not shown here, because this system limits the number of cards:** 1 more, about MRI 72158. "
        "Select one of these orders alone to see its advice."
    )


@pytest.mark.parametrize(("most", "left_out"), [(1, 2), (2, 1), (3, None), (None, None)])
def test_the_log_counts_what_was_left_out(most: int | None, left_out: int | None) -> None:
    line = logged_as(profile(max_cards=most), story(NOT_INDICATED, *THREE))
    assert line.get("cards_left_out") == left_out


def test_an_order_cannot_write_into_the_card_that_names_it() -> None:
    label = "MRI lumbar [x](https://evil.example) <b>"
    order = service_request(concept(label, cpt="72158"), id="z")
    answer = ask_as(profile(max_cards=1), story(NOT_INDICATED, mri("a"), order))
    detail = answer["cards"][0]["detail"]
    assert "](https://evil.example)" not in detail
    assert "<b>" not in detail


def test_no_emergency_and_no_card_about_a_device_is_ever_left_out() -> None:
    answer = ask_as(profile(max_cards=1), story(WITH_DEVICE, *THREE))
    every = ask_as(profile(), story(WITH_DEVICE, *THREE))
    assert len(answer["cards"]) == len(every["cards"]) == 6
    assert "Not shown here" not in json.dumps(answer)


def with_a_device(*orders: Resource) -> dict[str, Any]:
    """Pain that may be scanned, in a patient with a device."""
    request = story(MAY_BE, *orders)
    request["prefetch"]["devices"] = story(WITH_DEVICE)["prefetch"]["devices"]
    return request


def test_neither_the_most_urgent_advice_nor_a_card_about_a_device_gives_way_to_the_other() -> None:
    every = ask_as(profile(), with_a_device(*THREE))
    sent = ask_as(profile(max_cards=1), with_a_device(*THREE))
    assert outcomes(every) == ["may-be-indicated"] * 3
    kinds = [next(iter(card["extension"])).rpartition(".")[2] for card in sent["cards"]]
    assert (kinds, labels(sent)) == (
        ["decision", "mri-safety", "mri-safety", "mri-safety"],
        ["a", "a", "b", "c"],
    )
    assert "2 more, about MRI 72149, MRI 72158" in sent["cards"][-1]["detail"]


def test_the_most_urgent_card_comes_first_and_the_others_give_way() -> None:
    foreign = mri("x", patient_id="p2")
    request = at_signing(story(EMERGENCY, foreign, mri("a", "72148"), mri("b", "72158")))
    everything = ask_as(profile(), request)
    sent = ask_as(profile(max_cards=1), request)
    assert sorted(outcomes(everything)) == ["emergency", "emergency", "unclear"]
    assert (outcomes(sent), labels(sent)) == (["emergency", "emergency"], ["a", "b"])
    assert "1 more, about" in sent["cards"][-1]["detail"]
    assert labels(ask_as(profile(max_cards=9), at_signing(story(EMERGENCY, foreign, mri("a")))))[0] == "a"


def test_an_order_is_rated_whether_or_not_its_card_is_shown() -> None:
    answer = ask_as(profile(max_cards=1, system_actions="root"), story(NOT_INDICATED, *THREE))
    assert [action["resource"]["id"] for action in answer["systemActions"]] == ["a", "b", "c"]


# Several clients


def test_two_issuers_get_the_same_advice_in_two_forms() -> None:
    ours = ClientProfile(name="new", issuer="https://new.example", system_actions="root")
    theirs = ClientProfile(name="old", issuer="https://old.example", protocol="1.x", max_cards=1)
    services = replace(services_for(profile()), clients=Clients(client=(ours, theirs)))
    request = story(NOT_INDICATED, *THREE)
    service = next(one for one in HOOK_SERVICES if one.hook == request["hook"])
    new, old = (
        answer_call(request, service, services, client).response for client in services.clients.client
    )
    assert (len(new["cards"]), len(old["cards"])) == (3, 1)
    assert ("systemActions" in new, "systemActions" in old) == (True, False)
    assert '"resourceId"' in json.dumps(new)
    assert '"resourceId"' not in json.dumps(old)


def test_the_line_of_a_call_names_the_client() -> None:
    assert logged_as(profile(name="ward-7"), story(NOT_INDICATED))["client"] == "ward-7"


def test_a_call_is_refused_where_every_client_must_prove_who_it_is() -> None:
    ward = ClientProfile(name="ward", issuer="https://ehr.example")
    assert ask_as(ward, story(NOT_INDICATED), status=401)["issue"][0]["code"] == "login"


def test_the_profile_that_the_tests_use_could_stand_in_a_file(tmp_path: Any) -> None:
    assert list(faults_of_client({"name": "tested"}, tmp_path)) == []
