"""What dated muscle examinations show: one deficit a muscle and side (specification 2.7, 8.5.1 to 8.5.5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise

from cds_service.guideline.decision import Evidence, Outcome
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.facts import PatientFacts, PowerExam, Region, Side

FULL_POWER = Decimal(5)


@dataclass(frozen=True, slots=True)
class Deficit:
    """What the series of one muscle on one side comes to; `outcome` None: no fact of R3."""

    muscle: str
    root_group: str
    side: Side | None
    outcome: Outcome | None
    tier: str
    exams: tuple[PowerExam, ...]  # oldest first
    fell: bool = False  # a measured net fall of a whole grade or more within the baseline window
    begun: bool = False  # the record dates its beginning within `deficit_new_days`
    severe: bool = False
    first_exam: bool = False  # one fresh exam and nothing to compare with

    @property
    def latest(self) -> PowerExam:
        """The newest exam."""
        return self.exams[-1]

    @property
    def evidence(self) -> Evidence:
        """The series as a line of a card: "right ankle dorsiflexion 5 to 3 in 13 days"."""
        side = f"{self.side} " if self.side else ""
        return Evidence(
            text=f"{side.capitalize()}{self.muscle} power {self._grades()} (MRC)",
            resource=self.latest.resource,
            when=self.latest.when,
            short=f"{side}{self.muscle} {self._grades()}",
        )

    def _grades(self) -> str:
        last = _spelled(self.latest.grade)
        dated = [exam for exam in self.exams if exam.when]
        if len(dated) < 2 or dated[-1] is not self.latest:
            return f"grade {last}"
        best = max(dated[:-1], key=lambda exam: exam.grade)
        days = (_day(self.latest) - _day(best)).days
        return f"{_spelled(best.grade)} to {last} in {days} day{'' if days == 1 else 's'}"


def read_deficits(
    facts: PatientFacts,
    today: date,
    thresholds: Thresholds,
    long_standing: frozenset[tuple[str, Side | None]],
) -> tuple[Deficit, ...]:
    """One deficit for each muscle and side of the legs that was examined, in a fixed order.

    `long_standing` names the root groups and sides whose deficit or cause is coded as older than
    `deficit_stable_days`; side None stands for an unrecorded side.
    """
    exams = [exam for exam in facts.power if exam.limb is Region.LEG]
    keys = sorted({(e.muscle, e.root_group, e.side) for e in exams}, key=lambda key: (key[0], str(key[2])))
    return tuple(
        _judge_series(
            _ordered(exams, muscle, side), group, today, thresholds, _stands(long_standing, group, side)
        )
        for muscle, group, side in keys
    )


def _stands(long_standing: frozenset[tuple[str, Side | None]], group: str, side: Side | None) -> bool:
    return any(g == group and (s is None or s in (side, Side.BOTH)) for g, s in long_standing)


def _ordered(exams: Iterable[PowerExam], muscle: str, side: Side | None) -> tuple[PowerExam, ...]:
    """Oldest first; on one day without clock times the weaker exam last: a contradiction is positive.

    One grade at one moment is one exam, however often it was entered: nothing can fall from its copy.
    """
    mine = (exam for exam in exams if exam.muscle == muscle and exam.side is side)
    once = {(*_moment(exam), -exam.grade): exam for exam in mine}
    return tuple(exam for _, exam in sorted(once.items()))


def _moment(exam: PowerExam) -> tuple[date, float]:
    if exam.when is None:
        return date.min, 0.0
    clock = exam.when.at
    return exam.when.last, clock.timestamp() if clock else _noon(exam.when.last)


def _noon(day: date) -> float:
    return datetime.combine(day, time(12)).timestamp() if day.year > 1970 else 0.0


def _day(exam: PowerExam) -> date:
    return exam.when.last if exam.when else date.min


def _judge_series(
    exams: tuple[PowerExam, ...], group: str, today: date, t: Thresholds, long_standing: bool
) -> Deficit:
    latest = exams[-1]

    def deficit(outcome: Outcome | None, tier: str, **more: bool) -> Deficit:
        return Deficit(latest.muscle, group, latest.side, outcome, tier, exams, **more)

    if latest.grade >= FULL_POWER:
        return deficit(None, "full power")
    if latest.when is None:
        return deficit(Outcome.POSSIBLE, "undated")
    age = max((today - _day(latest)).days, 0)
    baseline = _read_baseline(exams, t)
    fall = baseline.grade - latest.grade
    measured_fall = baseline.comparable and fall >= t.power_small_drop_grades
    if age > t.deficit_stable_days or (not measured_fall and (long_standing or _is_stable(exams, t))):
        return deficit(None, "stable")
    if age > t.power_recent_days:
        return deficit(Outcome.POSSIBLE, "stale exam")
    severe = latest.grade <= t.power_severe_grade
    fell = measured_fall and fall >= t.power_drop_grades
    begun = (today - _first_day_of_deficit(exams)).days <= t.deficit_new_days
    if severe and begun:
        return deficit(Outcome.EMERGENCY, "severe", fell=fell, begun=True, severe=True)
    if _is_alone(exams):
        return deficit(Outcome.POSSIBLE, "no baseline", first_exam=age <= t.power_fresh_days)
    if fell and age <= t.power_fresh_days and _has_rapid_fall(exams, t):
        return deficit(Outcome.EMERGENCY, "rapid", fell=True, begun=begun, severe=severe)
    if fell:
        return deficit(Outcome.URGENT, "progressive", fell=True, begun=begun, severe=severe)
    return deficit(Outcome.POSSIBLE, "small or old change", severe=severe)


@dataclass(frozen=True, slots=True)
class _Baseline:
    grade: Decimal
    comparable: bool  # False: only an exam older than the window


def _read_baseline(exams: tuple[PowerExam, ...], t: Thresholds) -> _Baseline:
    """The best grade in the window before the worst; else an older one; else full power (8.5.1)."""
    worst = _worst(exams, t)
    earlier = [exam for exam in exams if exam.when and exam is not worst and _moment(exam) <= _moment(worst)]
    in_window = [exam.grade for exam in earlier if (_day(worst) - _day(exam)).days <= t.power_baseline_days]
    if in_window:
        return _Baseline(max(in_window), comparable=True)
    if earlier:
        return _Baseline(earlier[-1].grade, comparable=False)
    return _Baseline(FULL_POWER, comparable=not _is_alone(exams))


def _is_alone(exams: tuple[PowerExam, ...]) -> bool:
    """Whether there is one dated exam: it has nothing to fall from, and undated ones make no series."""
    return sum(exam.when is not None for exam in exams) == 1


def _worst(exams: tuple[PowerExam, ...], t: Thresholds) -> PowerExam:
    """The weakest exam of the window that ends with the latest; the later one where two are equal."""
    start = _day(exams[-1]) - timedelta(days=t.power_baseline_days)
    return min(reversed([e for e in exams if e.when and _day(e) >= start]), key=lambda exam: exam.grade)


def _has_rapid_fall(exams: tuple[PowerExam, ...], t: Thresholds) -> bool:
    recent = [
        exam
        for exam in exams
        if exam.when and _day(exam) >= _day(exams[-1]) - timedelta(days=t.power_baseline_days)
    ]
    return any(
        earlier.grade - later.grade >= t.power_drop_grades
        and (_day(later) - _day(earlier)).days <= t.power_rapid_days
        for number, later in enumerate(recent)
        for earlier in recent[:number]
    )


def _is_stable(exams: tuple[PowerExam, ...], t: Thresholds) -> bool:
    """A deficit on two exams at least `deficit_stable_days` apart, and no worse since."""
    latest = exams[-1]
    old = [e for e in exams if e.when and (_day(latest) - _day(e)).days >= t.deficit_stable_days]
    return any(e.grade < FULL_POWER and e.grade - latest.grade < t.power_small_drop_grades for e in old)


def _first_day_of_deficit(exams: tuple[PowerExam, ...]) -> date:
    """The first day of the unbroken run of weak exams that ends with the latest."""
    first = exams[-1]
    for later, earlier in pairwise(reversed(exams)):
        if earlier.grade >= FULL_POWER or earlier.when is None:
            break
        first = earlier if later is first or _day(earlier) <= _day(first) else first
    return _day(first)


def _spelled(grade: Decimal) -> str:
    return {Decimal("3.7"): "4-", Decimal("4.3"): "4+"}.get(grade, str(grade.normalize()))


def weak_sides(deficits: Iterable[Deficit]) -> Iterator[Side]:
    """The sides that have a deficit which is a fact of R3."""
    for deficit in deficits:
        if deficit.outcome is not None and deficit.side is not None:
            yield from (Side.LEFT, Side.RIGHT) if deficit.side is Side.BOTH else (deficit.side,)
