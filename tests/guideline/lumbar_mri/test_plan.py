"""What the order should become, and when it is right already (specification 2.11 to 2.13, 8.8.1)."""

from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Finding, Outcome, Pathway, Plan
from cds_service.guideline.lumbar_mri.plan import (
    make_plan,
    must_change_study,
    needs_operating_team,
    suspects_cancer,
    suspects_infection,
)
from cds_service.record.facts import Certainty, Measure, Region, ValueProblem
from tests.guideline.lumbar_mri.decision_builders import answer, card_of, choices, finding, order
from tests.guideline.lumbar_mri.facts_builders import (
    ago,
    done,
    fact,
    measurement,
    on,
    pain,
)

E, U, I, O = Outcome.EMERGENCY, Outcome.URGENT, Outcome.INDICATED, Outcome.OUTSIDE  # noqa: E741
ABSCESS = fact("spinal-infection", "spinal-abscess", started=ago(1), certainty=Certainty.SUSPECTED)
DISCITIS = fact("spinal-infection", started=ago(3))
CAUDA = fact("cauda-equina", started=ago(1), certainty=Certainty.SUSPECTED)
FEVER = measurement(Measure.TEMPERATURE, "38.6", 0)
BABINSKI = fact("upper-motor-sign", started=ago(1))
MYELOPATHY = fact("cervical-thoracic-myelopathy", started=ago(1))
CORD = fact("cord-compression", started=ago(1))
OLD_CANCER = fact("cancer-history", history=True, started=on("1996"), recorded=on("1996"))
NIGHT_PAIN = fact("night-pain", started=ago(1))
PREGNANT = fact("pregnancy", started=ago(100))
LOW_EGFR = measurement(Measure.EGFR, "12", 5)
REACTION = fact("contrast-reaction", recorded=ago(900))
DISCECTOMY = done("lumbar-surgery", performed=ago(5), region=Region.LUMBAR)
LATE_SURGERY = done("lumbar-surgery", performed=ago(400), region=Region.LUMBAR)
UNUSABLE = measurement(Measure.RESIDUAL_VOLUME, None, 0, text="450", problem=ValueProblem.NO_UNIT)
IN_EMERGENCY = {"priority": "stat", "encounter_class": "EMER"}
URGENT = {"priority": "urgent"}


def detail(decision: Decision, guideline: Guideline) -> str:
    text: str = card_of(decision, guideline)["detail"]
    return text


