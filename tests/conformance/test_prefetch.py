"""What the service asks for, and how it reads what came: sections 5 and 6."""

import re
from typing import Any

import pytest

from tests.conformance.advice import advice, decision, outcomes
from tests.conformance.requests_ import (
    back_pain,
    day,
    having,
    hook_request,
    mri_order,
    old_entry,
    saddle_numbness,
    searchset,
    whole_prefetch,
    without,
)
from tests.conformance.service import Service

TOKEN = re.compile(r"\{\{([^{}]*)\}\}")
LEGAL_TOKENS = {"context.patientId", "context.userId", "context.encounterId"}
LEGAL_PARAMETERS = {
    "AllergyIntolerance": {"patient", "clinical-status", "code"},
    "Appointment": {"patient", "date", "status"},
    "Condition": {"patient", "code", "category", "clinical-status"},
    "Device": {"patient", "status", "type"},
    "DiagnosticReport": {"patient", "code", "category", "status", "date"},
    "Encounter": {"patient", "status", "class", "date"},
    "MedicationDispense": {"patient", "status", "code"},
    "MedicationRequest": {"patient", "status", "intent", "code"},
    "MedicationStatement": {"patient", "status", "code"},
    "Observation": {"patient", "code", "category", "status", "date"},
    "Procedure": {"patient", "code", "status", "date"},
    "QuestionnaireResponse": {"patient", "status", "questionnaire"},
}
COMMON_PARAMETERS = {"_count", "_sort"}
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]}
CLAIMS = re.compile(r"\b(safe|excluded|ruled out|normal)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def templates(service: Service) -> dict[str, str]:
    """Every declared template, of either service."""
    return {k: v for entry in service.discover().json["services"] for k, v in entry["prefetch"].items()}


@pytest.fixture
def body(keys: list[str]) -> dict[str, Any]:
    """A request whose record is whole, and which gets one card."""
    return hook_request(whole_prefetch(keys, back_pain()))


@pytest.mark.rule("PFT-1")
def test_every_template_is_one_relative_read_or_search(templates: dict[str, str]) -> None:
    for template in templates.values():
        assert re.fullmatch(r"[A-Z][A-Za-z]+(/|\?)[^{} ]+", TOKEN.sub("x", template)) or TOKEN.fullmatch(
            template
        )


@pytest.mark.rule("PFT-2", "PFT-3", "PFT-4", "PFT-6", "HK-6")
def test_every_token_is_a_context_field_that_the_hooks_allow(templates: dict[str, str]) -> None:
    tokens = {token.strip() for template in templates.values() for token in TOKEN.findall(template)}
    assert tokens
    assert tokens <= LEGAL_TOKENS
    assert not any(re.search(r"[{}]", TOKEN.sub("", template)) for template in templates.values())


@pytest.mark.rule("PFT-5")
def test_the_user_is_never_typed_twice(templates: dict[str, str]) -> None:
    assert not any(re.search(r".\{\{context\.userId", template) for template in templates.values())


@pytest.mark.rule("PFT-7", "PFT-8", "PFT-10")
def test_every_search_keeps_to_parameters_that_every_r4_server_knows(templates: dict[str, str]) -> None:
    searches = [template.split("?", 1) for template in templates.values() if "?" in template]
    assert searches
    for type, query in searches:
        parameters = {pair.split("=", 1)[0].removesuffix(":in") for pair in query.split("&")}
        assert parameters <= LEGAL_PARAMETERS[type] | COMMON_PARAMETERS
        assert "patient" in parameters


@pytest.mark.rule("PFT-9", "PFT-12")
def test_keys_name_their_data_and_depend_on_no_other(templates: dict[str, str]) -> None:
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", key) for key in templates)
    assert not any(re.search(r"%[A-Za-z]", template) for template in templates.values())


@pytest.mark.rule("PFD-1", "CALL-10")
def test_any_single_key_may_be_missing(service: Service, body: dict[str, Any], keys: list[str]) -> None:
    assert {key: service.call(without(body, "prefetch", key)).status for key in keys} == dict.fromkeys(
        keys, 200
    )


@pytest.mark.rule("PFD-3", "RESP-5")
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_without_any_record_the_answer_is_412(service: Service, hook: str) -> None:
    answer = service.call(hook_request(None, hook=hook))
    answer.assert_refused(412)
    assert answer.json["issue"][0]["code"] == "incomplete"
    assert "conditions" in answer.text


@pytest.mark.rule("PFD-3", "PFD-6")
@pytest.mark.parametrize("value", [OUTCOME, "<html>Error</html>", 123], ids=["outcome", "html", "number"])
def test_where_every_read_failed_the_answer_is_412(
    service: Service, body: dict[str, Any], keys: list[str], value: Any
) -> None:
    service.call({**body, "prefetch": dict.fromkeys(keys, value)}).assert_refused(412)


@pytest.mark.rule("PFD-4", "PFD-5")
@pytest.mark.parametrize(
    "nothing",
    [
        None,
        {"resourceType": "Bundle", "type": "searchset"},
        {"resourceType": "Bundle", "type": "searchset", "entry": []},
        {"resourceType": "Bundle", "type": "searchset", "total": 0},
    ],
    ids=["null", "no entry", "empty entry", "total of none"],
)
def test_nothing_found_is_an_answer_in_every_form(
    service: Service, body: dict[str, Any], nothing: Any
) -> None:
    assert outcomes(service.call(body)) == ["not-indicated"]
    for key in ("observations", "procedures", "medications"):
        assert outcomes(service.call(having(body, nothing, "prefetch", key))) == ["not-indicated"]


@pytest.mark.rule("PFD-6", "PFD-9", "PFD-11")
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(OUTCOME, id="outcome"),
        pytest.param(searchset([OUTCOME]), id="outcome in a bundle"),
        pytest.param("<html>Error</html>", id="html"),
        pytest.param(123, id="number"),
        pytest.param([], id="list"),
        pytest.param({"resourceType": "Patient", "id": "pat-100"}, id="another type"),
        pytest.param(
            {"resourceType": "Observation", "subject": {"reference": "Patient/x"}}, id="another patient"
        ),
        pytest.param(..., id="absent"),
    ],
)
def test_a_failed_read_is_never_taken_for_nothing_found(
    service: Service, body: dict[str, Any], value: Any
) -> None:
    sent = (
        without(body, "prefetch", "observations")
        if value is ...
        else having(body, value, "prefetch", "observations")
    )
    answer = service.call(sent)
    assert outcomes(answer) == ["unclear"]
    assert decision(answer.cards[0])["unread"] == ["Observation"]
    assert not CLAIMS.search(answer.cards[0]["summary"] + answer.cards[0]["detail"])


