"""Infection of the spine, R5 (specification 2.9, 8.1, 8.3, 8.7)."""

from decimal import Decimal
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Finding, Outcome
from cds_service.guideline.lumbar_mri.infection import (
    VARIANTS,
    assess_infection,
    fever_present,
    list_contributory,
    list_without_pain,
)
from cds_service.guideline.lumbar_mri.pain import read_pain
from cds_service.record.facts import (
    Certainty,
    Measure,
    Origin,
    PatientFacts,
    Region,
    State,
    Trend,
    ValueProblem,
)
from tests.guideline.lumbar_mri.facts_builders import (
    TODAY,
    ago,
    clock,
    done,
    fact,
    measurement,
    medicine,
    mri_order,
    on,
    pain,
    record,
)

E, U, P, X = Outcome.EMERGENCY, Outcome.URGENT, Outcome.POSSIBLE, Outcome.UNCLEAR
ENDED = State.ENDED


def assess(facts: PatientFacts, guideline: Guideline, *, neuro: bool = False) -> Finding | None:
    order = mri_order()
    seen = read_pain(facts, order, TODAY, guideline)
    return assess_infection(facts, seen, order, TODAY, guideline, neuro=neuro)


def found(guideline: Guideline, *entries: Any, **more: Any) -> tuple[Outcome, str] | None:
    """Outcome and variant with three weeks of back pain."""
    finding = assess(record(pain(21), *entries), guideline, **more)
    if finding is None:
        return None
    assert finding.variant in VARIANTS
    return finding.outcome, finding.variant


def of(concept: str, days: int | None, **more: Any) -> Any:
    """A condition that began, and was recorded, so many days ago."""
    dates = {} if days is None else {"started": ago(days), "recorded": ago(days)}
    return fact(concept, **(dates | more))


def ended(concept: str, days: int | None, **more: Any) -> Any:
    """A condition of long ago that ended so many days ago."""
    return of(concept, 4000, state=ENDED, ended=None if days is None else ago(days), **more)


def temperature(value: str | None, days: int | None = 1, **more: Any) -> Any:
    return measurement(Measure.TEMPERATURE, value, days, **more)


def crp(value: str | None, days: int | None = 3, **more: Any) -> Any:
    return measurement(Measure.CRP, value, days, **more)


def esr(value: str | None, days: int | None = 3, **more: Any) -> Any:
    return measurement(Measure.ESR, value, days, **more)


