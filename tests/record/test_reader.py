"""The whole reader: broken and foreign resources, duplicates, keys, the patient."""

from typing import Any

import pytest

from cds_service.record.facts import PatientFacts, ReadState
from tests import builders
from tests.builders import Resource, concept, condition, observation, procedure, quantity, searchset
from tests.record.records import only, read, read_as_sent
from tests.vignettes import codings

SADDLE = condition(codings.SADDLE_NUMBNESS, onset="2026-06-14", recorded="2026-06-14")
CRP = observation(codings.CRP, quantity(42, "mg/L"), effective="2026-06-12")


def unreadable(facts: PatientFacts) -> list[tuple[str, str]]:
    return [(found.resource, found.element) for found in facts.unreadable]


@pytest.mark.parametrize(
    ("resource", "odd", "key", "element"),
    [
        pytest.param(SADDLE, {"code": "saddle"}, "conditions", "code", id="code is a text"),
        pytest.param(SADDLE, {"code": None}, "conditions", "code", id="no code"),
        pytest.param(SADDLE, {"code": {}}, "conditions", "code", id="an empty code"),
        pytest.param(SADDLE, {"code": {"coding": [{}]}}, "conditions", "code", id="an empty coding"),
        pytest.param(SADDLE, {"code": {"coding": {"code": "x"}}}, "conditions", "code", id="coding is no list"),
        pytest.param(SADDLE, {"code": {"coding": [{"code": 449813001}], "text": "x"}}, "conditions", "code.coding.code", id="a code as number"),
        pytest.param(SADDLE, {"code": {"text": 5}}, "conditions", "code.text", id="a text as number"),
        pytest.param(CRP, {"valueQuantity": 42}, "observations", "valueQuantity", id="a bare quantity"),
        pytest.param(CRP, {"valueQuantity": {"value": "high"}}, "observations", "valueQuantity.value", id="a value in words"),
        pytest.param(CRP, {"status": None}, "observations", "status", id="no status"),
        pytest.param(CRP, {"status": 5}, "observations", "status", id="a status as number"),
        pytest.param(CRP, {"component": ["x"]}, "observations", "component", id="a component that is none"),
        pytest.param(CRP, {"component": [{"code": codings.CRP, "valueQuantity": []}, {"code": codings.CRP, "valueQuantity": "5"}]}, "observations", "component.valueQuantity", id="a broken component"),
        pytest.param(builders.medication_request(codings.NAPROXEN, authored="2026-06-01"), {"authoredOn": "x"}, "medications", "authoredOn", id="a prescription"),
        pytest.param(builders.device(codings.PACEMAKER), {"safety": "unsafe"}, "devices", "safety", id="a device"),
        pytest.param(builders.questionnaire_response([("Fever?", False)], authored="2026-06-15"), {"item": "x"}, "questionnaireResponses", "item", id="a form without items"),
        pytest.param(builders.questionnaire_response([("Fever?", False)], authored="2026-06-15"), {"item": [{"linkId": "1", "text": "Fever?", "answer": [{"valueBoolean": "no"}]}]}, "questionnaireResponses", "item.answer.valueBoolean", id="a boolean as text"),
    ],
)  # fmt: skip
def test_a_broken_element_that_is_read_costs_its_resource_and_is_counted(
    resource: Resource, odd: dict[str, Any], key: str, element: str
) -> None:
    facts = read({**resource, "id": "odd-1", **odd})
    assert unreadable(facts) == [(f"{resource['resourceType']}/odd-1", element)]
    assert facts.reads[key] is ReadState.PARTIAL
    assert (facts.facts, facts.measurements, facts.procedures, facts.devices) == ((), (), (), ())


@pytest.mark.parametrize(
    ("resource", "odd", "key", "element"),
    [
        pytest.param(SADDLE, {"onsetDateTime": "14.06.2026"}, "conditions", "onsetDateTime", id="no date"),
        pytest.param(SADDLE, {"onsetDateTime": 2026}, "conditions", "onsetDateTime", id="a date as number"),
        pytest.param(SADDLE, {"onsetPeriod": "2026"}, "conditions", "onsetPeriod", id="a period as text"),
        pytest.param(SADDLE, {"onsetPeriod": {"start": "soon"}}, "conditions", "onsetPeriod.start", id="a start that is no date"),
        pytest.param(SADDLE, {"onsetAge": {"value": "old"}}, "conditions", "onsetAge.value", id="an age that is no number"),
        pytest.param(SADDLE, {"bodySite": concept("Leg")}, "conditions", "bodySite", id="a body site that is no list"),
        pytest.param(SADDLE, {"clinicalStatus": "active"}, "conditions", "clinicalStatus", id="a status as text"),
        pytest.param(CRP, {"effectiveDateTime": "yesterday"}, "observations", "effectiveDateTime", id="a day in words"),
        pytest.param(CRP, {"interpretation": "H"}, "observations", "interpretation", id="an interpretation as text"),
        pytest.param(procedure(codings.DISCECTOMY), {"performedDateTime": "x"}, "procedures", "performedDateTime", id="a procedure"),
        pytest.param(SADDLE, {"recordedDate": "x"}, "conditions", "recordedDate", id="a recorded date"),
        pytest.param(SADDLE, {"verificationStatus": "confirmed"}, "conditions", "verificationStatus", id="a verification as text"),
    ],
)  # fmt: skip
def test_what_stands_beside_a_finding_costs_itself_and_not_the_finding(
    resource: Resource, odd: dict[str, Any], key: str, element: str
) -> None:
    facts = read({**resource, "id": "odd-1", **odd})
    assert unreadable(facts) == [(f"{resource['resourceType']}/odd-1", element)]
    assert facts.reads[key] is ReadState.PARTIAL
    assert len(facts.facts + facts.measurements + facts.procedures) == 1


