"""What dated muscle examinations show: one deficit a muscle and side (specification 2.7, 8.5.1 to 8.5.5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from cds_service.guideline.decision import Evidence, Outcome
from cds_service.guideline.lumbar_mri.assertions import on_same_side
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
    worst: PowerExam  # the weakest of the recent exams; often the latest
    baseline: PowerExam | None = None  # what the worst is compared with; None: nothing on record
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
        """The grades that the rule compared, in the words of a card."""
        low, last = self.worst, self.latest
        if self.baseline is None:
            return f"grade {_spelled(last.grade)}" if low is last else _from_to(low, last)
        if self.baseline.grade == last.grade == low.grade:
            return f"grade {_spelled(last.grade)}, unchanged over {_days_between(self.baseline, last)}"
        now = "" if low.grade == last.grade else f", now {_spelled(last.grade)}"
        return _from_to(self.baseline, low) + now


def _from_to(first: PowerExam, second: PowerExam) -> str:
    return f"{_spelled(first.grade)} to {_spelled(second.grade)} in {_days_between(first, second)}"


def _days_between(first: PowerExam, second: PowerExam) -> str:
    days = (_day(second) - _day(first)).days
    return f"{days} day{'' if days == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Standing:
    """A deficit that a code dates to more than `deficit_stable_days` ago."""

    root_group: str | None  # None: of the whole leg
    side: Side | None  # None: not recorded, and so the side of no exam
    since: date  # the last day on which it can have begun


def read_deficits(
    facts: PatientFacts,
    today: date,
    thresholds: Thresholds,
    standing: Iterable[Standing] = (),
    limb: Region = Region.LEG,
) -> tuple[Deficit, ...]:
    """One deficit for each muscle and side of the limb that was examined, in a fixed order.

    What `standing` says holds as long as no exam since is worse than another before it.
    """
    exams = [exam for exam in facts.power if exam.limb is limb]
    keys = sorted(_series_of(exams), key=lambda key: (key[0], str(key[2])))
    return tuple(
        _judge_series(
            _ordered(exams, muscle, side), side, today, thresholds, _standing_since(standing, group, side)
        )
        for muscle, group, side in keys
    )


def _series_of(exams: Iterable[PowerExam]) -> set[tuple[str, str, Side | None]]:
    """Muscle, root group and side of each series.

    An exam of both sides belongs to the left and to the right one, where the record knows either.
    """
    named = {(exam.muscle, exam.root_group, exam.side) for exam in exams}
    single = {muscle for muscle, _, side in named if side in (Side.LEFT, Side.RIGHT)}
    split = {(m, g, side) for m, g, _ in named if m in single for side in (Side.LEFT, Side.RIGHT)}
    seen = {(m, g, side) for m, g, side in named if side is not Side.BOTH or m not in single}
    return seen | {(m, g, side) for m, g, side in split if (m, g, Side.BOTH) in named}


def _standing_since(standing: Iterable[Standing], group: str, side: Side | None) -> tuple[date, ...]:
    return tuple(s.since for s in standing if s.root_group in (None, group) and on_same_side(s.side, side))


def _ordered(exams: Iterable[PowerExam], muscle: str, side: Side | None) -> tuple[PowerExam, ...]:
    """Oldest first; where a clock time is missing the weaker exam of a day last: a contradiction is positive.

    One grade at one moment is one exam, however often it was entered: nothing can fall from its copy.
    """
    sides = (side, Side.BOTH) if side else (side,)
    mine = (exam for exam in exams if exam.muscle == muscle and exam.side in sides)
    once = {(*_moment(exam), -exam.grade): exam for exam in mine}
    return tuple(exam for _, exam in sorted(once.items()))


def _moment(exam: PowerExam) -> tuple[date, time]:
    """Day and clock time, both in the guideline's zone.

    Without a clock time full power begins its day and weakness ends it,
    so neither clears a deficit of which nobody knows whether it came before or after (2.15).
    """
    day = _day(exam)
    if exam.when and exam.when.at:
        return day, exam.when.at.time()
    return day, time.min if exam.grade >= FULL_POWER else time.max


def _day(exam: PowerExam) -> date:
    return exam.when.last if exam.when else date.min


def _judge_series(
    exams: tuple[PowerExam, ...], side: Side | None, today: date, t: Thresholds, standing: tuple[date, ...]
) -> Deficit:
    """What the dated exams come to; a worse one without a date is possible at least (2.7, 2.15)."""
    dated = tuple(exam for exam in exams if exam.when)
    judged = _judge_dated(dated, side, today, t, standing) if dated else None
    undated = min((exam for exam in exams if not exam.when), key=lambda exam: exam.grade, default=None)
    if judged and (judged.outcome or not undated or undated.grade >= judged.latest.grade):
        return judged
    shown = undated or exams[-1]
    weak = shown.grade < FULL_POWER
    outcome, tier = (Outcome.POSSIBLE, "undated") if weak else (None, "full power")
    return Deficit(shown.muscle, shown.root_group, side, outcome, tier, exams=(shown,), worst=shown)


def _judge_dated(
    exams: tuple[PowerExam, ...], side: Side | None, today: date, t: Thresholds, standing: tuple[date, ...]
) -> Deficit:
    latest = exams[-1]

    def deficit(outcome: Outcome | None, tier: str, **more: Any) -> Deficit:
        plain: dict[str, Any] = {"worst": latest, "exams": exams}
        return Deficit(latest.muscle, latest.root_group, side, outcome, tier, **(plain | more))

    worst = _worst(exams, t)
    if latest.grade >= FULL_POWER:
        return deficit(None, "full power", worst=worst)
    age = max((today - _day(latest)).days, 0)
    baseline = _read_baseline(exams, worst, t)
    fall = baseline.grade - latest.grade
    measured_fall = baseline.comparable and fall >= t.power_small_drop_grades
    begun = (today - _first_day_of_deficit(exams)).days <= t.deficit_new_days
    seen: dict[str, Any] = {
        "worst": _first_so_weak(exams, worst, baseline.exam),
        "baseline": baseline.exam,
        "begun": begun,
    }
    if age > t.deficit_stable_days:
        return deficit(None, "stable")
    if not measured_fall and (steady := _steady_exams(exams, standing, t)):
        return deficit(None, "stable", baseline=steady[0] if len(steady) > 1 else None)
    if age > t.power_recent_days:
        return deficit(Outcome.POSSIBLE, "stale exam", **seen)
    seen["severe"] = severe = latest.grade <= t.power_severe_grade
    seen["fell"] = fell = measured_fall and fall >= t.power_drop_grades
    if severe and begun:
        return deficit(Outcome.EMERGENCY, "severe", **seen)
    if len(exams) == 1:  # nothing to fall from
        return deficit(Outcome.POSSIBLE, "no baseline", **seen, first_exam=age <= t.power_fresh_days)
    if fell and age <= t.power_fresh_days and _has_rapid_fall(exams, t):
        return deficit(Outcome.EMERGENCY, "rapid", **seen)
    if fell:
        return deficit(Outcome.URGENT, "progressive", **seen)
    return deficit(Outcome.POSSIBLE, "small or old change", **seen)


@dataclass(frozen=True, slots=True)
class _Baseline:
    grade: Decimal
    comparable: bool  # False: only an exam older than the window
    exam: PowerExam | None = None  # None: full power is assumed


def _read_baseline(exams: tuple[PowerExam, ...], worst: PowerExam, t: Thresholds) -> _Baseline:
    """The best grade in the window before the worst; else an older one; else full power (8.5.1)."""
    earlier = [exam for exam in exams if exam is not worst and _moment(exam) <= _moment(worst)]
    in_window = [exam for exam in earlier if (_day(worst) - _day(exam)).days <= t.power_baseline_days]
    if in_window:
        best = max(reversed(in_window), key=lambda exam: exam.grade)  # the last of equals
        return _Baseline(best.grade, comparable=True, exam=best)
    if earlier:
        return _Baseline(earlier[-1].grade, comparable=False, exam=earlier[-1])
    return _Baseline(FULL_POWER, comparable=len(exams) > 1)


def _worst(exams: tuple[PowerExam, ...], t: Thresholds) -> PowerExam:
    """The weakest exam of the window that ends with the latest; the later one where two are equal."""
    start = _day(exams[-1]) - timedelta(days=t.power_baseline_days)
    return min(reversed([exam for exam in exams if _day(exam) >= start]), key=lambda exam: exam.grade)


def _first_so_weak(exams: tuple[PowerExam, ...], worst: PowerExam, baseline: PowerExam | None) -> PowerExam:
    """The first exam after the baseline that was as weak as the worst: there the fall was complete."""
    if baseline is None or baseline.grade <= worst.grade:
        return worst
    since = exams[exams.index(baseline) :]
    return next(exam for exam in since if exam.grade == worst.grade)


def _has_rapid_fall(exams: tuple[PowerExam, ...], t: Thresholds) -> bool:
    recent = [exam for exam in exams if _day(exam) >= _day(exams[-1]) - timedelta(days=t.power_baseline_days)]
    return any(
        earlier.grade - later.grade >= t.power_drop_grades
        and (_day(later) - _day(earlier)).days <= t.power_rapid_days
        for number, later in enumerate(recent)
        for earlier in recent[:number]
    )


def _steady_exams(
    exams: tuple[PowerExam, ...], standing: tuple[date, ...], t: Thresholds
) -> tuple[PowerExam, ...]:
    """The exams of a deficit that is old and no worse since; empty where it is new, or became worse.

    Old is what two exams at least `deficit_stable_days` apart show, or what a code dates.
    """
    for number, exam in enumerate(exams):
        old = (_day(exams[-1]) - _day(exam)).days >= t.deficit_stable_days
        if old and exam.grade < FULL_POWER and not _has_fallen(exams[number:], t):
            return exams[number:]
    for since in standing:
        later = tuple(exam for exam in exams if _day(exam) >= since)
        if not _has_fallen(later, t):
            return later
    return ()


def _has_fallen(exams: tuple[PowerExam, ...], t: Thresholds) -> bool:
    """Whether any exam is worse than one before it by more than a small change."""
    return any(
        earlier.grade - later.grade >= t.power_small_drop_grades
        for number, later in enumerate(exams)
        for earlier in exams[:number]
    )


def _first_day_of_deficit(exams: tuple[PowerExam, ...]) -> date:
    """The first day of the unbroken run of weak exams that ends with the latest."""
    first = exams[-1]
    for exam in reversed(exams):
        if exam.grade >= FULL_POWER:
            break
        first = exam
    return _day(first)


def _spelled(grade: Decimal) -> str:
    """The grade as doctors write it: 4.3 is 4+, 3.7 is 4- (2.7)."""
    whole, part = int(grade), grade % 1
    if part == Decimal("0.3"):
        return f"{whole}+"
    return f"{whole + 1}-" if part == Decimal("0.7") else f"{grade.normalize():f}"


def weak_sides(deficits: Iterable[Deficit]) -> Iterator[Side]:
    """The sides that have a deficit which is a fact of R3."""
    for deficit in deficits:
        if deficit.outcome is not None and deficit.side is not None:
            yield from (Side.LEFT, Side.RIGHT) if deficit.side is Side.BOTH else (deficit.side,)
