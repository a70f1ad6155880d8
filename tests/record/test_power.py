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


def test_one_answer_may_grade_both_sides() -> None:
    found = exams("Ankle dorsiflexion power", "R 5/5, L 3/5")
    assert [(exam.side, exam.grade) for exam in found] == [(Side.RIGHT, Decimal(5)), (Side.LEFT, Decimal(3))]


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
        pytest.param("Lower limb power", "4/5", "leg-weakness", Certainty.KNOWN, id="the whole leg, weak"),
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