FEVER = temperature("38.6")
UTI = of("infection-elsewhere", 4, text="Urinary tract infection")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(temperature("37.9"), None, id="37.9"),
        pytest.param(temperature("38.0"), (U, "urgent"), id="38.0"),
        pytest.param(temperature("38.0", 7), (U, "urgent"), id="7 days ago"),
        pytest.param(temperature("38.0", 8), None, id="8 days ago"),
        pytest.param(temperature("38.5", preliminary=True), (U, "urgent"), id="preliminary"),
        pytest.param(temperature("38.5", None), (P, "possible"), id="undated"),
        pytest.param(temperature("38", comparator=">"), (U, "urgent"), id="over 38"),
        pytest.param(temperature("37", comparator=">"), (X, "unclear"), id="over 37, how far is not said"),
        pytest.param(of("fever", 14), (U, "urgent"), id="coded 14 days ago"),
        pytest.param(of("fever", 15), None, id="coded 15 days ago"),
        pytest.param(of("fever", 20, recorded=ago(2)), (U, "urgent"), id="since 20 days, recorded again"),
        pytest.param(ended("fever", 14, recorded=ago(14)), (U, "urgent"), id="resolved 14 days ago"),
        pytest.param(ended("fever", 15, recorded=ago(15)), None, id="resolved 15 days ago"),
        pytest.param(of("fever", None), (P, "possible"), id="coded, undated"),
        pytest.param(of("fever", 3, certainty=Certainty.SUSPECTED), (U, "urgent"), id="suspected"),
        pytest.param(of("fever", 3, certainty=Certainty.WORDS), (P, "possible"), id="words"),
        pytest.param(of("fever", 3, certainty=Certainty.VALUELESS), (P, "possible"), id="without a value"),
        pytest.param(of("fever", 14, certainty=Certainty.UNKNOWN), (X, "unclear"), id="no usable answer"),
        pytest.param(of("fever", 15, certainty=Certainty.UNKNOWN), None, id="no usable answer, stale"),
        pytest.param(of("fever", 0, certainty=Certainty.DENIED), None, id="denied"),
        pytest.param(of("fever", 0, certainty=Certainty.REFUTED), None, id="refuted"),
    ],
)
def test_fever_is_strong_in_its_window(
    guideline: Guideline, entry: Any, expected: tuple[Outcome, str] | None
) -> None:
    assert found(guideline, entry) == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(crp("10"), None, id="CRP 10"),
        pytest.param(crp("10.1"), (P, "possible-weak"), id="CRP over 10"),
        pytest.param(crp("30"), (P, "possible-weak"), id="CRP 30"),
        pytest.param(crp("30.1"), (U, "urgent"), id="CRP over 30"),
        pytest.param(crp("85", 14), (U, "urgent"), id="CRP 14 days ago"),
        pytest.param(crp("85", 15), None, id="CRP 15 days ago"),
        pytest.param(crp("85", None), (P, "possible"), id="CRP undated"),
        pytest.param(crp("10", comparator=">"), (P, "possible-weak"), id="CRP >10"),
        pytest.param(crp("30", comparator=">"), (U, "urgent"), id="CRP >30"),
        pytest.param(crp("5", comparator=">"), (X, "unclear"), id="CRP >5"),
        pytest.param(crp("5", comparator="<"), None, id="CRP <5"),
        pytest.param(crp("50", comparator="<"), (X, "unclear"), id="CRP <50"),
        pytest.param(esr("20"), None, id="ESR 20"),
        pytest.param(esr("20.5"), (P, "possible-weak"), id="ESR over 20"),
        pytest.param(esr("50"), (P, "possible-weak"), id="ESR 50"),
        pytest.param(esr("50.5"), (U, "urgent"), id="ESR over 50"),
        pytest.param(esr("90", 15), None, id="ESR 15 days ago"),
        pytest.param(of("raised-inflammatory-markers", 14), (P, "possible-weak"), id="coded 14 days ago"),
        pytest.param(of("raised-inflammatory-markers", 15), None, id="coded 15 days ago"),
    ],
)
def test_crp_and_esr_are_weak_then_strong(
    guideline: Guideline, entry: Any, expected: tuple[Outcome, str] | None
) -> None:
    assert found(guideline, entry) == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(crp(None, problem=ValueProblem.NO_UNIT, could_be=None), X, id="no unit"),
        pytest.param(
            crp(None, problem=ValueProblem.NO_UNIT, could_be=measurement(Measure.CRP, "400", 0).value),
            X,
            id="no unit, high in one",
        ),
        pytest.param(
            crp(None, problem=ValueProblem.NO_UNIT, could_be=measurement(Measure.CRP, "10", 0).value),
            None,
            id="no unit, low in every one",
        ),
        pytest.param(crp(None, 14, problem=ValueProblem.UNKNOWN_UNIT), X, id="unknown unit, 14 days ago"),
        pytest.param(crp(None, 15, problem=ValueProblem.UNKNOWN_UNIT), None, id="unknown unit, 15 days ago"),
        pytest.param(
            crp(None, problem=ValueProblem.NO_UNIT, flagged_high=True), P, id="no unit, flagged high"
        ),
        pytest.param(crp(None, problem=ValueProblem.IMPLAUSIBLE), X, id="implausible"),
        pytest.param(
            crp(None, problem=ValueProblem.IMPLAUSIBLE, flagged_high=True), X, id="implausible, flagged"
        ),
        pytest.param(crp(None, problem=ValueProblem.NO_VALUE), X, id="no value"),
        pytest.param(temperature(None, 7, problem=ValueProblem.NO_UNIT), X, id="temperature"),
        pytest.param(temperature(None, 8, problem=ValueProblem.NO_UNIT), None, id="temperature, 8 days ago"),
        pytest.param(esr(None, problem=ValueProblem.NO_UNIT), X, id="ESR"),
    ],
)
def test_a_value_that_cannot_be_used_is_never_negative(
    guideline: Guideline, entry: Any, expected: Outcome | None
) -> None:
    result = found(guideline, entry)
    assert (result and result[0]) == expected


