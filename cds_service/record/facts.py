"""What the record says of one patient, as frozen values; nothing here knows the guideline's rules.

`None` in any field means that the record is silent.
A concept is the name of a value set (or of a group of patterns) under `cards/`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from cds_service.record.dates import Interval

P = ParamSpec("P")
R = TypeVar("R")


class Certainty(StrEnum):
    """How sure the record is of a fact."""

    KNOWN = "known"  # confirmed, or without a verification status
    SUSPECTED = "suspected"  # unconfirmed, provisional, differential, "suspected ...", coded order reason
    WORDS = "words"  # only words say so: asks, never decides (spec 8.1.9)
    VALUELESS = "valueless"  # a finding code without a value (8.1.6)
    UNKNOWN = "unknown"  # asked, and the answer cannot be used (dataAbsentReason, unmapped boolean)
    DENIED = "denied"  # asked and absent
    REFUTED = "refuted"  # a condition with verificationStatus refuted

    @property
    def positive(self) -> bool:
        """Whether the fact speaks for the concept, surely or not."""
        return self in _POSITIVE


_POSITIVE = frozenset({Certainty.KNOWN, Certainty.SUSPECTED, Certainty.WORDS, Certainty.VALUELESS})


class State(StrEnum):
    """Whether a fact still holds."""

    CURRENT = "current"
    REMISSION = "remission"
    ENDED = "ended"  # inactive, resolved, or a past abatement without a clinical status


class Trend(StrEnum):
    """Where a fact is going, in the record's own words."""

    WORSENING = "worsening"
    IMPROVING = "improving"
    STABLE = "stable"


class Side(StrEnum):
    """Left and right are separate series."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"


class Region(StrEnum):
    """The part of the body that a code, a body site or the words name."""

    LUMBAR = "lumbar"  # lumbar, lumbosacral, sacral
    SPINE = "spine"  # the spine without a level
    OTHER_SPINE = "other-spine"  # cervical or thoracic only
    LEG = "leg"
    ARM = "arm"
    OTHER = "other"


class DateProblem(StrEnum):
    """Why a recorded date cannot be used."""

    FUTURE = "future"  # more than one calendar day ahead
    IMPOSSIBLE = "impossible"  # before birth, before 1900, or no date at all


class Origin(StrEnum):
    """Where a fact was read."""

    CONDITION = "Condition"
    OBSERVATION = "Observation"
    ANSWER = "QuestionnaireResponse"
    ENCOUNTER = "Encounter"
    PROCEDURE = "Procedure"
    ORDER = "order reason"
    ORDER_TEXT = "order text"
    DEVICE = "Device"
    ALLERGY = "AllergyIntolerance"


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement of the record about the patient: a condition, finding, answer or order reason."""

    concepts: frozenset[str]
    certainty: Certainty
    origin: Origin
    resource: str  # "Condition/c7"
    text: str  # the record's own words, unescaped
    state: State = State.CURRENT
    disputed: bool = False  # clinicalStatus active, yet an abatement in the past
    history: bool = False  # the code itself says "history of"
    started: Interval | None = None
    ended: Interval | None = None
    recorded: Interval | None = None
    started_problem: DateProblem | None = None
    started_is_minimum: bool = False  # pain: from a first encounter or recordedDate, so at least this old
    trend: Trend | None = None
    trend_on: Interval | None = None  # when the trend's words were written; None: with the fact
    side: Side | None = None
    region: Region | None = None
    levels: int | None = None  # dermatomes or root levels that the text names, where it does
    severity: int | None = None  # 1 mild, 2 moderate, 3 severe, where the words say it
    code_systems: frozenset[str] = frozenset()

    @property
    def when(self) -> Interval | None:
        """When it began, else when it was recorded."""
        return self.started or self.recorded

    @property
    def last_seen(self) -> Interval | None:
        """The last dated mention: its end, else when it was recorded, else its start."""
        return self.ended or self.recorded or self.started

    def is_about(self, *concepts: str) -> bool:
        """Whether it carries at least one of these concepts."""
        return not self.concepts.isdisjoint(concepts)


class Measure(StrEnum):
    """A quantity that a rule reads, with the unit of `Measurement.value`."""

    TEMPERATURE = "temperature"  # Cel
    CRP = "crp"  # mg/L
    ESR = "esr"  # mm/h
    RESIDUAL_VOLUME = "residual-volume"  # mL
    WEIGHT = "weight"  # kg
    PAIN_SCORE = "pain-score"  # 0 to 10
    EGFR = "egfr"  # mL/min/{1.73_m2}


