"""What weakens the defence against infection: diseases, dialysis, medicines, steroids (2.9, 8.3, 8.7.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from cds_service.guideline.decision import Evidence
from cds_service.guideline.lumbar_mri.clues import Clue, Weight, plain_name, read_clue
from cds_service.guideline.lumbar_mri.measured_values import spelled
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.facts import Certainty, Fact, MedicationFact, Origin, PatientFacts, State

KIND = "immunosuppression"
CONDITIONS = ("immunosuppression", "long-term-steroid")
TREATMENTS = ("immunosuppressant", "biologic", "antineoplastic", "chemotherapy")
DIALYSIS = ("dialysis",)
STEROIDS = ("corticosteroid",)

CRITERIA: tuple[tuple[str, str], ...] = (
    ("strong", "HIV, transplant, neutropenia or another immunosuppression that holds, of any age"),
    ("strong", "A code of long-term steroid use that holds"),
    ("strong", "Dialysis, as a diagnosis that holds or done within $biologic_days days"),
    ("strong", "Chemotherapy, biologic, JAK inhibitor or immunosuppressant within $biologic_days days"),
    (
        "strong",
        "Prednisolone equivalent of $steroid_mg_per_day mg a day or more for $steroid_course_days days "
        "or more, not ended more than $steroid_ended_days days ago",
    ),
    (
        "strong",
        "Steroids on $steroid_cumulative_days days or more of the last $steroid_lookback_days, at any dose",
    ),
    (
        "unclear",
        "Steroids for $steroid_course_days days or more, not ended more than $steroid_ended_days days ago, "
        "dose not recorded",
    ),
)


def read_immunosuppression(facts: PatientFacts, today: date, limits: Thresholds) -> Iterator[Clue]:
    """The clues of immunosuppression, of whatever source; they are one fact together."""
    for fact in facts.about(*CONDITIONS, *TREATMENTS, *DIALYSIS):
        clue = read_clue(fact, KIND, lambda found: _judge(found, today, limits), facts, today, limits)
        if clue is not None:
            yield clue
    told = {fact.resource for fact in facts.about(*DIALYSIS, *TREATMENTS)}
    for done in facts.procedures:
        if done.resource in told:
            continue
        recent = done.performed is not None and done.performed.within(limits.biologic_days, today)
        if recent and not done.concepts.isdisjoint((*DIALYSIS, *TREATMENTS)):
            weight = Weight.STRONG if done.certainty is Certainty.KNOWN else Weight.HINT
            shown = Evidence(done.text, done.resource, done.performed, plain_name(done.text))
            yield Clue(KIND, weight, shown)
    for medicine in facts.medications:
        if not medicine.concepts.isdisjoint(TREATMENTS) and _is_recent(medicine, today, limits):
            shown = Evidence(medicine.text, medicine.resource, medicine.started, plain_name(medicine.text))
            yield Clue(KIND, Weight.STRONG, shown)
    yield from _read_steroids(facts, today, limits)


def last_taken(medicine: MedicationFact, today: date) -> date | None:
    """The last day on which the medicine was surely on record; None: undated, or not yet begun."""
    if medicine.started and medicine.started.first > today:
        return None
    if medicine.open:
        return today
    moments = [moment.last for moment in (medicine.ended, medicine.started) if moment]
    return min(max(moments), today) if moments else None


def _judge(fact: Fact, today: date, limits: Thresholds) -> Weight | None:
    if fact.is_about(*CONDITIONS):
        return Weight.STRONG if fact.state is State.CURRENT else None
    if fact.origin is Origin.CONDITION and fact.state is State.CURRENT and fact.is_about(*DIALYSIS):
        return Weight.STRONG
    seen = fact.last_seen
    recent = seen.within(limits.biologic_days, today) if seen else fact.state is State.CURRENT
    return Weight.STRONG if recent else None


def _is_recent(medicine: MedicationFact, today: date, limits: Thresholds) -> bool:
    taken = last_taken(medicine, today)
    return taken is not None and (today - taken).days <= limits.biologic_days


@dataclass(frozen=True, slots=True)
class _Course:
    """Days on a steroid, both ends counted."""

    first: date
    last: date
    mg_per_day: Decimal | None  # prednisolone equivalent; None: not recorded
    medicine: MedicationFact

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def _read_steroids(facts: PatientFacts, today: date, limits: Thresholds) -> Iterator[Clue]:
    """The clue of the steroids: high dose, then cumulative days, then a course of unknown dose."""
    courses = [course for medicine in facts.medications for course in _courses(medicine, today, limits)]
    high = _long_and_recent([c for c in courses if _is_high(c, limits)], today, limits)
    if high is not None:
        yield _steroid_clue(
            Weight.STRONG, high, f"prednisolone equivalent {_dose(high)} for {high.days} days"
        )
        return
    days = _days_covered(courses, today - timedelta(days=limits.steroid_lookback_days))
    newest = max(courses, key=lambda course: course.last, default=None)
    if newest is not None and days >= limits.steroid_cumulative_days:
        note = f"steroids on {days} of the last {limits.steroid_lookback_days} days"
        yield _steroid_clue(Weight.STRONG, newest, note)
        return
    unknown = _long_and_recent([c for c in courses if c.mg_per_day is None], today, limits)
    if unknown is not None:
        yield _steroid_clue(Weight.UNKNOWN, unknown, f"{unknown.days} days, dose not recorded")
    for course in courses:
        if course.medicine.open and course.medicine.started is None:
            yield _steroid_clue(Weight.UNKNOWN, course, "start not recorded")


def _courses(medicine: MedicationFact, today: date, limits: Thresholds) -> Iterator[_Course]:
    """The days that the record shows; supplies without an end are joined where they follow closely."""
    taken = last_taken(medicine, today)
    given_to_one_place = medicine.prednisolone_mg_per_day == 0
    if medicine.concepts.isdisjoint(STEROIDS) or taken is None or given_to_one_place:
        return
    first = min(medicine.started.first, taken) if medicine.started else taken
    yield _Course(first, max(first, taken), medicine.prednisolone_mg_per_day, medicine)


def _joined(courses: Iterable[_Course]) -> list[_Course]:
    """Courses that overlap or follow one another, as one."""
    found: list[_Course] = []
    for course in sorted(courses, key=lambda c: (c.first, c.last)):
        if found and (course.first - found[-1].last).days <= 1:
            found[-1] = replace(found[-1], last=max(found[-1].last, course.last))
        else:
            found.append(course)
    return found


def _is_high(course: _Course, limits: Thresholds) -> bool:
    return course.mg_per_day is not None and course.mg_per_day >= limits.steroid_mg_per_day


def _long_and_recent(courses: Iterable[_Course], today: date, limits: Thresholds) -> _Course | None:
    """The longest course that is long enough and not long ended."""
    found = [
        course
        for course in _joined(courses)
        if course.days >= limits.steroid_course_days
        and (today - course.last).days <= limits.steroid_ended_days
    ]
    return max(found, key=lambda course: course.days, default=None)


def _days_covered(courses: Sequence[_Course], since: date) -> int:
    """Different days on a steroid after `since`."""
    spans = [replace(c, first=max(c.first, since + timedelta(days=1))) for c in courses if c.last > since]
    return sum(course.days for course in _joined(spans))


def _dose(course: _Course) -> str:
    return f"{spelled(course.mg_per_day or Decimal(0))} mg/day"


def _steroid_clue(weight: Weight, course: _Course, note: str) -> Clue:
    medicine = course.medicine
    shown = Evidence(medicine.text, medicine.resource, medicine.started, plain_name(medicine.text), note)
    return Clue(KIND, weight, shown)
