"""Decisions as the resolver gives them, built directly, so that cards are tested without rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import count
from typing import Any

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import (
    Decision,
    Evidence,
    Finding,
    Indicator,
    MriOrder,
    Outcome,
    Pathway,
    Plan,
    SafetyLine,
)
from cds_service.guideline.lumbar_mri.changed_order import ForWhom
from cds_service.guideline.lumbar_mri.decision import decide
from cds_service.guideline.lumbar_mri.render import render_cards
from cds_service.guideline.lumbar_mri.suggestions import Choice, suggest
from cds_service.record.dates import Interval, on_day
from tests.guideline.lumbar_mri.facts_builders import NOW, TODAY, mri_order, on, record

SNOMED = "http://snomed.info/sct"

RECOMMENDATION = {
    Pathway.CAUDA_EQUINA: "R4",
    Pathway.NEUROLOGY: "R3",
    Pathway.INFECTION: "R5",
    Pathway.CANCER: "R5",
    Pathway.PROCEDURE: "R6",
}
INDICATORS = {
    Outcome.EMERGENCY: Indicator.CRITICAL,
    Outcome.URGENT: Indicator.WARNING,
    Outcome.NOT_INDICATED: Indicator.WARNING,
}


def day(text: str) -> Interval:
    """The interval of one day."""
    return on_day(date.fromisoformat(text))


def fact(
    text: str, when: str | None = "2026-06-14", resource: str | None = "Condition/c1", **more: Any
) -> Evidence:
    """A fact of the record, on a whole day."""
    return Evidence(text=text, resource=resource, when=day(when) if when else None, **more)


def draft(**more: Any) -> dict[str, Any]:
    """A lumbar MRI draft as a client sends it; `None` leaves a member out."""
    resource = {
        "resourceType": "ServiceRequest",
        "id": "mri-1",
        "status": "draft",
        "intent": "order",
        "priority": "routine",
        "code": {
            "coding": [
                {
                    "system": SNOMED,
                    "code": "394451000119106",
                    "display": "Magnetic resonance imaging of lumbar spine without contrast (procedure)",
                }
            ],
            "text": "MRI lumbar spine without contrast",
        },
        "subject": {"reference": "Patient/p1"},
        "authoredOn": "2026-06-15T09:55:00+08:00",
        **more,
    }
    return {name: value for name, value in resource.items() if value is not None}


def order(resource: dict[str, Any] | None = None, **more: Any) -> MriOrder:
    """The draft as the rules see it."""
    sent = draft() if resource is None else resource
    values: dict[str, Any] = {
        "reference": f"ServiceRequest/{sent.get('id', 'draft-1')}",
        "label": "MRI lumbar spine without contrast",
        "covers": "lumbar",
        "contrast": "without",
        "priority": "routine",
        "code_system": SNOMED,
        **more,
    }
    return MriOrder(resource=sent, **values)


def finding(
    pathway: Pathway, outcome: Outcome, variant: str = "", evidence: tuple[Evidence, ...] = (), **more: Any
) -> Finding:
    """What one pathway found."""
    recommendation = more.pop("recommendation", RECOMMENDATION.get(pathway, ""))
    return Finding(pathway, recommendation, outcome, more.pop("tier", "tier"), variant, evidence, **more)


def decision(*findings: Finding, reason: str, **more: Any) -> Decision:
    """The decision over these findings, the leading one first."""
    top = more.pop("outcome", None) or findings[0].outcome
    named = tuple(dict.fromkeys(f.recommendation for f in findings if f.recommendation))
    values: dict[str, Any] = {
        "order": order(),
        "outcome": top,
        "findings": findings,
        "recommendations": named,
        "indicator": INDICATORS.get(top, Indicator.INFO),
        "endorsed": False,
        "plan": Plan(),
        "reason": reason,
        "evaluated_at": NOW,
        "today": TODAY,
        "fills": findings[0].fills if findings else {},
        **more,
    }
    return Decision(**values)


def uuids() -> Callable[[], str]:
    """A maker of countable uuids."""
    numbers = count(1)
    return lambda: f"00000000-0000-4000-8000-{next(numbers):012d}"


def cards_of(
    *decisions: Decision, guideline: Guideline, encounter_id: str | None = "e1"
) -> list[dict[str, Any]]:
    """The rendered cards."""
    rendered = render_cards(
        decisions,
        guideline=guideline,
        new_uuid=uuids(),
        patient_id="p1",
        encounter_id=encounter_id,
    )
    return [one.card.to_json() for one in rendered]


def card_of(one: Decision, guideline: Guideline) -> dict[str, Any]:
    """The guideline's card of one decision."""
    return cards_of(one, guideline=guideline)[0]


def cauda_equina(**more: Any) -> Decision:
    """Two acute features: the emergency of R4 in primary care."""
    evidence = (
        fact("Numbness of saddle area", "2026-06-14", "Condition/c2", short="saddle numbness"),
        fact("Post-void residual 450 mL", "2026-06-15", "Observation/o1", short="residual volume 450 mL"),
    )
    found = finding(Pathway.CAUDA_EQUINA, Outcome.EMERGENCY, "emergency", evidence, tier="acute")
    values: dict[str, Any] = {
        "reason": "cauda-equina.emergency",
        "plan": Plan(priority="stat", setting="emergency"),
        "not_recorded": ("leg-power", "fever"),
        **more,
    }
    return decision(found, **values)


def short_pain(**more: Any) -> Decision:
    """Ten days of pain and nothing else: R1."""
    evidence = (fact("Low back pain", "2026-06-05", "Condition/c1"),)
    found = finding(
        Pathway.PAIN,
        Outcome.NOT_INDICATED,
        "short",
        evidence,
        recommendation="R1",
        fills={"pain_days": "10", "days": "10"},
    )
    values: dict[str, Any] = {
        "reason": "not-indicated.short",
        "not_recorded": ("bladder-bowel", "saddle", "leg-power", "fever", "weight", "cancer", "procedure"),
        "would_change": ("red-flag", "care-four-weeks"),
        **more,
    }
    return decision(found, **values)


def device(kind: str = "unsafe", text: str = "Cardiac pacemaker", *, own_card: bool = True) -> SafetyLine:
    """An implant of the record."""
    return SafetyLine(kind, fact(text, "2019-03-01", "Device/d1"), own_card)


def answer(
    guideline: Guideline, *entries: Any, hook: str = "order-sign", encounter_class: str = "AMB", **order: Any
) -> Decision:
    """The decision about a woman of 36 years whose record holds the entries, for an order that has an id."""
    facts = record(*entries, birth_date=on("1990-01-01"), encounter_class=encounter_class)
    whole = {"resource": {"resourceType": "ServiceRequest", "id": "mri-1"}} | order
    return decide(mri_order(**whole), facts, NOW, guideline, hook=hook)


def choices(decision: Decision, guideline: Guideline) -> tuple[Choice, ...]:
    """What a card of the decision offers."""
    return suggest(decision, guideline, ForWhom("Patient/p1", None))[0]