@pytest.mark.parametrize(
    ("concept", "days", "more", "expected"),
    [
        pytest.param("spinal-infection", 5, {}, (U, "urgent-known"), id="spine"),
        pytest.param("spinal-infection", 4000, {}, (U, "urgent-known"), id="spine, active for years"),
        pytest.param("spinal-infection", None, {}, (U, "urgent-known"), id="spine, undated"),
        pytest.param(
            "spinal-infection",
            5,
            {"certainty": Certainty.SUSPECTED},
            (U, "urgent-known"),
            id="spine, suspected",
        ),
        pytest.param(
            "spinal-infection", 5, {"certainty": Certainty.WORDS}, (P, "possible"), id="spine, words"
        ),
        pytest.param("spinal-infection", 5, {"certainty": Certainty.DENIED}, None, id="spine, denied"),
        pytest.param("spinal-infection", 5, {"certainty": Certainty.REFUTED}, None, id="spine, refuted"),
        pytest.param("spinal-tuberculosis", 5, {}, (U, "urgent-known"), id="spinal tuberculosis"),
        pytest.param(
            "reason-red-flag-infection",
            0,
            {"certainty": Certainty.SUSPECTED, "origin": Origin.ORDER},
            (U, "urgent-known"),
            id="order's own reason",
        ),
        pytest.param(
            "postoperative-infection",
            5,
            {"region": Region.SPINE},
            (U, "urgent-known"),
            id="wound of the spine",
        ),
        pytest.param(
            "postoperative-infection", 5, {"region": Region.OTHER}, (P, "possible-weak"), id="wound elsewhere"
        ),
        pytest.param(
            "postoperative-infection", 31, {}, (P, "possible"), id="wound elsewhere, 31 days, still active"
        ),
        pytest.param("bacteraemia", 90, {}, (U, "urgent"), id="bacteraemia 90 days"),
        pytest.param("bacteraemia", 91, {}, (P, "possible"), id="bacteraemia 91 days, still active"),
        pytest.param(
            "bacteraemia", 91, {"recorded": ago(5)}, (P, "possible"), id="bacteraemia 91 days, recorded again"
        ),
        pytest.param("bacteraemia", None, {}, (U, "urgent"), id="bacteraemia undated"),
        pytest.param("endocarditis", 90, {}, (U, "urgent"), id="endocarditis 90 days"),
        pytest.param(
            "blood-culture", 90, {"origin": Origin.OBSERVATION}, (U, "urgent"), id="blood culture 90 days"
        ),
        pytest.param("blood-culture", 91, {"origin": Origin.OBSERVATION}, None, id="blood culture 91 days"),
        pytest.param("sepsis", 0, {}, (E, "emergency-sepsis"), id="sepsis"),
        pytest.param("sepsis", 90, {}, (E, "emergency-sepsis"), id="sepsis 90 days, still active"),
        pytest.param("sepsis", 91, {}, (P, "possible"), id="sepsis 91 days, still active"),
        pytest.param("sepsis", 3, {"certainty": Certainty.WORDS}, (P, "possible"), id="sepsis, words"),
        pytest.param("injecting-drug-use", 4000, {}, (U, "urgent"), id="injecting, current"),
        pytest.param("injecting-drug-use", 10, {"certainty": Certainty.DENIED}, None, id="injecting, denied"),
        pytest.param(
            "injecting-drug-use-past",
            365,
            {"history": True},
            (P, "possible-weak"),
            id="past injecting, recorded 365 days ago",
        ),
        pytest.param(
            "injecting-drug-use-past",
            366,
            {"history": True},
            None,
            id="past injecting, recorded 366 days ago",
        ),
        pytest.param("heroin-dependence", 4000, {}, (P, "possible-weak"), id="heroin"),
        pytest.param("immunosuppression", 4000, {}, (U, "urgent"), id="immunosuppression"),
        pytest.param(
            "immunosuppression",
            5,
            {"certainty": Certainty.WORDS},
            (P, "possible"),
            id="immunosuppression, words",
        ),
        pytest.param("long-term-steroid", 4000, {}, (U, "urgent"), id="long-term steroids by code"),
        pytest.param("dialysis", 4000, {}, (U, "urgent"), id="dialysis"),
        pytest.param("tuberculosis", 4000, {}, (P, "possible-weak"), id="tuberculosis"),
        pytest.param("infection-elsewhere", 30, {}, (P, "possible-weak"), id="elsewhere 30 days"),
        pytest.param("infection-elsewhere", 31, {}, None, id="elsewhere 31 days, left on the list"),
        pytest.param("infection-elsewhere", None, {}, (P, "possible-weak"), id="elsewhere undated"),
        pytest.param(
            "infection-elsewhere", 31, {"recorded": ago(30)}, (P, "possible-weak"), id="old, recorded again"
        ),
        pytest.param(
            "infection-elsewhere", 31, {"trend": Trend.WORSENING}, (P, "possible"), id="old and worsening"
        ),
        pytest.param("infection-elsewhere", 400, {"trend": Trend.STABLE}, (P, "possible"), id="chronic"),
        pytest.param(
            "recent-infection",
            0,
            {"origin": Origin.ANSWER},
            (P, "possible-weak"),
            id="recent infection by answer",
        ),
        pytest.param(
            "pyelonephritis", 3, {}, (P, "possible-source"), id="pyelonephritis goes before the mimic"
        ),
        pytest.param("night-pain", 180, {}, (P, "possible-weak"), id="night pain 180 days"),
        pytest.param("night-pain", 181, {}, None, id="night pain 181 days"),
        pytest.param("weight-loss", 180, {}, (P, "possible-weak"), id="weight loss 180 days"),
        pytest.param("weight-loss", 181, {}, None, id="weight loss 181 days"),
        pytest.param("diabetes", 5, {}, None, id="diabetes has no tier"),
        pytest.param("drug-use", 5, {}, None, id="other drug use has no tier"),
    ],
)
def test_what_is_recorded_as_current_counts_by_its_own_rule(
    guideline: Guideline, concept: str, days: int | None, more: Any, expected: tuple[Outcome, str] | None
) -> None:
    assert found(guideline, of(concept, days, **more)) == expected


