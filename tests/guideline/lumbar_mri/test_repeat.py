"""Advice that was set aside is not repeated, and what an override attests (2.11, 3.8, 8.4.6, 8.8.5)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Evidence, Outcome, Pathway, Plan, SafetyLine
from cds_service.guideline.lumbar_mri.repeat import attested_reasons, facts_of, with_repeat_rule
from cds_service.guideline.overrides import NO_MEMORY, Memory
from tests.guideline.lumbar_mri.decision_builders import decision, fact, finding
from tests.guideline.lumbar_mri.facts_builders import TODAY
from tests.guideline.lumbar_mri.overrides_builders import attesting, mark, memory_of, overridden

BREAST = fact("Carcinoma of breast")
CRP = fact("CRP 42 mg/L", "2026-06-12", "Observation/crp")
URGENT = finding(Pathway.CANCER, Outcome.URGENT, "urgent", (BREAST,), tier="known")
EXAM = fact("Right ankle dorsiflexion 5/5", "2026-06-01", "Observation/exam", note="too old to count")


def told(*findings: Any, **more: Any) -> Decision:
    return decision(*(findings or (URGENT,)), reason="cancer.urgent", **more)


def again(one: Decision, memory: Memory, guideline: Guideline) -> tuple[str, str]:
    """Why the decision is silent, and why it is shown again; both empty: as ever."""
    after = with_repeat_rule(one, memory, guideline)
    return after.silent, after.again.why if after.again else ""


@pytest.mark.parametrize(("days", "silent"), [(-300, ""), (-1, ""), (0, "repeat"), (30, "repeat"), (31, "")])
def test_the_same_advice_is_silent_within_its_days(days: int, silent: str, guideline: Guideline) -> None:
    """A day to come is that of a clock that was wrong: nobody sees for how long it would hold."""
    memory = memory_of(told(), day=TODAY - timedelta(days=days))
    assert again(told(), memory, guideline) == (silent, "")


def test_without_memory_a_decision_stays_as_it_is(guideline: Guideline) -> None:
    assert with_repeat_rule(told(), NO_MEMORY, guideline) == told()


_NEW = replace(URGENT, evidence=(BREAST, CRP))
_DIFFERENCES: dict[str, tuple[Decision, str]] = {
    "a fact of a finding": (told(_NEW), "new-facts"),
    "the same words of another day": (
        told(replace(URGENT, evidence=(fact("Carcinoma of breast", "2026-06-15"),))), "new-facts",
    ),
    "the same words of another entry": (
        told(replace(URGENT, evidence=(fact("Carcinoma of breast", resource="Condition/c2"),))), "new-facts",
    ),
    "words of the order": (
        told(replace(URGENT, evidence=(BREAST, fact("Fever", "2026-06-15", "ServiceRequest/mri-1")))), "new-facts",
    ),
    "the same fact, only suspected by now": (
        told(replace(URGENT, evidence=(replace(BREAST, standing="suspected"),))), "new-facts",
    ),
    "another change of the order": (told(plan=Plan(contrast="without")), "changed"),
    "another warning about the order": (told(first_lines=("contrast-risk",)), "changed"),
    "a listed fact": (told(listed=(fact("Diabetes"),)), "new-facts"),
    "a fact of MRI safety": (told(safety=(SafetyLine("renal", fact("eGFR 20"), False),)), "new-facts"),
    "another outcome": (told(replace(URGENT, outcome=Outcome.INDICATED)), "changed"),
    "the outcome alone": (told(URGENT, outcome=Outcome.INDICATED), "changed"),
    "another tier": (told(replace(URGENT, tier="spine")), "changed"),
    "another recommendation": (told(recommendations=("R5", "R6")), "changed"),
    "another finding of the same facts": (
        told(URGENT, finding(Pathway.INFECTION, Outcome.POSSIBLE, "", (BREAST,))), "changed",
    ),
    "less of the record": (told(unread=("Observation",)), "less-read"),
}  # fmt: skip


@pytest.mark.parametrize(("today", "why"), _DIFFERENCES.values(), ids=_DIFFERENCES.keys())
def test_each_difference_brings_the_card_back_and_is_said(
    today: Decision, why: str, guideline: Guideline
) -> None:
    assert again(today, memory_of(told()), guideline) == ("", why)


def test_the_new_fact_is_told_and_no_other(guideline: Guideline) -> None:
    after = with_repeat_rule(told(_NEW), memory_of(told()), guideline)
    assert after.again is not None
    assert (after.again.new, after.again.overridden, after.again.reason) == ((CRP,), TODAY, "other")


def test_beside_another_assessment_the_new_fact_is_told_as_well(guideline: Guideline) -> None:
    infected = told(URGENT, finding(Pathway.INFECTION, Outcome.URGENT, "", (CRP,)))
    assert again(infected, memory_of(told()), guideline) == ("", "new-facts")


def test_pain_that_was_known_and_only_now_decides_is_no_new_fact(guideline: Guideline) -> None:
    pain = fact("Low back pain", "2026-05-25")
    short = told(finding(Pathway.PAIN, Outcome.NOT_INDICATED, "short", (pain,), recommendation="R1"))
    assert again(short, memory_of(told(background=(pain,))), guideline) == ("", "changed")


def test_fewer_facts_and_more_of_the_record_are_no_news(guideline: Guideline) -> None:
    memory = memory_of(told(_NEW, unread=("Observation",)))
    assert again(told(), memory, guideline) == ("repeat", "")


@pytest.mark.parametrize("resource", ["ServiceRequest/another", "ServiceRequest"])
def test_what_an_order_says_is_the_same_on_another_draft(resource: str, guideline: Guideline) -> None:
    first = told(replace(URGENT, evidence=(fact("Known cancer", "2026-06-10", "ServiceRequest/mri-1"),)))
    later = told(replace(URGENT, evidence=(fact("Known cancer", "2026-06-15", resource),)))
    assert again(later, memory_of(first), guideline) == ("repeat", "")


@pytest.mark.parametrize(
    ("day", "why"),
    [
        pytest.param("2026-05-26", "new-facts", id="too old already when it was overridden"),
        pytest.param("2026-05-27", "", id="counted on that day for the last time"),
        pytest.param("2026-06-10", "", id="of that day"),
        pytest.param("2026-06-11", "new-facts", id="of the day after"),
    ],
)
def test_an_exam_that_has_only_aged_is_no_new_fact(day: str, why: str, guideline: Guideline) -> None:
    """It counts for 14 days; the override is of 10 June."""
    exam = Evidence(EXAM.text, EXAM.resource, fact("", day).when, note=EXAM.note)
    memory = memory_of(told(), day=TODAY - timedelta(days=5))
    assert guideline.thresholds.power_fresh_days == 14
    assert again(told(stale=(exam,)), memory, guideline) == ("" if why else "repeat", why)


def test_beside_another_assessment_an_old_exam_is_not_told_as_new(guideline: Guideline) -> None:
    other = told(replace(URGENT, tier="spine"), stale=(fact("Ankle 5/5", "2026-04-02"),))
    assert again(other, memory_of(told()), guideline) == ("", "changed")


_EMERGENCY = finding(Pathway.INFECTION, Outcome.EMERGENCY, "emergency", (CRP,))
_IMPLANT = SafetyLine("unsafe", fact("Pacemaker", None, "Device/d1"), own_card=True)


@pytest.mark.parametrize(
    ("today", "why"),
    [
        pytest.param(told(_EMERGENCY), "emergency", id="emergency"),
        pytest.param(told(URGENT, _EMERGENCY), "emergency", id="beside"),
        pytest.param(told(safety=(_IMPLANT,)), "device", id="implant"),
    ],
)
def test_an_emergency_and_a_card_about_an_implant_are_never_kept_away(
    today: Decision, why: str, guideline: Guideline
) -> None:
    assert again(today, memory_of(today), guideline) == ("", why)


def test_a_right_orders_confirmation_is_left_alone(guideline: Guideline) -> None:
    assert again(told(endorsed=True), memory_of(told()), guideline) == ("", "")


def test_another_silence_stays_what_it_is(guideline: Guideline) -> None:
    assert again(told(silent="hospice"), memory_of(told()), guideline) == ("hospice", "")


def test_an_accepted_card_was_not_set_aside(guideline: Guideline) -> None:
    memory = Memory((overridden(told(), accepted=True),), mark)
    assert again(told(), memory, guideline) == ("", "")


def test_any_override_of_the_window_keeps_the_card_away_and_the_latest_is_told(guideline: Guideline) -> None:
    first, second = (
        overridden(told(), TODAY - timedelta(days=9), "first"),
        overridden(told(_NEW), TODAY, "second"),
    )
    assert again(told(), Memory((second, first), mark), guideline) == ("repeat", "")
    after = with_repeat_rule(told(listed=(fact("Diabetes"),)), Memory((second, first), mark), guideline)
    assert after.again is not None
    assert after.again.reason == "second"


# --- What a reason attests -----------------------------------------------------------------------------------

CODES = [
    ("care-4-6-weeks", True), ("care-6-weeks", True), ("neurology-worse", True),
    ("red-flag-cauda-equina", True), ("red-flag-cancer", True), ("red-flag-infection", True),
    ("red-flag-neurology", True), ("red-flag-procedure", True), ("patient-preference", False),
    ("specialist-requirement", False), ("other", False), ("already-referred", False), ("imaging-done", False),
    ("deficit-stable", False), ("features-stable", False), ("excluded-on-imaging", False),
]  # fmt: skip


@pytest.mark.parametrize(("code", "attests"), CODES)
def test_what_an_override_attests(code: str, attests: bool, guideline: Guideline) -> None:
    yesterday = TODAY - timedelta(days=1)
    found = attested_reasons(attesting((code, yesterday)), TODAY, guideline)
    assert [(reason.code["coding"][0]["code"], reason.day) for reason in found] == (  # type: ignore[index]
        [(code, yesterday)] if attests else []
    )
    assert all(str(reason.code["text"]).endswith(" (attested by the clinician)") for reason in found)


@pytest.mark.parametrize(
    ("code", "stands"), [("red-flag-cancer", True), ("neurology-worse", True), ("care-6-weeks", False)]
)
def test_a_red_flag_stands_beside_an_acceptance_and_care_does_not(
    code: str, stands: bool, guideline: Guideline
) -> None:
    assert bool(attested_reasons(attesting((code, TODAY), accepted=True), TODAY, guideline)) is stands


@pytest.mark.parametrize(("code", "stands"), [("red-flag-cancer", True), ("care-6-weeks", False)])
def test_of_a_day_to_come_a_red_flag_stands_and_care_does_not(
    code: str, stands: bool, guideline: Guideline
) -> None:
    said = attesting((code, TODAY + timedelta(days=1)))
    assert bool(attested_reasons(said, TODAY, guideline)) is stands


def test_a_reason_counts_once_and_of_its_latest_day(guideline: Guideline) -> None:
    early, late = TODAY - timedelta(days=9), TODAY - timedelta(days=2)
    memory = attesting(("red-flag-cancer", late), ("red-flag-cancer", early))
    assert [reason.day for reason in attested_reasons(memory, TODAY, guideline)] == [late]


@pytest.mark.parametrize(("days", "count"), [(30, 1), (31, 0)])
def test_an_attestation_lasts_as_long_as_its_override(days: int, count: int, guideline: Guideline) -> None:
    memory = attesting(("red-flag-cancer", TODAY - timedelta(days=days)))
    assert len(attested_reasons(memory, TODAY, guideline)) == count


def test_the_overrides_own_reason_is_no_news_and_is_said_where_it_decides(guideline: Guideline) -> None:
    memory = attesting(("red-flag-cancer", TODAY))
    (reason,) = attested_reasons(memory, TODAY, guideline)
    said = fact(str(reason.code["text"]), "2026-06-15", "ServiceRequest/mri-1")
    assert again(told(replace(URGENT, evidence=(said,))), memory, guideline) == ("", "attested")


def test_the_marks_of_a_fact_hold_nothing_that_moves_with_the_calendar(guideline: Guideline) -> None:
    later = replace(told(), today=TODAY + timedelta(days=9))
    assert (
        facts_of(later)
        == facts_of(told())
        == {("Condition/c1", "Carcinoma of breast", "2026-06-14", "2026-06-14")}
    )
