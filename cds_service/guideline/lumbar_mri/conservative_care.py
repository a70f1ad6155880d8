"""Conservative care so far, and what it means for non-specific pain: R1 or R2 (2.4 to 2.6, 8.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Evidence, Finding, Outcome, Pathway
from cds_service.guideline.lumbar_mri.care_items import (
    CareItem,
    care_may_begin,
    read_care_items,
    referred_only,
)
from cds_service.guideline.lumbar_mri.pain import Pain
from cds_service.guideline.lumbar_mri.phrases import short_date
from cds_service.guideline.lumbar_mri.record_gaps import not_recorded as not_recorded
from cds_service.guideline.lumbar_mri.record_gaps import previous_mri as previous_mri
from cds_service.guideline.lumbar_mri.record_gaps import read_screen as read_screen
from cds_service.guideline.lumbar_mri.record_gaps import stale as stale
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.dates import Interval, on_day
from cds_service.record.facts import Attestation, PatientFacts, ReadState, Trend

CareState = Literal["adequate", "inadequate", "none", "under-way", "unknown"]

CRITERIA: tuple[tuple[str, str], ...] = (
    ("not indicated, continue", "The pain is improving"),
    (
        "may be indicated",
        "Adequate conservative care for $care_full_days days or more, and the pain is not improving",
    ),
    (
        "may be indicated, reassess first",
        "Adequate conservative care for $care_min_days days or more, and the pain is not improving",
    ),
    ("not indicated", "Pain for fewer than $pain_short_days days"),
    (
        "not indicated",
        "Pain without an onset, first recorded fewer than $pain_short_days days ago, where all was read "
        "and the record reaches back more than $pain_short_days days before that",
    ),
    (
        "not indicated",
        "Pain for $pain_short_days days or more, and explicitly no conservative care, or an attested "
        "trial shorter than $care_min_days days",
    ),
    (
        "not indicated",
        "Conservative care began within $care_min_days days of the longest possible onset, goes on, "
        "and has lasted fewer than $care_min_days days",
    ),
    ("unclear", "Pain for $pain_short_days days or more, and no conservative care is on record"),
    ("unclear", "Conservative care on record that is neither adequate nor inadequate"),
    ("unclear", "The duration of the pain is not on record, or its recorded onset cannot be used"),
    (
        "adequate care",
        "It began $care_min_days days ago or more, and two items lie $care_items_gap_days days apart, "
        "one period covers $care_cover_days days, or somebody attests it",
    ),
    ("adequate care", "What began more than $care_before_onset_days days before the onset does not count"),
)


@dataclass(frozen=True, slots=True)
class Care:
    """The conservative care of the current pain.

    `flags` say why a state is unknown: "referral-only", "weak-only", "short-course", "one-item",
    "earlier-not-on-record", "attested-long-ago" (or without a length).
    """

    state: CareState
    days: int | None  # since the first item, by its latest possible date; None: nothing dated
    start: Interval | None
    evidence: tuple[Evidence, ...] = ()
    flags: frozenset[str] = frozenset()


def assess_care(facts: PatientFacts, pain: Pain, today: date, guideline: Guideline) -> Care:
    """How long the pain has been treated without operation or injection (R2; 2.6, 8.4.4, 8.4.6).

    What took place goes before what somebody says is missing; no record of care is not "no care".
    """
    limits = guideline.thresholds
    items = read_care_items(facts, pain, today, limits)
    said = _about_this_pain(facts.attestations, pain, today, limits)
    evidence = (*(item.evidence for item in items), *map(_attested_line, said))
    counting = () if _is_only_advice(items) else items
    care = _judge_items(counting, _goes_on_by_attestation(said), pain, today, limits) if counting else None
    attested = _attested_days(said, today, limits)
    if attested is not None:
        days = max(attested, care.days or 0) if care else attested
        return Care("adequate", days, on_day(today - timedelta(days=days)), evidence)
    if care and care.state in ("adequate", "under-way"):
        return replace(care, evidence=evidence)
    short = _said_to_be_short(said, today, limits)
    if short is not None:
        return Care(short, None, None, evidence)
    if care:
        return replace(care, evidence=evidence)
    return Care(
        "unknown", None, None, (*evidence, *referred_only(facts)), frozenset(_why(facts, items, said))
    )


def _is_only_advice(items: Sequence[CareItem]) -> bool:
    """One piece of advice or education alone shows no care (2.6)."""
    return len(items) == 1 and items[0].weak


def _judge_items(
    items: Sequence[CareItem], goes_on: bool, pain: Pain, today: date, limits: Thresholds
) -> Care:
    start = min(item.start for item in items)
    days = (today - start).days
    if days >= limits.care_min_days:
        if goes_on or _went_on(items, limits):
            return Care("adequate", days, on_day(start))
        flag = "one-item" if len(items) == 1 and items[0].physical else "short-course"
    elif not _goes_on_now(items, today, limits):
        flag = "short-course"
    elif _began_soon(days, pain, limits):
        return Care("under-way", days, on_day(start))
    else:
        flag = "earlier-not-on-record"
    return Care("unknown", days, on_day(start), flags=frozenset({flag}))


def _went_on(items: Sequence[CareItem], limits: Thresholds) -> bool:
    """Whether care is shown to have gone on: two items far enough apart, or one period long enough."""
    starts = [item.start for item in items]
    if (max(starts) - min(starts)).days >= limits.care_items_gap_days:
        return True
    # Both ends of a period count: 1 to 14 June covers 14 days.
    return any(item.until and (item.until - item.start).days + 1 >= limits.care_cover_days for item in items)


def _goes_on_now(items: Sequence[CareItem], today: date, limits: Thresholds) -> bool:
    """Whether the care is still under way: sessions, an open prescription, or more than a short course."""
    still = any(item.physical or (item.until and item.until >= today) for item in items)
    return still or _went_on(items, limits)


def _began_soon(care_days: int, pain: Pain, limits: Thresholds) -> bool:
    """Whether care began so soon after the longest possible onset that none is missing (8.4.4)."""
    return pain.days is not None and pain.days - care_days <= limits.care_min_days


def _about_this_pain(
    attestations: Sequence[Attestation], pain: Pain, today: date, limits: Thresholds
) -> tuple[Attestation, ...]:
    """What was said of the treatment since this pain began; an undated statement is of today."""
    opens = care_may_begin(pain, today, limits)
    return tuple(a for a in attestations if a.when is None or opens is None or a.when.last >= opens)


def _attested_days(said: Sequence[Attestation], today: date, limits: Thresholds) -> int | None:
    """Days of care to today, where somebody attests a trial that is long enough (8.4.6)."""
    long_enough = [a for a in said if a.days is not None and a.days >= limits.care_min_days]
    return max(((a.days or 0) + _days_since(a, today) for a in long_enough), default=None)


def _goes_on_by_attestation(said: Sequence[Attestation]) -> bool:
    """Whether somebody says that the pain was treated, without saying for how long."""
    return any(a.days is None and not a.none for a in said)


def _said_to_be_short(said: Sequence[Attestation], today: date, limits: Thresholds) -> CareState | None:
    """Explicitly no care, or an attested shorter trial; only while it cannot be long by now."""
    current = [a for a in said if (a.days or 0) + _days_since(a, today) < limits.care_min_days]
    if any(a.days is not None for a in current):
        return "inadequate"
    return "none" if any(a.none for a in current) else None


def _days_since(attestation: Attestation, today: date) -> int:
    return max(0, attestation.when.days_ago(today)) if attestation.when else 0


def _attested_line(attestation: Attestation) -> Evidence:
    short = "no treatment so far" if attestation.none else "treatment attested"
    return Evidence(attestation.text, attestation.resource, attestation.when, short)


def _why(facts: PatientFacts, items: Sequence[CareItem], said: Sequence[Attestation]) -> Iterator[str]:
    if items:
        yield "weak-only"
    if referred_only(facts):
        yield "referral-only"
    if said:
        yield "attested-long-ago"


def assess_nonspecific(
    facts: PatientFacts, pain: Pain, care: Care, today: date, guideline: Guideline
) -> Finding:
    """R2 where care has lasted, R1 where pain or care is short or pain improves, else unclear (2.4, 2.5).

    Only for pain without any red flag, with everything read: the resolver sees to that.
    """
    limits = guideline.thresholds
    outcome, tier, variant = _judge(facts, pain, care, today, limits)
    return Finding(
        pathway=Pathway.PAIN,
        recommendation="R2" if outcome is Outcome.MAY_BE_INDICATED else "R1",
        outcome=outcome,
        tier=tier,
        variant=variant,
        evidence=(*pain.evidence, *care.evidence),
        flags=pain.flags | care.flags,
        fills=_fills(facts, pain, care, today, guideline),
    )


def _judge(
    facts: PatientFacts, pain: Pain, care: Care, today: date, limits: Thresholds
) -> tuple[Outcome, str, str]:
    """Outcome, tier and words, in the order in which one goes before the other."""
    if pain.trend is Trend.IMPROVING:
        return Outcome.NOT_INDICATED, "improving", "improving"
    if care.state == "adequate" and care.days is not None:
        full = care.days >= limits.care_full_days
        tier = "six weeks completed" if full else "four to six weeks"
        return Outcome.MAY_BE_INDICATED, tier, "full" if full else "band"
    if pain.onset_problem:
        return Outcome.UNCLEAR, "onset unusable", "onset-problem"
    if pain.days is not None and pain.days < limits.pain_short_days:
        return Outcome.NOT_INDICATED, "short", "short"
    if pain.days is None and not _is_old_enough(pain, limits):
        return _judge_first_record(facts, pain, care, today, limits)
    match care.state:
        case "none" | "inadequate":
            return Outcome.NOT_INDICATED, "no conservative care", "no-care"
        case "under-way":
            return Outcome.NOT_INDICATED, "care under way", "under-way"
        case _:
            partial = care.days is not None or bool(care.flags - {"referral-only"})
            return Outcome.UNCLEAR, "care unknown", "care-partial" if partial else "care-unknown"


def _is_old_enough(pain: Pain, limits: Thresholds) -> bool:
    """Whether a pain without onset was first recorded so long ago that it cannot be short."""
    return pain.first_recorded_days is not None and pain.first_recorded_days >= limits.pain_short_days


def _judge_first_record(
    facts: PatientFacts, pain: Pain, care: Care, today: date, limits: Thresholds
) -> tuple[Outcome, str, str]:
    """A pain without onset that entered the record lately, or has no date at all (8.4.1)."""
    if pain.first_recorded_days is None:
        return Outcome.UNCLEAR, "duration unknown", "duration-unknown"
    # Whether the pain is short or long, without care it is not indicated either way.
    without_care = care.state in ("none", "inadequate")
    if without_care or _record_reaches_back(facts, pain.first_recorded_days, today, limits):
        return Outcome.NOT_INDICATED, "first recorded", "first-recorded"
    return Outcome.UNCLEAR, "duration unknown", "duration-unknown"


def _record_reaches_back(
    facts: PatientFacts, first_recorded_days: int, today: date, limits: Thresholds
) -> bool:
    """Whether an older pain would have been seen: all was read, and the record is older than the pain.

    Visits that were not sent may hold the first one for it, so they count as unread here (8.4.1); an
    onset, where one is recorded, needs no visits.
    """
    tried = (ReadState.PARTIAL, ReadState.FAILED)
    unread = facts.reads.get("encounters") is ReadState.NOT_SENT
    if facts.earliest_entry is None or unread or any(state in tried for state in facts.reads.values()):
        return False
    return (today - facts.earliest_entry).days - first_recorded_days > limits.pain_short_days


def _fills(facts: PatientFacts, pain: Pain, care: Care, today: date, guideline: Guideline) -> dict[str, str]:
    """The blanks of the words; weeks are whole weeks."""
    fills: dict[str, str] = {}
    days = pain.days if pain.days is not None else pain.first_recorded_days
    if days is not None:
        fills["pain_days"] = str(days)
    if care.days is not None:
        fills |= {"care_days": str(care.days), "care_weeks": str(care.days // 7)}
    screen = read_screen(facts, today, guideline)
    if screen is not None:
        fills["screen"] = short_date(screen, today)
    return fills
