"""What the client sent is told apart from what it did not send and from what it could not get."""

from typing import Any

import pytest

from cds_service.access.prefetch import PrefetchByKey, Prefetched, read_prefetch
from cds_service.record.facts import ReadState

CONDITION = {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/p1"}}
FOREIGN = {"resourceType": "Condition", "id": "c2", "subject": {"reference": "Patient/p2"}}
TEMPLATES = {
    "patient": "Patient/{{context.patientId}}",
    "conditions": "Condition?patient={{context.patientId}}",
    "user": "{{context.userId}}",
}


def outcome(*severities: str) -> dict[str, Any]:
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": word, "code": "x"} for word in severities],
    }


def bundle(*resources: Any, **members: Any) -> dict[str, Any]:
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries, **members}


def read(value: Any, key: str = "conditions") -> Prefetched:
    return read_prefetch({key: value}, TEMPLATES, "p1")[key]


@pytest.mark.parametrize(
    ("value", "state", "count", "reason"),
    [
        pytest.param(None, ReadState.COMPLETE, 0, "", id="null"),
        pytest.param({"resourceType": "Bundle"}, ReadState.COMPLETE, 0, "", id="bundle without entry"),
        pytest.param(bundle(), ReadState.COMPLETE, 0, "", id="empty entry"),
        pytest.param(bundle(total=0), ReadState.COMPLETE, 0, "", id="total of none"),
        pytest.param(bundle(CONDITION), ReadState.COMPLETE, 1, "", id="searchset"),
        pytest.param(bundle(CONDITION, type="collection"), ReadState.COMPLETE, 1, "", id="collection"),
        pytest.param(bundle(CONDITION, total=1), ReadState.COMPLETE, 1, "", id="all of the total"),
        pytest.param(
            bundle(CONDITION, total=2),
            ReadState.PARTIAL,
            1,
            "fewer entries than the total",
            id="less than the total",
        ),
        pytest.param(
            bundle(CONDITION, link=[{"relation": "self", "url": "x"}]),
            ReadState.COMPLETE,
            1,
            "",
            id="self link",
        ),
        pytest.param(
            bundle(CONDITION, link=[{"relation": "next", "url": "x"}]),
            ReadState.PARTIAL,
            1,
            "next page not read",
            id="next link",
        ),
        pytest.param(outcome("error"), ReadState.FAILED, 0, "OperationOutcome", id="outcome as the value"),
        pytest.param(
            bundle(outcome("error")), ReadState.FAILED, 0, "OperationOutcome", id="only outcome entries"
        ),
        pytest.param(bundle(outcome("information")), ReadState.COMPLETE, 0, "", id="nothing but a hint"),
        pytest.param(
            bundle(outcome("warning")), ReadState.FAILED, 0, "OperationOutcome", id="nothing but a warning"
        ),
        pytest.param(
            bundle(CONDITION, total="2"),
            ReadState.PARTIAL,
            1,
            "fewer entries than the total",
            id="less than the total, sent as text",
        ),
        pytest.param(
            bundle(CONDITION, total="9" * 5000),
            ReadState.PARTIAL,
            1,
            "fewer entries than the total",
            id="a total of 5,000 digits, sent as text",
        ),
        pytest.param(
            bundle(CONDITION, link={"relation": "next", "url": "x"}),
            ReadState.PARTIAL,
            1,
            "next page not read",
            id="next link, not in a list",
        ),
        pytest.param(
            bundle(CONDITION, outcome("warning")), ReadState.COMPLETE, 1, "", id="matches and a warning"
        ),
        pytest.param(
            bundle(CONDITION, outcome("information", "error")),
            ReadState.PARTIAL,
            1,
            "OperationOutcome beside the matches",
            id="matches and an error",
        ),
        pytest.param(
            bundle(CONDITION, {"resourceType": "OperationOutcome"}),
            ReadState.PARTIAL,
            1,
            "OperationOutcome beside the matches",
            id="matches and an outcome without issues",
        ),
        pytest.param("<html>", ReadState.FAILED, 0, "not FHIR", id="text"),
        pytest.param(123, ReadState.FAILED, 0, "not FHIR", id="number"),
        pytest.param([CONDITION], ReadState.FAILED, 0, "not FHIR", id="list"),
        pytest.param({}, ReadState.FAILED, 0, "not FHIR", id="empty object"),
        pytest.param(CONDITION, ReadState.COMPLETE, 1, "", id="single resource under a search key"),
        pytest.param(
            {"resourceType": "Patient", "id": "p1"},
            ReadState.FAILED,
            0,
            "another resource type",
            id="other type",
        ),
        pytest.param(
            bundle({"resourceType": "Observation"}),
            ReadState.FAILED,
            1,
            "another resource type",
            id="only other types",
        ),
        pytest.param(
            bundle(CONDITION, {"resourceType": "Encounter"}),
            ReadState.COMPLETE,
            2,
            "",
            id="included resources",
        ),
        pytest.param(
            {"response": {"status": "200"}, "resource": bundle(CONDITION)},
            ReadState.COMPLETE,
            1,
            "",
            id="wrapped",
        ),
        pytest.param({"response": {"status": "404"}}, ReadState.FAILED, 0, "not FHIR", id="wrapped nothing"),
        pytest.param(FOREIGN, ReadState.FAILED, 0, "another patient", id="resource of another patient"),
        pytest.param(bundle(FOREIGN), ReadState.FAILED, 0, "another patient", id="only another patient's"),
        pytest.param(bundle(CONDITION, FOREIGN), ReadState.COMPLETE, 1, "", id="one of another patient"),
        pytest.param(
            {"resourceType": "Bundle", "entry": {"resource": CONDITION}},
            ReadState.PARTIAL,
            0,
            "entries cannot be read",
            id="entry that is no list",
        ),
        pytest.param(
            {"resourceType": "Bundle", "entry": [{"resource": CONDITION}, 7, {}, {"resource": {"id": "x"}}]},
            ReadState.PARTIAL,
            1,
            "entries cannot be read",
            id="entries that are no objects",
        ),
    ],
)
def test_each_form_of_a_prefetch_value_has_its_state(
    value: Any, state: ReadState, count: int, reason: str
) -> None:
    found = read(value)
    assert (found.state, len(found.resources), found.reason) == (state, count, reason)