class ValueProblem(StrEnum):
    """Why a recorded quantity cannot be used."""

    NO_UNIT = "no unit"
    UNKNOWN_UNIT = "unknown unit"
    IMPLAUSIBLE = "implausible"
    NO_VALUE = "no value"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One quantity; `value` is None where `problem` says why."""

    measure: Measure
    value: Decimal | None
    resource: str
    text: str  # as recorded: "4.2 mg/dL"
    when: Interval | None = None
    problem: ValueProblem | None = None
    could_be: Decimal | None = None  # without a unit: the largest value it means in any unit in use for it
    flagged_high: bool = False  # interpretation H, HH or A
    preliminary: bool = False  # counts only as positive evidence
    comparator: str | None = None  # "<", "<=", ">", ">="


@dataclass(frozen=True, slots=True)
class PowerExam:
    """One muscle on one side on one day, MRC 0 to 5 (4- is 3.7, 4+ is 4.3)."""

    muscle: str  # as in `[muscles]` of patterns.toml
    root_group: str
    limb: Region  # LEG or ARM
    side: Side | None
    grade: Decimal
    resource: str
    text: str
    when: Interval | None = None


@dataclass(frozen=True, slots=True)
class ProcedureFact:
    """Something that was done to the patient; planned and not-done ones are not here."""

    concepts: frozenset[str]
    resource: str
    text: str
    performed: Interval | None = None
    ended: Interval | None = None
    performed_problem: DateProblem | None = None
    region: Region | None = None
    reasons: frozenset[str] = frozenset()
    reason_given: bool = False  # a reason is recorded, whether or not the guideline knows it
    certainty: Certainty = Certainty.KNOWN  # or WORDS
    history: bool = False

    @property
    def days(self) -> Interval | None:
        """From its first day to its last: how long ago it was counts from the end (2.2)."""
        if self.performed is None or self.ended is None or self.ended.last <= self.performed.last:
            return self.performed
        return Interval(self.performed.first, self.ended.last)


@dataclass(frozen=True, slots=True)
class MedicationFact:
    """A medicine that the patient was ordered, reported to take, or was dispensed."""

    concepts: frozenset[str]
    resource: str
    text: str
    started: Interval | None = None
    ended: Interval | None = None
    open: bool = False  # active without an end: runs to today
    reasons: frozenset[str] = frozenset()
    reason_given: bool = False
    prednisolone_mg_per_day: Decimal | None = None


@dataclass(frozen=True, slots=True)
class VisitFact:
    """An attended encounter or appointment; `kinds` are concepts such as physiotherapy."""

    kinds: frozenset[str]
    resource: str
    text: str
    when: Interval | None = None
    reasons: frozenset[str] = frozenset()
    reason_given: bool = False


@dataclass(frozen=True, slots=True)
class Attestation:
    """What patient or clinician says of treatment so far."""

    resource: str
    text: str
    days: int | None = None  # treated for this long; None with `none` false: treated, length unknown
    none: bool = False  # explicitly no treatment
    when: Interval | None = None


class DeviceSafety(StrEnum):
    """What the record says of a device and the magnet."""

    UNSAFE = "unsafe"
    CONDITIONAL = "conditional"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DeviceFact:
    """An implant of the implant value sets, from a Device, Condition or Procedure."""

    concepts: frozenset[str]
    resource: str
    text: str
    safety: DeviceSafety
    when: Interval | None = None


@dataclass(frozen=True, slots=True)
class ImagingFact:
    """A completed MRI that covers the lumbar spine, from a Procedure or DiagnosticReport."""

    resource: str
    text: str
    when: Interval | None = None
    compression: bool | None = None  # whether the report names compression; None: not said


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A resource that could not be read: what it was and which element was wrong, never a value."""

    resource: str
    element: str


class ReadState(StrEnum):
    """How much of one kind of resource is here."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    NOT_SENT = "not-sent"


def _go_on() -> None:
    """The checkpoint of whoever has time."""


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """Everything of the record that the rules may use."""

    facts: tuple[Fact, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    power: tuple[PowerExam, ...] = ()
    procedures: tuple[ProcedureFact, ...] = ()
    medications: tuple[MedicationFact, ...] = ()
    visits: tuple[VisitFact, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    devices: tuple[DeviceFact, ...] = ()
    imaging: tuple[ImagingFact, ...] = ()
    birth_date: Interval | None = None
    sex: str | None = None  # FHIR administrative gender
    deceased: bool = False
    test_patient: bool = False
    encounter_class: str | None = None  # v3-ActCode of the current encounter: AMB, EMER, IMP, ...
    earliest_entry: date | None = None  # the earliest dated entry of any kind; only where a rule needs it
    reads: Mapping[str, ReadState] = field(default_factory=dict)  # by prefetch key
    unreadable: tuple[Unreadable, ...] = ()

    # Called whenever a rule asks for facts; raises to end a call whose time is over.
    checkpoint: Callable[[], None] = field(default=_go_on, repr=False, compare=False)
    # What a rule read of these facts before, by its name: several rules ask for the same.
    concluded: dict[str, tuple[tuple[object, ...], Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    # Every concept of the facts: the rules ask a hundred times, and most often for what is not there.
    _concepts: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_concepts", frozenset().union(*(fact.concepts for fact in self.facts)))

    def about(self, *concepts: str) -> tuple[Fact, ...]:
        """The facts with at least one of these concepts, whatever their certainty."""
        self.checkpoint()
        if self._concepts.isdisjoint(concepts):
            return ()
        return tuple(fact for fact in self.facts if not fact.concepts.isdisjoint(concepts))


def read_once(
    rule: Callable[Concatenate[PatientFacts, P], R],
) -> Callable[Concatenate[PatientFacts, P], R]:
    """The rule, which looks at the same facts with the same arguments only once in a row."""

    @wraps(rule)
    def read(facts: PatientFacts, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if kwargs:
            return rule(facts, *args, **kwargs)
        known, found = facts.concluded.get(rule.__qualname__, (None, None))
        if known is None or len(known) != len(args) or not all(map(_is_same, known, args)):
            found = rule(facts, *args, **kwargs)
            facts.concluded[rule.__qualname__] = args, found  # the last alone: one order comes after another
        return cast(R, found)

    return read


def _is_same(one: object, other: object) -> bool:
    """Whether it is the same object, or the same day; to compare a whole guideline would cost too much."""
    return one is other or (isinstance(one, date) and one == other)
