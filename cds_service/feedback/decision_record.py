"""What is kept of a decision: which rules spoke, with which card, and nothing of the patient.

No text of the record, no reference and no date of it is kept, but the kind of each fact and its age in days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from cds_service.answer import Advice
from cds_service.feedback.kept import milliseconds_of
from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Evidence, Finding, MriOrder
from cds_service.guideline.lumbar_mri.order import STUDIES
from cds_service.protocol.card import Card, Suggestion
from cds_service.record.terminology import Terminology, spell

_OTHER_KIND = "other"
_IN_WORDS = "order"  # a fact that the draft order itself tells
_UNRECOGNISED = "words"
_LONGEST_TYPE = 40


@dataclass(frozen=True, slots=True)
class Call:
    """The circumstances of a call that are kept with each of its decisions; None: not known, or no key.

    `case_marks` are keyed by the reference of the order.
    """

    service: str
    client: str
    answer_ms: float
    organisation: str | None = None
    practitioner: str | None = None
    case_marks: Mapping[str, CaseMarks] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class CaseMarks:
    """The keyed hash of client, patient and order, and those of the facts that the decision rests on."""

    case: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One decision as it is stored; times are milliseconds since 1970.

    `card` is None where the service was silent, and `silent` says why.
    `suggestions` and `trace` are JSON.
    `recommendation` is the leading one, `missing` why nothing could be decided; both are empty where there is
    none.
    `case_mark` and `fact_marks` are emptied once the repeat rule looks back no further.
    """

    decided_ms: int
    service: str
    client: str
    organisation: str | None
    practitioner: str | None
    case_mark: str | None = field(repr=False)
    fact_marks: str | None = field(repr=False)
    outcome: str
    recommendation: str
    recommendations: str
    indicator: str
    endorsed: bool
    silent: str
    reason: str
    missing: str
    card: str | None
    safety_card: str | None
    suggestions: str
    trace: str
    order_system: str | None
    order_code: str
    covers: str
    priority: str
    guideline_version: str
    guideline_digest: str
    answer_ms: float


def describe_advice(advice: Iterable[Advice], call: Call, guideline: Guideline) -> tuple[DecisionRecord, ...]:
    """A record for each decided order of a call, in their order."""
    return tuple(_describe(one, call, guideline) for one in advice)


def _describe(advice: Advice, call: Call, guideline: Guideline) -> DecisionRecord:
    decision, order = advice.decision, advice.decision.order
    marks = call.case_marks.get(order.reference)
    undecided = decision.reason.startswith("unclear.")
    order_system, order_code = _known_code(order, guideline.terminology)
    return DecisionRecord(
        decided_ms=milliseconds_of(decision.evaluated_at),
        service=call.service,
        client=call.client,
        organisation=call.organisation,
        practitioner=call.practitioner,
        case_mark=marks.case if marks else None,
        fact_marks=_json(marks.facts) if marks else None,
        outcome=decision.outcome.value,
        recommendation=decision.recommendations[0] if decision.recommendations else "",
        recommendations=_json(decision.recommendations),
        indicator=decision.indicator.value,
        endorsed=decision.endorsed,
        silent=decision.silent,
        reason=decision.reason,
        missing=decision.reason.removeprefix("unclear.") if undecided else "",
        card=advice.card.uuid if advice.card else None,
        safety_card=advice.safety_card.uuid if advice.safety_card else None,
        suggestions=_json(tuple(map(_suggestion, _suggestions_of(advice.card)))),
        trace=_json(_trace(decision)),
        order_system=order_system,
        order_code=order_code,
        covers=order.covers,
        priority=order.priority,
        guideline_version=guideline.version,
        guideline_digest=guideline.digest,
        answer_ms=call.answer_ms,
    )


def _known_code(order: MriOrder, terminology: Terminology) -> tuple[str | None, str]:
    """System and code as the value sets hold them: one known by its beginning may end in anything."""
    name = terminology.system_name(order.code_system or "")
    if name is None or order.code is None:
        return None, _UNRECOGNISED
    system = terminology.systems[name]
    code = spell(order.code, system)
    rows = [row for study in STUDIES for row in terminology.value_sets.get(study, ())]
    known = [row.code for row in rows if row.code == code or (row.prefix and code.startswith(row.code))]
    return system.url, max(known, key=len, default=_UNRECOGNISED)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _suggestions_of(card: Card | None) -> tuple[Suggestion, ...]:
    return (card.suggestions or ()) if card else ()


def _suggestion(suggestion: Suggestion) -> dict[str, Any]:
    """What a suggestion would do, without its label and its resources: those may tell of the patient."""
    kinds = [
        (action.type, action.resource["resourceType"] if action.resource else "ServiceRequest")
        for action in suggestion.actions
    ]
    return {"uuid": suggestion.uuid, "actions": [f"{kind} {resource}" for kind, resource in kinds]}


def _trace(decision: Decision) -> dict[str, Any]:
    """Enough to explain the decision later: each finding, what was not known, and what was asked of whom."""
    today = decision.today
    return {
        "findings": [_finding(finding, decision) for finding in decision.findings],
        "not_recorded": decision.not_recorded,
        "unread": decision.unread,
        "denied": [
            {
                "key": denial.key,
                "asked": denial.asked,
                "fresh": denial.fresh,
                "days": denial.when.days_ago(today),
            }
            for denial in decision.denied
        ],
        "open_items": decision.open_items,
        "would_change": decision.would_change,
        "first_lines": decision.first_lines,
        "listed": [_fact(evidence, decision) for evidence in decision.listed],
        "stale": [_fact(evidence, decision) for evidence in decision.stale],
        "safety": [{"kind": line.kind, **_fact(line.evidence, decision)} for line in decision.safety],
        "plan": {
            "priority": decision.plan.priority,
            "region": decision.plan.region,
            "contrast": decision.plan.contrast,
            "setting": decision.plan.setting,
            "pattern": decision.plan.pattern,
        },
    }


def _finding(finding: Finding, decision: Decision) -> dict[str, Any]:
    return {
        "pathway": finding.pathway.value,
        "recommendation": finding.recommendation,
        "outcome": finding.outcome.value,
        "tier": finding.tier,
        "variant": finding.variant,
        "flags": sorted(finding.flags),
        "checks": finding.checks,
        "facts": [_fact(evidence, decision) for evidence in finding.evidence],
    }


def _fact(evidence: Evidence, decision: Decision) -> dict[str, Any]:
    """Of which kind a fact is and how old, in days; None: without a date."""
    problem = evidence.date_problem
    return {
        "kind": _kind(evidence.resource, decision.order.reference),
        "days": _days(evidence, decision.today),
        **({"date_problem": problem.value} if problem else {}),
    }


def _kind(resource: str | None, order: str) -> str:
    """The resource type; of the client's own words there, nothing."""
    if resource is None:
        return _OTHER_KIND
    if resource == order:
        return _IN_WORDS
    kind = resource.partition("/")[0]
    return kind if kind.isascii() and kind.isalpha() and len(kind) <= _LONGEST_TYPE else _OTHER_KIND


def _days(evidence: Evidence, today: date) -> int | None:
    return evidence.when.days_ago(today) if evidence.when else None
