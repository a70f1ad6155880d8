"""Progressive neurology, R3 (specification 2.7, 8.3, 8.5)."""

from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Finding, Outcome
from cds_service.guideline.lumbar_mri.neurology import (
    ALL_CONCEPTS,
    ATTESTED,
    CORD,
    assess_neurology,
    lifts_other_pathways,
    list_long_standing,
    list_recovered,
)
from cds_service.guideline.lumbar_mri.pain import read_pain
from cds_service.record.facts import Certainty, Origin, PatientFacts, Region, Side, State, Trend
from tests.guideline.lumbar_mri.facts_builders import TODAY, ago, fact, mri_order, pain, record
from tests.guideline.lumbar_mri.test_muscle_power import exam

E, U, P, X = Outcome.EMERGENCY, Outcome.URGENT, Outcome.POSSIBLE, Outcome.UNCLEAR
LEG: dict[str, Any] = {"region": Region.LEG}
WORSE: dict[str, Any] = {"trend": Trend.WORSENING}


def assess(facts: PatientFacts, guideline: Guideline) -> Finding | None:
    order = mri_order()
    return assess_neurology(facts, read_pain(facts, order, TODAY, guideline), order, TODAY, guideline)


def outcome(guideline: Guideline, *entries: Any) -> Outcome | None:
    finding = assess(record(*entries), guideline)
    return finding.outcome if finding else None