@pytest.mark.parametrize(
    ("concept", "days", "expected"),
    [
        pytest.param("spinal-infection", 365, P, id="spine 365 days"),
        pytest.param("spinal-infection", 366, None, id="spine 366 days"),
        pytest.param("spinal-tuberculosis", 3000, P, id="spinal tuberculosis, always"),
        pytest.param("tuberculosis", 3000, P, id="tuberculosis, always"),
        pytest.param("bacteraemia", 90, U, id="bacteraemia 90 days"),
        pytest.param("bacteraemia", 91, None, id="bacteraemia 91 days"),
        pytest.param("sepsis", 90, U, id="sepsis 90 days"),
        pytest.param("sepsis", 91, None, id="sepsis 91 days"),
        pytest.param("injecting-drug-use", 365, U, id="injecting 365 days"),
        pytest.param("injecting-drug-use", 366, None, id="injecting 366 days"),
        pytest.param("infection-elsewhere", 30, P, id="elsewhere 30 days"),
        pytest.param("infection-elsewhere", 31, None, id="elsewhere 31 days"),
        pytest.param("immunosuppression", 10, None, id="immunosuppression that ended"),
        pytest.param("heroin-dependence", 365, P, id="heroin 365 days"),
        pytest.param("heroin-dependence", 366, None, id="heroin 366 days"),
    ],
)
def test_what_has_ended_counts_while_its_end_lies_in_the_window(
    guideline: Guideline, concept: str, days: int, expected: Outcome | None
) -> None:
    result = found(guideline, ended(concept, days))
    assert (result and result[0]) == expected


@pytest.mark.parametrize(
    ("days_after", "expected"),
    [
        pytest.param(365, (U, "urgent-known"), id="365 days"),
        pytest.param(366, (P, "possible-weak"), id="366"),
    ],
)
def test_a_wound_infection_in_the_year_after_a_lumbar_procedure_is_of_the_spine(
    guideline: Guideline, days_after: int, expected: tuple[Outcome, str]
) -> None:
    operation = done("lumbar-surgery", performed=ago(10 + days_after))
    assert found(guideline, operation, of("postoperative-infection", 10)) == expected


def test_a_vague_day_of_a_wound_infection_may_lie_in_the_year(guideline: Guideline) -> None:
    operation = done("lumbar-surgery", performed=on("2025-06-10"))
    wound = fact("postoperative-infection", started=on("2026-06"), recorded=ago(1))
    assert found(guideline, operation, wound) == (U, "urgent-known")


def test_a_wound_infection_before_the_procedure_is_not_of_it(guideline: Guideline) -> None:
    operation = done("lumbar-surgery", performed=ago(5))
    assert found(guideline, operation, of("postoperative-infection", 10)) == (P, "possible-weak")


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param((FEVER, crp("85")), (E, "emergency"), id="fever and CRP"),
        pytest.param((FEVER, of("injecting-drug-use", 900)), (E, "emergency"), id="fever and injecting"),
        pytest.param((FEVER, of("fever", 2)), (U, "urgent"), id="fever twice is one fact"),
        pytest.param((FEVER, crp("14")), (U, "urgent"), id="fever and a weak fact"),
        pytest.param((crp("85"), esr("90")), (U, "urgent"), id="two strong facts without fever"),
        pytest.param((of("spinal-infection", 5), FEVER), (E, "emergency"), id="spine and fever"),
        pytest.param(
            (of("spinal-infection", 5), of("sepsis", 1)), (E, "emergency-sepsis"), id="spine, sepsis"
        ),
        pytest.param((of("spinal-infection", 5), crp("85")), (U, "urgent-known"), id="spine and CRP"),
        pytest.param((crp("14"), esr("30")), (U, "urgent-weak"), id="two weak values"),
        pytest.param((of("night-pain", 3), of("weight-loss", 9)), (U, "urgent-weak"), id="two weak symptoms"),
        pytest.param(
            (of("night-pain", 3), of("rest-pain", 3)), (P, "possible-weak"), id="night and rest pain"
        ),
        pytest.param(
            (crp("14"), of("raised-inflammatory-markers", 3)), (P, "possible-weak"), id="CRP, coded too"
        ),
        pytest.param((crp("14"), crp("18", 5)), (P, "possible-weak"), id="CRP twice"),
        pytest.param(
            (ended("spinal-tuberculosis", 3000), of("tuberculosis", 9)),
            (P, "possible-weak"),
            id="tuberculosis of the spine and elsewhere is one fact",
        ),
        pytest.param(
            (fact("bacteraemia", "infection-elsewhere", ended=ago(200), state=ENDED), UTI),
            (P, "possible-weak"),
            id="an infection elsewhere beside one that has its own rule",
        ),
        pytest.param(
            (crp("14"), of("night-pain", 3, certainty=Certainty.WORDS)),
            (P, "possible-weak"),
            id="weak and words",
        ),
        pytest.param(
            (of("night-pain", 3, certainty=Certainty.WORDS), of("weight-loss", 3, certainty=Certainty.WORDS)),
            (P, "possible"),
            id="words never add up",
        ),
        pytest.param(
            (of("heroin-dependence", 9), of("drug-use", 9)), (P, "possible-weak"), id="heroin and drug use"
        ),
    ],
)
def test_facts_together(
    guideline: Guideline, entries: tuple[Any, ...], expected: tuple[Outcome, str]
) -> None:
    assert found(guideline, *entries) == expected


