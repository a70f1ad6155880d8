"""The questions about red flags: which the record answers, which it answers with no, and which are open.

A question is known where something positive, a fresh no or a fresh measurement stands on record (2.15).
A no closes the question and nothing else: it takes no red flag away (8.1.3).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Denial, Finding, Outcome, Pathway
from cds_service.guideline.lumbar_mri.measured_values import is_over, measured_in
from cds_service.guideline.lumbar_mri.weak_symptoms import read_weak_symptoms
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.checklist import ChecklistItem
from cds_service.record.dates import Interval
from cds_service.record.facts import (
    Certainty,
    Measure,
    Origin,
    PatientFacts,
    PowerExam,
    Region,
    Side,
    State,
)

BLADDER = frozenset(
    {
        "bladder-dysfunction", "urinary-retention", "retention-chronic", "retention-drug",
        "retention-postoperative", "retention-other-cause", "urinary-hesitancy", "incomplete-emptying",
        "urinary-incontinence", "incontinence-stress-urge", "bladder-sensation-lost", "neurogenic-bladder",
    }
)  # fmt: skip
BOWEL = frozenset(
    {
        "bowel-dysfunction", "faecal-incontinence", "rectal-sensation-lost", "anal-tone-reduced",
        "neurogenic-bowel",
    }
)  # fmt: skip
BLADDER_BOWEL = BLADDER | BOWEL
SADDLE = frozenset({"saddle-numbness"})
LEG_POWER = frozenset({"leg-weakness", "foot-drop", "paraparesis", "gait-loss"})
BOTH_LEGS = frozenset({"bilateral-leg-symptoms"})
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
FULL_POWER = 5  # MRC grade of a muscle without weakness
_CANCER_TREATMENT = CANCER | {"antineoplastic", "chemotherapy", "cancer-treatment"}
_LEGS = ("radicular-pain", "leg-numbness", "leg-weakness", "paraparesis")
_Rule = Callable[[PatientFacts, date, Thresholds], bool]


@dataclass(frozen=True, slots=True)
class Question:
    """One question about red flags; `key` names its words, and the items of the checklist that answer it."""

    key: str
    concepts: frozenset[str]
    fresh_days: Callable[[Thresholds], int | None]  # how long a no counts; None: at any age
    is_measured: _Rule  # whether a fresh measurement or an entry of another kind answers it
    is_contradicted: _Rule  # whether one of these speaks against a no


def is_known(question: Question, facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    """Whether the record asserts, freshly denies or freshly measures what is asked."""
    days = question.fresh_days(limits)
    return question.is_measured(facts, today, limits) or is_answered(facts, question.concepts, days, today)


def is_answered(facts: PatientFacts, concepts: frozenset[str], days: int | None, today: date) -> bool:
    """Whether something current says it, or something fresh denies it; `days` None: at any age."""
    for fact in facts.about(*concepts):
        if fact.certainty.positive:
            return True
        if fact.certainty is not Certainty.UNKNOWN and is_surely_fresh(fact.when, days, today):
            return True
    return False


def is_fresh(when: Interval | None, days: int | None, today: date) -> bool:
    """Whether a day lies in the window; without a window any does."""
    return days is None or (when is not None and when.within(days, today))


def is_surely_fresh(when: Interval | None, days: int | None, today: date) -> bool:
    """The same of a no, which counts only where every day that it may be of lies in the window."""
    return days is None or (when is not None and when.surely_within(days, today))


def leg_exams(facts: PatientFacts) -> Iterator[PowerExam]:
    """The examinations of the legs' power."""
    return (exam for exam in facts.power if exam.limb is Region.LEG)


def denials(facts: PatientFacts, today: date, guideline: Guideline) -> tuple[Denial, ...]:
    """What was asked, or looked for, and denied: the newest no to each question, in their order (2.15).

    Nothing that anything on record speaks for, and nothing whose later answer cannot be used.
    """
    found = (_denial(question, facts, today, guideline.thresholds) for question in QUESTIONS)
    return tuple(denial for denial in found if denial is not None)


def open_items(
    facts: PatientFacts, today: date, guideline: Guideline, top: Outcome, findings: Sequence[Finding]
) -> tuple[str, ...]:
    """The link ids of the checklist items that would settle a card of R1, a question or a gap.

    A question is settled by the items of its own pathway, also where words or old entries speak of them:
    only an answer of these days tells. R1 and gaps are settled by whatever is not known.
    """
    if top not in (Outcome.POSSIBLE, Outcome.UNCLEAR, Outcome.NOT_INDICATED):
        return ()
    asking = {f.pathway for f in findings if f.outcome in (Outcome.POSSIBLE, Outcome.UNCLEAR)}
    of_disease = bool(asking) and Pathway.PAIN not in asking
    open_ = (
        _of_pathways(asking, facts, today, guideline) if of_disease else _not_known(facts, today, guideline)
    )
    with_treatment = top is Outcome.UNCLEAR and findings[0].variant in _ABOUT_CARE
    items = guideline.checklist.items
    return tuple(i.link_id for i in items if (with_treatment if i.treatment else i in open_))