def since(concept: str, days: int | None, **more: Any) -> Any:
    return fact(concept, started=None if days is None else ago(days), **more)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(since("foot-drop", 0), E, id="foot drop today"),
        pytest.param(since("foot-drop", 42), E, id="foot drop 42 days"),
        pytest.param(since("foot-drop", 43), P, id="foot drop 43 days"),
        pytest.param(since("foot-drop", 90), P, id="foot drop 90 days"),
        pytest.param(since("foot-drop", 91), None, id="foot drop 91 days"),
        pytest.param(since("foot-drop", 91, **WORSE, recorded=ago(3)), U, id="old foot drop, worse now"),
        pytest.param(since("foot-drop", None), P, id="foot drop undated"),
        pytest.param(since("foot-drop", 3, state=State.ENDED), None, id="foot drop resolved"),
        pytest.param(since("foot-drop", 3, certainty=Certainty.SUSPECTED), E, id="foot drop suspected"),
        pytest.param(since("foot-drop", 3, certainty=Certainty.WORDS), P, id="foot drop in words"),
        pytest.param(since("foot-drop", 3, certainty=Certainty.VALUELESS), P, id="foot drop without a value"),
        pytest.param(
            since("foot-drop", 3, certainty=Certainty.UNKNOWN), X, id="foot drop asked, no usable answer"
        ),
        pytest.param(since("foot-drop", 3, certainty=Certainty.DENIED), None, id="foot drop denied"),
        pytest.param(since("foot-drop", 3, certainty=Certainty.REFUTED), None, id="foot drop refuted"),
        pytest.param(since("foot-drop", 3, disputed=True), P, id="foot drop with a past abatement"),
        pytest.param(since("paraparesis", 14), E, id="paraparesis 14 days"),
        pytest.param(since("paraparesis", 15), U, id="paraparesis 15 days"),
        pytest.param(since("paraparesis", 91), None, id="paraparesis 91 days"),
        pytest.param(
            fact("paraparesis", "coded-chronic", started=ago(91), recorded=ago(1)),
            None,
            id="chronic paraplegia",
        ),
        pytest.param(
            since("paraparesis", 3, trend=Trend.STABLE), E, id="paraparesis of 3 days, called stable"
        ),
        pytest.param(
            fact("paraparesis", "coded-chronic", started=ago(3)), P, id="chronic paraplegia, 3 days"
        ),
        pytest.param(fact("paraparesis", "coded-chronic"), P, id="chronic paraplegia, undated"),
        pytest.param(since("sequela-weakness", 91), None, id="sequela of 91 days"),
        pytest.param(since("sequela-weakness", 90), P, id="sequela of 90 days"),
        pytest.param(since("sequela-weakness", None), P, id="sequela, undated"),
        pytest.param(since("sequela-weakness", None, region=Region.OTHER), None, id="sequela of the face"),
        pytest.param(since("leg-weakness", 60, trend=Trend.STABLE), P, id="leg weakness of 60 days, stable"),
        pytest.param(
            fact("paraparesis", "coded-progressive", recorded=ago(1)), E, id="progressive paraparesis, new"
        ),
        pytest.param(
            fact("paraparesis", "coded-progressive", started=ago(700), recorded=ago(60)),
            U,
            id="progressive paraparesis, recorded 60 days ago",
        ),
        pytest.param(since("gait-loss", 14), E, id="gait loss 14 days"),
        pytest.param(since("leg-weakness", 42), U, id="leg weakness 42 days"),
        pytest.param(since("leg-weakness", 43), P, id="leg weakness 43 days"),
        pytest.param(since("weakness-without-site", 42), P, id="weakness without a site 42 days"),
        pytest.param(since("weakness-without-site", 43), None, id="weakness without a site 43 days"),
        pytest.param(since("weakness-without-site", 3, **LEG), U, id="weakness of a leg by its body site"),
        pytest.param(since("gait-disturbance", 42), P, id="gait disturbance 42 days"),
        pytest.param(since("gait-disturbance", 43), None, id="gait disturbance 43 days"),
        pytest.param(since("upper-motor-sign", 42), P, id="Babinski 42 days"),
        pytest.param(since("upper-motor-sign", 43), None, id="Babinski 43 days"),
        pytest.param(since("reflex-loss", 10), P, id="reflex loss without leg pain"),
        pytest.param(since("leg-numbness", 2), None, id="numb leg"),
        pytest.param(since("leg-numbness", 20, **WORSE), U, id="numb leg, spreading"),
        pytest.param(since("numbness-without-site", 20, **WORSE), P, id="numbness without a site, spreading"),
        pytest.param(
            since("numbness-without-site", 20, **WORSE, **LEG),
            U,
            id="numbness of a leg by its site, spreading",
        ),
        pytest.param(since("cord-compression", 90), E, id="cord compression 90 days"),
        pytest.param(since("cord-compression", 91), P, id="cord compression 91 days"),
        pytest.param(
            fact("cord-compression", "cord-at-the-neck", started=ago(5), region=Region.OTHER_SPINE),
            P,
            id="of the neck only",
        ),
        pytest.param(
            fact(
                "cord-compression",
                "cord-at-the-neck",
                "cord-below-the-neck",
                started=ago(5),
                region=Region.OTHER_SPINE,
            ),
            E,
            id="of the neck and chest",
        ),
        pytest.param(
            since("cord-compression", 400, **WORSE, recorded=ago(2)), E, id="cord compression worsening"
        ),
        pytest.param(since("cord-compression", None), E, id="cord compression undated"),
        pytest.param(since("cervical-thoracic-myelopathy", 3), P, id="cervical myelopathy"),
        pytest.param(since("spinal-haematoma", 3), E, id="spinal haematoma"),
        pytest.param(since("arm-weakness", 42), P, id="arm weakness, new"),
        pytest.param(since("arm-weakness", 43), None, id="arm weakness, old"),
        pytest.param(since("arm-numbness", 3, certainty=Certainty.WORDS), P, id="numb hand in words"),
        pytest.param(since("leg-weakness", 3, region=Region.ARM), P, id="weakness sited in an arm"),
        pytest.param(fact("reason-neurology-worse", started=ago(0)), U, id="the doctor's own reason"),
    ],
)
def test_each_deficit_has_the_tier_of_its_age_site_and_trend(
    entry: Any, expected: Outcome | None, guideline: Guideline
) -> None:
    assert outcome(guideline, entry) is expected


def test_reflex_loss_beside_leg_pain_is_urgent(guideline: Guideline) -> None:
    assert outcome(guideline, pain(20, concept="radicular-pain"), since("reflex-loss", 10)) is U


@pytest.mark.parametrize("side", [Side.LEFT, Side.RIGHT])
def test_an_earlier_peripheral_cause_on_the_same_side_lowers_one_tier(
    side: Side, guideline: Guideline
) -> None:
    cause = since("peripheral-nerve-cause", 80, side=Side.RIGHT)
    expected = U if side is Side.RIGHT else E
    assert outcome(guideline, since("foot-drop", 5, side=side), cause) is expected