@pytest.mark.parametrize("word", ["refuted", "entered-in-error"])
def test_a_broken_status_that_denies_gives_no_finding_and_no_negative(word: str) -> None:
    facts = read(SADDLE | {"verificationStatus": word})
    assert facts.facts == ()
    assert facts.reads["conditions"] is ReadState.PARTIAL


def test_a_negative_with_a_broken_date_is_left_out() -> None:
    facts = read(observation(codings.SADDLE_NUMBNESS, False, effective="yesterday"))
    assert facts.facts == ()


@pytest.mark.parametrize(
    ("resource", "key"),
    [
        pytest.param(observation(codings.SADDLE_NUMBNESS, True), "observations", id="Observation"),
        pytest.param(procedure(codings.DISCECTOMY), "procedures", id="Procedure"),
        pytest.param(
            builders.medication_request(codings.NAPROXEN, authored="2026-06-01"),
            "medications",
            id="MedicationRequest",
        ),
        pytest.param(
            builders.questionnaire_response([("Fever?", True)], authored="2026-06-15"),
            "questionnaireResponses",
            id="form",
        ),
    ],
)
@pytest.mark.parametrize("status", ["", "F", "done", "aborted", "READY"])
def test_a_status_that_fhir_does_not_define_is_unread(resource: Resource, key: str, status: str) -> None:
    assert read(resource | {"status": status}).reads[key] is ReadState.PARTIAL


@pytest.mark.parametrize("status", ["FINAL", "Final", "final "])
def test_a_status_is_read_however_it_is_spelled(status: str) -> None:
    facts = read(observation(codings.SADDLE_NUMBNESS, True, status=status))
    assert (len(facts.facts), facts.reads["observations"]) == (1, ReadState.COMPLETE)


@pytest.mark.parametrize(
    ("resource", "odd"),
    [
        pytest.param(SADDLE, {"category": "problem"}, id="category"),
        pytest.param(SADDLE, {"stage": 5}, id="stage"),
        pytest.param(SADDLE, {"subject": None}, id="no subject"),
        pytest.param(SADDLE, {"identifier": "x"}, id="identifier"),
        pytest.param(SADDLE, {"note": "worse"}, id="a note that is none"),
        pytest.param(SADDLE, {"extension": [{}]}, id="extension"),
        pytest.param(SADDLE, {"unknownMember": {"a": 1}}, id="a member of no version"),
        pytest.param(SADDLE, {"onsetDateTime": ""}, id="an empty date"),
        pytest.param(SADDLE, {"severity": "bad"}, id="severity"),
        pytest.param(CRP, {"referenceRange": "0-5"}, id="reference range"),
        pytest.param(CRP, {"performer": "lab"}, id="performer"),
        pytest.param(CRP, {"category": [5]}, id="category of an observation"),
        pytest.param(CRP, {"method": "x", "device": 5}, id="method and device"),
        pytest.param(CRP, {"component": []}, id="no components"),
        pytest.param(CRP, {"effectiveDateTime": "2026-06-12T08:00:00"}, id="a clock time without a zone"),
    ],
)
def test_a_broken_element_that_nobody_reads_costs_nothing(resource: Resource, odd: dict[str, Any]) -> None:
    facts = read({**resource, "id": "odd-1", **odd})
    assert facts.unreadable == ()
    assert len(facts.facts) + len(facts.measurements) == 1


def test_a_broken_resource_that_does_not_concern_the_guideline_costs_nothing() -> None:
    odd = observation(concept("Sodium", local="NA"), effective="2026-06-12") | {"valueQuantity": 5}
    facts = read(odd)
    assert facts.unreadable == ()
    assert facts.reads["observations"] is ReadState.COMPLETE


def test_a_broken_resource_does_not_hide_the_others() -> None:
    facts = read(SADDLE, {**SADDLE, "code": "x"})
    assert only(facts).concepts == {"saddle-numbness"}
    assert len(facts.unreadable) == 1


