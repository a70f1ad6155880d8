"""Infection of the spine, known or suspected (R5; specification 2.9, 8.1, 8.3, 8.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Evidence, Finding, MriOrder, Outcome, Pathway
from cds_service.guideline.lumbar_mri import (
    coded_infections,
    immunosuppression,
    inflammation,
    weak_symptoms,
)
from cds_service.guideline.lumbar_mri.assertions import counts_fully, evidence_of, is_current
from cds_service.guideline.lumbar_mri.clues import (
    Clue,
    Weight,
    are_enough,
    counting,
    plain_name,
)
from cds_service.guideline.lumbar_mri.coded_infections import (
    ELSEWHERE,
    SEPSIS,
    SPINE,
    explaining_infections,
    read_infections,
)
from cds_service.guideline.lumbar_mri.immunosuppression import read_immunosuppression
from cds_service.guideline.lumbar_mri.inflammation import read_fever, read_markers, stale_markers
from cds_service.guideline.lumbar_mri.pain import Pain
from cds_service.guideline.lumbar_mri.weak_symptoms import read_weak_symptoms
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.facts import Certainty, Fact, PatientFacts, State, read_once

# Only named on the card (2.9); a threshold of the content once it has a name there.
_CONTRIBUTORY = ("diabetes", "drug-use")
# Epidural, subdural or within the cord: the whole spine is imaged (2.12).
ABSCESS = "spinal-abscess"
# What an infection elsewhere may explain (8.7.4).
_EXPLAINABLE = frozenset({"fever", "CRP", "ESR", "raised markers"})

VARIANTS = frozenset({
    "emergency", "emergency-sepsis", "urgent", "urgent-known", "urgent-weak",
    "possible-source", "possible-weak", "possible", "unclear",
})  # fmt: skip

CRITERIA: tuple[tuple[str, str], ...] = (
    ("emergency", "Current sepsis"),
    ("emergency", "A known or suspected infection of the spine, with fever or sepsis"),
    ("emergency", "Fever with another strong fact"),
    ("urgent", "A known or suspected infection of the spine; needs no recorded pain"),
    ("urgent", "One strong fact"),
    ("urgent", "$weak_facts_for_urgent different weak facts"),
    (
        "lowered",
        "One rank lower where fever, CRP and ESR are the only strong facts and a known infection elsewhere "
        "of the last $infection_source_days days is current; with what it explains it is one weak fact",
    ),
    ("possible", "One weak fact"),
    ("possible", "Words in the order or record, a finding without a value, or records that disagree"),
    ("unclear", "An answer of the last $fresh_answer_days days that cannot be used"),
    *coded_infections.CRITERIA,
    *inflammation.CRITERIA,
    *immunosuppression.CRITERIA,
    *weak_symptoms.CRITERIA,
    ("listed", "Diabetes, age over $listed_age years and drug use that is not by injection have no tier"),
)


def assess_infection(
    facts: PatientFacts,
    pain: Pain,
    order: MriOrder,
    today: date,
    guideline: Guideline,
    *,
    neuro: bool,
) -> Finding | None:
    """The infection part of recommendation 5 (2.9, 8.3, 8.7); None where the record holds no clue of it.

    Without recorded pain only an infection of the spine counts, unless `neuro` tells that an R3 or R4
    fact is present (8.7.1); the resolver raises an urgent finding by neurology (2.11).
    A negative MRI closes nothing (2.9).
    """
    limits = guideline.thresholds
    clues = counting(read_infection_clues(facts, today, limits), gate_is_open=pain.present or neuro)
    if not clues:
        return None
    sources = explaining_infections(facts, today, limits)
    outcome, variant = _grade(clues, sources, limits, neuro=neuro)
    clues.sort(key=_precedence)
    return Finding(
        pathway=Pathway.INFECTION,
        recommendation="R5",
        outcome=outcome,
        tier=_TIERS[variant],
        variant=variant,
        evidence=tuple(line for clue in clues for line in (clue.evidence, *clue.also)),
        flags=frozenset(_flags(clues, sources, facts)),
    )


@read_once
def read_infection_clues(facts: PatientFacts, today: date, limits: Thresholds) -> tuple[Clue, ...]:
    """Every clue of infection, with and without a tier."""
    return (
        *read_infections(facts, today, limits),
        *read_fever(facts, today, limits),
        *read_immunosuppression(facts, today, limits),
        *read_markers(facts, today, limits),
        *read_weak_symptoms(facts, today, limits),
    )


def fever_present(facts: PatientFacts, today: date, guideline: Guideline) -> bool:
    """Whether a fever, measured or coded, lies in its window."""
    return any(clue.weight is Weight.STRONG for clue in read_fever(facts, today, guideline.thresholds))


def list_without_pain(facts: PatientFacts, today: date, guideline: Guideline) -> tuple[Evidence, ...]:
    """The clues that count only with back pain, for the card that says that none is recorded (8.7.1)."""
    clues = read_infection_clues(facts, today, guideline.thresholds)
    return tuple(clue.evidence for clue in clues if clue.weight is not Weight.LISTED and not clue.lifts_gate)


def list_contributory(
    facts: PatientFacts, today: date, guideline: Guideline, *, suspected: bool = True
) -> tuple[Evidence, ...]:
    """What the card names and no tier counts: risks, old high values, and those after an operation.

    Age is named only where R5 is `suspected`; on every other card it would be noise.
    """
    clues = read_infection_clues(facts, today, guideline.thresholds)
    risks = [evidence_of(f, plain_name(f.text)) for f in facts.about(*_CONTRIBUTORY) if _is_a_risk(f)]
    untiered = [clue.evidence for clue in clues if clue.weight is Weight.LISTED]
    stale = stale_markers(facts, today, guideline.thresholds)
    age = _age(facts, today, guideline.thresholds.listed_age) if suspected else ()
    return (*risks, *age, *untiered, *stale)


def _grade(
    clues: Sequence[Clue], sources: Sequence[Fact], limits: Thresholds, *, neuro: bool
) -> tuple[Outcome, str]:
    """Outcome and words of all the clues together."""
    strong = _kinds(clues, Weight.STRONG)
    weak = _kinds(clues, Weight.WEAK) - strong
    if SEPSIS in strong:
        return Outcome.EMERGENCY, "emergency-sepsis"
    alone = _grade_strong(strong)
    if sources:
        if strong and strong <= _EXPLAINABLE and not neuro and _has_known(sources):
            return _grade_explained(alone, weak, limits)
        if not strong and weak & _EXPLAINABLE:
            return _grade_explained(None, weak, limits)
    if alone is not None:
        return alone
    if are_enough(weak, limits):
        return Outcome.URGENT, "urgent-weak"
    return _grade_lesser(clues, weak, sources)


def _grade_strong(strong: set[str]) -> tuple[Outcome, str] | None:
    if "fever" in strong and len(strong) > 1:
        return Outcome.EMERGENCY, "emergency"
    if SPINE in strong:
        return Outcome.URGENT, "urgent-known"
    return (Outcome.URGENT, "urgent") if strong else None


def _grade_explained(
    alone: tuple[Outcome, str] | None, weak: set[str], limits: Thresholds
) -> tuple[Outcome, str]:
    """One rank lower; the infection elsewhere and what it explains are together one weak fact (8.7.4)."""
    if alone is not None and alone[0] is Outcome.EMERGENCY:
        return Outcome.URGENT, "urgent"
    if are_enough((weak - _EXPLAINABLE) | {ELSEWHERE}, limits):
        return Outcome.URGENT, "urgent-weak"
    return Outcome.POSSIBLE, "possible-source"


def _grade_lesser(clues: Sequence[Clue], weak: set[str], sources: Sequence[Fact]) -> tuple[Outcome, str]:
    if any(source.is_about("pyelonephritis") for source in sources):
        return Outcome.POSSIBLE, "possible-source"  # also a mimic, and this goes before it (8.7.4)
    if weak:
        return Outcome.POSSIBLE, "possible-weak"
    if any(clue.weight is Weight.HINT for clue in clues):
        return Outcome.POSSIBLE, "possible"
    return Outcome.UNCLEAR, "unclear"


_TIERS = {
    "emergency": "strong with fever",
    "emergency-sepsis": "sepsis",
    "urgent": "strong",
    "urgent-known": "known",
    "urgent-weak": "weak",
    "possible-source": "other source",
    "possible-weak": "weak",
    "possible": "possible",
    "unclear": "unknown",
}


def _kinds(clues: Sequence[Clue], weight: Weight) -> set[str]:
    return {clue.kind for clue in clues if clue.weight is weight}


def _has_known(sources: Sequence[Fact]) -> bool:
    """A suspected infection elsewhere takes nothing away from a fever."""
    return any(source.certainty is Certainty.KNOWN for source in sources)


_ORDER = (Weight.STRONG, Weight.WEAK, Weight.HINT, Weight.UNKNOWN, Weight.LISTED)
_FIRST = (SPINE, SEPSIS, "fever")


def _precedence(clue: Clue) -> tuple[int, int]:
    """Strong before weak, and what a doctor must hear of first within them."""
    return _ORDER.index(clue.weight), _FIRST.index(clue.kind) if clue.kind in _FIRST else len(_FIRST)


def _flags(clues: Sequence[Clue], sources: Sequence[Fact], facts: PatientFacts) -> Iterator[str]:
    strong = _kinds(clues, Weight.STRONG)
    if any(counts_fully(f) and is_current(f) and not f.history for f in facts.about(ABSCESS)):
        yield "abscess"
    if any(clue.kind not in weak_symptoms.KINDS and clue.weight is not Weight.UNKNOWN for clue in clues):
        yield "named"
    if "fever" in strong:
        yield "fever"
    if SPINE in strong:
        yield "known"
    if sources:
        yield "other-source"


def _is_a_risk(fact: Fact) -> bool:
    listed_elsewhere = fact.is_about("heroin-dependence", "injecting-drug-use", "injecting-drug-use-past")
    return counts_fully(fact) and fact.state is State.CURRENT and not listed_elsewhere


def _age(facts: PatientFacts, today: date, over: int) -> Iterator[Evidence]:
    if facts.birth_date is None:
        return
    born = facts.birth_date.first
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if years > over:
        yield Evidence(f"Age {years}", "Patient", short=f"age {years}")