@pytest.mark.parametrize("days", [91, 3000])
@pytest.mark.parametrize(
    ("exams", "expected"),
    [
        pytest.param([exam("3", 0)], U, id="first exam, grade 3"),
        pytest.param([exam("4", 0)], P, id="first exam, grade 4"),
        pytest.param([exam("2", 0, muscle="big toe extension")], U, id="first exam of the big toe"),
        pytest.param([exam("3", 0), exam("3", 0, side=Side.LEFT)], E, id="both legs"),
        pytest.param([exam("3", 0, side=Side.BOTH)], E, id="both legs in one exam"),
        pytest.param([exam("5", 10), exam("3", 0)], E, id="a measured fall"),
    ],
)
def test_an_old_peripheral_cause_lowers_one_tier_and_never_to_silence(
    days: int, exams: list[Any], expected: Outcome, guideline: Guideline
) -> None:
    cause = since("peripheral-nerve-cause", days, side=Side.RIGHT)
    assert outcome(guideline, cause, *exams) is expected


@pytest.mark.parametrize(
    ("drop", "expected"),
    [
        pytest.param(since("foot-drop", 3000, side=Side.RIGHT), None, id="same side"),
        pytest.param(since("foot-drop", 3000), E, id="no side recorded"),
        pytest.param(since("foot-drop", 3000, side=Side.LEFT), E, id="other side"),
        pytest.param(since("foot-drop", 3000, side=Side.RIGHT, state=State.ENDED), E, id="resolved since"),
        pytest.param(fact("paraparesis", "coded-chronic", started=ago(3000)), None, id="chronic paraplegia"),
        pytest.param(since("sequela-weakness", 3000, side=Side.RIGHT), None, id="sequela of that leg"),
        pytest.param(
            since("sequela-weakness", 3000, side=Side.RIGHT, region=Region.ARM), E, id="sequela of an arm"
        ),
    ],
)
def test_a_first_exam_is_no_news_only_where_an_old_deficit_of_that_side_still_holds(
    drop: Any, expected: Outcome | None, guideline: Guideline
) -> None:
    assert outcome(guideline, drop, exam("3", 0)) is expected


KNEE: dict[str, Any] = {"muscle": "knee extension", "root_group": "knee-extension"}


@pytest.mark.parametrize(
    ("deficit", "expected"),
    [
        pytest.param("foot-drop", E, id="a foot drop is one of the ankle"),
        pytest.param("sequela-weakness", None, id="a sequela is one of the leg"),
    ],
)
def test_an_old_deficit_stands_for_the_muscles_that_its_code_names(
    deficit: str, expected: Outcome | None, guideline: Guideline
) -> None:
    assert outcome(guideline, since(deficit, 3000, side=Side.RIGHT), exam("3", 0, **KNEE)) is expected


def test_an_old_deficit_stands_beside_one_that_was_resolved(guideline: Guideline) -> None:
    resolved = since("foot-drop", 3500, side=Side.RIGHT, state=State.ENDED, resource="Condition/resolved")
    assert outcome(guideline, resolved, since("foot-drop", 3000, side=Side.RIGHT), exam("3", 0)) is None


def test_a_muscle_of_full_power_hides_no_other(guideline: Guideline) -> None:
    assert outcome(guideline, exam("5", 0), exam("3", 0, **KNEE)) is E


def test_what_makes_a_weakness_severe_stands_before_what_does_not(guideline: Guideline) -> None:
    sides = [since("leg-weakness", 10, side=side, resource=f"Condition/{side}") for side in Side]
    finding = assess(record(fact("reason-neurology-worse", started=ago(0)), *sides), guideline)
    assert finding is not None
    shown = [line.resource for line in finding.evidence]
    assert shown == [*(side.resource for side in sides), "Condition/reason-neurology-worse"]


GRIP: dict[str, Any] = {"limb": Region.ARM, "muscle": "grip", "root_group": "grip"}


@pytest.mark.parametrize(
    ("exams", "expected"),
    [
        pytest.param([exam("5", 60, **GRIP), exam("3", 0, **GRIP)], P, id="a fall"),
        pytest.param([exam("2", 42, **GRIP)], P, id="newly weak"),
        pytest.param([exam("4", 0, **GRIP)], P, id="newly weak, grade 4"),
        pytest.param([exam("3", None, **GRIP)], P, id="undated"),
        pytest.param([exam("4", 43, **GRIP)], None, id="weak 43 days ago"),
        pytest.param([exam("4", 60, **GRIP), exam("4", 0, **GRIP)], None, id="unchanged over 60 days"),
        pytest.param([exam("5", 0, **GRIP)], None, id="full power"),
    ],
)
def test_an_arm_that_is_measured_weaker_asks_for_another_region(
    exams: list[Any], expected: Outcome | None, guideline: Guideline
) -> None:
    finding = assess(record(*exams), guideline)
    assert (finding and finding.outcome) is expected
    assert finding is None or finding.variant == "possible-arm"