@pytest.mark.rule("PFD-6")
def test_matches_beside_a_warning_are_used(service: Service, body: dict[str, Any]) -> None:
    warning = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "warning", "code": "informational"}],
    }
    found = searchset([back_pain(), old_entry(), warning], total=2)
    assert outcomes(service.call(having(body, found, "prefetch", "conditions"))) == ["not-indicated"]


@pytest.mark.rule("PFD-7")
def test_an_unread_next_page_is_told(service: Service, body: dict[str, Any]) -> None:
    first_page = searchset([], link=[{"relation": "next", "url": "https://ehr.example/fhir?page=2"}])
    answer = service.call(having(body, first_page, "prefetch", "observations"))
    assert outcomes(answer) == ["unclear"]
    assert decision(answer.cards[0])["unread"] == ["Observation"]


@pytest.mark.rule("PFD-7")
def test_a_red_flag_on_the_first_page_counts(service: Service, body: dict[str, Any]) -> None:
    first_page = searchset(
        [back_pain(), saddle_numbness()], link=[{"relation": "next", "url": "https://x.example"}]
    )
    assert outcomes(service.call(having(body, first_page, "prefetch", "conditions"))) == ["emergency"]


@pytest.mark.rule("PFD-10")
@pytest.mark.parametrize(
    "members",
    [{"type": "collection"}, {"total": None}, {"type": None}, {"meta": {"lastUpdated": day(0)}}],
    ids=["collection", "no total", "no type", "more members"],
)
def test_the_form_of_a_bundle_does_not_matter(
    service: Service, body: dict[str, Any], members: dict[str, Any]
) -> None:
    bundle = searchset(
        [old_entry(), back_pain(), {"resourceType": "Practitioner", "id": "included"}], **members
    )
    bundle["entry"] = [{"resource": entry["resource"]} for entry in bundle["entry"]]
    assert advice(service.call(having(body, bundle, "prefetch", "conditions"))) == advice(service.call(body))


@pytest.mark.rule("PFD-9", "CALL-14")
def test_a_problem_of_another_patient_is_not_this_patients(service: Service, body: dict[str, Any]) -> None:
    mixed = searchset([old_entry(), back_pain(), saddle_numbness("somebody-else")])
    answer = service.call(having(body, mixed, "prefetch", "conditions"))
    assert outcomes(answer) == ["not-indicated"]
    assert "addle numb" not in str(decision(answer.cards[0]).get("facts"))


@pytest.mark.rule("PFD-3")
def test_an_order_that_decides_alone_needs_no_record(service: Service) -> None:
    reason = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "G83.4"}]}
    answer = service.call(hook_request(None, mri_order(reasonCode=[reason])))
    assert outcomes(answer) == ["emergency"]
