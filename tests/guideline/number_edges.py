"""For each number of the guideline a record in which one thing is worth `n`, and where the answer must turn.

At `n` equal to the number the answer is one, and one step on it is another: wherever the number is set.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Evidence, Outcome
from cds_service.guideline.lumbar_mri.decision import decide
from cds_service.guideline.lumbar_mri.repeat import with_repeat_rule
from cds_service.protocol.request import read_hook_request
from cds_service.record.facts import Certainty, Fact, Measure, Origin, PowerExam, Region, Side, State, Trend
from cds_service.record.quantities import CANONICAL, to_canonical
from cds_service.record.reader import read_facts
from tests import builders
from tests.guideline.lumbar_mri.facts_builders import (
    NOW,
    TODAY,
    ago,
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
from tests.guideline.lumbar_mri.overrides_builders import memory_of

Answer = Any  # whatever can be compared
Ask = Callable[[Guideline, Any], Answer]


@dataclass(frozen=True)
class Edge:
    """Where one number decides: the answer at the number differs from that one step on.

    `moved` is another legal value. `given` are other numbers under which this one can decide at all.
    """

    name: str
    ask: Ask
    step: Decimal | int
    moved: Decimal | int
    given: Mapping[str, Any] = field(default_factory=dict)


def told(entries: Callable[[Any], tuple[Any, ...]], **order: Any) -> Ask:
    """Everything that is answered to a record with these entries, about somebody of 36 years."""
    return lambda guideline, n: _everything(_answer(guideline, entries(n), "1990-01-01", order))


def outcome_of(entries: Callable[[Any], tuple[Any, ...]]) -> Ask:
    """The outcome alone, where the card quotes how much there is."""
    return lambda guideline, n: _answer(guideline, entries(n), "1990-01-01", {}).outcome


def is_emergency(entries: Callable[[Any], tuple[Any, ...]]) -> Ask:
    """Whether it is an emergency, where another number decides among the lower outcomes."""
    return lambda guideline, n: _answer(guideline, entries(n), "1990-01-01", {}).outcome is Outcome.EMERGENCY


def born(*entries: Any) -> Ask:
    """Everything that is answered to a record of somebody who is n years old today."""
    return lambda guideline, n: _everything(_answer(guideline, entries, f"{TODAY.year - int(n)}-06-15", {}))


def _answer(guideline: Guideline, entries: tuple[Any, ...], birth: str, order: dict[str, Any]) -> Decision:
    facts = record(
        *entries, birth_date=on(birth), encounter_class="AMB", earliest_entry=TODAY - timedelta(days=3000)
    )
    return decide(mri_order(**order), facts, NOW, guideline, hook="order-sign")


def _everything(decision: Decision) -> Answer:
    """Everything of a decision that a reader would notice, without dates and quoted values."""
    return (
        decision.outcome,
        decision.reason,
        decision.endorsed,
        tuple((finding.recommendation, finding.outcome, finding.tier) for finding in decision.findings),
        tuple(_seen(line) for finding in decision.findings for line in finding.evidence),
        tuple(_seen(line) for line in decision.listed),
        tuple(_seen(line) for line in decision.stale),
        tuple(line.kind for line in decision.safety),
        decision.not_recorded,
        decision.first_lines,
        "screen" in decision.fills,
        decision.silent,
    )


def _seen(line: Evidence) -> tuple[str, str]:
    return (line.resource or "").partition("/")[0], line.note


def plausible(measure: Measure) -> Ask:
    """Whether a value is used, in the unit of the rules."""

    def ask(guideline: Guideline, n: Any) -> Answer:
        unit = CANONICAL[measure]
        return to_canonical(measure, Decimal(n), (unit,), guideline.patterns, guideline.thresholds)[1]

    return ask


def _days_ahead(guideline: Guideline, n: Any) -> Answer:
    """Whether a problem that is dated n days ahead has a date."""
    when = (TODAY + timedelta(days=int(n))).isoformat()
    code = builders.concept("Numbness of saddle area", snomed="449813001")
    (found,) = _read(builders.condition(code, onset=when), guideline).about("saddle-numbness")
    return found.started_problem


def _daily_steroid(guideline: Guideline, n: Any) -> Answer:
    """Whether a daily dose of prednisolone is read."""
    drug = builders.concept("Prednisolone")
    (found,) = _read(
        builders.medication_request(drug, authored="2026-06-01", daily_mg=int(n)), guideline
    ).medications
    return found.prednisolone_mg_per_day is None


def _read(resource: dict[str, Any], guideline: Guideline) -> Any:
    body = builders.hook_request(
        "order-sign",
        hook_instance="a",
        draft_orders=[builders.service_request(builders.concept("MRI lumbar spine"))],
        prefetch=builders.prefetch_of(
            builders.patient("1990-01-01"), [resource], builders.encounter("2026-06-15")
        ),
    )
    prefetch = read_hook_request(body, "order-sign", guideline.prefetch).prefetch
    return read_facts(prefetch, patient_id=builders.PATIENT_ID, now=NOW, guideline=guideline)


def _exam(grade: Any, days: Any) -> PowerExam:
    return PowerExam(
        "ankle dorsiflexion", "L4-L5", Region.LEG, Side.RIGHT, Decimal(grade),
        f"Observation/power-{days}", "Right ankle dorsiflexion", ago(int(days)),
    )  # fmt: skip


def _temperature(value: Any, days: Any) -> Any:
    return measurement(Measure.TEMPERATURE, str(value), int(days))


def _crp(value: Any, days: Any) -> Any:
    return measurement(Measure.CRP, str(value), int(days))


def _weight(value: Any, days: Any) -> Any:
    return measurement(Measure.WEIGHT, str(value), int(days))


def _past(concept: str, ended: Any) -> Fact:
    return fact(concept, started=ago(9000), ended=ended, state=State.ENDED)


def _physiotherapy(days: int) -> Any:
    return done("physical-therapy", performed=ago(days), resource=f"Procedure/physio-{days}")


def _denied(concept: str, days: int) -> Fact:
    return fact(
        concept, certainty=Certainty.DENIED, origin=Origin.ANSWER, started=ago(days), recorded=ago(days),
        resource="QuestionnaireResponse/form",
    )  # fmt: skip


_WEAK = (
    fact("night-pain", started=ago(5)),
    fact("weight-loss", started=ago(5)),
    _crp(14, 5),
    fact("infection-elsewhere", started=ago(20)),
)
_SURGERY = "lumbar-surgery"


def _surgery(days: int) -> Any:
    return done(_SURGERY, performed=ago(days))


def _steroid(mg: Any, first: int, last: int) -> Any:
    return medicine(
        "corticosteroid", prednisolone_mg_per_day=Decimal(mg), started=ago(first), ended=ago(last)
    )


def _egfr(value: Any, days: int) -> Any:
    return measurement(Measure.EGFR, str(value), days)


def edges() -> Iterator[Edge]:
    """One edge for every number of the guideline."""
    yield from _pain_and_care()
    yield from _neurology()
    yield from _cauda_equina()
    yield from _cancer()
    yield from _infection()
    yield from _procedures()
    yield from _outside_and_safety()
    yield from _plausibility()


def _pain_and_care() -> Iterator[Edge]:
    yield Edge("adult_age", born(pain(10)), -1, 21)
    yield Edge(
        "pain_episode_gap_days",
        told(lambda n: (pain(10), pain(20 + n, state=State.ENDED, ended=ago(10 + n), resource="Condition/old"))),
        1, 200,
    )  # fmt: skip
    yield Edge("pain_short_days", told(lambda n: (pain(n),)), -1, 35)
    yield Edge(
        "pain_trend_days",
        told(lambda n: (pain(100), pain(100, trend=Trend.IMPROVING, recorded=ago(n), resource="Condition/b"))),
        1, 40,
    )  # fmt: skip
    yield Edge("pain_score_window_days", told(lambda n: (pain(400), score("8", n), score("3", 0))), 1, 60)
    yield Edge(
        "pain_improved_points", told(lambda n: (pain(40), score("4", 20), score(str(4 - n), 1))), -1, 3
    )
    yield Edge(
        "pain_improved_percent",
        told(lambda n: (pain(40), score("5", 20), score(str(5 - 5 * Decimal(n) / 100), 1))),
        -1, 40, {"pain_improved_points": Decimal("0.5")},
    )  # fmt: skip
    yield Edge(
        "pain_improved_latest_score", told(lambda n: (pain(40), score("9", 20), score(str(n), 1))), 1, 5
    )
    yield Edge("care_min_days", told(lambda n: (pain(90), _physiotherapy(n), _physiotherapy(2))), -1, 35)
    yield Edge("care_full_days", told(lambda n: (pain(90), _physiotherapy(n), _physiotherapy(2))), -1, 50)
    yield Edge(
        "care_before_onset_days",
        told(lambda n: (pain(40), _physiotherapy(40 + n), _physiotherapy(10))),
        1, 10,
    )  # fmt: skip
    yield Edge(
        "care_items_gap_days", told(lambda n: (pain(90), _physiotherapy(60), _physiotherapy(60 - n))), -1, 20
    )
    yield Edge(
        "care_cover_days",
        told(lambda n: (pain(90), medicine("nsaid", started=ago(60), ended=ago(61 - n), reasons=frozenset({"low-back-pain"})))),
        -1, 20,
    )  # fmt: skip
    yield Edge("prior_mri_days", told(lambda n: (pain(10), scan(n))), 1, 200)
    yield Edge(
        "negative_screen_days",
        told(
            lambda n: (
                pain(20), _denied("saddle-numbness", n), _denied("urinary-retention", n), _denied("leg-weakness", n),
            )
        ),
        1, 10,
    )  # fmt: skip


def _neurology() -> Iterator[Edge]:
    yield Edge("power_baseline_days", told(lambda n: (_exam(5, n + 5), _exam(4, 5))), 1, 60)
    yield Edge("power_fresh_days", told(lambda n: (_exam(5, n + 5), _exam(4, n))), 1, 20)
    yield Edge("power_recent_days", told(lambda n: (_exam(5, n + 5), _exam(4, n))), 1, 60)
    yield Edge(
        "power_drop_grades",
        told(lambda n: (_exam(5, 40), _exam(5 - Decimal(n), 1))),
        Decimal("-0.1"),
        Decimal("1.5"),
    )
    yield Edge(
        "power_small_drop_grades",
        told(lambda n: (_exam(4, 120), _exam(4 - Decimal(n), 1))),
        Decimal("-0.1"),
        Decimal("0.5"),
    )
    yield Edge("power_severe_grade", told(lambda n: (_exam(n, 1),)), Decimal("0.1"), 2)
    yield Edge("power_rapid_days", told(lambda n: (_exam(5, n + 1), _exam(4, 1))), 1, 20)
    yield Edge("deficit_new_days", told(lambda n: (_exam(2, n), _exam(2, 1))), 1, 50)
    yield Edge("deficit_stable_days", told(lambda n: (_exam(4, n + 1), _exam(4, 1))), -1, 100)


def _cauda_equina() -> Iterator[Edge]:
    yield Edge(
        "bilateral_days",
        told(
            lambda n: (
                fact("radicular-pain", side=Side.LEFT, started=ago(2), resource="Condition/left"),
                fact("radicular-pain", side=Side.RIGHT, started=ago(2 + n), resource="Condition/right"),
            )
        ),
        1, 20,
    )  # fmt: skip
    yield Edge("cauda_acute_days", told(lambda n: (fact("saddle-numbness", started=ago(n)),)), 1, 20)
    yield Edge("cauda_subacute_days", told(lambda n: (fact("saddle-numbness", started=ago(n)),)), 1, 60)
    yield Edge("cauda_diagnosis_days", told(lambda n: (fact("cauda-equina", started=ago(n)),)), 1, 60)
    yield Edge(
        "cauda_imaging_days",
        told(lambda n: (fact("saddle-numbness", started=ago(60)), scan(n, compression=False))),
        1, 20,
    )  # fmt: skip
    yield Edge("cauda_resolved_days", told(lambda n: (pain(10), _past("saddle-numbness", ago(n)))), 1, 20)
    yield Edge(
        "residual_volume_ml", told(lambda n: (measurement(Measure.RESIDUAL_VOLUME, str(n), 1),)), -1, 300
    )
    yield Edge(
        "bladder_drug_days",
        told(lambda n: (fact("urinary-retention", started=ago(3)), medicine("opioid", started=ago(3 + n), open=True))),
        1, 10,
    )  # fmt: skip
    yield Edge(
        "drug_gap_days",
        told(
            lambda n: (
                fact("urinary-retention", started=ago(3)),
                medicine("opioid", started=ago(5), open=True),
                medicine("opioid", started=ago(30 + n), ended=ago(5 + n), resource="MedicationRequest/old"),
            )
        ),
        -1, 60,
    )  # fmt: skip


def _cancer() -> Iterator[Edge]:
    yield Edge(
        "cancer_remote_years",
        told(lambda n: (pain(10), _past("cancer", on(f"{TODAY.year - int(n)}-06-15")))),
        1, 8,
    )  # fmt: skip
    yield Edge(
        "cancer_treatment_days",
        told(lambda n: (pain(10), medicine("antineoplastic", started=ago(n)))),
        1,
        100,
    )
    yield Edge(
        "weight_loss_percent",
        outcome_of(lambda n: (pain(10), _weight(100, 60), _weight(100 - Decimal(n), 1))),
        -1,
        8,
    )
    yield Edge("weight_loss_days", told(lambda n: (pain(10), _weight(100, n + 1), _weight(90, 1))), 1, 100)
    yield Edge("weight_fresh_days", told(lambda n: (pain(10), _weight(100, n), _weight(90, n - 10))), 1, 300)
    yield Edge("weak_facts_for_urgent", outcome_of(lambda n: (pain(10), *_WEAK[: max(int(n), 1)])), -1, 3)
    yield Edge("symptom_days", told(lambda n: (pain(10), fact("night-pain", started=ago(n)))), 1, 100)


def _infection() -> Iterator[Edge]:
    yield Edge("fever_cel", told(lambda n: (pain(10), _temperature(n, 1))), Decimal("-0.1"), Decimal("38.5"))
    yield Edge("fever_days", told(lambda n: (pain(10), _temperature(39, n))), 1, 10)
    yield Edge("fever_coded_days", told(lambda n: (pain(10), fact("fever", started=ago(n)))), 1, 20)
    yield Edge("lab_days", told(lambda n: (pain(10), _crp(60, n))), 1, 20)
    yield Edge("crp_weak_mg_l", told(lambda n: (pain(10), _crp(n, 1))), 1, 15)
    yield Edge("crp_strong_mg_l", told(lambda n: (pain(10), _crp(n, 1))), 1, 40)
    yield Edge("esr_weak_mm_h", told(lambda n: (pain(10), measurement(Measure.ESR, str(n), 1))), 1, 25)
    yield Edge("esr_strong_mm_h", told(lambda n: (pain(10), measurement(Measure.ESR, str(n), 1))), 1, 60)
    yield Edge("crp_after_surgery_mg_l", told(lambda n: (pain(60), _surgery(10), _crp(n, 1))), 1, 150)
    yield Edge("crp_after_surgery_days", told(lambda n: (pain(60), _surgery(n + 1), _crp(150, 1))), 1, 9)
    yield Edge("lab_after_surgery_days", told(lambda n: (pain(60), _surgery(n + 1), _crp(60, 1))), 1, 20)
    yield Edge("bacteraemia_days", told(lambda n: (pain(10), fact("bacteraemia", started=ago(n)))), 1, 60)
    yield Edge("injecting_days", told(lambda n: (pain(10), _past("injecting-drug-use", ago(n)))), 1, 300)
    yield Edge(
        "biologic_days",
        told(lambda n: (pain(10), medicine("biologic", started=ago(900), ended=ago(n)))),
        1,
        60,
    )
    yield Edge("steroid_mg_per_day", outcome_of(lambda n: (pain(10), _steroid(n, 25, 1))), -1, 30)
    yield Edge("steroid_course_days", outcome_of(lambda n: (pain(10), _steroid(25, n, 1))), -1, 20)
    yield Edge("steroid_ended_days", outcome_of(lambda n: (pain(10), _steroid(25, n + 20, n))), 1, 20)
    yield Edge(
        "steroid_cumulative_days", outcome_of(lambda n: (pain(10), _steroid(5, 100 + n, 101))), -1, 100
    )
    yield Edge("steroid_lookback_days", outcome_of(lambda n: (pain(10), _steroid(5, n + 50, n - 90))), 1, 300)
    yield Edge(
        "spinal_infection_past_days", told(lambda n: (pain(10), _past("spinal-infection", ago(n)))), 1, 300
    )
    yield Edge(
        "infection_elsewhere_days",
        told(lambda n: (pain(10), fact("infection-elsewhere", started=ago(n)))),
        1,
        20,
    )
    yield Edge(
        "infection_source_days",
        told(lambda n: (pain(10), _temperature(39, 1), fact("infection-elsewhere", started=ago(n)))),
        1, 20,
    )  # fmt: skip
    yield Edge(
        "wound_infection_days",
        told(lambda n: (pain(10), fact("postoperative-infection", started=ago(5)), done(_SURGERY, performed=ago(5 + n)))),
        1, 300,
    )  # fmt: skip
    yield Edge("listed_age", born(pain(10), _temperature(39, 1)), 1, 60)


def _procedures() -> Iterator[Edge]:
    yield Edge("procedure_alarm_days", told(lambda n: (pain(1), _surgery(n), _temperature(39, 0))), 1, 20)
    yield Edge("procedure_recent_days", told(lambda n: (pain(1), _surgery(n))), 1, 60)
    yield Edge("injection_days", told(lambda n: (pain(1), done("spinal-injection", performed=ago(n)))), 1, 60)
    yield Edge("needle_days", told(lambda n: (pain(1), done("lumbar-puncture", performed=ago(n)))), 1, 20)
    yield Edge(
        "procedure_alarm_score",
        told(lambda n: (pain(60), _surgery(5), score("2", 10), score(str(n), 1))),
        -1,
        9,
    )
    yield Edge(
        "procedure_alarm_rise_points",
        is_emergency(lambda n: (pain(60), _surgery(5), score(str(9 - Decimal(n)), 10), score("9", 1))),
        -1, 3,
    )  # fmt: skip


def _outside_and_safety() -> Iterator[Edge]:
    yield Edge("trauma_days", told(lambda n: (pain(10), fact("major-trauma", started=ago(n)))), 1, 60)
    yield Edge("fall_risk_age", born(pain(10), fact("fall-or-accident", started=ago(2))), -1, 70)
    yield Edge("mimic_days", told(lambda n: (pain(10), fact("renal-colic", started=ago(n)))), 1, 60)
    with_contrast = {"contrast": "with"}
    yield Edge("egfr_low_ml_min", told(lambda n: (pain(10), _egfr(n, 5)), **with_contrast), -1, 40)
    yield Edge("egfr_days", told(lambda n: (pain(10), _egfr(20, n)), **with_contrast), 1, 200)
    yield Edge(
        "pregnancy_days",
        told(lambda n: (pain(10), fact("pregnancy", started=ago(n))), **with_contrast),
        1,
        280,
    )
    yield Edge("fresh_answer_days", told(lambda n: (pain(10), _denied("saddle-numbness", n))), 1, 20)


def _kept_away(guideline: Guideline, n: Any) -> Answer:
    """Whether advice that was overridden n days ago is silent."""
    decision = _answer(guideline, (pain(10),), "1990-01-01", {})
    memory = memory_of(decision, day=TODAY - timedelta(days=int(n)))
    return with_repeat_rule(decision, memory, guideline).silent


def _plausibility() -> Iterator[Edge]:
    yield Edge("temperature_low_cel", plausible(Measure.TEMPERATURE), -1, 33)
    yield Edge("temperature_high_cel", plausible(Measure.TEMPERATURE), 1, 43)
    yield Edge("residual_volume_high_ml", plausible(Measure.RESIDUAL_VOLUME), 1, 2500)
    yield Edge("crp_high_mg_l", plausible(Measure.CRP), 1, 700)
    yield Edge("esr_high_mm_h", plausible(Measure.ESR), 1, 180)
    yield Edge("pain_score_high", plausible(Measure.PAIN_SCORE), 1, 11)
    yield Edge("weight_low_kg", plausible(Measure.WEIGHT), -1, 25)
    yield Edge("weight_high_kg", plausible(Measure.WEIGHT), 1, 320)
    yield Edge("egfr_high_ml_min", plausible(Measure.EGFR), 1, 180)
    yield Edge("steroid_high_mg_per_day", _daily_steroid, 1, 500)
    yield Edge("future_tolerance_days", _days_ahead, 1, 3)
    yield Edge("repeat_override_days", _kept_away, 1, 14)
