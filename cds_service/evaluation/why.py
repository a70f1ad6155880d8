"""Why a card said what it said: from the record of its decision, and the rules that are installed now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from cds_service.feedback.decision_record import DecisionRecord
from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Pathway
from cds_service.guideline.lumbar_mri import (
    cauda_equina,
    conservative_care,
    infection,
    malignancy,
    neurology,
    outside,
    pain,
    procedures,
)
from cds_service.review.page import with_thresholds

_CRITERIA = {
    Pathway.CAUDA_EQUINA: cauda_equina.CRITERIA,
    Pathway.NEUROLOGY: neurology.CRITERIA,
    Pathway.INFECTION: infection.CRITERIA,
    Pathway.CANCER: malignancy.CRITERIA,
    Pathway.PROCEDURE: procedures.CRITERIA,
    Pathway.PAIN: (*pain.CRITERIA, *conservative_care.CRITERIA),
    Pathway.OTHER: outside.CRITERIA,
}


@dataclass(frozen=True, slots=True)
class Reported:
    """One report of what became of the card; `at` is when the clinician acted."""

    outcome: str
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Reasoning:
    """One finding: what it concluded, the rules that conclude it, and the facts by kind and age in days."""

    recommendation: str
    pathway: str
    outcome: str
    tier: str
    rules: tuple[str, ...]
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision as an auditor reads it; nothing of the patient is known any more.

    `same_guideline` says whether the rules that are quoted are those that decided.
    """

    decided_at: datetime
    service: str
    client: str
    outcome: str
    indicator: str
    endorsed: bool
    silent: str
    recommendations: tuple[str, ...]
    order: str
    priority: str
    answer_ms: float
    guideline_version: str
    guideline_digest: str
    same_guideline: bool
    findings: tuple[Reasoning, ...]
    not_recorded: tuple[str, ...]
    denied: tuple[str, ...]
    unread: tuple[str, ...]
    would_change: tuple[str, ...]
    safety: tuple[str, ...]
    feedback: tuple[Reported, ...]

    def to_json(self) -> dict[str, Any]:
        """Every member, with moments as ISO 8601."""
        return json.loads(json.dumps(asdict(self), default=_iso))  # type: ignore[no-any-return]


def explain(record: DecisionRecord, reports: Sequence[Reported], guideline: Guideline) -> Explanation:
    """The decision in the words of the rules; `reports` in the order in which they came."""
    trace = json.loads(record.trace)
    return Explanation(
        decided_at=datetime.fromtimestamp(record.decided_ms / 1000, UTC).astimezone(guideline.zone),
        service=record.service,
        client=record.client,
        outcome=record.outcome,
        indicator=record.indicator,
        endorsed=record.endorsed,
        silent=record.silent,
        recommendations=tuple(json.loads(record.recommendations)),
        order=" ".join(filter(None, (record.order_system, record.order_code, f"({record.covers})"))),
        priority=record.priority,
        answer_ms=record.answer_ms,
        guideline_version=record.guideline_version,
        guideline_digest=record.guideline_digest,
        same_guideline=record.guideline_digest == guideline.digest,
        findings=tuple(_reasoning(finding, guideline) for finding in trace["findings"]),
        not_recorded=tuple(trace["not_recorded"]),
        denied=tuple(f"{told['key']}, {_age(told['days'])}" for told in trace["denied"]),
        unread=tuple(trace["unread"]),
        would_change=tuple(trace["would_change"]),
        safety=tuple(f"{line['kind']}: {_fact(line)}" for line in trace["safety"]),
        feedback=tuple(reports),
    )


def explanation_lines(told: Explanation) -> Iterator[str]:
    """The explanation as text, a line each."""
    sent = f"silent: {told.silent}" if told.silent else "a card was sent"
    named = ", ".join(told.recommendations) or "no recommendation"
    yield f"Decided {told.decided_at:%d %b %Y %H:%M:%S %Z} in {told.answer_ms:g} ms"
    yield f"Outcome   {told.outcome} ({named}), {told.indicator}{', endorsed' * told.endorsed}; {sent}"
    yield f"Order     {told.order}, {told.priority}"
    yield f"Called by {told.client}, {told.service}"
    yield f"Guideline {told.guideline_version}, {told.guideline_digest}"
    if not told.same_guideline:
        yield "          Another content is installed now: the rules below are its rules, not those of then."
    for number, finding in enumerate(told.findings, start=1):
        yield ""
        yield f"{number}. {finding.recommendation or 'Outside'} {finding.pathway}: {finding.outcome}" + (
            f", tier {finding.tier}" if finding.tier else ""
        )
        yield from (f"   Fact: {fact}" for fact in finding.facts)
        if finding.rules:
            yield "   Rules that give this outcome, with the thresholds in force:"
        yield from (f"   - {rule}" for rule in finding.rules)
    yield ""
    for title, names in (
        ("Not recorded", told.not_recorded),
        ("Denied", told.denied),
        ("Not read", told.unread),
        ("Would change it", told.would_change),
        ("MRI safety", told.safety),
    ):
        yield f"{title}: {'; '.join(names) or 'nothing'}"
    yield ""
    yield from (_report_line(report, told) for report in told.feedback)
    if not told.feedback:
        yield "No feedback came on this card."


def _reasoning(finding: Mapping[str, Any], guideline: Guideline) -> Reasoning:
    outcome = finding["outcome"]
    return Reasoning(
        recommendation=finding["recommendation"],
        pathway=finding["pathway"],
        outcome=outcome,
        tier=finding["tier"],
        rules=tuple(
            with_thresholds(sentence, guideline)
            for leads_to, sentence in _CRITERIA[Pathway(finding["pathway"])]
            if leads_to.startswith(outcome.replace("-", " "))
        ),
        facts=tuple(map(_fact, finding["facts"])),
    )


def _fact(fact: Mapping[str, Any]) -> str:
    problem = f", its date is {fact['date_problem']}" if "date_problem" in fact else ""
    return f"{fact['kind']}, {_age(fact['days'])}{problem}"


def _age(days: int | None) -> str:
    match days:
        case None:
            return "undated"
        case 0:
            return "of the day"
        case 1:
            return "1 day old"
        case days if days < 0:
            return f"dated {-days} days ahead"
    return f"{days} days old"


def _report_line(report: Reported, told: Explanation) -> str:
    moment = report.at.astimezone(told.decided_at.tzinfo)
    reason = f" ({report.reason})" if report.reason else ""
    return f"Feedback  {moment:%d %b %Y %H:%M:%S %Z} {report.outcome}{reason}"


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    raise TypeError(type(value).__name__)