@pytest.mark.parametrize(
    ("found", "priority", "region", "contrast", "place"),
    [
        pytest.param(finding(Pathway.CAUDA_EQUINA, E), "stat", "lumbosacral", "without", "emergency", id="R4 E"),
        pytest.param(finding(Pathway.CAUDA_EQUINA, U), "urgent", "lumbosacral", "without", "same-day", id="R4 U"),
        pytest.param(finding(Pathway.NEUROLOGY, E), "stat", "lumbosacral", "without", "emergency", id="R3 E"),
        pytest.param(
            finding(Pathway.NEUROLOGY, E, flags=frozenset({"upper-motor"})),
            "stat", "whole-spine", "without", "emergency", id="R3 E with upper motor signs",
        ),
        pytest.param(finding(Pathway.NEUROLOGY, U), "urgent", "lumbar", "without", "specialist", id="R3 U"),
        pytest.param(
            finding(Pathway.NEUROLOGY, U, flags=frozenset({"upper-motor"})),
            "urgent", "lumbar", "without", "specialist", id="R3 U with upper motor signs",
        ),
        pytest.param(
            finding(Pathway.NEUROLOGY, U, flags=frozenset({"cord"})),
            "urgent", "whole-spine", "without", "specialist", id="R3 U with cord compression",
        ),
        pytest.param(finding(Pathway.INFECTION, E), "stat", "lumbar", "with-and-without", "emergency", id="R5 infection E"),
        pytest.param(finding(Pathway.INFECTION, U), "urgent", "lumbar", "with-and-without", "same-day", id="R5 infection U"),
        pytest.param(finding(Pathway.CANCER, E), "stat", "whole-spine", "with-and-without", "emergency", id="R5 cancer E"),
        pytest.param(finding(Pathway.CANCER, U), "urgent", "whole-spine", "with-and-without", "oncology", id="R5 cancer U"),
        pytest.param(
            finding(Pathway.CANCER, U, flags=frozenset({"suspected"})),
            "urgent", "lumbar", "with-and-without", "oncology", id="R5 cancer U, only suspected",
        ),
        pytest.param(finding(Pathway.PROCEDURE, E), "stat", "lumbar", None, "emergency", id="R6 E"),
        pytest.param(finding(Pathway.PROCEDURE, U), "urgent", "lumbar", None, "operating-team", id="R6 U"),
        *(
            pytest.param(
                finding(Pathway.PROCEDURE, E, flags=frozenset({flag})),
                "stat", "lumbar", "without", place, id=f"R6 E, {flag}",
            )
            for flag, place in (
                ("haematoma", "operating-team"), ("neuro", "operating-team"),
                ("anticoagulant", "emergency"), ("retention", "emergency"),
            )
        ),
        pytest.param(
            finding(Pathway.PROCEDURE, E, flags=frozenset({"fever", "neuro"})),
            "stat", "lumbar", "with-and-without", "operating-team", id="R6 E, fever",
        ),
        pytest.param(
            finding(Pathway.PROCEDURE, U, flags=frozenset({"surgery"})),
            "urgent", "lumbar", "with-and-without", "operating-team", id="R6 U, surgery",
        ),
        pytest.param(finding(Pathway.PROCEDURE, I), None, "lumbar", None, "specialist", id="R6 I"),
        pytest.param(finding(Pathway.PAIN, Outcome.MAY_BE_INDICATED), None, None, None, None, id="R2"),
    ],
)  # fmt: skip
def test_a_red_flag_has_the_priority_region_contrast_and_place_of_its_row(
    found: Finding, priority: str | None, region: str | None, contrast: str | None, place: str | None
) -> None:
    plan = make_plan([found])
    assert (plan.priority, plan.region, plan.contrast, plan.setting) == (priority, region, contrast, place)


@pytest.mark.parametrize(
    ("other", "contrast"),
    [
        pytest.param(
            finding(Pathway.INFECTION, Outcome.POSSIBLE, flags=frozenset({"named"})),
            "with-and-without", id="a named infection",
        ),
        pytest.param(finding(Pathway.INFECTION, Outcome.POSSIBLE), None, id="a weak sign"),
        pytest.param(
            finding(Pathway.CANCER, Outcome.POSSIBLE, flags=frozenset({"named"})), None, id="a named cancer"
        ),
    ],
)  # fmt: skip
def test_an_infection_beside_a_procedure_asks_for_contrast(other: Finding, contrast: str | None) -> None:
    assert make_plan([finding(Pathway.PROCEDURE, U), other]).contrast == contrast


def test_a_right_order_is_not_told_to_be_without_contrast(guideline: Guideline) -> None:
    silent = answer(guideline, pain(10), CAUDA, contrast=None, **IN_EMERGENCY)
    assert (silent.endorsed, silent.plan.priority, silent.plan.contrast) == (True, None, None)
    wanted = answer(guideline, pain(10), DISCITIS, FEVER, contrast="without", **IN_EMERGENCY)
    assert (wanted.endorsed, wanted.plan.contrast) == (True, "with-and-without")


NEURO = frozenset({"neuro"})


@pytest.mark.parametrize(
    ("found", "pattern"),
    [
        pytest.param([finding(Pathway.PROCEDURE, E, "emergency-haematoma")], "haematoma", id="haematoma after a procedure"),
        pytest.param([finding(Pathway.NEUROLOGY, E, flags=frozenset({"haematoma"}))], "haematoma", id="haematoma alone"),
        pytest.param(
            [finding(Pathway.CAUDA_EQUINA, E, flags=NEURO), finding(Pathway.PROCEDURE, E)],
            "haematoma", id="neurology and an alarm",
        ),
        pytest.param(
            [finding(Pathway.CAUDA_EQUINA, E, flags=NEURO), finding(Pathway.PROCEDURE, U)], None, id="neurology and an older procedure"
        ),
        pytest.param([finding(Pathway.PROCEDURE, E)], None, id="an alarm without neurology"),
        pytest.param(
            [finding(Pathway.CAUDA_EQUINA, E, flags=NEURO), finding(Pathway.CANCER, E)],
            "cord-compression", id="neurology and a cancer",
        ),
        pytest.param(
            [finding(Pathway.CAUDA_EQUINA, E, flags=NEURO), finding(Pathway.CANCER, Outcome.POSSIBLE)],
            None, id="neurology and a possible cancer",
        ),
        pytest.param(
            [finding(Pathway.CAUDA_EQUINA, E, flags=NEURO), finding(Pathway.INFECTION, E)],
            "epidural-abscess", id="neurology and an infection",
        ),
        pytest.param([finding(Pathway.INFECTION, U, flags=frozenset({"abscess"}))], "epidural-abscess", id="an abscess"),
        pytest.param([finding(Pathway.INFECTION, U)], None, id="an infection without neurology"),
    ],
)  # fmt: skip
def test_neurology_beside_another_disease_has_a_pattern(found: list[Finding], pattern: str | None) -> None:
    assert make_plan(found).pattern == pattern


