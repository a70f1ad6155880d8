"""Procedures: operations and injections of the spine, treatments received, implants, MRI scans done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cds_service.record.dates import Interval, on_day, read_date
from cds_service.record.devices import worded_implants
from cds_service.record.facts import (
    Certainty,
    DateProblem,
    DeviceFact,
    Fact,
    ImagingFact,
    Origin,
    ProcedureFact,
)
from cds_service.record.imaging import is_lumbar_mri
from cds_service.record.onsets import age_days, words_date
from cds_service.record.projection import BrokenElement, Projection, Raw, Shape
from cds_service.record.reading import Coded, Reading, reference_name
from cds_service.record.reasons import has_reason, reason_concepts
from cds_service.record.statements import placed_concepts, read_place, read_statements, site_words
from cds_service.record.statuses import status_of

PROCEDURE = Shape(
    codes=("code",),
    lists=("bodySite", "reasonCode"),
    dates=("performedDateTime",),
    periods=("performedPeriod",),
    others={"performedString": "string", "performedAge": "Age", "performedRange": "Range"},
)
_COUNTS = frozenset({"completed", "in-progress", "stopped"})
# What a procedure says about the patient besides having been done.
_FINDINGS = frozenset(
    {
        "dialysis",
        "urinary-catheter",
        "palliative-care",
        "immunosuppression",
        "cancer",
        "cancer-high-risk",
        "major-trauma",
    }
)
Item = ProcedureFact | DeviceFact | ImagingFact | Fact


def read_procedure(raw: Raw, reading: Reading) -> Iterator[Item]:
    """What one Procedure says (2.2: one that was started counts); raises BrokenElement."""
    coded = reading.coded(raw.get("code"))
    if coded.foreign and status_of(raw) in _COUNTS:
        raise BrokenElement("code")
    if not (coded.concerns or coded.treatments or coded.implants or coded.names_lumbar_mri):
        return
    if status_of(raw) not in _COUNTS:
        return
    seen = reading.project(raw, PROCEDURE)
    if coded.empty:
        raise BrokenElement("code")
    performed, ended, problem = _performed(seen, reading)
    goes_on = status_of(raw) == "in-progress" and (coded.treatments or "performedDateTime" not in seen)
    if ended is None and performed is not None and goes_on:
        ended = on_day(reading.today)  # a course of treatment; an operation was on its day
    resource = reference_name(raw)
    sites = site_words(seen.get("bodySite"), reading)
    yield from worded_implants(coded, resource, performed, reading)
    if is_lumbar_mri(coded, sites, reading):
        if status_of(raw) == "completed":  # a scan that was broken off shows nothing
            yield ImagingFact(resource, coded.label, performed)
        return
    for concepts, certainty, history in _done(coded, reading):
        place = read_place(concepts, coded.words, sites, reading)
        placed = placed_concepts(concepts, place, reading)
        if found := placed & _FINDINGS:
            yield Fact(
                found, certainty, Origin.PROCEDURE, resource, coded.label,
                history=history, recorded=performed, started_problem=problem, code_systems=coded.systems,
            )  # fmt: skip
        yield ProcedureFact(
            concepts=placed,
            resource=resource,
            text=coded.label,
            performed=performed,
            ended=ended,
            performed_problem=problem,
            region=place.region,
            reasons=reason_concepts(seen, raw, reading),
            reason_given=has_reason(seen, raw),
            certainty=certainty,
            history=history,
        )


def _done(coded: Coded, reading: Reading) -> Iterator[tuple[frozenset[str], Certainty, bool]]:
    """What was done: by code, else each treatment and operation that the words name."""
    if coded.known:
        for stated in read_statements(coded, reading):
            if stated.certainty.positive:
                yield stated.concepts, stated.certainty, stated.history
        return
    if coded.treatments:
        yield coded.treatments, Certainty.KNOWN, False
    for stated in read_statements(coded, reading):
        if stated.certainty.positive:
            yield stated.concepts, stated.certainty, stated.history


def _performed(
    seen: Projection, reading: Reading
) -> tuple[Interval | None, Interval | None, DateProblem | None]:
    """Its day or first day, its last day, and why the day cannot be used."""
    period: dict[str, Any] = seen.get("performedPeriod", {})
    text = seen.get("performedDateTime") or period.get("start") or period.get("end")
    performed, problem = reading.moment(text)
    if text is None:
        performed = _told(seen, reading)
    end = period.get("end")
    ended = read_date(end, reading.zone) if end else None
    if ended and ended.last > reading.today:
        ended = on_day(reading.today)  # still going on
    return performed, ended, problem


def _told(seen: Projection, reading: Reading) -> Interval | None:
    """Its day as an age or in words; words that count back have no day to count from, and tell none."""
    years = seen.get("performedRange", {})
    if at_age := age_days(seen.get("performedAge") or years.get("low"), reading):
        last = age_days(years.get("high"), reading) or at_age
        return Interval(at_age.first, max(at_age.last, last.last))
    return words_date(seen.get("performedString"), None, reading)
