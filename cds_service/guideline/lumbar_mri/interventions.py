"""What was done to the lumbar spine, when, and how sure the record is of it (2.2, 2.10, 8.7.5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cds_service.guideline.decision import Evidence
from cds_service.guideline.lumbar_mri.assertions import counts_fully
from cds_service.guideline.lumbar_mri.clues import plain_name
from cds_service.record.dates import Interval
from cds_service.record.facts import (
    Certainty,
    DeviceFact,
    Fact,
    Origin,
    PatientFacts,
    ProcedureFact,
    Region,
)


class Kind(StrEnum):
    """How long a procedure counts."""

    SURGERY = "surgery"
    IMPLANT = "implant"  # cement, stimulator, pump
    INJECTION = "injection"
    NEEDLE = "needle"  # lumbar puncture, myelogram, neuraxial anaesthesia
    UNKNOWN = "unknown"  # "injection or surgery of the back?" answered yes


# The first kind that knows one of the concepts is the kind of the procedure.
KINDS: dict[Kind, tuple[str, ...]] = {
    Kind.SURGERY: ("lumbar-surgery", "spinal-surgery-without-level", "spinal-surgery-history"),
    Kind.IMPLANT: ("vertebral-augmentation", "stimulator-or-pump"),
    Kind.INJECTION: ("spinal-injection",),
    Kind.NEEDLE: ("lumbar-puncture", "neuraxial-anaesthesia"),
    Kind.UNKNOWN: ("spinal-procedure",),
}
HARDWARE = "spinal-hardware"
HISTORY = "spinal-surgery-history"
_ALL = tuple(concept for concepts in KINDS.values() for concept in concepts)
# Codes that do not say which part of the spine; the site must say it.
_WITHOUT_LEVEL = ("spinal-surgery-without-level", "vertebral-augmentation", "spinal-procedure")


@dataclass(frozen=True, slots=True)
class Intervention:
    """One invasive procedure on the lumbar spine, or on the spine at a level that is not recorded."""

    kind: Kind
    name: str
    evidence: Evidence
    when: Interval | None  # None: the day is unknown
    level_known: bool
    on_record_since: Interval | None = None  # of an undated one: it had been done by then
    only_words: bool = False
    may_repeat: bool = False  # tells of another one: hardware, "history of", postlaminectomy syndrome


def read_interventions(facts: PatientFacts) -> tuple[Intervention, ...]:
    """Every procedure on the lumbar spine; the undated traces of one only where none is dated (8.7.5)."""
    found = [*_procedures(facts.procedures), *_statements(facts.facts), *_hardware(facts.devices)]
    has_dated_surgery = any(
        each.when and each.level_known and not each.only_words and each.kind in (Kind.SURGERY, Kind.IMPLANT)
        for each in found
    )
    return tuple(each for each in found if not (has_dated_surgery and each.may_repeat))


def unusable_answers(facts: PatientFacts, within_days: int, today: date) -> tuple[Fact, ...]:
    """Fresh answers about a procedure on the spine that cannot be used (8.1.6)."""
    return tuple(
        fact
        for fact in facts.about(*_ALL)
        if fact.certainty is Certainty.UNKNOWN and (fact.when is None or fact.when.within(within_days, today))
    )


def days_since(intervention: Intervention, today: date) -> int | None:
    """Days since it was done, by the latest possible day; None: undated."""
    return None if intervention.when is None else max(intervention.when.days_ago(today), 0)


def _procedures(procedures: Iterable[ProcedureFact]) -> Iterator[Intervention]:
    for done in procedures:
        kind = _kind(done.concepts)
        if kind is None or _is_elsewhere(done.concepts, done.region):
            continue
        yield Intervention(
            kind=kind,
            name=plain_name(done.text),
            evidence=Evidence(done.text, done.resource, done.performed, plain_name(done.text)),
            when=done.days,
            level_known=_is_level_known(done.concepts, done.region),
            only_words=done.certainty is not Certainty.KNOWN,
            may_repeat=done.history and done.performed is None,
        )


def _statements(facts: Iterable[Fact]) -> Iterator[Intervention]:
    """Conditions, answers and order reasons that say that it was done."""
    for fact in facts:
        kind = Kind.SURGERY if fact.is_about(HARDWARE) else _kind(fact.concepts)
        if kind is None or not fact.certainty.positive or _is_elsewhere(fact.concepts, fact.region):
            continue
        # The day of a form is not that of the operation that it asks about.
        shown = _day_of(fact) if fact.origin is Origin.ANSWER else fact.when
        yield Intervention(
            kind=kind,
            name=plain_name(fact.text),
            evidence=Evidence(fact.text, fact.resource, shown, plain_name(fact.text)),
            when=_day_of(fact),
            level_known=_is_level_known(fact.concepts, fact.region),
            on_record_since=fact.recorded or fact.started,
            only_words=not counts_fully(fact),
            may_repeat=_day_of(fact) is None and fact.origin is Origin.CONDITION,
        )


def _day_of(fact: Fact) -> Interval | None:
    """The day it was done, where the statement gives one; the onset of a syndrome after it does not."""
    if fact.history or fact.is_about(HISTORY, HARDWARE):
        return None
    return fact.started if fact.origin in (Origin.CONDITION, Origin.PROCEDURE, Origin.ANSWER) else None


def _hardware(devices: Iterable[DeviceFact]) -> Iterator[Intervention]:
    for device in devices:
        if HARDWARE in device.concepts:
            yield Intervention(
                kind=Kind.SURGERY,
                name=plain_name(device.text),
                evidence=Evidence(device.text, device.resource, device.when, plain_name(device.text)),
                when=None,
                level_known=True,
                on_record_since=device.when,
                may_repeat=True,
            )


def _kind(concepts: frozenset[str]) -> Kind | None:
    return next((kind for kind, names in KINDS.items() if not concepts.isdisjoint(names)), None)


def _is_elsewhere(concepts: frozenset[str], region: Region | None) -> bool:
    """Cervical and thoracic procedures are no fact of R6; a code that says lumbar wins over the site."""
    return region is Region.OTHER_SPINE and "lumbar-surgery" not in concepts


def _is_level_known(concepts: frozenset[str], region: Region | None) -> bool:
    if region is Region.LUMBAR or "lumbar-surgery" in concepts:
        return True
    if "spinal-injection" in concepts and region is Region.SPINE:
        return False
    return concepts.isdisjoint(_WITHOUT_LEVEL)
