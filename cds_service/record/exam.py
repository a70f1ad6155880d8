"""One Observation or component, checked and dated, and the fact that is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cds_service.record.dates import Interval
from cds_service.record.facts import Certainty, DateProblem, Fact, Origin, Region, Side
from cds_service.record.projection import Projection
from cds_service.record.reading import Coded, Reading
from cds_service.record.statements import (
    is_of_pain,
    levels_in,
    note_trend,
    placed_concepts,
    read_place,
    severity_in,
    words_trend,
)

_POSITIVE = frozenset({"A", "AA", "POS", "DET", "H", "HH"})
_NEGATIVE = frozenset({"N", "NEG", "ND", "NR"})


@dataclass(frozen=True, slots=True)
class Exam:
    """What was observed: the question, the answer, and what both inherit from the resource."""

    resource: str
    coded: Coded  # the question, or the finding itself
    seen: Projection  # the answer
    sites: tuple[str, ...]  # words of the body site; of a component also those of the whole
    when: Interval | None
    when_problem: DateProblem | None
    started: Interval | None
    preliminary: bool  # counts only where it is positive (2.2)
    has_members: bool  # the answers lie in components or members
    notes: Any = None

    @property
    def texts(self) -> tuple[str, ...]:
        """All words that say what was looked at and where."""
        return (*self.coded.words, *self.sites)

    @property
    def flags(self) -> frozenset[str]:
        """The interpretation codes in capitals: H, A, POS, N, ..."""
        codings = [
            coding for code in self.seen.get("interpretation", ()) for coding in code.get("coding", ())
        ]
        return frozenset(coding["code"].upper() for coding in codings if coding.get("code"))

    @property
    def flagged_positive(self) -> bool:
        """Whether the interpretation says that it is there or abnormal."""
        return not self.flags.isdisjoint(_POSITIVE)

    @property
    def flagged_negative(self) -> bool:
        """Whether the interpretation says that it is absent."""
        return not self.flags.isdisjoint(_NEGATIVE)


def read_moments(
    seen: Projection, reading: Reading
) -> tuple[Interval | None, DateProblem | None, Interval | None]:
    """When it was seen, why that cannot be used, and when it began where a period says so."""
    period = seen.get("effectivePeriod", {})
    point = seen.get("effectiveDateTime") or seen.get("effectiveInstant")
    when, problem = reading.moment(point or period.get("end") or period.get("start"))
    if when is None:
        when = reading.day(seen.get("issued"))
    return when, problem, reading.day(period.get("start"))


def value_words(exam: Exam, reading: Reading) -> tuple[str, ...]:
    """The words of the answer: its text, or the words of its code."""
    told = exam.seen.get("valueString")
    return (told,) if told else reading.coded(exam.seen.get("valueCodeableConcept")).words


def as_recorded(exam: Exam, reading: Reading) -> str:
    """The exam in the record's words: "Saddle sensation: reduced"."""
    value = next(iter(value_words(exam, reading)), None)
    return f"{exam.coded.label}: {value}" if value else exam.coded.label


def fact_of(
    exam: Exam,
    concepts: frozenset[str],
    certainty: Certainty,
    reading: Reading,
    *,
    history: bool = False,
    text: str | None = None,
    side: Side | None = None,
    region: Region | None = None,
    worded: bool = False,
) -> Fact:
    """The fact with this certainty; place and trend come from question, answer and notes."""
    words = (*exam.coded.words, *value_words(exam, reading))
    place = read_place(concepts, words, exam.sites, reading)
    told = Coded(concepts, words)
    of_pain = is_of_pain(told, reading)
    trend, trend_on = note_trend(words_trend(told, reading), exam.notes, reading, of_pain=of_pain)
    return Fact(
        concepts=placed_concepts(concepts, place, reading, worded=worded),
        certainty=certainty,
        origin=Origin.OBSERVATION,
        resource=exam.resource,
        text=text or as_recorded(exam, reading),
        history=history,
        started=exam.started,
        started_problem=exam.when_problem,
        recorded=exam.when,
        trend=trend,
        trend_on=trend_on,
        side=side or place.side,
        region=region or place.region,
        levels=levels_in(words),
        severity=severity_in(words, reading),
        code_systems=exam.coded.systems,
    )
