"""The resolver: precedence, plan, endorsement, silence (specification 2.11 to 2.13, 8.8)."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Indicator, Outcome
from cds_service.guideline.lumbar_mri.decision import STOPPING_READS, decide
from cds_service.record.facts import (
    Certainty,
    DeviceFact,
    DeviceSafety,
    Measure,
    Origin,
    PatientFacts,
    ReadState,
    Side,
    Trend,
)
from tests.guideline.lumbar_mri.facts_builders import (
    ALL_READ,
    NOW,
    ago,
    done,
    fact,
    measurement,
    mri_order,
    on,
    pain,
    record,
)
from tests.guideline.lumbar_mri.test_muscle_power import exam

ADULT = on("1980-01-01")
CHILD = on("2011-01-01")
SADDLE = fact("saddle-numbness", started=ago(1))
DISCITIS = fact("spinal-infection", started=ago(3))
METASTASIS = fact("spinal-metastasis", started=ago(30))
BREAST = fact("cancer-high-risk", started=ago(300), text="Breast cancer")
HAEMATOMA = fact("spinal-haematoma", started=ago(1))
PUNCTURE = done("lumbar-puncture", performed=ago(5))
PAIN = pain(10)
ALL_GAPS = ("bladder-bowel", "saddle", "leg-power", "fever", "weight", "cancer", "procedure")


def answer(
    facts: PatientFacts,
    guideline: Guideline,
    *,
    hook: str = "order-select",
    referred: bool = False,
    **order: Any,
) -> Decision:
    return decide(mri_order(**order), facts, NOW, guideline, hook=hook, emergency_referral=referred)


def adult(*entries: Any, **more: Any) -> PatientFacts:
    return record(*entries, **({"birth_date": ADULT, "encounter_class": "AMB"} | more))


def switched(guideline: Guideline, **switches: Any) -> Guideline:
    return replace(guideline, switches=replace(guideline.switches, **switches))


@pytest.mark.parametrize(
    ("entries", "outcome", "recommendations"),
    [
        pytest.param([PAIN], Outcome.NOT_INDICATED, ("R1",), id="short pain"),
        pytest.param([PAIN, SADDLE], Outcome.EMERGENCY, ("R4",), id="saddle"),
        pytest.param([PAIN, DISCITIS], Outcome.URGENT, ("R5",), id="discitis"),
        pytest.param([PAIN, SADDLE, DISCITIS], Outcome.EMERGENCY, ("R4", "R5"), id="saddle and discitis"),
        pytest.param(
            [PAIN, fact("leg-weakness", started=ago(2)), METASTASIS],
            Outcome.EMERGENCY,
            ("R5", "R3"),
            id="weak leg and metastasis",
        ),
        pytest.param([PAIN, fact("night-pain", started=ago(2))], Outcome.POSSIBLE, ("R5",), id="night pain"),
        pytest.param([HAEMATOMA], Outcome.EMERGENCY, ("R3",), id="haematoma"),
        pytest.param([HAEMATOMA, PUNCTURE], Outcome.EMERGENCY, ("R6",), id="haematoma after a puncture"),
        pytest.param(
            [HAEMATOMA, PUNCTURE, fact("foot-drop", started=ago(1))],
            Outcome.EMERGENCY,
            ("R3", "R6"),
            id="haematoma after a puncture, and a foot drop",
        ),
        pytest.param(
            [HAEMATOMA, done("other-spine-procedure", performed=ago(5))],
            Outcome.EMERGENCY,
            ("R3",),
            id="haematoma after a procedure elsewhere",
        ),
        pytest.param([SADDLE], Outcome.EMERGENCY, ("R4",), id="no pain on record"),
        pytest.param([], Outcome.UNCLEAR, (), id="nothing on record"),
    ],
)
def test_the_leading_recommendation_comes_first(
    entries: list[Any], outcome: Outcome, recommendations: tuple[str, ...], guideline: Guideline
) -> None:
    decision = answer(adult(*entries), guideline)
    assert (decision.outcome, decision.recommendations) == (outcome, recommendations)


@pytest.mark.parametrize("key", STOPPING_READS)
@pytest.mark.parametrize("state", [ReadState.PARTIAL, ReadState.FAILED, ReadState.NOT_SENT])
def test_what_was_not_read_stops_r1(key: str, state: ReadState, guideline: Guideline) -> None:
    decision = answer(adult(PAIN, reads={**ALL_READ, key: state}), guideline)
    assert (decision.outcome, decision.reason) == (Outcome.UNCLEAR, "unclear.unread")
    assert decision.unread == (STOPPING_READS[key],)


@pytest.mark.parametrize(
    ("key", "state", "outcome"),
    [
        pytest.param("questionnaireResponses", ReadState.NOT_SENT, Outcome.NOT_INDICATED, id="not offered"),
        pytest.param("questionnaireResponses", ReadState.FAILED, Outcome.UNCLEAR, id="tried and failed"),
        pytest.param("examinations", ReadState.NOT_SENT, Outcome.NOT_INDICATED, id="examinations not sent"),
        pytest.param("examinations", ReadState.PARTIAL, Outcome.UNCLEAR, id="examinations in part"),
        pytest.param("encounter", ReadState.FAILED, Outcome.NOT_INDICATED, id="encounter"),
        pytest.param("devices", ReadState.FAILED, Outcome.NOT_INDICATED, id="devices"),
    ],
)
def test_only_some_failed_reads_stop_r1(
    key: str, state: ReadState, outcome: Outcome, guideline: Guideline
) -> None:
    assert answer(adult(PAIN, reads={**ALL_READ, key: state}), guideline).outcome is outcome


def test_a_failed_read_never_hides_an_emergency(guideline: Guideline) -> None:
    facts = adult(SADDLE, reads=dict.fromkeys(ALL_READ, ReadState.FAILED))
    assert answer(facts, guideline).outcome is Outcome.EMERGENCY


BESIDE = {
    "patient": "Patient",
    "devices": "Device",
    "allergies": "AllergyIntolerance",
    "diagnosticReports": "DiagnosticReport",
    "encounter": "Encounter",
    "appointments": "Appointment",
    "medicationDispenses": "MedicationDispense",
    "examinations": "Observation",
    "questionnaireResponses": "QuestionnaireResponse",
}


@pytest.mark.parametrize("key", BESIDE)
@pytest.mark.parametrize("state", [ReadState.PARTIAL, ReadState.FAILED])
@pytest.mark.parametrize("priority", ["routine", "stat"])
def test_every_read_that_failed_is_named_on_every_card(
    key: str, state: ReadState, priority: str, guideline: Guideline
) -> None:
    facts = adult(SADDLE, encounter_class="EMER", reads={**ALL_READ, key: state})
    assert answer(facts, guideline, priority=priority).unread == (BESIDE[key],)


@pytest.mark.parametrize(
    ("key", "named"),
    [
        pytest.param("devices", ("Device",), id="devices: a card about MRI safety may be missing"),
        pytest.param("patient", (), id="patient, where the birth date came elsewhere"),
        pytest.param("allergies", (), id="allergies, where no contrast is in question"),
        pytest.param("diagnosticReports", (), id="reports"),
        pytest.param("appointments", (), id="appointments"),
        pytest.param("encounter", (), id="encounter, where the card does not rest on it"),
    ],
)
def test_a_key_that_was_never_sent_is_named_where_it_could_have_changed_the_card(
    key: str, named: tuple[str, ...], guideline: Guideline
) -> None:
    assert answer(adult(SADDLE, reads={**ALL_READ, key: ReadState.NOT_SENT}), guideline).unread == named


@pytest.mark.parametrize(
    ("entries", "order"),
    [
        pytest.param([DISCITIS], {}, id="contrast suggested"),
        pytest.param([PAIN], {"contrast": "with"}, id="contrast ordered"),
    ],
)
def test_missing_allergies_are_named_where_contrast_is_suggested_or_ordered(
    entries: list[Any], order: dict[str, Any], guideline: Guideline
) -> None:
    facts = adult(*entries, reads={**ALL_READ, "allergies": ReadState.NOT_SENT})
    assert answer(facts, guideline, **order).unread == ("AllergyIntolerance",)


def test_what_stops_r1_is_named_first_and_each_type_once(guideline: Guideline) -> None:
    reads = {**dict.fromkeys(ALL_READ, ReadState.FAILED), "examinations": ReadState.FAILED}
    unread = answer(adult(PAIN, reads=reads), guideline).unread
    assert unread[:5] == tuple(STOPPING_READS.values())
    assert sorted(set(unread)) == sorted(unread)
    assert {"Patient", "Encounter", "Device", "AllergyIntolerance", "QuestionnaireResponse"} <= set(unread)


def test_an_unknown_age_is_not_an_adult(guideline: Guideline) -> None:
    decision = answer(record(PAIN), guideline)
    assert (decision.outcome, decision.reason) == (Outcome.UNCLEAR, "unclear.age-unknown")
    assert decision.unread == ()


@pytest.mark.parametrize("state", [ReadState.PARTIAL, ReadState.FAILED, ReadState.NOT_SENT])
def test_an_age_that_could_not_be_read_is_not_told_as_not_recorded(
    state: ReadState, guideline: Guideline
) -> None:
    decision = answer(record(PAIN, reads={**ALL_READ, "patient": state}), guideline)
    assert (decision.outcome, decision.reason) == (Outcome.UNCLEAR, "unclear.age-unread")
    assert (decision.unread, decision.would_change) == (("Patient",), ("records-read",))


@pytest.mark.parametrize(
    ("key", "gone"),
    [
        pytest.param("conditions", ALL_GAPS, id="problem list"),
        pytest.param("observations", set(ALL_GAPS) - {"procedure"}, id="observations"),
        pytest.param("examinations", set(ALL_GAPS) - {"procedure"}, id="examinations"),
        pytest.param("questionnaireResponses", ALL_GAPS, id="forms"),
        pytest.param("procedures", {"procedure"}, id="procedures"),
        pytest.param("devices", (), id="devices"),
    ],
)
def test_what_could_not_be_read_is_not_told_as_not_recorded(
    key: str, gone: Collection[str], guideline: Guideline
) -> None:
    facts = adult(SADDLE, reads={**ALL_READ, key: ReadState.FAILED})
    assert set(answer(facts, guideline).not_recorded) == {*ALL_GAPS} - {"saddle", *gone}


@pytest.mark.parametrize(
    ("order", "where", "endorsed"),
    [
        pytest.param(
            {"priority": "stat"}, {"encounter_class": "EMER"}, True, id="stat in the emergency department"
        ),
        pytest.param({"priority": "asap"}, {"encounter_class": "IMP"}, True, id="asap in hospital"),
        pytest.param({"priority": "urgent"}, {"encounter_class": "EMER"}, False, id="only urgent"),
        pytest.param({"priority": "stat"}, {"encounter_class": "AMB"}, False, id="stat in a clinic"),
    ],
)
def test_an_emergency_is_confirmed_only_with_priority_and_place(
    order: dict[str, Any], where: dict[str, Any], endorsed: bool, guideline: Guideline
) -> None:
    decision = answer(adult(SADDLE, **where), guideline, **order)
    assert decision.endorsed is endorsed
    assert decision.indicator is (Indicator.INFO if endorsed else Indicator.CRITICAL)


def test_a_referral_among_the_drafts_is_the_right_place(guideline: Guideline) -> None:
    assert answer(adult(SADDLE), guideline, priority="stat", referred=True).endorsed


def test_no_referral_is_taken_for_granted(guideline: Guideline) -> None:
    assert not decide(mri_order(priority="stat"), adult(SADDLE), NOW, guideline, hook="order-sign").endorsed


@pytest.mark.parametrize(
    ("zone", "today"),
    [
        pytest.param("Pacific/Kiritimati", "2026-06-15", id="14 hours before UTC"),
        pytest.param("Pacific/Pago_Pago", "2026-06-14", id="11 hours after UTC"),
    ],
)
def test_today_is_the_day_in_the_guidelines_zone(zone: str, today: str, guideline: Guideline) -> None:
    moved = replace(guideline, zone=ZoneInfo(zone))
    assert NOW.date() == date(2026, 6, 15)
    assert answer(adult(PAIN), moved).today == date.fromisoformat(today)


def test_a_cord_pattern_needs_the_whole_spine(guideline: Guideline) -> None:
    facts = adult(SADDLE, METASTASIS, encounter_class="EMER")
    lumbar = answer(facts, guideline, priority="stat")
    assert (lumbar.endorsed, lumbar.plan.region, lumbar.plan.pattern) == (
        False,
        "whole-spine",
        "cord-compression",
    )
    assert answer(facts, guideline, priority="stat", covers="whole-spine").endorsed


def test_a_suspected_epidural_abscess_asks_for_contrast_and_the_whole_spine(guideline: Guideline) -> None:
    plan = answer(adult(SADDLE, DISCITIS), guideline).plan
    assert (plan.pattern, plan.region, plan.contrast, plan.priority) == (
        "epidural-abscess",
        "whole-spine",
        "with-and-without",
        "stat",
    )


def test_pregnancy_takes_gadolinium_out_of_the_plan(guideline: Guideline) -> None:
    pregnant = fact("pregnancy", started=ago(100))
    assert answer(adult(PAIN, DISCITIS), guideline).plan.contrast == "with-and-without"
    assert answer(adult(PAIN, DISCITIS, pregnant), guideline).plan.contrast is None


def test_a_concordant_order_is_silent_where_the_owner_wants_it_so(guideline: Guideline) -> None:
    facts = adult(BREAST, PAIN)
    assert answer(facts, guideline, priority="urgent").silent == ""
    assert answer(facts, switched(guideline, endorse=False), priority="urgent").silent == "concordant"
    assert answer(facts, switched(guideline, endorse=False)).silent == ""


def test_an_open_question_stops_the_confirmation_of_a_routine_scan(guideline: Guideline) -> None:
    late = (pain(10), done("lumbar-surgery", performed=ago(4000)))
    assert answer(adult(*late), guideline).endorsed
    asking = answer(
        adult(*late, fact("saddle-numbness", certainty=Certainty.WORDS, recorded=ago(1))), guideline
    )
    assert (asking.outcome, asking.endorsed) == (Outcome.INDICATED, False)
    assert "check-first" in asking.first_lines


def test_a_routine_scan_is_not_confirmed_where_the_record_was_not_read(guideline: Guideline) -> None:
    late = (pain(10), done("lumbar-surgery", performed=ago(4000)))
    unread = answer(adult(*late, reads={**ALL_READ, "conditions": ReadState.FAILED}), guideline)
    assert (unread.outcome, unread.endorsed) == (Outcome.INDICATED, False)
    assert "check-first" in unread.first_lines


def test_a_procedure_that_only_the_order_names_is_not_confirmed(guideline: Guideline) -> None:
    named = answer(adult(PAIN, fact("reason-red-flag-procedure", origin=Origin.ORDER)), guideline)
    assert (named.outcome, named.endorsed) == (Outcome.INDICATED, False)


def test_what_was_denied_is_told(guideline: Guideline) -> None:
    no = fact("saddle-numbness", certainty=Certainty.DENIED, started=ago(1), origin=Origin.OBSERVATION)
    assert [denial.key for denial in answer(adult(PAIN, no), guideline).denied] == ["saddle"]


def test_an_exam_that_is_too_old_to_count_is_told(guideline: Guideline) -> None:
    exams = answer(adult(PAIN, exam("5", 400)), guideline).stale
    assert [line.resource for line in exams] == ["Observation/power-400"]


@pytest.mark.parametrize(
    ("entries", "hook", "silent"),
    [
        pytest.param([PAIN], "order-select", "child", id="child at order-select"),
        pytest.param([PAIN], "order-sign", "", id="child at order-sign"),
        pytest.param([SADDLE], "order-select", "", id="child with a red flag of R4"),
        pytest.param(
            [PAIN, fact("leg-weakness", started=ago(60))], "order-select", "", id="child, R3 possible"
        ),
        pytest.param([PAIN, fact("night-pain", started=ago(2))], "order-select", "", id="child, R5 possible"),
    ],
)
def test_a_child_gets_a_card_only_for_red_flags(
    entries: list[Any], hook: str, silent: str, guideline: Guideline
) -> None:
    assert answer(adult(*entries, birth_date=CHILD), guideline, hook=hook).silent == silent


@pytest.mark.parametrize(
    ("entries", "silent"),
    [
        pytest.param([PAIN], "hospice", id="pain"),
        pytest.param([PAIN, BREAST], "hospice", id="cancer"),
        pytest.param([PAIN, fact("night-pain", started=ago(2))], "hospice", id="a possible cancer"),
        pytest.param([PAIN, PUNCTURE], "hospice", id="a procedure"),
        pytest.param([SADDLE], "", id="cauda equina"),
        pytest.param([PAIN, fact("bowel-minor", started=ago(2))], "", id="a possible cauda equina"),
        pytest.param([PAIN, fact("leg-weakness", started=ago(60))], "", id="a possible weakness"),
        pytest.param([HAEMATOMA, PUNCTURE], "", id="an emergency of R6"),
    ],
)
def test_hospice_care_is_left_alone_unless_it_is_an_emergency(
    entries: list[Any], silent: str, guideline: Guideline
) -> None:
    assert answer(adult(*entries, fact("palliative-care", started=ago(20))), guideline).silent == silent


def test_the_dead_get_no_card(guideline: Guideline) -> None:
    assert answer(adult(SADDLE, deceased=True), guideline).silent == "deceased"


def test_a_record_that_is_marked_as_a_test_gets_no_card_even_for_an_emergency(guideline: Guideline) -> None:
    assert answer(adult(SADDLE, test_patient=True), guideline).silent == "test patient"


@pytest.mark.parametrize(
    ("hook", "shown", "silent"),
    [
        pytest.param("order-select", True, "", id="while ordering"),
        pytest.param("order-select", False, "unclear", id="while ordering, switched off"),
        pytest.param("order-sign", False, "", id="at signing"),
    ],
)
def test_the_owner_silences_unclear_cards_while_ordering_only(
    hook: str, shown: bool, silent: str, guideline: Guideline
) -> None:
    unread = adult(PAIN, reads={**ALL_READ, "conditions": ReadState.FAILED})
    switches = switched(guideline, unclear_at_order_select=shown)
    assert answer(unread, switches, hook=hook).silent == silent
    assert answer(adult(PAIN), switches, hook=hook).silent == ""


UNSAFE = DeviceFact(frozenset({"cardiac-device"}), "Device/1", "Pacemaker", DeviceSafety.UNSAFE)
NIGHT_PAIN = fact("night-pain", started=ago(2))


@pytest.mark.parametrize(
    ("entries", "specialist", "silent"),
    [
        pytest.param([NIGHT_PAIN], True, "specialist", id="a possible red flag"),
        pytest.param([NIGHT_PAIN], False, "", id="the same for another doctor"),
        pytest.param([NIGHT_PAIN, UNSAFE], True, "", id="and something about MRI safety"),
        pytest.param([DISCITIS], True, "", id="an urgent one"),
        pytest.param([], True, "", id="no red flag"),
    ],
)
def test_a_specialist_is_spared_a_mere_question(
    entries: list[Any], specialist: bool, silent: str, guideline: Guideline
) -> None:
    facts = adult(PAIN, *entries)
    decision = decide(mri_order(), facts, NOW, guideline, hook="order-sign", specialist=specialist)
    assert decision.silent == silent


@pytest.mark.parametrize(
    ("entries", "order", "birth", "specialist", "silent"),
    [
        pytest.param(
            [PAIN, fact("palliative-care", started=ago(20))], {}, None, False, "hospice", id="hospice"
        ),
        pytest.param(
            [PAIN], {"other_indication": "MS"}, None, False, "other indication", id="other indication"
        ),
        pytest.param([PAIN], {}, CHILD, False, "child", id="child"),
        pytest.param([PAIN], {"is_ct": True}, None, False, "ct", id="CT"),
        pytest.param([PAIN, NIGHT_PAIN], {}, None, True, "specialist", id="specialist"),
    ],
)
@pytest.mark.parametrize(
    ("key", "state", "told"),
    [
        pytest.param("conditions", ReadState.FAILED, True, id="conditions failed"),
        pytest.param("conditions", ReadState.NOT_SENT, True, id="conditions not sent"),
        pytest.param("observations", ReadState.PARTIAL, True, id="observations in part"),
        pytest.param("questionnaireResponses", ReadState.FAILED, True, id="questionnaires failed"),
        pytest.param("questionnaireResponses", ReadState.NOT_SENT, False, id="questionnaires not sent"),
        pytest.param("medicationStatements", ReadState.NOT_SENT, False, id="statements not sent"),
    ],
)
def test_no_silence_rests_on_what_was_not_read(
    entries: list[Any], order: dict[str, Any], birth: Any, specialist: bool, silent: str,
    key: str, state: ReadState, told: bool, guideline: Guideline,
) -> None:  # fmt: skip
    born = {"birth_date": birth} if birth else {}
    facts = adult(*entries, reads={**ALL_READ, key: state}, **born)
    decision = decide(mri_order(**order), facts, NOW, guideline, hook="order-select", specialist=specialist)
    assert decision.silent == ("" if told else silent)


def test_a_forbidden_device_stops_the_confirmation(guideline: Guideline) -> None:
    assert answer(adult(PAIN, BREAST), guideline, priority="urgent").endorsed
    assert not answer(adult(PAIN, BREAST, UNSAFE), guideline, priority="urgent").endorsed


@pytest.mark.parametrize(
    ("order", "contrast"),
    [
        pytest.param({"is_ct": True, "contrast": None}, "without", id="a CT becomes an MRI without contrast"),
        pytest.param({"contrast": None}, None, id="an MRI is left to radiology"),
    ],
)
def test_contrast_against_which_the_record_speaks_is_not_suggested(
    order: dict[str, Any], contrast: str | None, guideline: Guideline
) -> None:
    low = measurement(Measure.EGFR, "12", 5)
    assert answer(adult(PAIN, DISCITIS, low), guideline, **order).plan.contrast == contrast


@pytest.mark.parametrize(
    ("entries", "outcome"),
    [
        pytest.param([fact("pyelonephritis", started=ago(2))], Outcome.POSSIBLE, id="an infection that may be the cause"),
        pytest.param([fact("pyelonephritis", started=ago(2)), fact("renal-colic", started=ago(2))], Outcome.POSSIBLE, id="such an infection beside another cause"),
        pytest.param([fact("renal-colic", started=ago(2)), fact("night-pain", started=ago(2))], Outcome.OUTSIDE, id="a weak sign beside another cause"),
        pytest.param([fact("renal-colic", started=ago(2))], Outcome.OUTSIDE, id="another cause alone"),
    ],
)  # fmt: skip
def test_only_an_infection_that_is_the_other_cause_goes_before_it(
    entries: list[Any], outcome: Outcome, guideline: Guideline
) -> None:
    assert answer(adult(pain(2), *entries), guideline).outcome is outcome


@pytest.mark.parametrize(
    ("hook", "switch", "silent"),
    [
        pytest.param("order-select", {}, "no indication", id="order-select"),
        pytest.param("order-sign", {}, "", id="order-sign"),
        pytest.param("order-select", {"no_indication_at_order_select": True}, "", id="switched on"),
    ],
)
def test_nothing_recorded_is_said_when_the_order_is_signed(
    hook: str, switch: dict[str, Any], silent: str, guideline: Guideline
) -> None:
    assert answer(adult(), switched(guideline, **switch), hook=hook).silent == silent


def test_no_indication_is_said_only_where_it_was_looked_for(guideline: Guideline) -> None:
    decision = answer(adult(reads={**ALL_READ, "encounter": ReadState.FAILED}), guideline)
    assert (decision.reason, decision.silent, decision.recommendations) == (
        "unclear.unread",
        "",
        ("R1", "R2"),
    )
    assert decision.unread == ("Encounter",)


def test_an_encounter_that_was_not_sent_is_named_where_it_stops_no_indication(guideline: Guideline) -> None:
    decision = answer(adult(reads={**ALL_READ, "encounter": ReadState.NOT_SENT}), guideline)
    assert (decision.reason, decision.unread) == ("unclear.unread", ("Encounter",))


def test_a_vascular_fact_stands_first_and_warns(guideline: Guideline) -> None:
    decision = answer(adult(pain(2), fact("aortic-aneurysm", started=ago(900))), guideline)
    assert (decision.outcome, decision.indicator) == (Outcome.OUTSIDE, Indicator.WARNING)
    assert decision.first_lines[0] == "vascular"


def test_a_possible_infection_that_is_a_mimic_goes_before_outside(guideline: Guideline) -> None:
    decision = answer(adult(pain(2), fact("pyelonephritis", started=ago(2))), guideline)
    assert (decision.outcome, decision.recommendations) == (Outcome.POSSIBLE, ("R5",))


@pytest.mark.parametrize(
    ("name", "entries", "order"),
    [
        pytest.param("urgent", [PAIN, DISCITIS], {}, id="outcome"),
        pytest.param("endorsed", [PAIN, BREAST], {"priority": "urgent"}, id="endorsed"),
        pytest.param("improving", [pain(10, trend=Trend.IMPROVING)], {}, id="improving"),
    ],
)
def test_the_owner_sets_the_indicator_of_an_outcome(
    name: str, entries: list[Any], order: dict[str, Any], guideline: Guideline
) -> None:
    changed = replace(guideline, indicators={**guideline.indicators, name: Indicator.CRITICAL})
    assert answer(adult(*entries), guideline, **order).indicator is guideline.indicators[name]
    assert answer(adult(*entries), changed, **order).indicator is Indicator.CRITICAL


def test_words_do_not_lift_an_infection(guideline: Guideline) -> None:
    numb = fact("saddle-numbness", certainty=Certainty.WORDS, recorded=ago(1))
    assert answer(adult(PAIN, DISCITIS, numb), guideline).outcome is Outcome.URGENT


def test_an_arm_does_not_lift_a_cancer(guideline: Guideline) -> None:
    arm = fact("arm-weakness", started=ago(3), side=Side.LEFT)
    assert answer(adult(PAIN, BREAST, arm), guideline).outcome is Outcome.URGENT


FEVER = measurement(Measure.TEMPERATURE, "38.6", 1)
DISCITIS_IN_WORDS = fact("spinal-infection", started=ago(0), certainty=Certainty.WORDS)


@pytest.mark.parametrize(
    ("beside", "outcome"),
    [
        pytest.param([], Outcome.UNCLEAR, id="alone"),
        pytest.param([DISCITIS_IN_WORDS], Outcome.POSSIBLE, id="beside an infection in words"),
    ],
)
def test_fever_without_pain_is_listed_and_not_decided(
    beside: list[Any], outcome: Outcome, guideline: Guideline
) -> None:
    decision = answer(adult(FEVER, *beside), guideline, hook="order-sign")
    assert decision.outcome is outcome
    assert [line.text for line in decision.listed] == ["Temperature 38.6 °C"]


def test_fever_that_counts_is_not_listed_again(guideline: Guideline) -> None:
    decision = answer(adult(FEVER, DISCITIS), guideline)
    assert decision.listed == ()


@pytest.mark.parametrize("clue", [pytest.param(FEVER, id="infection"), pytest.param(BREAST, id="cancer")])
def test_beside_a_weak_leg_a_clue_of_r5_needs_no_recorded_pain(clue: Any, guideline: Guideline) -> None:
    assert answer(adult(clue), guideline).recommendations == ()
    assert set(answer(adult(fact("foot-drop", started=ago(1)), clue), guideline).recommendations) == {
        "R3",
        "R5",
    }


def test_a_possible_red_flag_leads_before_an_answer_that_cannot_be_used(guideline: Guideline) -> None:
    asked = fact("saddle-numbness", certainty=Certainty.UNKNOWN, started=ago(1))
    decision = answer(adult(PAIN, asked, fact("leg-weakness")), guideline)
    assert [finding.outcome for finding in decision.findings] == [Outcome.POSSIBLE, Outcome.UNCLEAR]


@pytest.mark.parametrize(
    ("entries", "listed"),
    [
        pytest.param([], False, id="no red flag"),
        pytest.param([fact("night-pain", started=ago(2))], True, id="a possible one of R5"),
        pytest.param([SADDLE], False, id="an emergency of R4"),
        pytest.param([SADDLE, DISCITIS], False, id="an emergency with R5"),
    ],
)
def test_age_is_listed_only_where_r5_is_asked(entries: list[Any], listed: bool, guideline: Guideline) -> None:
    decision = answer(adult(PAIN, *entries, birth_date=on("1940-01-01")), guideline)
    assert any(line.resource == "Patient" for line in decision.listed) is listed


def test_a_cancer_that_is_the_orders_reason_is_named_by_its_short_name(guideline: Guideline) -> None:
    reason = fact(
        "cancer-high-risk",
        certainty=Certainty.SUSPECTED,
        origin=Origin.ORDER,
        resource="ServiceRequest/mri-1",
        text="Malignant neoplasm of breast (disorder)",
    )
    decision = answer(adult(reason), guideline)
    assert (decision.reason, decision.fills) == (
        "unclear.reason-without-pain",
        {"cause": "suspected breast cancer"},
    )


@pytest.mark.parametrize(
    ("entries", "listed"),
    [
        pytest.param([], True, id="no red flag"),
        pytest.param([SADDLE], False, id="an emergency of R4"),
        pytest.param([SADDLE, DISCITIS], True, id="an emergency with R5"),
    ],
)
def test_diabetes_is_listed_except_beside_another_emergency(
    entries: list[Any], listed: bool, guideline: Guideline
) -> None:
    decision = answer(adult(PAIN, *entries, fact("diabetes")), guideline)
    assert any(line.resource == "Condition/diabetes" for line in decision.listed) is listed


@pytest.mark.parametrize(
    ("entries", "listed"),
    [
        pytest.param([], True, id="no red flag"),
        pytest.param([METASTASIS], True, id="a red flag of R5"),
        pytest.param([SADDLE], False, id="a finding of R4, which shows it"),
    ],
)
def test_an_old_sexual_dysfunction_is_told_once(
    entries: list[Any], listed: bool, guideline: Guideline
) -> None:
    old = fact("sexual-dysfunction", started=ago(200))
    decision = answer(adult(PAIN, *entries, old), guideline)
    assert any(line.resource == old.resource for line in decision.listed) is listed


def test_a_reason_that_is_no_indication_is_named(guideline: Guideline) -> None:
    draft = {"resourceType": "ServiceRequest", "id": "mri-1", "reasonCode": [{"text": "Neck pain"}]}
    decision = answer(adult(), guideline, resource=draft)
    assert (decision.reason, decision.fills) == ("unclear.no-indication", {"reason": "Neck pain"})


def test_a_ct_is_advised_against_only_beside_a_red_flag(guideline: Guideline) -> None:
    ct: dict[str, Any] = {"is_ct": True, "contrast": None, "label": "CT lumbar spine"}
    flagged = answer(adult(SADDLE, encounter_class="EMER"), guideline, priority="stat", **ct)
    assert (flagged.endorsed, flagged.silent, flagged.first_lines[0]) == (False, "", "ct")
    assert flagged.plan.contrast == "without"
    assert answer(adult(PAIN), guideline, **ct).silent == "ct"


@pytest.mark.parametrize(("covers", "silent"), [("lumbar", ""), ("whole-spine", "other reason")])
def test_a_wider_study_is_judged_for_r1_only_where_back_pain_is_its_sole_reason(
    covers: str, silent: str, guideline: Guideline
) -> None:
    draft = {"resourceType": "ServiceRequest", "id": "mri-1", "reasonCode": [{"text": "Neck pain"}]}
    assert answer(adult(PAIN), guideline, covers=covers, resource=draft).silent == silent
