"""Quantities in the unit that the rules use: UCUM units are converted, bare numbers are never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from cds_service.guideline.thresholds import Thresholds
from cds_service.record.facts import Measure, ValueProblem
from cds_service.record.free_text import Patterns

CANONICAL: Mapping[Measure, str] = {
    Measure.TEMPERATURE: "Cel",
    Measure.CRP: "mg/L",
    Measure.ESR: "mm/h",
    Measure.RESIDUAL_VOLUME: "mL",
    Measure.WEIGHT: "kg",
    Measure.PAIN_SCORE: "1",
    Measure.EGFR: "mL/min/{1.73_m2}",
}
CRITERIA: tuple[tuple[str, str], ...] = (
    ("not used", "A temperature under $temperature_low_cel or over $temperature_high_cel °C"),
    ("not used", "A CRP over $crp_high_mg_l mg/L or an ESR over $esr_high_mm_h mm/h"),
    ("not used", "A post-void residual volume over $residual_volume_high_ml mL"),
    ("not used", "A body weight under $weight_low_kg or over $weight_high_kg kg"),
    ("not used", "A pain score over $pain_score_high, an eGFR over $egfr_high_ml_min mL/min/1.73 m²"),
    (
        "not used",
        "A daily steroid dose over $steroid_high_mg_per_day mg of prednisolone: it is read as not recorded",
    ),
)
_DIGITS = Decimal("0.000001")
_MOST_DIGITS = 12
_NUMBER_AND_UNIT = re.compile(r"\s*(<=|>=|<|>)?\s*(-?\d+(?:\.\d+)?)\s*(.*?)\s*$")


def plausible_range(measure: Measure, t: Thresholds) -> tuple[Decimal, Decimal]:
    """The lowest and highest value that a living patient can have; outside it a value is unknown (2.2)."""
    zero = Decimal(0)
    match measure:
        case Measure.TEMPERATURE:
            return t.temperature_low_cel, t.temperature_high_cel
        case Measure.CRP:
            return zero, t.crp_high_mg_l
        case Measure.ESR:
            return zero, t.esr_high_mm_h
        case Measure.RESIDUAL_VOLUME:
            return zero, t.residual_volume_high_ml
        case Measure.WEIGHT:
            return t.weight_low_kg, t.weight_high_kg
        case Measure.PAIN_SCORE:
            return zero, t.pain_score_high
        case Measure.EGFR:
            return zero, t.egfr_high_ml_min


Converted = tuple[Decimal | None, ValueProblem | None, Decimal | None]


def to_canonical(
    measure: Measure, number: Decimal, units: tuple[str, ...], patterns: Patterns, thresholds: Thresholds
) -> Converted:
    """Value, problem and, where the unit is missing or unknown, the largest value that it could be (8.1.5).

    `units` are the spellings that the record gives, the coded one first.
    """
    low, high = plausible_range(measure, thresholds)
    for unit in _spelled(measure, units, patterns):
        value = convert(number, unit, CANONICAL[measure])
        if value is not None:
            return (value, None, None) if low <= value <= high else (None, ValueProblem.IMPLAUSIBLE, None)
    problem = ValueProblem.UNKNOWN_UNIT if units else ValueProblem.NO_UNIT
    possible = [convert(number, unit, CANONICAL[measure]) for unit in patterns.units_in_use[measure.value]]
    plausible = [value for value in possible if value is not None and low <= value <= high]
    if not plausible:
        return None, ValueProblem.IMPLAUSIBLE, None
    return None, problem, max(plausible)


def _spelled(measure: Measure, units: tuple[str, ...], patterns: Patterns) -> Iterator[str]:
    spellings = patterns.unit_spellings[measure.value]
    if measure is Measure.PAIN_SCORE and all(unit.startswith("{") for unit in units):
        yield CANONICAL[measure]  # a score has no unit; an annotation in braces is none either
    for unit in units:
        yield spellings.get(unit.strip().lower(), unit.strip())


def convert(number: Decimal, unit: str, canonical: str) -> Decimal | None:
    """The number in the canonical unit; None where the unit is no UCUM unit of the same kind."""
    if unit == canonical:
        return number
    line = _line(unit, canonical)
    if line is None:
        return None
    factor, offset = line
    # The factor is a float: six decimals keep 4.2 mg/dL at 42 mg/L and 100.4 [degF] at 38.0 Cel.
    try:
        return tidy(number * factor + offset)
    except InvalidOperation:  # a unit that a client made up can be any power of ten, or beyond all numbers
        return None


def tidy(number: Decimal) -> Decimal:
    """The number to six decimals, without trailing zeros and without an exponent: 450, not 4.5E+2."""
    return Decimal(f"{number.quantize(_DIGITS).normalize():f}")


@lru_cache(maxsize=512)
def _line(unit: str, canonical: str) -> tuple[Decimal, Decimal] | None:
    """Factor and offset from unit to canonical; None where they are not of one kind."""
    registry = _registry()
    try:
        source, target = registry.from_ucum(unit), registry.from_ucum(canonical)
        target_units = target.units
        at_0, at_100 = (
            float(registry.Quantity(value, source.units).to(target_units).magnitude) for value in (0, 100)
        )
        scale = float(source.magnitude) / float(target.magnitude)
    except Exception:  # ucumvert and pint have a dozen ways to refuse a unit that a client made up
        return None
    factor = (at_100 - at_0) / 100 * scale
    return Decimal(repr(factor)), Decimal(repr(at_0))


@lru_cache(maxsize=1)
def _registry() -> Any:
    # Importing pint and building its registry takes a second and 10 MB: only a unit that is not
    # the canonical one asks for it; the check of the content does so before the first request.
    from ucumvert import PintUcumRegistry

    return PintUcumRegistry()


def read_number(value: Any) -> Decimal | None:
    """The decimal of a JSON number or numeric text; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    # Beyond this no unit makes sense of it, and arithmetic on a million digits stops the service.
    return number if number.is_finite() and number.adjusted() <= _MOST_DIGITS else None


def read_worded_quantity(text: str) -> tuple[Decimal, str, str | None] | None:
    """Number, unit and comparator of "450 mL" or "<5 mg/L"; None where the text is no quantity."""
    found = _NUMBER_AND_UNIT.match(text)
    if not found or len(found[3]) > 20:
        return None
    number = read_number(found[2])
    return None if number is None else (number, found[3], found[1])
