"""New or worse pain after an invasive procedure on the lumbar spine (R6; specification 2.10, 8.3, 8.7.5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Evidence, Finding, MriOrder, Outcome, Pathway
from cds_service.guideline.lumbar_mri.assertions import NOT_USABLE, counts_fully, evidence_of
from cds_service.guideline.lumbar_mri.interventions import (
    Intervention,
    Kind,
    days_since,
    read_interventions,
    unusable_answers,
)
from cds_service.guideline.lumbar_mri.pain import Pain
from cds_service.guideline.lumbar_mri.pain_after import is_new_or_worse, pain_free_since
from cds_service.guideline.lumbar_mri.procedure_findings import (
    Verdict,
    anticoagulation,
    has_spinal_haematoma,
    judge_alarms,
    judge_complications,
    judge_haematoma,
    judge_time,
)
from cds_service.record.dates import Interval
from cds_service.record.facts import Fact, PatientFacts

__all__ = ["CRITERIA", "VARIANTS", "assess_procedure", "has_spinal_haematoma"]

ATTESTED = "reason-red-flag-procedure"
UNDATED_REASON = "indicated-undated"
VARIANTS = frozenset({
    "emergency", "emergency-haematoma", "urgent", "urgent-complication", "indicated", UNDATED_REASON,
    "possible-needle", "possible-level", "possible-date", "possible",
})  # fmt: skip

CRITERIA: tuple[tuple[str, str], ...] = (
    (
        "emergency",
        "Any procedure within $procedure_alarm_days days with an alarm feature: a fact of R3 or R4, fever, "
        "a pain score of $procedure_alarm_score or more that rose by $procedure_alarm_rise_points, new leg "
        "symptoms under an anticoagulant or with a bleeding disorder, or retention; needs no recorded pain",
    ),
    (
        "emergency",
        "A spinal epidural or subdural haematoma, current or suspected, with a procedure on record",
    ),
    (
        "urgent",
        "Surgery, cement, stimulator or pump within $procedure_recent_days days, or an injection within "
        "$injection_days days, and the pain began after it, came back after a pain-free time, or is worse "
        "since by $pain_improved_points points or in words",
    ),
    (
        "urgent",
        "Leak of cerebrospinal fluid, dural tear or implant failure of the lumbar spine within "
        "$procedure_recent_days days",
    ),
    (
        "indicated",
        "Lumbar surgery, cement or an implant of more than $procedure_recent_days days ago or of an unknown "
        "day, or such a complication, and new or worse pain",
    ),
    (
        "urgent",
        "Lumbar puncture or neuraxial anaesthesia within $needle_days days, and the order's reason says new "
        "or worse pain after a procedure on the spine",
    ),
    (
        "indicated",
        "The order's reason says new or worse pain after a procedure on the spine; where no procedure that "
        "counts is dated on record, the card asks which it was and when, and confirms nothing",
    ),
    (
        "possible",
        "Lumbar puncture or neuraxial anaesthesia within $needle_days days, without an alarm feature",
    ),
    ("possible", "Surgery of the spine at a level that is not recorded, and new or worse pain"),
    ("possible", "A procedure of an unknown day, where the pain is not shown to be new or worse"),
    ("possible", "A procedure that counts, and a pain of which the record does not tell when it began"),
    ("possible", "Procedures that only words name, and other coded complications of a procedure"),
    ("unclear", "An answer of the last $fresh_answer_days days about a procedure that cannot be used"),
    ("no fact", "An injection over $injection_days days ago, a needle over $needle_days days ago"),
    ("no fact", "A cervical or thoracic procedure; a pain that began before and is unchanged"),
)


def assess_procedure(
    facts: PatientFacts,
    pain: Pain,
    order: MriOrder,
    today: date,
    guideline: Guideline,
    *,
    neuro: bool,
    fever: bool,
) -> Finding | None:
    """The finding of recommendation 6; None where no procedure on the lumbar spine counts.

    `neuro` tells that a fact of R3 or R4 is present (2.11, 8.5.9), `fever` that there is a fever.
    The alarm tier and a haematoma need no recorded pain, the others do (8.7.5).
    """
    interventions = read_interventions(facts)
    found = [*_alarms(interventions, facts, today, guideline, neuro=neuro, fever=fever)]
    attested = [fact for fact in facts.about(ATTESTED) if counts_fully(fact)]
    if pain.present or attested:
        by_time = [*_by_time(interventions, facts, pain, today, guideline, attested=bool(attested))]
        found += [*by_time, *(_attested(fact, by_time, guideline) for fact in attested)]
        found += judge_complications(facts, today, guideline)
    if found:
        return _finding(sorted(found, key=_precedence), facts, pain, today, guideline)
    unusable = unusable_answers(facts, guideline.thresholds.fresh_answer_days, today)
    return _unclear(unusable) if pain.present and unusable else None


def list_recent(facts: PatientFacts, today: date, guideline: Guideline) -> tuple[Evidence, ...]:
    """The procedures within the window of their kind, newest first: pain grown since would count (2.10)."""
    done = [
        (days_since(each, today), each.evidence)
        for each in read_interventions(facts)
        if _is_recent(each, today, guideline)
    ]
    return tuple(line for _, line in sorted(done, key=lambda pair: pair[0] or 0))


def _is_recent(intervention: Intervention, today: date, guideline: Guideline) -> bool:
    limits, days = guideline.thresholds, days_since(intervention, today)
    windows = {Kind.INJECTION: limits.injection_days, Kind.NEEDLE: limits.needle_days}
    return days is not None and days <= windows.get(intervention.kind, limits.procedure_recent_days)


def _alarms(
    interventions: Sequence[Intervention],
    facts: PatientFacts,
    today: date,
    guideline: Guideline,
    *,
    neuro: bool,
    fever: bool,
) -> Iterator[Verdict]:
    haematoma = judge_haematoma(interventions, facts, today, guideline)
    if haematoma is not None:
        yield haematoma
    for each in interventions:
        verdict = judge_alarms(each, facts, today, guideline.thresholds, neuro=neuro, fever=fever)
        if verdict is not None:
            yield verdict


def _by_time(
    interventions: Sequence[Intervention],
    facts: PatientFacts,
    pain: Pain,
    today: date,
    guideline: Guideline,
    *,
    attested: bool,
) -> Iterator[Verdict]:
    for each in interventions:
        # The orderer's "new or worse pain after a procedure" answers what the record leaves open.
        new = attested or is_new_or_worse(each, pain, facts, today, guideline.thresholds)
        verdict = judge_time(each, new, today, guideline)
        if verdict is not None:
            yield verdict


def _attested(fact: Fact, by_time: Sequence[Verdict], guideline: Guideline) -> Verdict:
    """The orderer's word: after a needle of these days it is urgent; without a dated procedure it asks."""
    shown = Evidence(fact.text, fact.resource, fact.when, "pain after a procedure", "the order's reason")
    needle = next((verdict for verdict in by_time if verdict.tier == "needle"), None)
    if needle is not None:
        return Verdict(Outcome.URGENT, "recent", "urgent", (shown,), needle.name, needle.when)
    outcome = Outcome(guideline.switches.late_procedure_outcome)
    dated = any(verdict.when is not None and verdict.tier != "words" for verdict in by_time)
    if outcome is Outcome.INDICATED and not dated:
        return Verdict(outcome, "undated", UNDATED_REASON, (shown,), "a procedure on the spine")
    return Verdict(outcome, "attested", outcome.value, (shown,), "a procedure on the spine")


