"""What is remembered of overrides never hides an emergency or a new fact, and never lowers an answer."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cds_service.answer import Advice, Recall, answer_hook
from cds_service.errors import NothingReadable
from cds_service.guideline.decision import Decision, MriOrder
from cds_service.guideline.lumbar_mri.repeat import REPEAT, asked_of, facts_of, tiers_of
from cds_service.guideline.overrides import NO_MEMORY, Memory, PastOverride
from cds_service.protocol.request import HookRequest
from tests.properties import changes
from tests.properties.asking import RANKS, guideline, read
from tests.properties.records import Request, any_request
from tests.properties.strong_and_quiet import LOW_BACK_PAIN, STRONG
from tests.vignettes.asking import numbered_uuids
from tests.vignettes.stories import NOW, STORIES

RED_FLAGS = (
    "red-flag-cauda-equina", "red-flag-cancer", "red-flag-infection", "red-flag-neurology", "red-flag-procedure",
    "neurology-worse",
)  # fmt: skip
CARE = ("care-4-6-weeks", "care-6-weeks")
NOTHING_ATTESTED = (
    "patient-preference", "specialist-requirement", "other", "already-referred", "imaging-done",
    "deficit-stable", "features-stable", "excluded-on-imaging", "cancer-cured-mechanical", "pain-unchanged",
)  # fmt: skip
PAIN = frozenset({"not-indicated", "may-be-indicated", "unclear"})
days_back = st.integers(0, 30)


def advice(request: Request, recall: Recall | None = None, now: datetime = NOW) -> tuple[Advice, ...]:
    """What is decided of each order, and the cards; nothing where the service would answer 412."""
    try:
        return answer_hook(
            read(request),
            now=now,
            guideline=guideline(),
            new_uuid=numbered_uuids(),
            recall=recall or (lambda request, order: NO_MEMORY),
        ).advice
    except NothingReadable:
        return ()


def mark(parts: tuple[str, ...]) -> str:
    """A mark that can be read, for what is to be shown is what is marked."""
    return "|".join(parts)


def overridden(decision: Decision) -> PastOverride:
    """The override of exactly this decision, today."""
    return PastOverride(
        NOW.date(),
        "other",
        accepted=False,
        outcome=decision.outcome.value,
        recommendations=decision.recommendations,
        tiers=tiers_of(decision),
        asked=asked_of(decision.first_lines, asdict(decision.plan)),
        unread=frozenset(decision.unread),
        facts=frozenset(map(mark, facts_of(decision))),
    )


def remembering(advised: Iterable[Advice]) -> Recall:
    """A memory in which all of this was overridden today."""
    memories = {
        one.decision.order.reference: Memory((overridden(one.decision),), mark)
        for one in advised
        if one.decision.order.resource
    }
    return lambda request, order: memories.get(order.reference, NO_MEMORY)


def attesting(code: str, days: int) -> Recall:
    """A memory in which a clinician gave this reason so many days ago, for advice that is long another."""
    past = PastOverride(NOW.date() - timedelta(days=days), code, False, "none", (), *[frozenset[Any]()] * 4)

    def recall(request: HookRequest, order: MriOrder) -> Memory:
        return Memory((past,), mark)

    return recall


def is_emergency(decision: Decision) -> bool:
    return "emergency" in {decision.outcome, *(finding.outcome for finding in decision.findings)}


# --- What keeps a card away ----------------------------------------------------------------------------------


@given(any_request())
def test_an_emergency_that_was_overridden_speaks_again(request: Request) -> None:
    before = advice(request)
    assume(any(is_emergency(one.decision) for one in before))
    for one, again in zip(before, advice(request, remembering(before)), strict=True):
        if is_emergency(one.decision):
            assert again.decision.silent == one.decision.silent
            assert (again.card is None) == (one.card is None)


@given(any_request())
def test_nothing_but_the_card_differs_where_the_same_advice_was_overridden(request: Request) -> None:
    before = advice(request)
    for one, again in zip(before, advice(request, remembering(before)), strict=True):
        assert again.decision.silent in (one.decision.silent, REPEAT)
        assert replace(again.decision, silent="", again=None) == replace(one.decision, silent="", again=None)


@pytest.mark.parametrize("name", STRONG)
@given(before=any_request())
def test_a_strong_fact_that_is_new_brings_the_card_back(name: str, before: Request) -> None:
    if STRONG[name].with_pain:
        before = changes.add(before, [LOW_BACK_PAIN])
    known = advice(before)
    assume(known)
    after = changes.add(before, STRONG[name].resources)
    as_ever = advice(after)
    # A strong fact may stand in the record already, or beside one that says more.
    new = [facts_of(one.decision) for one in as_ever] != [facts_of(one.decision) for one in known]
    assume(new and any(one.card for one in as_ever))
    again = advice(after, remembering(known))
    changed = [one for one, then in zip(again, known, strict=True) if _is_news(one.decision, then.decision)]
    assert all(one.decision.silent != REPEAT for one in changed)


def _is_news(decision: Decision, then: Decision) -> bool:
    return not facts_of(decision) <= facts_of(then) or tiers_of(decision) != tiers_of(then)


@pytest.mark.parametrize("id", STORIES)
def test_days_that_pass_bring_a_card_back_only_with_another_assessment(id: str) -> None:
    """With equal records: nothing that moves with the calendar may look like a new fact."""
    request = STORIES[id].request(NOW)
    then = advice(request)
    recall = remembering(then)
    for days in range(1, 30):
        for before, today in zip(then, advice(request, recall, NOW + timedelta(days=days)), strict=True):
            decision = today.decision
            why = decision.again.why if decision.again else ""
            same = (decision.outcome, decision.recommendations, tiers_of(decision)) == (
                before.decision.outcome, before.decision.recommendations, tiers_of(before.decision),
            )  # fmt: skip
            if same:
                assert decision.silent or decision.endorsed or why in ("emergency", "device"), (days, why)
            # The pain of V117 begins in the future, and so is no fact before its day.
            assert why != "new-facts" or id == "V117", (days, decision.again)


# --- What a reason attests -----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", RED_FLAGS)
@given(request=any_request(), days=days_back)
def test_an_attested_red_flag_never_lowers_and_never_silences(code: str, request: Request, days: int) -> None:
    before, after = advice(request), advice(request, attesting(code, days))
    for one, attested in zip(before, after, strict=False):
        assert RANKS[attested.decision.outcome] >= RANKS[one.decision.outcome]
        assert attested.card is not None or one.card is None
    assert len(after) >= len(before)


@pytest.mark.parametrize("code", CARE)
@given(request=any_request(), days=days_back)
def test_attested_treatment_concerns_only_what_pain_alone_decides(
    code: str, request: Request, days: int
) -> None:
    for one, attested in zip(advice(request), advice(request, attesting(code, days)), strict=True):
        before, after = one.decision, attested.decision
        if after.outcome != before.outcome:
            assert {before.outcome, after.outcome} <= PAIN
            assert not before.reason.startswith(("unclear.unread", "unclear.age", "unclear.no-indication"))
            assert after.outcome == "may-be-indicated"


@pytest.mark.parametrize("code", NOTHING_ATTESTED)
@given(request=any_request())
def test_other_reasons_change_no_decision(code: str, request: Request) -> None:
    for one, after in zip(advice(request), advice(request, attesting(code, 3)), strict=True):
        assert replace(after.decision, again=None) == replace(one.decision, again=None)
