"""Medicines: ordered, reported or dispensed, with their time, reasons and steroid dose."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from cds_service.record.dates import Interval, on_day, read_date
from cds_service.record.doses import prednisolone_mg_per_day
from cds_service.record.facts import MedicationFact
from cds_service.record.projection import BrokenElement, Projection, Raw, Shape
from cds_service.record.quantities import read_number
from cds_service.record.reading import Coded, Reading, reference_name
from cds_service.record.reasons import has_reason, reason_concepts, resolve
from cds_service.record.statuses import status_of

_DRUG = ("medicationCodeableConcept",)
_FORMS: dict[str, Shape] = {
    "MedicationRequest": Shape(codes=_DRUG, lists=("reasonCode",), dates=("authoredOn",)),
    "MedicationStatement": Shape(
        codes=_DRUG, lists=("reasonCode",), dates=("effectiveDateTime",), periods=("effectivePeriod",)
    ),
    "MedicationDispense": Shape(
        codes=_DRUG, dates=("whenHandedOver", "whenPrepared"), others={"daysSupply": "Quantity"}
    ),
}
_REQUESTED = frozenset({"active", "completed", "stopped", "on-hold"})
_ORDER_LIKE = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})
_TAKEN = frozenset({"active", "completed", "on-hold", "stopped"})


def read_medication(raw: Raw, reading: Reading) -> Iterator[MedicationFact]:
    """A medicine of the guideline that counts by its status (2.2); raises BrokenElement."""
    drug = reading.coded(_drug_element(raw, reading))
    if not (drug.drugs or drug.broken or drug.empty):
        return
    status = status_of(raw)
    if not _counts(raw, status):
        return
    if drug.empty:
        # A medicine that refers to a Medication which is not here may be any medicine.
        raise BrokenElement("medication[x]")
    form = _FORMS[raw["resourceType"]]
    seen = reading.project({**raw, "medicationCodeableConcept": _drug_element(raw, reading)}, form)
    started, ended = _course(raw, seen, reading)
    is_open = status == "active" and ended is None
    if ended and ended.last > reading.today:
        ended, is_open = None, status == "active"
    yield MedicationFact(
        concepts=drug.drugs,
        resource=reference_name(raw),
        text=drug.label,
        started=started,
        ended=ended,
        open=is_open,
        reasons=reason_concepts(seen, raw, reading),
        reason_given=has_reason(seen, raw),
        prednisolone_mg_per_day=_steroid_dose(raw, drug, reading),
    )


def _counts(raw: Raw, status: str) -> bool:
    match raw["resourceType"]:
        case "MedicationRequest":
            intent = status_of(raw, "intent") if raw.get("intent") is not None else "order"
            return status in _REQUESTED and intent in _ORDER_LIKE and raw.get("doNotPerform") is not True
        case "MedicationStatement":
            return status in _TAKEN
        case _:
            return status == "completed"


def _drug_element(raw: Raw, reading: Reading) -> Any:
    """The drug's CodeableConcept, also that of a Medication which is contained or in the prefetch."""
    if raw.get("medicationCodeableConcept"):
        return raw["medicationCodeableConcept"]
    reference = raw.get("medicationReference")
    medication = resolve(reference, raw, reading)
    if medication is not None and medication.get("code"):
        return medication["code"]
    # The name that the reference itself shows is all there is.
    display = reference.get("display") if isinstance(reference, dict) else None
    return {"text": display} if isinstance(display, str) and display else None


def _course(raw: Raw, seen: Projection, reading: Reading) -> tuple[Interval | None, Interval | None]:
    match raw["resourceType"]:
        case "MedicationRequest":
            started = reading.day(seen.get("authoredOn"))
            return started, _request_end(raw, started, reading)
        case "MedicationStatement":
            period = seen.get("effectivePeriod", {})
            started = reading.day(period.get("start") or seen.get("effectiveDateTime"))
            end = period.get("end")
            return started, read_date(end, reading.zone) if end else None
        case _:
            started = reading.day(seen.get("whenHandedOver") or seen.get("whenPrepared"))
            return started, _after(started, seen.get("daysSupply"), 1)


def _request_end(raw: Raw, started: Interval | None, reading: Reading) -> Interval | None:
    """The end of the course: of the dosage, else of the validity, else of the supply with its repeats."""
    for dosage in _dicts(raw.get("dosageInstruction")):
        bounds = _dict(_dict(dosage.get("timing")).get("repeat"))
        if end := read_date(_dict(bounds.get("boundsPeriod")).get("end"), reading.zone):
            return end
        if end := _after(started, bounds.get("boundsDuration"), 1):
            return end
    supply = _dict(raw.get("dispenseRequest"))
    if end := read_date(_dict(supply.get("validityPeriod")).get("end"), reading.zone):
        return end
    repeats = supply.get("numberOfRepeatsAllowed")
    rounds = 1 + repeats if isinstance(repeats, int) and 0 <= repeats < 1000 else 1
    return _after(started, supply.get("expectedSupplyDuration"), rounds)


_DAYS = {"d": 1, "day": 1, "wk": 7, "week": 7, "mo": 30, "month": 30, "a": 365, "year": 365}


def _after(started: Interval | None, duration: Any, rounds: int) -> Interval | None:
    """The last day that so long a supply covers: one of 14 days, begun on the 1st, lasts to the 14th."""
    number = read_number(_dict(duration).get("value"))
    unit = str(_dict(duration).get("code") or _dict(duration).get("unit") or "d").strip("{}").lower()
    days = _DAYS.get(unit) or _DAYS.get(unit.rstrip("s"))
    if started is None or number is None or days is None or not 0 < number * rounds < 10_000:
        return None
    return on_day(started.last + timedelta(days=max(0, int(number * days * rounds) - 1)))


def _steroid_dose(raw: Raw, drug: Coded, reading: Reading) -> Any:
    if "corticosteroid" not in drug.drugs:
        return None
    dosages = raw.get("dosageInstruction") or raw.get("dosage")
    return prednisolone_mg_per_day(drug, _dicts(dosages), reading)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