@pytest.mark.parametrize("flag", ["cord", "upper-motor"])
def test_a_sign_of_the_cord_widens_the_study_of_a_cauda_equina(flag: str) -> None:
    sign = finding(Pathway.NEUROLOGY, Outcome.POSSIBLE, flags=frozenset({flag}))
    assert make_plan([finding(Pathway.CAUDA_EQUINA, E), sign]).region == "whole-spine"
    assert make_plan([finding(Pathway.CAUDA_EQUINA, U), sign]).region == "lumbosacral"


@pytest.mark.parametrize(
    ("other", "region"),
    [
        pytest.param(finding(Pathway.CANCER, U), "whole-spine", id="a known cancer"),
        pytest.param(finding(Pathway.CANCER, Outcome.POSSIBLE), "lumbar", id="a possible cancer"),
        pytest.param(finding(Pathway.PROCEDURE, U), "lumbar", id="a procedure"),
    ],
)
def test_a_disease_that_does_not_lead_still_widens_the_study(other: Finding, region: str) -> None:
    assert make_plan([finding(Pathway.INFECTION, U), other]).region == region


@pytest.mark.parametrize(
    ("entries", "order", "outcome"),
    [
        pytest.param([ABSCESS, FEVER], IN_EMERGENCY, E, id="abscess with fever"),
        pytest.param([ABSCESS], URGENT, U, id="abscess without fever"),
        pytest.param([CORD], IN_EMERGENCY, E, id="cord compression alone"),
        pytest.param([CAUDA, BABINSKI], IN_EMERGENCY, E, id="cauda equina and Babinski sign"),
        pytest.param([CAUDA, MYELOPATHY], IN_EMERGENCY, E, id="cauda equina and myelopathy"),
        pytest.param([CAUDA, OLD_CANCER], IN_EMERGENCY, E, id="cauda equina and a cancer of long ago"),
        pytest.param(
            [CAUDA, fact("infection-elsewhere", started=ago(3))],
            IN_EMERGENCY,
            E,
            id="cauda equina, infection",
        ),
        pytest.param(
            [fact("foot-drop", started=ago(1)), BABINSKI], IN_EMERGENCY, E, id="foot drop and Babinski sign"
        ),
    ],
)
def test_a_lumbar_order_is_not_right_where_the_lesion_may_lie_higher(
    entries: list[Any], order: dict[str, Any], outcome: Outcome, guideline: Guideline
) -> None:
    lumbar = answer(guideline, pain(10), *entries, **order)
    assert (lumbar.outcome, lumbar.endorsed, lumbar.plan.region) == (outcome, False, "whole-spine")
    assert all("whole spine" in choice.label for choice in choices(lumbar, guideline))
    assert answer(guideline, pain(10), *entries, covers="whole-spine", contrast="with", **order).endorsed


@pytest.mark.parametrize(
    ("entries", "order"),
    [
        pytest.param([CAUDA], IN_EMERGENCY, id="cauda equina alone"),
        pytest.param([CAUDA, NIGHT_PAIN], IN_EMERGENCY, id="night pain names no disease"),
        pytest.param([DISCITIS, FEVER], IN_EMERGENCY, id="discitis is no abscess"),
        pytest.param([fact("cancer-high-risk", started=ago(300))], URGENT, id="cancer without neurology"),
    ],
)
def test_a_lumbar_order_is_right_for_the_rest(
    entries: list[Any], order: dict[str, Any], guideline: Guideline
) -> None:
    assert answer(guideline, pain(10), *entries, **order).endorsed


