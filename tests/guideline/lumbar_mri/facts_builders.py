"""Small builders of what the record says; every date is told in days before TODAY.

A builder leaves out what it was not given, so that a test says only what matters to it.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cds_service.guideline.decision import MriOrder
from cds_service.record.dates import Interval, on_day, read_date
from cds_service.record.facts import (
    Attestation,
    Certainty,
    DeviceFact,
    Fact,
    ImagingFact,
    Measure,
    Measurement,
    MedicationFact,
    Origin,
    PatientFacts,
    PowerExam,
    ProcedureFact,
    ReadState,
    VisitFact,
)

TODAY = date(2026, 6, 15)
ZONE = ZoneInfo("Asia/Singapore")
NOW = datetime(2026, 6, 15, 10, tzinfo=ZONE)
ALL_READ = dict.fromkeys(
    (
        "patient",
        "conditions",
        "observations",
        "procedures",
        "medications",
        "medicationStatements",
        "encounter",
        "devices",
        "allergies",
        "questionnaireResponses",
    ),
    ReadState.COMPLETE,
)

_FIELDS: dict[type, str] = {
    Fact: "facts",
    Measurement: "measurements",
    PowerExam: "power",
    ProcedureFact: "procedures",
    MedicationFact: "medications",
    VisitFact: "visits",
    Attestation: "attestations",
    DeviceFact: "devices",
    ImagingFact: "imaging",
}


def ago(days: int) -> Interval:
    """The day that lies so many days before TODAY."""
    return on_day(TODAY - timedelta(days=days))


def on(text: str) -> Interval:
    """A FHIR date, whole or partial: `2026-05`."""
    interval = read_date(text, ZONE)
    if interval is None:
        raise ValueError(text)
    return interval


def clock(days: int, time: str) -> Interval:
    """A moment so many days before TODAY: `clock(0, "09:30")`."""
    day = TODAY - timedelta(days=days)
    return Interval(day, day, datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=ZONE))


def record(*entries: Any, **more: Any) -> PatientFacts:
    """A patient's record of these facts, measurements, medicines and so on, every read complete."""
    sorted_in: dict[str, list[Any]] = {}
    for entry in entries:
        sorted_in.setdefault(_FIELDS[type(entry)], []).append(entry)
    return PatientFacts(
        **({"reads": ALL_READ} | {name: tuple(found) for name, found in sorted_in.items()} | more)
    )


def fact(*concepts: str, **more: Any) -> Fact:
    """A known, current condition of these concepts."""
    plain: dict[str, Any] = {
        "certainty": Certainty.KNOWN,
        "origin": Origin.CONDITION,
        "resource": f"Condition/{'-'.join(concepts)}",
        "text": " ".join(concepts).capitalize(),
    }
    return Fact(concepts=frozenset(concepts), **(plain | more))


def pain(days: int | None = None, *, concept: str = "low-back-pain", **more: Any) -> Fact:
    """Low back pain with an onset so many days ago, recorded the same day."""
    dated: dict[str, Any] = {} if days is None else {"started": ago(days), "recorded": ago(days)}
    return fact(concept, **(dated | more))


def measurement(measure: Measure, value: str | None, days: int | None, **more: Any) -> Measurement:
    """A quantity measured so many days ago (None: undated)."""
    plain: dict[str, Any] = {
        "resource": f"Observation/{measure}-{days}",
        "text": f"{value}",
        "when": None if days is None else ago(days),
    }
    return Measurement(measure=measure, value=None if value is None else Decimal(value), **(plain | more))


def score(value: str, days: int, **more: Any) -> Measurement:
    """A pain score 0 to 10."""
    return measurement(Measure.PAIN_SCORE, value, days, **more)


def medicine(*concepts: str, **more: Any) -> MedicationFact:
    """A medicine of these concepts."""
    plain: dict[str, Any] = {
        "resource": f"MedicationRequest/{'-'.join(concepts)}",
        "text": " ".join(concepts),
    }
    return MedicationFact(concepts=frozenset(concepts), **(plain | more))


def done(*concepts: str, **more: Any) -> ProcedureFact:
    """A procedure that took place."""
    plain: dict[str, Any] = {"resource": f"Procedure/{'-'.join(concepts)}", "text": " ".join(concepts)}
    return ProcedureFact(concepts=frozenset(concepts), **(plain | more))


def visit(*kinds: str, **more: Any) -> VisitFact:
    """An attended appointment or encounter."""
    plain: dict[str, Any] = {"resource": "Appointment/visit", "text": " ".join(kinds)}
    return VisitFact(kinds=frozenset(kinds), **(plain | more))


def attested(**more: Any) -> Attestation:
    """What patient or clinician says of treatment so far, today."""
    plain: dict[str, Any] = {
        "resource": "QuestionnaireResponse/form",
        "text": "Treatment so far",
        "when": ago(0),
    }
    return Attestation(**(plain | more))


def scan(days: int, **more: Any) -> ImagingFact:
    """A completed lumbar MRI."""
    plain: dict[str, Any] = {
        "resource": "DiagnosticReport/mri",
        "text": "MRI lumbar spine",
        "when": ago(days),
    }
    return ImagingFact(**(plain | more))


def mri_order(**more: Any) -> MriOrder:
    """A routine draft of a lumbar MRI without contrast."""
    plain: dict[str, Any] = {
        "reference": "ServiceRequest/mri-1",
        "resource": {"resourceType": "ServiceRequest", "id": "mri-1"},
        "label": "MRI lumbar spine",
        "covers": "lumbar",
        "contrast": "without",
        "priority": "routine",
    }
    return MriOrder(**(plain | more))
