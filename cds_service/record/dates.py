"""Days as the record gives them: whole, partial or impossible."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2}))?$")
_DAY_LENGTH = len("2026-06-15")
_PARTIAL_LENGTHS = (len("2026"), len("2026-06"))
EARLIEST_YEAR = 1900  # de-identified records shift dates by centuries: before this a date is unknown


@dataclass(frozen=True, slots=True)
class Interval:
    """The calendar days, in the guideline's zone, among which a recorded moment lies; both ends count.

    `at` is the clock time, where the record gives one.
    """

    first: date
    last: date
    at: datetime | None = None

    def days_ago(self, today: date) -> int:
        """The smallest number of days before `today`: the latest possible date; safer for red flags."""
        return (today - self.last).days

    def most_days_ago(self, today: date) -> int:
        """The largest number of days before `today`: the earliest possible date; safer for pain."""
        return (today - self.first).days

    def within(self, days: int, today: date) -> bool:
        """Whether the moment may lie in the last `days` days, the day exactly that far back included."""
        return self.days_ago(today) <= days

    def surely_within(self, days: int, today: date) -> bool:
        """Whether the moment lies in the last `days` days, whichever of the days it is; safer for a no."""
        return self.most_days_ago(today) <= days


def surely_by(earlier: Interval, later: Interval) -> bool:
    """Whether one moment surely is no later than another: by their clock times, else by their days."""
    if earlier.at and later.at:
        return earlier.at <= later.at
    return earlier.last <= later.first


def on_day(day: date) -> Interval:
    """The interval of one whole day."""
    return Interval(day, day)


def read_date(text: object, zone: tzinfo) -> Interval | None:
    """The interval of a FHIR date, dateTime or instant; None where it is absent or not a date.

    A date before 1900 is not a date.
    A clock time without a zone is read in the guideline's zone.
    """
    if not isinstance(text, str):
        return None
    interval = _read_day(text) if len(text) == _DAY_LENGTH else _read_other(text, zone)
    return interval if interval and interval.first.year >= EARLIEST_YEAR else None


def _read_partial(text: str) -> Interval | None:
    match = _PARTIAL.match(text)
    if not match:
        return None
    year, month = int(match[1]), int(match[2]) if match[2] else None
    try:
        if month is None:
            return Interval(date(year, 1, 1), date(year, 12, 31))
        first = date(year, month, 1)
        following = date(year + month // 12, month % 12 + 1, 1)
    except ValueError:
        return None
    return Interval(first, following - timedelta(days=1))


@lru_cache(maxsize=40_000)  # more days than a life has; a bare day says nothing of anybody
def _read_day(text: str) -> Interval | None:
    try:
        return on_day(date.fromisoformat(text))
    except ValueError:
        return None


def _read_other(text: str, zone: tzinfo) -> Interval | None:
    """What is no whole day: a year, a month or a moment, told apart by their lengths."""
    if len(text) in _PARTIAL_LENGTHS:
        return _read_partial(text)
    moment = _moment(text, zone)
    return Interval(moment.date(), moment.date(), moment) if moment else None


def _moment(text: str, zone: tzinfo) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)
    except (ValueError, OverflowError):
        return None


def is_date(text: object) -> bool:
    """Whether the text is a FHIR date, dateTime or instant of any year; a missing zone is forgiven."""
    if not isinstance(text, str):
        return False
    if len(text) == _DAY_LENGTH:
        return _read_day(text) is not None
    return bool(_read_partial(text) if len(text) in _PARTIAL_LENGTHS else _moment(text, UTC))
