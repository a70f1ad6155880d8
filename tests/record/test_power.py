"""Muscle power in the forms of real flowsheets (specification 8.2, 8.5.5)."""

from decimal import Decimal
from typing import Any

import pytest

from cds_service.record.facts import Certainty, PowerExam, Region, Side
from tests.builders import concept, observation, quantity
from tests.record.records import only, read


def exams(text: str, value: Any, **more: Any) -> tuple[PowerExam, ...]:
    return read(observation(concept(text, local="PWR"), value, effective="2026-06-14", **more)).power


@pytest.mark.parametrize(
    ("value", "grade"),
    [
        pytest.param(5, "5", id="integer"),
        pytest.param(0, "0", id="zero"),
        pytest.param(quantity(4), "4", id="quantity"),
        pytest.param(quantity(3.5, "{MRC}"), "3.5", id="half grade"),
        pytest.param("4", "4", id="a text"),
        pytest.param("4+", "4.3", id="4+"),
        pytest.param("4-", "3.7", id="4-"),
        pytest.param("5-", "4.7", id="5-"),
        pytest.param("0-", "0", id="never below 0"),
        pytest.param("5+", "5", id="never above 5"),
        pytest.param("3/5", "3", id="3/5"),
        pytest.param("4+/5", "4.3", id="4+/5"),
        pytest.param("4/5+", "4.3", id="4/5+"),
        pytest.param("3 / 5", "3", id="spaces"),
        pytest.param("MRC 2", "2", id="MRC 2"),
        pytest.param("Grade 4", "4", id="grade 4"),
        pytest.param("4 (against some resistance)", "4", id="explained"),
        pytest.param("normal", "5", id="normal"),
        pytest.param("full power", "5", id="full power"),
        pytest.param("flicker only", "1", id="flicker"),
        pytest.param("no movement", "0", id="no movement"),
        pytest.param(concept("3/5"), "3", id="coded"),
        pytest.param(concept("3 - Active movement against gravity"), "3", id="3 and its meaning"),
        pytest.param("Grade 3: movement against gravity", "3", id="grade 3 and its meaning"),
        pytest.param("4: against some resistance", "4", id="a colon"),
        pytest.param("3 active movement", "3", id="words behind the digit"),
        pytest.param("4 out of 5", "4", id="4 out of 5"),
        pytest.param("4+ out of 5", "4.3", id="4+ out of 5"),
        pytest.param("Grade IV", "4", id="Grade IV"),
        pytest.param("MRC grade III", "3", id="MRC grade III"),
        pytest.param("IV", "4", id="IV"),
        pytest.param("II/V", "2", id="II/V"),
        pytest.param("M3", "3", id="M3"),
        pytest.param("4-5", "4", id="4-5"),
        pytest.param("3-4/5", "3", id="3-4/5"),
        pytest.param("4−/5", "3.7", id="a minus sign"),
        pytest.param("slightly weak, 4+/5", "4.3", id="a grade beside words"),
        pytest.param("was 5/5, now 3/5", "3", id="was and now"),
        pytest.param("5/5 -> 3/5", "3", id="an arrow"),
        pytest.param("reduced 3/5 (was 5/5)", "3", id="in brackets"),
        pytest.param("Movement against gravity only", "3", id="against gravity"),
        pytest.param("Movement against gravity and some resistance", "4", id="against some resistance"),
        pytest.param("Movement against gravity with full resistance", "5", id="against full resistance"),
        pytest.param("movement with gravity eliminated", "2", id="gravity eliminated"),
        pytest.param("unable to move against gravity", "2", id="not against gravity"),
        pytest.param("weak, flicker only", "1", id="weak and flicker"),
        pytest.param("no weakness", "5", id="no weakness"),
        pytest.param("no motor deficit", "5", id="no motor deficit"),
        pytest.param("5/5, no deficit", "5", id="5/5, no deficit"),
    ],
)
def test_a_grade_in_its_spellings(value: Any, grade: str) -> None:
    (found,) = exams("Right ankle dorsiflexion power (MRC)", value)
    assert (found.grade, found.side, found.limb) == (Decimal(grade), Side.RIGHT, Region.LEG)