@pytest.mark.parametrize("contrast", ["with", "with-and-without"])
@pytest.mark.parametrize(
    ("entries", "order"),
    [
        pytest.param([FEVER], URGENT, id="fever"),
        pytest.param([CAUDA], IN_EMERGENCY, id="cauda equina"),
        pytest.param([DISCITIS], {}, id="discitis"),
        pytest.param([LATE_SURGERY], {}, id="surgery long ago"),
    ],
)
def test_in_pregnancy_every_suggestion_takes_the_contrast_out(
    entries: list[Any], order: dict[str, Any], contrast: str, guideline: Guideline
) -> None:
    decision = answer(guideline, pain(10), *entries, PREGNANT, contrast=contrast, **order)
    assert (decision.endorsed, decision.plan.contrast) == (False, "without")
    assert "contrast-pregnant" in decision.first_lines
    studies = [
        action.resource["code"]["text"]
        for choice in choices(decision, guideline)
        for action in choice.actions
        if action.type == "update" and action.resource
    ]
    assert set(studies) == {"MRI of lumbar spine without contrast"}


@pytest.mark.parametrize("risk", [LOW_EGFR, REACTION, fact("severe-renal-impairment", recorded=ago(900))])
def test_contrast_against_which_the_record_speaks_is_not_confirmed(risk: Any, guideline: Guideline) -> None:
    asking = answer(guideline, pain(10), FEVER, risk, contrast="with", **URGENT)
    assert (asking.endorsed, asking.plan.contrast) == (False, None)
    assert "radiology first" in detail(asking, guideline).splitlines()[0]
    assert answer(guideline, pain(10), FEVER, risk, **URGENT).endorsed


@pytest.mark.parametrize(
    ("entries", "contrast"),
    [
        pytest.param([DISCECTOMY, FEVER], "with-and-without", id="fever: add for infection"),
        pytest.param([DISCECTOMY, fact("urinary-retention", started=ago(1))], "without", id="haematoma"),
        pytest.param(
            [done("lumbar-surgery", performed=ago(20), region=Region.LUMBAR)],
            "with-and-without",
            id="scar against disc",
        ),
    ],
)
def test_after_surgery_contrast_is_for_infection_and_scar_and_not_for_a_haematoma(
    entries: list[Any], contrast: str, guideline: Guideline
) -> None:
    assert answer(guideline, pain(10), *entries, contrast=None).plan.contrast == contrast


def test_fever_after_surgery_keeps_the_contrast_and_asks_for_cultures(guideline: Guideline) -> None:
    decision = answer(guideline, pain(10), DISCECTOMY, FEVER, contrast="with")
    assert (decision.outcome, decision.plan.contrast) == (E, None)
    assert "Blood cultures before antibiotics" in detail(decision, guideline)
    assert any("blood cultures" in choice.label for choice in choices(decision, guideline))


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        pytest.param([CAUDA, FEVER], "Blood cultures before antibiotics", id="infection"),
        pytest.param([CAUDA, fact("cancer-high-risk", started=ago(300))], "oncology", id="cancer"),
        pytest.param([DISCECTOMY, CAUDA], "anticoagulants", id="haematoma"),
    ],
)
def test_a_card_led_by_neurology_says_what_the_other_disease_needs(
    entries: list[Any], said: str, guideline: Guideline
) -> None:
    decision = answer(guideline, pain(10), *entries)
    assert decision.recommendations[0] == "R4"
    assert said in detail(decision, guideline)


def test_cauda_equina_with_fever_offers_cultures(guideline: Guideline) -> None:
    labels = [choice.label for choice in choices(answer(guideline, pain(10), CAUDA, FEVER), guideline)]
    assert any("blood cultures" in label for label in labels)


