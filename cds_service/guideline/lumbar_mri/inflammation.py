"""Fever, CRP and ESR as clues of infection (2.9, 8.1.2, 8.1.5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cds_service.guideline.decision import Evidence
from cds_service.guideline.lumbar_mri.clues import Clue, Weight, last_mention, read_clue
from cds_service.guideline.lumbar_mri.measured_values import (
    is_over,
    measured_in,
    moment,
    show,
    spelled,
)
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.dates import Interval
from cds_service.record.facts import (
    Certainty,
    Fact,
    Measure,
    Measurement,
    PatientFacts,
    ProcedureFact,
    State,
    ValueProblem,
    read_once,
)

FEVER = ("fever",)
RAISED_MARKERS = ("raised-inflammatory-markers",)
# A puncture, an injection or cement through a needle is no operation (8.1.2).
OPERATIONS = ("lumbar-surgery", "spinal-surgery-without-level", "other-spine-procedure", "stimulator-or-pump")

CRITERIA: tuple[tuple[str, str], ...] = (
    ("strong", "Temperature of $fever_cel °C or more within $fever_days days"),
    ("strong", "Fever, chills or rigors, coded within $fever_coded_days days"),
    ("strong", "CRP over $crp_strong_mg_l mg/L within $lab_days days"),
    ("strong", "ESR over $esr_strong_mm_h mm/h within $lab_days days"),
    ("weak", "CRP over $crp_weak_mg_l to $crp_strong_mg_l mg/L within $lab_days days"),
    ("weak", "ESR over $esr_weak_mm_h to $esr_strong_mm_h mm/h within $lab_days days"),
    ("weak", "Raised CRP, ESR or white cells as a diagnosis within $lab_days days, without a value"),
    ("weak", "A value without a unit that the laboratory flagged as high"),
    (
        "listed",
        "CRP and ESR in the $lab_after_surgery_days days after an operation, unless they rise again after a "
        "fall, or the CRP is over $crp_after_surgery_mg_l mg/L after day $crp_after_surgery_days",
    ),
    ("unclear", "Temperature, CRP or ESR in its window, whose unit or size cannot be used"),
    ("possible", "A high value without a date"),
)


@dataclass(frozen=True, slots=True)
class _Limits:
    """How one measure is judged: what is weak, what is strong, and for how long."""

    kind: str
    measure: Measure
    weak: Decimal | None
    strong: Decimal
    days: int
    or_equal: bool = False


@read_once
def read_fever(facts: PatientFacts, today: date, limits: Thresholds) -> tuple[Clue, ...]:
    """The clues of fever, measured or coded."""
    measured = _Limits("fever", Measure.TEMPERATURE, None, limits.fever_cel, limits.fever_days, or_equal=True)
    coded = (
        read_clue(
            fact, "fever", lambda found: _judge_fever(found, today, limits), facts, today, limits,
            short="fever",
        )
        for fact in facts.about(*FEVER)
    )  # fmt: skip
    return (*_read_measure(facts, measured, today, limits), *(clue for clue in coded if clue))


def read_markers(facts: PatientFacts, today: date, limits: Thresholds) -> tuple[Clue, ...]:
    """The clues of CRP and ESR; a coded "raised CRP" only where no value says more."""
    days = limits.lab_days
    crp = _Limits("CRP", Measure.CRP, limits.crp_weak_mg_l, limits.crp_strong_mg_l, days)
    esr = _Limits("ESR", Measure.ESR, limits.esr_weak_mm_h, limits.esr_strong_mm_h, days)
    measured = [clue for which in (crp, esr) for clue in _read_measure(facts, which, today, limits)]
    if any(clue.weight in (Weight.STRONG, Weight.WEAK) for clue in measured):
        return tuple(measured)
    coded = (
        read_clue(
            fact, "raised markers", lambda found: _judge_coded_markers(found, today, limits), facts,
            today, limits, short="raised inflammatory markers",
        )
        for fact in facts.about(*RAISED_MARKERS)
    )  # fmt: skip
    return (*measured, *(clue for clue in coded if clue))


def stale_markers(facts: PatientFacts, today: date, limits: Thresholds) -> tuple[Evidence, ...]:
    """The last CRP and the last ESR where it was high and is now too old to count (2.15)."""
    found = []
    for measure, weak in ((Measure.CRP, limits.crp_weak_mg_l), (Measure.ESR, limits.esr_weak_mm_h)):
        dated = sorted((m for m in facts.measurements if m.measure is measure and m.when), key=moment)
        newest = dated[-1] if dated else None
        if newest is None or newest.when is None or newest.when.within(limits.lab_days, today):
            continue
        if is_over(newest, weak):
            found.append(show(newest, note="too old to count"))
    return tuple(found)


def _judge_fever(fact: Fact, today: date, limits: Thresholds) -> Weight | None:
    seen = last_mention(fact)
    if seen is None:
        return Weight.HINT if fact.state is State.CURRENT else None
    return Weight.STRONG if seen.within(limits.fever_coded_days, today) else None


def _judge_coded_markers(fact: Fact, today: date, limits: Thresholds) -> Weight | None:
    seen = last_mention(fact)
    if seen is None:
        return Weight.WEAK if fact.state is State.CURRENT else None
    return Weight.WEAK if seen.within(limits.lab_days, today) else None


def _read_measure(facts: PatientFacts, which: _Limits, today: date, limits: Thresholds) -> Iterator[Clue]:
    """The highest value in the window that crosses a limit, the unusable ones, and those of an operation.

    A newer value under the limit takes nothing away; the card shows both (8.1.2).
    """
    values = measured_in(facts, which.measure, which.days, today)
    weighed = [(value, _weigh(value, which, facts, limits)) for value in values]
    crossing = [(value, weight) for value, weight in weighed if weight is not None and weight in _CROSSING]
    if crossing:
        value, weight = max(crossing, key=lambda found: (_CROSSING.index(found[1]), found[0].value or 0))
        newer = (show(values[-1], note="newest value"),) if values[-1] is not value else ()
        shown = show(value, short=_short(value, which), note=_why_special(value))
        yield Clue(which.kind, weight, shown, also=newer, known=True)
    for other, tier in weighed:
        if tier is Weight.UNKNOWN:
            yield Clue(which.kind, tier, show(other, note=_why_unknown(other)))
        if tier is Weight.LISTED:
            yield Clue(which.kind, tier, show(other, note="in the days after an operation"))


_CROSSING = (Weight.HINT, Weight.WEAK, Weight.STRONG)


def _weigh(value: Measurement, which: _Limits, facts: PatientFacts, limits: Thresholds) -> Weight | None:
    weight = _weigh_alone(value, which)
    if weight in (Weight.STRONG, Weight.WEAK):
        if value.when is None:
            return Weight.HINT
        if _is_of_an_operation(value, facts, limits):
            return Weight.LISTED
    return weight


def _weigh_alone(value: Measurement, which: _Limits) -> Weight | None:
    lowest = which.strong if which.weak is None else which.weak
    crosses = is_over(value, lowest, or_equal=which.or_equal)
    if value.value is None and value.flagged_high and crosses is not False:
        return Weight.UNKNOWN if value.problem is ValueProblem.IMPLAUSIBLE else Weight.WEAK  # 8.9.4
    if crosses is None:
        return Weight.UNKNOWN
    if is_over(value, which.strong, or_equal=which.or_equal):
        return Weight.STRONG
    return Weight.WEAK if crosses else None


def _short(value: Measurement, which: _Limits) -> str:
    if which.measure is Measure.TEMPERATURE:
        return f"fever {spelled(value.value)} °C" if value.value is not None else "fever"
    return ""


def _why_special(value: Measurement) -> str:
    if value.when is None:
        return "date not recorded"
    return "flagged as high, unit not usable" if value.value is None else ""


def _why_unknown(value: Measurement) -> str:
    match value.problem:
        case ValueProblem.NO_UNIT:
            return "no unit recorded"
        case ValueProblem.UNKNOWN_UNIT:
            return "unit not known"
        case ValueProblem.IMPLAUSIBLE:
            return "not a plausible value"
        case ValueProblem.NO_VALUE:
            return "no value recorded"
        case None:
            return "cannot be compared"


def _is_of_an_operation(value: Measurement, facts: PatientFacts, limits: Thresholds) -> bool:
    """Whether the value is only what an operation does to CRP and ESR (2.9, row "after surgery")."""
    if value.measure not in (Measure.CRP, Measure.ESR):
        return False
    operation = next((done for done in _operations(facts) if _follows(value, done, limits)), None)
    if operation is None:
        return False
    late_and_high = _is_high_after_the_first_week(value, operation, limits)
    return not late_and_high and not _rises_again(value, operation, facts)


def _operations(facts: PatientFacts) -> Sequence[ProcedureFact]:
    """Operations on the spine that surely took place, on a recorded day; newest first."""
    found = [
        done
        for done in facts.procedures
        if not done.concepts.isdisjoint(OPERATIONS) and done.certainty is Certainty.KNOWN and done.performed
    ]
    return sorted(found, key=lambda done: done.performed.last if done.performed else date.min, reverse=True)


def _follows(value: Measurement, operation: ProcedureFact, limits: Thresholds) -> bool:
    """Whether the value surely lies in the days after the operation; where days are vague it counts."""
    if value.when is None or operation.performed is None:
        return False
    longest = (value.when.last - operation.performed.first).days
    return _is_after(value.when, operation.performed) and longest <= limits.lab_after_surgery_days


def _is_after(taken: Interval, operated: Interval) -> bool:
    """Whether it surely was taken later; of the same day without clock times it may have been before."""
    if taken.at and operated.at:
        return taken.at > operated.at
    return taken.first > operated.last


def _is_high_after_the_first_week(value: Measurement, operation: ProcedureFact, limits: Thresholds) -> bool:
    if value.measure is not Measure.CRP or value.when is None or operation.performed is None:
        return False
    days = (value.when.last - operation.performed.first).days
    return days > limits.crp_after_surgery_days and is_over(value, limits.crp_after_surgery_mg_l) is True


def _rises_again(value: Measurement, operation: ProcedureFact, facts: PatientFacts) -> bool:
    """Whether an earlier value since the operation had fallen, and this one is higher again."""
    series = [
        m.value
        for m in sorted(facts.measurements, key=moment)
        if m.measure is value.measure and m.value is not None and m.when and operation.performed
        and m.when.first >= operation.performed.first and moment(m) < moment(value)
    ]  # fmt: skip
    if value.value is None:
        return False
    fallen = [low for n, low in enumerate(series) if any(high > low for high in series[:n])]
    return any(low < value.value for low in fallen)