@pytest.mark.parametrize(
    "value",
    [6, -1, "12", "not tested", quantity(30, "kg"), True, "pain limited"],
    ids=["6", "-1", "12", "not tested", "a force", "a boolean", "no grade"],
)
def test_what_is_no_grade_gives_none(value: Any) -> None:
    assert exams("Right ankle dorsiflexion power", value) == ()


def seen(text: str, value: Any = None, **more: Any) -> set[tuple[str, Certainty, Side | None]]:
    facts = read(observation(concept(text), value, effective="2026-06-14", **more)).facts
    return {(name, fact.certainty, fact.side) for fact in facts for name in fact.concepts}


RATIO = {"valueRatio": {"numerator": {"value": 3}, "denominator": {"value": 5}}}


@pytest.mark.parametrize(
    ("value", "more", "certainty"),
    [
        pytest.param(None, {}, Certainty.VALUELESS, id="no value"),
        pytest.param(None, {"interpretation": "A"}, Certainty.KNOWN, id="no value, abnormal"),
        pytest.param(None, {"interpretation": "N"}, Certainty.DENIED, id="no value, normal"),
        pytest.param(
            None, {"dataAbsentReason": concept("not-performed")}, Certainty.UNKNOWN, id="data absent"
        ),
        pytest.param(None, RATIO, Certainty.UNKNOWN, id="a ratio"),
        pytest.param(6, {}, Certainty.UNKNOWN, id="6"),
        pytest.param(quantity(60, "%"), {}, Certainty.UNKNOWN, id="60 %"),
        pytest.param(quantity(4, "%"), {}, Certainty.UNKNOWN, id="4 %"),
        pytest.param("unable to assess", {}, Certainty.UNKNOWN, id="unable to assess"),
        pytest.param("pain limited", {}, Certainty.UNKNOWN, id="pain limited"),
        pytest.param("5 weeks ago", {}, Certainty.UNKNOWN, id="weeks"),
        pytest.param("not normal", {}, Certainty.KNOWN, id="not normal"),
        pytest.param("not full", {}, Certainty.KNOWN, id="not full"),
        pytest.param("almost full", {}, Certainty.KNOWN, id="almost full"),
    ],
)
def test_an_answer_without_a_grade_never_disappears(
    value: Any, more: dict[str, Any], certainty: Certainty
) -> None:
    expected = {("leg-weakness", certainty, Side.RIGHT)}
    assert seen("Right ankle dorsiflexion power", value, **more) == expected


def test_a_force_is_no_grade_and_no_question() -> None:
    assert seen("Right knee extension strength", quantity(30, "kg")) == set()


def test_an_untested_grip_is_no_question_about_the_back() -> None:
    assert seen("Left grip strength", "not tested") == set()
    assert seen("Left grip strength", 32) == set()


WHOLE_LEGS = (
    "Right leg power", "Power R leg", "Muscle strength right leg", "Right lower limb muscle strength",
    "Motor strength right lower extremity", "Strength of right lower extremity",
    "Motor examination, right leg", "RLE strength", "RLE power", "Right LE strength", "RLL power",
)  # fmt: skip
PARTS_OF_LEGS = ("Right hip abduction power", "Right knee power", "MRC grade right foot")


@pytest.mark.parametrize("text", WHOLE_LEGS)
@pytest.mark.parametrize("value", ["3/5", 3])
def test_a_grade_of_a_whole_leg_has_a_series_of_its_own(text: str, value: Any) -> None:
    (found,) = exams(text, value)
    assert (found.muscle, found.root_group, found.side, found.grade) == ("leg", "leg", Side.RIGHT, Decimal(3))
    assert seen(text, value) == set()


@pytest.mark.parametrize(
    ("text", "value"),
    [(text, value) for text in WHOLE_LEGS for value in ("weak", "reduced")]
    + [(text, value) for text in PARTS_OF_LEGS for value in ("3/5", 3, "weak", "reduced")],
)
def test_the_power_of_a_leg_is_read_without_a_muscle(text: str, value: Any) -> None:
    assert exams(text, value) == ()
    ((name, certainty, _),) = seen(text, value)
    assert (name, certainty) == ("leg-weakness", Certainty.KNOWN)