def test_a_key_that_was_not_sent_is_not_an_empty_one() -> None:
    assert read_prefetch({}, TEMPLATES, "p1")["conditions"].state is ReadState.NOT_SENT


@pytest.mark.parametrize("value", [None, bundle()], ids=["null", "empty bundle"])
def test_a_patient_in_context_exists_so_nothing_found_means_not_sent(value: Any) -> None:
    assert read(value, "patient").state is ReadState.NOT_SENT


@pytest.mark.parametrize(
    "patient",
    [
        {"resourceType": "Patient", "id": "p1"},
        {"resourceType": "Patient"},
        bundle({"resourceType": "Patient", "id": "p1"}),
    ],
    ids=["by id", "without id", "in a bundle"],
)
def test_the_patient_is_read_however_it_came(patient: Any) -> None:
    assert [found["resourceType"] for found in read(patient, "patient").resources] == ["Patient"]


def test_another_patient_is_not_the_patient() -> None:
    found = read({"resourceType": "Patient", "id": "p2"}, "patient")
    assert (found.state, found.resources, found.foreign) == (ReadState.FAILED, (), 1)


def test_what_was_dropped_and_what_was_unreadable_is_counted() -> None:
    found = read(
        {"resourceType": "Bundle", "entry": [{"resource": FOREIGN}, {"resource": CONDITION}, None, []]}
    )
    assert (found.foreign, found.unreadable, found.resources) == (1, 2, (CONDITION,))


