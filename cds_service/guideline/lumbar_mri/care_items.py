"""What counts as conservative care of this pain, and when it took place (specification 2.6, 8.4.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from cds_service.guideline.decision import Evidence
from cds_service.guideline.lumbar_mri.pain import Pain, is_for_the_back
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.dates import Interval
from cds_service.record.facts import MedicationFact, PatientFacts

PHYSICAL = frozenset({"physical-therapy", "physiotherapy"})
EDUCATION = frozenset({"self-management"})
REFERRAL = frozenset({"physical-therapy-referral"})
ANALGESICS = frozenset({"simple-analgesic", "nsaid", "opioid"})
FOR_LEG_PAIN = frozenset({"muscle-relaxant-or-neuropathic"})


@dataclass(frozen=True, slots=True)
class CareItem:
    """One session or prescription: its day, and how far it is known to have gone on.

    The day is the latest possible one, so that care is never taken for longer than it was.
    """

    start: date
    until: date | None  # the end of a known period, today for an open one; None: only the day is known
    physical: bool
    weak: bool  # advice and education: needs a second item
    evidence: Evidence


def read_care_items(facts: PatientFacts, pain: Pain, today: date, limits: Thresholds) -> tuple[CareItem, ...]:
    """The treatments of the current pain, oldest first (2.6).

    Epidural and facet injections and operations are no conservative care, a referral proves nothing,
    and what has another reason than the back, or lies before the pain, is of something else.
    """
    opens = care_may_begin(pain, today, limits)
    items = [*_sessions(facts, today), *_medicines(facts, pain, opens, today)]
    in_time = (_since(item, opens) for item in items)
    return tuple(
        sorted((item for item in in_time if item), key=lambda item: (item.start, str(item.evidence)))
    )


def care_may_begin(pain: Pain, today: date, limits: Thresholds) -> date | None:
    """The first day on which care of this pain counts: some days before its longest possible onset."""
    days = pain.days if pain.days is not None else pain.first_recorded_days
    return None if days is None else today - timedelta(days=days + limits.care_before_onset_days)


def referred_only(facts: PatientFacts) -> tuple[Evidence, ...]:
    """Referrals to physiotherapy: they prove an intention, no treatment."""
    return tuple(
        Evidence(done.text, done.resource, done.performed, "referral", "a referral only")
        for done in facts.procedures
        if not done.concepts.isdisjoint(REFERRAL)
    )


def _sessions(facts: PatientFacts, today: date) -> Iterator[CareItem]:
    """Physiotherapy, exercise, manual therapy, acupuncture that took place; advice and education are weak."""
    for done in facts.procedures:
        if done.performed and _is_care(done.concepts) and _for_this(done.reasons, done.reason_given):
            until = _latest(done.ended, today) if done.ended else None
            yield _session(done.concepts, done.performed, until, done.text, done.resource, today)
    for visit in facts.visits:
        if visit.when and _is_care(visit.kinds) and _for_this(visit.reasons, visit.reason_given):
            yield _session(visit.kinds, visit.when, None, visit.text, visit.resource, today)


def _session(
    concepts: frozenset[str], when: Interval, until: date | None, text: str, resource: str, today: date
) -> CareItem:
    physical = not concepts.isdisjoint(PHYSICAL)
    short = "physiotherapy" if physical else "education"
    return CareItem(
        start=_latest(when, today),
        until=until,
        physical=physical,
        weak=not physical,
        evidence=Evidence(text or short.capitalize(), resource, when, short),
    )


def _medicines(facts: PatientFacts, pain: Pain, opens: date | None, today: date) -> Iterator[CareItem]:
    for medicine in facts.medications:
        if medicine.started is None or not _is_for_this_pain(medicine, pain):
            continue
        begun = _latest(medicine.started, today)
        if opens and begun < opens and not is_for_the_back(medicine.reasons):
            continue  # a drug that was there before the pain, and does not say why, was for something else
        ended = _latest(medicine.ended, today) if medicine.ended else None
        yield CareItem(
            start=begun,
            until=today if medicine.open else ended,
            physical=False,
            weak=False,
            evidence=Evidence(medicine.text, medicine.resource, medicine.started, "analgesia"),
        )


def _is_for_this_pain(medicine: MedicationFact, pain: Pain) -> bool:
    """Whether the drug treats it: a coded reason must be the back, a neuropathic drug needs leg pain."""
    if not _for_this(medicine.reasons, medicine.reason_given):
        return False
    if not medicine.concepts.isdisjoint(ANALGESICS):
        return True
    for_nerves = not medicine.concepts.isdisjoint(FOR_LEG_PAIN)
    return for_nerves and (pain.leg or is_for_the_back(medicine.reasons))


def _is_care(concepts: frozenset[str]) -> bool:
    return not concepts.isdisjoint(PHYSICAL | EDUCATION)


def _for_this(reasons: frozenset[str], reason_given: bool) -> bool:
    return is_for_the_back(reasons) or not (reason_given or reasons)


def _since(item: CareItem, opens: date | None) -> CareItem | None:
    """The part of the item that lies in the time of this pain; None where all of it is older."""
    if opens is None or item.start >= opens:
        return item
    # A course that runs into this pain counts from the pain's own beginning.
    return replace(item, start=opens) if item.until and item.until >= opens else None


def _latest(moment: Interval, today: date) -> date:
    """The latest possible day, and never one to come."""
    return min(moment.last, today)
