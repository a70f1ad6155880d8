"""Conditions: the problem list and the diagnoses of visits, allergies to contrast among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cds_service.record.dates import Interval
from cds_service.record.devices import worded_implants
from cds_service.record.facts import Certainty, DeviceFact, Fact, Origin, State
from cds_service.record.onsets import read_abatement, read_onset
from cds_service.record.projection import BrokenElement, Projection, Raw, Shape
from cds_service.record.reading import PAIN, Coded, Reading, reference_name, status_code
from cds_service.record.statements import (
    BILATERAL,
    Statement,
    is_of_pain,
    levels_in,
    note_trend,
    placed_concepts,
    read_place,
    read_statements,
    severity_in,
    site_words,
    words_trend,
)
from cds_service.record.terminology import NOTHING

CONDITION = Shape(
    codes=("code", "clinicalStatus", "verificationStatus"),
    lists=("bodySite",),
    dates=("onsetDateTime", "abatementDateTime", "recordedDate"),
    periods=("onsetPeriod", "abatementPeriod"),
    others={
        "onsetAge": "Age",
        "onsetRange": "Range",
        "onsetString": "string",
        "abatementAge": "Age",
        "abatementRange": "Range",
        "abatementString": "string",
    },
)
_OPERATIONS = frozenset({"lumbar-surgery", "spinal-surgery-without-level"})
_SUSPECTED = frozenset({"unconfirmed", "provisional", "differential"})
_CURRENT = frozenset({"active", "recurrence", "relapse"})
_ENDED = frozenset({"inactive", "resolved"})


def read_condition(raw: Raw, reading: Reading) -> Iterator[Fact | DeviceFact]:
    """The facts of one Condition (specification 2.2); raises BrokenElement."""
    if status_code(raw.get("verificationStatus")) == "entered-in-error":
        return
    coded = reading.coded(raw.get("code"))
    if coded.foreign:
        raise BrokenElement("code")
    if not (coded.concerns or coded.implants):
        return
    seen = reading.project(raw, CONDITION)
    if coded.empty:
        raise BrokenElement("code")
    yield from _implants(raw, seen, coded, reading)
    if stated := list(read_statements(coded, reading)):
        common = _common(raw, seen, coded, reading)
        yield from (_fact(one, common, coded, seen, reading) for one in stated)
        if not PAIN.isdisjoint(concept for one in stated for concept in one.concepts):
            yield from _red_flags_beside(coded, raw.get("note"), common, reading)


def _red_flags_beside(coded: Coded, notes: Any, common: Fact, reading: Reading) -> Iterator[Fact]:
    """What the words of a coded pain, or a note on a pain, tell beside it; it only asks (8.1.9).

    They are not as old as the pain: a note is of its own day.
    """
    written = [word for word in coded.words if coded.known and word.lower() != coded.official.lower()]
    told: list[tuple[str, Interval | None]] = [(word, common.recorded) for word in written]
    for note in notes if isinstance(notes, list) else ():
        if isinstance(note, dict) and isinstance(text := note.get("text"), str):
            time = note.get("time")
            day = reading.day(time) if isinstance(time, str) else None
            told.append((text, day or common.recorded))
    for text, day in told:
        for one in read_statements(Coded(NOTHING, (text,)), reading):
            if one.certainty is Certainty.WORDS and one.concepts.isdisjoint(coded.concepts | BILATERAL):
                yield replace(
                    common,
                    concepts=one.concepts,
                    certainty=Certainty.WORDS,
                    text=text,
                    history=one.history,
                    started=None,
                    started_problem=None,
                    recorded=day,
                    trend=None,
                    trend_on=None,
                )


def _implants(raw: Raw, seen: Projection, coded: Coded, reading: Reading) -> Iterator[DeviceFact]:
    if status_code(seen.get("verificationStatus")) == "refuted" or _state(seen, None, reading) is State.ENDED:
        return
    yield from worded_implants(coded, reference_name(raw), reading.day(seen.get("recordedDate")), reading)


def _fact(stated: Statement, common: Fact, coded: Coded, seen: Projection, reading: Reading) -> Fact:
    place = read_place(stated.concepts, coded.names, site_words(seen.get("bodySite"), reading), reading)
    certainty = _certainty(stated.certainty, status_code(seen.get("verificationStatus")))
    in_words = not coded.known and seen.get("bodySite") is None
    concepts = placed_concepts(stated.concepts, place, reading, worded=in_words)
    operated = not concepts.isdisjoint(_OPERATIONS)  # an operation among the problems is one of the past
    recorded = common.recorded
    if certainty is Certainty.REFUTED:
        recorded = recorded or common.started
    return replace(
        common,
        concepts=concepts | {"spinal-surgery-history"} if operated else concepts,
        certainty=certainty,
        text=stated.text,
        history=stated.history or operated,
        recorded=recorded,
        started_is_minimum=common.started is None and recorded is not None and not concepts.isdisjoint(PAIN),
        side=place.side,
        region=place.region,
        levels=levels_in(coded.words),
        severity=severity_in(coded.words, reading),
    )


def _common(raw: Raw, seen: Projection, coded: Coded, reading: Reading) -> Fact:
    """What all facts of the resource share: its dates, state and trend."""
    recorded = reading.day(seen.get("recordedDate"))
    started, problem = read_onset(seen, recorded, reading)
    ended = read_abatement(seen, recorded, reading)
    state = _state(seen, ended, reading)
    clinical = status_code(seen.get("clinicalStatus"))
    of_pain = is_of_pain(coded, reading)
    trend, trend_on = note_trend(words_trend(coded, reading), raw.get("note"), reading, of_pain=of_pain)
    return Fact(
        concepts=frozenset(),
        certainty=Certainty.KNOWN,
        origin=Origin.CONDITION,
        resource=reference_name(raw),
        text="",
        state=state,
        disputed=clinical in _CURRENT and ended is not None and ended.last <= reading.today,
        started=started,
        ended=ended,
        recorded=recorded,
        started_problem=problem,
        trend=trend,
        trend_on=trend_on,
        code_systems=coded.systems,
    )


def _certainty(said: Certainty, verification: str | None) -> Certainty:
    if said is Certainty.DENIED:
        return said
    if verification == "refuted":
        return Certainty.REFUTED
    if said is Certainty.KNOWN and verification in _SUSPECTED:
        return Certainty.SUSPECTED
    return said


def _state(seen: Projection, ended: Interval | None, reading: Reading) -> State:
    match status_code(seen.get("clinicalStatus")):
        case code if code in _CURRENT:
            return State.CURRENT
        case "remission":
            return State.REMISSION
        case code if code in _ENDED:
            return State.ENDED
    if ended is None:
        return State.ENDED if any(name.startswith("abatement") for name in seen) else State.CURRENT
    return State.ENDED if ended.last <= reading.today else State.CURRENT
