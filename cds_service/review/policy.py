"""What leads, what is adequate and what an order should become, asked of the functions that decide it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Finding, MriOrder, Outcome, Pathway, Plan
from cds_service.guideline.lumbar_mri.card_words import name_of
from cds_service.guideline.lumbar_mri.decision import RED_FLAGS, precedence
from cds_service.guideline.lumbar_mri.plan import is_adequate, make_plan, referral_of
from cds_service.guideline.lumbar_mri.wording import SHARED, VARIANTS

Row = tuple[str, ...]
PRIORITIES = ("routine", "urgent", "asap", "stat")
AS_ORDERED = "as ordered"
_PATHWAYS = {
    Pathway.CAUDA_EQUINA: "R4",
    Pathway.NEUROLOGY: "R3",
    Pathway.INFECTION: "R5",
    Pathway.CANCER: "R5",
    Pathway.PROCEDURE: "R6",
}
_NEURO = frozenset({"neuro"})
_SERIOUS = frozenset({Outcome.EMERGENCY, Outcome.URGENT})
# Circumstances under which one finding has a target of its own, and the answers that they come with.
_FLAGS = {
    Pathway.NEUROLOGY: {"cord": ("signs of the cord", _SERIOUS)},
    Pathway.INFECTION: {"abscess": ("an abscess", _SERIOUS)},
    Pathway.CANCER: {"suspected": ("only suspected", _SERIOUS)},
    Pathway.PROCEDURE: {
        "fever": ("fever", frozenset({Outcome.EMERGENCY})),
        "haematoma": ("a haematoma of the spine", frozenset({Outcome.EMERGENCY})),
        "surgery": ("after surgery", frozenset({Outcome.URGENT})),
    },
}


@dataclass(frozen=True, slots=True)
class _Call:
    """An order at its best, of which one thing at a time is made worse."""

    order: MriOrder
    plan: Plan
    in_hospital: bool = True
    unsafe_implant: bool = False
    unsuitable_contrast: bool = False

    def is_adequate(self, outcome: Outcome) -> bool:
        return is_adequate(
            self.plan,
            self.order,
            outcome,
            in_hospital=self.in_hospital,
            unsafe_implant=self.unsafe_implant,
            unsuitable_contrast=self.unsuitable_contrast,
        )


def precedence_rows(guideline: Guideline) -> list[Row]:
    """Each answer with its rank and the indicator of its card, the highest first."""
    ranked = sorted(Outcome, key=lambda outcome: -outcome.rank)
    ranks = {outcome.value: str(outcome.rank) for outcome in ranked}
    names = dict.fromkeys((*ranks, *guideline.indicators))
    return [(name, ranks.get(name, ""), guideline.indicators[name].value) for name in names]


def tie_rows(guideline: Guideline) -> list[Row]:
    """The order of findings of one rank, without and with fever."""
    findings = [_finding(pathway, Outcome.URGENT) for pathway in _PATHWAYS]
    with_fever = sorted(findings, key=lambda finding: precedence(finding, fever=True))
    without = sorted(findings, key=lambda finding: precedence(finding, fever=False))
    return [
        (where, ", ".join(_named(finding, guideline) for finding in ordered))
        for where, ordered in (("no fever", without), ("fever", with_fever))
    ]


def adequacy_rows() -> list[Row]:
    """For each answer and priority whether an order is confirmed instead of changed, and what it needs."""
    return [
        (outcome.value, priority, _adequacy(outcome, priority))
        for outcome in sorted(RED_FLAGS, key=lambda outcome: -outcome.rank)
        for priority in PRIORITIES
    ]


def target_rows(guideline: Guideline) -> list[Row]:
    """What each finding asks of an order: priority, region, contrast, and where to refer to."""
    return [
        (label, *_target(make_plan(findings), findings[0].outcome, guideline))
        for label, findings in _cases(guideline)
    ]


def _adequacy(outcome: Outcome, priority: str) -> str:
    best = _Call(_order(priority, "whole-spine"), Plan())
    if not best.is_adequate(outcome):
        return "no"
    narrow = replace(best, order=_order(priority, "lumbar"))
    worse = {
        "a place in the emergency department or hospital, or a referral there among the drafts": replace(
            best, in_hospital=False
        ),
        "no MR-unsafe implant": replace(best, unsafe_implant=True),
        "no contrast against which the record speaks": replace(best, unsuitable_contrast=True),
        "an MRI, not a CT": replace(best, order=replace(best.order, is_ct=True)),
    }
    worse |= {
        f"the whole spine in the pattern of {pattern.replace('-', ' ')}": replace(
            narrow, plan=Plan(region="whole-spine", pattern=pattern)
        )
        for pattern in _patterns()
    }
    needs = [what for what, call in worse.items() if not call.is_adequate(outcome)]
    return f"yes, given {'; '.join(needs)}" if needs else "yes"


def _patterns() -> list[str]:
    return [pattern for findings in _mixed() if (pattern := make_plan(findings).pattern)]


def _cases(guideline: Guideline) -> Iterator[tuple[str, tuple[Finding, ...]]]:
    for pathway in _PATHWAYS:
        for outcome in (Outcome.EMERGENCY, Outcome.URGENT, Outcome.INDICATED):
            if _stands_alone(pathway, outcome):
                finding = _finding(pathway, outcome)
                label = f"{_named(finding, guideline)}, {outcome.value}"
                yield label, (finding,)
                for flag, (said, outcomes) in _FLAGS.get(pathway, {}).items():
                    if outcome in outcomes:
                        yield f"{label}, {said}", (replace(finding, flags=frozenset({flag})),)
    for findings in _mixed():
        yield f"{' and '.join(_named(finding, guideline) for finding in findings)}, emergency", findings


def _stands_alone(pathway: Pathway, outcome: Outcome) -> bool:
    """Whether the pathway comes to it by itself; cancer is an emergency only beside neurology (2.11)."""
    if pathway is Pathway.CANCER and outcome is Outcome.EMERGENCY:
        return False
    return any(variant.partition("-")[0] == outcome for variant in VARIANTS[pathway.value])


def _mixed() -> Iterator[tuple[Finding, ...]]:
    """Neurology beside another disease, which has a name and a target of its own (2.11)."""
    neurology = replace(_finding(Pathway.CAUDA_EQUINA, Outcome.EMERGENCY), flags=_NEURO)
    for partner in (Pathway.INFECTION, Pathway.CANCER, Pathway.PROCEDURE):
        yield neurology, _finding(partner, Outcome.EMERGENCY)


def _finding(pathway: Pathway, outcome: Outcome) -> Finding:
    return Finding(pathway, _PATHWAYS[pathway], outcome, tier="")


def _named(finding: Finding, guideline: Guideline) -> str:
    return f"{finding.recommendation} {name_of(finding.pathway, guideline.words)}"


def _order(priority: str, covers: str) -> MriOrder:
    return MriOrder("", {}, "", covers, None, priority)


def _target(plan: Plan, outcome: Outcome, guideline: Guideline) -> Row:
    words = guideline.words
    keys = (("region", plan.region), ("contrast", plan.contrast), ("refer", referral_of(plan, outcome)))
    said = (words.say(SHARED, f"{kind}.{key}") if key else AS_ORDERED for kind, key in keys)
    return (plan.priority or AS_ORDERED, *said)
