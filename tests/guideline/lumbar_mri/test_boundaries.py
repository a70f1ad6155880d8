"""Where the rules turn: the last day, the undated fact, the value that just does or does not count.

Each row says the outcome, most say the tier; the ledger holds the rest.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Finding, Outcome
from cds_service.guideline.lumbar_mri.cauda_equina import assess_cauda_equina
from cds_service.guideline.lumbar_mri.infection import assess_infection, list_contributory
from cds_service.guideline.lumbar_mri.malignancy import assess_cancer
from cds_service.guideline.lumbar_mri.neurology import assess_neurology
from cds_service.guideline.lumbar_mri.pain import read_pain
from cds_service.guideline.lumbar_mri.procedures import assess_procedure
from cds_service.record.facts import (
    Certainty,
    DeviceFact,
    DeviceSafety,
    Measure,
    Origin,
    Region,
    Side,
    State,
    Trend,
    ValueProblem,
)
from tests.guideline.lumbar_mri.facts_builders import (
    TODAY,
    ago,
    clock,
    done,
    fact,
    measurement,
    medicine,
    mri_order,
    on,
    pain,
    record,
    scan,
    score,
)
from tests.guideline.lumbar_mri.test_muscle_power import exam

E, U, P, X = Outcome.EMERGENCY, Outcome.URGENT, Outcome.POSSIBLE, Outcome.UNCLEAR
INDICATED = Outcome.INDICATED
Expected = tuple[Outcome, str] | None


def row(expected: Expected | Outcome, *entries: Any, id: str) -> Any:
    """One row of a table: what must come of these entries."""
    return pytest.param(entries, expected, id=id)


def told(finding: Finding | None) -> Expected:
    """What a row compares."""
    return (finding.outcome, finding.tier) if finding else None


def ended(concept: str, days: int, **more: Any) -> Any:
    """A fact that ended so many days ago."""
    return fact(concept, started=ago(days + 30), ended=ago(days), state=State.ENDED, **more)


def volume(value: str | None, days: int | None = 0, **more: Any) -> Any:
    return measurement(Measure.RESIDUAL_VOLUME, value, days, **more)


def bare_volume(most: str, days: int | None = 0) -> Any:
    """A volume without a unit that is at most so many millilitres in any unit in use."""
    return volume(None, days, text=most, problem=ValueProblem.NO_UNIT, could_be=Decimal(most))


HESITANCY = fact("urinary-hesitancy", started=ago(2))
PROSTATE = fact("prostate-hyperplasia", started=ago(900))
CATHETER = fact("urinary-catheter", started=ago(400), recorded=ago(400))


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        row((P, "records disagree"), fact("cauda-equina", started=ago(3), ended=ago(1), disputed=True), id="active diagnosis with an end in the past"),
        row((P, "resolved"), ended("cauda-equina", 14), id="diagnosis resolved 14 days ago"),
        row(None, ended("cauda-equina", 15), id="diagnosis resolved 15 days ago"),
        row((X, "unknown"), fact("saddle-numbness", certainty=Certainty.UNKNOWN, started=ago(14)), id="unusable answer of 14 days ago"),
        row(None, fact("saddle-numbness", certainty=Certainty.UNKNOWN, started=ago(15)), id="unusable answer of 15 days ago"),
        row((X, "unknown"), fact("saddle-numbness", certainty=Certainty.UNKNOWN), id="undated unusable answer"),
        row((P, "resolved"), ended("saddle-numbness", 14), id="feature resolved 14 days ago"),
        row(None, ended("saddle-numbness", 15), id="feature resolved 15 days ago"),
        row(None, fact("saddle-numbness", started=ago(5), state=State.REMISSION), id="feature in remission"),
        row(None, ended("sexual-dysfunction", 1), id="sexual dysfunction resolved"),
        row(None, ended("bowel-minor", 1), id="faecal urgency resolved"),
        row(None, ended("urinary-retention", 40), fact("urinary-catheter", certainty=Certainty.WORDS, state=State.ENDED), id="a catheter in words hides nothing"),
        row((P, "resolved"), ended("urinary-retention", 1), ended("urinary-catheter", 40), id="a catheter of long ago hides nothing"),
        row((U, "subacute"), ended("urinary-retention", 1), fact("urinary-catheter", started=ago(14), state=State.ENDED), id="a catheter of 14 days ago hides a retention"),
        row((P, "resolved"), ended("saddle-numbness", 1), CATHETER, id="a catheter hides a retention only"),
        row((E, "acute"), volume("200", 14), id="200 mL 14 days ago"),
        row((U, "subacute"), volume("200", 15), id="200 mL 15 days ago"),
        row((U, "subacute"), volume("200", 90), id="200 mL 90 days ago"),
        row((P, "old"), volume("200", 91), id="200 mL 91 days ago"),
        row((P, "undated"), volume("200", None), id="200 mL, undated"),
        row((X, "value unknown"), bare_volume("200", 14), id="200 without a unit, 14 days ago"),
        row(None, bare_volume("200", 15), id="200 without a unit, 15 days ago"),
        row(None, bare_volume("199"), id="199 without a unit"),
        row((X, "value unknown"), volume("150", comparator=">"), id="over 150 mL"),
        row((P, "value unknown"), volume(None, problem=ValueProblem.NO_UNIT, text="450", flagged_high=True), id="flagged high without a unit"),
        row((X, "value unknown"), volume(None, None, problem=ValueProblem.NO_VALUE), id="undated, no value"),
        row((E, "diagnosis"), fact("cauda-equina"), fact("cauda-equina", certainty=Certainty.REFUTED, recorded=ago(1), resource="Condition/refuted"), id="an undated diagnosis is not closed by a refutation"),
        row((P, "records disagree"), HESITANCY, PROSTATE, fact("cauda-equina", started=ago(3), disputed=True), id="a disputed diagnosis is no second feature"),
        row((P, "old"), HESITANCY, PROSTATE, fact("cauda-equina", started=ago(100)), id="nor is an old one"),
        row((E, "diagnosis"), HESITANCY, PROSTATE, fact("cauda-equina", started=ago(3)), id="a new diagnosis is never explained"),
        row((E, "acute"), fact("saddle-numbness", started=ago(200), recorded=ago(90), trend=Trend.WORSENING), id="worse 90 days ago"),
        row((P, "old"), fact("saddle-numbness", started=ago(200), recorded=ago(91), trend=Trend.WORSENING), id="worse 91 days ago"),
        row((P, "imaged"), fact("cauda-equina", started=ago(10)), scan(5), fact("cauda-equina", certainty=Certainty.REFUTED, recorded=ago(3), resource="Condition/refuted"), id="a diagnosis before the scan and its refutation"),
        row((X, "value unknown"), bare_volume("450"), CATHETER, id="an unusable volume speaks for the catheter"),
        row((P, "explained"), HESITANCY, PROSTATE, id="hesitancy beside a prostate"),
        row((U, "explained"), HESITANCY, PROSTATE, volume("300"), id="hesitancy and a volume beside a prostate"),
        row((P, "explained"), HESITANCY, PROSTATE, volume("300", 91), id="an old volume is no second finding"),
        row((P, "explained"), HESITANCY, PROSTATE, fact("sexual-dysfunction", started=ago(60)), id="an older sexual dysfunction is no second feature"),
        row((E, "acute"), HESITANCY, fact("prostate-hyperplasia", certainty=Certainty.WORDS, state=State.ENDED), id="a prostate in words that is past explains nothing"),
        row((E, "acute"), HESITANCY, fact("prostate-hyperplasia", certainty=Certainty.WORDS), id="a prostate that only asks explains nothing"),
        row((E, "acute"), HESITANCY, fact("prostate-hyperplasia", state=State.ENDED), id="a prostate of the past explains nothing"),
        row((P, "explained"), HESITANCY, medicine("opioid", started=ago(3)), medicine("nsaid", started=ago(3)), id="an opioid among other medicines"),
        row((E, "acute"), HESITANCY, medicine("opioid", started=ago(10)), id="an opioid of 8 days before"),
        row((E, "acute"), measurement(Measure.CRP, "3", 0), volume("300"), id="a volume after another measurement"),
        row((E, "acute"), fact("urinary-incontinence", started=ago(2)), PROSTATE, volume("300", 14), id="a volume of 14 days is a second finding"),
        row((U, "subacute"), fact("urinary-incontinence", started=ago(2)), PROSTATE, volume("300", 15), id="a volume of 15 days is none"),
        row((E, "acute"), fact("urinary-incontinence", started=ago(2)), fact("retention-postoperative", started=ago(60)), id="an old retention after surgery explains no new incontinence"),
        row((E, "acute"), HESITANCY, PROSTATE, fact("bilateral-leg-symptoms", started=ago(14)), id="pain of both legs of 14 days is a second feature"),
        row((U, "bilateral"), HESITANCY, PROSTATE, fact("bilateral-leg-symptoms", started=ago(15)), id="pain of both legs of 15 days is none"),
        row((E, "acute"), HESITANCY, PROSTATE, exam("4", 0), exam("4", 0, side=Side.LEFT), id="two weak legs are a second feature"),
        row((E, "acute"), fact("leg-weakness", started=ago(3), side=Side.LEFT), fact("foot-drop", started=ago(3), side=Side.RIGHT), id="a weak leg and a foot drop of the other"),
        row((E, "acute"), fact("leg-weakness", started=ago(3), side=Side.BOTH), id="weakness of both legs"),
        row(None, fact("paraparesis", started=ago(3), certainty=Certainty.WORDS), id="paraparesis in words is no feature"),
        row(None, fact("paraparesis", started=ago(3), ended=ago(1), state=State.ENDED), id="nor is one of the past"),
        row(None, fact("leg-weakness", started=ago(3), side=Side.BOTH, region=Region.ARM), id="nor is weakness of both arms"),
        row((E, "diagnosis"), fact("cauda-equina", certainty=Certainty.DENIED, started=ago(3), resource="Observation/no"), fact("cauda-equina", started=ago(3)), id="a diagnosis recorded after its denial"),
    ],
)  # fmt: skip
def test_cauda_equina_turns_on_these_days_and_values(
    entries: tuple[Any, ...], expected: Expected, guideline: Guideline
) -> None:
    facts, order = record(*entries), mri_order()
    seen = read_pain(facts, order, TODAY, guideline)
    assert told(assess_cauda_equina(facts, seen, order, TODAY, guideline)) == expected


def shown_by_cauda_equina(guideline: Guideline, *entries: Any) -> list[str | None]:
    """The resources that the finding shows, in its order."""
    facts, order = record(*entries), mri_order()
    seen = read_pain(facts, order, TODAY, guideline)
    found = assess_cauda_equina(facts, seen, order, TODAY, guideline)
    assert found is not None
    return [line.resource for line in found.evidence]


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"started": ago(1)}, id="new"),
        pytest.param({"started": ago(1), "certainty": Certainty.WORDS}, id="in words"),
        pytest.param({"started": ago(1), "certainty": Certainty.UNKNOWN}, id="asked, answer not usable"),
        pytest.param({"started": ago(9), "ended": ago(1), "state": State.ENDED}, id="resolved"),
    ],
)
def test_features_of_one_rank_stand_in_their_order(more: dict[str, Any], guideline: Guideline) -> None:
    kinds = (
        "bladder-sensation-lost", "urinary-incontinence", "faecal-incontinence", "urinary-retention",
        "saddle-numbness", "cauda-equina",
    )  # fmt: skip
    shown = shown_by_cauda_equina(guideline, *(fact(kind, **more) for kind in kinds))
    assert shown == [
        f"Condition/{kind}"
        for kind in (
            "cauda-equina", "saddle-numbness", "urinary-retention", "faecal-incontinence",
            "urinary-incontinence", "bladder-sensation-lost",
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("certainty", "emptying"),
    [
        pytest.param(Certainty.WORDS, CATHETER, id="catheter"),
        pytest.param(Certainty.UNKNOWN, bare_volume("450"), id="volume without a unit"),
    ],
)
def test_what_only_asks_about_emptying_stands_before_the_bowel(
    certainty: Certainty, emptying: Any, guideline: Guideline
) -> None:
    bowel = fact("faecal-incontinence", started=ago(1), certainty=certainty)
    assert shown_by_cauda_equina(guideline, bowel, emptying) == [emptying.resource, bowel.resource]


def test_a_bladder_that_the_code_of_the_syndrome_names_is_shown_once(guideline: Guideline) -> None:
    syndrome = fact("cauda-equina", "neurogenic-bladder", started=ago(3))
    retention = fact("urinary-retention", started=ago(2))
    assert shown_by_cauda_equina(guideline, syndrome, retention) == [syndrome.resource, retention.resource]


def test_a_medicine_that_may_explain_the_bladder_is_shown_after_another_one(guideline: Guideline) -> None:
    opioid = medicine("opioid", started=ago(3))
    shown = shown_by_cauda_equina(guideline, HESITANCY, medicine("nsaid", started=ago(3)), opioid)
    assert shown == [HESITANCY.resource, opioid.resource]


def test_a_refutation_is_shown_with_the_day_on_which_it_was_recorded(guideline: Guideline) -> None:
    refuted = fact("cauda-equina", certainty=Certainty.REFUTED, started=ago(10), recorded=ago(1))
    facts, order = record(fact("saddle-numbness", started=ago(3)), refuted), mri_order()
    found = assess_cauda_equina(facts, read_pain(facts, order, TODAY, guideline), order, TODAY, guideline)
    assert found is not None
    assert [line.when for line in found.evidence if line.short] == [ago(1)]


@pytest.mark.parametrize(
    ("beside", "variant"),
    [
        pytest.param((), "possible-old", id="alone"),
        pytest.param((PROSTATE,), "possible-explained", id="beside a prostate"),
        pytest.param((CATHETER,), "possible-catheter", id="beside a catheter"),
        pytest.param(
            (PROSTATE, ended("urinary-catheter", 100)),
            "possible-explained",
            id="beside a catheter of the past",
        ),
    ],
)
def test_what_stands_beside_an_earlier_retention_decides_its_words(
    beside: tuple[Any, ...], variant: str, guideline: Guideline
) -> None:
    facts, order = record(pain(20), fact("urinary-retention", started=ago(200)), *beside), mri_order()
    seen = read_pain(facts, order, TODAY, guideline)
    found = assess_cauda_equina(facts, seen, order, TODAY, guideline)
    assert found is not None
    assert found.variant == variant


@pytest.mark.parametrize(
    ("days", "tier"),
    [
        pytest.param(31, "earlier", id="the day before the pain"),
        pytest.param(30, "subacute", id="the day of the pain"),
    ],
)
def test_a_retention_is_older_than_the_pain_from_the_day_before(
    days: int, tier: str, guideline: Guideline
) -> None:
    facts, order = record(pain(30), fact("urinary-retention", started=ago(days))), mri_order()
    seen = read_pain(facts, order, TODAY, guideline)
    found = assess_cauda_equina(facts, seen, order, TODAY, guideline)
    assert found is not None
    assert found.tier == tier


KNEE: dict[str, Any] = {"muscle": "knee extension", "root_group": "knee-extension", "side": Side.LEFT}
KNEE_FALLING = (exam("5", 60, **KNEE), exam("4", 0, **KNEE))


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        row((U, "worsening"), fact("upper-motor-sign", started=ago(200), recorded=ago(5), trend=Trend.WORSENING, region=Region.LEG), id="worse sign of the leg"),
        row((P, "worsening without a site"), fact("upper-motor-sign", started=ago(200), recorded=ago(5), trend=Trend.WORSENING), id="worse sign without a site"),
        row((P, "improving"), fact("leg-weakness", started=ago(10), trend=Trend.IMPROVING), id="new weakness that improves"),
        row((U, "new"), fact("leg-weakness", started=ago(10)), id="new weakness"),
        row((P, "undated"), fact("leg-weakness"), id="undated weakness"),
        row((P, "one record"), fact("leg-weakness", started=ago(60)), id="weakness of 60 days"),
        row((P, "arm"), fact("arm-weakness"), id="undated weakness of an arm"),
        row((P, "arm"), fact("arm-weakness", started=ago(42)), id="arm, 42 days"),
        row(None, fact("arm-weakness", started=ago(43)), id="arm, 43 days"),
        row((P, "arm"), fact("arm-weakness", started=ago(200), recorded=ago(3), trend=Trend.WORSENING), id="arm, worse"),
        row((U, "worsening"), fact("reflex-loss", started=ago(60), recorded=ago(3), trend=Trend.WORSENING), id="reflex loss, worse"),
        row((P, "one record"), fact("reflex-loss", started=ago(60)), id="reflex loss of 60 days"),
        row((E, "paraparesis"), fact("paraparesis", started=ago(14)), id="paraparesis, 14 days"),
        row((E, "loss of gait"), fact("gait-loss", started=ago(14)), id="loss of gait, 14 days"),
        row((U, "new"), fact("paraparesis", started=ago(15)), id="paraparesis, 15 days"),
        row((P, "undated"), fact("sequela-weakness"), id="undated sequela"),
        row((P, "chronic by its code only"), fact("sequela-weakness", started=ago(10)), id="sequela of 10 days"),
        row((P, "no value"), fact("foot-drop", certainty=Certainty.VALUELESS, started=ago(3)), id="foot drop without a value"),
        row((P, "words"), fact("foot-drop", certainty=Certainty.WORDS, started=ago(3)), id="foot drop in words"),
        row((E, "severe"), fact("leg-weakness", started=ago(3), side=Side.BOTH), id="both legs newly weak"),
        row((E, "severe"), fact("foot-drop", started=ago(30), recorded=ago(30), side=Side.LEFT, trend=Trend.STABLE), exam("5", 60), exam("4", 0), id="an old foot drop and the other side falling"),
        row((U, "new"), fact("leg-weakness", started=ago(3), side=Side.LEFT), fact("reflex-loss", started=ago(3), side=Side.RIGHT), id="lost reflexes are no second side"),
        row((E, "severe"), fact("foot-drop", started=ago(30), side=Side.LEFT, trend=Trend.STABLE), *KNEE_FALLING, id="a foot drop and another root group"),
        row((U, "progressive"), fact("leg-weakness", started=ago(30), side=Side.LEFT), *KNEE_FALLING, id="a weak leg is no root group of its own"),
        row((P, "new"), fact("leg-weakness", started=ago(10), side=Side.LEFT), fact("peripheral-nerve-cause", started=ago(20), side=Side.LEFT), id="a new weakness with a peripheral cause"),
        row((U, "new"), fact("leg-weakness", started=ago(10), side=Side.LEFT), fact("peripheral-nerve-cause", started=ago(20), side=Side.RIGHT), id="a peripheral cause of the other side"),
        row((P, "undated"), fact("foot-drop", side=Side.LEFT), fact("stroke", started=ago(20), side=Side.LEFT), id="an undated foot drop is not after a stroke"),
        row((U, "foot drop"), fact("foot-drop", started=ago(10), side=Side.LEFT), fact("stroke", started=ago(20), side=Side.LEFT), id="a stroke before a foot drop"),
        row((U, "progressive"), exam("5", 60), exam("4", 14), id="a fall, the exam 14 days old"),
        row((U, "progressive"), exam("5", 60), exam("4", 15), id="a fall, the exam 15 days old"),
        row((P, "small or old change"), exam("5", 60), exam("4.3", 0), id="a fall of 0.7"),
        row((U, "new"), fact("leg-weakness", started=ago(10), side=Side.LEFT, trend=Trend.IMPROVING), fact("leg-weakness", started=ago(10), side=Side.RIGHT), id="a side that improves does not make the other severe"),
        row((P, "undated"), fact("leg-weakness", side=Side.LEFT), fact("leg-weakness", side=Side.RIGHT, resource="Condition/right"), id="two undated sides are not severe"),
    ],
)  # fmt: skip
def test_neurology_turns_on_these_days_and_sites(
    entries: tuple[Any, ...], expected: Expected, guideline: Guideline
) -> None:
    facts, order = record(*entries), mri_order()
    seen = read_pain(facts, order, TODAY, guideline)
    assert told(assess_neurology(facts, seen, order, TODAY, guideline)) == expected


@pytest.mark.parametrize(
    ("begun", "expected"),
    [pytest.param(11, U, id="the day before"), pytest.param(10, E, id="the same day")],
)
def test_a_peripheral_cause_must_be_older_by_a_day(
    begun: int, expected: Outcome, guideline: Guideline
) -> None:
    drop = fact("foot-drop", started=ago(10), side=Side.LEFT)
    cause = fact("peripheral-nerve-cause", started=ago(begun), side=Side.LEFT)
    facts, order = record(drop, cause), mri_order()
    seen = read_pain(facts, order, TODAY, guideline)
    found = assess_neurology(facts, seen, order, TODAY, guideline)
    assert found is not None
    assert found.outcome is expected


SURGERY = done("lumbar-surgery", performed=ago(8), region=Region.LUMBAR)


def crp(value: str, when: Any) -> Any:
    return measurement(Measure.CRP, value, None, when=when, resource=f"Observation/crp-{value}")


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        row(P, fact("raised-inflammatory-markers"), id="raised markers, undated and current"),
        row(None, fact("raised-inflammatory-markers", state=State.ENDED), id="raised markers, undated and past"),
        row(P, fact("raised-inflammatory-markers", started=ago(14)), id="raised markers, 14 days"),
        row(None, fact("raised-inflammatory-markers", started=ago(15)), id="raised markers, 15 days"),
        row(P, fact("spinal-infection", state=State.ENDED), id="infection of the spine, undated and past"),
        row(None, fact("fever", state=State.ENDED), id="fever, undated and past"),
        row(P, fact("fever"), id="fever, undated and current"),
        row(P, fact("tuberculosis", state=State.ENDED), id="tuberculosis of the past"),
        row(U, fact("tuberculosis"), fact("heroin-dependence", recorded=ago(30)), id="tuberculosis and heroin are two facts"),
        row(P, fact("heroin-dependence", history=True, recorded=ago(365)), id="heroin, a year ago"),
        row(None, fact("heroin-dependence", history=True, recorded=ago(366)), id="heroin, longer ago"),
        row(P, fact("injecting-drug-use-past"), id="past injecting, undated"),
        row(P, fact("injecting-drug-use", history=True, recorded=ago(100)), id="past injecting, its end unknown"),
        row(U, fact("injecting-drug-use", history=True, recorded=ago(100), ended=ago(100)), id="past injecting, ended 100 days ago"),
        row(U, fact("bacteraemia"), id="bacteraemia, undated and current"),
        row(P, fact("bacteraemia", state=State.ENDED), id="bacteraemia, undated and past"),
        row(P, fact("bacteraemia", started=ago(91)), id="bacteraemia of 91 days that is active"),
        row(None, fact("bacteraemia", started=ago(200), ended=ago(91), state=State.ENDED), id="bacteraemia that ended 91 days ago"),
        row(U, fact("bacteraemia", started=ago(200), ended=ago(90), state=State.ENDED), id="bacteraemia that ended 90 days ago"),
        row(P, fact("postoperative-infection", region=Region.OTHER, started=ago(5)), SURGERY, id="an infected wound of another place"),
        row(U, fact("postoperative-infection", started=ago(8)), SURGERY, id="a wound infection of the day of surgery"),
        row(P, fact("postoperative-infection", started=ago(9)), SURGERY, id="a wound infection of the day before"),
        row(None, crp("80", ago(5)), crp("40", ago(3)), crp("40", ago(1)), SURGERY, id="CRP after surgery falls and stays"),
        row(U, crp("80", ago(5)), crp("40", ago(3)), crp("41", ago(1)), SURGERY, id="CRP after surgery rises again"),
        row(None, crp("60", ago(5)), crp("60", ago(3)), crp("60", ago(1)), SURGERY, id="CRP after surgery never fell"),
        row(None, crp("60", ago(5)), crp("60.0", ago(3)), crp("61", ago(1)), SURGERY, id="CRP after surgery rises without a fall"),
        row(None, crp("80", ago(5)), crp("40", ago(1)), crp("41", ago(1)), SURGERY, id="CRP of one day after surgery"),
        row(None, measurement(Measure.CRP, None, 3, text="60", problem=ValueProblem.NO_UNIT, flagged_high=True), SURGERY, id="CRP flagged high after surgery"),
        row(None, crp("80", ago(11)), crp("40", ago(8)), crp("60", ago(2)), done("lumbar-surgery", performed=ago(12), resource="Procedure/first"), done("lumbar-surgery", performed=ago(5), resource="Procedure/second"), id="the CRP of a second surgery"),
        row(U, crp("80", ago(9)), crp("40", ago(8)), SURGERY, id="CRP before and on the day of surgery"),
        row(U, crp("50", clock(8, "10:00")), done("lumbar-surgery", performed=clock(8, "10:00")), id="CRP at the minute of surgery"),
        row(None, crp("50", clock(8, "10:01")), done("lumbar-surgery", performed=clock(8, "10:00")), id="CRP a minute after surgery"),
        row(U, crp("50", ago(8)), done("lumbar-surgery"), id="CRP beside surgery of an unknown day"),
    ],
)  # fmt: skip
def test_infection_turns_on_these_days_and_values(
    entries: tuple[Any, ...], expected: Outcome | None, guideline: Guideline
) -> None:
    facts, order = record(pain(20), *entries), mri_order()
    seen = read_pain(facts, order, TODAY, guideline)
    finding = assess_infection(facts, seen, order, TODAY, guideline, neuro=False)
    assert (finding and finding.outcome) is expected


def weight(kilograms: str, days: int | None) -> Any:
    return measurement(Measure.WEIGHT, kilograms, days)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        row(P, weight("80", 181), weight("76", 1), id="5 % in 180 days"),
        row(None, weight("80", 182), weight("76", 1), id="5 % in 181 days"),
        row(P, weight("80", 2), weight("76", 1), id="5 % in a day"),
        row(None, weight("80", 1), weight("76", 1), id="5 % on one day"),
        row(None, weight("80", None), weight("76", 1), id="an undated weight"),
        row(None, fact("night-pain", state=State.ENDED), id="night pain, undated and past"),
        row(P, fact("night-pain"), id="night pain, undated and current"),
        row(P, fact("cancer", history=True, state=State.ENDED), id="a past cancer without a date"),
        row(U, medicine("antineoplastic", started=ago(200), ended=ago(180)), id="treatment that ended 180 days ago"),
        row(None, medicine("antineoplastic", started=ago(200), ended=ago(181)), id="treatment that ended 181 days ago"),
    ],
)  # fmt: skip
def test_cancer_turns_on_these_days_and_values(
    entries: tuple[Any, ...], expected: Outcome | None, guideline: Guideline
) -> None:
    facts, order = record(pain(20), *entries), mri_order()
    seen = read_pain(facts, order, TODAY, guideline)
    finding = assess_cancer(facts, seen, order, TODAY, guideline, neuro=False)
    assert (finding and finding.outcome) is expected


@pytest.mark.parametrize(
    "concepts",
    [
        pytest.param(("drug-use", "heroin-dependence"), id="heroin"),
        pytest.param(("drug-use", "injecting-drug-use"), id="injecting"),
        pytest.param(("drug-use", "injecting-drug-use-past"), id="past injecting"),
    ],
)
def test_a_risk_that_has_a_tier_is_not_listed_again(concepts: tuple[str, ...], guideline: Guideline) -> None:
    assert list_contributory(record(fact("drug-use")), TODAY, guideline, suspected=True) != ()
    assert list_contributory(record(fact(*concepts)), TODAY, guideline, suspected=True) == ()


WORSE = {"trend": Trend.WORSENING}
OVER = ended("low-back-pain", 50, resource="Condition/over")
OVER_AND_WORSE = replace(OVER, trend=Trend.WORSENING, recorded=ago(2))
IMPLANT = DeviceFact(
    frozenset({"spinal-hardware"}), "Device/1", "Pedicle screws", DeviceSafety.UNKNOWN, when=ago(300)
)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        row((U, "recent"), SURGERY, pain(400, recorded=ago(2), **WORSE), id="worse since the surgery"),
        row(None, SURGERY, pain(400, recorded=ago(9), **WORSE), id="worse before the surgery"),
        row((U, "recent"), SURGERY, pain(400, recorded=ago(20), trend_on=ago(3), **WORSE), id="a note says worse since"),
        row(None, SURGERY, pain(400, recorded=ago(400)), fact("sciatica-of-nobody", recorded=ago(2), **WORSE), id="another thing is worse"),
        row((U, "recent"), SURGERY, pain(400, recorded=ago(400)), score("3", 8), score("5", 3), id="two points more since that day"),
        row(None, SURGERY, pain(400, recorded=ago(400)), score("3", 9), score("5", 9), score("5", 3), id="two points more before it"),
        row((U, "recent"), SURGERY, pain(400, recorded=ago(400)), score("6", 7), score("3", 5), score("5", 3), id="two points up from the lowest"),
        row((U, "recent"), SURGERY, pain(400, recorded=ago(400)), score("3", 7), score("4", 5), score("5", 3), id="two points up in two steps"),
        row((U, "recent"), SURGERY, pain(400, recorded=ago(400)), score("3", 20), score("6", 8), id="a score of that day is of after it"),
        row(None, SURGERY, pain(400, recorded=ago(9), **WORSE), OVER_AND_WORSE, id="a pain that is over is said to be worse since"),
        row(None, SURGERY, pain(400, recorded=ago(9), **WORSE), fact("night-pain", recorded=ago(2)), id="another thing is recorded since"),
        row((U, "recent"), SURGERY, pain(400, recorded=ago(400)), fact("pain-free", recorded=ago(0)), id="pain-free today"),
        row((U, "recent"), SURGERY, OVER, pain(recorded=ago(8)), id="recorded anew on that day"),
        row((U, "recent"), SURGERY, ended("low-back-pain", 5, resource="Condition/over"), pain(recorded=ago(5)), id="recorded anew on the day of an end"),
        row(None, SURGERY, pain(recorded=ago(5)), medicine("nsaid", started=ago(46), reasons=frozenset({"low-back-pain"})), id="treated for it before the surgery"),
        row((P, "pain not dated"), SURGERY, OVER, fact("low-back-pain", origin=Origin.ORDER, certainty=Certainty.SUSPECTED), id="a pain that is over beside the order's reason"),
        row((INDICATED, "late"), IMPLANT, pain(290, recorded=ago(290)), id="pain begun after the hardware was on record"),
        row((INDICATED, "late"), IMPLANT, pain(300, recorded=ago(300)), id="pain of the day when the hardware was on record"),
        row((P, "date unknown"), IMPLANT, pain(301, recorded=ago(301)), id="pain of the day before"),
        row((U, "recent"), fact("lumbar-surgery", started=ago(20), origin=Origin.CONDITION), pain(10), id="surgery as a problem with its day"),
        row((U, "recent"), fact("lumbar-surgery", started=ago(20), origin=Origin.PROCEDURE), pain(10), id="surgery as an entry of a list"),
        row((INDICATED, "late"), fact("spinal-surgery-history", started=ago(20)), pain(10), id="the onset of a syndrome is no day of surgery"),
        row((INDICATED, "late"), done("lumbar-surgery", performed=on("2012"), region=Region.LUMBAR), pain(10), id="surgery of a year"),
        row((INDICATED, "undated"), pain(10), fact("reason-red-flag-procedure", origin=Origin.ORDER), id="the order's word alone"),
    ],
)  # fmt: skip
def test_pain_after_a_procedure_turns_on_these_days(
    entries: tuple[Any, ...], expected: Expected, guideline: Guideline
) -> None:
    facts, order = record(*entries), mri_order()
    seen = read_pain(facts, order, TODAY, guideline)
    finding = assess_procedure(facts, seen, order, TODAY, guideline, neuro=False, fever=False)
    assert told(finding) == expected
