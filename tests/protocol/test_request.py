"""A request is read forgivingly; only what cannot be guessed is refused, by name and without its value."""

from typing import Any

import pytest

from cds_service.errors import BadRequest, InvalidMember, MissingMember, WrongHook
from cds_service.protocol.fhir_access import FhirAccess
from cds_service.protocol.request import HookRequest, hook_of, read_hook_request
from cds_service.record.facts import ReadState

ORDER = {"resourceType": "ServiceRequest", "id": "mri-1"}


def body_with(**changes: Any) -> dict[str, Any]:
    """An order-select request with changes; `...` removes a member, `context_` reaches into the context."""
    context: dict[str, Any] = {
        "userId": "Practitioner/d1",
        "patientId": "p1",
        "encounterId": "e1",
        "selections": ["ServiceRequest/mri-1"],
        "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": ORDER}]},
    }
    body: dict[str, Any] = {
        "hook": "order-select",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": context,
    }
    for name, value in changes.items():
        target = context if name.startswith("context_") else body
        name = name.removeprefix("context_")
        if value is ...:
            del target[name]
        else:
            target[name] = value
    return body


def read(service_hook: str = "order-select", **changes: Any) -> HookRequest:
    return read_hook_request(body_with(**changes), service_hook, ("conditions",))


def test_a_whole_request_is_read_as_sent() -> None:
    request = read()
    assert (request.hook, request.hook_instance) == ("order-select", "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea")
    assert (request.user_id, request.patient_id, request.encounter_id) == ("Practitioner/d1", "p1", "e1")
    assert (request.selections, request.draft_orders) == (("ServiceRequest/mri-1",), (ORDER,))
    assert request.fhir == FhirAccess()


@pytest.mark.parametrize(
    "removed",
    ["hook", "hookInstance", "context", "context_patientId", "context_selections", "context_draftOrders"],
)
@pytest.mark.parametrize("value", [..., None], ids=["absent", "null"])
def test_a_required_member_that_is_missing_is_named(removed: str, value: Any) -> None:
    with pytest.raises(MissingMember) as refusal:
        read(**{removed: value})
    assert f"'{removed.replace('_', '.')}'" in refusal.value.text


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("hook", 7),
        ("hook", ""),
        ("hookInstance", ""),
        ("hookInstance", "   "),
        ("hookInstance", {}),
        ("context", []),
        ("context", "x"),
        ("context_patientId", 7),
        ("context_patientId", " "),
        ("context_selections", 7),
        ("context_selections", True),
        ("context_draftOrders", []),
        ("context_draftOrders", "x"),
        ("context_draftOrders", {"resourceType": "ServiceRequest"}),
        ("context_draftOrders", {"resourceType": "Bundle", "entry": {}}),
        ("prefetch", [1]),
        ("prefetch", "secret"),
    ],
)
def test_a_member_of_another_type_is_named_and_not_quoted(member: str, value: Any) -> None:
    with pytest.raises(InvalidMember) as refusal:
        read(**{member: value})
    assert f"'{member.replace('_', '.')}" in refusal.value.text
    assert "secret" not in refusal.value.text


@pytest.mark.parametrize(
    ("service_hook", "sent"),
    [("order-select", "order-sign"), ("order-sign", "order-select"), ("order-select", "patient-view")],
)
def test_another_hook_than_the_service_answers_is_refused(service_hook: str, sent: str) -> None:
    with pytest.raises(WrongHook) as refusal:
        read(service_hook, hook=sent)
    assert refusal.value.status == 400


@pytest.mark.parametrize(
    "sent",
    ["p1", "Patient/p1", "https://ehr.example/fhir/Patient/p1", "Patient/p1/_history/2", " p1 "],
)
def test_the_patient_id_is_bare_however_it_was_sent(sent: str) -> None:
    assert read(context_patientId=sent).patient_id == "p1"


def test_a_patient_reference_without_an_id_is_missing() -> None:
    with pytest.raises(MissingMember):
        read(context_patientId="/")


