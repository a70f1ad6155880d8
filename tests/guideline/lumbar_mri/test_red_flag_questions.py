"""Which questions the record denies, and which items of the checklist would settle a card (2.15)."""

from decimal import Decimal
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Finding, Outcome, Pathway
from cds_service.guideline.lumbar_mri.red_flag_questions import denials, open_items
from cds_service.record.facts import (
    Certainty,
    DeviceFact,
    DeviceSafety,
    Fact,
    Measure,
    Origin,
    PowerExam,
    Region,
    Side,
    State,
)
from tests.guideline.lumbar_mri.decision_builders import finding
from tests.guideline.lumbar_mri.facts_builders import (
    TODAY,
    ago,
    done,
    fact,
    measurement,
    medicine,
    record,
)

CONCEPTS = {
    "bladder": "bladder-dysfunction",
    "bowel": "bowel-dysfunction",
    "saddle": "saddle-numbness",
    "leg-power": "leg-weakness",
    "both-legs": "bilateral-leg-symptoms",
    "fever": "fever",
    "weight": "weight-loss",
    "cancer": "cancer",
    "procedure": "spinal-procedure",
}
FRESH_FOR = dict.fromkeys(CONCEPTS, 14) | {"cancer": 9000, "procedure": 9000}
RED_FLAGS = tuple(CONCEPTS)
PUMP = DeviceFact(frozenset({"stimulator-or-pump"}), "Device/d", "Stimulator", DeviceSafety.UNKNOWN)
PACEMAKER = DeviceFact(frozenset({"pacemaker"}), "Device/d", "Pacemaker", DeviceSafety.UNSAFE)


def said(key: str, days: int, certainty: Certainty = Certainty.DENIED, **more: Any) -> Fact:
    """The answer of a form of so many days ago."""
    form: dict[str, Any] = {"origin": Origin.ANSWER, "recorded": ago(days)}
    return fact(CONCEPTS[key], certainty=certainty, **(form | more))


def power(grade: str, limb: Region = Region.LEG) -> PowerExam:
    return PowerExam(
        muscle="ankle dorsiflexion", root_group="L5", limb=limb, side=Side.RIGHT, grade=Decimal(grade),
        resource="Observation/power", text="Ankle dorsiflexion", when=ago(3),
    )  # fmt: skip


@pytest.mark.parametrize("key", CONCEPTS)
def test_a_no_is_told_with_its_day_and_whether_it_still_counts(key: str, guideline: Guideline) -> None:
    fresh, old = FRESH_FOR[key], 15 if FRESH_FOR[key] == 14 else 9500
    (new,) = denials(record(said(key, fresh)), TODAY, guideline)
    assert (new.key, new.when, new.asked, new.fresh) == (key, ago(fresh), True, True)
    (past,) = denials(record(said(key, old, origin=Origin.CONDITION)), TODAY, guideline)
    assert (past.key, past.when, past.asked, past.fresh) == (key, ago(old), False, old == 9500)


def test_denials_stand_in_the_order_of_the_questions(guideline: Guideline) -> None:
    facts = record(*(said(key, 1) for key in reversed(CONCEPTS)))
    assert [denial.key for denial in denials(facts, TODAY, guideline)] == list(CONCEPTS)


@pytest.mark.parametrize(
    ("key", "entry", "denied"),
    [
        pytest.param("bladder", measurement(Measure.RESIDUAL_VOLUME, "200", 3), False, id="volume at its limit"),
        pytest.param("bladder", measurement(Measure.RESIDUAL_VOLUME, "199", 3), True, id="volume below it"),
        pytest.param("bladder", measurement(Measure.RESIDUAL_VOLUME, None, 3), False, id="a volume that cannot be used"),
        pytest.param("leg-power", power("4"), False, id="a weak leg"),
        pytest.param("leg-power", power("5"), True, id="a leg of full power"),
        pytest.param("leg-power", power("4", Region.ARM), True, id="a weak arm"),
        pytest.param("both-legs", fact("radicular-pain", side=Side.BOTH), False, id="pain in both legs"),
        pytest.param("both-legs", fact("radicular-pain", side=Side.LEFT), True, id="pain in one leg"),
        pytest.param(
            "both-legs", fact("radicular-pain", side=Side.BOTH, certainty=Certainty.DENIED), True, id="denied"
        ),
        pytest.param("fever", measurement(Measure.TEMPERATURE, "38.0", 3), False, id="temperature at its limit"),
        pytest.param("fever", measurement(Measure.TEMPERATURE, "37.9", 3), True, id="temperature below it"),
        pytest.param("fever", measurement(Measure.TEMPERATURE, "39", 8), True, id="fever before the window"),
        pytest.param("weight", fact("night-pain", recorded=ago(3)), True, id="night pain is no weight loss"),
        pytest.param("cancer", done("chemotherapy", performed=ago(90)), False, id="chemotherapy"),
        pytest.param("cancer", medicine("antineoplastic"), False, id="a medicine against cancer"),
        pytest.param("cancer", medicine("anticholinergic"), True, id="another medicine"),
        pytest.param("procedure", done("lumbar-surgery", performed=ago(90)), False, id="an operation"),
        pytest.param("procedure", PUMP, False, id="a stimulator"),
        pytest.param("procedure", PACEMAKER, True, id="a pacemaker"),
        pytest.param("procedure", done("physical-therapy", performed=ago(9)), True, id="physiotherapy"),
        pytest.param("saddle", said("saddle", 90, Certainty.KNOWN), False, id="something speaks for it"),
        pytest.param(
            "saddle", said("saddle", 90, Certainty.KNOWN, state=State.ENDED), True, id="what spoke for it is over"
        ),
        pytest.param("saddle", said("saddle", 3, Certainty.UNKNOWN), False, id="an unusable answer of that day"),
        pytest.param("saddle", said("saddle", 1, Certainty.UNKNOWN), False, id="a later unusable answer"),
        pytest.param("saddle", said("saddle", 4, Certainty.UNKNOWN), True, id="an earlier unusable answer"),
        pytest.param(
            "saddle", said("saddle", 3, Certainty.UNKNOWN, recorded=None), False, id="an unusable answer of some day"
        ),
    ],
)  # fmt: skip
def test_what_speaks_against_a_no_takes_it_off_the_card(
    key: str, entry: Any, denied: bool, guideline: Guideline
) -> None:
    told = denials(record(said(key, 3), entry), TODAY, guideline)
    assert [denial.key for denial in told] == ([key] if denied else [])


