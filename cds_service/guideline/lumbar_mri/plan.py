"""What the order should become: priority, region, contrast and setting (specification 2.12, 8.8.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cds_service.guideline.decision import Finding, MriOrder, Outcome, Pathway, Plan
from cds_service.guideline.thresholds import Switches

WITH_CONTRAST = frozenset({"with", "with-and-without"})
ENOUGH_FOR = {
    Outcome.EMERGENCY: frozenset({"stat", "asap"}),
    Outcome.URGENT: frozenset({"urgent", "asap", "stat"}),
}


def make_plan(findings: Sequence[Finding]) -> Plan:
    """The target of 2.12 for the findings, the leading one first; what the order has already is in it."""
    if not findings or findings[0].outcome not in (*ENOUGH_FOR, Outcome.INDICATED):
        return Plan()
    top = findings[0]
    plan = _plan_of(top, findings[1:])
    if plan.region and _widest(findings) == "whole-spine":
        plan = replace(plan, region="whole-spine")
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
    """The plan without what the order already has; in pregnancy gadolinium goes out (2.13)."""
    priority = None if order.priority in ENOUGH_FOR.get(outcome, frozenset()) else plan.priority
    region = plan.region if plan.region == "whole-spine" and order.covers != "whole-spine" else None
    contrast = plan.contrast if switches.contrast_advice and not _has_contrast(order, plan.contrast) else None
    if pregnant and contrast == "with-and-without":
        contrast = None
    if pregnant and order.contrast in WITH_CONTRAST:
        contrast = "without"
    if order.is_ct:  # a contrast of its own is what turns the order into an MRI
        contrast = contrast or "without"
    return replace(plan, priority=priority, region=region, contrast=contrast)


def is_adequate(
    plan: Plan,
    order: MriOrder,
    outcome: Outcome,
    *,
    in_hospital: bool,
    unsafe_implant: bool,
    unsuitable_contrast: bool,
) -> bool:
    """Whether the order is already right, so that it is confirmed instead of changed (2.11, 8.8.1).

    `unsuitable_contrast` tells that it asks for contrast against which the record speaks.
    """
    if order.is_ct or unsuitable_contrast:
        return False
    covers = order.covers == "whole-spine" or not _needs_whole_spine(plan, outcome)
    match outcome:
        case Outcome.EMERGENCY:
            return order.priority in ENOUGH_FOR[outcome] and in_hospital and covers
        case Outcome.URGENT:
            return order.priority in ENOUGH_FOR[outcome] and not unsafe_implant and covers
        case _:
            return outcome is Outcome.INDICATED


def referral_of(plan: Plan, outcome: Outcome) -> str:
    """Where to refer: every emergency in primary care goes through the emergency department."""
    return "emergency" if outcome is Outcome.EMERGENCY else plan.setting or "specialist"


def suspects_infection(findings: Sequence[Finding]) -> bool:
    """Whether cultures belong to the advice: R5 infection, or fever after a procedure (2.12)."""
    return any(
        (finding.pathway is Pathway.INFECTION and finding.outcome in ENOUGH_FOR)
        or (finding.pathway is Pathway.PROCEDURE and "fever" in finding.flags)
        for finding in findings
    )


def suspects_cancer(findings: Sequence[Finding]) -> bool:
    """Whether oncology belongs to the advice."""
    return any(f.pathway is Pathway.CANCER and f.outcome in ENOUGH_FOR for f in findings)


def needs_operating_team(findings: Sequence[Finding]) -> bool:
    """Whether those who operated belong to the advice (2.12)."""
    return any(f.pathway is Pathway.PROCEDURE and f.outcome in ENOUGH_FOR for f in findings)


def must_change_study(plan: Plan, order: MriOrder, outcome: Outcome, *, pregnant: bool) -> bool:
    """Whether the order cannot become right without another study (2.13, 8.8.1)."""
    return _needs_whole_spine(plan, outcome) or (pregnant and order.contrast in WITH_CONTRAST)


def _needs_whole_spine(plan: Plan, outcome: Outcome) -> bool:
    """A lesion of the cord or an abscess may lie above the lumbar spine; else the region only advises."""
    in_emergency = outcome is Outcome.EMERGENCY and plan.region == "whole-spine"
    return in_emergency or plan.pattern in ("cord-compression", "epidural-abscess")


def _has_contrast(order: MriOrder, wanted: str | None) -> bool:
    """Whether the order asks for it; many lists of orders know "with contrast" only."""
    return order.contrast == wanted or (wanted == "with-and-without" and order.contrast == "with")


def _pattern(findings: Sequence[Finding]) -> str | None:
    """Neurology beside an infection, a cancer or a recent procedure has a name of its own (2.11)."""
    serious = {f.pathway: f for f in findings if f.outcome in (Outcome.EMERGENCY, Outcome.URGENT)}
    neuro = any("neuro" in finding.flags for finding in findings)
    haematoma = any(f.variant == "emergency-haematoma" or "haematoma" in f.flags for f in findings)
    infection = serious.get(Pathway.INFECTION)
    if infection is not None and (neuro or "abscess" in infection.flags):
        return "epidural-abscess"
    if neuro and Pathway.CANCER in serious:
        return "cord-compression"
    procedure = serious.get(Pathway.PROCEDURE)
    if haematoma or (neuro and procedure is not None and procedure.outcome is Outcome.EMERGENCY):
        return "haematoma"
    return None


def _widest(findings: Sequence[Finding]) -> str | None:
    """The whole spine where one emergency or urgent finding asks for it, whichever leads (2.12)."""
    serious = [_plan_of(f, ()).region for f in findings if f.outcome in ENOUGH_FOR]
    return "whole-spine" if "whole-spine" in serious else None


def _plan_of(top: Finding, others: Sequence[Finding]) -> Plan:
    emergency = top.outcome is Outcome.EMERGENCY
    priority = "stat" if emergency else "urgent" if top.outcome is Outcome.URGENT else None
    setting = "emergency" if emergency else None
    match top.pathway:
        case Pathway.CAUDA_EQUINA:
            region = "whole-spine" if emergency and _may_lie_higher(others) else "lumbosacral"
            return Plan(priority, region, "without", setting or "same-day")
        case Pathway.NEUROLOGY if "cord" in top.flags or (emergency and "upper-motor" in top.flags):
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
            contrast = _contrast_after_procedure(top, others)
            return Plan(priority, "lumbar", contrast, setting or "operating-team")
        case _:
            return Plan(priority)


def _may_lie_higher(others: Sequence[Finding]) -> bool:
    """Whether beside a cauda equina the cord, a cancer or an infection is in question, however weakly (2.12).

    Night pain or weight loss alone name neither disease.
    """
    return any(
        not finding.flags.isdisjoint({"cord", "upper-motor"})
        or (finding.pathway in (Pathway.CANCER, Pathway.INFECTION) and "named" in finding.flags)
        for finding in others
    )


def _contrast_after_procedure(top: Finding, others: Sequence[Finding]) -> str | None:
    """For infection, and for scar against disc; none for a haematoma (2.12)."""
    infection = any(f.pathway is Pathway.INFECTION and "named" in f.flags for f in others)
    if infection or "fever" in top.flags:
        return "with-and-without"
    if top.outcome is Outcome.EMERGENCY:
        return (
            "without"
            if not top.flags.isdisjoint({"haematoma", "neuro", "anticoagulant", "retention"})
            else None
        )
    return "with-and-without" if "surgery" in top.flags else None
