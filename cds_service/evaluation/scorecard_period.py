"""Days, months and periods of a scorecard, in the guideline's zone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

_HOUR_MS = 3600 * 1000
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_FIRST_YEAR, _LAST_YEAR = 2000, 2199
LONGEST_DAYS = 3 * 366


class BadPeriod(ValueError):
    """What was asked for is no period; the text says what one is."""


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both within it."""

    first: date
    last: date

    def whole_months(self, today: date) -> tuple[str, ...]:
        """The calendar months that lie wholly in it and are over, such as `2026-10`."""
        return tuple(
            f"{month:%Y-%m}" for month in months_between(self.first, self.last)
            if month >= self.first and month_end(month) <= self.last and month_end(month) < today
        )  # fmt: skip

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


def read_period(first: str | None, last: str | None, today: date) -> Period:
    """The period that was typed, as `2026-10-31`; raises BadPeriod.

    Without a last day it ends today; without a first day it has the last one's month and the eleven before.
    """
    end = _day(last, "to") if last else today
    start = _day(first, "from") if first else month_before(end.replace(day=1), 11)
    period = Period(start, end)
    if start > end:
        raise BadPeriod("'from' must not be after 'to'")
    if period.days > LONGEST_DAYS:
        raise BadPeriod("a period has at most three years")
    return period


def read_month(text: str) -> Period:
    """The month that was typed, as `2026-10`; raises BadPeriod."""
    try:
        if not _MONTH.fullmatch(text):
            raise ValueError
        first = date.fromisoformat(f"{text}-01")
        if not _FIRST_YEAR <= first.year <= _LAST_YEAR:
            raise ValueError
    except ValueError:
        raise BadPeriod("'month' must be a month such as 2026-10") from None
    return Period(first, month_end(first))


def month_words(month: str, *, long: bool = False) -> str:
    """A month such as `2026-10` as `Oct 26`, or as `October 2026`."""
    first = date.fromisoformat(f"{month}-01")
    return f"{first:%B %Y}" if long else f"{first:%b %y}"


def month_before(first: date, months: int) -> date:
    """The first day of the month so many months earlier."""
    years, month = divmod(first.year * 12 + first.month - 1 - months, 12)
    return date(years, month + 1, 1)


def month_end(day: date) -> date:
    """The last day of the day's month."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def start_ms(day: date, zone: tzinfo) -> int:
    """The first millisecond of the day."""
    return int(datetime.combine(day, time(), zone).timestamp() * 1000)


def days_in(zone: tzinfo) -> Callable[[int], str]:
    """What gives the day of a moment in milliseconds, such as `2026-10-31`.

    A day of any zone begins with a quarter of an hour, so that these are looked up and not the moments.
    """

    @lru_cache(maxsize=4096)
    def day_of_quarter(quarter: int) -> str:
        moment = datetime.fromtimestamp(quarter * _HOUR_MS // 4 / 1000, UTC)
        return moment.astimezone(zone).date().isoformat()

    return lambda milliseconds: day_of_quarter(milliseconds * 4 // _HOUR_MS)


def months_between(first: date, last: date) -> Iterator[date]:
    """The first days of the months from that of one day to that of another."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = month_before(month, -1)


def _day(text: str, name: str) -> date:
    try:
        # `fromisoformat` takes weeks and days without dashes, too.
        if not _DAY.fullmatch(text):
            raise ValueError
        day = date.fromisoformat(text)
        if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            raise ValueError
    except ValueError:
        raise BadPeriod(f"'{name}' must be a day such as 2026-10-31") from None
    return day
