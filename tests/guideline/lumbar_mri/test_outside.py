"""What lies outside the six, and who gets no card: specification 2.13, 8.7.4, 8.8.3, 8.8.5, 8.9.5."""

from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Finding, Outcome, Pathway
from cds_service.guideline.lumbar_mri.outside import (
    age_years,
    assess_outside,
    is_silent_patient,
    list_beside,
    pregnancy,
    vascular_fact,
)
from cds_service.guideline.lumbar_mri.pain import read_pain
from cds_service.record.facts import Certainty, Origin, PatientFacts, State, Trend
from tests.guideline.lumbar_mri.facts_builders import (
    TODAY,
    ago,
    fact,
    medicine,
    mri_order,
    on,
    pain,
    record,
)

LONG_PAIN, SHORT_PAIN = pain(28), pain(27)
AAA = fact("aortic-aneurysm", started=ago(700))
FALL = fact("fall-or-accident", started=ago(3))


def outside(facts: PatientFacts, guideline: Guideline) -> Finding | None:
    order = mri_order()
    return assess_outside(facts, read_pain(facts, order, TODAY, guideline), order, TODAY, guideline)


def variant(facts: PatientFacts, guideline: Guideline) -> str | None:
    finding = outside(facts, guideline)
    return finding.variant if finding else None


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        pytest.param(fact("major-trauma", started=ago(0)), "trauma", id="major trauma today"),
        pytest.param(fact("major-trauma", started=ago(90)), "trauma", id="90 days ago"),
        pytest.param(fact("major-trauma", started=ago(91)), None, id="91 days ago"),
        pytest.param(fact("major-trauma", started=ago(91), recorded=ago(2)), None, id="recorded later"),
        pytest.param(fact("major-trauma", recorded=ago(90)), "trauma", id="only recorded, 90 days ago"),
        pytest.param(
            fact("major-trauma", started=ago(200), ended=ago(90), state=State.ENDED),
            "trauma",
            id="ended lately",
        ),
        pytest.param(
            fact("major-trauma", started=ago(200), ended=ago(91), state=State.ENDED), None, id="ended before"
        ),
        pytest.param(fact("major-trauma"), "trauma", id="undated and current"),
        pytest.param(fact("major-trauma", history=True), None, id="undated history"),
        pytest.param(fact("road-traffic-accident", started=ago(5)), "trauma", id="road traffic accident"),
        pytest.param(fact("fall-from-height", started=ago(5)), "trauma", id="fall from a height"),
        pytest.param(fact("fall-or-accident", started=ago(5)), None, id="a fall alone"),
        pytest.param(fact("minor-trauma", started=ago(5)), None, id="minor trauma alone"),
        pytest.param(
            fact("major-trauma", started=ago(5), certainty=Certainty.SUSPECTED), "trauma", id="suspected"
        ),
        pytest.param(
            fact("major-trauma", started=ago(5), certainty=Certainty.WORDS), "trauma", id="in words"
        ),
        pytest.param(fact("major-trauma", started=ago(5), certainty=Certainty.DENIED), None, id="denied"),
        pytest.param(fact("major-trauma", started=ago(5), certainty=Certainty.REFUTED), None, id="refuted"),
        pytest.param(fact("major-trauma", started=ago(5), certainty=Certainty.UNKNOWN), None, id="unknown"),
        pytest.param(fact("vertebral-fracture", started=ago(900)), "vertebral-fracture", id="old, active"),
        pytest.param(
            fact("vertebral-fracture", started=ago(200), ended=ago(90), state=State.ENDED),
            "vertebral-fracture",
            id="healed 90 days ago",
        ),
        pytest.param(
            fact("vertebral-fracture", started=ago(200), ended=ago(91), state=State.ENDED),
            None,
            id="healed 91 days ago",
        ),
        pytest.param(fact("vertebral-fracture", certainty=Certainty.REFUTED), None, id="no fracture"),
        pytest.param(fact("osteoporosis", started=ago(900)), None, id="osteoporosis alone"),
        pytest.param(fact("renal-colic", started=ago(90)), "mimic", id="renal colic, 90 days"),
        pytest.param(fact("renal-colic", started=ago(91)), None, id="renal colic, 91 days"),
        pytest.param(fact("renal-colic"), "mimic", id="renal colic, undated"),
        pytest.param(
            fact("renal-colic", started=ago(9), ended=ago(1), state=State.ENDED), None, id="renal colic, over"
        ),
        pytest.param(fact("renal-colic", started=ago(9), certainty=Certainty.WORDS), "mimic", id="words"),
        pytest.param(fact("renal-colic", started=ago(9), certainty=Certainty.DENIED), None, id="no colic"),
        pytest.param(fact("pancreatitis", started=ago(2)), "mimic", id="pancreatitis"),
        pytest.param(fact("pyelonephritis", started=ago(2)), None, id="pyelonephritis is left to R5"),
        pytest.param(AAA, "vascular", id="aneurysm with pain of 27 days"),
        pytest.param(fact("aortic-aneurysm", state=State.ENDED), None, id="aneurysm repaired"),
        pytest.param(fact("aortic-dissection", started=ago(900)), "vascular", id="dissection"),
        pytest.param(fact("aortic-aneurysm-ruptured", started=ago(1)), "vascular", id="rupture"),
        pytest.param(fact("axial-spondyloarthritis"), None, id="spondyloarthritis on the problem list"),
        pytest.param(fact("family-history"), None, id="a family history"),
    ],
)
def test_a_situation_outside_the_six_is_named(entry: Any, found: str | None, guideline: Guideline) -> None:
    facts = record(SHORT_PAIN, entry)
    assert variant(facts, guideline) == found
    finding = outside(facts, guideline)
    if finding:
        assert (finding.outcome, finding.pathway, finding.recommendation) == (
            Outcome.OUTSIDE,
            Pathway.OTHER,
            "",
        )
        assert finding.evidence[0].resource == entry.resource


