"""One hook request in, one response out: orders, facts, decisions, cards; pure, and shared by all callers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cds_service.access.prefetch import Prefetched
from cds_service.access.reason_reads import telling_missing_reasons
from cds_service.errors import NothingReadable
from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import (
    Decision,
    Finding,
    Indicator,
    MriOrder,
    Outcome,
    Pathway,
    Plan,
)
from cds_service.guideline.lumbar_mri.card_limit import RenderedCard, limit_cards
from cds_service.guideline.lumbar_mri.decision import ORDER_SIGN, decide
from cds_service.guideline.lumbar_mri.order import (
    ForeignOrder,
    OrderSelection,
    has_emergency_referral,
    read_other_indication,
    select_orders,
)
from cds_service.guideline.lumbar_mri.order_elements import objects_of, reference_of
from cds_service.guideline.lumbar_mri.pain import PAIN
from cds_service.guideline.lumbar_mri.rating import rate_orders
from cds_service.guideline.lumbar_mri.render import render_cards
from cds_service.protocol.answer_form import PLAIN, AnswerForm
from cds_service.protocol.card import Card
from cds_service.protocol.request import HookRequest
from cds_service.protocol.version_1 import as_version_1
from cds_service.record.facts import PatientFacts, ReadState
from cds_service.record.reader import read_facts, read_order_facts, with_contained
from cds_service.record.users import USER_ROLE, has_role


@dataclass(frozen=True, slots=True)
class Advice:
    """What was decided of one order, and the cards that told it; None: there was none, or it was left out."""

    decision: Decision
    card: Card | None = None
    safety_card: Card | None = None


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """The response, ready for JSON, what the log may know of it (nothing of the patient), and the advice.

    `advice` is that on every order, on those without a card, too.
    `request` is the call as it was answered: with all of the record that was read for it.
    """

    response: dict[str, Any]
    log: dict[str, Any]
    advice: tuple[Advice, ...]
    request: HookRequest = field(repr=False)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """The decision on each order, in their order."""
        return tuple(one.decision for one in self.advice)


# The record for the orders of a call, which are given as the client sent them.
Complete = Callable[[HookRequest, Sequence[Mapping[str, Any]]], Mapping[str, Prefetched]]


def as_sent(request: HookRequest, orders: Sequence[Mapping[str, Any]]) -> Mapping[str, Prefetched]:
    """The prefetch that came with the call, and nothing beside it."""
    return telling_missing_reasons(request.prefetch, orders)


def answer_hook(
    request: HookRequest,
    *,
    now: datetime,
    guideline: Guideline,
    new_uuid: Callable[[], str],
    form: AnswerForm = PLAIN,
    complete: Complete = as_sent,
    checkpoint: Callable[[], None] = lambda: None,
) -> HookAnswer:
    """The cards for one call, in the form that its client wants.

    An order that is not a lumbar MRI is answered without a look at the record.
    Where one is, `complete` gives the record; it may read elsewhere what the client did not send.
    `checkpoint` is called between the steps, and may raise to end a call that takes too long.
    Raises NothingReadable where nothing of the record came and the draft order alone decides nothing.
    """
    selection = select_orders(request.draft_orders, request.selections, request.patient_id, guideline)
    refused: tuple[Decision, ...] = ()
    if request.hook == ORDER_SIGN:
        refused = tuple(_refuse_foreign(order, now, guideline) for order in selection.foreign)
    decisions: tuple[Decision, ...] = ()
    if selection.orders:
        # A copy, in which every look is cheap.
        record = dict(complete(request, [order.resource for order in selection.orders]))
        request = replace(request, prefetch=record)
        decisions = _decide_all(
            request,
            selection,
            now,
            guideline,
            checkpoint,
            must_answer=bool(refused),
            silent_roles=form.silent_roles,
        )
    decisions += refused
    spoken = merge_duplicates([decision for decision in decisions if not decision.silent])
    rendered = render_cards(
        spoken,
        guideline=guideline,
        new_uuid=new_uuid,
        patient_id=request.patient_id,
        encounter_id=request.encounter_id,
        for_imaging_tab=form.pama_rating,
    )
    sent = limit_cards(rendered, form.max_cards, guideline.words)
    response: dict[str, Any] = {"cards": [one.card.to_json() for one in sent]}
    response |= _system_actions(decisions, request, guideline, new_uuid, form)
    if form.protocol == "1.x":
        response = as_version_1(response)
    log = _log(request, selection, decisions, guideline)
    if left_out := len(rendered) - len(sent):
        log["cards_left_out"] = left_out
    return HookAnswer(response, log, _with_cards(decisions, sent), request)


def _with_cards(decisions: Iterable[Decision], sent: Iterable[RenderedCard]) -> tuple[Advice, ...]:
    """Each decision with its cards; drafts that were merged share theirs."""
    cards: dict[tuple[int, bool], Card] = {}
    for one in sent:
        for order in (one.decision.order, *one.decision.duplicates):
            cards[id(order), one.is_safety] = one.card
    return tuple(
        Advice(decision, cards.get((id(decision.order), False)), cards.get((id(decision.order), True)))
        for decision in decisions
    )


def _system_actions(
    decisions: Sequence[Decision],
    request: HookRequest,
    guideline: Guideline,
    new_uuid: Callable[[], str],
    form: AnswerForm,
) -> dict[str, Any]:
    """The member with the verdicts, at the place that was agreed; empty where there is nothing to say."""
    place = form.system_actions or ("root" if guideline.switches.system_actions else "off")
    if place == "off":
        return {}
    rated = rate_orders(decisions, guideline, new_uuid, f"Patient/{request.patient_id}")
    if not rated:
        return {}
    member = {"systemActions": rated}
    return member if place == "root" else {"extension": member}


def _decide_all(
    request: HookRequest,
    selection: OrderSelection,
    now: datetime,
    guideline: Guideline,
    checkpoint: Callable[[], None],
    *,
    must_answer: bool,
    silent_roles: tuple[str, ...],
) -> tuple[Decision, ...]:
    """A decision an order; `must_answer` where another card is sent in any case."""
    guideline = replace(guideline, patterns=guideline.patterns.for_one_request(checkpoint))
    facts = read_facts(
        request.prefetch, patient_id=request.patient_id, now=now, guideline=guideline, checkpoint=checkpoint
    )
    if request.encounter_id is None:  # there is no encounter to read (HK-3)
        facts = replace(facts, reads={**facts.reads, "encounter": ReadState.COMPLETE})
    scans = {id(order.resource) for order in selection.orders}
    others = [draft for draft in request.draft_orders if id(draft) not in scans]
    referred = has_emergency_referral(others, request.patient_id, guideline)
    roles = (*guideline.switches.specialist_roles, *silent_roles)
    specialist = has_role(request.prefetch, request.user_id, roles)
    told = facts
    # A red flag on one order is the patient's, so it holds for the other.
    for order in _between(checkpoint, selection.orders):
        told = _with_reasons(told, order, request, now, guideline)
    decisions = tuple(
        decide(
            _with_referenced_reason(order, facts, guideline),
            told,
            now,
            guideline,
            hook=request.hook,
            emergency_referral=referred,
            specialist=specialist,
        )
        for order in _between(checkpoint, selection.orders)
    )
    if not must_answer and _nothing_was_read(facts) and all(d.outcome is Outcome.UNCLEAR for d in decisions):
        keys = ", ".join(guideline.prefetch)
        raise NothingReadable(
            "Nothing about the patient could be read.", f"no usable prefetch key of: {keys}"
        )
    checkpoint()
    return decisions


def _between(checkpoint: Callable[[], None], orders: Iterable[MriOrder]) -> Iterator[MriOrder]:
    for order in orders:
        checkpoint()
        yield order


def _with_referenced_reason(order: MriOrder, facts: PatientFacts, guideline: Guideline) -> MriOrder:
    """The order with another indication that only a Condition of the record names (2.1.6)."""
    references = {reference_of(item) for item in objects_of(order.resource.get("reasonReference"))}
    named = [fact for fact in facts.facts if fact.resource in references]
    if order.other_indication or not named or not order.reason_concepts.isdisjoint(PAIN):
        return order
    found = read_other_indication(((fact.concepts, fact.text) for fact in named), guideline)
    return replace(order, other_indication=found) if found else order


def _with_reasons(
    facts: PatientFacts, order: MriOrder, request: HookRequest, now: datetime, guideline: Guideline
) -> PatientFacts:
    """The facts with what the order itself says of the patient."""
    reasons, attestations = read_order_facts(
        order.resource, now=now, guideline=guideline, prefetch=request.prefetch
    )
    facts = with_contained(facts, order.resource, now=now, guideline=guideline, prefetch=request.prefetch)
    if not reasons and not attestations:
        return facts
    return replace(facts, facts=facts.facts + reasons, attestations=facts.attestations + attestations)


_NOT_THE_PATIENT = ("encounter", USER_ROLE)


def _nothing_was_read(facts: PatientFacts) -> bool:
    usable = (ReadState.COMPLETE, ReadState.PARTIAL)
    return not any(state in usable for key, state in facts.reads.items() if key not in _NOT_THE_PATIENT)


def merge_duplicates(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """One card for drafts of the same code with the same advice; it names them all (2.1.7)."""
    merged: dict[tuple[Any, ...], Decision] = {}
    for decision in decisions:
        key = (
            decision.outcome,
            decision.reason,
            decision.recommendations,
            decision.endorsed,
            _codes(decision.order),
        )
        first = merged.get(key)
        merged[key] = (
            decision if first is None else replace(first, duplicates=(*first.duplicates, decision.order))
        )
    return tuple(merged.values())


def _codes(order: MriOrder) -> tuple[Any, ...]:
    """What makes two drafts the same study: their codings, or their words where they have none."""
    code = order.resource.get("code")
    codings = code.get("coding") if isinstance(code, Mapping) else None
    pairs = sorted(
        (str(coding.get("system")), str(coding.get("code")))
        for coding in (codings if isinstance(codings, list) else [])
        if isinstance(coding, Mapping) and coding.get("code")
    )
    return tuple(pairs) or (order.label.casefold(),)


def _refuse_foreign(order: ForeignOrder, now: datetime, guideline: Guideline) -> Decision:
    """A draft for another patient than the one in context is never evaluated, and the answer says so."""
    local = now.astimezone(guideline.zone)
    return Decision(
        order=MriOrder(order.reference, {}, order.label, "lumbar", None, "routine"),
        outcome=Outcome.UNCLEAR,
        findings=(Finding(Pathway.OTHER, "", Outcome.UNCLEAR, tier="foreign", variant="foreign"),),
        recommendations=(),
        indicator=Indicator.INFO,
        endorsed=False,
        plan=Plan(),
        reason="unclear.foreign",
        evaluated_at=local,
        today=local.date(),
    )


def _log(
    request: HookRequest, selection: OrderSelection, decisions: Iterable[Decision], guideline: Guideline
) -> dict[str, Any]:
    decided = tuple(decisions)
    fields: dict[str, Any] = {
        "guideline_version": guideline.version,
        "drafts": len(request.draft_orders),
        "lumbar_mri_orders": len(selection.orders),
    }
    if selection.foreign:
        fields["foreign_orders"] = len(selection.foreign)
    if decided:
        fields["outcomes"] = [decision.outcome.value for decision in decided]
        fields["reasons"] = [decision.reason for decision in decided]
        fields["recommendations"] = [list(decision.recommendations) for decision in decided]
        fields["silent"] = [decision.silent for decision in decided]
        fields["endorsed"] = [decision.endorsed for decision in decided]
        fields["unread"] = sorted({kind for decision in decided for kind in decision.unread})
    if selection.orders:
        fields["reads"] = {key: str(request.prefetch[key].state) for key in guideline.prefetch}
    return fields
