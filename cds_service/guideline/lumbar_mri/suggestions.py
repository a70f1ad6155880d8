"""What a doctor can take with one click: whole FHIR actions, by outcome (specification 3, 8.8.4, 8.8.7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, assert_never

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Outcome
from cds_service.guideline.lumbar_mri.changed_order import ForWhom, own_reason
from cds_service.guideline.lumbar_mri.suggested_actions import Desk
from cds_service.protocol.card import Action

Behaviour = Literal["at-most-one", "any"]

# What a doctor may know that the record does not, by words file or by its variant.
_REASONS_TO_ADD = {
    "cauda-equina": ("red-flag-cauda-equina", "neurology-worse"),
    "neurology": ("neurology-worse", "red-flag-cauda-equina"),
    "infection": ("red-flag-infection", "neurology-worse"),
    "cancer": ("red-flag-cancer", "neurology-worse"),
    "procedure": ("red-flag-procedure", "neurology-worse"),
    "unclear": (
        "red-flag-cauda-equina", "neurology-worse", "red-flag-cancer", "red-flag-infection",
        "red-flag-procedure", "care-4-6-weeks", "care-6-weeks",
    ),
    "unclear.care-unknown": ("care-4-6-weeks", "care-6-weeks", "neurology-worse", "specialist-requirement"),
    "unclear.care-partial": ("care-4-6-weeks", "care-6-weeks", "neurology-worse", "specialist-requirement"),
    "unclear.foreign": (),
}  # fmt: skip
PROCEDURE_REASON = "red-flag-procedure"
_REASONS_TO_KEEP = {
    "no-care": ("care-4-6-weeks", "specialist-requirement"),
    "under-way": ("care-4-6-weeks", "specialist-requirement"),
    "improving": ("specialist-requirement",),
}
_REASONS_TO_KEEP_OTHERWISE = ("neurology-worse", "specialist-requirement")
_RADIOGRAPH_FIRST = frozenset({"trauma", "fragility", "vertebral-fracture"})


@dataclass(frozen=True, slots=True)
class Choice:
    """One suggestion, before it gets its uuid."""

    label: str
    actions: tuple[Action, ...]
    recommended: bool = False


def suggest(decision: Decision, guideline: Guideline, whom: ForWhom) -> tuple[tuple[Choice, ...], Behaviour]:
    """The choices of the guideline's card, and how many of them may be taken.

    None for an order that is right already.
    Only orders with an id can be changed or removed: without one a client cannot tell which is meant.
    """
    if decision.endorsed:
        return (), "at-most-one"
    desk = Desk(decision, guideline, whom)
    return tuple(choice for choice in _choices(desk) if choice.actions), _behaviour(decision)


def _behaviour(decision: Decision) -> Behaviour:
    """`any` only where no two choices touch the same order: the later update would undo the earlier."""
    return "any" if decision.outcome is Outcome.MAY_BE_INDICATED else "at-most-one"


def _choices(desk: Desk) -> Iterator[Choice]:
    match desk.decision.outcome:
        case Outcome.EMERGENCY | Outcome.URGENT:
            return _for_red_flag(desk)
        case Outcome.INDICATED | Outcome.MAY_BE_INDICATED:
            return _for_routine(desk)
        case Outcome.POSSIBLE | Outcome.UNCLEAR:
            return _for_open_question(desk)
        case Outcome.NOT_INDICATED:
            return _for_not_indicated(desk)
        case Outcome.OUTSIDE:
            return _for_outside(desk)
        case outcome:
            assert_never(outcome)


def _for_red_flag(desk: Desk) -> Iterator[Choice]:
    """Referral first in primary care, the order itself first in hospital; then what fits the case better."""
    study, priority = desk.study, desk.decision.plan.priority
    needed = desk.needed_study
    refer = desk.refer() if desk.decision.primary_care else ()
    change = desk.update(priority, desk.reason_of_order(), needed)
    if refer:
        yield Choice(desk.label("refer", needed), (*refer, *change), True)
    if priority or needed:
        yield Choice(desk.label("order", needed), change, not refer)
    if desk.suspects_infection:
        yield Choice(desk.label("labs", needed), (*change, *desk.labs("crp", "esr", "blood-culture")))
    if study and not needed:
        better = desk.update(priority, desk.reason_of_order(), study)
        yield Choice(desk.label("refer" if refer else "order", study), (*refer, *better))


def _for_routine(desk: Desk) -> Iterator[Choice]:
    decision = desk.decision
    if decision.primary_care:
        yield Choice(desk.say("refer.specialist"), desk.create("specialist"))
    if decision.outcome is Outcome.MAY_BE_INDICATED:
        reason, study = desk.recommended_reason(), desk.needed_study
        label = (
            desk.say("suggestion.study", study=study.text)
            if study
            else desk.say("suggestion.reason", reason=reason.display)
        )
        yield Choice(label, desk.update(None, reason, study))
    elif desk.study or desk.note:
        study = desk.study
        label = desk.say("suggestion.study", study=study.text) if study else desk.say("suggestion.note")
        yield Choice(label, desk.update(None, desk.reason_of_order(), study))


def _for_open_question(desk: Desk) -> Iterator[Choice]:
    """A reason that closes the gap; the order is never removed while a red flag is open."""
    reason, file = desk.decision.reason, desk.decision.reason.partition(".")[0]
    codes = _REASONS_TO_ADD.get(reason, _REASONS_TO_ADD.get(file, ()))
    for code in dict.fromkeys((*codes, *(_after_procedure(desk) if file == "unclear" else ()))):
        added = own_reason(code, desk.guideline)
        yield Choice(desk.say("suggestion.reason", reason=added.display), desk.update(None, added, None))
    if file in ("infection", "cancer"):
        yield Choice(desk.say("suggestion.markers"), desk.labs("crp", "esr"))


def _for_not_indicated(desk: Desk) -> Iterator[Choice]:
    variant = desk.variant
    going_on = variant in ("under-way", "improving")
    start = () if going_on else desk.create("physiotherapy")
    label = desk.say("suggestion.remove-continue-care" if going_on else "suggestion.remove-start-care")
    if desk.delete():
        yield Choice(label, (*desk.delete(), *start, *desk.follow_up()), variant != "improving")
    yield Choice(desk.say("suggestion.remove"), desk.delete())
    for code in (*_REASONS_TO_KEEP.get(variant, _REASONS_TO_KEEP_OTHERWISE), *_after_procedure(desk)):
        reason = own_reason(code, desk.guideline)
        yield Choice(desk.say("suggestion.keep", reason=reason.display), desk.update(None, reason, None))


def _after_procedure(desk: Desk) -> tuple[str, ...]:
    """The reason that says what the record does not: the pain is new or worse since a recent procedure."""
    return (PROCEDURE_REASON,) if desk.decision.recent_procedure else ()


def _for_outside(desk: Desk) -> Iterator[Choice]:
    if desk.variant == "vascular" and desk.decision.primary_care:
        yield Choice(desk.say("refer.emergency"), desk.create("emergency", priority="stat"), True)
    elif desk.variant in _RADIOGRAPH_FIRST and not desk.decision.pregnant:
        first = desk.variant != "trauma"  # there it is a radiograph or a CT
        yield Choice(desk.say("suggestion.radiograph"), desk.create("radiograph"), first)