@pytest.mark.parametrize(
    ("entries", "more", "expected"),
    [
        pytest.param((FEVER, UTI), {}, (P, "possible-source"), id="fever"),
        pytest.param((FEVER, crp("85"), UTI), {}, (U, "urgent"), id="emergency is lowered by one rank only"),
        pytest.param((crp("14"), UTI), {}, (P, "possible-source"), id="weak CRP and its source are one"),
        pytest.param(
            (crp("14"), esr("30"), UTI), {}, (P, "possible-source"), id="CRP, ESR and source are one"
        ),
        pytest.param(
            (FEVER, UTI, of("night-pain", 3)), {}, (U, "urgent-weak"), id="another weak fact beside"
        ),
        pytest.param((UTI,), {}, (P, "possible-weak"), id="source alone"),
        pytest.param((UTI, of("night-pain", 3)), {}, (U, "urgent-weak"), id="source and another weak fact"),
        pytest.param((FEVER, of("infection-elsewhere", 14)), {}, (P, "possible-source"), id="14 days"),
        pytest.param((FEVER, of("infection-elsewhere", 15)), {}, (U, "urgent"), id="15 days"),
        pytest.param((FEVER, of("infection-elsewhere", None)), {}, (U, "urgent"), id="undated"),
        pytest.param((FEVER, ended("infection-elsewhere", 3)), {}, (U, "urgent"), id="no longer current"),
        pytest.param(
            (FEVER, of("infection-elsewhere", 4, disputed=True)), {}, (U, "urgent"), id="records disagree"
        ),
        pytest.param(
            (of("raised-inflammatory-markers", 3), UTI),
            {},
            (P, "possible-source"),
            id="coded markers and their source are one",
        ),
        pytest.param(
            (FEVER, of("infection-elsewhere", 4, certainty=Certainty.SUSPECTED)),
            {},
            (U, "urgent"),
            id="only suspected",
        ),
        pytest.param(
            (FEVER, of("infection-elsewhere", 4, certainty=Certainty.DENIED)), {}, (U, "urgent"), id="denied"
        ),
        pytest.param((FEVER, of("pyelonephritis", 2)), {}, (P, "possible-source"), id="pyelonephritis"),
        pytest.param(
            (FEVER, of("recent-infection", 0)), {}, (U, "urgent"), id="a recent infection is no source"
        ),
        pytest.param((FEVER, UTI, of("bacteraemia", 2)), {}, (E, "emergency"), id="never with bacteraemia"),
        pytest.param((FEVER, UTI, of("sepsis", 2)), {}, (E, "emergency-sepsis"), id="never with sepsis"),
        pytest.param((FEVER, UTI), {"neuro": True}, (U, "urgent"), id="never with neurology"),
        pytest.param((UTI, of("injecting-drug-use", 9)), {}, (U, "urgent"), id="never another strong fact"),
        pytest.param(
            (FEVER, UTI, of("spinal-infection", 5)), {}, (E, "emergency"), id="never a known infection"
        ),
    ],
)
def test_an_infection_elsewhere_lowers_only_what_it_explains(
    guideline: Guideline, entries: tuple[Any, ...], more: Any, expected: tuple[Outcome, str]
) -> None:
    assert found(guideline, *entries, **more) == expected


SURGERY = done("lumbar-surgery", performed=ago(12))


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param((SURGERY, crp("85", 10)), None, id="two days after"),
        pytest.param((SURGERY, crp("85", 11)), None, id="the day after"),
        pytest.param((SURGERY, crp("85", 12)), U, id="the same day, perhaps before"),
        pytest.param(
            (done("lumbar-surgery", performed=clock(12, "08:00")), crp("85", 12, when=clock(12, "18:00"))),
            None,
            id="the same day, later",
        ),
        pytest.param(
            (done("lumbar-surgery", performed=clock(12, "08:00")), crp("85", 12, when=clock(12, "07:00"))),
            U,
            id="the same day, earlier",
        ),
        pytest.param((SURGERY, crp("100", 4)), None, id="day 8, 100"),
        pytest.param((SURGERY, crp("100.1", 4)), U, id="day 8, over 100"),
        pytest.param((SURGERY, crp("140", 5)), None, id="day 7, over 100"),
        pytest.param((SURGERY, crp("120", 9), crp("40", 6), crp("60", 2)), U, id="rising again after a fall"),
        pytest.param((SURGERY, crp("120", 9), crp("60", 6), crp("40", 2)), None, id="falling"),
        pytest.param((SURGERY, crp("20", 11), crp("90", 9)), None, id="first rise"),
        pytest.param(
            (
                crp("120", 12, when=clock(12, "18:00")),
                crp("40", 6),
                crp("60", 4),
                done("lumbar-surgery", performed=clock(12, "12:00")),
            ),
            U,
            id="a fall from the day of the operation",
        ),
        pytest.param(
            (SURGERY, done("lumbar-surgery", performed=ago(5), resource="Procedure/new"), crp("150", 3)),
            None,
            id="over 100 two days after the newest",
        ),
        pytest.param(
            (SURGERY, crp("150", 20), crp("20", 11), crp("90", 9)), None, id="a fall before it does not count"
        ),
        pytest.param((SURGERY, esr("90", 4)), None, id="ESR has no limit of its own"),
        pytest.param((SURGERY, FEVER), U, id="fever counts after an operation"),
        pytest.param((done("lumbar-surgery", performed=ago(17)), crp("85", 3)), None, id="day 14"),
        pytest.param((done("lumbar-surgery", performed=ago(18)), crp("85", 3)), U, id="day 15"),
        pytest.param((done("lumbar-surgery", performed=ago(2)), crp("85", 3)), U, id="before the operation"),
        pytest.param(
            (done("lumbar-surgery", performed=on("2026-05")), crp("85", 3)),
            U,
            id="vague day, perhaps long ago",
        ),
        pytest.param((done("lumbar-surgery", performed=on("2026-06")), crp("85", 3)), U, id="vague day"),
        pytest.param(
            (done("lumbar-puncture", performed=ago(5)), crp("85", 3)), U, id="a puncture is no operation"
        ),
        pytest.param(
            (done("spinal-injection", performed=ago(5)), crp("85", 3)), U, id="an injection is none"
        ),
        pytest.param(
            (done("lumbar-surgery", performed=ago(5), certainty=Certainty.WORDS), crp("85", 3)),
            U,
            id="in words only",
        ),
    ],
)
def test_crp_after_an_operation_follows_the_series(
    guideline: Guideline, entries: tuple[Any, ...], expected: Outcome | None
) -> None:
    result = found(guideline, *entries)
    assert (result and result[0]) == expected


