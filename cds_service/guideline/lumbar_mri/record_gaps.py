"""What the record does not say, says too long ago, or has answered with no (specification 2.4, 2.5, 2.15)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Evidence
from cds_service.guideline.lumbar_mri.pain import PAIN
from cds_service.guideline.lumbar_mri.red_flag_questions import (
    BLADDER_BOWEL,
    FULL_POWER,
    LEG_POWER,
    QUESTIONS,
    SADDLE,
    is_fresh,
    is_known,
    leg_exams,
)
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.dates import Interval, on_day
from cds_service.record.facts import Certainty, Fact, ImagingFact, Origin, PatientFacts, PowerExam, Region
from cds_service.record.terminology import NOTHING

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

_UNLISTED = frozenset({"both-legs"})  # 2.4 does not count it among what every card must name
_TOGETHER = ("bladder", "bowel")  # one gap where neither is known
PARTS_OF_GAP = {"-".join(_TOGETHER): _TOGETHER}


def not_recorded(
    facts: PatientFacts, today: date, guideline: Guideline, unread: Collection[str] = ()
) -> tuple[str, ...]:
    """The red-flag questions that the record neither asserts nor denies, nor measures afresh (2.15).

    A cancer or a procedure counts at any age, an answer about symptoms only while it is fresh.
    What may stand in a type that is `unread` is not known to be unrecorded, and left out.
    """
    gaps = [
        question.key
        for question in QUESTIONS
        if question.key not in _UNLISTED
        and _SOURCES.get(question.key, _STATED_IN).isdisjoint(unread)
        and not is_known(question, facts, today, guideline.thresholds)
    ]
    if gaps[: len(_TOGETHER)] == [*_TOGETHER]:
        return ("-".join(_TOGETHER), *gaps[len(_TOGETHER) :])
    return tuple(gaps)


def stale(facts: PatientFacts, today: date, guideline: Guideline) -> tuple[Evidence, ...]:
    """The last examination of the legs, where it is too old to count (2.15).

    Old answers are told as denials, and old high CRP and ESR values by the infection pathway.
    """
    exam = _stale_exam(facts, today, guideline.thresholds)
    return (exam,) if exam else ()


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
    asked = [fact for fact in facts.facts if fact.origin in _ASKED and is_fresh(fact.when, window, today)]
    exams = [exam for exam in facts.power if is_fresh(exam.when, window, today)]
    asked_on = [*(fact.when for fact in asked), *(exam.when for exam in exams)]
    for day in sorted({when.last for when in asked_on if when and when.last <= today}, reverse=True):
        answers = [fact for fact in asked if fact.when and fact.when.last == day]
        graded = [exam for exam in exams if exam.when and exam.when.last == day]
        if any(map(_is_red_flag_or_unusable, answers)) or any(exam.grade < FULL_POWER for exam in graded):
            return None
        if _denies_cauda_equina(answers, graded):
            return on_day(day)
    return None


def _is_red_flag_or_unusable(answer: Fact) -> bool:
    """Whether an answer is positive, or cannot be used; pain itself and the like are no red flag."""
    open_or_positive = answer.certainty.positive or answer.certainty is Certainty.UNKNOWN
    return open_or_positive and not answer.concepts <= _NO_RED_FLAGS


def _denies_cauda_equina(answers: Sequence[Fact], graded: Sequence[PowerExam]) -> bool:
    """Whether bladder or bowel, saddle and legs were all asked, or the legs examined, and nothing found.

    A form of a month or a year is the screen of no day.
    """
    whole = (fact for fact in answers if fact.when and fact.when.first == fact.when.last)
    denied = NOTHING.union(*(fact.concepts for fact in whole if fact.certainty is Certainty.DENIED))
    legs = bool(denied & LEG_POWER) or any(exam.limb is Region.LEG for exam in graded)
    return legs and bool(denied & BLADDER_BOWEL) and bool(denied & SADDLE)


def _stale_exam(facts: PatientFacts, today: date, limits: Thresholds) -> Evidence | None:
    dated = [(exam.when.last, exam.resource, exam) for exam in leg_exams(facts) if exam.when]
    if not dated:
        return None
    exam = max(dated, key=lambda found: found[:2])[2]
    if is_fresh(exam.when, limits.power_fresh_days, today):
        return None
    return Evidence(exam.text, exam.resource, exam.when, "leg power", "too old to count")


def _scan_order(scan: ImagingFact) -> tuple[date, str]:
    return scan.when.last if scan.when else date.min, scan.resource
