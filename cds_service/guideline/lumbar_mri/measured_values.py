"""How a measured value stands to a limit, and how a card shows it."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from cds_service.guideline.decision import Evidence
from cds_service.record.facts import Measure, Measurement, PatientFacts

_NAMES: dict[Measure, tuple[str, str]] = {
    Measure.TEMPERATURE: ("Temperature", "°C"),
    Measure.CRP: ("CRP", "mg/L"),
    Measure.ESR: ("ESR", "mm/h"),
    Measure.RESIDUAL_VOLUME: ("Residual volume", "mL"),
    Measure.WEIGHT: ("Body weight", "kg"),
    Measure.PAIN_SCORE: ("Pain score", "of 10"),
    Measure.EGFR: ("eGFR", "mL/min/1.73 m²"),
}
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_TENTH = Decimal("0.1")


def measured_in(facts: PatientFacts, measure: Measure, days: int, today: date) -> tuple[Measurement, ...]:
    """The values of one measure that may lie in the window, oldest first; undated ones come first."""
    values = [m for m in facts.measurements if m.measure is measure]
    return tuple(sorted((m for m in values if m.when is None or m.when.within(days, today)), key=moment))


def moment(measurement: Measurement) -> tuple[date, str]:
    """The order of measurements in time: day, then clock."""
    when = measurement.when
    if when is None:
        return date.min, ""
    return when.last, when.at.isoformat() if when.at else ""


def is_over(measurement: Measurement, limit: Decimal, *, or_equal: bool = False) -> bool | None:
    """Whether the value is over the limit (or equal to it); None where the record cannot tell.

    A value without a usable unit is not over only where it would not be in any unit in use for it (8.1.5).
    """
    value = measurement.value
    if value is None:
        highest = measurement.could_be
        return False if highest is not None and not _passes(highest, limit, or_equal) else None
    match measurement.comparator:
        case ">":
            return True if value >= limit else None
        case ">=":
            return True if _passes(value, limit, or_equal) else None
        case "<":
            return False if value <= limit else None
        case "<=":
            return False if not _passes(value, limit, or_equal) else None
        case _:
            return _passes(value, limit, or_equal)


def _passes(value: Decimal, limit: Decimal, or_equal: bool) -> bool:
    return value > limit or (or_equal and value == limit)


def show(measurement: Measurement, *, short: str = "", note: str = "") -> Evidence:
    """The value as a line of a card: "CRP 42 mg/L (recorded as 4.2 mg/dL)"."""
    name, unit = _NAMES[measurement.measure]
    if measurement.value is None:
        text = f"{name} {measurement.text}".strip()
        return Evidence(text, measurement.resource, measurement.when, short or text, note)
    sign = measurement.comparator or ""
    text = f"{name} {sign}{spelled(measurement.value)} {unit}"
    recorded = f" (recorded as {measurement.text})" if _is_converted(measurement) else ""
    notes = ", ".join(filter(None, (note, "preliminary" if measurement.preliminary else "")))
    return Evidence(text + recorded, measurement.resource, measurement.when, short or text, notes)


def spelled(value: Decimal) -> str:
    """The number to one decimal place, without zeros at its end."""
    return f"{value.quantize(_TENTH).normalize():f}"


def _is_converted(measurement: Measurement) -> bool:
    number = _NUMBER.search(measurement.text)
    return number is not None and Decimal(number[0]) != measurement.value