_ABOUT_CARE = ("care-unknown", "care-partial", "duration-unknown")


def _of_pathways(
    pathways: Collection[Pathway], facts: PatientFacts, today: date, guideline: Guideline
) -> list[ChecklistItem]:
    """The items of these pathways that no usable answer of these days answers."""
    return [
        item
        for item in guideline.checklist.items
        if any(pathway in pathways for pathway in item.settles)
        and not _has_fresh_answer(item, facts, today, guideline.thresholds)
    ]


def _has_fresh_answer(item: ChecklistItem, facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    usable = (Certainty.KNOWN, Certainty.DENIED)
    return any(
        fact.origin is Origin.ANSWER
        and fact.certainty in usable
        and is_surely_fresh(fact.recorded, limits.fresh_answer_days, today)
        for fact in facts.about(*item.concepts)
    )


def _not_known(facts: PatientFacts, today: date, guideline: Guideline) -> list[ChecklistItem]:
    limits = guideline.thresholds
    known = {question.key for question in QUESTIONS if is_known(question, facts, today, limits)}
    return [item for item in guideline.checklist.items if item.gap is not None and item.gap not in known]


def _denial(question: Question, facts: PatientFacts, today: date, limits: Thresholds) -> Denial | None:
    about = facts.about(*question.concepts)
    if any(fact.certainty.positive and fact.state is not State.ENDED for fact in about):
        return None
    dated = [(f.when, f.origin is Origin.ANSWER) for f in about if f.certainty is Certainty.DENIED and f.when]
    if not dated or question.is_contradicted(facts, today, limits):
        return None
    when, asked = max(dated, key=lambda no: (no[0].last, no[1]))
    unusable = (f.when for f in about if f.certainty is Certainty.UNKNOWN)
    if any(later is None or later.last >= when.last for later in unusable):
        return None
    days = question.fresh_days(limits)
    return Denial(question.key, when, asked=asked, fresh=is_surely_fresh(when, days, today))


def _is_measured(facts: PatientFacts, measure: Measure, days: int, today: date) -> bool:
    return any(
        found.measure is measure and found.value is not None and is_fresh(found.when, days, today)
        for found in facts.measurements
    )


def _volume_measured(facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    return _is_measured(facts, Measure.RESIDUAL_VOLUME, limits.fresh_answer_days, today)


def _volume_is_high(facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    found = measured_in(facts, Measure.RESIDUAL_VOLUME, limits.cauda_acute_days, today)
    return any(is_over(one, limits.residual_volume_ml, or_equal=True) is not False for one in found)


def _legs_examined(facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    return any(is_fresh(exam.when, limits.power_fresh_days, today) for exam in leg_exams(facts))


def _legs_are_weak(facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    return any(exam.grade < FULL_POWER for exam in leg_exams(facts))


def _both_legs_named(facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    return any(fact.certainty.positive and fact.side is Side.BOTH for fact in facts.about(*_LEGS))


def _temperature_taken(facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    return _is_measured(facts, Measure.TEMPERATURE, limits.fever_days, today)


def _is_hot(facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    taken = measured_in(facts, Measure.TEMPERATURE, limits.fever_days, today)
    return any(is_over(one, limits.fever_cel, or_equal=True) is not False for one in taken)


def _was_weighed(facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    weights = [m for m in facts.measurements if m.measure is Measure.WEIGHT and m.value is not None]
    return sum(is_fresh(weight.when, limits.weight_fresh_days, today) for weight in weights) >= 2


def _has_lost_weight(facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    return any(clue.kind == "weight loss" for clue in read_weak_symptoms(facts, today, limits))


def _is_treated_for_cancer(facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    named = [done.concepts for done in facts.procedures] + [drug.concepts for drug in facts.medications]
    return any(not concepts.isdisjoint(_CANCER_TREATMENT) for concepts in named)


def _procedure_done(facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    named = [done.concepts for done in facts.procedures] + [device.concepts for device in facts.devices]
    return any(not concepts.isdisjoint(PROCEDURE) for concepts in named)


def _never(facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    return False


def _answer_days(limits: Thresholds) -> int:
    return limits.fresh_answer_days


def _fever_days(limits: Thresholds) -> int:
    return limits.fever_coded_days


def _any_age(limits: Thresholds) -> None:
    return None


# In the order in which a card names them; the symptoms of the cauda equina first.
QUESTIONS = (
    Question("bladder", BLADDER, _answer_days, _volume_measured, _volume_is_high),
    Question("bowel", BOWEL, _answer_days, _never, _never),
    Question("saddle", SADDLE, _answer_days, _never, _never),
    Question("leg-power", LEG_POWER, _answer_days, _legs_examined, _legs_are_weak),
    Question("both-legs", BOTH_LEGS, _answer_days, _never, _both_legs_named),
    Question("fever", FEVER, _fever_days, _temperature_taken, _is_hot),
    Question("weight", WEIGHT, _answer_days, _was_weighed, _has_lost_weight),
    Question("cancer", CANCER, _any_age, _never, _is_treated_for_cancer),
    Question("procedure", PROCEDURE, _any_age, _procedure_done, _procedure_done),
)
