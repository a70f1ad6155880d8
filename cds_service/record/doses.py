"""Steroid doses as prednisolone equivalents in mg a day (specification 8.7.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from cds_service.record.quantities import read_number, tidy
from cds_service.record.reading import Coded, Reading

_LOCAL = "local"
_MG = re.compile(r"(\d+(?:\.\d+)?)\s*(mg|milligrams?|mcg|micrograms?|g)\b", re.I)
_TABLETS = re.compile(
    r"(\d+(?:\.\d+)?|one|two|three|four|five|six|eight|ten)\s*(?:x\s*)?(?:tab|tablet|cap|capsule)s?\b", re.I
)
_TIMES = (
    (re.compile(r"\b(four times|qds|qid|4 times|every 6 hours|q6h)\b", re.I), Decimal(4)),
    (re.compile(r"\b(three times|tds|tid|3 times|every 8 hours|q8h)\b", re.I), Decimal(3)),
    (re.compile(r"\b(twice|bd|bid|2 times|two times|every 12 hours|q12h)\b", re.I), Decimal(2)),
    (re.compile(r"\b(alternate days|every other day|every second day)\b", re.I), Decimal("0.5")),
    (re.compile(r"\b(weekly|once a week|every week)\b", re.I), Decimal(1) / Decimal(7)),
    (re.compile(r"\b(daily|once|od|om|a day|every day|per day|mane|nocte)\b|/day", re.I), Decimal(1)),
)  # fmt: skip
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "ten": 10}
_PERIOD_DAYS = {"h": Decimal(1) / 24, "d": Decimal(1), "wk": Decimal(7), "mo": Decimal(30)}
_MG_PER = {
    **dict.fromkeys(("mg", "milligram", "milligrams"), Decimal(1)),
    **dict.fromkeys(("mcg", "ug", "microgram", "micrograms"), Decimal("0.001")),
    **dict.fromkeys(("g", "gram"), Decimal(1000)),
}


def prednisolone_mg_per_day(
    drug: Coded, dosages: Sequence[dict[str, Any]], reading: Reading
) -> Decimal | None:
    """The daily dose in mg of prednisolone; None where it acts locally, or dose or frequency is not said.

    Of several dosages (a taper) the highest counts.
    """
    factor = _factor(drug, dosages, reading)
    if factor is None:
        return None
    strength = _strength(drug.words)
    daily = [mg for dosage in dosages if (mg := _daily_mg(dosage, strength)) is not None]
    if not daily:
        daily = [mg for word in drug.words if (mg := _worded_mg(word, None)) is not None]
    return _plausible(max(daily) * factor, reading) if daily else None


def _plausible(mg: Decimal, reading: Reading) -> Decimal | None:
    too_much = mg > reading.thresholds.steroid_high_mg_per_day
    return None if too_much else tidy(mg.quantize(Decimal("0.1")))


def _factor(drug: Coded, dosages: Sequence[dict[str, Any]], reading: Reading) -> Decimal | None:
    patterns = reading.patterns
    routes = [reading.coded(dosage.get("route")).words for dosage in dosages]
    texts = (*drug.words, *(word for words in routes for word in words))
    named = {span.name for text in texts for span in patterns.steroids.find(patterns.plain(text))}
    if _LOCAL in named:
        return None
    if not named:
        named = _by_code(drug, reading)
    return max((patterns.prednisolone_factor[name] for name in named), default=None)


def _by_code(drug: Coded, reading: Reading) -> set[str]:
    """The steroid's name by the display that the value set gives its code."""
    patterns = reading.patterns
    rows = reading.terminology.value_sets.get("corticosteroid", ())
    displays = [row.display for row in rows if not row.prefix and row.code in drug.codes]
    return {span.name for text in displays for span in patterns.steroids.find(patterns.plain(text))}


def _strength(words: Sequence[str]) -> Decimal | None:
    """Milligrams of one tablet, as the drug's name says."""
    found = next((match for word in words if (match := _MG.search(word))), None)
    return None if found is None else _in_mg(read_number(found[1]), found[2])


def _in_mg(number: Decimal | None, unit: Any) -> Decimal | None:
    name = str(unit or "").strip().lower()
    return None if number is None or name not in _MG_PER else number * _MG_PER[name]


def _daily_mg(dosage: dict[str, Any], strength: Decimal | None) -> Decimal | None:
    text = dosage.get("text") if isinstance(dosage.get("text"), str) else dosage.get("patientInstruction")
    a_dose = _dose_mg(dosage, strength)
    a_day = _times_a_day(dosage.get("timing"))
    if a_dose is not None and a_day is None and isinstance(text, str):
        a_day = _worded_times(text)
    if a_dose is not None and a_day is not None:
        return a_dose * a_day
    return _worded_mg(text, strength) if isinstance(text, str) else None


def _dose_mg(dosage: dict[str, Any], strength: Decimal | None) -> Decimal | None:
    rates = dosage.get("doseAndRate")
    for rate in rates if isinstance(rates, list) else ():
        if not isinstance(rate, dict):
            continue
        span = rate.get("doseRange")
        dose = rate.get("doseQuantity") or (span.get("high") if isinstance(span, dict) else None)
        if not isinstance(dose, dict) or (number := read_number(dose.get("value"))) is None:
            continue
        unit = dose.get("code") or dose.get("unit")
        in_mg = _in_mg(number, unit)
        if in_mg is not None:
            return in_mg
        return None if strength is None else number * strength  # tablets
    return None


def _times_a_day(timing: Any) -> Decimal | None:
    repeat = timing.get("repeat") if isinstance(timing, dict) else None
    unit = repeat.get("periodUnit") if isinstance(repeat, dict) else None
    if isinstance(repeat, dict) and isinstance(unit, str) and unit in _PERIOD_DAYS:
        frequency = read_number(repeat.get("frequency", 1)) or Decimal(1)
        period = read_number(repeat.get("period", 1)) or Decimal(1)
        return frequency / (period * _PERIOD_DAYS[unit])
    code = timing.get("code") if isinstance(timing, dict) else None
    if isinstance(code, dict):
        listed = code.get("coding")
        codings = listed if isinstance(listed, list) else []
        texts = [code.get("text"), *(c.get("code") for c in codings if isinstance(c, dict))]
        found = (_worded_times(text) for text in texts if isinstance(text, str))
        return next((times for times in found if times is not None), None)
    return None


def _worded_times(text: str) -> Decimal | None:
    return next((times for pattern, times in _TIMES if pattern.search(text)), None)


def _worded_mg(text: str, strength: Decimal | None) -> Decimal | None:
    times = _worded_times(text)
    found = _MG.search(text)
    mg = _in_mg(read_number(found[1]), found[2]) if found else None
    if mg is None and strength is not None and (tablets := _TABLETS.search(text)):
        count = tablets[1].lower()
        number = read_number(_NUMBERS.get(count, count))
        mg = None if number is None else strength * number
    return None if mg is None or times is None else mg * times