@pytest.mark.parametrize(
    ("sent", "selected"),
    [
        pytest.param(["ServiceRequest/mri-1"], ("ServiceRequest/mri-1",), id="typed"),
        pytest.param(["mri-1"], ("mri-1",), id="bare"),
        pytest.param(
            ["https://ehr.example/fhir/ServiceRequest/mri-1"], ("ServiceRequest/mri-1",), id="absolute"
        ),
        pytest.param(["ServiceRequest/mri-1/_history/2"], ("ServiceRequest/mri-1",), id="versioned"),
        pytest.param([{"reference": "ServiceRequest/mri-1"}], ("ServiceRequest/mri-1",), id="reference"),
        pytest.param([ORDER], ("ServiceRequest/mri-1",), id="resource"),
        pytest.param([{"id": "mri-1"}], ("mri-1",), id="id alone"),
        pytest.param("ServiceRequest/mri-1", ("ServiceRequest/mri-1",), id="one string"),
        pytest.param([], (), id="none"),
        pytest.param([None, 7, {}, "", "ServiceRequest/a"], ("ServiceRequest/a",), id="some unreadable"),
    ],
)
def test_selections_are_read_in_every_form_that_clients_send(sent: Any, selected: tuple[str, ...]) -> None:
    assert read(context_selections=sent).selections == selected


@pytest.mark.parametrize("sent", [..., [], ["ServiceRequest/other"]], ids=["absent", "empty", "other"])
def test_order_sign_knows_no_selections(sent: Any) -> None:
    assert read("order-sign", hook="order-sign", context_selections=sent).selections is None


@pytest.mark.parametrize("type", ["collection", "searchset", "transaction", None])
def test_the_type_of_the_draft_bundle_does_not_matter(type: str | None) -> None:
    bundle = {"resourceType": "Bundle", "type": type, "entry": [{"resource": ORDER}]}
    assert read(context_draftOrders=bundle).draft_orders == (ORDER,)


@pytest.mark.parametrize(
    "entry", [{}, None, 7, {"resource": None}, {"resource": "x"}, {"resource": {"id": "y"}}]
)
def test_a_broken_draft_entry_does_not_cost_the_others(entry: Any) -> None:
    bundle = {"resourceType": "Bundle", "entry": [entry, {"resource": ORDER}]}
    assert read(context_draftOrders=bundle).draft_orders == (ORDER,)


def test_a_bundle_without_entries_holds_no_orders() -> None:
    assert read(context_draftOrders={"resourceType": "Bundle"}).draft_orders == ()


@pytest.mark.parametrize("user_id", [..., None, "", 7])
def test_a_missing_user_is_tolerated(user_id: Any) -> None:
    assert read(context_userId=user_id).user_id is None


@pytest.mark.parametrize(("sent", "expected"), [(..., None), (None, None), ("Encounter/e1", "e1"), (7, None)])
def test_an_encounter_is_optional(sent: Any, expected: str | None) -> None:
    assert read(context_encounterId=sent).encounter_id == expected


@pytest.mark.parametrize("prefetch", [None, {}, []])
def test_an_empty_prefetch_is_none(prefetch: Any) -> None:
    assert read(prefetch=prefetch).prefetch["conditions"].state is ReadState.NOT_SENT


def test_unknown_members_are_ignored() -> None:
    extension = {"org.example.x": {"a": [1, "b", None]}}
    assert read(foo=1, extension=extension, context_newField={"x": 1}, user="u").draft_orders == (ORDER,)


@pytest.mark.parametrize("sent", ["abc", "urn:uuid:D1577C69-DFBE-44AD-BA6D-3E05E953B2EA"])
def test_any_hook_instance_will_do(sent: str) -> None:
    assert read(hookInstance=sent).hook_instance == sent


def test_a_request_does_not_show_its_patient() -> None:
    request = read(context_patientId="S1234567A", prefetch={"conditions": None})
    assert "S1234567A" not in repr(request)


def test_the_hook_is_read_without_the_rest() -> None:
    assert hook_of({"hook": "order-sign"}) == "order-sign"
    with pytest.raises(BadRequest):
        hook_of({})
