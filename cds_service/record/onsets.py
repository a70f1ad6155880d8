"""When a condition began and ended, in all of FHIR's forms: days, periods, ages, words."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from cds_service.record.dates import Interval, on_day, read_date
from cds_service.record.facts import DateProblem
from cds_service.record.projection import Projection
from cds_service.record.quantities import read_number
from cds_service.record.reading import Reading


def read_onset(
    seen: Projection, recorded: Interval | None, reading: Reading
) -> tuple[Interval | None, DateProblem | None]:
    """When it began, in FHIR's forms: a day, a period, an age, or words that count back from the record."""
    text = seen.get("onsetDateTime") or seen.get("onsetPeriod", {}).get("start")
    if text is not None:
        return reading.moment(text)
    youngest = seen.get("onsetAge") or seen.get("onsetRange", {}).get("low")
    if at_age := age_days(youngest, reading):
        return at_age, None
    return words_date(seen.get("onsetString"), recorded, reading), None


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


_AGO = re.compile(r"(\d+|a|an|one|two|three|four|five|six|seven|eight|nine|ten|twelve)\s*(?:/\s*)?"
                  r"(hour|day|week|wk|month|year|yr)s?\b", re.I)  # fmt: skip
_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
}  # fmt: skip
_NAMED_DAYS = {
    "today": 0, "this morning": 0, "yesterday": 1, "last night": 1,
    "last week": 7, "last month": 30, "last year": 365,
}  # fmt: skip
_MONTH_YEAR = re.compile(r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?,? (\d{4})\b", re.I)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def words_date(text: Any, recorded: Interval | None, reading: Reading) -> Interval | None:
    """The day that words name: "3 weeks ago" counts back from the day of the record (2.3)."""
    if not isinstance(text, str):
        return None
    plain = text.strip().lower()
    if month := _MONTH_YEAR.search(plain):
        plain = f"{month[2]}-{_MONTHS.index(month[1].lower()) + 1:02}"
    if found := reading.day(plain):
        return found
    back = _days_back(plain)
    return None if back is None or recorded is None else on_day(recorded.last - timedelta(days=back))


def _days_back(text: str) -> int | None:
    named = next((days for name, days in _NAMED_DAYS.items() if text.startswith(name)), None)
    if named is not None:
        return named
    counted = _AGO.search(text)
    if not counted:
        return None
    number = _NUMBERS.get(counted[1].lower()) or read_number(counted[1])
    if number is None:
        return None
    unit = counted[2].lower()
    days = number * {"hour": 0, "day": 1, "week": 7, "wk": 7, "month": 30, "year": 365, "yr": 365}[unit]
    return int(days) if days <= _OLDEST_DAYS else None