@pytest.mark.parametrize(
    ("reference", "foreign"),
    [
        ("Patient/p1", False),
        ("https://ehr.example/fhir/Patient/p1", False),
        ("Patient/p1/_history/3", False),
        ("p1", False),
        ("urn:uuid:p1", False),
        ("#p", False),
        ("", False),
        ("Patient/p2", True),
        ("Patient/p11", True),
        ("https://ehr.example/fhir/Patient/p2", True),
        ("Group/p1", True),
        ("urn:uuid:p2", True),
    ],
)
def test_a_subject_is_the_patient_in_any_form_of_reference(reference: str, foreign: bool) -> None:
    found = read(bundle({"resourceType": "Condition", "subject": {"reference": reference}}))
    assert found.foreign == int(foreign)


@pytest.mark.parametrize(
    ("members", "foreign"),
    [
        pytest.param({}, False, id="no subject"),
        pytest.param({"subject": {"display": "someone"}}, False, id="subject without a reference"),
        pytest.param({"subject": "Patient/p2"}, False, id="subject that cannot be read"),
        pytest.param({"patient": {"reference": "Patient/p1"}}, False, id="own patient element"),
        pytest.param({"patient": {"reference": "Patient/p2"}}, True, id="other patient element"),
    ],
)
def test_a_resource_is_foreign_only_where_it_says_so(members: dict[str, Any], foreign: bool) -> None:
    found = read(bundle({"resourceType": "Condition", **members}))
    assert found.foreign == int(foreign)


@pytest.mark.parametrize(
    ("actors", "foreign"),
    [
        pytest.param(["Patient/p1", "Practitioner/d1"], False, id="the patient and a doctor"),
        pytest.param(["Patient/p2", "Patient/p1"], False, id="a group"),
        pytest.param(["Practitioner/d1"], False, id="no patient named"),
        pytest.param(["Patient/p2", "Practitioner/d1"], True, id="another patient"),
    ],
)
def test_an_appointment_names_its_patient_among_the_participants(actors: list[str], foreign: bool) -> None:
    participants = [{"actor": {"reference": reference}} for reference in actors]
    value = bundle({"resourceType": "Appointment", "participant": participants})
    found = read_prefetch({"appointments": value}, ("appointments",), "p1")["appointments"]
    assert found.foreign == int(foreign)


def test_with_bare_keys_no_type_is_expected() -> None:
    found = read_prefetch({"a": {"resourceType": "Device"}}, ("a",), "p1")["a"]
    assert found.state is ReadState.COMPLETE


def test_a_template_that_is_a_token_expects_no_type() -> None:
    assert read({"resourceType": "PractitionerRole"}, "user").state is ReadState.COMPLETE


def test_undeclared_keys_are_kept_where_they_hold_fhir() -> None:
    raw = {"theirs": bundle(CONDITION, FOREIGN, link=[{"relation": "next"}]), "junk": {"a": 1}, "text": "x"}
    found = read_prefetch(raw, TEMPLATES, "p1")
    assert list(found) == ["patient", "conditions", "user", "theirs"]
    assert (found["theirs"].state, found["theirs"].resources) == (ReadState.COMPLETE, (CONDITION,))


def test_nothing_is_read_before_it_is_asked_for() -> None:
    prefetch = PrefetchByKey({"conditions": bundle(CONDITION)}, TEMPLATES, "p1")
    assert prefetch.states() == {}
    assert prefetch["conditions"].state is ReadState.COMPLETE
    assert prefetch.states() == {"conditions": "complete"}


def test_a_key_that_nobody_declared_or_sent_is_no_key() -> None:
    prefetch = PrefetchByKey({"junk": 1}, TEMPLATES, "p1")
    assert "junk" not in prefetch
    assert len(prefetch) == len(TEMPLATES)


def test_the_record_does_not_show_in_a_representation() -> None:
    assert "Condition" not in repr(read(bundle(CONDITION)))