def test_a_recovered_weakness_is_listed_without_a_tier(guideline: Guideline) -> None:
    facts = record(exam("5", 10), exam("3", 1), exam("5", 0))
    assert assess(facts, guideline) is None
    (line,) = list_recovered(facts, TODAY, guideline)
    assert (line.text, line.note) == (
        "Right ankle dorsiflexion power 3 to 5 in 1 day (MRC)",
        "power recovered",
    )


@pytest.mark.parametrize(("days", "listed"), [(90, 1), (91, 0)])
def test_a_recovered_weakness_is_listed_for_90_days(days: int, listed: int, guideline: Guideline) -> None:
    assert len(list_recovered(record(exam("3", days), exam("5", 0)), TODAY, guideline)) == listed


def test_full_power_all_along_is_not_listed(guideline: Guideline) -> None:
    assert list_recovered(record(exam("5", 10), exam("5", 0)), TODAY, guideline) == ()


@pytest.mark.parametrize(
    ("entries", "notes"),
    [
        pytest.param([exam("3", 200), exam("3", 0)], ["old and unchanged: no progression"], id="two exams"),
        pytest.param(
            [since("sequela-weakness", 200)], ["old; no later change recorded"], id="a sequela by its code"
        ),
        pytest.param([exam("5", 0)], [], id="full power"),
    ],
)
def test_an_old_weakness_without_a_tier_is_listed(
    entries: list[Any], notes: list[str], guideline: Guideline
) -> None:
    assert [line.note for line in list_long_standing(record(*entries), TODAY, guideline)] == notes


def test_an_old_foot_drop_is_not_called_unchanged_beside_a_worse_exam(guideline: Guideline) -> None:
    drop = since("foot-drop", 3000, side=Side.RIGHT)
    notes = [
        line.note for line in list_long_standing(record(drop, exam("3", 800), exam("1", 0)), TODAY, guideline)
    ]
    assert notes == ["long-standing"]


def test_a_later_peripheral_cause_lowers_nothing(guideline: Guideline) -> None:
    cause = since("peripheral-nerve-cause", 2, side=Side.RIGHT)
    assert outcome(guideline, since("foot-drop", 5, side=Side.RIGHT), cause) is E


def test_a_peripheral_cause_never_lowers_a_measured_fall(guideline: Guideline) -> None:
    cause = since("peripheral-nerve-cause", 80, side=Side.RIGHT)
    assert outcome(guideline, exam("5", 10), exam("3", 0), cause) is E


def test_polyneuropathy_lowers_numbness_only(guideline: Guideline) -> None:
    neuropathy = since("polyneuropathy", 800)
    assert outcome(guideline, neuropathy, since("leg-numbness", 20, **WORSE)) is P
    assert outcome(guideline, neuropathy, since("foot-drop", 5)) is E


@pytest.mark.parametrize(
    ("begun", "expected"),
    [pytest.param(21, P, id="the day before"), pytest.param(20, U, id="the same day")],
)
@pytest.mark.parametrize("cause", ["polyneuropathy", "peripheral-nerve-cause"])
def test_a_cause_of_spreading_numbness_must_be_older_by_a_day(
    cause: str, begun: int, expected: Outcome, guideline: Guideline
) -> None:
    numb = since("leg-numbness", 20, side=Side.LEFT, **WORSE)
    assert outcome(guideline, numb, since(cause, begun, side=Side.LEFT)) is expected


@pytest.mark.parametrize(
    "weakness",
    [
        pytest.param(since("leg-weakness", 3, side=Side.BOTH), id="both legs"),
        pytest.param(since("gait-loss", 3, side=Side.LEFT), id="loss of gait"),
    ],
)
@pytest.mark.parametrize("cause", ["peripheral-nerve-cause", "stroke"])
def test_a_peripheral_cause_of_one_side_lowers_no_weakness_of_both(
    cause: str, weakness: Any, guideline: Guideline
) -> None:
    assert outcome(guideline, weakness, since(cause, 80, side=Side.LEFT)) is E


def test_a_side_that_has_a_peripheral_cause_does_not_make_the_other_severe(guideline: Guideline) -> None:
    palsy = since("peripheral-nerve-cause", 80, side=Side.LEFT)
    other = since("leg-weakness", 10, side=Side.RIGHT)
    assert outcome(guideline, palsy, exam("3", 0, side=Side.LEFT), other) is U
    assert outcome(guideline, exam("3", 0, side=Side.LEFT), other) is E


