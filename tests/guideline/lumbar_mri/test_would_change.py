"""No card promises a change that the rules do not make: each one is applied, and the outcome is another."""

from dataclasses import replace
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.record.facts import Certainty, Measure, Region, Side, Trend
from tests.guideline.lumbar_mri.decision_builders import answer
from tests.guideline.lumbar_mri.facts_builders import (
    ago,
    done,
    fact,
    measurement,
    pain,
    scan,
    score,
    visit,
)
from tests.guideline.lumbar_mri.test_muscle_power import exam

SADDLE = fact("saddle-numbness", started=ago(1))
FOOT_DROP = fact("foot-drop", started=ago(2), side=Side.RIGHT)
WEAK_LEG = fact("leg-weakness", side=Side.RIGHT)
RETENTION = fact("urinary-retention", started=ago(2))
NO_COMPRESSION = scan(0, compression=False)
FEVER = measurement(Measure.TEMPERATURE, "38.6", 0)
CRP_85 = measurement(Measure.CRP, "85", 5)
DISCITIS = fact("spinal-infection", started=ago(3))
CRP_14 = measurement(Measure.CRP, "14", 5)
BREAST = fact("cancer-high-risk", started=ago(300))
DISCECTOMY = done("lumbar-surgery", performed=ago(400), region=Region.LUMBAR)
PUNCTURE = done("lumbar-puncture", performed=ago(3), region=Region.LUMBAR)
WITHOUT_LEVEL = done("spinal-surgery-without-level", performed=ago(26))
CARE = tuple(visit("physical-therapy", resource=f"Appointment/{n}", when=ago(n)) for n in (49, 35, 20, 7))
PAIN = pain(56)
AFTER = pain(10)


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [
        pytest.param("imaged", [SADDLE], [SADDLE, NO_COMPRESSION], id="emergency, imaged"),
        pytest.param(
            "imaged",
            [fact("saddle-numbness", started=ago(20))],
            [fact("saddle-numbness", started=ago(20)), NO_COMPRESSION],
            id="urgent, imaged",
        ),
        pytest.param(
            "new-cauda-equina",
            [fact("bilateral-leg-symptoms", started=ago(5))],
            [fact("bilateral-leg-symptoms", started=ago(5)), SADDLE],
            id="both legs, then the saddle",
        ),
        pytest.param(
            "new-cauda-equina",
            [fact("urinary-catheter", started=ago(700))],
            [fact("urinary-catheter", started=ago(700)), SADDLE],
            id="catheter, then the saddle",
        ),
        pytest.param(
            "feature-confirmed",
            [fact("saddle-numbness", started=ago(400))],
            [fact("saddle-numbness", started=ago(400), trend=Trend.WORSENING, trend_on=ago(1))],
            id="old feature, now worse",
        ),
        pytest.param(
            "newer-than-imaging",
            [SADDLE, NO_COMPRESSION],
            [SADDLE, NO_COMPRESSION, fact("faecal-incontinence", started=ago(-1))],
            id="imaged, then newer",
        ),
        pytest.param(
            "feature-coded",
            [replace(SADDLE, certainty=Certainty.WORDS)],
            [SADDLE],
            id="words, then a code",
        ),
        pytest.param(
            "deficit-corrected", [FOOT_DROP], [replace(FOOT_DROP, started=ago(2000))], id="foot drop is old"
        ),
        pytest.param("deficit-worse", [WEAK_LEG], [WEAK_LEG, FOOT_DROP], id="weak leg, then worse"),
        pytest.param(
            "deficit-old", [WEAK_LEG], [replace(WEAK_LEG, started=ago(2000))], id="undated weakness is old"
        ),
        pytest.param("second-feature", [CRP_14], [CRP_14, fact("night-pain", started=ago(3))], id="weak"),
        pytest.param(
            "feature-coded",
            [fact("bacteraemia", certainty=Certainty.WORDS, recorded=ago(3))],
            [fact("bacteraemia", recorded=ago(3))],
            id="infection in words",
        ),
        pytest.param("new-neurology", [FEVER], [FEVER, FOOT_DROP], id="infection, then neurology"),
        pytest.param("new-neurology", [BREAST], [BREAST, SADDLE], id="cancer, then neurology"),
    ],
)
def test_the_stated_change_changes_the_outcome(
    key: str, before: list[Any], after: list[Any], guideline: Guideline
) -> None:
    decided = answer(guideline, PAIN, *before)
    assert key in decided.would_change
    assert answer(guideline, PAIN, *after).outcome is not decided.outcome


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [
        pytest.param("new-cauda-equina", [AFTER, DISCECTOMY], [AFTER, DISCECTOMY, SADDLE], id="late, saddle"),
        pytest.param("fever", [AFTER, DISCECTOMY], [AFTER, DISCECTOMY, FEVER], id="late, fever"),
        pytest.param("fever-strong", [PAIN, CRP_85], [PAIN, CRP_85, FEVER], id="CRP, fever"),
        pytest.param("fever-strong", [PAIN, DISCITIS], [PAIN, DISCITIS, FEVER], id="known infection, fever"),
        pytest.param(
            "worse-after-needle", [pain(2), PUNCTURE], [pain(2), PUNCTURE, FEVER], id="needle, fever"
        ),
        pytest.param(
            "level-recorded",
            [AFTER, WITHOUT_LEVEL],
            [AFTER, replace(WITHOUT_LEVEL, region=Region.LUMBAR)],
            id="level",
        ),
        pytest.param("care-four-weeks", [pain(10)], [PAIN, *CARE], id="short, then care"),
        pytest.param(
            "improving",
            [PAIN, *CARE],
            [PAIN, *CARE, score("8", 50), score("3", 1)],
            id="persists, then improves",
        ),
        pytest.param(
            "not-improving",
            [PAIN, *CARE, score("8", 50), score("3", 3)],
            [PAIN, *CARE, score("8", 50), score("3", 3), score("7", 0)],
            id="improves, then grows again",
        ),
        pytest.param("care-recorded", [PAIN], [PAIN, *CARE], id="care unknown"),
        pytest.param(
            "value-recorded",
            [PAIN, measurement(Measure.CRP, None, 3)],
            [PAIN, measurement(Measure.CRP, "85", 3)],
            id="value",
        ),
    ],
)
def test_the_stated_change_of_pain_and_procedures_changes_the_outcome(
    key: str, before: list[Any], after: list[Any], guideline: Guideline
) -> None:
    decided = answer(guideline, *before)
    assert key in decided.would_change
    assert answer(guideline, *after).outcome is not decided.outcome


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([SADDLE, fact("foot-drop", started=ago(1), side=Side.BOTH)], id="two emergencies"),
        pytest.param([BREAST, SADDLE, FOOT_DROP], id="cancer beside both"),
    ],
)
def test_nothing_is_said_to_lower_an_emergency_where_another_one_stands(
    entries: list[Any], guideline: Guideline
) -> None:
    assert answer(guideline, PAIN, *entries).would_change == ()


def test_a_weak_infection_fact_is_not_said_to_be_old_and_unchanged(guideline: Guideline) -> None:
    assert answer(guideline, PAIN, CRP_14).would_change == ("second-feature",)


def test_a_measured_weakness_is_not_said_to_be_settled_by_its_age(guideline: Guideline) -> None:
    fall = (exam("5", 60), exam("4.3", 0))
    assert answer(guideline, PAIN, *fall).would_change == ("deficit-worse",)


def test_a_sign_of_the_cord_is_not_said_to_be_settled_by_its_age(guideline: Guideline) -> None:
    old = fact("cord-compression", started=ago(200))
    assert answer(guideline, PAIN, old).would_change == ("deficit-worse",)
