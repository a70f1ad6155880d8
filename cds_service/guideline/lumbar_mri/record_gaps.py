"""What the record does not say, says too long ago, or has answered with no (specification 2.4, 2.5, 2.15)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Evidence
from cds_service.guideline.lumbar_mri.pain import PAIN
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.dates import Interval, on_day
from cds_service.record.facts import (
    Certainty,
    Fact,
    ImagingFact,
    Measure,
    Origin,
    PatientFacts,
    PowerExam,
    Region,
)
from cds_service.record.terminology import NOTHING

BLADDER_BOWEL = frozenset(
    {
        "bladder-dysfunction", "urinary-retention", "retention-chronic", "retention-drug",
        "retention-postoperative", "retention-other-cause", "urinary-hesitancy", "incomplete-emptying",
        "urinary-incontinence", "incontinence-stress-urge", "bladder-sensation-lost", "neurogenic-bladder",
        "bowel-dysfunction", "faecal-incontinence", "rectal-sensation-lost", "anal-tone-reduced",
        "neurogenic-bowel",
    }
)  # fmt: skip
SADDLE = frozenset({"saddle-numbness"})
LEG_POWER = frozenset({"leg-weakness", "foot-drop", "paraparesis", "gait-loss"})
FEVER = frozenset({"fever"})
WEIGHT = frozenset({"weight-loss"})
CANCER = frozenset(
    {
        "cancer", "cancer-high-risk", "cancer-history", "cancer-history-high-risk", "spinal-tumour",
        "spinal-metastasis",
    }
)  # fmt: skip
PROCEDURE = frozenset(
    {
        "spinal-procedure", "lumbar-surgery", "spinal-surgery-history", "spinal-surgery-without-level",
        "spinal-injection", "vertebral-augmentation", "lumbar-puncture", "neuraxial-anaesthesia",
        "stimulator-or-pump", "spinal-hardware",
    }
)  # fmt: skip
# Answers that a red-flag form may give with yes without a red flag.
_NO_RED_FLAGS = PAIN | {
    "other-spine-pain",
    "pain-free",
    "self-management",
    "physical-therapy",
    "osteoporosis",
    "diabetes",
}
# Where a gap may be filled: statements and findings, but an operation is no observation.
# Hardware in the device list would prove one as well; its absence there says nothing of needles.
_STATED_IN = frozenset({"Condition", "Observation", "QuestionnaireResponse"})
_SOURCES = {"procedure": frozenset({"Procedure", "Condition", "QuestionnaireResponse"})}
_ASKED = frozenset({Origin.ANSWER, Origin.OBSERVATION})
CRITERIA: tuple[tuple[str, str], ...] = (
    ("named", "A lumbar MRI within $prior_mri_days days, because it may save a second scan"),
    (
        "quoted",
        "A red-flag screen within $negative_screen_days days: bladder or bowel, saddle and leg power asked "
        "or examined on one day, and nothing found then or later",
    ),
    (
        "not recorded",
        "Bladder and bowel, saddle or leg power neither asserted nor denied within $fresh_answer_days days; "
        "a leg exam counts for $power_fresh_days days",
    ),
    (
        "not recorded",
        "No temperature within $fever_days days, nor fever asserted or denied within $fever_coded_days days",
    ),
    (
        "not recorded",
        "Neither two weights within $weight_fresh_days days nor an answer within $fresh_answer_days days",
    ),
    ("too old", "The last leg exam, and the last no about bladder, bowel and saddle, beyond these days"),
)

_FULL_POWER = 5  # MRC grade of a muscle without weakness


def not_recorded(
    facts: PatientFacts, today: date, guideline: Guideline, unread: Collection[str] = ()
) -> tuple[str, ...]:
    """The red-flag questions that the record neither asserts nor denies, nor measures afresh (2.15).

    A cancer or a procedure counts at any age, an answer about symptoms only while it is fresh.
    What may stand in a type that is `unread` is not known to be unrecorded, and left out.
    """
    limits = guideline.thresholds
    known: tuple[tuple[str, Callable[[PatientFacts, date, Thresholds], bool]], ...] = (
        ("bladder-bowel", _knows_bladder_and_bowel),
        ("saddle", lambda f, day, lim: _is_answered(f, SADDLE, lim.fresh_answer_days, day)),
        ("leg-power", _knows_leg_power),
        ("fever", _knows_fever),
        ("weight", _knows_weight),
        ("cancer", lambda f, day, lim: _is_answered(f, CANCER, None, day)),
        ("procedure", _knows_procedure),
    )
    return tuple(
        key
        for key, is_known in known
        if _SOURCES.get(key, _STATED_IN).isdisjoint(unread) and not is_known(facts, today, limits)
    )


def stale(facts: PatientFacts, today: date, guideline: Guideline) -> tuple[Evidence, ...]:
    """The last leg examination and the last "no" about bladder, bowel and saddle, where too old (2.15).

    Old high CRP and ESR values are listed by the infection pathway.
    """
    limits = guideline.thresholds
    return tuple(
        line
        for line in (
            _stale_exam(facts, today, limits),
            _stale_answer(facts, BLADDER_BOWEL, "bladder and bowel answer", today, limits),
            _stale_answer(facts, SADDLE, "saddle answer", today, limits),
        )
        if line
    )


def previous_mri(facts: PatientFacts, today: date, guideline: Guideline) -> Evidence | None:
    """The newest completed lumbar MRI in its window (2.5); a negative one never closes a red flag (2.9)."""
    window = guideline.thresholds.prior_mri_days
    recent = [scan for scan in facts.imaging if scan.when and scan.when.within(window, today)]
    newest = max(recent, key=_scan_order, default=None)
    if newest is None:
        return None
    return Evidence(newest.text, newest.resource, newest.when, "previous MRI", "previous MRI")


def read_screen(facts: PatientFacts, today: date, guideline: Guideline) -> Interval | None:
    """The day of the newest red-flag screen in its window whose answers are all negative (2.4).

    Bladder or bowel, saddle and leg power must have been asked that day; an answer that cannot be used,
    or a red flag of that day or later, makes it no negative screen.
    """
    window = guideline.thresholds.negative_screen_days
    asked = [fact for fact in facts.facts if fact.origin in _ASKED and _is_fresh(fact.when, window, today)]
    exams = [exam for exam in facts.power if _is_fresh(exam.when, window, today)]
    asked_on = [*(fact.when for fact in asked), *(exam.when for exam in exams)]
    for day in sorted({when.last for when in asked_on if when and when.last <= today}, reverse=True):
        answers = [fact for fact in asked if fact.when and fact.when.last == day]
        graded = [exam for exam in exams if exam.when and exam.when.last == day]
        if any(map(_is_red_flag_or_unusable, answers)) or any(exam.grade < _FULL_POWER for exam in graded):
            return None
        if _denies_cauda_equina(answers, graded):
            return on_day(day)
    return None


def _is_red_flag_or_unusable(answer: Fact) -> bool:
    """Whether an answer is positive, or cannot be used; pain itself and the like are no red flag."""
    open_or_positive = answer.certainty.positive or answer.certainty is Certainty.UNKNOWN
    return open_or_positive and not answer.concepts <= _NO_RED_FLAGS


def _denies_cauda_equina(answers: Sequence[Fact], graded: Sequence[PowerExam]) -> bool:
    """Whether bladder or bowel, saddle and legs were all asked, or the legs examined, and nothing found."""
    denied = NOTHING.union(*(fact.concepts for fact in answers if fact.certainty is Certainty.DENIED))
    legs = bool(denied & LEG_POWER) or any(exam.limb is Region.LEG for exam in graded)
    return legs and bool(denied & BLADDER_BOWEL) and bool(denied & SADDLE)


def _is_answered(facts: PatientFacts, concepts: frozenset[str], days: int | None, today: date) -> bool:
    """Whether something current says it, or something fresh denies it; `days` None: at any age."""
    for fact in facts.about(*concepts):
        if fact.certainty.positive:
            return True
        if fact.certainty is not Certainty.UNKNOWN and _is_fresh(fact.when, days, today):
            return True
    return False


def _is_fresh(when: Interval | None, days: int | None, today: date) -> bool:
    return days is None or (when is not None and when.within(days, today))


def _knows_bladder_and_bowel(facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    answered = _is_answered(facts, BLADDER_BOWEL, limits.fresh_answer_days, today)
    return answered or _is_measured(facts, Measure.RESIDUAL_VOLUME, limits.fresh_answer_days, today)


def _knows_leg_power(facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    examined = any(_is_fresh(exam.when, limits.power_fresh_days, today) for exam in _leg_exams(facts))
    return examined or _is_answered(facts, LEG_POWER, limits.fresh_answer_days, today)


def _knows_fever(facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    measured = _is_measured(facts, Measure.TEMPERATURE, limits.fever_days, today)
    return measured or _is_answered(facts, FEVER, limits.fever_coded_days, today)


def _knows_weight(facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    weights = [
        measured.when
        for measured in facts.measurements
        if measured.measure is Measure.WEIGHT and measured.value is not None
    ]
    fresh = [when for when in weights if _is_fresh(when, limits.weight_fresh_days, today)]
    return len(fresh) >= 2 or _is_answered(facts, WEIGHT, limits.fresh_answer_days, today)


def _knows_procedure(facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    done = [*(p.concepts for p in facts.procedures), *(device.concepts for device in facts.devices)]
    if any(not concepts.isdisjoint(PROCEDURE) for concepts in done):
        return True
    return _is_answered(facts, PROCEDURE, None, today)


def _is_measured(facts: PatientFacts, measure: Measure, days: int, today: date) -> bool:
    return any(
        found.measure is measure and found.value is not None and _is_fresh(found.when, days, today)
        for found in facts.measurements
    )


def _leg_exams(facts: PatientFacts) -> Iterator[PowerExam]:
    return (exam for exam in facts.power if exam.limb is Region.LEG)


def _stale_exam(facts: PatientFacts, today: date, limits: Thresholds) -> Evidence | None:
    dated = [(exam.when.last, exam.resource, exam) for exam in _leg_exams(facts) if exam.when]
    if not dated:
        return None
    exam = max(dated, key=lambda found: found[:2])[2]
    if _is_fresh(exam.when, limits.power_fresh_days, today):
        return None
    return Evidence(exam.text, exam.resource, exam.when, "leg power", "too old to count")


def _stale_answer(
    facts: PatientFacts, concepts: frozenset[str], short: str, today: date, limits: Thresholds
) -> Evidence | None:
    """The newest "no", where it is too old and nothing positive is on record."""
    about = facts.about(*concepts)
    if any(fact.certainty.positive for fact in about):
        return None
    denied = [(f.when.last, f.resource, f) for f in about if f.certainty is Certainty.DENIED and f.when]
    if not denied:
        return None
    newest = max(denied, key=lambda found: found[:2])[2]
    if _is_fresh(newest.when, limits.fresh_answer_days, today):
        return None
    return Evidence(newest.text, newest.resource, newest.when, short, "too old to count")


def _scan_order(scan: ImagingFact) -> tuple[date, str]:
    return scan.when.last if scan.when else date.min, scan.resource
