"""Series of muscle examinations: stable, falling, severe, stale (specification 2.7, 8.5.1 to 8.5.4)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Outcome
from cds_service.guideline.lumbar_mri.muscle_power import Deficit, Standing, read_deficits
from cds_service.record.facts import PatientFacts, PowerExam, Region, Side
from tests.guideline.lumbar_mri.facts_builders import TODAY, ago, clock, record

E, U, P = Outcome.EMERGENCY, Outcome.URGENT, Outcome.POSSIBLE


def exam(grade: str, days: int | None, **more: Any) -> PowerExam:
    plain: dict[str, Any] = {
        "muscle": "ankle dorsiflexion",
        "root_group": "ankle-dorsiflexion",
        "limb": Region.LEG,
        "side": Side.RIGHT,
        "resource": f"Observation/power-{days}",
        "text": f"{grade}/5",
        "when": None if days is None else ago(days),
    }
    return PowerExam(grade=Decimal(grade), **(plain | more))


def deficits(facts: PatientFacts, guideline: Guideline, *standing: Standing) -> tuple[Deficit, ...]:
    return read_deficits(facts, TODAY, guideline.thresholds, standing)


def standing(
    side: Side | None = Side.RIGHT, *, days: int = 3000, group: str | None = "ankle-dorsiflexion"
) -> Standing:
    return Standing(group, side, ago(days).last)


SERIES = [
    pytest.param([("5", 14), ("3", 1)], E, id="two grades in 13 days, down to 3"),
    pytest.param([("5", 14), ("4", 0)], E, id="one grade in 14 days"),
    pytest.param([("5", 15), ("4", 0)], U, id="one grade in 15 days"),
    pytest.param([("5", 90), ("4", 0)], U, id="one grade in 90 days"),
    pytest.param([("5", 91), ("4", 0)], P, id="one grade in 91 days"),
    pytest.param([("5", 91), ("3", 0)], E, id="newly down to 3, last full 91 days ago"),
    pytest.param([("5", 20), ("4.3", 0)], P, id="full to 4+ is 0.7 of a grade"),
    pytest.param([("4.3", 20), ("4", 0)], P, id="a smaller change with a deficit left"),
    pytest.param([("3", 91), ("3", 0)], None, id="the same weakness over 91 days"),
    pytest.param([("3", 90), ("3", 0)], None, id="the same weakness over 90 days"),
    pytest.param([("3", 89), ("3", 0)], P, id="the same weakness over 89 days"),
    pytest.param([("3", 200), ("3.7", 0)], None, id="an old weakness, better since"),
    pytest.param([("3", 400), ("5", 20), ("3", 5)], E, id="recovered and fallen again"),
    pytest.param([("4", 400), ("2", 5)], P, id="a fall over more than 90 days, not newly severe"),
    pytest.param([("5", 30), ("2", 20), ("4", 0)], E, id="a rapid fall, partly recovered"),
    pytest.param([("5", 60), ("3", 30), ("4", 0)], U, id="a slow fall, partly recovered"),
    pytest.param([("5", 60), ("3", 30), ("3", 0)], E, id="down to 3 within 42 days"),
    pytest.param([("5", 60), ("3", 30), ("5", 0)], None, id="fully recovered"),
    pytest.param([("3", 0)], E, id="first exam, grade 3"),
    pytest.param([("3", 42)], E, id="first exam 42 days ago, grade 3"),
    pytest.param([("3", 43)], P, id="first exam 43 days ago, grade 3"),
    pytest.param([("4", 0)], P, id="first exam, grade 4"),
    pytest.param([("4", 90)], P, id="one exam 90 days ago"),
    pytest.param([("4", 91)], None, id="one exam 91 days ago, no worse since"),
    pytest.param([("4", None)], P, id="undated"),
    pytest.param([("0", None), ("4", 0)], P, id="first dated exam, grade 4, beside an undated one"),
    pytest.param([("3", None), ("5", 1)], P, id="an undated weakness beside full power"),
    pytest.param([("3", None), ("3", 400), ("3", 1)], None, id="an undated weakness like the old one"),
    pytest.param([("1", None), ("3", 400), ("3", 1)], P, id="an undated weakness worse than the old one"),
    pytest.param([("3", None), ("5", 14), ("4", 1)], E, id="an undated weakness beside a fall"),
    pytest.param([("5", None)], None, id="undated full power"),
    pytest.param([("3", 200), ("5", 100), ("3", 0)], E, id="recovered long ago and newly weak"),
    pytest.param([("4", 100), ("2", 50), ("4", 0)], P, id="an old weakness that was worse meanwhile"),
    pytest.param([("2", 20), ("4", 0)], U, id="no baseline, partly recovered"),
    pytest.param([("4", 80), ("4", 0)], P, id="the same weakness over 80 days"),
    pytest.param([("5", 0)], None, id="full power"),
    pytest.param([("5", 35), ("4", 15)], U, id="a fall last examined 15 days ago"),
    pytest.param([("5", 80), ("4", 43)], P, id="a fall last examined 43 days ago"),
    pytest.param([("5", 28), ("4", 14)], E, id="one grade in 14 days, last examined 14 days ago"),
    pytest.param([("5", 29), ("4", 15)], U, id="one grade in 14 days, last examined 15 days ago"),
    pytest.param([("5", 60), ("4", 8), ("4", 0)], U, id="a slow fall, examined twice since"),
    pytest.param([("5", 90), ("4", 80), ("3.7", 0)], E, id="a rapid fall of 90 days ago, and weaker since"),
    pytest.param([("5", 140), ("4", 135), ("5", 60), ("4", 0)], U, id="a slow fall, a rapid one before"),
    pytest.param([("4.7", 100), ("4", 0)], P, id="0.7 of a grade over 100 days"),
    pytest.param([("5", 100), ("4.7", 0)], P, id="full to 5- over 100 days"),
]


@pytest.mark.parametrize(("exams", "expected"), SERIES)
def test_a_series_has_the_tier_of_its_baseline_fall_and_age(
    exams: list[tuple[str, int | None]], expected: Outcome | None, guideline: Guideline
) -> None:
    (deficit,) = deficits(record(*(exam(grade, days) for grade, days in exams)), guideline)
    assert deficit.outcome is expected


@pytest.mark.parametrize(("exams", "expected"), SERIES)
def test_an_exam_entered_twice_is_one_exam(
    exams: list[tuple[str, int | None]], expected: Outcome | None, guideline: Guideline
) -> None:
    (deficit,) = deficits(record(*(exam(grade, days) for grade, days in [*exams, *exams])), guideline)
    assert deficit.outcome is expected


@pytest.mark.parametrize(("exams", "expected"), SERIES)
def test_the_order_of_the_record_does_not_matter(
    exams: list[tuple[str, int | None]], expected: Outcome | None, guideline: Guideline
) -> None:
    (deficit,) = deficits(record(*(exam(grade, days) for grade, days in reversed(exams))), guideline)
    assert deficit.outcome is expected


def test_left_and_right_are_separate_series(guideline: Guideline) -> None:
    found = deficits(record(exam("5", 14, side=Side.RIGHT), exam("4", 1, side=Side.LEFT)), guideline)
    assert {d.side: d.outcome for d in found} == {Side.LEFT: P, Side.RIGHT: None}


def test_a_fall_within_hours_is_seen_by_its_clock_times(guideline: Guideline) -> None:
    falling = record(exam("5", 0, when=clock(0, "08:00")), exam("4", 0, when=clock(0, "14:00")))
    rising = record(exam("4", 0, when=clock(0, "08:00")), exam("5", 0, when=clock(0, "14:00")))
    assert deficits(falling, guideline)[0].outcome is E
    assert deficits(rising, guideline)[0].outcome is None


@pytest.mark.parametrize("at", ["00:00", "08:00", "14:00", "23:59"])
@pytest.mark.parametrize(
    ("timed", "untimed"), [("5", "3"), ("3", "5")], ids=["timed full power", "timed weakness"]
)
def test_weakness_is_not_cleared_by_full_power_on_a_day_of_which_a_clock_time_is_missing(
    timed: str, untimed: str, at: str, guideline: Guideline
) -> None:
    facts = record(exam(timed, 0, when=clock(0, at)), exam(untimed, 0))
    assert deficits(facts, guideline)[0].outcome is E


def test_weakness_is_cleared_by_full_power_of_the_next_day_without_clock_times(guideline: Guideline) -> None:
    assert deficits(record(exam("3", 1, when=clock(1, "23:59")), exam("5", 0)), guideline)[0].outcome is None


def test_a_contradiction_on_one_day_without_clock_times_is_positive(guideline: Guideline) -> None:
    (deficit,) = deficits(record(exam("4", 3), exam("5", 3)), guideline)
    assert deficit.outcome is E


@pytest.mark.parametrize(
    ("exams", "code", "expected"),
    [
        pytest.param([("3", 2)], standing(), None, id="first exam"),
        pytest.param([("3", 2)], standing(Side.BOTH), None, id="coded of both sides"),
        pytest.param([("3", 2)], standing(group=None), None, id="coded of the whole leg"),
        pytest.param([("3", 2)], standing(Side.LEFT), E, id="coded of the other side"),
        pytest.param([("3", 2)], standing(None), E, id="coded without a side"),
        pytest.param([("3", 2)], standing(group="hip-flexion"), E, id="coded of another root"),
        pytest.param([("3", 800), ("1", 0)], standing(), P, id="3 to 1 in 800 days"),
        pytest.param([("4", 800), ("3", 0)], standing(), P, id="4 to 3 in 800 days"),
        pytest.param([("4", 800), ("3.7", 0)], standing(), None, id="a small change in 800 days"),
        pytest.param([("5", 100), ("1", 0)], standing(), E, id="full power since, now newly weak"),
        pytest.param([("5", 3500), ("3", 2)], standing(), None, id="full power only before the code"),
        pytest.param([("4", 10), ("3", 0)], standing(), E, id="a measured fall"),
        pytest.param([("3", 60), ("1", 30), ("3", 0)], standing(), P, id="worse and better again"),
        pytest.param([("5", 95), ("3", 2)], standing(days=95), E, id="full power on the day of the code"),
        pytest.param(
            [("5", 100), ("4", 30), ("4.3", 0)],
            standing(days=95),
            P,
            id="0.7 of a grade since before the code",
        ),
    ],
)
def test_a_deficit_coded_long_ago_is_no_new_fact_unless_an_exam_since_is_worse(
    exams: list[tuple[str, int]], code: Standing, expected: Outcome | None, guideline: Guideline
) -> None:
    (deficit,) = deficits(record(*(exam(grade, days) for grade, days in exams)), guideline, code)
    assert deficit.outcome is expected


BOTH: dict[str, Any] = {"side": Side.BOTH}
LEFT: dict[str, Any] = {"side": Side.LEFT}


@pytest.mark.parametrize(
    ("exams", "expected"),
    [
        pytest.param(
            [exam("5", 10, **BOTH), exam("3.3", 0)], {Side.LEFT: None, Side.RIGHT: E}, id="a baseline"
        ),
        pytest.param(
            [exam("4", 10), exam("5", 0, **BOTH)], {Side.LEFT: None, Side.RIGHT: None}, id="a recovery"
        ),
        pytest.param([exam("5", 10, **BOTH), exam("4", 0, **BOTH)], {Side.BOTH: E}, id="both sides only"),
        pytest.param(
            [exam("5", 10, **BOTH), exam("4", 0, side=None)],
            {Side.BOTH: None, None: P},
            id="not to that of an unknown side",
        ),
        pytest.param(
            [exam("5", 10, **BOTH), exam("4", 0), exam("5", 0, **LEFT)],
            {Side.LEFT: None, Side.RIGHT: E},
            id="each side later",
        ),
    ],
)
def test_an_exam_of_both_sides_belongs_to_the_series_of_each(
    exams: list[PowerExam], expected: dict[Side | None, Outcome | None], guideline: Guideline
) -> None:
    assert {d.side: d.outcome for d in deficits(record(*exams), guideline)} == expected


def test_an_undated_exam_beside_the_first_leaves_it_the_first(guideline: Guideline) -> None:
    (deficit,) = deficits(record(exam("4", None), exam("4", 0)), guideline)
    assert deficit.first_exam


@pytest.mark.parametrize(("days", "first"), [(14, True), (15, False)])
def test_an_exam_is_called_the_first_for_two_weeks(days: int, first: bool, guideline: Guideline) -> None:
    (deficit,) = deficits(record(exam("4", days)), guideline)
    assert deficit.first_exam is first


def test_a_window_of_no_days_still_holds_the_exam_of_today(guideline: Guideline) -> None:
    limits = replace(guideline.thresholds, power_fresh_days=0)
    (deficit,) = read_deficits(record(exam("4", 0)), TODAY, limits)
    assert deficit.first_exam


def test_deficits_stand_by_muscle_and_side(guideline: Guideline) -> None:
    muscles = ("ankle dorsiflexion", "ankle eversion", "big toe extension", "knee flexion")
    roots = ("ankle-dorsiflexion", "ankle-plantarflexion", "ankle-dorsiflexion", "ankle-plantarflexion")
    sides = (None, Side.LEFT, Side.RIGHT)
    exams = [
        exam("4", 0, muscle=muscle, root_group=root, side=side)
        for muscle, root in zip(muscles, roots, strict=True)
        for side in sides
    ]
    found = deficits(record(*reversed(exams)), guideline)
    assert [(d.muscle, d.side) for d in found] == [(muscle, side) for muscle in muscles for side in sides]


def test_an_arm_is_not_a_leg(guideline: Guideline) -> None:
    assert deficits(record(exam("2", 0, limb=Region.ARM, muscle="grip")), guideline) == ()


def test_the_arms_have_series_of_their_own(guideline: Guideline) -> None:
    grip: dict[str, Any] = {"limb": Region.ARM, "muscle": "grip", "root_group": "grip"}
    facts = record(exam("5", 60, **grip), exam("3", 50, **grip), exam("3", 0, **grip))
    (deficit,) = read_deficits(facts, TODAY, guideline.thresholds, limb=Region.ARM)
    assert deficit.fell


@pytest.mark.parametrize(
    ("exams", "line"),
    [
        pytest.param([("5", 14), ("3", 1)], "5 to 3 in 13 days", id="a fall"),
        pytest.param([("5", 60), ("5", 8), ("4", 0)], "5 to 4 in 8 days", id="the last of equal baselines"),
        pytest.param([("5", 700), ("4", 20), ("3", 0)], "4 to 3 in 20 days", id="the baseline of the rule"),
        pytest.param([("5", 20), ("2", 10), ("4", 0)], "5 to 2 in 10 days, now 4", id="the worst is told"),
        pytest.param([("5", 800), ("1", 0)], "5 to 1 in 800 days", id="only an older baseline"),
        pytest.param([("3", 820), ("3", 0)], "grade 3, unchanged over 820 days", id="old and unchanged"),
        pytest.param(
            [("3", 820), ("3", 400), ("3", 0)], "grade 3, unchanged over 820 days", id="since the first"
        ),
        pytest.param([("3", 200), ("3.7", 0)], "3 to 4- in 200 days", id="old and better"),
        pytest.param([("2", 20), ("4", 0)], "2 to 4 in 20 days", id="better, no baseline"),
        pytest.param([("3", 1), ("5", 0)], "3 to 5 in 1 day", id="recovered"),
        pytest.param([("3.3", 0)], "grade 3+", id="3+"),
        pytest.param([("4.7", 0)], "grade 5-", id="5-"),
        pytest.param([("3.5", 0)], "grade 3.5", id="a half grade"),
        pytest.param([("3", None), ("5", 1)], "grade 3", id="undated"),
    ],
)
def test_the_line_of_a_card_tells_side_muscle_grades_and_days(
    exams: list[tuple[str, int | None]], line: str, guideline: Guideline
) -> None:
    (deficit,) = deficits(record(*(exam(grade, days) for grade, days in exams)), guideline)
    assert deficit.evidence.short == f"right ankle dorsiflexion {line}"