def test_the_series_after_an_operation_goes_by_the_clock_within_a_day(guideline: Guideline) -> None:
    same_day = [
        measurement(Measure.CRP, value, 2, when=clock(2, time), resource=f"Observation/{time}")
        for time, value in (("06:00", "90"), ("12:00", "40"), ("18:00", "60"))
    ]
    assert found(guideline, SURGERY, *same_day) == (U, "urgent")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(
            medicine("biologic", started=ago(300), ended=ago(90)), U, id="biologic, ended 90 days ago"
        ),
        pytest.param(
            medicine("biologic", started=ago(300), ended=ago(91)), None, id="biologic, ended 91 days ago"
        ),
        pytest.param(medicine("immunosuppressant", started=ago(900), open=True), U, id="taken now"),
        pytest.param(medicine("chemotherapy", started=ago(90)), U, id="chemotherapy 90 days ago"),
        pytest.param(medicine("biologic", started=ago(-5)), None, id="not yet begun"),
        pytest.param(done("dialysis", performed=ago(90)), U, id="dialysed 90 days ago"),
        pytest.param(done("dialysis", performed=ago(91)), None, id="dialysed 91 days ago"),
        pytest.param(fact("biologic", origin=Origin.ANSWER, recorded=ago(1)), U, id="by answer"),
        pytest.param(fact("biologic", origin=Origin.ANSWER), U, id="by an undated answer"),
        pytest.param(fact("biologic", origin=Origin.ANSWER, state=ENDED), None, id="ended, undated"),
        pytest.param(medicine("biologic", started=ago(0), open=True), U, id="begun today"),
        pytest.param(
            done("dialysis", performed=ago(9), certainty=Certainty.WORDS), P, id="dialysed, in words only"
        ),
    ],
)
def test_medicines_that_suppress_immunity_count_while_they_last(
    guideline: Guideline, entry: Any, expected: Outcome | None
) -> None:
    result = found(guideline, entry)
    assert (result and result[0]) == expected


@pytest.mark.parametrize("concept", ["dialysis", "chemotherapy"])
def test_a_treatment_that_the_record_tells_twice_is_shown_once(concept: str, guideline: Guideline) -> None:
    told = fact(concept, origin=Origin.PROCEDURE, recorded=ago(9), resource=f"Procedure/{concept}")
    finding = assess(record(pain(21), told, done(concept, performed=ago(9))), guideline)
    assert finding
    assert (finding.outcome, len(finding.evidence)) == (U, 1)


def test_a_treatment_after_one_that_is_told_twice_is_shown(guideline: Guideline) -> None:
    told = fact("dialysis", origin=Origin.PROCEDURE, recorded=ago(9), resource="Procedure/dialysis")
    twice, other = done("dialysis", performed=ago(9)), done("chemotherapy", performed=ago(3))
    finding = assess(record(pain(21), told, twice, other), guideline)
    assert finding
    assert [line.resource for line in finding.evidence] == [told.resource, other.resource]


def test_a_treatment_is_shown_with_its_source_its_day_and_its_plain_name(guideline: Guideline) -> None:
    dialysis = done("dialysis", performed=ago(9), text="Haemodialysis (procedure)")
    finding = assess(record(pain(21), dialysis), guideline)
    assert finding
    (line,) = finding.evidence
    assert (line.resource, line.when, line.short) == (dialysis.resource, ago(9), "haemodialysis")


def test_a_steroid_of_unknown_start_says_so(guideline: Guideline) -> None:
    finding = assess(record(pain(21), steroid("30", open=True)), guideline)
    assert finding
    assert [line.note for line in finding.evidence] == ["start not recorded"]


def test_a_dialysis_of_long_ago_is_no_dialysis_today(guideline: Guideline) -> None:
    told = fact("dialysis", origin=Origin.PROCEDURE, recorded=ago(91), resource="Procedure/dialysis")
    assert found(guideline, told, done("dialysis", performed=ago(91))) is None