@pytest.mark.parametrize(
    ("risk", "more", "found"),
    [
        pytest.param([fact("osteoporosis")], {}, "fragility", id="osteoporosis"),
        pytest.param([fact("long-term-steroid")], {}, "fragility", id="coded long-term steroid"),
        pytest.param(
            [medicine("corticosteroid", started=ago(90), open=True)],
            {},
            "fragility",
            id="steroid for 90 days",
        ),
        pytest.param(
            [medicine("corticosteroid", started=ago(89), open=True)], {}, None, id="steroid for 89 days"
        ),
        pytest.param([medicine("corticosteroid", started=ago(200))], {}, None, id="steroid without an end"),
        pytest.param(
            [medicine("corticosteroid", started=ago(700), ended=ago(366))], {}, None, id="steroid long ago"
        ),
        pytest.param(
            [medicine("corticosteroid", started=ago(700), ended=ago(365))],
            {},
            "fragility",
            id="steroid until a year ago",
        ),
        pytest.param([medicine("nsaid", started=ago(200), open=True)], {}, None, id="another drug"),
        pytest.param([], {"birth_date": on("1961-06-15")}, "fragility", id="65 today"),
        pytest.param([], {"birth_date": on("1961-06-16")}, None, id="65 tomorrow"),
        pytest.param([], {"birth_date": on("1961")}, "fragility", id="65 this year, perhaps"),
        pytest.param([], {}, None, id="no risk, no birth date"),
    ],
)
@pytest.mark.parametrize("fall", ["fall-or-accident", "minor-trauma", "repeated-falls"])
def test_a_fall_is_a_fracture_risk_only_for_weak_bone(
    fall: str, risk: list[Any], more: dict[str, Any], found: str | None, guideline: Guideline
) -> None:
    facts = record(SHORT_PAIN, fact(fall, started=ago(90)), *risk, **more)
    assert variant(facts, guideline) == found
    too_long_ago = record(SHORT_PAIN, fact(fall, started=ago(91)), *risk, **more)
    assert variant(too_long_ago, guideline) is None


@pytest.mark.parametrize(
    ("born", "age", "child"),
    [
        pytest.param("2008-06-15", 18, False, id="18 today"),
        pytest.param("2008-06-16", 17, True, id="18 tomorrow"),
        pytest.param("2008", 17, True, id="only the year: perhaps 17"),
        pytest.param("2007", 18, False, id="only the year: at least 18"),
        pytest.param("1990-02-01", 36, False, id="adult"),
    ],
)
def test_the_adult_guideline_starts_at_18(born: str, age: int, child: bool, guideline: Guideline) -> None:
    facts = record(SHORT_PAIN, birth_date=on(born))
    assert age_years(facts, TODAY) == age
    assert (variant(facts, guideline) == "child") is child


