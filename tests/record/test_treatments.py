"""Procedures, medicines and visits: what was really done, when, and why."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cds_service.record.dates import on_day
from cds_service.record.facts import Certainty, DateProblem, MedicationFact, ProcedureFact, Region, VisitFact
from tests.builders import (
    appointment,
    concept,
    condition,
    encounter,
    medication_dispense,
    medication_request,
    medication_statement,
    procedure,
    quantity,
)
from tests.record.records import only, read
from tests.vignettes import codings


def done(*args: Any, **more: Any) -> tuple[ProcedureFact, ...]:
    return read(procedure(*args, **more)).procedures


def taken(resource: dict[str, Any], *others: dict[str, Any]) -> MedicationFact:
    (found,) = read(resource, *others).medications
    return found


@pytest.mark.parametrize(
    ("status", "count"),
    [
        ("completed", 1),
        ("in-progress", 1),
        ("stopped", 1),
        ("not-done", 0),
        ("entered-in-error", 0),
        ("preparation", 0),
        ("on-hold", 0),
        ("unknown", 0),
    ],
)
def test_a_procedure_counts_once_it_was_started(status: str, count: int) -> None:
    assert len(done(codings.DISCECTOMY, performed="2026-05-25", status=status)) == count


@pytest.mark.parametrize(
    ("code", "site", "region"),
    [
        pytest.param(codings.DISCECTOMY, None, Region.LUMBAR, id="a lumbar code"),
        pytest.param(codings.LAMINECTOMY, None, Region.SPINE, id="no level"),
        pytest.param(codings.LAMINECTOMY, "L4/L5", Region.LUMBAR, id="a lumbar level"),
        pytest.param(codings.LAMINECTOMY, "Cervical spine", Region.OTHER_SPINE, id="cervical"),
        pytest.param(
            concept("Laminectomy L3", snomed="387731002"), None, Region.LUMBAR, id="a level in the words"
        ),
        pytest.param(codings.EPIDURAL_INJECTION, None, Region.LUMBAR, id="an epidural"),
    ],
)
def test_the_level_of_an_operation(code: dict[str, Any], site: str | None, region: Region) -> None:
    (found,) = done(code, performed="2026-05-25", site=site)
    assert found.region is region


def test_an_operation_in_words_only_asks() -> None:
    (found,) = done(concept("Microdiscectomy"), performed="2026-05-25")
    assert (set(found.concepts), found.certainty) == ({"lumbar-surgery"}, Certainty.WORDS)


@pytest.mark.parametrize(
    ("dates", "performed", "ended", "problem"),
    [
        pytest.param({"performed": "2026-05-25"}, on_day(date(2026, 5, 25)), None, None, id="a day"),
        pytest.param({"period": ("2026-05-20", "2026-06-10")}, on_day(date(2026, 5, 20)), on_day(date(2026, 6, 10)), None, id="a period"),
        pytest.param({"period": ("2026-05-20", None)}, on_day(date(2026, 5, 20)), None, None, id="going on"),
        pytest.param({"period": ("2026-05-20", "2026-07-20")}, on_day(date(2026, 5, 20)), on_day(date(2026, 6, 15)), None, id="ends next month"),
        pytest.param({"performed": "2026-08-01"}, None, None, DateProblem.FUTURE, id="in the future"),
        pytest.param({}, None, None, None, id="undated"),
    ],
)  # fmt: skip
def test_when_a_procedure_was_done(dates: dict[str, Any], performed: Any, ended: Any, problem: Any) -> None:
    (found,) = done(codings.PHYSIOTHERAPY, **dates)
    assert (found.performed, found.ended, found.performed_problem) == (performed, ended, problem)


@pytest.mark.parametrize(
    ("reason", "reasons", "given"),
    [
        (codings.LOW_BACK_PAIN, {"low-back-pain"}, True),
        (concept("Low back pain"), {"low-back-pain"}, True),
        (concept("Knee pain"), set(), True),
        (None, set(), False),
    ],
)
def test_the_reason_of_a_procedure(reason: Any, reasons: set[str], given: bool) -> None:
    (found,) = done(codings.PHYSIOTHERAPY, performed="2026-05-25", reason=reason)
    assert (set(found.reasons), found.reason_given) == (reasons, given)


def test_a_reason_may_be_a_condition_of_the_record() -> None:
    pain = condition(codings.LOW_BACK_PAIN, id="pain-1")
    therapy = procedure(codings.PHYSIOTHERAPY, reasonReference=[{"reference": "Condition/pain-1"}])
    (found,) = read(pain, therapy).procedures
    assert found.reasons == {"low-back-pain"}


@pytest.mark.parametrize(
    "text",
    [
        "Physiotherapy",
        "Supervised exercise class",
        "Acupuncture",
        "Chiropractic manipulation",
        "Osteopathy",
        "TCM",
    ],
)
def test_treatment_in_words_is_known(text: str) -> None:
    (found,) = done(concept(text), performed="2026-05-25")
    assert (set(found.concepts), found.certainty) == ({"physical-therapy"}, Certainty.KNOWN)


def test_a_catheter_that_was_placed_is_a_fact_too() -> None:
    fact = only(read(procedure(concept("Insertion of urinary catheter"), performed="2026-06-14")))
    assert (set(fact.concepts), fact.certainty) == ({"urinary-catheter"}, Certainty.KNOWN)


def test_an_unrelated_procedure_is_nothing() -> None:
    assert done(concept("Retinal photography"), performed="2026-05-25") == ()


@pytest.mark.parametrize(
    ("drug", "concepts"),
    [
        pytest.param(codings.PARACETAMOL, {"simple-analgesic"}, id="by code"),
        pytest.param(concept("Panadol 500 mg"), {"simple-analgesic"}, id="a brand"),
        pytest.param(concept("Naproxen tablet", rxnorm="198013"), {"nsaid"}, id="a pack code and its name"),
        pytest.param(concept("Diclofenac gel 1 %"), {"nsaid"}, id="topical"),
        pytest.param(concept("Co-codamol 30/500"), {"simple-analgesic", "opioid"}, id="a combination"),
        pytest.param(codings.AMITRIPTYLINE, {"anticholinergic", "muscle-relaxant-or-neuropathic"}, id="amitriptyline"),
        pytest.param(concept("Oxybutynin 5 mg"), {"anticholinergic"}, id="oxybutynin"),
        pytest.param(concept("Apixaban 5 mg"), {"anticoagulant"}, id="apixaban"),
        pytest.param(concept("Warfarin"), {"anticoagulant"}, id="warfarin"),
        pytest.param(concept("Methotrexate 10 mg weekly"), {"immunosuppressant"}, id="methotrexate"),
        pytest.param(concept("Adalimumab 40 mg"), {"biologic"}, id="a biologic"),
        pytest.param(concept("Tofacitinib"), {"biologic"}, id="a JAK inhibitor"),
        pytest.param(concept("Docetaxel infusion"), {"chemotherapy", "antineoplastic"}, id="chemotherapy"),
    ],
)  # fmt: skip
def test_a_medicine_is_known_by_code_or_name(drug: dict[str, Any], concepts: set[str]) -> None:
    assert taken(medication_request(drug, authored="2026-06-01")).concepts >= concepts


@pytest.mark.parametrize(
    ("resource", "count"),
    [
        *((medication_request(codings.NAPROXEN, authored="2026-06-01", status=s), 1) for s in ("active", "completed", "stopped", "on-hold")),
        *((medication_request(codings.NAPROXEN, authored="2026-06-01", status=s), 0) for s in ("draft", "cancelled", "entered-in-error")),
        *((medication_request(codings.NAPROXEN, authored="2026-06-01", intent=i), c) for i, c in (("order", 1), ("instance-order", 1), ("plan", 0), ("proposal", 0))),
        (medication_request(codings.NAPROXEN, authored="2026-06-01", doNotPerform=True), 0),
        *((medication_statement(codings.NAPROXEN, start="2026-06-01", status=s), 1) for s in ("active", "completed", "on-hold", "stopped")),
        *((medication_statement(codings.NAPROXEN, start="2026-06-01", status=s), 0) for s in ("intended", "not-taken", "unknown", "entered-in-error")),
        (medication_dispense(codings.NAPROXEN, handed_over="2026-06-01"), 1),
        (medication_dispense(codings.NAPROXEN, handed_over="2026-06-01") | {"status": "cancelled"}, 0),
    ],
)  # fmt: skip
def test_a_medicine_counts_by_its_status(resource: dict[str, Any], count: int) -> None:
    assert len(read(resource).medications) == count


@pytest.mark.parametrize(
    ("resource", "ended", "is_open"),
    [
        pytest.param(medication_request(codings.NAPROXEN, authored="2026-06-01"), None, True, id="active without an end"),
        pytest.param(medication_request(codings.NAPROXEN, authored="2026-06-01", until="2026-06-08"), on_day(date(2026, 6, 8)), False, id="valid until"),
        pytest.param(medication_request(codings.NAPROXEN, authored="2026-06-01", until="2026-07-08"), None, True, id="valid until next month"),
        pytest.param(medication_request(codings.NAPROXEN, authored="2026-06-01", status="completed"), None, False, id="completed"),
        pytest.param(medication_request(codings.NAPROXEN, authored="2026-05-01", status="completed", dispenseRequest={"expectedSupplyDuration": quantity(7, "d"), "numberOfRepeatsAllowed": 1}), on_day(date(2026, 5, 14)), False, id="supply and a repeat"),
        pytest.param(medication_statement(codings.NAPROXEN, start="2026-06-01"), None, True, id="statement without an end"),
        pytest.param(medication_statement(codings.NAPROXEN, start="2026-06-01", end="2026-06-10"), on_day(date(2026, 6, 10)), False, id="statement with an end"),
        pytest.param(medication_dispense(codings.NAPROXEN, handed_over="2026-06-01", days=10), on_day(date(2026, 6, 10)), False, id="a supply of ten days"),
        pytest.param(medication_dispense(codings.NAPROXEN, handed_over="2026-06-01"), None, False, id="a supply of no length"),
    ],
)  # fmt: skip
def test_the_course_of_a_medicine(resource: dict[str, Any], ended: Any, is_open: bool) -> None:
    found = taken(resource)
    assert (found.started is not None, found.ended, found.open) == (True, ended, is_open)


def by_reference(reference: str, **more: Any) -> dict[str, Any]:
    request = medication_request(codings.NAPROXEN, authored="2026-06-01", **more)
    del request["medicationCodeableConcept"]
    return request | {"medicationReference": {"reference": reference}}


def test_a_medicine_may_be_contained() -> None:
    inner = {"resourceType": "Medication", "id": "m", "code": codings.NAPROXEN}
    assert taken(by_reference("#m", contained=[inner])).concepts == {"nsaid"}


def test_a_medicine_may_stand_in_the_bundle() -> None:
    other = {"resourceType": "Medication", "id": "m1", "code": codings.NAPROXEN}
    assert taken(by_reference("Medication/m1"), other).concepts == {"nsaid"}


def test_a_medicine_that_is_not_here_cannot_be_read() -> None:
    facts = read(by_reference("Medication/elsewhere"))
    assert [found.element for found in facts.unreadable] == ["medication[x]"]
    assert facts.reads["medications"] == "partial"


def test_the_name_that_a_reference_shows_is_enough() -> None:
    request = by_reference("Medication/elsewhere")
    request["medicationReference"]["display"] = "Naproxen 250 mg"
    assert taken(request).concepts == {"nsaid"}


def steroid(drug: str, dosage: dict[str, Any] | None) -> Decimal | None:
    request = medication_request(concept(drug), authored="2026-05-18")
    return taken(request | ({"dosageInstruction": [dosage]} if dosage else {})).prednisolone_mg_per_day


def dose(
    milligrams: float, frequency: int = 1, unit: str = "mg", period: int = 1, of: str = "d"
) -> dict[str, Any]:
    return {
        "timing": {"repeat": {"frequency": frequency, "period": period, "periodUnit": of}},
        "doseAndRate": [{"doseQuantity": quantity(milligrams, unit)}],
    }


@pytest.mark.parametrize(
    ("drug", "dosage", "mg"),
    [
        pytest.param("Prednisolone", dose(20), "20", id="prednisolone"),
        pytest.param("Prednisone", dose(10, 2), "20", id="twice a day"),
        pytest.param("Methylprednisolone", dose(16), "20", id="methylprednisolone 1.25"),
        pytest.param("Hydrocortisone", dose(80), "20", id="hydrocortisone 0.25"),
        pytest.param("Dexamethasone", dose(3), "20.1", id="dexamethasone 6.7"),
        pytest.param("Betamethasone", dose(2.4), "19.9", id="betamethasone 8.3"),
        pytest.param("Prednisolone", dose(40, of="d", period=2), "20", id="every other day"),
        pytest.param("Prednisolone", dose(10, of="h", period=12), "20", id="every 12 hours"),
        pytest.param("Prednisolone 5 mg tablet", dose(4, unit="{tablet}"), "20", id="tablets"),
        pytest.param(
            "Prednisolone 5 mg tablet", {"text": "4 tablets once daily"}, "20", id="tablets in words"
        ),
        pytest.param("Prednisolone", {"text": "20 mg once a day"}, "20", id="words"),
        pytest.param("Prednisolone", {"text": "10 mg bd"}, "20", id="bd"),
        pytest.param("Prednisolone 30 mg daily", None, "30", id="the dose in the name"),
        pytest.param("Prednisolone 5 mg tablet", None, None, id="no dose"),
        pytest.param("Prednisolone eye drops", {"text": "20 mg daily"}, None, id="eye drops"),
        pytest.param("Betamethasone cream", dose(20), None, id="a cream"),
    ],
)
def test_a_steroid_in_prednisolone_a_day(drug: str, dosage: dict[str, Any] | None, mg: str | None) -> None:
    assert steroid(drug, dosage) == (Decimal(mg) if mg else None)


def test_of_a_taper_the_highest_dose_counts() -> None:
    request = medication_request(concept("Prednisolone"), authored="2026-05-18")
    found = taken(request | {"dosageInstruction": [dose(10), dose(40), dose(5)]})
    assert found.prednisolone_mg_per_day == Decimal(40)


def test_a_steroid_known_by_its_code_alone_has_its_factor() -> None:
    request = medication_request(concept(None, rxnorm="3264"), authored="2026-05-18")
    assert taken(request | {"dosageInstruction": [dose(3)]}).prednisolone_mg_per_day == Decimal("20.1")


@pytest.mark.parametrize(("milligrams", "mg"), [(10_000, Decimal(10_000)), (10_001, None)])
def test_an_impossible_dose_of_a_steroid_is_none(milligrams: int, mg: Decimal | None) -> None:
    assert steroid("Prednisolone", dose(milligrams)) == mg


def visits(resource: dict[str, Any]) -> tuple[VisitFact, ...]:
    return read(resource).visits


@pytest.mark.parametrize(("status", "count"), [("fulfilled", 1), ("noshow", 0), ("cancelled", 0), ("booked", 0), ("arrived", 0)])  # fmt: skip
def test_only_a_kept_appointment_is_a_visit(status: str, count: int) -> None:
    service = concept("Physiotherapy")
    assert len(visits(appointment(service, start="2026-05-15T14:00:00+08:00", status=status))) == count


@pytest.mark.parametrize(
    ("status", "count"), [("finished", 1), ("in-progress", 1), ("arrived", 1), ("triaged", 1), ("planned", 0), ("cancelled", 0)]
)  # fmt: skip
def test_an_encounter_counts_once_the_patient_was_there(status: str, count: int) -> None:
    seen = encounter("2026-05-15T14:00:00+08:00", status=status, type=concept("Physiotherapy session"))
    assert len(visits(seen)) == count


def test_the_reason_of_an_encounter_is_a_fact_of_its_day() -> None:
    fact = only(read(encounter("2026-05-15T14:00:00+08:00", reason=codings.LOW_BACK_PAIN)))
    assert (fact.certainty, fact.started, fact.started_is_minimum) == (Certainty.KNOWN, None, True)
    assert fact.recorded == fact.when
    assert fact.recorded is not None


def test_a_red_flag_as_the_reason_of_an_encounter_is_suspected() -> None:
    fact = only(read(encounter("2026-05-15T14:00:00+08:00", reason=codings.RETENTION)))
    assert fact.certainty is Certainty.SUSPECTED


def test_an_ordinary_reason_is_no_fact() -> None:
    assert read(encounter("2026-05-15T14:00:00+08:00", reason=concept("Diabetes review"))).facts == ()


@pytest.mark.parametrize(("given", "kind"), [({"code": "EMER"}, "EMER"), ("AMB", "AMB"), (None, None)])
def test_the_class_of_the_current_encounter(given: Any, kind: str | None) -> None:
    current = encounter("2026-06-15T09:30:00+08:00", id="now") | {"class": given}
    assert read(current=current).encounter_class == kind


def test_education_on_a_care_plan_is_a_weak_visit() -> None:
    plan = {
        "resourceType": "CarePlan", "status": "active", "intent": "plan", "subject": {"reference": "Patient/p1"},
        "period": {"start": "2026-05-15"},
        "activity": [{"detail": {"status": "completed", "description": "Advice to stay active, home exercises"}}],
    }  # fmt: skip
    (found,) = visits(plan)
    assert (set(found.kinds), found.when) == ({"self-management"}, on_day(date(2026, 5, 15)))


def test_advice_that_was_sent_is_a_weak_visit() -> None:
    message = {
        "resourceType": "Communication", "status": "completed", "sent": "2026-05-15T10:00:00+08:00",
        "payload": [{"contentString": "Back care: self-management leaflet"}],
    }  # fmt: skip
    (found,) = visits(message)
    assert found.kinds == {"self-management"}


AGE = {"system": "http://unitsofmeasure.org", "code": "a"}


@pytest.mark.parametrize(
    ("element", "first", "last"),
    [
        pytest.param(
            {"performedString": "May 2026"}, date(2026, 5, 1), date(2026, 5, 31), id="a month in words"
        ),
        pytest.param({"performedString": "2012"}, date(2012, 1, 1), date(2012, 12, 31), id="a year in words"),
        pytest.param(
            {"performedAge": {"value": 40, **AGE}}, date(2020, 3, 10), date(2021, 3, 9), id="an age"
        ),
        pytest.param(
            {"performedRange": {"low": {"value": 40, **AGE}, "high": {"value": 42, **AGE}}},
            date(2020, 3, 10),
            date(2023, 3, 9),
            id="ages",
        ),
        pytest.param(
            {"performedPeriod": {"end": "2026-06-01"}}, date(2026, 6, 1), date(2026, 6, 1), id="an end"
        ),
    ],
)
def test_the_day_of_an_operation_in_other_forms(element: dict[str, Any], first: date, last: date) -> None:
    (done,) = read(procedure(codings.DISCECTOMY) | element, born="1980-03-10").procedures
    assert done.performed is not None
    assert (done.performed.first, done.performed.last) == (first, last)


@pytest.mark.parametrize("words", ["last spring", "2 weeks ago", "recently"])
def test_words_that_count_from_an_unknown_day_date_no_operation(words: str) -> None:
    (done,) = read(procedure(codings.DISCECTOMY) | {"performedString": words}).procedures
    assert done.performed is None


def test_only_a_course_or_an_open_period_goes_on_to_today() -> None:
    under_way = {"status": "in-progress"}
    (operation,) = read(procedure(codings.DISCECTOMY, performed="2025-05-01") | under_way).procedures
    (course,) = read(procedure(codings.PHYSIOTHERAPY, performed="2026-05-01") | under_way).procedures
    assert (operation.ended, course.ended) == (None, on_day(date(2026, 6, 15)))
