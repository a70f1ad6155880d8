"""High values in the words of an order: "T 39", "CRP 200"; they only ask (8.1.9)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cds_service.record.facts import Measure
from cds_service.record.quantities import read_number, to_canonical
from cds_service.record.reading import Reading

_CONCEPTS = {
    Measure.TEMPERATURE: "fever",
    Measure.CRP: "raised-inflammatory-markers",
    Measure.ESR: "raised-inflammatory-markers",
    Measure.RESIDUAL_VOLUME: "urinary-retention",
}


def worded_values(text: str, reading: Reading) -> Iterator[str]:
    """The concepts of the values over their thresholds; a bare number is read in the rules' own unit.

    A temperature that nobody has in Celsius is one in Fahrenheit.
    """
    plain = reading.patterns.plain(text)
    for span in reading.patterns.note_values.find(plain):
        number = read_number(plain[span.start : span.end].rsplit(" ", 1)[-1])
        measure = Measure(span.name)
        if number is not None and _is_high(measure, number, reading):
            yield _CONCEPTS[measure]


def _is_high(measure: Measure, number: Decimal, reading: Reading) -> bool:
    limits = reading.thresholds
    match measure:
        case Measure.TEMPERATURE:
            _, _, degrees = to_canonical(measure, number, (), reading.patterns, limits)
            return degrees is not None and degrees >= limits.fever_cel
        case Measure.CRP:
            return number > limits.crp_weak_mg_l
        case Measure.RESIDUAL_VOLUME:
            return number >= limits.residual_volume_ml
        case _:
            return number > limits.esr_weak_mm_h
