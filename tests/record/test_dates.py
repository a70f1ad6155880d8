"""Days as records give them: whole, partial, ahead of today, before birth, in words."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cds_service.record.dates import Interval, is_date, on_day, read_date
from cds_service.record.facts import DateProblem, Fact
from tests.builders import concept, condition
from tests.record.records import only, read

ZONE = ZoneInfo("Asia/Singapore")
CODE = concept("Low back pain", snomed="279039007")
DAY = date(2026, 6, 15)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        pytest.param("2026-06-12", date(2026, 6, 12), date(2026, 6, 12), id="a day"),
        pytest.param("2026-05", date(2026, 5, 1), date(2026, 5, 31), id="a month"),
        pytest.param("2024-02", date(2024, 2, 1), date(2024, 2, 29), id="a February of a leap year"),
        pytest.param("2025-12", date(2025, 12, 1), date(2025, 12, 31), id="a December"),
        pytest.param("2019", date(2019, 1, 1), date(2019, 12, 31), id="a year"),
        pytest.param("2026-06-12T23:30:00Z", date(2026, 6, 13), date(2026, 6, 13), id="the next day here"),
        pytest.param("2026-06-12T08:00:00", date(2026, 6, 12), date(2026, 6, 12), id="no zone"),
        pytest.param("1900-01-01", date(1900, 1, 1), date(1900, 1, 1), id="the first day that counts"),
    ],
)
def test_a_date_is_the_days_it_may_mean(text: str, first: date, last: date) -> None:
    found = read_date(text, ZONE)
    assert found is not None
    assert (found.first, found.last) == (first, last)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1899-12-31", id="before 1900"),
        pytest.param("0001-01-01", id="a default of a database"),
        pytest.param("2026-13", id="month 13"),
        pytest.param("2026-06-31", id="no such day"),
        pytest.param("15.06.2026", id="no FHIR date"),
        pytest.param("", id="empty"),
        pytest.param(20260615, id="a number"),
        pytest.param(None, id="nothing"),
    ],
)
def test_what_is_no_date_is_unknown(text: object) -> None:
    assert read_date(text, ZONE) is None


@pytest.mark.parametrize(
    ("text", "valid"),
    [("1726-01-01", True), ("2026-05", True), ("2026-06-12T08:00", True), ("2026-06-31", False), (5, False)],
)
def test_a_date_of_another_century_is_still_a_date(text: object, valid: bool) -> None:
    assert is_date(text) is valid


def pain(**dates: str) -> Fact:
    onset, recorded, born = dates.get("onset"), dates.get("recorded"), dates.get("born", "1980-03-10")
    return only(read(condition(CODE, onset=onset, recorded=recorded), born=born))


@pytest.mark.parametrize(
    ("onset", "started", "problem"),
    [
        pytest.param("2026-06-14", on_day(date(2026, 6, 14)), None, id="yesterday"),
        pytest.param("2026-06-15", on_day(DAY), None, id="today"),
        pytest.param("2026-06-16", on_day(DAY), None, id="tomorrow counts as today"),
        pytest.param("2026-06-17", None, DateProblem.FUTURE, id="two days ahead"),
        pytest.param("2027", None, DateProblem.FUTURE, id="next year"),
        pytest.param("2026", Interval(date(2026, 1, 1), DAY), None, id="this year ends today"),
        pytest.param("2026-06", Interval(date(2026, 6, 1), DAY), None, id="this month ends today"),
        pytest.param("1980-03-10", on_day(date(1980, 3, 10)), None, id="the day of birth"),
        pytest.param("1980-03-09", None, DateProblem.IMPOSSIBLE, id="the day before birth"),
        pytest.param("1980", Interval(date(1980, 1, 1), date(1980, 12, 31)), None, id="the year of birth"),
        pytest.param("1826-05-01", None, DateProblem.IMPOSSIBLE, id="another century"),
    ],
)
def test_an_onset_lies_between_birth_and_tomorrow(
    onset: str, started: Interval | None, problem: DateProblem | None
) -> None:
    fact = pain(onset=onset, recorded="2026-06-10")
    assert (fact.started, fact.started_problem) == (started, problem)


def test_a_recorded_date_ahead_of_today_is_unknown() -> None:
    assert pain(recorded="2026-07-01").recorded is None


def test_without_an_onset_the_record_is_only_a_minimum() -> None:
    fact = pain(recorded="2026-06-10")
    assert fact.started is None
    assert fact.started_is_minimum


@pytest.mark.parametrize(
    ("element", "started"),
    [
        pytest.param({"onsetString": "3 weeks ago"}, on_day(date(2026, 5, 20)), id="weeks ago"),
        pytest.param({"onsetString": "Approximately 8 weeks"}, on_day(date(2026, 4, 15)), id="about 8 weeks"),
        pytest.param({"onsetString": "two days"}, on_day(date(2026, 6, 8)), id="a number as a word"),
        pytest.param({"onsetString": "yesterday"}, on_day(date(2026, 6, 9)), id="yesterday"),
        pytest.param({"onsetString": "since May 2026"}, Interval(date(2026, 5, 1), date(2026, 5, 31)), id="month"),
        pytest.param({"onsetString": "2019"}, Interval(date(2019, 1, 1), date(2019, 12, 31)), id="a year"),
        pytest.param({"onsetString": "6/52"}, on_day(date(2026, 4, 29)), id="weeks in short"),
        pytest.param({"onsetString": "3/12"}, on_day(date(2026, 3, 12)), id="months in short"),
        pytest.param({"onsetString": "twenty weeks ago"}, on_day(date(2026, 1, 21)), id="twenty"),
        pytest.param({"onsetString": "two and a half months ago"}, on_day(date(2026, 3, 27)), id="and a half"),
        pytest.param({"onsetString": "1.5 months ago"}, on_day(date(2026, 4, 26)), id="a fraction"),
        pytest.param({"onsetString": "worse 1 week ago, started 3 months ago"}, on_day(date(2026, 3, 12)), id="the longest"),
        pytest.param({"onsetString": "since May 2026, worse yesterday"}, Interval(date(2026, 5, 1), date(2026, 5, 31)), id="the earliest"),
        pytest.param({"onsetString": "since 2026-06-01"}, on_day(date(2026, 6, 1)), id="a day among words"),
        pytest.param({"onsetString": "after lifting"}, None, id="no time in it"),
        pytest.param({"onsetPeriod": {"start": "2026-06-01", "end": "2026-06-05"}}, on_day(date(2026, 6, 1)), id="a period"),
        pytest.param(
            {"onsetAge": {"value": 40, "unit": "years", "system": "http://unitsofmeasure.org", "code": "a"}},
            Interval(date(2020, 3, 10), date(2021, 3, 9)),
            id="an age in years",
        ),
        pytest.param(
            {"onsetRange": {"low": {"value": 40, "unit": "years"}, "high": {"value": 45, "unit": "years"}}},
            Interval(date(2020, 3, 10), date(2021, 3, 9)),
            id="the youngest age of a range",
        ),
    ],
)  # fmt: skip
def test_an_onset_has_many_forms(element: dict[str, Any], started: Interval | None) -> None:
    fact = only(read(condition(CODE, recorded="2026-06-10", **element)))
    assert fact.started == started


@pytest.mark.parametrize(
    "text",
    [
        *("several months", "many years", "since childhood", "after lifting", "14/06/2026", "10/12/2025"),
        *("for years, worse 3 days ago", "several months, worse since a week ago", "unknown"),
    ],
)
def test_an_onset_that_nobody_can_count_is_unknown_and_not_missing(text: str) -> None:
    fact = only(read(condition(CODE, recorded="2026-06-10", onsetString=text)))
    assert (fact.started, fact.started_problem) == (None, DateProblem.IMPOSSIBLE)


def test_an_empty_onset_is_none() -> None:
    assert only(read(condition(CODE, recorded="2026-06-10", onsetString=" "))).started_problem is None


def test_words_without_a_day_to_count_from_are_no_onset() -> None:
    assert only(read(condition(CODE, onsetString="3 weeks ago"))).started is None


def test_the_first_entry_is_looked_for_only_where_a_pain_has_no_onset() -> None:
    old = condition(concept("Essential hypertension"), onset="2014-02-01")
    assert read(condition(CODE, recorded="2026-06-10"), old).earliest_entry == date(2014, 2, 1)
    assert read(condition(CODE, onset="2026-06-10"), old).earliest_entry is None
