"""What one procedure, alarm or complication comes to by itself (R6; 2.10, 8.3, 8.6.2, 8.7.5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Evidence, Outcome
from cds_service.guideline.lumbar_mri.assertions import counts_fully, evidence_of
from cds_service.guideline.lumbar_mri.clues import plain_name
from cds_service.guideline.lumbar_mri.inflammation import read_fever
from cds_service.guideline.lumbar_mri.interventions import Intervention, Kind, days_since
from cds_service.guideline.lumbar_mri.measured_values import measured_in, show
from cds_service.guideline.lumbar_mri.pain_after import has_risen_since
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.dates import Interval
from cds_service.record.facts import Fact, Measure, PatientFacts, Region, State

HAEMATOMA = "spinal-haematoma"
LUMBAR_COMPLICATIONS = ("csf-leak", "implant-failure")
OTHER_COMPLICATIONS = ("procedure-complication",)
# "Other postprocedural state" says so little that only a spinal site makes it a fact.
ONLY_WITH_A_SITE = ("post-procedural-disorder",)
_ANTICOAGULANTS = ("anticoagulant", "anticoagulation", "bleeding-disorder")
_LEG_SYMPTOMS = (
    "radicular-pain", "bilateral-leg-symptoms", "leg-numbness", "leg-weakness", "foot-drop", "paraparesis",
    "gait-loss",
)  # fmt: skip
_RETENTION = ("retention-postoperative", "retention-drug")


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome, why, and the lines that show it."""

    outcome: Outcome
    tier: str
    variant: str
    evidence: tuple[Evidence, ...]
    name: str  # of the procedure, in a few words
    when: Interval | None = None  # when it was done
    flags: frozenset[str] = field(default_factory=frozenset)


def judge_time(
    intervention: Intervention, new: bool | None, today: date, guideline: Guideline
) -> Verdict | None:
    """The verdict by kind, age and level; `new`: whether the pain is new or worse (None: unknown)."""
    if intervention.when is None:
        judged = _judge_undated(intervention, new, guideline)
    else:
        judged = _judge_dated(intervention, new, today, guideline)
    if judged is None:
        return None
    outcome, tier, variant = judged
    note = ""
    if intervention.only_words and outcome.rank > Outcome.POSSIBLE.rank:
        outcome, tier, variant, note = Outcome.POSSIBLE, "words", "possible", "in words only"
    return _verdict(intervention, outcome, tier, variant, note)


def _judge_undated(
    intervention: Intervention, new: bool | None, guideline: Guideline
) -> tuple[Outcome, str, str] | None:
    """Surgery with new or worse pain is late; all else asks for the day (2.10)."""
    if intervention.kind is Kind.NEEDLE and not guideline.switches.needle_counts_as_invasive:
        return None
    if intervention.kind in (Kind.SURGERY, Kind.IMPLANT) and new and intervention.level_known:
        return _late(guideline)
    return Outcome.POSSIBLE, "date unknown", "possible-date"


def _judge_dated(
    intervention: Intervention, new: bool | None, today: date, guideline: Guideline
) -> tuple[Outcome, str, str] | None:
    limits = guideline.thresholds
    days = days_since(intervention, today) or 0
    if new is False or not _still_counts(intervention, days, guideline):
        return None
    if not intervention.level_known:
        return Outcome.POSSIBLE, "level unknown", "possible-level"
    if intervention.kind is Kind.NEEDLE:
        return _by_switch(guideline.switches.needle_outcome, "needle", "possible-needle")
    if new is None or intervention.kind is Kind.UNKNOWN:
        return Outcome.POSSIBLE, "pain not dated", "possible"
    # An injection that still counts is recent: it has no late tier (2.10).
    is_recent = intervention.kind is Kind.INJECTION or days <= limits.procedure_recent_days
    return (Outcome.URGENT, "recent", "urgent") if is_recent else _late(guideline)


