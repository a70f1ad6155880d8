"""The reasons of a draft order (2.2, 8.4.2, 8.4.6, 8.9.1)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cds_service.guideline.overrides import AttestedReason
from cds_service.record.dates import on_day
from cds_service.record.facts import Certainty, Origin
from tests.builders import Concept, concept, condition, observation, service_request
from tests.record.records import TODAY, read_order, shipped_guideline
from tests.vignettes import codings

OWN = "urn:lumbar-mri-cds:reason"


def order(reason: Concept | None = None, note: str | None = None, **more: Any) -> dict[str, Any]:
    return service_request(codings.MRI_LUMBAR, reason=reason, note=note, **more)


def test_a_coded_reason_is_a_suspected_fact_of_today_and_no_onset() -> None:
    ((fact,), ()) = read_order(order(codings.CAUDA_EQUINA))
    assert (fact.certainty, fact.origin, fact.started) == (Certainty.SUSPECTED, Origin.ORDER, None)
    assert fact.recorded is not None
    assert fact.recorded.last.isoformat() == TODAY
    assert fact.resource == "ServiceRequest/mri-1"


@pytest.mark.parametrize(
    ("text", "concepts", "certainty"),
    [
        pytest.param("? cauda equina", "cauda-equina", Certainty.WORDS, id="queried"),
        pytest.param("cauda equina syndrome", "cauda-equina", Certainty.WORDS, id="asserted words only ask"),
        pytest.param("LBP", "low-back-pain", Certainty.SUSPECTED, id="pain is as a coded reason"),
        pytest.param("known BPH", "prostate-hyperplasia", Certainty.KNOWN, id="an explanation"),
    ],
)
def test_words_of_an_order(text: str, concepts: str, certainty: Certainty) -> None:
    for written in (order(note=text), order(concept(text))):
        ((fact,), ()) = read_order(written)
        assert (set(fact.concepts), fact.certainty) == ({concepts}, certainty)
        assert fact.origin is Origin.ORDER_TEXT


@pytest.mark.parametrize("text", ["B/L sciatica", "bilat leg pain", "sciatica on both sides"])
def test_both_sides_in_words_only_ask(text: str) -> None:
    facts, _ = read_order(order(note=text))
    both = [fact.certainty for fact in facts if "bilateral-leg-symptoms" in fact.concepts]
    assert both == [Certainty.WORDS]


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("T 39", ["fever"]),
        ("temp 39.2", ["fever"]),
        ("temp 102", ["fever"]),
        ("CRP 200", ["raised-inflammatory-markers"]),
        ("ESR: 80", ["raised-inflammatory-markers"]),
        ("PVR 400", ["urinary-retention"]),
        ("post void residual 450 ml", ["urinary-retention"]),
        ("bladder scan 500 mL", ["urinary-retention"]),
        ("PVR 20, bladder scan: 15 ml", []),
        ("T 36.8, CRP 2", []),
        ("temp 37.9, CRP <5, ESR 10", []),
    ],
)
def test_high_values_in_words_ask(text: str, concepts: list[str]) -> None:
    facts, _ = read_order(order(note=text))
    assert [name for fact in facts for name in fact.concepts] == concepts
    assert {fact.certainty for fact in facts} <= {Certainty.WORDS}


@pytest.mark.parametrize("code", ["G83.4", "G834", "192970008"])
def test_a_bare_code_without_its_system_only_asks(code: str) -> None:
    ((fact,), ()) = read_order(order({"coding": [{"code": code}]}))
    assert "cauda-equina" in fact.concepts
    assert fact.certainty is Certainty.WORDS


@pytest.mark.parametrize(
    "text", ["No red flags, no saddle anaesthesia", "Return if CES", "FHx breast cancer", "Please do soon"]
)
def test_words_that_deny_or_advise_are_no_fact(text: str) -> None:
    assert read_order(order(note=text)) == ((), ())


def test_the_text_beside_a_coded_reason_is_read_too() -> None:
    facts, _ = read_order(order(concept("Low back pain, ? discitis", snomed="279039007|Low back pain")))
    assert [(set(fact.concepts), fact.origin) for fact in facts] == [
        ({"low-back-pain"}, Origin.ORDER),
        ({"spinal-infection"}, Origin.ORDER_TEXT),
    ]


def test_a_reason_that_is_refuted_by_its_own_text_is_no_fact() -> None:
    assert (
        read_order(order(concept("No cauda equina syndrome", snomed="192970008|Cauda equina syndrome")))[0]
        == ()
    )


@pytest.mark.parametrize(("code", "days"), [("care-4-6-weeks", 28), ("care-6-weeks", 42)])
def test_our_own_reason_attests_care(code: str, days: int) -> None:
    facts, (attestation,) = read_order(order({"coding": [{"system": OWN, "code": code}]}))
    assert (attestation.days, attestation.none) == (days, False)
    assert [set(fact.concepts) for fact in facts] == [{f"reason-{code}"}]


@pytest.mark.parametrize(
    ("day", "read_as"),
    [("2026-06-10", "2026-06-10"), ("2026-06-16", TODAY)],
    ids=["past", "ahead"],
)
@pytest.mark.parametrize("code", ["care-6-weeks", "red-flag-cauda-equina"])
def test_what_a_clinician_attested_is_read_as_the_orders_reason_of_its_own_day(
    code: str, day: str, read_as: str
) -> None:
    told = {"coding": [{"system": OWN, "code": code}], "text": "what the card says"}
    on_order = read_order(order(told))
    attested = read_order(order(), attested=(AttestedReason(told, date.fromisoformat(day)),))
    of_day = on_day(date.fromisoformat(read_as))
    facts, attestations = on_order
    assert attested == (
        tuple(replace(fact, recorded=of_day) for fact in facts),
        tuple(replace(said, when=of_day) for said in attestations),
    )


@pytest.mark.parametrize(("code", "days"), [("care-4-6-weeks", 30), ("care-6-weeks", 45)])
def test_what_our_own_reason_attests_is_care_that_is_long_enough(code: str, days: int) -> None:
    shipped = shipped_guideline()
    longer = replace(shipped, thresholds=replace(shipped.thresholds, care_min_days=30, care_full_days=45))
    _, (attestation,) = read_order(order({"coding": [{"system": OWN, "code": code}]}), guideline=longer)
    assert attestation.days == days


@pytest.mark.parametrize(
    "code",
    [
        "red-flag-cauda-equina",
        "red-flag-neurology",
        "red-flag-cancer",
        "red-flag-infection",
        "red-flag-procedure",
        "neurology-worse",
    ],
)
def test_our_own_red_flag_reasons_are_suspected_facts(code: str) -> None:
    ((fact,), ()) = read_order(order({"coding": [{"system": OWN, "code": code}]}))
    assert (set(fact.concepts), fact.certainty) == ({f"reason-{code}"}, Certainty.SUSPECTED)


def test_a_reference_to_a_condition_of_the_record_is_no_new_fact() -> None:
    pain = condition(codings.LOW_BACK_PAIN, id="pain-1")
    referring = order(reasonReference=[{"reference": "Condition/pain-1", "display": "Low back pain"}])
    assert read_order(referring, pain) == ((), ())


def test_a_reference_to_what_is_not_here_is_read_by_the_words_it_shows() -> None:
    ((fact,), ()) = read_order(order(reasonReference=[{"reference": "Condition/x", "display": "? discitis"}]))
    assert (set(fact.concepts), fact.certainty) == ({"spinal-infection"}, Certainty.WORDS)


def test_a_contained_condition_is_read() -> None:
    inner = condition(codings.CAUDA_EQUINA, id="c", onset="2026-06-14")
    ((fact,), ()) = read_order(order(contained=[inner], reasonReference=[{"reference": "#c"}]))
    assert (set(fact.concepts), fact.certainty) == ({"cauda-equina"}, Certainty.KNOWN)


def test_contained_supporting_information_is_read() -> None:
    inner = observation(codings.SADDLE_NUMBNESS, True, id="o", effective="2026-06-14")
    ((fact,), ()) = read_order(order(contained=[inner], supportingInfo=[{"reference": "#o"}]))
    assert set(fact.concepts) == {"saddle-numbness"}


@pytest.mark.parametrize(
    "odd",
    [
        {"reasonCode": []},
        {"reasonCode": [{"coding": [{}]}]},
        {"reasonCode": [None]},
        {"reasonCode": "M54.5"},
        {"reasonCode": [{"coding": "x"}]},
        {"note": ["? cauda equina"]},
        {"note": [{"text": 5}]},
        {"reasonReference": [{"reference": 5}, "x", None]},
        {"reasonReference": [{"reference": "#nothing"}]},
        {"supportingInfo": {"reference": "#nothing"}},
        {"contained": "x", "reasonReference": [{"reference": "#c"}]},
    ],
)
def test_an_odd_draft_is_read_as_far_as_it_goes(odd: dict[str, Any]) -> None:
    assert read_order(order() | odd) == ((), ())


def test_one_reason_may_come_without_a_list() -> None:
    ((fact,), ()) = read_order(order() | {"reasonCode": codings.CAUDA_EQUINA})
    assert set(fact.concepts) == {"cauda-equina"}