@pytest.mark.parametrize("value", ["3/5", 3, "weak", "reduced"])
def test_myotomes_without_a_site_are_a_weakness_without_a_site(value: Any) -> None:
    assert seen("Myotomes", value) == {("weakness-without-site", Certainty.KNOWN, None)}


@pytest.mark.parametrize("value", ["5/5", 5, "normal", "see note"])
def test_myotomes_without_a_weakness_say_nothing(value: Any) -> None:
    assert seen("Myotomes", value) == set()


def test_the_answer_may_name_the_site() -> None:
    (found,) = exams("Motor examination", "Right ankle dorsiflexion 3/5, otherwise 5/5")
    assert (found.muscle, found.side, found.grade) == ("ankle dorsiflexion", Side.RIGHT, Decimal(3))


def test_an_answer_that_names_muscles_of_two_groups_grades_the_leg() -> None:
    (found,) = exams("Power", "Right EHL 3/5, quadriceps 4/5")
    assert (found.muscle, found.side, found.grade) == ("leg", Side.RIGHT, Decimal(3))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("MRC dyspnoea scale", 3, id="breathlessness"),
        pytest.param("Strength of pain in right leg", 4, id="pain"),
        pytest.param("GCS motor response", 4, id="coma scale"),
        pytest.param("Calf circumference", 4, id="a circumference"),
        pytest.param("Right ankle dorsiflexion", "0 to 20 degrees", id="a range of motion"),
        pytest.param("Right ankle dorsiflexion", quantity(4, "deg"), id="degrees"),
        pytest.param("Right ankle dorsiflexion", "normal", id="a normal movement"),
        pytest.param("Right ankle dorsiflexion", 5, id="five of something"),
        pytest.param("Left shoulder", "weak and stiff", id="a shoulder"),
    ],
)
def test_what_is_no_power_is_not_read_as_such(text: str, value: Any) -> None:
    assert seen(text, value) == set()
    assert exams(text, value) == ()


@pytest.mark.parametrize(
    ("text", "value", "side"),
    [
        ("Right ankle dorsiflexion", 3, Side.RIGHT),
        ("Right ankle dorsiflexion", quantity(3), Side.RIGHT),
        ("Right ankle dorsiflexion", "weak", Side.RIGHT),
        ("EHL", "weak left", Side.LEFT),
    ],
)
def test_a_muscle_without_the_word_power_only_asks(text: str, value: Any, side: Side) -> None:
    assert seen(text, value) == {("leg-weakness", Certainty.WORDS, side)}


def test_an_mrc_unit_tells_power() -> None:
    assert exams("Right ankle dorsiflexion", quantity(3, "{MRC}"))[0].grade == Decimal(3)


def test_a_finding_in_words_is_still_answered_by_yes_and_no() -> None:
    assert seen("Loss of power in legs", False) == {("leg-weakness", Certainty.DENIED, Side.BOTH)}


@pytest.mark.parametrize(
    ("text", "muscle", "root_group", "limb"),
    [
        ("Left hip flexion power", "hip flexion", "hip-flexion", Region.LEG),
        ("Iliopsoas strength", "hip flexion", "hip-flexion", Region.LEG),
        ("Knee extension MRC", "knee extension", "knee-extension", Region.LEG),
        ("Quadriceps power", "knee extension", "knee-extension", Region.LEG),
        ("Ankle dorsiflexion power", "ankle dorsiflexion", "ankle-dorsiflexion", Region.LEG),
        ("Tibialis anterior power", "ankle dorsiflexion", "ankle-dorsiflexion", Region.LEG),
        ("Big toe extension power", "big toe extension", "ankle-dorsiflexion", Region.LEG),
        ("EHL power", "big toe extension", "ankle-dorsiflexion", Region.LEG),
        ("Ankle plantarflexion power", "ankle plantarflexion", "ankle-plantarflexion", Region.LEG),
        ("Ankle plantar-flexion strength", "ankle plantarflexion", "ankle-plantarflexion", Region.LEG),
        ("Ankle eversion power", "ankle eversion", "ankle-plantarflexion", Region.LEG),
        ("Knee flexion power", "knee flexion", "ankle-plantarflexion", Region.LEG),
        ("Hamstring strength", "knee flexion", "ankle-plantarflexion", Region.LEG),
        ("Grip strength (MRC)", "grip", "grip", Region.ARM),
        ("Shoulder abduction power", "shoulder", "shoulder", Region.ARM),
        ("Elbow flexion power", "elbow", "elbow", Region.ARM),
        ("Wrist extension power", "wrist", "wrist", Region.ARM),
        ("Finger abduction power", "finger", "finger", Region.ARM),
    ],
)
def test_muscles_and_their_root_groups(text: str, muscle: str, root_group: str, limb: Region) -> None:
    (found,) = exams(text, 4)
    assert (found.muscle, found.root_group, found.limb) == (muscle, root_group, limb)


