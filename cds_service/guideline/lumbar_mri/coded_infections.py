"""Infections that the record names: of the spine, the blood, elsewhere; and injecting (2.9, 8.1.1, 8.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from cds_service.guideline.lumbar_mri.assertions import counts_fully
from cds_service.guideline.lumbar_mri.clues import (
    Clue,
    Weight,
    last_mention,
    plain_name,
    read_clue,
)
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.dates import Interval
from cds_service.record.facts import Certainty, Fact, PatientFacts, Region, State, Trend

SPINE = "spinal infection"
PAST_SPINE = "past spinal infection"
SEPSIS = "sepsis"
BLOOD = "bloodstream infection"
ELSEWHERE = "infection elsewhere"
ELSEWHERE_CONCEPTS = ("infection-elsewhere", "pyelonephritis")
EXPLAINING_CONCEPTS = (*ELSEWHERE_CONCEPTS, "viral-infection")  # a virus explains, and is no weak fact itself
LUMBAR_PROCEDURES = (
    "lumbar-surgery", "spinal-surgery-without-level", "vertebral-augmentation", "stimulator-or-pump",
    "spinal-injection", "lumbar-puncture", "neuraxial-anaesthesia",
)  # fmt: skip
_ANY_SPINE = frozenset({Region.LUMBAR, Region.SPINE, Region.OTHER_SPINE})

CRITERIA: tuple[tuple[str, str], ...] = (
    ("known", "Discitis, vertebral osteomyelitis, epidural or psoas abscess, spinal tuberculosis, current"),
    (
        "known",
        "Infected hardware or wound of the spine, or within $wound_infection_days days of a lumbar procedure",
    ),
    ("strong", "Bacteraemia, endocarditis, sepsis or a positive blood culture within $bacteraemia_days days"),
    ("strong", "Injecting drug use, current or ended within $injecting_days days"),
    ("weak", "A past infection of the spine within $spinal_infection_past_days days"),
    ("weak", "Tuberculosis, active or past, at any time; past spinal tuberculosis too"),
    ("weak", "A bacterial infection elsewhere within $infection_elsewhere_days days"),
    ("weak", "Heroin dependence, and a past injecting drug use whose end is not recorded"),
    ("possible", "One of these infections, still recorded as active, that is older than its window"),
    ("listed", "An infection elsewhere, still recorded as active, last recorded before its window"),
)

_Rule = Callable[[Fact, PatientFacts, date, Thresholds], tuple[str, Weight] | None]


def read_infections(facts: PatientFacts, today: date, limits: Thresholds) -> Iterator[Clue]:
    """The clues of recorded infections, one a fact, by the first rule that knows the fact."""
    for concepts, kind, short, rule in _RULES:
        for fact in facts.about(*concepts):
            if any(fact.is_about(*earlier) for earlier in _before(concepts)):
                continue
            clue = _read(fact, kind, short, rule, facts, today, limits)
            if clue is not None:
                yield clue


def explaining_infections(facts: PatientFacts, today: date, limits: Thresholds) -> tuple[Fact, ...]:
    """Infections elsewhere that are current and of the last days: what may explain fever and CRP (8.7.4)."""
    return tuple(
        fact
        for fact in facts.about(*EXPLAINING_CONCEPTS)
        if counts_fully(fact)
        and fact.state is State.CURRENT
        and not (fact.disputed or fact.history)
        and _is_within(last_mention(fact), limits.infection_source_days, today)
    )


def _read(
    fact: Fact, kind: str, short: str, rule: _Rule, facts: PatientFacts, today: date, limits: Thresholds
) -> Clue | None:
    verdict = rule(fact, facts, today, limits)
    kind = verdict[0] if verdict else kind
    return read_clue(
        fact,
        kind,
        lambda found: _weight(rule(found, facts, today, limits)),
        facts,
        today,
        limits,
        short=short or (f"past {plain_name(fact.text)}" if kind == PAST_SPINE else ""),
        lifts_gate=kind == SPINE,
    )


def _weight(verdict: tuple[str, Weight] | None) -> Weight | None:
    return verdict[1] if verdict else None


def _judge_spine(
    fact: Fact, facts: PatientFacts, today: date, limits: Thresholds
) -> tuple[str, Weight] | None:
    """Current: known. Past: weak for a year, tuberculosis for ever (8.3)."""
    if fact.state is State.CURRENT and not fact.history:
        return SPINE, Weight.STRONG
    if fact.is_about("spinal-tuberculosis"):
        return "tuberculosis", Weight.WEAK
    undated = fact.last_seen is None
    if undated or _is_within(fact.last_seen, limits.spinal_infection_past_days, today):
        return PAST_SPINE, Weight.WEAK
    return None


def _judge_postoperative(
    fact: Fact, facts: PatientFacts, today: date, limits: Thresholds
) -> tuple[str, Weight] | None:
    """Of the spine by its site, or by a lumbar procedure in the year before; else an infection elsewhere."""
    elsewhere = fact.region is not None and fact.region not in _ANY_SPINE
    if fact.region in _ANY_SPINE or (not elsewhere and _follows_a_lumbar_procedure(fact, facts, limits)):
        return _judge_spine(fact, facts, today, limits)
    return _judge_elsewhere(fact, facts, today, limits)


def _follows_a_lumbar_procedure(fact: Fact, facts: PatientFacts, limits: Thresholds) -> bool:
    return any(
        fact.when is not None
        and done.performed is not None
        and done.certainty is Certainty.KNOWN
        and done.region is not Region.OTHER_SPINE
        and not done.concepts.isdisjoint(LUMBAR_PROCEDURES)
        and fact.when.last >= done.performed.first
        and (fact.when.first - done.performed.last).days <= limits.wound_infection_days
        for done in facts.procedures
    )


def _judge_sepsis(
    fact: Fact, facts: PatientFacts, today: date, limits: Thresholds
) -> tuple[str, Weight] | None:
    verdict = _judge_blood(fact, facts, today, limits)
    is_acute = fact.state is State.CURRENT and verdict is not None and verdict[1] is Weight.STRONG
    return (SEPSIS, Weight.STRONG) if is_acute else verdict


def _judge_blood(
    fact: Fact, facts: PatientFacts, today: date, limits: Thresholds
) -> tuple[str, Weight] | None:
    """In its window: strong. Still active but older, or ended without a date: possible (8.3)."""
    current = fact.state is State.CURRENT
    moment = fact.when if current else fact.last_seen
    if moment is None:
        return BLOOD, Weight.STRONG if current else Weight.HINT
    if _is_within(moment, limits.bacteraemia_days, today):
        return BLOOD, Weight.STRONG
    return (BLOOD, Weight.HINT) if current else None


def _judge_culture(
    fact: Fact, facts: PatientFacts, today: date, limits: Thresholds
) -> tuple[str, Weight] | None:
    """A result is of its day; it is not active afterwards."""
    if fact.when is None:
        return BLOOD, Weight.HINT
    return (BLOOD, Weight.STRONG) if _is_within(fact.when, limits.bacteraemia_days, today) else None


def _judge_injecting(
    fact: Fact, facts: PatientFacts, today: date, limits: Thresholds
) -> tuple[str, Weight] | None:
    kind = "injecting drug use"
    past_by_its_words = fact.is_about("injecting-drug-use-past") or fact.history
    if fact.state is State.CURRENT and not past_by_its_words:
        return kind, Weight.STRONG
    if fact.last_seen is None:
        return kind, Weight.WEAK
    if not _is_within(fact.last_seen, limits.injecting_days, today):
        return None
    # "Previously injecting", recorded this year: when it ended is not said.
    return kind, Weight.WEAK if past_by_its_words and fact.ended is None else Weight.STRONG


def _judge_heroin(
    fact: Fact, facts: PatientFacts, today: date, limits: Thresholds
) -> tuple[str, Weight] | None:
    holds = fact.state is State.CURRENT and not fact.history
    if holds or _is_within(fact.last_seen, limits.injecting_days, today):
        return "heroin dependence", Weight.WEAK
    return None


def _judge_tuberculosis(
    fact: Fact, facts: PatientFacts, today: date, limits: Thresholds
) -> tuple[str, Weight] | None:
    return "tuberculosis", Weight.WEAK


def _judge_elsewhere(
    fact: Fact, facts: PatientFacts, today: date, limits: Thresholds
) -> tuple[str, Weight] | None:
    """Recent: weak. Ended before its window, or without a date: nothing.

    Still active but older it is only listed (2.9: recent): an old cystitis left on the problem list asks for
    ever. What is said to worsen, or to be chronic, still asks (8.3).
    """
    if fact.state is not State.CURRENT:
        recent = _is_within(fact.last_seen, limits.infection_elsewhere_days, today)
        return (ELSEWHERE, Weight.WEAK) if recent else None
    seen = last_mention(fact)
    if seen is None or _is_within(seen, limits.infection_elsewhere_days, today):
        return ELSEWHERE, Weight.WEAK
    lingers = fact.trend in _STILL_THERE or fact.is_about("postoperative-infection")
    return ELSEWHERE, Weight.HINT if lingers else Weight.LISTED


# "Chronic" is a stable course.
_STILL_THERE = frozenset({Trend.WORSENING, Trend.STABLE})


def _is_within(moment: Interval | None, days: int, today: date) -> bool:
    return moment is not None and moment.within(days, today)


# The first rule that knows a fact judges it: "urosepsis" coded as sepsis and as urinary infection is sepsis.
_RULES: tuple[tuple[tuple[str, ...], str, str, _Rule], ...] = (
    (("spinal-infection", "spinal-tuberculosis"), SPINE, "", _judge_spine),
    (("reason-red-flag-infection",), SPINE, "suspected infection", _judge_spine),
    (("postoperative-infection",), ELSEWHERE, "", _judge_postoperative),
    (("sepsis",), SEPSIS, "sepsis", _judge_sepsis),
    (("bacteraemia", "endocarditis"), BLOOD, "", _judge_blood),
    (("blood-culture",), BLOOD, "positive blood culture", _judge_culture),
    (("injecting-drug-use", "injecting-drug-use-past"), "injecting drug use", "", _judge_injecting),
    (("heroin-dependence",), "heroin dependence", "", _judge_heroin),
    (("tuberculosis",), "tuberculosis", "", _judge_tuberculosis),
    ((*ELSEWHERE_CONCEPTS, "recent-infection"), ELSEWHERE, "", _judge_elsewhere),
)


def _before(concepts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for known, *_ in _RULES:
        if known == concepts:
            return
        yield known