def test_two_root_groups_falling_are_severe(guideline: Guideline) -> None:
    ankle = (exam("5", 60), exam("4", 0))
    assert outcome(guideline, *ankle) is U
    assert outcome(guideline, *ankle, exam("5", 60, **KNEE), exam("4", 0, **KNEE)) is E


@pytest.mark.parametrize(
    ("days", "expected"),
    [pytest.param(42, E, id="42 days"), pytest.param(43, P, id="43 days")],
)
def test_two_coded_deficits_with_an_onset_are_severe(
    days: int, expected: Outcome, guideline: Guideline
) -> None:
    right, left = (since("leg-weakness", days, side=side) for side in (Side.RIGHT, Side.LEFT))
    finding = assess(record(right, left), guideline)
    assert finding is not None
    assert finding.outcome is expected
    assert outcome(guideline, right) is (U if expected is E else P)


@pytest.mark.parametrize(
    ("other", "cause"),
    [
        pytest.param({"disputed": True}, (), id="disputed"),
        pytest.param(
            {}, (since("peripheral-nerve-cause", 80, side=Side.LEFT),), id="with a peripheral cause"
        ),
    ],
)
def test_a_coded_deficit_that_only_asks_does_not_make_the_other_side_severe(
    other: dict[str, Any], cause: tuple[Any, ...], guideline: Guideline
) -> None:
    right, left = (
        since("leg-weakness", 10, side=Side.RIGHT),
        since("leg-weakness", 10, side=Side.LEFT, **other),
    )
    assert outcome(guideline, right, left, *cause) is U


def test_both_sides_falling_are_severe(guideline: Guideline) -> None:
    right = (exam("5", 60), exam("4", 0))
    left = (exam("5", 60, side=Side.LEFT), exam("4", 0, side=Side.LEFT))
    finding = assess(record(*right, *left), guideline)
    assert finding is not None
    assert (finding.outcome, finding.variant) == (E, "emergency-bilateral")


def test_more_numb_levels_than_before_are_spreading(guideline: Guideline) -> None:
    before, after = since("leg-numbness", 20, levels=1), since("leg-numbness", 2, levels=2)
    assert outcome(guideline, before, after) is U
    assert outcome(guideline, after, before) is U
    assert outcome(guideline, after, since("leg-numbness", 20, levels=2)) is None


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(since("leg-numbness", 20, levels=1, certainty=Certainty.WORDS), id="in words"),
        pytest.param(since("leg-numbness", None, levels=1), id="undated"),
        pytest.param(since("numbness-without-site", 20, levels=1, region=Region.ARM), id="of an arm"),
    ],
)
def test_numbness_is_compared_with_dated_codes_of_the_leg_only(before: Any, guideline: Guideline) -> None:
    assert outcome(guideline, before, since("leg-numbness", 2, levels=2)) is not U


def test_numbness_called_worse_than_before_is_spreading(guideline: Guideline) -> None:
    mild, severe = since("leg-numbness", 20, severity=1), since("leg-numbness", 1, severity=3)
    assert outcome(guideline, mild, severe) is U
    assert outcome(guideline, severe, since("leg-numbness", 20, severity=3)) is None
    assert outcome(guideline, severe, since("leg-numbness", 20, severity=1, side=Side.LEFT)) is None
    assert (
        outcome(guideline, since("leg-numbness", 20, severity=3), since("leg-numbness", 1, severity=1))
        is None
    )


def leg_power(grade: str, days: int, certainty: Certainty = Certainty.KNOWN, **more: Any) -> Any:
    plain = {"origin": Origin.OBSERVATION, "text": f"Right leg power: {grade}"}
    return since("leg-weakness", days, certainty=certainty, **(plain | more))


def arm_power(grade: str, days: int) -> Any:
    text = f"Right arm power: {grade}"
    return since("arm-weakness", days, origin=Origin.OBSERVATION, text=text)


