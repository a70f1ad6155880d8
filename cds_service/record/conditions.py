"""Conditions: the problem list and the diagnoses of visits, allergies to contrast among them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from cds_service.record.dates import Interval, on_day, read_date
from cds_service.record.devices import worded_implants
from cds_service.record.facts import Certainty, DateProblem, DeviceFact, Fact, Origin, State, Trend
from cds_service.record.projection import Projection, Raw, Shape
from cds_service.record.reading import PAIN, Coded, Reading, reference_name
from cds_service.record.statements import (
    TREND_ORDER,
    Statement,
    placed_concepts,
    read_place,
    read_statements,
    words_trend,
)

CONDITION = Shape(
    codes=("code", "clinicalStatus", "verificationStatus"),
    lists=("bodySite",),
    dates=("onsetDateTime", "abatementDateTime", "recordedDate"),
    periods=("onsetPeriod", "abatementPeriod"),
    others={
        "onsetAge": "Age",
        "onsetRange": "Range",
        "onsetString": "string",
        "abatementAge": "Age",
        "abatementRange": "Range",
        "abatementString": "string",
    },
)
ALLERGY = Shape(
    codes=("code", "clinicalStatus", "verificationStatus"), dates=("onsetDateTime", "recordedDate")
)
_OPERATIONS = frozenset({"lumbar-surgery", "spinal-surgery-without-level"})
_CONTRAST = frozenset({"gadolinium", "contrast-reaction"})
_SUSPECTED = frozenset({"unconfirmed", "provisional", "differential"})
_CURRENT = frozenset({"active", "recurrence", "relapse"})
_ENDED = frozenset({"inactive", "resolved"})


def read_condition(raw: Raw, reading: Reading) -> Iterator[Fact | DeviceFact]:
    """The facts of one Condition (specification 2.2); raises BrokenElement."""
    if _code_of(raw.get("verificationStatus")) == "entered-in-error":
        return
    coded = reading.coded(raw.get("code"))
    if not (coded.concerns or coded.implants):
        return
    seen = reading.project(raw, CONDITION)
    coded = reading.coded(seen.get("code"))
    yield from _implants(raw, seen, coded, reading)
    if stated := list(read_statements(coded, reading)):
        common = _common(raw, seen, coded, reading)
        yield from (_fact(one, common, coded, seen, reading) for one in stated)


def _implants(raw: Raw, seen: Projection, coded: Coded, reading: Reading) -> Iterator[DeviceFact]:
    if _code_of(seen.get("verificationStatus")) == "refuted" or _state(seen, None, reading) is State.ENDED:
        return
    yield from worded_implants(coded, reference_name(raw), reading.day(seen.get("recordedDate")), reading)


def _fact(stated: Statement, common: Fact, coded: Coded, seen: Projection, reading: Reading) -> Fact:
    place = read_place(stated.concepts, coded.words, site_words(seen.get("bodySite"), reading), reading)
    certainty = _certainty(stated.certainty, _code_of(seen.get("verificationStatus")))
    concepts = placed_concepts(stated.concepts, place, reading)
    operated = not concepts.isdisjoint(_OPERATIONS)  # an operation among the problems is one of the past
    recorded = common.recorded
    if certainty is Certainty.REFUTED:
        recorded = recorded or common.started
    return replace(
        common,
        concepts=concepts | {"spinal-surgery-history"} if operated else concepts,
        certainty=certainty,
        text=stated.text,
        history=stated.history or operated,
        recorded=recorded,
        started_is_minimum=common.started is None and recorded is not None and not concepts.isdisjoint(PAIN),
        side=place.side,
        region=place.region,
        levels=levels_in(coded.words),
    )


def _common(raw: Raw, seen: Projection, coded: Coded, reading: Reading) -> Fact:
    """What all facts of the resource share: its dates, state and trend."""
    recorded = reading.day(seen.get("recordedDate"))
    started, problem = _onset(seen, recorded, reading)
    ended = _abatement(seen, recorded, reading)
    state = _state(seen, ended, reading)
    clinical = _code_of(seen.get("clinicalStatus"))
    trend, trend_on = note_trend(words_trend(coded, reading), raw.get("note"), reading)
    return Fact(
        concepts=frozenset(),
        certainty=Certainty.KNOWN,
        origin=Origin.CONDITION,
        resource=reference_name(raw),
        text="",
        state=state,
        disputed=clinical in _CURRENT and ended is not None and ended.last <= reading.today,
        started=started,
        ended=ended,
        recorded=recorded,
        started_problem=problem,
        trend=trend,
        trend_on=trend_on,
        code_systems=coded.systems,
    )


def _certainty(said: Certainty, verification: str | None) -> Certainty:
    if said is Certainty.DENIED:
        return said
    if verification == "refuted":
        return Certainty.REFUTED
    if said is Certainty.KNOWN and verification in _SUSPECTED:
        return Certainty.SUSPECTED
    return said


def _code_of(status: Any) -> str | None:
    """The code of a status element, spelled as FHIR does; None where there is none."""
    if not isinstance(status, dict):
        return None
    codings = status.get("coding")
    codes = [c.get("code") for c in codings if isinstance(c, dict)] if isinstance(codings, list) else []
    said = next((code for code in (*codes, status.get("text")) if isinstance(code, str) and code), None)
    return said and said.strip().lower().replace(" ", "-")


def _state(seen: Projection, ended: Interval | None, reading: Reading) -> State:
    match _code_of(seen.get("clinicalStatus")):
        case code if code in _CURRENT:
            return State.CURRENT
        case "remission":
            return State.REMISSION
        case code if code in _ENDED:
            return State.ENDED
    if ended is None:
        return State.ENDED if any(name.startswith("abatement") for name in seen) else State.CURRENT
    return State.ENDED if ended.last <= reading.today else State.CURRENT


def _onset(
    seen: Projection, recorded: Interval | None, reading: Reading
) -> tuple[Interval | None, DateProblem | None]:
    """When it began, in FHIR's forms: a day, a period, an age, or words that count back from the record."""
    text = seen.get("onsetDateTime") or seen.get("onsetPeriod", {}).get("start")
    if text is not None:
        return reading.moment(text)
    youngest = seen.get("onsetAge") or seen.get("onsetRange", {}).get("low")
    if at_age := _at_age(youngest, reading):
        return at_age, None
    return words_date(seen.get("onsetString"), recorded, reading), None