@pytest.mark.parametrize(
    ("text", "site", "side"),
    [
        ("Right ankle dorsiflexion power", None, Side.RIGHT),
        ("Ankle dorsiflexion power, left", None, Side.LEFT),
        ("Ankle dorsiflexion power", "Left foot", Side.LEFT),
        ("Ankle dorsiflexion power (Rt)", None, Side.RIGHT),
        ("Ankle dorsiflexion power, both sides", None, Side.BOTH),
        ("Ankle dorsiflexion power", None, None),
    ],
)
def test_the_side_comes_from_the_words_or_the_site(text: str, site: str | None, side: Side | None) -> None:
    (found,) = exams(text, 4, site=site)
    assert found.side is side


@pytest.mark.parametrize(
    ("value", "right", "left"),
    [
        ("R 5/5, L 3/5", "5", "3"),
        ("R 5/5 L 3/5", "5", "3"),
        ("R 5, L 3", "5", "3"),
        ("Right: 3/5; Left: 5/5", "3", "5"),
        ("3/5 right, 5/5 left", "3", "5"),
        ("5/5 left, 3/5 right", "3", "5"),
        ("5/5 left 3/5 right", "3", "5"),
        ("5/5 on left and 3/5 on right", "3", "5"),
        ("right and left 4/5", "4", "4"),
        ("4/5 left and right", "4", "4"),
        ("5/5 bilaterally except right 4/5", "4", "5"),
        ("Right: hip 4/5, knee 3/5; left: 5/5", "3", "5"),
        ("weak on the right, normal on the left", None, "5"),
    ],
)
def test_one_answer_may_grade_both_sides(value: str, right: str | None, left: str) -> None:
    item = read(observation(concept("Ankle dorsiflexion power"), value, effective="2026-06-14"))
    found = {exam.side: exam.grade for exam in item.power}
    weak = {fact.side for fact in item.facts}
    assert found.get(Side.LEFT) == Decimal(left)
    assert found.get(Side.RIGHT) == (None if right is None else Decimal(right))
    assert weak == (set() if right else {Side.RIGHT})


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("Lower limb power", "5/5 throughout except right EHL 3/5", {(Side.RIGHT, "3")}),
        ("Lower limb power", "R 4/5, L 5/5", {(Side.RIGHT, "4"), (Side.LEFT, "5")}),
        ("Lower limb power", "4+/5 bilaterally", {(Side.BOTH, "4.3")}),
        ("LLE strength", 2, {(Side.LEFT, "2")}),
        ("BLE strength", "3/5", {(Side.BOTH, "3")}),
        ("Power right leg", "L2-L4 5/5; L5 3/5; S1 5/5", {(Side.RIGHT, "3")}),
        ("Power right leg", "L2 to S1 5/5", {(Side.RIGHT, "5")}),
    ],
)
def test_the_lowest_grade_of_a_leg_counts(text: str, value: Any, expected: set[tuple[Side, str]]) -> None:
    found = exams(text, value)
    assert {(exam.side, exam.grade) for exam in found} == {(side, Decimal(grade)) for side, grade in expected}