def _still_counts(intervention: Intervention, days: int, guideline: Guideline) -> bool:
    """Surgery and implants for ever, injections and needles for their windows (2.10, row none)."""
    match intervention.kind:
        case Kind.SURGERY | Kind.IMPLANT | Kind.UNKNOWN:
            return True
        case Kind.INJECTION:
            return days <= guideline.thresholds.injection_days
        case Kind.NEEDLE:
            counts = guideline.switches.needle_counts_as_invasive
            return counts and days <= guideline.thresholds.needle_days


def _late(guideline: Guideline) -> tuple[Outcome, str, str]:
    return _by_switch(guideline.switches.late_procedure_outcome, "late", "possible")


def _by_switch(switch: str, tier: str, possible: str) -> tuple[Outcome, str, str]:
    outcome = Outcome(switch)
    return outcome, tier, possible if outcome is Outcome.POSSIBLE else outcome.value


def _verdict(intervention: Intervention, outcome: Outcome, tier: str, variant: str, note: str) -> Verdict:
    line = intervention.evidence
    shown = Evidence(line.text, line.resource, line.when, line.short, note)
    operated = intervention.kind in (Kind.SURGERY, Kind.IMPLANT)
    flags = frozenset({"surgery"} if operated and tier == "recent" else ())
    return Verdict(outcome, tier, variant, (shown,), intervention.name, intervention.when, flags)


def judge_alarms(
    intervention: Intervention,
    facts: PatientFacts,
    today: date,
    limits: Thresholds,
    *,
    neuro: bool,
    fever: bool,
) -> Verdict | None:
    """An emergency where a procedure of the last days meets an alarm feature, also without recorded pain."""
    days = days_since(intervention, today)
    if days is None or days > limits.procedure_alarm_days or intervention.only_words:
        return None
    alarms = dict(_alarms(intervention, facts, today, limits))
    flags = set(alarms)
    if neuro:
        flags.add("neuro")
    if fever:
        flags.add("fever")
        alarms["fever"] = tuple(clue.evidence for clue in read_fever(facts, today, limits)[:1])
    if not flags:
        return None
    shown = tuple(line for lines in alarms.values() for line in lines)
    return Verdict(
        Outcome.EMERGENCY, "alarm", "emergency", (*shown, intervention.evidence), intervention.name,
        intervention.when, frozenset(flags),
    )  # fmt: skip


def _alarms(
    intervention: Intervention, facts: PatientFacts, today: date, limits: Thresholds
) -> Iterator[tuple[str, tuple[Evidence, ...]]]:
    if intervention.when is None:
        return
    day = intervention.when.first
    scores = measured_in(facts, Measure.PAIN_SCORE, limits.pain_score_window_days, today)
    severe = has_risen_since(scores, day, limits.procedure_alarm_rise_points)
    if severe and severe.value is not None and severe.value >= limits.procedure_alarm_score:
        yield "severe-pain", (show(severe, note="risen since the procedure"),)
    legs = _began_since(facts, _LEG_SYMPTOMS, day)
    thinned = anticoagulation(facts, day)
    if legs and thinned:
        yield "anticoagulant", (*legs[:1], *thinned[:1])
    retention = _began_since(facts, _RETENTION, day)
    if retention:
        yield "retention", retention[:1]


def _began_since(facts: PatientFacts, concepts: tuple[str, ...], day: date) -> tuple[Evidence, ...]:
    """Sure and current facts that may have begun on the day or later; an undated one may have, too."""
    return tuple(
        _line(fact)
        for fact in facts.about(*concepts)
        if counts_fully(fact)
        and fact.state is State.CURRENT
        and fact.region is not Region.ARM
        and (fact.when is None or fact.when.last >= day)
    )


