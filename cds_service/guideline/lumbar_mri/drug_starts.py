"""When a drug was begun anew, and not only renewed (specification 8.6.2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from cds_service.record.dates import Interval
from cds_service.record.facts import MedicationFact


def new_starts(medicines: Iterable[MedicationFact], drug: str, gap_days: int) -> tuple[Interval, ...]:
    """The dates on which a drug of this group was surely begun: no earlier course reaches up to them.

    A supply that ended less than `gap_days` before, or began so lately and has no known end, may have
    gone on, and so may an undated one: then it was renewed.
    """
    courses = [medicine for medicine in medicines if drug in medicine.concepts]
    return tuple(
        course.started
        for course in courses
        if course.started and not any(_reaches(other, course.started, gap_days) for other in courses)
    )


def _reaches(earlier: MedicationFact, start: Interval, gap_days: int) -> bool:
    """Whether an earlier course may have gone on up to the start of another."""
    if earlier.started and earlier.started.first >= start.first:
        return False
    if earlier.open:
        return True
    known = [moment.last for moment in (earlier.started, earlier.ended) if moment]
    return not known or max(known) > _days_before(start.first, gap_days)


def _days_before(day: date, days: int) -> date:
    return day - timedelta(days=days)