def test_components_may_be_the_sides() -> None:
    whole = observation(
        concept("Ankle dorsiflexion power"),
        effective="2026-06-14",
        component=[
            {"code": concept("Left"), "valueInteger": 5},
            {"code": concept("Right"), "valueInteger": 3},
            {"code": concept("Comment"), "valueString": "in pain"},
        ],
    )
    found = read(whole)
    assert {(exam.side, exam.grade) for exam in found.power} == {
        (Side.LEFT, Decimal(5)),
        (Side.RIGHT, Decimal(3)),
    }
    assert found.facts == ()


def test_words_that_name_no_power_need_a_grade_of_five() -> None:
    assert exams("Right ankle dorsiflexion", 20) == ()
    assert exams("Right ankle dorsiflexion", "range 20 degrees") == ()
    assert exams("Right ankle dorsiflexion", "3/5")[0].grade == Decimal(3)


def test_a_component_is_one_muscle_of_the_whole() -> None:
    whole = observation(
        concept("Lower limb power, right", local="P"),
        effective="2026-06-14",
        component=[
            {"code": concept("Knee extension"), "valueInteger": 5},
            {"code": concept("Ankle dorsiflexion"), "valueString": "4-"},
        ],
    )
    found = read(whole).power
    assert {(exam.muscle, exam.side, exam.grade) for exam in found} == {
        ("knee extension", Side.RIGHT, Decimal(5)),
        ("ankle dorsiflexion", Side.RIGHT, Decimal("3.7")),
    }


@pytest.mark.parametrize(
    ("text", "value", "concepts", "certainty"),
    [
        pytest.param("Left knee extension power", "reduced", "leg-weakness", Certainty.KNOWN, id="reduced"),
        pytest.param("Left grip strength", "weak", "arm-weakness", Certainty.KNOWN, id="a weak grip"),
        pytest.param("Lower limb power", "5/5", "leg-weakness", Certainty.DENIED, id="the whole leg, strong"),
        pytest.param(
            "Power in both legs", "normal", "leg-weakness", Certainty.DENIED, id="both legs, strong"
        ),
    ],
)
def test_power_without_a_grade_or_a_muscle_is_a_weakness_of_the_limb(
    text: str, value: str, concepts: str, certainty: Certainty
) -> None:
    fact = only(read(observation(concept(text), value, effective="2026-06-14")))
    assert (set(fact.concepts), fact.certainty) == ({concepts}, certainty)


def test_a_preliminary_full_grade_is_not_read_and_a_weak_one_is() -> None:
    assert exams("Right knee extension power", 5, status="preliminary") == ()
    assert len(exams("Right knee extension power", 4, status="preliminary")) == 1


def test_the_clock_time_of_an_exam_is_kept() -> None:
    code = concept("Right knee extension power")
    (found,) = read(observation(code, 4, effective="2026-06-14T16:20:00+08:00")).power
    assert found.when is not None
    assert found.when.at is not None
    assert found.when.at.hour == 16


def test_components_may_be_legs_in_short() -> None:
    whole = observation(
        concept("Motor strength"),
        effective="2026-06-14",
        component=[
            {"code": concept("RLE"), "valueInteger": 3},
            {"code": concept("LLE"), "valueInteger": 5},
        ],
    )
    assert {(exam.side, exam.grade) for exam in read(whole).power} == {
        (Side.RIGHT, Decimal(3)),
        (Side.LEFT, Decimal(5)),
    }


@pytest.mark.parametrize("question", ["Power", "Motor exam"])
@pytest.mark.parametrize(
    ("value", "asks"),
    [
        pytest.param("Right weaker than left", True, id="weaker"),
        pytest.param("Weak on right only", True, id="weak"),
        pytest.param("R 4/5, L 5/5", True, id="graded"),
        pytest.param("5/5 throughout", False, id="full"),
        pytest.param("Normal", False, id="normal"),
    ],
)
def test_a_weakness_of_nobody_knows_which_limb_asks(question: str, value: str, asks: bool) -> None:
    told = read(observation(concept(question), value, effective="2026-06-14"))
    weak = [fact.certainty for fact in told.facts if fact.certainty.positive]
    assert (weak, told.power) == ([Certainty.WORDS] if asks else [], ())