def anticoagulation(facts: PatientFacts, day: date) -> tuple[Evidence, ...]:
    """An anticoagulant taken on the day or later, or a bleeding disorder."""
    stated = [_line(f) for f in facts.about(*_ANTICOAGULANTS) if counts_fully(f) and f.state is State.CURRENT]
    taken = [
        Evidence(medicine.text, medicine.resource, medicine.started, plain_name(medicine.text))
        for medicine in facts.medications
        if not medicine.concepts.isdisjoint(_ANTICOAGULANTS)
        and (medicine.open or any(m.last >= day for m in (medicine.ended, medicine.started) if m))
    ]
    return (*taken, *stated)


def _line(fact: Fact, note: str = "") -> Evidence:
    return evidence_of(fact, plain_name(fact.text), note)


def has_spinal_haematoma(facts: PatientFacts, today: date, guideline: Guideline) -> Fact | None:
    """The haematoma of the spine that is recorded as current, known or suspected: an emergency (8.3, G5).

    R6 has it where a procedure is on record, else R3; the newest where there are several.
    """
    found = [
        fact
        for fact in facts.about(HAEMATOMA)
        if counts_fully(fact) and fact.state is State.CURRENT and not (fact.disputed or fact.history)
    ]
    return max(found, key=lambda fact: fact.when.last if fact.when else date.max, default=None)


def judge_haematoma(
    interventions: Sequence[Intervention], facts: PatientFacts, today: date, guideline: Guideline
) -> Verdict | None:
    """A haematoma of the spine where a procedure is on record; named by the newest procedure."""
    if not interventions:
        return None
    newest = max(interventions, key=lambda each: each.when.last if each.when else date.min)
    haematoma = has_spinal_haematoma(facts, today, guideline)
    if haematoma is not None:
        shown = (_line(haematoma), newest.evidence)
        return Verdict(
            Outcome.EMERGENCY, "haematoma", "emergency-haematoma", shown, newest.name, newest.when,
            frozenset({"haematoma"}),
        )  # fmt: skip
    asked = [f for f in facts.about(HAEMATOMA) if f.certainty.positive and f.state is State.CURRENT]
    if not asked:
        return None
    return Verdict(
        Outcome.POSSIBLE,
        "words",
        "possible",
        (_line(asked[0], _why_only_possible(asked[0])),),
        newest.name,
        newest.when,
    )


def judge_complications(facts: PatientFacts, today: date, guideline: Guideline) -> Iterator[Verdict]:
    """Leak, tear and implant failure of the lumbar spine by their age; the others ask (8.3, G5)."""
    for fact in facts.about(*LUMBAR_COMPLICATIONS, *OTHER_COMPLICATIONS, *ONLY_WITH_A_SITE):
        if not fact.certainty.positive or fact.state is not State.CURRENT or _is_elsewhere(fact):
            continue
        outcome, tier, variant = _judge_complication(fact, today, guideline)
        name = plain_name(fact.text)
        yield Verdict(outcome, tier, variant, (_line(fact, _why_only_possible(fact)),), name, fact.when)


def _is_elsewhere(fact: Fact) -> bool:
    if fact.is_about(*LUMBAR_COMPLICATIONS, *OTHER_COMPLICATIONS):
        return fact.region is Region.OTHER_SPINE
    return fact.region not in (Region.LUMBAR, Region.SPINE)


def _judge_complication(fact: Fact, today: date, guideline: Guideline) -> tuple[Outcome, str, str]:
    of_lumbar_spine = fact.is_about(*LUMBAR_COMPLICATIONS)
    if not of_lumbar_spine or not counts_fully(fact) or fact.disputed or fact.history:
        return Outcome.POSSIBLE, "complication", "possible"
    limits = guideline.thresholds
    if fact.when is not None and fact.when.within(limits.procedure_recent_days, today):
        return Outcome.URGENT, "complication", "urgent-complication"
    return _late(guideline)


def _why_only_possible(fact: Fact) -> str:
    if fact.disputed:
        return "records disagree"
    return "" if counts_fully(fact) else "in words only"
