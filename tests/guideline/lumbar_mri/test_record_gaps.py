"""What the record leaves open: specification 2.4, 2.5, 2.15."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Evidence
from cds_service.guideline.lumbar_mri.record_gaps import (
    not_recorded,
    previous_mri,
    read_screen,
    stale,
)
from cds_service.record.facts import (
    Certainty,
    Fact,
    Measure,
    Origin,
    PowerExam,
    Region,
    Side,
)
from tests.guideline.lumbar_mri.facts_builders import (
    TODAY,
    ago,
    done,
    fact,
    measurement,
    pain,
    record,
    scan,
)

ALL = ("bladder-bowel", "saddle", "leg-power", "fever", "weight", "cancer", "procedure")


def answer(concept: str, days: int, certainty: Certainty = Certainty.DENIED, **more: Any) -> Fact:
    """What a form of so many days ago says."""
    return fact(concept, certainty=certainty, origin=Origin.ANSWER, recorded=ago(days), **more)


def power(days: int, grade: str = "5", limb: Region = Region.LEG) -> PowerExam:
    return PowerExam(
        muscle="ankle dorsiflexion",
        root_group="L5",
        limb=limb,
        side=Side.RIGHT,
        grade=Decimal(grade),
        resource=f"Observation/power-{days}",
        text=f"Right ankle dorsiflexion {grade}",
        when=ago(days),
    )


def test_an_empty_record_says_nothing_of_any_red_flag(guideline: Guideline) -> None:
    assert not_recorded(record(pain(5)), TODAY, guideline) == ALL


@pytest.mark.parametrize(
    ("entries", "key", "known"),
    [
        pytest.param([answer("urinary-retention", 14)], "bladder-bowel", True, id="denied 14 days ago"),
        pytest.param([answer("urinary-retention", 15)], "bladder-bowel", False, id="denied 15 days ago"),
        pytest.param([answer("bowel-dysfunction", 0)], "bladder-bowel", True, id="bowel asked"),
        pytest.param(
            [answer("urinary-retention", 0, Certainty.UNKNOWN)], "bladder-bowel", False, id="asked, unusable"
        ),
        pytest.param(
            [answer("urinary-retention", 90, Certainty.KNOWN)],
            "bladder-bowel",
            True,
            id="asserted at any age",
        ),
        pytest.param(
            [measurement(Measure.RESIDUAL_VOLUME, "40", 3)], "bladder-bowel", True, id="residual volume"
        ),
        pytest.param(
            [measurement(Measure.RESIDUAL_VOLUME, None, 3)], "bladder-bowel", False, id="volume unusable"
        ),
        pytest.param([answer("saddle-numbness", 14)], "saddle", True, id="saddle denied"),
        pytest.param([answer("saddle-numbness", 15)], "saddle", False, id="saddle denied long ago"),
        pytest.param([power(14)], "leg-power", True, id="leg examined 14 days ago"),
        pytest.param([power(15)], "leg-power", False, id="leg examined 15 days ago"),
        pytest.param([power(0, limb=Region.ARM)], "leg-power", False, id="arm examined"),
        pytest.param([answer("leg-weakness", 3)], "leg-power", True, id="leg weakness denied"),
        pytest.param([measurement(Measure.TEMPERATURE, "36.8", 7)], "fever", True, id="temperature, 7 days"),
        pytest.param([measurement(Measure.TEMPERATURE, "36.8", 8)], "fever", False, id="temperature, 8 days"),
        pytest.param([answer("fever", 14)], "fever", True, id="fever denied"),
        pytest.param(
            [measurement(Measure.WEIGHT, "70", 365), measurement(Measure.WEIGHT, "70", 0)],
            "weight",
            True,
            id="two weights within a year",
        ),
        pytest.param(
            [measurement(Measure.WEIGHT, "70", 366), measurement(Measure.WEIGHT, "70", 0)],
            "weight",
            False,
            id="one of them older",
        ),
        pytest.param([answer("weight-loss", 0)], "weight", True, id="weight loss denied"),
        pytest.param([answer("cancer", 900)], "cancer", True, id="cancer denied at any age"),
        pytest.param([fact("cancer-history", recorded=ago(900))], "cancer", True, id="cancer on record"),
        pytest.param([fact("cancer", certainty=Certainty.REFUTED)], "cancer", True, id="cancer refuted"),
        pytest.param([fact("skin-cancer-non-melanoma")], "cancer", False, id="skin cancer does not answer"),
        pytest.param([done("lumbar-surgery", performed=ago(900))], "procedure", True, id="an operation"),
        pytest.param([answer("spinal-procedure", 900)], "procedure", True, id="procedures denied"),
        pytest.param([done("physical-therapy", performed=ago(3))], "procedure", False, id="physiotherapy"),
    ],
)
def test_a_red_flag_is_recorded_where_it_is_asserted_denied_or_freshly_measured(
    entries: list[Any], key: str, known: bool, guideline: Guideline
) -> None:
    assert (key not in not_recorded(record(*entries), TODAY, guideline)) is known


SCREEN = ("bladder-dysfunction", "saddle-numbness", "leg-weakness")


def screen(days: int, **changed: Certainty) -> list[Fact]:
    """A form with the three questions of cauda equina, and others; all no unless `changed`."""
    certainties = {concept.replace("-", "_"): Certainty.DENIED for concept in (*SCREEN, "fever")} | changed
    return [answer(name.replace("_", "-"), days, certainty) for name, certainty in certainties.items()]


@pytest.mark.parametrize(
    ("entries", "days"),
    [
        pytest.param(screen(0), 0, id="today"),
        pytest.param(screen(14), 14, id="14 days ago"),
        pytest.param(screen(15), None, id="15 days ago"),
        pytest.param([*screen(9), *screen(2)], 2, id="the newest of two"),
        pytest.param(screen(0)[1:], None, id="bladder and bowel not asked"),
        pytest.param([*screen(0)[:1], *screen(0)[2:]], None, id="saddle not asked"),
        pytest.param([*screen(0)[:2], *screen(0)[3:]], None, id="legs not asked"),
        pytest.param([*screen(0)[:2], power(0)], 0, id="legs examined instead"),
        pytest.param([*screen(0), power(0, "4")], None, id="legs examined and weak"),
        pytest.param([*screen(0), power(0, "4", Region.ARM)], None, id="an arm is weak"),
        pytest.param(screen(0, fever=Certainty.KNOWN), None, id="another answer is yes"),
        pytest.param(screen(0, fever=Certainty.UNKNOWN), None, id="another answer cannot be used"),
        pytest.param([*screen(3), answer("fever", 1, Certainty.KNOWN)], None, id="a later answer is yes"),
        pytest.param([*screen(3), answer("fever", 5, Certainty.KNOWN)], 3, id="an earlier answer was yes"),
        pytest.param(
            [*screen(0), answer("low-back-pain", 0, Certainty.KNOWN)], 0, id="pain itself is no flag"
        ),
        pytest.param(
            [fact(c, certainty=Certainty.DENIED, recorded=ago(0)) for c in SCREEN], None, id="no form"
        ),
        pytest.param([], None, id="nothing"),
    ],
)
def test_a_screen_is_negative_where_everything_asked_that_day_is_denied(
    entries: list[Any], days: int | None, guideline: Guideline
) -> None:
    assert read_screen(record(*entries), TODAY, guideline) == (None if days is None else ago(days))


@pytest.mark.parametrize(
    ("entries", "listed"),
    [
        pytest.param([power(15)], ["leg power"], id="an old leg exam"),
        pytest.param([power(14)], [], id="a fresh one"),
        pytest.param([power(40), power(3)], [], id="an old and a fresh one"),
        pytest.param([power(40, limb=Region.ARM)], [], id="an arm"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_old_exams_are_listed(entries: list[Any], listed: list[str], guideline: Guideline) -> None:
    assert [line.short for line in stale(record(*entries), TODAY, guideline)] == listed


def test_an_old_exam_is_listed_with_its_day_and_source(guideline: Guideline) -> None:
    left = replace(power(40), side=Side.LEFT, text="Left ankle dorsiflexion 5")
    (line,) = stale(record(power(40), left, power(90)), TODAY, guideline)
    assert line == Evidence(
        "Right ankle dorsiflexion 5", "Observation/power-40", ago(40), "leg power", "too old to count"
    )


@pytest.mark.parametrize(
    ("scans", "days"),
    [
        pytest.param([scan(180)], 180, id="180 days ago"),
        pytest.param([scan(181)], None, id="181 days ago"),
        pytest.param([scan(90), scan(10)], 10, id="the newest of two"),
        pytest.param([scan(0, when=None)], None, id="undated"),
        pytest.param([], None, id="none"),
    ],
)
def test_a_previous_mri_is_named_for_180_days(
    scans: list[Any], days: int | None, guideline: Guideline
) -> None:
    line = previous_mri(record(*scans), TODAY, guideline)
    assert (line.when if line else None) == (None if days is None else ago(days))