@pytest.mark.parametrize(
    ("exams", "expected"),
    [
        pytest.param([leg_power("4/5", 1)], U, id="first"),
        pytest.param([leg_power("4/5", 91), leg_power("4/5", 1)], None, id="the same over 90 days"),
        pytest.param([leg_power("4/5", 90), leg_power("4/5", 1)], U, id="the same over 89 days"),
        pytest.param([leg_power("4/5", 400), leg_power("3/5", 1)], U, id="another grade"),
        pytest.param(
            [leg_power("4/5", 400), leg_power("5/5", 50, Certainty.DENIED), leg_power("4/5", 1)],
            U,
            id="full power in between",
        ),
        pytest.param([leg_power("weak", 400), leg_power("weak", 1)], U, id="no grade"),
        pytest.param(
            [leg_power("4/5", 400), leg_power("4/5", 1, **WORSE)], U, id="the same and called worse"
        ),
        pytest.param(
            [leg_power("4/5", 400), leg_power("3/5", 400), leg_power("4/5", 1)], U, id="two grades at first"
        ),
        pytest.param([arm_power("4/5", 1)], P, id="first of an arm"),
        pytest.param([arm_power("4/5", 91), arm_power("4/5", 1)], None, id="the same of an arm over 90 days"),
    ],
)
def test_the_grade_of_a_whole_limb_repeated_over_90_days_is_no_news(
    exams: list[Any], expected: Outcome | None, guideline: Guideline
) -> None:
    assert outcome(guideline, *exams) is expected


def test_a_repeated_grade_is_not_shown_beside_a_new_one_of_the_same_day(guideline: Guideline) -> None:
    new = leg_power("3/5", 1, resource="Observation/new")
    finding = assess(record(leg_power("4/5", 400), leg_power("4/5", 1), new), guideline)
    assert finding is not None
    assert [line.resource for line in finding.evidence] == [new.resource]


def test_an_old_foot_drop_and_an_unchanged_exam_are_no_fact(guideline: Guideline) -> None:
    assert outcome(guideline, since("foot-drop", 3000, side=Side.RIGHT), exam("3", 800), exam("3", 5)) is None


def test_a_normal_exam_never_clears_a_loss_of_gait(guideline: Guideline) -> None:
    assert outcome(guideline, since("gait-loss", 2), exam("5", 0), exam("5", 0, side=Side.LEFT)) is E


@pytest.mark.parametrize(
    ("entry", "lifts"),
    [
        pytest.param(since("leg-weakness", 3), True, id="coded and new"),
        pytest.param(since("leg-weakness", 60), False, id="possible and older than 42 days"),
        pytest.param(since("weakness-without-site", 3), True, id="possible and recent"),
        pytest.param(exam("4", 42), True, id="examined 42 days ago"),
        pytest.param(exam("4", 43), False, id="examined 43 days ago"),
        pytest.param(since("leg-weakness", 3, certainty=Certainty.WORDS), False, id="words"),
        pytest.param(since("arm-weakness", 3), False, id="arm"),
        pytest.param(since("leg-weakness", 3, certainty=Certainty.VALUELESS), True, id="without a value"),
        pytest.param(since("leg-weakness", 60, certainty=Certainty.VALUELESS), False, id="such an old one"),
        pytest.param(since("arm-weakness", 3, certainty=Certainty.VALUELESS), False, id="such one of an arm"),
    ],
)
def test_only_coded_recent_leg_findings_lift_cancer_and_infection(
    entry: Any, lifts: bool, guideline: Guideline
) -> None:
    assert lifts_other_pathways(assess(record(entry), guideline)) is lifts


@pytest.mark.parametrize(
    "concept", sorted({*ALL_CONCEPTS, *ATTESTED} - {"leg-numbness", "numbness-without-site"})
)
def test_no_new_coded_deficit_falls_through(concept: str, guideline: Guideline) -> None:
    found = outcome(guideline, since(concept, 1))
    assert found is not None
    assert found.rank >= P.rank


@pytest.mark.parametrize("concept", CORD)
def test_cord_signs_are_told_to_need_more_than_the_lumbar_spine(concept: str, guideline: Guideline) -> None:
    finding = assess(record(since(concept, 1)), guideline)
    assert finding is not None
    assert ("cord" in finding.flags) is (concept == "cord-compression")


@pytest.mark.parametrize(
    ("system", "code", "concept"),
    [
        ("http://snomed.info/sct", "24991000119103", "cord-compression"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "M47.14", "cord-compression"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "M47.13", "cord-compression"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "M47.12", "cervical-thoracic-myelopathy"),
        ("http://hl7.org/fhir/sid/icd-10", "M50.0", "cervical-thoracic-myelopathy"),
    ],
)
def test_only_a_cervical_myelopathy_is_less_than_an_emergency(
    system: str, code: str, concept: str, guideline: Guideline
) -> None:
    assert guideline.terminology.concepts_of(system, code) == {concept}
