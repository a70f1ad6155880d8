"""The actions of a suggestion: orders created, changed and removed, each with its description."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, MriOrder, Outcome, Pathway
from cds_service.guideline.lumbar_mri.changed_order import (
    OWN_RECOMMENDATIONS,
    OWN_SITUATIONS,
    ForWhom,
    Reason,
    Study,
    changed,
    has_note,
    has_reason,
    new_order,
    requester_of,
    study_for,
)
from cds_service.guideline.lumbar_mri.escaping import plain_text
from cds_service.guideline.lumbar_mri.mri_safety import speaks_against_contrast
from cds_service.guideline.lumbar_mri.phrases import long_date
from cds_service.guideline.lumbar_mri.plan import must_change_study, referral_of, suspects_infection
from cds_service.guideline.lumbar_mri.wording import SHARED
from cds_service.protocol.card import Action
from cds_service.record.dates import on_day

LABEL_CHARACTERS = 60
_HAS_ID = re.compile(r"\S+")
# What a referral changes besides, and the section that says so: a changed study is never unsaid.
_REFER = {
    (): "refer-only",
    ("study",): "refer-study-only",
    ("priority",): "refer",
    ("study", "priority"): "refer-study",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """What the choices of one card are written from: a method a thing."""

    decision: Decision
    guideline: Guideline
    whom: ForWhom

    @property
    def variant(self) -> str:
        return self.decision.reason.partition(".")[2]

    @property
    def pathway(self) -> Pathway:
        return self.decision.leading.pathway if self.decision.leading else Pathway.OTHER

    @property
    def orders(self) -> tuple[MriOrder, ...]:
        """The orders of this card that a client can find again."""
        merged = (self.decision.order, *self.decision.duplicates)
        return tuple(order for order in merged if _HAS_ID.fullmatch(str(order.resource.get("id") or "")))

    @property
    def study(self) -> Study | None:
        """The study that the order should become; None: it fits, or no code says it."""
        name = study_name(self.decision)
        if name is None:
            return None
        return study_for(self.decision.order, name, self.guideline.order_codes.studies[name], self.guideline)

    @property
    def needed_study(self) -> Study | None:
        """The study without which the order cannot become right; None where another is only advice."""
        one = self.decision
        needed = must_change_study(one.plan, one.order, one.outcome, pregnant=one.pregnant)
        return self.study if needed else None

    @property
    def suspects_infection(self) -> bool:
        """Whether a red-flag card speaks of infection, leading or beside another disease (2.12)."""
        return suspects_infection(self.decision.findings)

    def say(self, section: str, **fills: str) -> str:
        return self.guideline.words.say(SHARED, section, fills)

    def label(self, kind: Literal["refer", "order", "labs"], study: Study | None = None) -> str:
        """What a choice does, in a few words that begin with a verb."""
        priority = self.decision.plan.priority
        changes = [name for name, change in (("study", study), ("priority", priority)) if change]
        if kind == "refer":
            section = _REFER[tuple(changes)]
        else:
            section = "-".join((*changes, "labs") if kind == "labs" else changes)
        return self.say(
            f"suggestion.{section}",
            referral=self.say(f"refer.{self.setting}"),
            priority=priority or "",
            study=study.text if study else "",
        )

    @property
    def setting(self) -> str:
        """Where to refer."""
        return referral_of(self.decision.plan, self.decision.outcome)

    def reason_of_order(self) -> Reason:
        """The recommendation as the reason of the MRI.

        Not one of our red-flag reasons: those are facts when the order comes back at signing (8.4.6), and a
        suggestion of ours must not raise the answer to the order that it made.
        """
        code = self.decision.recommendations[0]
        return Reason(OWN_RECOMMENDATIONS, code, self.say("reason.recommendation", recommendation=code))

    def recommended_reason(self) -> Reason:
        """The recommendation in words, as the reason of a new order."""
        code = self.decision.recommendations[0]
        return Reason(OWN_RECOMMENDATIONS, code, self.say(f"topic.{code}"))

    def reason_outside(self) -> Reason | None:
        """Why an order is made that no recommendation asks for; None where the words name no reason."""
        section = f"reason.{self.variant}"
        if not self.guideline.words.has(SHARED, section):
            return None
        return Reason(OWN_SITUATIONS, self.variant, self.say(section))

    def refer(self) -> tuple[Action, ...]:
        priority = "stat" if self.decision.outcome is Outcome.EMERGENCY else "urgent"
        return self.create(self.setting, priority=priority)

    def create(
        self, name: str, *, priority: str = "routine", period: tuple[date, date] | None = None
    ) -> tuple[Action, ...]:
        entry = self.guideline.order_codes.orders[name]
        reason = self.recommended_reason() if self.decision.recommendations else self.reason_outside()
        whom = replace(self.whom, requester=requester_of(self.decision.order), now=self.decision.evaluated_at)
        resource = new_order(entry, whom, self.guideline, priority=priority, reason=reason, period=period)
        what = entry.text
        if period:
            start, end = (long_date(on_day(day)) for day in period)
            what = f"{what}. {self.say('review-by', start=start, end=end)}"
        return (Action(type="create", description=self.say("action.create", what=what), resource=resource),)

    def labs(self, *names: str) -> tuple[Action, ...]:
        by_outcome = {Outcome.EMERGENCY: "stat", Outcome.URGENT: "urgent"}
        priority = by_outcome.get(self.decision.outcome, "routine")
        return tuple(action for name in names for action in self.create(name, priority=priority))

    def follow_up(self) -> tuple[Action, ...]:
        """A visit when the guideline's 4 to 6 weeks of care are over, counted from the care already given."""
        done = self.decision.leading.fills.get("care_days", "") if self.decision.leading else ""
        days = int(done) if done.isdecimal() and self.variant == "under-way" else 0
        limits = self.guideline.thresholds
        start, end = (max(1, whole - days) for whole in (limits.care_min_days, limits.care_full_days))
        today = self.decision.today
        return self.create("follow-up", period=(today + timedelta(start), today + timedelta(end)))

    def delete(self) -> tuple[Action, ...]:
        return tuple(
            Action(
                type="delete",
                description=self.say("action.delete", order=_label(order)),
                resource_id=_reference(order),
            )
            for order in self.orders
        )

    def update(self, priority: str | None, reason: Reason, study: Study | None) -> tuple[Action, ...]:
        """One update for each order of the card that it changes."""
        return tuple(
            Action(
                type="update",
                description=self.say("action.update", order=_label(order), changes="; ".join(said)),
                resource=changed(
                    order, self.whom, priority=priority, reason=reason, study=study, note=self.note
                ),
            )
            for order in self.orders
            if (said := self._changes(order, priority, reason, study))
        )

    @property
    def note(self) -> str | None:
        """What the scan of an operated spine must take into account (specification 3.6); None: nothing."""
        hardware = any(line.kind == "hardware" for line in self.decision.safety)
        asked = hardware and self.pathway is Pathway.PROCEDURE
        return self.say("note.hardware") if asked else None

    def _changes(
        self, order: MriOrder, priority: str | None, reason: Reason, study: Study | None
    ) -> Sequence[str]:
        said = []
        if study:
            said.append(
                self.say(
                    "change-of.study" if study.own_system else "change-of.study-other-system",
                    study=study.text,
                )
            )
            if study.says:
                said.append(self.say("change-of.code-says", says=study.says))
            if study.wider and "bodySite" in order.resource:
                said.append(self.say("change-of.site"))
        if priority:
            said.append(self.say("change-of.priority", priority=priority))
        if self.note and not has_note(order, self.note):
            said.append(self.say("change-of.note"))
        if not has_reason(order, reason):
            said.append(self.say("change-of.reason", reason=reason.display))
        return said


def study_name(decision: Decision) -> str | None:
    """The study of `orders_out.toml` that the plan asks for; None where nothing changes or none fits."""
    plan, order = decision.plan, decision.order
    wider = plan.region == "whole-spine" and order.covers != "whole-spine"
    if not wider and plan.contrast is None:
        return None
    if not wider and order.covers == "thoracolumbar":
        return None
    contrast = plan.contrast or ("without" if order.contrast in (None, "without") else "with-and-without")
    if contrast == "with-and-without" and (decision.pregnant or speaks_against_contrast(decision.safety)):
        contrast = "without"
    region = "whole-spine" if wider or order.covers == "whole-spine" else "lumbar"
    return f"{region}-{contrast}"


def _reference(order: MriOrder) -> str:
    return f"ServiceRequest/{order.resource['id']}"


def _label(order: MriOrder) -> str:
    return plain_text(order.label, LABEL_CHARACTERS)
