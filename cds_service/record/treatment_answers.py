"""What a form says of treatment so far: none, how long, or at least something (8.2, 8.4.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from cds_service.record.dates import Interval
from cds_service.record.facts import Attestation
from cds_service.record.projection import Raw
from cds_service.record.quantities import read_number
from cds_service.record.reading import Reading

_DURATION = re.compile(
    r"(\d+(?:\.\d+)?|a|one|two|three|four|five|six|seven|eight|nine|ten|twelve)"
    r"\s*(?:\+|-|or more)?\s*(day|week|wk|month|year)s?\b",
    re.I,
)
_NUMBERS = {
    "a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
}  # fmt: skip
_DAYS = {"day": 1, "week": 7, "wk": 7, "month": 30, "year": 365}
_MOST_DAYS = 100 * 365


def read_treatment(
    question: str, answer: Raw, of_any: bool, resource: str, when: Interval | None, reading: Reading
) -> Iterator[Attestation]:
    """The attestation of one answer; only a question about any treatment can be answered "none"."""
    text = _answer_text(answer, reading)
    said = f"{question}: {text}"
    days = _attested_days(text, question, answer)
    none_at_all = "none" in reading.patterns.treatment.names(reading.patterns.plain(text))
    if days is not None:
        yield Attestation(resource, said, days=days, when=when)
    elif none_at_all:
        if of_any:
            yield Attestation(resource, said, none=True, when=when)
    elif text:
        yield Attestation(resource, said, when=when)


def _answer_text(answer: Raw, reading: Reading) -> str:
    if isinstance(boolean := answer.get("valueBoolean"), bool):
        return "yes" if boolean else "no"
    if isinstance(text := answer.get("valueString"), str):
        return text.strip()
    coded = reading.coded({"coding": [answer["valueCoding"]]}) if answer.get("valueCoding") else None
    if coded is not None and not coded.broken:
        return coded.label.strip()
    number = answer.get("valueInteger", answer.get("valueDecimal"))
    return str(number) if number is not None else ""


def _attested_days(text: str, question: str, answer: Raw) -> int | None:
    """Days of treatment: "tried for 5 weeks", or a number to a question that names the unit."""
    quantity = answer.get("valueQuantity")
    if isinstance(quantity, dict):
        number = read_number(quantity.get("value"))
        unit = str(quantity.get("unit") or quantity.get("code") or "").lower().rstrip("s")
        days = {"d": 1, "wk": 7, "mo": 30, "a": 365}.get(unit) or _DAYS.get(unit)
        return None if number is None or days is None else _plausible_days(number * days)
    if found := _DURATION.search(text):
        count = found[1].lower()
        number = read_number(_NUMBERS.get(count, count))
        return None if number is None else _plausible_days(number * _DAYS[found[2].lower()])
    unit_asked = re.search(r"\b(day|week|month)s\b", question, re.I)
    number = read_number(text)
    if unit_asked and number is not None:
        return _plausible_days(number * _DAYS[unit_asked[1].lower()])
    return None


def _plausible_days(days: Decimal) -> int | None:
    return int(days) if 0 <= days <= _MOST_DAYS else None
