"""What a hook request may look like: sections 3, 4, 17 and 19."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conformance.advice import actions_of, advice, decision, outcomes, uuids
from tests.conformance.conftest import Ask
from tests.conformance.requests_ import (
    KNEE_MRI,
    LUMBAR_MRI,
    LUMBAR_MRI_BY_CPT,
    ORDER,
    back_pain,
    having,
    hook_request,
    mri_order,
    saddle_numbness,
    searchset,
    whole_prefetch,
    without,
)
from tests.conformance.service import Service


@pytest.fixture
def body(keys: list[str]) -> dict[str, Any]:
    """R0: an order-select request that gets one card."""
    return hook_request(whole_prefetch(keys, back_pain()))


@pytest.fixture
def sign_body(keys: list[str]) -> dict[str, Any]:
    """R0s: the same order at signing."""
    return hook_request(whole_prefetch(keys, back_pain()), hook="order-sign")


def same_advice(service: Service, first: dict[str, Any], second: dict[str, Any]) -> bool:
    expected = advice(service.call(first))
    assert expected != "[]"
    return advice(service.call(second)) == expected


@pytest.mark.rule("CALL-2", "CALL-4", "CALL-9", "HK-2", "HK-4", "OSEL-1")
@pytest.mark.parametrize(
    "path",
    [
        ("hook",),
        ("hookInstance",),
        ("context",),
        ("context", "patientId"),
        ("context", "selections"),
        ("context", "draftOrders"),
    ],
    ids=".".join,
)
def test_a_request_without_a_required_member_is_400_and_names_it(
    service: Service, body: dict[str, Any], path: tuple[str, ...]
) -> None:
    answer = service.post(service.select_path, without(body, *path))
    answer.assert_refused(400)
    assert path[-1] in answer.text


@pytest.mark.rule("CALL-9", "HK-4")
@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("context",), []),
        (("context",), "x"),
        (("context", "draftOrders"), []),
        (("context", "draftOrders"), mri_order()),
        (("context", "patientId"), 7),
    ],
)
def test_a_mistyped_required_member_is_400(
    service: Service, body: dict[str, Any], path: tuple[str, ...], value: Any
) -> None:
    service.post(service.select_path, having(body, value, *path)).assert_refused(400)


@pytest.mark.rule("CALL-3")
@pytest.mark.parametrize("hook", ["order-sign", "patient-view"])
def test_a_hook_of_another_service_is_400(service: Service, body: dict[str, Any], hook: str) -> None:
    service.post(service.select_path, {**body, "hook": hook}).assert_refused(400)


@pytest.mark.rule("CALL-5")
@pytest.mark.parametrize("instance", ["abc", "urn:uuid:3F1C7D5E-8A42-4F0B-9D6A-2B7E5C91A004"])
def test_any_hook_instance_will_do_and_may_come_again(
    service: Service, body: dict[str, Any], instance: str
) -> None:
    named = {**body, "hookInstance": instance}
    assert same_advice(service, body, named)
    assert same_advice(service, body, named)


@pytest.mark.rule("CALL-6", "CALL-8", "CALL-7", "HK-10")
@pytest.mark.parametrize(
    "authorization",
    [None, {"access_token": "opaque-test-token-001", "token_type": "Bearer", "expires_in": 120}],
    ids=["without a token", "with a token"],
)
def test_a_fhir_server_is_not_asked_for_what_the_prefetch_holds(
    service: Service,
    body: dict[str, Any],
    authorization: dict[str, Any] | None,
    fhir_server: tuple[str, list[str]],
) -> None:
    url, seen = fhir_server
    offered = {**body, "fhirServer": url, **({"fhirAuthorization": authorization} if authorization else {})}
    assert same_advice(service, body, offered)
    assert seen == []


@pytest.mark.rule("FA-7")
@pytest.mark.parametrize(
    "address", ["http://169.254.169.254/fhir", "http://10.0.0.1/fhir", "file:///etc/passwd", "http://[", "x"]
)
def test_a_fhir_server_that_is_nobodys_is_not_asked(
    service: Service, body: dict[str, Any], address: str
) -> None:
    token = {"access_token": "opaque-test-token-001", "token_type": "Bearer", "expires_in": 120}
    offered = {**body, "fhirServer": address, "fhirAuthorization": token}
    service.call(without(offered, "prefetch")).assert_refused(412)


@pytest.mark.rule("FA-3")
def test_a_token_is_never_repeated(service: Service, body: dict[str, Any]) -> None:
    token = {"access_token": "opaque-test-token-001", "token_type": "Bearer"}
    authorized = {**body, "fhirAuthorization": token}
    answers = [
        service.call(authorized),
        service.call(without(authorized, "prefetch")),
        service.post(service.select_path, without(authorized, "context")),
    ]
    assert [answer.status for answer in answers] == [200, 412, 400]
    assert all("opaque-test-token-001" not in answer.text for answer in answers)


@pytest.mark.rule("CALL-10")
def test_no_prefetch_an_empty_one_and_null_are_the_same(service: Service, body: dict[str, Any]) -> None:
    bodies = [without(body, "prefetch"), {**body, "prefetch": {}}, {**body, "prefetch": None}]
    assert len({service.call(sent).text for sent in bodies}) == 1


@pytest.mark.rule("CALL-11", "CALL-16", "EXT-3", "EXT-5", "VER-3", "PFD-8")
def test_unknown_members_change_nothing(service: Service, body: dict[str, Any]) -> None:
    extension = {
        "org.example.x": {"a": 1},
        "davinci-crd.configuration": {"max-cards": 10},
        "b": "text",
        "c": 7,
    }
    known = having(body, {"new": [1]}, "context", "newField")
    known = having(known, {"garbage": [None, 7]}, "prefetch", "unknownKey")
    assert same_advice(service, body, {**known, "foo": 1, "extension": extension, "user": "Practitioner/x"})


@pytest.mark.rule("CALL-14")
def test_calls_at_the_same_time_do_not_mix_their_patients(
    service: Service, keys: list[str], in_parallel: ThreadPoolExecutor
) -> None:
    patients = ["pat-aaa", "pat-bbb"]
    problems = {
        "pat-aaa": [back_pain("pat-aaa")],
        "pat-bbb": [back_pain("pat-bbb"), saddle_numbness("pat-bbb")],
    }
    expected = {"pat-aaa": ["not-indicated"], "pat-bbb": ["emergency"]}

    def call(patient: str) -> None:
        prefetch = whole_prefetch(keys, *problems[patient], patient_id=patient)
        answer = service.call(hook_request(prefetch, patient_id=patient))
        assert outcomes(answer) == expected[patient]
        assert not any(other in answer.text for other in patients if other != patient)

    assert len(list(in_parallel.map(call, patients * 25))) == 50


@pytest.mark.rule("CALL-15", "SUG-2", "OVR-4")
def test_the_same_question_gets_the_same_advice_with_fresh_uuids(
    service: Service, body: dict[str, Any]
) -> None:
    first, second = service.call(body), service.call(body)
    assert advice(first) == advice(second)
    assert len(uuids(first)) > 1
    assert not set(uuids(first)) & set(uuids(second))


@pytest.mark.rule("HK-1")
@pytest.mark.parametrize("user", ["Practitioner/a", "PractitionerRole/b", "Patient/x", "a", None])
def test_any_user_will_do(service: Service, body: dict[str, Any], user: str | None) -> None:
    assert service.call(having(body, user, "context", "userId")).status == 200


@pytest.mark.rule("HK-2")
def test_a_typed_patient_id_is_the_bare_one(service: Service, body: dict[str, Any]) -> None:
    assert same_advice(service, body, having(body, "Patient/pat-100", "context", "patientId"))


@pytest.mark.rule("HK-3", "PFT-11")
def test_an_encounter_is_not_needed(service: Service, body: dict[str, Any]) -> None:
    ambulatory = without(without(body, "context", "encounterId"), "prefetch", "encounter")
    assert outcomes(service.call(ambulatory)) == ["not-indicated"]


@pytest.mark.rule("HK-4")
@pytest.mark.parametrize("bundle", [{"resourceType": "Bundle"}, {"resourceType": "Bundle", "entry": []}])
def test_a_bundle_without_orders_gets_no_card(service: Service, body: dict[str, Any], bundle: Any) -> None:
    assert service.call(having(body, bundle, "context", "draftOrders")).json == {"cards": []}


@pytest.mark.rule("HK-5")
@pytest.mark.parametrize("type", ["searchset", None])
def test_the_type_of_the_bundle_does_not_matter(
    service: Service, body: dict[str, Any], type: str | None
) -> None:
    assert same_advice(service, body, having(body, type, "context", "draftOrders", "type"))
    assert same_advice(service, body, without(body, "context", "draftOrders", "type"))


@pytest.mark.rule("HK-8", "HK-11")
def test_other_and_broken_entries_cost_nothing(service: Service, body: dict[str, Any]) -> None:
    others: list[Any] = [
        {},
        None,
        7,
        {"resource": None},
        {"resource": {"resourceType": "DeviceRequest", "id": "d"}},
        {"resource": {"resourceType": "CommunicationRequest"}},
        {"resource": {"resourceType": "Medication", "id": "m"}},
        {"resource": {"resourceType": "NoSuchType", "id": 7}},
        {"resource": {"resourceType": "MedicationRequest", "id": "x", "status": "draft"}},
        {
            "resource": {
                "resourceType": "ServiceRequest",
                "id": "no-code",
                "status": "draft",
                "intent": "order",
            }
        },
    ]
    entries = [*others, *body["context"]["draftOrders"]["entry"], *others]
    assert same_advice(service, body, having(body, entries, "context", "draftOrders", "entry"))


@pytest.mark.rule("HK-9", "OSEL-5", "VER-5")
@pytest.mark.parametrize(
    "order",
    [
        pytest.param(
            {"code": {"coding": [{}]}, "reasonCode": [], "intent": "plan"}, id="sandbox: nothing chosen"
        ),
        pytest.param(
            {"code": {}, "category": {"text": "x"}, "reasonCode": {"text": "x"}}, id="objects for lists"
        ),
        pytest.param({"code": "MRI", "status": 7, "intent": None}, id="wrong types"),
        pytest.param({"resourceType": "ProcedureRequest", "code": LUMBAR_MRI}, id="STU3"),
        pytest.param({"resourceType": "DiagnosticOrder", "item": [{"code": LUMBAR_MRI}]}, id="DSTU2"),
        pytest.param(
            {"resourceType": "MedicationRequest", "dosageInstruction": {"doseQuantity": 1}}, id="medicine"
        ),
        pytest.param(
            {"code": LUMBAR_MRI, "reasonCode": {"text": "pain"}, "note": "x", "bodySite": {}}, id="odd MRI"
        ),
    ],
)
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_half_filled_and_foreign_orders_are_answered(ask: Ask, order: dict[str, Any], hook: str) -> None:
    assert ask(back_pain(), orders=({**mri_order(code={}), **order},), hook=hook).status == 200


@pytest.mark.rule("HK-12")
def test_an_order_for_another_patient_is_not_evaluated(ask: Ask) -> None:
    foreign = mri_order(patient_id="somebody-else")
    assert ask(back_pain(), saddle_numbness(), orders=(foreign,)).cards == []
    at_signing = ask(back_pain(), saddle_numbness(), orders=(foreign,), hook="order-sign")
    assert [card["indicator"] for card in at_signing.cards] == ["info"]


@pytest.mark.rule("OSEL-2")
def test_only_selected_orders_get_a_card(ask: Ask) -> None:
    drafts = (mri_order("mri-1"), mri_order("knee-1", KNEE_MRI))
    assert ask(back_pain(), orders=drafts, selections=["ServiceRequest/knee-1"]).cards == []
    assert len(ask(back_pain(), orders=drafts, selections=[ORDER]).cards) == 1


@pytest.mark.rule("OSEL-2", "CARD-13")
def test_every_selected_order_is_addressed(ask: Ask) -> None:
    drafts = (mri_order("mri-1"), mri_order("mri-2", LUMBAR_MRI_BY_CPT))
    text = json.dumps(ask(back_pain(), orders=drafts).cards)
    assert "ServiceRequest/mri-1" in text
    assert "ServiceRequest/mri-2" in text


@pytest.mark.rule("OSEL-3")
def test_a_selection_is_matched_by_type_and_id(ask: Ask) -> None:
    medicine = {"resourceType": "MedicationRequest", "id": "1", "status": "draft", "intent": "order"}
    drafts = (medicine, mri_order("1"))
    assert ask(back_pain(), orders=drafts, selections=["MedicationRequest/1"]).cards == []
    assert len(ask(back_pain(), orders=drafts, selections=["ServiceRequest/1"]).cards) == 1


@pytest.mark.rule("OSEL-4", "OSEL-7")
@pytest.mark.parametrize("selections", [["ServiceRequest/none"], [], [7, None, {}]])
def test_a_selection_that_names_no_draft_selects_nothing(ask: Ask, selections: list[Any]) -> None:
    assert ask(back_pain(), selections=selections).json == {"cards": []}


@pytest.mark.rule("OSEL-4")
@pytest.mark.parametrize(
    "selection",
    ["mri-1", f"https://ehr.example/fhir/{ORDER}", {"reference": ORDER}, mri_order()],
    ids=["bare", "absolute", "reference", "resource"],
)
def test_a_selection_may_come_in_other_forms(service: Service, body: dict[str, Any], selection: Any) -> None:
    assert same_advice(service, body, having(body, [selection], "context", "selections"))


@pytest.mark.rule("OSEL-6")
def test_each_call_of_a_growing_session_is_answered_on_its_own(ask: Ask) -> None:
    knee = mri_order("knee-1", KNEE_MRI)
    steps = [
        ask(back_pain(), orders=(knee,)),
        ask(back_pain(), orders=(knee, mri_order()), selections=[ORDER]),
        ask(back_pain(), orders=(knee, mri_order()), selections=["ServiceRequest/knee-1"]),
    ]
    assert [len(step.cards) for step in steps] == [0, 1, 0]


@pytest.mark.rule("OSGN-1", "OSGN-3")
@pytest.mark.parametrize("selections", [[], ["ServiceRequest/none"]])
def test_at_signing_every_order_is_in_scope_whatever_is_selected(
    service: Service, sign_body: dict[str, Any], selections: list[str]
) -> None:
    assert same_advice(service, sign_body, having(sign_body, selections, "context", "selections"))


@pytest.mark.rule("OSGN-2")
@pytest.mark.parametrize("status", ["draft", "active"])
def test_at_signing_an_order_may_be_active(ask: Ask, status: str) -> None:
    assert outcomes(ask(back_pain(), orders=(mri_order(status=status),), hook="order-sign")) == [
        "not-indicated"
    ]


@pytest.mark.rule("OSGN-2")
def test_at_signing_orders_of_mixed_status_are_all_looked_at(ask: Ask) -> None:
    orders = (mri_order("mri-1", status="active"), mri_order("mri-2", LUMBAR_MRI_BY_CPT, status="draft"))
    assert len(ask(back_pain(), orders=orders, hook="order-sign").cards) == 2


@pytest.mark.rule("OSGN-4", "RESP-9", "CARD-13")
def test_two_different_orders_get_a_card_each_whose_actions_name_that_order(ask: Ask) -> None:
    orders = (mri_order("mri-1"), mri_order("mri-2", LUMBAR_MRI_BY_CPT))
    cards = ask(back_pain(), orders=orders, hook="order-sign").cards
    assert [decision(card)["orders"] for card in cards] == [[ORDER], ["ServiceRequest/mri-2"]]
    deleted = [
        {action["resourceId"] for action in actions_of(card) if "resourceId" in action} for card in cards
    ]
    assert deleted == [{ORDER}, {"ServiceRequest/mri-2"}]


@pytest.mark.rule("OSEL-2")
def test_a_red_flag_on_one_order_holds_for_the_other(ask: Ask) -> None:
    suspected = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "G83.4"}]}
    orders = (mri_order("mri-1", reasonCode=[suspected]), mri_order("mri-2", LUMBAR_MRI_BY_CPT))
    assert outcomes(ask(back_pain(), orders=orders)) == ["emergency", "emergency"]


@pytest.mark.rule("HK-7")
def test_a_draft_of_another_fhir_version_beside_the_order_changes_nothing(
    service: Service, sign_body: dict[str, Any]
) -> None:
    stu3 = {"resourceType": "ReferralRequest", "id": "r1", "status": "draft", "subject": {"reference": "x"}}
    dstu2 = {"resourceType": "DiagnosticOrder", "id": "d1", "item": [{"code": LUMBAR_MRI}]}
    mixed = [{"resource": resource} for resource in (stu3, mri_order(), dstu2)]
    assert same_advice(service, sign_body, having(sign_body, mixed, "context", "draftOrders", "entry"))


@pytest.mark.rule("HK-12")
def test_an_order_for_another_patient_is_said_even_where_nothing_can_be_read(service: Service) -> None:
    orders = (mri_order("mri-1"), mri_order("mri-2", patient_id="somebody-else"))
    cards = service.call(hook_request(None, *orders, hook="order-sign")).cards
    assert any("another patient" in card["summary"] for card in cards)


@pytest.mark.rule("OSGN-4")
def test_two_orders_of_one_study_get_the_advice_once(ask: Ask) -> None:
    twins = (mri_order("mri-1"), mri_order("mri-2"))
    cards = ask(back_pain(), orders=twins, hook="order-sign").cards
    assert len(cards) == 1
    assert "ServiceRequest/mri-1" in json.dumps(cards)
    assert "ServiceRequest/mri-2" in json.dumps(cards)


@pytest.mark.rule("RESP-3")
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_nothing_to_say_is_an_empty_list(ask: Ask, hook: str) -> None:
    assert ask(back_pain(), orders=(mri_order(code=KNEE_MRI),), hook=hook).json == {"cards": []}


@pytest.mark.rule("PFD-8")
def test_a_foreign_clients_own_prefetch_key_is_no_fault(service: Service, body: dict[str, Any]) -> None:
    bundle = searchset([mri_order()], type="collection")
    assert same_advice(service, body, having(body, bundle, "prefetch", "serviceRequestBundle"))
