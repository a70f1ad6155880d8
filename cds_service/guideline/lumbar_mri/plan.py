"""What the order should become: priority, region, contrast and setting (specification 2.12, 8.8.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cds_service.guideline.decision import Finding, MriOrder, Outcome, Pathway, Plan
from cds_service.guideline.thresholds import Switches

ENOUGH_FOR = {
    Outcome.EMERGENCY: frozenset({"stat", "asap"}),
    Outcome.URGENT: frozenset({"urgent", "asap", "stat"}),
}


def make_plan(findings: Sequence[Finding]) -> Plan:
    """The target of 2.12 for the findings, the leading one first; what the order has already is in it."""
    if not findings or findings[0].outcome not in (*ENOUGH_FOR, Outcome.INDICATED):
        return Plan()
    top = findings[0]
    plan = _plan_of(top)
    pattern = _pattern(findings)
    match pattern:
        case "epidural-abscess":
            plan = replace(plan, region="whole-spine", contrast="with-and-without")
        case "cord-compression":
            plan = replace(plan, region="whole-spine", contrast=None)
        case "haematoma":
            plan = replace(plan, setting="operating-team")
    return replace(plan, pattern=pattern)


def what_changes(
    plan: Plan, order: MriOrder, outcome: Outcome, *, pregnant: bool, switches: Switches
) -> Plan:
    """The plan without what the order already has, and without gadolinium in pregnancy (2.13)."""
    priority = None if order.priority in ENOUGH_FOR.get(outcome, frozenset()) else plan.priority
    region = plan.region if plan.region == "whole-spine" and order.covers != "whole-spine" else None
    contrast = plan.contrast if switches.contrast_advice and plan.contrast != order.contrast else None
    if pregnant and contrast == "with-and-without":
        contrast = None
    if order.is_ct:  # a contrast of its own is what turns the order into an MRI
        contrast = contrast or "without"
    return replace(plan, priority=priority, region=region, contrast=contrast)


def is_adequate(
    plan: Plan, order: MriOrder, outcome: Outcome, *, in_hospital: bool, unsafe_implant: bool
) -> bool:
    """Whether the order is already right, so that it is confirmed instead of changed (2.11, 8.8.1)."""
    if order.is_ct:
        return False
    whole = order.covers == "whole-spine"
    covers = whole or plan.pattern not in ("cord-compression", "epidural-abscess")
    match outcome:
        case Outcome.EMERGENCY:
            return order.priority in ENOUGH_FOR[outcome] and in_hospital and covers
        case Outcome.URGENT:
            return order.priority in ENOUGH_FOR[outcome] and not unsafe_implant and covers
        case _:
            return outcome is Outcome.INDICATED


def _pattern(findings: Sequence[Finding]) -> str | None:
    """Neurology beside an infection, a cancer or a recent procedure has a name of its own (2.11)."""
    serious = {f.pathway: f for f in findings if f.outcome in (Outcome.EMERGENCY, Outcome.URGENT)}
    neuro = any("neuro" in finding.flags for finding in findings)
    haematoma = any(f.variant == "emergency-haematoma" or "haematoma" in f.flags for f in findings)
    if neuro and Pathway.INFECTION in serious:
        return "epidural-abscess"
    if neuro and Pathway.CANCER in serious:
        return "cord-compression"
    procedure = serious.get(Pathway.PROCEDURE)
    if haematoma or (neuro and procedure is not None and procedure.outcome is Outcome.EMERGENCY):
        return "haematoma"
    return None


def _plan_of(top: Finding) -> Plan:
    emergency = top.outcome is Outcome.EMERGENCY
    priority = "stat" if emergency else "urgent" if top.outcome is Outcome.URGENT else None
    setting = "emergency" if emergency else None
    match top.pathway:
        case Pathway.CAUDA_EQUINA:
            return Plan(priority, "lumbosacral", "without", setting or "same-day")
        case Pathway.NEUROLOGY if "cord" in top.flags:
            return Plan(priority, "whole-spine", "without", setting or "specialist")
        case Pathway.NEUROLOGY:
            return Plan(
                priority, "lumbosacral" if emergency else "lumbar", "without", setting or "specialist"
            )
        case Pathway.INFECTION:
            return Plan(priority, "lumbar", "with-and-without", setting or "same-day")
        case Pathway.CANCER:
            suspected = "suspected" in top.flags
            return Plan(
                priority, "lumbar" if suspected else "whole-spine", "with-and-without", setting or "oncology"
            )
        case Pathway.PROCEDURE if top.outcome is Outcome.INDICATED:
            return Plan(None, "lumbar", None, "specialist")
        case Pathway.PROCEDURE:
            return Plan(priority, "lumbar", "without" if emergency else None, setting or "operating-team")
        case _:
            return Plan(priority)