def _abatement(seen: Projection, recorded: Interval | None, reading: Reading) -> Interval | None:
    text = seen.get("abatementDateTime") or seen.get("abatementPeriod", {}).get("end")
    if text is not None:
        return read_date(text, reading.zone)
    at_age = _at_age(seen.get("abatementAge"), reading) or _at_age(
        seen.get("abatementRange", {}).get("high"), reading
    )
    return at_age or words_date(seen.get("abatementString"), recorded, reading)


_DAYS = {"d": 1, "wk": 7, "mo": 30, "a": 365, "min": 0, "h": 0}
_UNIT_NAMES = {"day": "d", "week": "wk", "month": "mo", "year": "a", "yr": "a", "y": "a", "hour": "h"}


def _at_age(age: Any, reading: Reading) -> Interval | None:
    """The days on which the patient was of this age."""
    if not isinstance(age, dict) or reading.birth is None or age.get("value") is None:
        return None
    unit = str(age.get("code") or age.get("unit") or "a").strip("{}").lower()
    unit = _UNIT_NAMES.get(unit.rstrip("s"), unit)
    if unit not in _DAYS:
        return None
    count = float(age["value"])
    if unit == "a":
        first = _add_years(reading.birth.first, int(count))
        last = _add_years(reading.birth.last, int(count) + 1)
        return _until_today(Interval(first, last - timedelta(days=1)), reading)
    first = reading.birth.first + timedelta(days=round(count * _DAYS[unit]))
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
    number = _NUMBERS.get(counted[1].lower()) or int(counted[1])
    unit = counted[2].lower()
    days = number * {"hour": 0, "day": 1, "week": 7, "wk": 7, "month": 30, "year": 365, "yr": 365}[unit]
    return days if days < 40_000 else None


def note_trend(of_words: Trend | None, notes: Any, reading: Reading) -> tuple[Trend | None, Interval | None]:
    """The trend in the fact's own words and in its notes, with the day of the note that says it (8.2)."""
    found: dict[Trend, Interval | None] = {of_words: None} if of_words else {}
    for note in notes if isinstance(notes, list) else ():
        text = note.get("text") if isinstance(note, dict) else None
        trend = reading.patterns.trend_in(text) if isinstance(text, str) else None
        if not trend:
            continue
        time = note.get("time")
        written = reading.day(time) if isinstance(time, str) else None
        known = found.get(trend)
        if trend not in found or (written and (known is None or written.last > known.last)):
            found[trend] = written
    return next(((trend, found[trend]) for trend in TREND_ORDER if trend in found), (None, None))


def site_words(sites: Any, reading: Reading) -> tuple[str, ...]:
    """The words of one or several body sites."""
    listed: Sequence[Mapping[str, Any]] = sites if isinstance(sites, list) else [sites] if sites else []
    return tuple(word for site in listed for word in reading.coded(site).words)


_LEVEL = re.compile(r"\b([ls])\s?([1-5])\b", re.I)


def levels_in(words: Sequence[str]) -> int | None:
    """How many dermatomes or roots the words name; None where they name none."""
    named = {(m[1].lower(), m[2]) for word in words for m in _LEVEL.finditer(word)}
    return len(named) or None


def read_allergy(raw: Raw, reading: Reading) -> Iterator[Fact]:
    """A reaction to gadolinium contrast as a fact; other allergies are no business of the guideline."""
    if _code_of(raw.get("verificationStatus")) in ("entered-in-error", "refuted"):
        return
    code = reading.coded(raw.get("code"))
    if not (code.broken or "contrast" in code.drugs or code.concepts & _CONTRAST):
        return
    seen = reading.project(raw, ALLERGY)
    coded = reading.coded(seen.get("code"))
    started, problem = reading.moment(seen.get("onsetDateTime"))
    yield Fact(
        concepts=frozenset({"contrast-reaction"}),
        certainty=Certainty.SUSPECTED
        if _code_of(seen.get("verificationStatus")) == "unconfirmed"
        else Certainty.KNOWN,
        origin=Origin.ALLERGY,
        resource=reference_name(raw),
        text=coded.label,
        state=State.ENDED if _code_of(seen.get("clinicalStatus")) in _ENDED else State.CURRENT,
        started=started,
        started_problem=problem,
        recorded=reading.day(seen.get("recordedDate")),
        code_systems=coded.systems,
    )