@pytest.mark.parametrize(
    ("pathway", "outcome", "flags", "asked"),
    [
        (Pathway.INFECTION, E, (), "infection"),
        (Pathway.INFECTION, U, (), "infection"),
        (Pathway.INFECTION, Outcome.POSSIBLE, (), None),
        (Pathway.CANCER, U, (), "cancer"),
        (Pathway.CANCER, Outcome.POSSIBLE, (), None),
        (Pathway.PROCEDURE, U, (), "team"),
        (Pathway.PROCEDURE, Outcome.POSSIBLE, (), None),
        (Pathway.PROCEDURE, Outcome.POSSIBLE, ("fever",), "infection"),
        (Pathway.NEUROLOGY, E, (), None),
        (Pathway.CAUDA_EQUINA, U, ("fever",), None),
    ],
)
def test_an_urgent_disease_brings_its_own_team(
    pathway: Pathway, outcome: Outcome, flags: tuple[str, ...], asked: str | None
) -> None:
    found = [finding(Pathway.PAIN, Outcome.UNCLEAR), finding(pathway, outcome, flags=frozenset(flags))]
    assert suspects_infection(found) is (asked == "infection")
    assert suspects_cancer(found) is (asked == "cancer")
    assert needs_operating_team(found) is (asked == "team")


@pytest.mark.parametrize(
    ("plan", "outcome", "contrast", "pregnant", "needed"),
    [
        pytest.param(Plan(region="whole-spine"), E, "without", False, True, id="whole spine at once"),
        pytest.param(Plan(region="whole-spine"), U, "without", False, False, id="whole spine, urgent"),
        pytest.param(Plan(region="lumbar"), E, "without", False, False, id="lumbar"),
        pytest.param(Plan(pattern="cord-compression"), U, "without", False, True, id="the cord, urgent"),
        pytest.param(Plan(pattern="epidural-abscess"), U, "without", False, True, id="an abscess, urgent"),
        pytest.param(Plan(pattern="haematoma"), U, "without", False, False, id="a haematoma, urgent"),
        pytest.param(Plan(), U, "with", False, False, id="with contrast"),
        pytest.param(Plan(), U, "with", True, True, id="with contrast in pregnancy"),
        pytest.param(Plan(), U, "with-and-without", True, True, id="with and without in pregnancy"),
        pytest.param(Plan(), U, "without", True, False, id="without contrast in pregnancy"),
    ],
)
def test_only_some_orders_cannot_become_right_without_another_study(
    plan: Plan, outcome: Outcome, contrast: str, pregnant: bool, needed: bool
) -> None:
    assert must_change_study(plan, order(contrast=contrast), outcome, pregnant=pregnant) is needed


def test_a_suspected_cancer_beside_a_deficit_widens_the_study() -> None:
    deficit = finding(Pathway.NEUROLOGY, E, flags=frozenset({"neuro"}))
    plan = make_plan([deficit, finding(Pathway.CANCER, U, flags=frozenset({"suspected"}))])
    assert (plan.pattern, plan.region, plan.contrast) == ("cord-compression", "whole-spine", None)


def test_no_two_suggestions_read_the_same(guideline: Guideline) -> None:
    decision = answer(guideline, pain(10), FEVER, REACTION, contrast="without", **URGENT)
    labels = [choice.label for choice in choices(decision, guideline)]
    assert len(labels) == len(set(labels))


def test_an_order_that_is_urgent_already_still_needs_a_talk_the_same_day(guideline: Guideline) -> None:
    both_legs = fact("bilateral-leg-symptoms", started=ago(5))
    in_clinic = answer(guideline, pain(10), both_legs, **URGENT)
    in_hospital = answer(guideline, pain(10), both_legs, encounter_class="IMP", **URGENT)
    assert in_clinic.endorsed
    assert in_hospital.endorsed
    assert "same day" in detail(in_clinic, guideline)
    assert "same day" not in detail(in_hospital, guideline)


@pytest.mark.parametrize(
    ("entry", "outcome"),
    [
        pytest.param(LATE_SURGERY, I, id="indicated"),
        pytest.param(fact("fall-from-height", started=ago(4)), O, id="outside"),
    ],
)
def test_a_value_that_cannot_be_used_asks_before_a_routine_scan(
    entry: Any, outcome: Outcome, guideline: Guideline
) -> None:
    decision = answer(guideline, pain(10), entry, UNUSABLE)
    assert (decision.outcome, decision.endorsed) == (outcome, False)
    assert "check-first" in decision.first_lines
    assert "Residual volume (recorded as 450)" in detail(decision, guideline)