def test_an_unknown_birth_date_is_no_age(guideline: Guideline) -> None:
    assert age_years(record(), TODAY) is None
    assert variant(record(SHORT_PAIN), guideline) is None


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        pytest.param([AAA, SHORT_PAIN], True, id="27 days of pain"),
        pytest.param([AAA, LONG_PAIN], False, id="28 days of pain"),
        pytest.param([AAA, pain(300, trend=Trend.WORSENING, trend_on=ago(2))], True, id="old pain, worse"),
        pytest.param([AAA, pain(None, recorded=ago(200))], True, id="no onset: may be new"),
        pytest.param([AAA, pain(None, origin=Origin.ORDER)], True, id="only the order names it"),
        pytest.param([AAA], False, id="no pain on record"),
        pytest.param([SHORT_PAIN], False, id="no aneurysm"),
        pytest.param([fact("aortic-aneurysm", certainty=Certainty.REFUTED), SHORT_PAIN], False, id="refuted"),
        pytest.param([fact("aortic-dissection")], True, id="dissection without pain"),
        pytest.param([fact("aortic-aneurysm-ruptured"), LONG_PAIN], True, id="rupture with old pain"),
        pytest.param([fact("aortic-dissection", state=State.ENDED)], False, id="dissection, over"),
    ],
)
def test_aortic_disease_with_new_pain_may_be_an_emergency(
    entries: list[Any], found: bool, guideline: Guideline
) -> None:
    facts = record(*entries)
    current = read_pain(facts, mri_order(), TODAY, guideline)
    assert bool(vascular_fact(facts, current, TODAY, guideline)) is found


def test_an_aneurysm_with_old_pain_is_a_cause_to_name(guideline: Guideline) -> None:
    finding = outside(record(AAA, LONG_PAIN), guideline)
    assert finding is not None
    assert (finding.variant, finding.evidence[0].short) == ("mimic", "aortic aneurysm")


def test_a_fact_without_words_is_shown_by_its_name(guideline: Guideline) -> None:
    finding = outside(record(SHORT_PAIN, fact("renal-colic", text="")), guideline)
    assert finding is not None
    assert [line.text for line in finding.evidence] == ["Renal colic"]


def test_pyelonephritis_without_pain_is_a_cause_to_name(guideline: Guideline) -> None:
    assert variant(record(fact("pyelonephritis", started=ago(2))), guideline) == "mimic"


@pytest.mark.parametrize(
    ("entries", "more", "found"),
    [
        pytest.param([AAA], {"birth_date": on("2015-01-01")}, "vascular", id="the aorta goes before the age"),
        pytest.param(
            [fact("major-trauma")], {"birth_date": on("2015-01-01")}, "child", id="age before trauma"
        ),
        pytest.param(
            [fact("major-trauma"), fact("vertebral-fracture")], {}, "trauma", id="trauma before fracture"
        ),
        pytest.param(
            [fact("vertebral-fracture"), FALL, fact("osteoporosis")],
            {},
            "vertebral-fracture",
            id="fracture before risk",
        ),
        pytest.param(
            [FALL, fact("osteoporosis"), fact("renal-colic")], {}, "fragility", id="risk before mimic"
        ),
    ],
)
def test_the_graver_situation_is_named_first(
    entries: list[Any], more: dict[str, Any], found: str, guideline: Guideline
) -> None:
    assert variant(record(SHORT_PAIN, *entries, **more), guideline) == found


def test_the_fall_and_the_weak_bone_are_both_shown(guideline: Guideline) -> None:
    finding = outside(record(SHORT_PAIN, FALL, fact("osteoporosis"), birth_date=on("1950-01-01")), guideline)
    assert finding is not None
    assert [line.text for line in finding.evidence] == ["Fall-or-accident", "Osteoporosis", "Age 76 years"]