def steroid(mg: str | None, **more: Any) -> Any:
    value = None if mg is None else measurement(Measure.CRP, mg, 0).value
    return medicine("corticosteroid", prednisolone_mg_per_day=value, **more)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param((steroid("20", started=ago(13), open=True),), U, id="20 mg, 14 days"),
        pytest.param((steroid("20", started=ago(12), open=True),), None, id="20 mg, 13 days"),
        pytest.param((steroid("19.9", started=ago(13), open=True),), None, id="under 20 mg"),
        pytest.param((steroid("30", started=ago(50), ended=ago(30)),), U, id="ended 30 days ago"),
        pytest.param((steroid("30", started=ago(50), ended=ago(31)),), None, id="ended 31 days ago"),
        pytest.param(
            (steroid("40", started=ago(20), ended=ago(14)), steroid("20", started=ago(13), ended=ago(5))),
            U,
            id="two courses on end",
        ),
        pytest.param(
            (steroid("40", started=ago(20), ended=ago(14)), steroid("20", started=ago(12), ended=ago(5))),
            None,
            id="a day between",
        ),
        pytest.param((steroid("5", started=ago(89), open=True),), U, id="5 mg, 90 days"),
        pytest.param((steroid("5", started=ago(88), open=True),), None, id="5 mg, 89 days"),
        pytest.param((steroid("5", started=ago(900), ended=ago(276)),), None, id="89 days within the year"),
        pytest.param((steroid("5", started=ago(900), ended=ago(275)),), U, id="90 days within the year"),
        pytest.param(
            (steroid("5", started=ago(360), ended=ago(310)), steroid("10", started=ago(100), ended=ago(60))),
            U,
            id="added up",
        ),
        pytest.param((steroid(None, started=ago(13), open=True),), X, id="dose unknown, 14 days"),
        pytest.param((steroid(None, started=ago(12), open=True),), None, id="dose unknown, 13 days"),
        pytest.param((steroid("0", started=ago(300), open=True),), None, id="inhaled or on the skin"),
        pytest.param((steroid("30", open=True),), X, id="taken now, start unknown"),
        pytest.param(
            (steroid("5", started=ago(120), ended=ago(91)), steroid("5", started=ago(90), ended=ago(33))),
            None,
            id="two supplies of 88 days",
        ),
        pytest.param(
            (steroid("5", started=ago(120), ended=ago(91)), steroid("5", started=ago(90), ended=ago(31))),
            U,
            id="two supplies of 90 days",
        ),
    ],
)
def test_steroids_count_by_dose_and_by_days(
    guideline: Guideline, entries: tuple[Any, ...], expected: Outcome | None
) -> None:
    result = found(guideline, *entries)
    assert (result and result[0]) == expected


def test_a_vague_start_of_a_steroid_counts_from_its_earliest_day(guideline: Guideline) -> None:
    assert found(guideline, steroid("20", started=on("2026-06"), open=True)) == (U, "urgent")


def test_without_pain_only_an_infection_of_the_spine_counts(guideline: Guideline) -> None:
    assert assess(record(FEVER, of("injecting-drug-use", 9)), guideline) is None
    known = assess(record(of("spinal-infection", 5)), guideline)
    assert known
    assert known.outcome is U


def test_a_known_infection_of_the_spine_brings_the_fever_with_it(guideline: Guideline) -> None:
    finding = assess(record(of("spinal-infection", 5), FEVER), guideline)
    assert finding
    assert finding.outcome is E


def test_words_open_the_gate_only_for_themselves(guideline: Guideline) -> None:
    asked = of("spinal-infection", 0, certainty=Certainty.WORDS, origin=Origin.ORDER_TEXT)
    finding = assess(record(asked, FEVER), guideline)
    assert finding
    assert (finding.outcome, len(finding.evidence)) == (P, 1)


def test_neurology_lifts_the_gate(guideline: Guideline) -> None:
    finding = assess(record(FEVER), guideline, neuro=True)
    assert finding
    assert finding.outcome is U


def test_what_the_gate_keeps_out_is_listed(guideline: Guideline) -> None:
    facts = record(FEVER, of("injecting-drug-use", 9), of("spinal-infection", 5), of("diabetes", 5))
    assert [line.short for line in list_without_pain(facts, TODAY, guideline)] == [
        "injecting-drug-use",
        "fever 38.6 °C",
    ]


def test_a_newer_value_under_the_limit_takes_nothing_away_and_is_shown(guideline: Guideline) -> None:
    finding = assess(record(pain(21), temperature("38.6", 3), temperature("36.8", 0)), guideline)
    assert finding
    assert finding.outcome is U
    assert [line.text for line in finding.evidence] == ["Temperature 38.6 °C", "Temperature 36.8 °C"]


def test_the_highest_value_is_shown_beside_the_newest(guideline: Guideline) -> None:
    finding = assess(record(pain(21), crp("60", 9), crp("80", 7), crp("70", 5), crp("40", 3)), guideline)
    assert finding
    assert [(line.text, line.note) for line in finding.evidence] == [
        ("CRP 80 mg/L", ""),
        ("CRP 40 mg/L", "newest value"),
    ]