def test_an_error_names_the_element_and_never_the_value() -> None:
    facts = read({**SADDLE, "onsetDateTime": "Mrs Tan, since Monday"})
    assert "Tan" not in repr(facts.unreadable)


def test_a_failed_read_stays_failed_beside_a_broken_resource() -> None:
    prefetch = builders.prefetch_of(builders.patient("1980-03-10"), [])
    prefetch["conditions"] = builders.operation_outcome("forbidden", "no")
    prefetch["observations"] = searchset([{**CRP, "id": "o", "valueQuantity": 5}])
    reads = read_as_sent(prefetch).reads
    assert (reads["conditions"], reads["observations"]) == (ReadState.FAILED, ReadState.PARTIAL)


def test_a_key_that_was_not_sent_is_told_from_an_empty_one() -> None:
    prefetch = builders.prefetch_of(builders.patient("1980-03-10"), [])
    del prefetch["procedures"]
    prefetch["conditions"] = None
    reads = read_as_sent(prefetch).reads
    assert (reads["procedures"], reads["conditions"]) == (ReadState.NOT_SENT, ReadState.COMPLETE)


def test_a_resource_is_read_by_its_type_and_not_by_its_key() -> None:
    prefetch = builders.prefetch_of(builders.patient("1980-03-10"), [])
    prefetch["everything"] = searchset([{**SADDLE, "id": "c"}, {**CRP, "id": "o"}])
    facts = read_as_sent(prefetch)
    assert (len(facts.facts), len(facts.measurements)) == (1, 1)


def test_a_resource_that_comes_twice_counts_once() -> None:
    prefetch = builders.prefetch_of(builders.patient("1980-03-10"), [{**SADDLE, "id": "c"}])
    prefetch["again"] = searchset([{**SADDLE, "id": "c"}])
    assert len(read_as_sent(prefetch).facts) == 1


def test_resources_without_an_id_are_all_read() -> None:
    prefetch = builders.prefetch_of(builders.patient("1980-03-10"), [])
    entries = [{"resource": SADDLE}, {"resource": condition(codings.RETENTION)}]
    prefetch["conditions"] = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    assert [fact.resource for fact in read_as_sent(prefetch).facts] == ["Condition", "Condition"]


def test_a_single_resource_under_a_search_key_is_read() -> None:
    prefetch = builders.prefetch_of(builders.patient("1980-03-10"), [])
    assert len(read_as_sent(prefetch | {"conditions": {**SADDLE, "id": "c"}}).facts) == 1


def test_the_order_of_the_entries_does_not_matter() -> None:
    one, two = {**SADDLE, "id": "a"}, condition(codings.RETENTION, id="b")
    assert set(read(one, two).facts) == set(read(two, one).facts)


def patient(**more: Any) -> PatientFacts:
    subject = builders.patient("1980-03-10", "male") | more
    return read_as_sent(builders.prefetch_of(subject, []))


def test_the_patient_is_read() -> None:
    facts = patient()
    assert (facts.birth_date and facts.birth_date.first.year, facts.sex) == (1980, "male")
    assert (facts.deceased, facts.test_patient) == (False, False)


@pytest.mark.parametrize(
    ("more", "deceased"),
    [
        ({"deceasedBoolean": True}, True),
        ({"deceasedBoolean": False}, False),
        ({"deceasedDateTime": "2026-05-01"}, True),
    ],
)
def test_a_death_is_read(more: dict[str, Any], deceased: bool) -> None:
    assert patient(**more).deceased is deceased


@pytest.mark.parametrize(
    ("meta", "test"),
    [
        ({"tag": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]}, True),
        ({"security": [{"code": "HTEST"}]}, True),
        ({"tag": [{"code": "other"}]}, False),
        ({"tag": "HTEST"}, False),
        ("HTEST", False),
    ],
)
def test_a_test_patient_is_told_by_its_mark(meta: Any, test: bool) -> None:
    assert patient(meta=meta).test_patient is test


def test_a_patient_of_an_unknown_age_is_still_read() -> None:
    facts = patient(birthDate="unknown")
    assert (facts.birth_date, unreadable(facts)) == (None, [("Patient/p1", "birthDate")])


def test_a_partial_birth_date_is_an_interval() -> None:
    birth = patient(birthDate="1980").birth_date
    assert birth is not None
    assert (birth.first.isoformat(), birth.last.isoformat()) == ("1980-01-01", "1980-12-31")


def test_without_a_patient_the_record_is_read_all_the_same() -> None:
    prefetch = builders.prefetch_of(builders.patient("1980-03-10"), [{**SADDLE, "id": "c"}])
    del prefetch["patient"]
    facts = read_as_sent(prefetch)
    assert (len(facts.facts), facts.birth_date) == (1, None)