def test_a_weight_that_falls_speaks_against_a_no(guideline: Guideline) -> None:
    weights = [measurement(Measure.WEIGHT, value, days) for value, days in (("80", 90), ("70", 1))]
    assert denials(record(said("weight", 3), *weights), TODAY, guideline) == ()
    assert denials(record(said("weight", 3), weights[0]), TODAY, guideline) != ()


def test_the_newest_no_counts_and_an_answer_before_an_entry_of_its_day(guideline: Guideline) -> None:
    entry = said("saddle", 2, origin=Origin.CONDITION)
    facts = record(said("saddle", 20), entry, said("saddle", 2), entry)
    (denial,) = denials(facts, TODAY, guideline)
    assert (denial.when, denial.asked) == (ago(2), True)


def test_a_no_without_a_day_is_not_told(guideline: Guideline) -> None:
    assert denials(record(said("saddle", 3, recorded=None)), TODAY, guideline) == ()


POSSIBLE = finding(Pathway.CAUDA_EQUINA, Outcome.POSSIBLE)
CANCER = finding(Pathway.CANCER, Outcome.POSSIBLE)
CAUDA = ("bladder", "bowel", "saddle", "leg-power", "both-legs")


def pain(outcome: Outcome, variant: str = "") -> Finding:
    return finding(Pathway.PAIN, outcome, variant, recommendation="R1")


@pytest.mark.parametrize(
    ("entries", "findings", "items"),
    [
        pytest.param([], [POSSIBLE], CAUDA, id="cauda equina"),
        pytest.param([], [CANCER], ("weight", "cancer"), id="cancer"),
        pytest.param([], [POSSIBLE, CANCER], (*CAUDA, "weight", "cancer"), id="two diseases"),
        pytest.param([], [CANCER, pain(Outcome.NOT_INDICATED)], ("weight", "cancer"), id="beside a decided pain"),
        pytest.param([said("saddle", 14)], [POSSIBLE], ("bladder", "bowel", "leg-power", "both-legs"), id="a fresh no"),
        pytest.param(
            [said("saddle", 0, Certainty.KNOWN)], [POSSIBLE], ("bladder", "bowel", "leg-power", "both-legs"), id="a yes"
        ),
        pytest.param([said("saddle", 15)], [POSSIBLE], CAUDA, id="an old no"),
        pytest.param([said("saddle", 0, Certainty.UNKNOWN)], [POSSIBLE], CAUDA, id="an unusable answer"),
        pytest.param([said("saddle", 0, origin=Origin.CONDITION)], [POSSIBLE], CAUDA, id="no answer of a form"),
        pytest.param([power("5")], [POSSIBLE], CAUDA, id="a measurement settles no question"),
        pytest.param([], [pain(Outcome.NOT_INDICATED)], RED_FLAGS, id="not indicated"),
        pytest.param([said("fever", 14)], [pain(Outcome.NOT_INDICATED)], [k for k in RED_FLAGS if k != "fever"], id="a gap less"),
        pytest.param([said("fever", 15)], [pain(Outcome.NOT_INDICATED)], RED_FLAGS, id="an old no leaves the gap"),
        pytest.param([said("cancer", 900)], [pain(Outcome.NOT_INDICATED)], [k for k in RED_FLAGS if k != "cancer"], id="at any age"),
        pytest.param([power("5")], [pain(Outcome.NOT_INDICATED)], [k for k in RED_FLAGS if k != "leg-power"], id="examined"),
        pytest.param([], [pain(Outcome.UNCLEAR, "care-unknown")], (*RED_FLAGS, "treatment"), id="care unknown"),
        pytest.param([], [pain(Outcome.UNCLEAR, "care-partial")], (*RED_FLAGS, "treatment"), id="care in part"),
        pytest.param([], [pain(Outcome.UNCLEAR, "duration-unknown")], (*RED_FLAGS, "treatment"), id="duration unknown"),
        pytest.param([], [pain(Outcome.UNCLEAR, "age-unknown")], RED_FLAGS, id="age unknown"),
        pytest.param([], [pain(Outcome.UNCLEAR, "age-unknown"), POSSIBLE], RED_FLAGS, id="pain and a disease"),
        pytest.param([], [finding(Pathway.CANCER, Outcome.EMERGENCY)], (), id="an emergency asks nothing"),
        pytest.param([], [pain(Outcome.MAY_BE_INDICATED)], (), id="nor does an indicated order"),
    ],
)  # fmt: skip
def test_the_items_that_would_settle_the_card(
    entries: list[Any], findings: list[Finding], items: tuple[str, ...], guideline: Guideline
) -> None:
    found = open_items(record(*entries), TODAY, guideline, findings[0].outcome, findings)
    assert found == tuple(items)