_FIRST = ("haematoma", "alarm", "recent", "complication", "undated", "late", "attested", "needle")


def _precedence(verdict: Verdict) -> tuple[int, int, int]:
    """Highest outcome first, within it the graver tier, within that the newest."""
    tier = _FIRST.index(verdict.tier) if verdict.tier in _FIRST else len(_FIRST)
    newest = -verdict.when.last.toordinal() if verdict.when else 0
    return -verdict.outcome.rank, tier, newest


def _finding(
    found: Sequence[Verdict], facts: PatientFacts, pain: Pain, today: date, guideline: Guideline
) -> Finding:
    """The finding of the gravest verdict; the lines of all, and of the pain that is new or worse."""
    top = found[0]
    free = pain_free_since(top.when, facts, today) if top.when else ()
    lines = [line for verdict in found for line in verdict.evidence]
    lines += _anticoagulants(found, facts, today, guideline)
    lines += [*pain.evidence, *(evidence_of(fact, "pain-free") for fact in free)]
    return Finding(
        pathway=Pathway.PROCEDURE,
        recommendation="R6",
        outcome=top.outcome,
        tier=top.tier,
        variant=top.variant,
        evidence=tuple(dict.fromkeys(lines)),
        flags=frozenset().union(*(verdict.flags for verdict in found)),
        fills={"procedure": top.name} | _age(top.when, today, guideline),
    )


def _anticoagulants(
    found: Sequence[Verdict], facts: PatientFacts, today: date, guideline: Guideline
) -> Iterator[Evidence]:
    """What thins the blood since a procedure of these days: it has no tier, and nobody may overlook it."""
    window = guideline.thresholds.procedure_alarm_days
    done = [verdict.when for verdict in found if verdict.when and verdict.when.within(window, today)]
    if done:
        yield from anticoagulation(facts, min(moment.first for moment in done))


def _unclear(unusable: Sequence[Fact]) -> Finding:
    return Finding(
        pathway=Pathway.PROCEDURE,
        recommendation="R6",
        outcome=Outcome.UNCLEAR,
        tier="unknown",
        evidence=tuple(Evidence(fact.text, fact.resource, fact.when, note=NOT_USABLE) for fact in unusable),
    )


def _age(when: Interval | None, today: date, guideline: Guideline) -> dict[str, str]:
    """The blank "ago" of a dated procedure, which counts to today and not to the pain; else none."""
    if when is None:
        return {}
    days = max(when.days_ago(today), 0)
    return {"ago": f"{_ago(when, days, today, guideline)} ago" if days else "today"}


def _ago(when: Interval, days: int, today: date, guideline: Guideline) -> str:
    """ "21 days", "5 months", "14 years"; a year without a day is counted by the calendar."""
    if days <= guideline.thresholds.procedure_recent_days:
        return _counted(days, "day")
    months = (today.year - when.last.year) * 12 + today.month - when.last.month - (today.day < when.last.day)
    if months < 24:
        return _counted(months, "month")
    return _counted(months // 12 if when.first == when.last else today.year - when.last.year, "year")


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
