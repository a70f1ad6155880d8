"""Quantities that were measured: a number, its unit, and what is wrong with them."""

from __future__ import annotations

from decimal import Decimal

from cds_service.record.exam import Exam
from cds_service.record.facts import Measure, Measurement, ValueProblem
from cds_service.record.projection import Projection
from cds_service.record.quantities import read_number, read_worded_quantity, to_canonical
from cds_service.record.reading import Reading
from cds_service.record.terminology import NOTHING

_HIGH = frozenset({"H", "HH", "HU", "A", "AA"})


def read_measurement(measure: Measure, exam: Exam, reading: Reading) -> Measurement | None:
    """The measurement; None where there is nothing to say, as in a panel whose values are its members."""
    if measure is Measure.PAIN_SCORE and not _is_of_the_back(exam, reading):
        return None
    quantity = _quantity(exam.seen)
    if quantity is None:
        return None if exam.has_members or exam.preliminary else _without_value(measure, exam)
    number, units, comparator, text = quantity
    value, problem, could_be = to_canonical(measure, number, units, reading.patterns, reading.thresholds)
    low_risk = reading.thresholds.crp_weak_mg_l
    if "crp-high-sensitivity" in exam.coded.concepts and value is not None and value <= low_risk:
        return None  # measured for the risk of heart disease: only a clearly raised one is a CRP (2.1)
    return Measurement(
        measure=measure,
        value=value,
        resource=exam.resource,
        text=text,
        when=exam.when,
        problem=problem,
        could_be=could_be,
        flagged_high=not exam.flags.isdisjoint(_HIGH),
        preliminary=exam.preliminary,
        comparator=comparator,
    )


def _is_of_the_back(exam: Exam, reading: Reading) -> bool:
    """Whether a pain score may be that of the back or leg; that of a knee says nothing of it (8.4.3)."""
    places = NOTHING.union(*map(reading.patterns.sites_in, exam.texts))
    return "back-or-leg" in places if places else not exam.seen.get("bodySite")


def _without_value(measure: Measure, exam: Exam) -> Measurement:
    return Measurement(
        measure=measure,
        value=None,
        resource=exam.resource,
        text=exam.seen.get("valueString", ""),
        when=exam.when,
        problem=ValueProblem.NO_VALUE,
        flagged_high=not exam.flags.isdisjoint(_HIGH),
    )


def _quantity(seen: Projection) -> tuple[Decimal, tuple[str, ...], str | None, str] | None:
    """Number, spellings of the unit, comparator and the text as recorded; None where there is no number."""
    if (quantity := seen.get("valueQuantity")) is not None:
        number = read_number(quantity.get("value"))
        # The coded unit is surer, the printed one more readable.
        units = tuple(dict.fromkeys(u for u in (quantity.get("code"), quantity.get("unit")) if u))
        comparator = quantity.get("comparator")
        # "{score}" is UCUM for no unit at all, and nothing that a doctor reads.
        printed = next((unit for unit in reversed(units) if not unit.startswith("{")), "")
        text = f"{comparator or ''}{quantity.get('value')} {printed}".strip()
        return None if number is None else (number, units, comparator, text)
    if (integer := seen.get("valueInteger")) is not None:
        return Decimal(integer), (), None, str(integer)
    told = seen.get("valueString")
    if told is not None and (worded := read_worded_quantity(told)):
        number, unit, comparator = worded
        return number, (unit,) if unit else (), comparator, told.strip()
    return None
