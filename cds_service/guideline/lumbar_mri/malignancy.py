"""Cancer of the spine or elsewhere, known or suspected (R5; specification 2.9, 8.3, 8.7)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Evidence, Finding, MriOrder, Outcome, Pathway
from cds_service.guideline.lumbar_mri import weak_symptoms
from cds_service.guideline.lumbar_mri.assertions import counts_fully, evidence_of
from cds_service.guideline.lumbar_mri.cancer_treatment import last_treatment, read_treatments
from cds_service.guideline.lumbar_mri.clues import (
    Clue,
    Weight,
    are_enough,
    counting,
    last_mention,
    plain_name,
    read_clue,
)
from cds_service.guideline.lumbar_mri.pain import Pain
from cds_service.guideline.lumbar_mri.weak_symptoms import read_weak_symptoms, weights_without_unit
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.dates import Interval
from cds_service.record.facts import Certainty, Fact, Origin, PatientFacts, State

SPINE_CONCEPTS = ("spinal-tumour", "spinal-metastasis")
HIGH_RISK = ("cancer-high-risk", "cancer-history-high-risk", *SPINE_CONCEPTS)
HISTORIES = ("cancer-history", "cancer-history-high-risk")
CANCERS = ("cancer", "cancer-high-risk", *HISTORIES, *SPINE_CONCEPTS)
_SKIN = "skin-cancer-non-melanoma"
_ATTESTED = ("reason-red-flag-cancer",)
_LISTED = {"night-sweats": "night sweats", "raised-psa": "raised PSA"}
SPINE, ACTIVE, HISTORY = "spine", "active cancer", "history of cancer"
REMOTE, UNCERTAIN = "remote cancer", "tumour of uncertain behaviour"

VARIANTS = frozenset(
    {
        "urgent-spine",
        "urgent-suspected",
        "urgent",
        "urgent-weak",
        "possible-remote",
        "possible-weak",
        "possible",
    }
)

CRITERIA: tuple[tuple[str, str], ...] = (
    ("urgent", "A tumour or metastasis of the spine or bone, known or suspected; needs no recorded pain"),
    ("urgent", "Any cancer that is current, known or suspected"),
    ("urgent", "Treatment against cancer within $cancer_treatment_days days"),
    ("urgent", "A cancer in remission, resolved or past, last on record within $cancer_remote_years years"),
    ("urgent", "A past cancer of breast, prostate, lung, kidney, thyroid, blood, or a melanoma, at any time"),
    ("urgent", "$weak_facts_for_urgent different weak facts"),
    (
        "possible",
        "A past cancer of another kind, older than $cancer_remote_years years or undated; "
        "beside another feature it is a weak fact",
    ),
    ("possible", "One weak fact"),
    ("possible", "Words in the order or record, a finding without a value, or records that disagree"),
    ("unclear", "An answer of the last $fresh_answer_days days that cannot be used"),
    ("weak", "A tumour of uncertain or unspecified behaviour that is current"),
    *weak_symptoms.CRITERIA,
    ("listed", "Night sweats and a raised PSA within $symptom_days days have no tier"),
    ("no fact", "In-situ and benign tumours, family history"),
    ("no fact", "Cancer of the skin other than melanoma, where the switch for it is on"),
)


def assess_cancer(
    facts: PatientFacts,
    pain: Pain,
    order: MriOrder,
    today: date,
    guideline: Guideline,
    *,
    neuro: bool,
) -> Finding | None:
    """The cancer part of recommendation 5 (2.9, 8.3, 8.7); None where the record holds no clue of it.

    Without recorded pain only a tumour of the spine counts, unless `neuro` tells that an R3 or R4 fact
    is present (8.7.1); the resolver raises an urgent finding by neurology (2.11).
    """
    clues = counting(read_cancer_clues(facts, today, guideline), gate_is_open=pain.present or neuro)
    if not clues:
        return None
    clues.sort(key=_precedence)
    outcome, variant = _grade(clues, guideline)
    return Finding(
        pathway=Pathway.CANCER,
        recommendation="R5",
        outcome=outcome,
        tier=clues[0].kind,
        variant=variant,
        evidence=tuple(line for clue in clues for line in (clue.evidence, *clue.also)),
        flags=frozenset(_flags(clues)),
    )


def read_cancer_clues(facts: PatientFacts, today: date, guideline: Guideline) -> tuple[Clue, ...]:
    """Every clue of cancer that has a tier."""
    limits = guideline.thresholds
    return (
        *_read_cancers(facts, today, guideline),
        *read_treatments(facts, ACTIVE, CANCERS, today, limits),
        *_read_uncertain(facts, today, limits),
        *read_weak_symptoms(facts, today, limits),
    )


def list_without_pain(facts: PatientFacts, today: date, guideline: Guideline) -> tuple[Evidence, ...]:
    """The clues that count only with back pain, for the card that says that none is recorded (8.7.1)."""
    clues = read_cancer_clues(facts, today, guideline)
    return tuple(clue.evidence for clue in clues if not clue.lifts_gate)


def list_contributory(facts: PatientFacts, today: date, guideline: Guideline) -> tuple[Evidence, ...]:
    """What the card names and no tier counts: night sweats, a raised PSA, weights that cannot be compared."""
    limits = guideline.thresholds
    named = [
        evidence_of(fact, short)
        for concept, short in _LISTED.items()
        for fact in facts.about(concept)
        if counts_fully(fact) and _is_recent(fact, today, limits)
    ]
    return (*named, *weights_without_unit(facts, today, limits))


def _is_recent(fact: Fact, today: date, limits: Thresholds) -> bool:
    seen = last_mention(fact)
    return seen.within(limits.symptom_days, today) if seen else fact.state is State.CURRENT


def _read_cancers(facts: PatientFacts, today: date, guideline: Guideline) -> Iterator[Clue]:
    limits, without_skin = guideline.thresholds, guideline.switches.exclude_non_melanoma_skin_cancer
    for fact in [*facts.about(*CANCERS, _SKIN, *_ATTESTED), *_named_by_procedures(facts)]:
        if without_skin and _is_of_the_skin(fact):
            continue
        needs_no_pain = _is_of_the_spine(fact) or fact.is_about(*_ATTESTED)
        clue = read_clue(
            fact, _kind(fact, facts, today, limits), lambda found: _judge(found, facts, today, limits),
            facts, today, limits, short=name_cancer(fact), lifts_gate=needs_no_pain,
        )  # fmt: skip
        if clue is not None:
            yield clue


def _named_by_procedures(facts: PatientFacts) -> Iterator[Fact]:
    """A procedure coded by the cancer that it treats, such as the irradiation of a bone metastasis."""
    told = {fact.resource for fact in facts.about(*CANCERS)}
    for done in facts.procedures:
        if not done.concepts.isdisjoint(CANCERS) and done.resource not in told:
            yield Fact(
                concepts=done.concepts,
                certainty=done.certainty,
                origin=Origin.PROCEDURE,
                resource=done.resource,
                text=done.text,
                started=done.performed,
                history=done.history,
            )


def _is_of_the_skin(fact: Fact) -> bool:
    """Cancer of the skin other than melanoma; a general cancer code beside it says no more (2.9)."""
    named_worse = fact.is_about(*HIGH_RISK)
    return fact.is_about(_SKIN) and not named_worse


def _is_of_the_spine(fact: Fact) -> bool:
    return fact.is_about(*SPINE_CONCEPTS) and not _is_past(fact)


def _is_past(fact: Fact) -> bool:
    """Whether the cancer is of the past; what was done for one says only that it was there on that day."""
    excised = fact.origin is Origin.PROCEDURE and not fact.is_about(*SPINE_CONCEPTS)
    return excised or fact.state is not State.CURRENT or fact.history or fact.is_about(*HISTORIES)


def _kind(fact: Fact, facts: PatientFacts, today: date, limits: Thresholds) -> str:
    if _is_of_the_spine(fact):
        return SPINE
    if not _is_past(fact):
        return ACTIVE
    return HISTORY if _judge(fact, facts, today, limits) is Weight.STRONG else REMOTE


def _judge(fact: Fact, facts: PatientFacts, today: date, limits: Thresholds) -> Weight:
    """Current or high-risk: strong. Others past: strong within ten years, else weak (2.9, 8.7.2)."""
    if not _is_past(fact) or fact.is_about(*HIGH_RISK):
        return Weight.STRONG
    last = _last_record(fact, facts, today)
    return Weight.STRONG if last and not _is_remote(last, today, limits) else Weight.WEAK


def _last_record(fact: Fact, facts: PatientFacts, today: date) -> Interval | None:
    """The end of the cancer, else its last dated record; a later treatment for it counts too (8.9.3)."""
    own = [fact.ended] if fact.ended else [fact.started, fact.recorded]
    treated = last_treatment(fact.concepts.intersection(CANCERS), facts, today)
    moments = [moment for moment in (*own, treated) if moment]
    return max(moments, key=lambda moment: moment.last, default=None)


def _is_remote(last: Interval, today: date, limits: Thresholds) -> bool:
    """Whether it is more than so many years ago to the day, by the latest possible date."""
    edge = (today.year - limits.cancer_remote_years, today.month, today.day)
    return (last.last.year, last.last.month, last.last.day) < edge


def _read_uncertain(facts: PatientFacts, today: date, limits: Thresholds) -> Iterator[Clue]:
    """D37 to D49: one weak fact while it is current (8.3)."""
    for fact in facts.about("tumour-uncertain"):
        if fact.is_about(*CANCERS):
            continue  # the other code of the same entry names a cancer
        clue = read_clue(
            fact, UNCERTAIN, lambda found: Weight.WEAK if found.state is State.CURRENT else None,
            facts, today, limits,
        )  # fmt: skip
        if clue is not None:
            yield clue


def _grade(clues: Sequence[Clue], guideline: Guideline) -> tuple[Outcome, str]:
    strong = {clue.kind for clue in clues if clue.weight is Weight.STRONG}
    weak = {clue.kind for clue in clues if clue.weight is Weight.WEAK}
    if strong:
        known = any(clue.known for clue in clues if clue.weight is Weight.STRONG)
        if not known:
            return Outcome.URGENT, "urgent-suspected"  # its region stays lumbar (2.12)
        return Outcome.URGENT, "urgent-spine" if SPINE in strong else "urgent"
    if are_enough(weak, guideline.thresholds):
        return Outcome.URGENT, "urgent-weak"
    if weak == {REMOTE}:
        outcome = Outcome(guideline.switches.remote_cancer_outcome)
        return outcome, "possible-remote" if outcome is Outcome.POSSIBLE else outcome.value
    if weak:
        return Outcome.POSSIBLE, "possible-weak"
    if any(clue.weight is Weight.HINT for clue in clues):
        return Outcome.POSSIBLE, "possible"
    return Outcome.UNCLEAR, ""  # the words for "cannot be used" are not this pathway's own


_ORDER = (Weight.STRONG, Weight.WEAK, Weight.HINT, Weight.UNKNOWN, Weight.LISTED)
_FIRST = (SPINE, ACTIVE, HISTORY, REMOTE)


def _precedence(clue: Clue) -> tuple[int, int]:
    return _ORDER.index(clue.weight), _FIRST.index(clue.kind) if clue.kind in _FIRST else len(_FIRST)


def _flags(clues: Sequence[Clue]) -> Iterator[str]:
    if any(clue.kind in _FIRST and clue.weight is not Weight.UNKNOWN for clue in clues):
        yield "named"
    cancers = [clue for clue in clues if clue.weight is Weight.STRONG]
    if any(clue.known for clue in cancers):
        yield "known"
    else:
        yield "suspected"  # the region stays lumbar (2.12)
    yield from {clue.kind.replace(" ", "-") for clue in cancers}


_HISTORY_WORDS = re.compile(
    r"^(?:(?:personal )?(?:history|hx) of|h/o:?|hx:?|previous|past)\s+", re.IGNORECASE
)
_FORMAL_NAME = re.compile(
    r"^(?:primary )?(?:malignant (?:neoplasm|tumou?r)|carcinoma|cancer) of (?:the )?(\w+(?: \w+)?)$",
    re.IGNORECASE,
)


def name_cancer(fact: Fact) -> str:
    """The cancer in a doctor's words, with its state: "history of breast cancer", "suspected myeloma"."""
    if fact.is_about(*_ATTESTED):
        return "suspected cancer"
    bare = _HISTORY_WORDS.sub("", plain_name(fact.text))
    # A tumour of the spine may have come from elsewhere: it keeps the record's words.
    formal = None if fact.is_about(*SPINE_CONCEPTS) else _FORMAL_NAME.match(bare)
    name = f"{formal[1].lower()} cancer" if formal else bare
    if _is_past(fact):
        return f"history of {name}"
    return f"suspected {name}" if fact.certainty is Certainty.SUSPECTED else name
