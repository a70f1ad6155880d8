"""One clue of cancer or infection: what it is, how much it weighs, and the line of the card that shows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from cds_service.guideline.decision import Evidence
from cds_service.guideline.lumbar_mri.assertions import (
    DISPUTED,
    NOT_USABLE,
    counts_fully,
    disputing,
    is_said_later,
    standing_of,
)
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.dates import Interval
from cds_service.record.facts import Certainty, Fact, Origin, PatientFacts, State


class Weight(StrEnum):
    """How much a clue counts."""

    STRONG = "strong"  # urgent by itself
    WEAK = "weak"  # two different ones are urgent, one is possible
    HINT = "hint"  # possible, never more: words, no value, records disagree, or no rule of its own (8.3)
    UNKNOWN = "unknown"  # asked or measured, and the answer cannot be used: unclear
    LISTED = "listed"  # shown without a tier


@dataclass(frozen=True, slots=True)
class Clue:
    """One fact that speaks for cancer or infection; clues of one `kind` are one fact."""

    kind: str
    weight: Weight
    evidence: Evidence
    also: tuple[Evidence, ...] = ()  # what the card shows beside it: the newer value
    lifts_gate: bool = False  # needs no recorded pain (8.7.1)
    known: bool = False  # recorded as known, not only as suspected


Judge = Callable[[Fact], Weight | None]


def read_clue(
    fact: Fact,
    kind: str,
    judge: Judge,
    facts: PatientFacts,
    today: date,
    limits: Thresholds,
    *,
    short: str = "",
    lifts_gate: bool = False,
) -> Clue | None:
    """The clue that a fact is, by its own rule `judge`; None where it counts for nothing.

    What only words say, or a finding without a value, is a hint wherever the same fact, known, would count.
    """
    weight = _weigh(fact, judge, today, limits)
    if weight is None:
        return None
    shown = Evidence(
        text=fact.text,
        resource=fact.resource,
        when=fact.when if fact.state is State.CURRENT else fact.ended or fact.when,
        short=short or plain_name(fact.text),
        note=_note(fact, facts),
        date_problem=fact.started_problem,
        standing=standing_of(fact),
    )
    return Clue(kind, weight, shown, lifts_gate=lifts_gate, known=fact.certainty is Certainty.KNOWN)


def _weigh(fact: Fact, judge: Judge, today: date, limits: Thresholds) -> Weight | None:
    if fact.certainty is Certainty.UNKNOWN:
        fresh = fact.when is None or fact.when.within(limits.fresh_answer_days, today)
        return Weight.UNKNOWN if fresh else None
    if not fact.certainty.positive:
        return None
    weight = judge(fact)
    if fact.disputed:
        # Active, yet ended in the past: both readings are judged, and where they differ it only asks (2.2).
        weight = _weaker(weight, judge(replace(fact, state=State.ENDED)))
    if weight is not None and not counts_fully(fact):
        return Weight.HINT
    return weight


def _weaker(as_current: Weight | None, as_ended: Weight | None) -> Weight | None:
    if as_current is None:
        return as_ended
    return as_ended if as_ended in (Weight.STRONG, Weight.WEAK) else Weight.HINT


def _note(fact: Fact, facts: PatientFacts) -> str:
    notes = []
    match fact.certainty:
        case Certainty.SUSPECTED:
            notes.append("the order's reason" if fact.origin is Origin.ORDER else "suspected")
        case Certainty.WORDS:
            notes.append("in words only")
        case Certainty.VALUELESS:
            notes.append("recorded without a value")
        case Certainty.UNKNOWN:
            notes.append(NOT_USABLE)
    if fact.state is State.REMISSION:
        notes.append("in remission")
    if fact.state is State.ENDED:
        notes.append("recorded as ended")
    if disputing(fact, facts) or is_said_later(fact, Certainty.REFUTED, facts):
        notes.append(DISPUTED)
    return ", ".join(notes)


def last_mention(fact: Fact) -> Interval | None:
    """The day of a symptom: its end where it ended, else when it was last recorded; None: undated."""
    if fact.state is State.ENDED and fact.ended:
        return fact.ended
    moments = [moment for moment in (fact.started, fact.recorded) if moment]
    return max(moments, key=lambda moment: moment.last, default=None)


def counting(clues: Iterable[Clue], *, gate_is_open: bool) -> list[Clue]:
    """The clues that have a tier; without recorded pain, those that need none (8.7.1).

    A sure tumour or infection of the spine opens the gate for the others, mere words only for themselves.
    """
    tiered = [clue for clue in clues if clue.weight is not Weight.LISTED]
    if gate_is_open or any(clue.lifts_gate and clue.weight is Weight.STRONG for clue in tiered):
        return tiered
    return [clue for clue in tiered if clue.lifts_gate and clue.weight is not Weight.UNKNOWN]


def are_enough(weak_kinds: Iterable[str], limits: Thresholds) -> bool:
    """Whether enough different weak facts stand together to be urgent."""
    return len(set(weak_kinds)) >= limits.weak_facts_for_urgent


_SEMANTIC_TAG = re.compile(
    r"\s*\((?:disorder|finding|situation|procedure|morphologic abnormality|physical object|person"
    r"|regime/therapy|event|observable entity)\)\s*$"
)
_MOST_CHARACTERS = 60


def plain_name(text: str) -> str:
    """The record's words as they read within a sentence: without SNOMED's tag, small first letter, short."""
    words = " ".join(_SEMANTIC_TAG.sub("", text).split())
    if len(words) > _MOST_CHARACTERS:
        words = words[:_MOST_CHARACTERS].rsplit(" ", 1)[0].rstrip(",;:") + " …"
    first, _, _ = words.partition(" ")
    is_plain_word = first[:1].isupper() and (first[1:].islower() or not first[1:])
    return words[:1].lower() + words[1:] if is_plain_word and not first.startswith(_EPONYMS) else words


_EPONYMS = ("Hodgkin", "Burkitt", "Ewing", "Kaposi", "Wilms", "Merkel", "Brodie", "Pott")