@pytest.mark.parametrize(
    ("entries", "more", "order", "reason"),
    [
        pytest.param([], {"deceased": True}, {}, "deceased", id="deceased"),
        pytest.param([], {"test_patient": True}, {}, "test patient", id="test patient"),
        pytest.param([fact("palliative-care")], {}, {}, "hospice", id="hospice"),
        pytest.param(
            [fact("palliative-care", certainty=Certainty.SUSPECTED)],
            {},
            {},
            "hospice",
            id="hospice, suspected",
        ),
        pytest.param(
            [fact("palliative-care", certainty=Certainty.WORDS)], {}, {}, "", id="hospice, a question"
        ),
        pytest.param([fact("palliative-care", state=State.ENDED)], {}, {}, "", id="hospice, over"),
        pytest.param([fact("palliative-care", certainty=Certainty.DENIED)], {}, {}, "", id="no hospice"),
        pytest.param([], {}, {"other_indication": "Scoliosis"}, "other indication", id="other indication"),
        pytest.param([], {"deceased": True}, {"other_indication": "x"}, "deceased", id="deceased goes first"),
        pytest.param([SHORT_PAIN], {}, {}, "", id="anybody else"),
    ],
)
def test_some_patients_and_orders_get_no_card(
    entries: list[Any], more: dict[str, Any], order: dict[str, Any], reason: str, guideline: Guideline
) -> None:
    assert is_silent_patient(record(*entries, **more), mri_order(**order), TODAY, guideline) == reason


@pytest.mark.parametrize(
    ("entries", "pregnant"),
    [
        pytest.param([fact("pregnancy", started=ago(300))], True, id="300 days"),
        pytest.param([fact("pregnancy", started=ago(301))], False, id="301 days"),
        pytest.param([fact("pregnancy")], True, id="undated"),
        pytest.param([fact("pregnancy", started=ago(100), state=State.ENDED)], False, id="over"),
        pytest.param(
            [fact("pregnancy", started=ago(100), certainty=Certainty.SUSPECTED)], True, id="suspected"
        ),
        pytest.param([fact("pregnancy", recorded=ago(3), certainty=Certainty.DENIED)], False, id="denied"),
        pytest.param(
            [
                fact("pregnancy", started=ago(100)),
                fact("pregnancy", recorded=ago(3), certainty=Certainty.DENIED),
            ],
            False,
            id="denied since",
        ),
        pytest.param(
            [
                fact("pregnancy", started=ago(100)),
                fact("pregnancy", recorded=ago(200), certainty=Certainty.DENIED),
            ],
            True,
            id="denied before",
        ),
        pytest.param(
            [
                fact("pregnancy", recorded=ago(200), certainty=Certainty.DENIED),
                fact("pregnancy", started=ago(100)),
            ],
            True,
            id="denied before, and listed first",
        ),
        pytest.param(
            [
                fact("pregnancy", started=ago(100)),
                fact("pregnancy", recorded=ago(100), certainty=Certainty.DENIED),
            ],
            True,
            id="denied the same day",
        ),
        pytest.param(
            [
                fact("pregnancy", started=ago(250)),
                fact("pregnancy", recorded=ago(200), certainty=Certainty.DENIED),
                fact("pregnancy", started=ago(100), resource="Condition/second"),
            ],
            True,
            id="denied, then a new one",
        ),
        pytest.param([fact("pregnancy", history=True, recorded=ago(30))], False, id="a past one"),
        pytest.param([], False, id="none"),
    ],
)
def test_a_pregnancy_counts_until_its_end(entries: list[Any], pregnant: bool, guideline: Guideline) -> None:
    assert bool(pregnancy(record(*entries), TODAY, guideline)) is pregnant


@pytest.mark.parametrize(
    ("entry", "lines"),
    [
        pytest.param(fact("axial-spondyloarthritis"), ["axial spondyloarthritis"], id="on the problem list"),
        pytest.param(fact("axial-spondyloarthritis", origin=Origin.ORDER), [], id="the order's own reason"),
        pytest.param(fact("axial-spondyloarthritis", certainty=Certainty.REFUTED), [], id="refuted"),
        pytest.param(fact("diabetes"), [], id="something else"),
    ],
)
def test_spondyloarthritis_on_the_problem_list_is_one_line(
    entry: Any, lines: list[str], guideline: Guideline
) -> None:
    assert [line.short for line in list_beside(record(entry), TODAY, guideline)] == lines
    assert [line.short for line in list_beside(record(entry, entry), TODAY, guideline)] == lines
