"""What lies outside the six recommendations, and who gets no card (2.13, 8.7.4, 8.8.3, 8.8.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Evidence, Finding, MriOrder, Outcome, Pathway
from cds_service.guideline.lumbar_mri.assertions import counts_fully, evidence_of
from cds_service.guideline.lumbar_mri.pain import Pain
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.facts import (
    Certainty,
    Fact,
    MedicationFact,
    Origin,
    PatientFacts,
    State,
    Trend,
)

CRITERIA: tuple[tuple[str, str], ...] = (
    ("silent", "The patient has died, or is a test patient"),
    (
        "silent",
        "Hospice or end-of-life care; the order is for another indication: unless there is any emergency, "
        "or any fact of R3 or R4",
    ),
    ("outside", "Age under $adult_age years"),
    ("outside, vascular", "Aortic dissection or a ruptured aortic aneurysm"),
    (
        "outside, vascular",
        "Aortic aneurysm with pain that is worsening or not known to be older than $pain_short_days days",
    ),
    (
        "outside",
        "Significant trauma within $trauma_days days: road traffic accident, fall from a height, "
        "injury of the spine",
    ),
    ("outside", "Vertebral fracture, current, or ended within $trauma_days days"),
    (
        "outside",
        "A fall or minor trauma within $trauma_days days, and osteoporosis, age $fall_risk_age years "
        "or more, or long-term steroid use",
    ),
    (
        "outside",
        "Renal colic, pancreatitis or an unruptured aortic aneurysm, current; without a recorded end for "
        "$mimic_days days (an aneurysm for as long as it is active)",
    ),
    ("outside", "Pyelonephritis where no pain is on record; with back pain it is a possible infection (R5)"),
    ("line", "A pregnancy without a recorded end counts for $pregnancy_days days"),
)

VERTEBRAL_FRACTURE = ("vertebral-fracture",)
SIGNIFICANT_TRAUMA = ("major-trauma", "road-traffic-accident", "fall-from-height")
FALL = ("minor-trauma", "fall-or-accident", "repeated-falls")
OSTEOPOROSIS = ("osteoporosis",)
ANEURYSM = ("aortic-aneurysm",)
ACUTE_AORTA = ("aortic-dissection", "aortic-aneurysm-ruptured")
PYELONEPHRITIS = ("pyelonephritis",)
MIMICS = ("renal-colic", "pancreatitis")
INFLAMMATORY = ("axial-spondyloarthritis",)
_SHORT = {
    "vertebral-fracture": "vertebral fracture",
    "osteoporosis": "osteoporosis",
    "aortic-dissection": "aortic dissection",
    "aortic-aneurysm-ruptured": "ruptured aortic aneurysm",
    "aortic-aneurysm": "aortic aneurysm",
    "renal-colic": "renal colic",
    "pancreatitis": "pancreatitis",
    "pyelonephritis": "pyelonephritis",
    "axial-spondyloarthritis": "axial spondyloarthritis",
    "long-term-steroid": "long-term steroid",
    "pregnancy": "pregnancy",
}


@dataclass(frozen=True, slots=True)
class _Case:
    """The facts, and the day and numbers by which they are judged."""

    facts: PatientFacts
    pain: Pain
    today: date
    limits: Thresholds

    def current(self, *concepts: str) -> Iterator[Fact]:
        """The positive facts that still hold; words are enough for what explains a pain (8.1.9)."""
        return (
            fact
            for fact in self.facts.about(*concepts)
            if fact.certainty.positive and fact.state is State.CURRENT and not fact.history
        )

    def recent(self, within_days: int, *concepts: str) -> Iterator[Fact]:
        """The positive facts of the window, ended ones too (8.1.1), and the undated ones that are current."""
        for fact in self.facts.about(*concepts):
            if fact.certainty.positive and _is_recent(fact, within_days, self.today):
                yield fact


def assess_outside(
    facts: PatientFacts, pain: Pain, order: MriOrder, today: date, guideline: Guideline
) -> Finding | None:
    """What takes the order outside the six recommendations (2.13); None where nothing does.

    A red flag of any tier but possible goes before it, and so does a possible infection that is a mimic:
    pyelonephritis with back pain is left to the infection pathway, which always has a tier for it (8.7.4).
    Axial spondyloarthritis changes nothing, unless it is the order's reason: then the order is silent.
    """
    case = _Case(facts, pain, today, guideline.thresholds)
    for variant, find in _SITUATIONS:
        evidence = tuple(find(case))
        if evidence:
            return Finding(
                pathway=Pathway.OTHER,
                recommendation="",
                outcome=Outcome.OUTSIDE,
                tier=variant,
                variant=variant,
                evidence=evidence,
            )
    return None


def is_silent_patient(facts: PatientFacts, order: MriOrder, today: date, guideline: Guideline) -> str:
    """Why there is no card: "deceased", "test patient", "hospice" or "other indication"; empty: there may be.

    The last two hold only where no recommendation is an emergency and R3 and R4 have no fact (8.8.5).
    """
    if facts.deceased:
        return "deceased"
    if facts.test_patient:
        return "test patient"
    # A mere question about a hospice must not silence a card.
    if any(_is_current(fact) and counts_fully(fact) for fact in facts.about("palliative-care")):
        return "hospice"
    return "other indication" if order.other_indication else ""


def vascular_fact(facts: PatientFacts, pain: Pain, today: date, guideline: Guideline) -> Evidence | None:
    """The aortic disease that makes this pain a possible emergency (8.8.3); None where there is none.

    A dissection or rupture, current, with or without pain; an aneurysm only with new pain.
    """
    return next(_vascular(_Case(facts, pain, today, guideline.thresholds)), None)


def pregnancy(facts: PatientFacts, today: date, guideline: Guideline) -> Evidence | None:
    """The current pregnancy (2.13); None: not on record, ended, or denied by a newer answer."""
    window = guideline.thresholds.pregnancy_days
    about = facts.about("pregnancy")
    denials = [fact.when.last for fact in about if fact.certainty is Certainty.DENIED and fact.when]
    for fact in about:
        started = fact.when
        if not _is_current(fact) or (started and not started.within(window, today)):
            continue
        if started and any(day > started.last for day in denials):
            continue
        return _line(fact, "pregnancy")
    return None


def age_years(facts: PatientFacts, today: date) -> int | None:
    """The age in whole years, the youngest that a partial birth date allows; None: not on record."""
    if facts.birth_date is None:
        return None
    return _years_since(facts.birth_date.last, today)


def list_beside(facts: PatientFacts, today: date, guideline: Guideline) -> tuple[Evidence, ...]:
    """What changes nothing and is one line: axial spondyloarthritis on the problem list (8.9.5)."""
    listed = [
        fact for fact in facts.about(*INFLAMMATORY) if _is_current(fact) and fact.origin is not Origin.ORDER
    ]
    return tuple(_line(fact, *INFLAMMATORY) for fact in listed[:1])


def _child(case: _Case) -> Iterator[Evidence]:
    age = age_years(case.facts, case.today)
    if age is not None and age < case.limits.adult_age:
        yield Evidence(f"Age {age} years", "Patient", short=f"age {age}")


def _vascular(case: _Case) -> Iterator[Evidence]:
    for fact in case.current(*ACUTE_AORTA):
        yield _line(fact, *ACUTE_AORTA)
    if _has_new_pain(case):
        for fact in case.current(*ANEURYSM):
            yield _line(fact, *ANEURYSM)


def _has_new_pain(case: _Case) -> bool:
    """Whether the pain is new or worse; where nothing says how old it is, it may be new."""
    if not case.pain.present:
        return False
    days = case.pain.days
    return case.pain.trend is Trend.WORSENING or days is None or days < case.limits.pain_short_days


def _trauma(case: _Case) -> Iterator[Evidence]:
    for fact in case.recent(case.limits.trauma_days, *SIGNIFICANT_TRAUMA):
        yield _line(fact)


def _vertebral_fracture(case: _Case) -> Iterator[Evidence]:
    for fact in case.facts.about(*VERTEBRAL_FRACTURE):
        if _is_current(fact) or (
            _is_recent(fact, case.limits.trauma_days, case.today) and fact.certainty.positive
        ):
            yield _line(fact, *VERTEBRAL_FRACTURE)


def _fragility(case: _Case) -> Iterator[Evidence]:
    """A fall or minor trauma, in somebody whose bone may not stand it; either alone is nothing."""
    falls = [_line(fact) for fact in case.recent(case.limits.trauma_days, *FALL)]
    risks = list(_bone_risks(case))
    if falls and risks:
        yield from (*falls, *risks)


def _bone_risks(case: _Case) -> Iterator[Evidence]:
    for fact in case.current(*OSTEOPOROSIS, "long-term-steroid"):
        yield _line(fact, *OSTEOPOROSIS, "long-term-steroid")
    for medicine in case.facts.medications:
        if _is_long_steroid(medicine, case):
            yield Evidence(medicine.text, medicine.resource, medicine.started, "long-term steroid")
    age = _oldest_age(case)
    if age is not None and age >= case.limits.fall_risk_age:
        yield Evidence(f"Age {age} years", "Patient", short=f"age {age}")


def _is_long_steroid(medicine: MedicationFact, case: _Case) -> bool:
    """Whether a steroid has lately been taken for so long that it weakens bone; its end must be known."""
    if "corticosteroid" not in medicine.concepts or medicine.started is None:
        return False
    if not medicine.open and medicine.ended is None:
        return False
    end = medicine.ended.last if medicine.ended else case.today
    lately = (case.today - end).days <= case.limits.steroid_lookback_days
    return lately and (end - medicine.started.last).days >= case.limits.steroid_cumulative_days


def _mimic(case: _Case) -> Iterator[Evidence]:
    """A current cause of the pain outside the spine; infection pathways take pyelonephritis with pain."""
    named = MIMICS if case.pain.present else (*MIMICS, *PYELONEPHRITIS)
    for fact in case.current(*named):
        if fact.when is None or fact.when.within(case.limits.mimic_days, case.today):
            yield _line(fact, *named)
    for fact in case.current(*ANEURYSM):
        yield _line(fact, *ANEURYSM)


_SITUATIONS = (
    ("vascular", _vascular),
    ("child", _child),
    ("trauma", _trauma),
    ("vertebral-fracture", _vertebral_fracture),
    ("fragility", _fragility),
    ("mimic", _mimic),
)


def _is_current(fact: Fact) -> bool:
    return fact.certainty.positive and fact.state is State.CURRENT and not fact.history


def _is_recent(fact: Fact, within_days: int, today: date) -> bool:
    """Whether its end, or its last dated mention, lies in the window."""
    seen = fact.ended or fact.started or fact.recorded
    if seen is None:
        return fact.state is State.CURRENT and not fact.history
    return seen.within(within_days, today)


def _years_since(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _oldest_age(case: _Case) -> int | None:
    """The oldest age that a partial birth date allows: safer for a fall."""
    born = case.facts.birth_date
    return None if born is None else _years_since(born.first, case.today)


def _line(fact: Fact, *concepts: str) -> Evidence:
    """The fact as the card shows it, under the plain name of the first of these concepts that it carries."""
    short = next((_SHORT[concept] for concept in concepts if concept in fact.concepts), "")
    return evidence_of(replace(fact, text=fact.text or short.capitalize()), short)
