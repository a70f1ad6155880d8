"""When a condition began and ended, in all of FHIR's forms: days, periods, ages, words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from cds_service.record.dates import Interval, on_day, read_date
from cds_service.record.facts import DateProblem
from cds_service.record.projection import Projection
from cds_service.record.quantities import read_number
from cds_service.record.reading import Reading


def read_onset(
    seen: Projection, recorded: Interval | None, reading: Reading
) -> tuple[Interval | None, DateProblem | None]:
    """When it began, in FHIR's forms: a day, a period, an age, or words that count back from the record.

    An onset that was given and cannot be used is unknown, which is not the same as none (8.1.4, 8.4.1).
    """
    text = seen.get("onsetDateTime") or seen.get("onsetPeriod", {}).get("start")
    if text is not None:
        return reading.moment(text)
    youngest = seen.get("onsetAge") or seen.get("onsetRange", {}).get("low")
    if at_age := age_days(youngest, reading):
        return at_age, None
    words = seen.get("onsetString")
    found = words_date(words, recorded, reading)
    given = youngest or (isinstance(words, str) and words.strip())
    return found, DateProblem.IMPOSSIBLE if found is None and given else None


def read_abatement(seen: Projection, recorded: Interval | None, reading: Reading) -> Interval | None:
    text = seen.get("abatementDateTime") or seen.get("abatementPeriod", {}).get("end")
    if text is not None:
        return read_date(text, reading.zone)
    at_age = age_days(seen.get("abatementAge"), reading) or age_days(
        seen.get("abatementRange", {}).get("high"), reading
    )
    return at_age or words_date(seen.get("abatementString"), recorded, reading)


_OLDEST_DAYS = 130 * 365
_DAYS = {"d": 1, "wk": 7, "mo": 30, "a": 365, "min": 0, "h": 0}
_UNIT_NAMES = {"day": "d", "week": "wk", "month": "mo", "year": "a", "yr": "a", "y": "a", "hour": "h"}


def age_days(age: Any, reading: Reading) -> Interval | None:
    """The days on which the patient was of this age."""
    if not isinstance(age, dict) or reading.birth is None or age.get("value") is None:
        return None
    unit = str(age.get("code") or age.get("unit") or "a").strip("{}").lower()
    unit = _UNIT_NAMES.get(unit.rstrip("s"), unit)
    if unit not in _DAYS:
        return None
    count = read_number(age["value"])
    if count is None or not 0 <= count * _DAYS[unit] <= _OLDEST_DAYS:
        return None
    if reading.birth.last > reading.today:  # a birth in the future has no ages
        return None
    if unit == "a":
        first = _add_years(reading.birth.first, int(count))
        last = _add_years(reading.birth.last, int(count) + 1)
        return _until_today(Interval(first, last - timedelta(days=1)), reading)
    first = reading.birth.first + timedelta(days=int(count * _DAYS[unit]))
    return _until_today(Interval(first, first + timedelta(days=max(0, _DAYS[unit] - 1))), reading)


def _add_years(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def _until_today(found: Interval, reading: Reading) -> Interval | None:
    if found.first > reading.today:
        return None
    return found if found.last <= reading.today else Interval(found.first, reading.today)


_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "eighteen": 18, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60,
}  # fmt: skip
_UNIT_DAYS = {
    "hour": 0, "day": 1, "d": 1, "week": 7, "wk": 7, "w": 7, "fortnight": 14, "month": 30, "mth": 30,
    "mo": 30, "year": 365, "yr": 365, "y": 365,
}  # fmt: skip
_UNITS = "|".join(_UNIT_DAYS)
_COUNTED = re.compile(
    rf"\b(?P<half>half )?(?P<count>\d+(?:\.\d+)?|{'|'.join(_NUMBERS)})(?P<more> and a half)?"
    rf"[\s/-]*(?P<unit>{_UNITS})s?\b"
)
# "6/52" are six weeks and "3/12" three months; a third part makes it a date.
_SHORT = re.compile(r"(?<![\d/.])(\d{1,3})\s*/\s*(52|12|7)(?![\d/])")
_SHORT_DAYS = {"52": 7, "12": 30, "7": 1}
_UNCOUNTED = re.compile(
    rf"\b(?:(?:{_UNITS}|decade)s?|ages|chronic|childhood|always|life|lifelong|long|or (?:two|three|more))\b"
    r"|\d ?m\b"
)
_NAMED_DAYS = {
    "today": 0, "this morning": 0, "yesterday": 1, "last night": 1,
    "last week": 7, "last month": 30, "last year": 365,
}  # fmt: skip
_NAMED = re.compile(rf"\b(?:{'|'.join(_NAMED_DAYS)})\b")
_MONTH_YEAR = re.compile(r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?,? (\d{4})\b")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATED = re.compile(r"(?<![\d/.-])(?:19|20)\d\d(?:-\d\d){0,2}(?![\d/.-])")


def words_date(text: Any, recorded: Interval | None, reading: Reading) -> Interval | None:
    """The earliest day that words name: "3 weeks ago" counts back from the day of the record (2.3).

    None where they also name a length that nobody can count: "for years, worse since yesterday".
    """
    if not isinstance(text, str):
        return None
    plain = _MONTH_YEAR.sub(lambda m: f"{m[2]}-{_MONTHS.index(m[1]) + 1:02}", text.strip().lower())
    if found := reading.day(plain):
        return found
    lengths = list(_lengths(plain))
    if _UNCOUNTED.search(_SHORT.sub(" ", _COUNTED.sub(" ", _NAMED.sub(" ", plain)))):
        return None
    days = [reading.day(day[0]) for day in _DATED.finditer(plain)]
    if lengths and recorded and max(lengths) <= _OLDEST_DAYS:
        days.append(on_day(recorded.last - timedelta(days=max(lengths))))
    return min(filter(None, days), key=lambda day: day.first, default=None)


def _lengths(plain: str) -> Iterator[int]:
    """Every length of time that the words give, in days."""
    yield from (_NAMED_DAYS[named[0]] for named in _NAMED.finditer(plain))
    for short in _SHORT.finditer(plain):
        yield int(short[1]) * _SHORT_DAYS[short[2]]
    for counted in _COUNTED.finditer(plain):
        number = _NUMBERS.get(counted["count"]) or read_number(counted["count"])
        if number is not None:
            times = (
                Decimal(number) / 2
                if counted["half"]
                else Decimal(number) + (_HALF if counted["more"] else 0)
            )
            yield min(int(times * _UNIT_DAYS[counted["unit"]]), _OLDEST_DAYS + 1)


_HALF = Decimal("0.5")