def test_a_flagged_temperature_without_a_unit_is_called_fever(guideline: Guideline) -> None:
    flagged = temperature(None, text="101.5", problem=ValueProblem.NO_UNIT, flagged_high=True)
    finding = assess(record(pain(21), flagged), guideline)
    assert finding
    assert [line.short for line in finding.evidence] == ["fever"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(
            crp(None, flagged_high=True, could_be=Decimal(9)), None, id="flagged, low in every unit"
        ),
        pytest.param(crp(None, flagged_high=True, could_be=Decimal(11)), P, id="flagged, high in one unit"),
        pytest.param(temperature(None, could_be=Decimal("37.9")), None, id="no fever in any unit"),
        pytest.param(temperature(None, could_be=Decimal("38.0")), X, id="just a fever in one unit"),
    ],
)
def test_a_value_without_a_unit_may_be_high_unless_it_is_low_in_every_unit(
    value: Any, expected: Outcome | None, guideline: Guideline
) -> None:
    result = found(guideline, value)
    assert (result and result[0]) == expected


@pytest.mark.parametrize(
    ("more", "flagged"),
    [
        pytest.param({}, True, id="known"),
        pytest.param({"certainty": Certainty.DENIED}, False, id="denied"),
        pytest.param({"certainty": Certainty.WORDS}, False, id="words"),
        pytest.param({"history": True}, False, id="history of it"),
    ],
)
def test_only_a_sure_and_current_abscess_is_flagged(
    more: dict[str, Any], flagged: bool, guideline: Guideline
) -> None:
    finding = assess(record(pain(21), FEVER, of("spinal-abscess", 3, **more)), guideline)
    assert finding
    assert ("abscess" in finding.flags) is flagged


def test_a_newer_denial_takes_nothing_away_and_the_card_says_so(guideline: Guideline) -> None:
    denial = fact(
        "injecting-drug-use", certainty=Certainty.DENIED, recorded=ago(0), resource="Observation/no"
    )
    finding = assess(record(pain(21), of("injecting-drug-use", 9), denial), guideline)
    assert finding
    assert finding.outcome is U
    assert [line.note for line in finding.evidence] == ["records disagree"]


@pytest.mark.parametrize(
    ("concept", "abated", "expected"),
    [
        pytest.param("bacteraemia", 90, U, id="strong by both readings"),
        pytest.param("bacteraemia", 91, P, id="strong by one"),
        pytest.param("immunosuppression", 10, P, id="no fact by one"),
    ],
)
def test_active_with_a_past_end_is_judged_by_both_readings(
    guideline: Guideline, concept: str, abated: int, expected: Outcome
) -> None:
    result = found(guideline, of(concept, 80, disputed=True, ended=ago(abated)))
    assert result
    assert result[0] is expected


def test_a_converted_value_is_shown_as_recorded_too(guideline: Guideline) -> None:
    finding = assess(record(pain(21), crp("42", text="4.2 mg/dL")), guideline)
    assert finding
    assert finding.evidence[0].text == "CRP 42 mg/L (recorded as 4.2 mg/dL)"
    assert finding.evidence[0].short == "CRP 42 mg/L"


def test_fever_is_present_only_in_its_window(guideline: Guideline) -> None:
    assert fever_present(record(temperature("38.0", 7)), TODAY, guideline)
    assert not fever_present(record(temperature("38.0", 8)), TODAY, guideline)
    assert fever_present(record(of("fever", 14)), TODAY, guideline)
    assert not fever_present(record(of("fever", 3, certainty=Certainty.WORDS)), TODAY, guideline)


def test_risks_and_old_or_expected_values_are_listed_without_a_tier(guideline: Guideline) -> None:
    facts = record(
        of("diabetes", 900, text="Type 2 diabetes mellitus"),
        of("drug-use", 30, certainty=Certainty.DENIED),
        SURGERY,
        crp("85", 10),
        esr("90", 20),
        birth_date=on("1970-06-14"),
    )
    assert [(line.text, line.note) for line in list_contributory(facts, TODAY, guideline)] == [
        ("Type 2 diabetes mellitus", ""),
        ("Age 56", ""),
        ("CRP 85 mg/L", "in the days after an operation"),
        ("ESR 90 mm/h", "too old to count"),
    ]


def test_age_is_listed_only_where_an_infection_is_suspected(guideline: Guideline) -> None:
    facts = record(birth_date=on("1970-06-14"))
    assert list_contributory(facts, TODAY, guideline, suspected=True) != ()
    assert list_contributory(facts, TODAY, guideline, suspected=False) == ()


def test_the_last_value_of_each_marker_is_listed_where_it_was_high(guideline: Guideline) -> None:
    stale = (crp("15", 40), esr("25", 30), temperature("39", 20))
    assert [line.text for line in list_contributory(record(*stale), TODAY, guideline)] == [
        "CRP 15 mg/L",
        "ESR 25 mm/h",
    ]
    assert list_contributory(record(crp("15", 40), crp("5", 30)), TODAY, guideline) == ()


@pytest.mark.parametrize(("born", "listed"), [("1976-06-15", False), ("1975-06-15", True)], ids=["50", "51"])
def test_age_is_listed_from_fifty_one(guideline: Guideline, born: str, listed: bool) -> None:
    assert bool(list_contributory(record(birth_date=on(born)), TODAY, guideline)) is listed
