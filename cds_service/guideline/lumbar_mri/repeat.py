"""Whether advice that was set aside is shown again, and what its override attests (2.11, 3.8, 8.8.5)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import date
from typing import Literal

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Evidence, Outcome, ShownAgain
from cds_service.guideline.lumbar_mri.changed_order import OWN_REASONS
from cds_service.guideline.lumbar_mri.safety_card import devices
from cds_service.guideline.lumbar_mri.wording import SHARED
from cds_service.guideline.overrides import AttestedReason, Memory, PastOverride
from cds_service.guideline.thresholds import Thresholds

CRITERIA: tuple[tuple[str, str], ...] = (
    (
        "silent",
        "The same advice was overridden within $repeat_override_days days, with a reason of the card, for "
        "this patient and study; outcome, tiers and recommendations are the same, no fact is new, and no "
        "more is asked of the order",
    ),
    ("never silent", "An emergency, or where any finding is one"),
    ("never silent", "Beside a card about an implant, or where more of the record is unread than then"),
    (
        "never silent",
        "After a bare dismissal, a reason of the client's own, or where the card was accepted, too",
    ),
    (
        "attested",
        "A red flag, worse neurology or conservative care elsewhere, given as the reason of an override: "
        "read as that reason on the order, of the day of the override",
    ),
)

REPEAT = "repeat"
_CARE = ("care-4-6-weeks", "care-6-weeks")
_RED_FLAGS = (
    "neurology-worse", "red-flag-cauda-equina", "red-flag-cancer", "red-flag-infection",
    "red-flag-neurology", "red-flag-procedure",
)  # fmt: skip
_ORDER = "ServiceRequest"


def with_repeat_rule(decision: Decision, memory: Memory, guideline: Guideline) -> Decision:
    """The decision, silent where it would only repeat what was set aside, else with why it is shown again."""
    if decision.silent or decision.endorsed:
        return decision
    standing = [past for past in _recent(memory, decision.today, guideline) if _stands(past, decision.today)]
    if not standing:
        return decision
    attested = _texts(attested_reasons(memory, decision.today, guideline))
    new = [_new_facts(decision, past, memory, attested, guideline.thresholds) for past in standing]
    kept_up = _never_kept_away(decision)
    if not kept_up and any(map(_is_the_same, [decision] * len(new), standing, new)):
        return replace(decision, silent=REPEAT)
    return replace(decision, again=_why_again(decision, standing[-1], new[-1], attested, kept_up))


def attested_reasons(memory: Memory, today: date, guideline: Guideline) -> tuple[AttestedReason, ...]:
    """What the overrides say of the patient that no record says; each reason once, of its latest day."""
    latest: dict[str, date] = {}
    for past in _recent(memory, today, guideline):
        # A red flag stands, whatever was clicked next; treatment elsewhere would lower a question.
        if past.reason in _RED_FLAGS or (past.reason in _CARE and _stands(past, today)):
            latest[past.reason] = past.day
    return tuple(_attested(code, day, guideline) for code, day in latest.items())


def facts_of(decision: Decision) -> frozenset[tuple[str, ...]]:
    """The facts that were known to a decision, each in parts that stay the same from day to day.

    They are those that it rests on or names, and what would count once a red flag has grown too old.
    """
    return frozenset(map(_parts, (*_evidence(decision), *decision.background)))


def tiers_of(decision: Decision) -> frozenset[tuple[str, str, str]]:
    """Pathway, outcome and tier of each finding."""
    return frozenset((one.pathway.value, one.outcome.value, one.tier) for one in decision.findings)


def asked_of(first_lines: Iterable[str], plan: Mapping[str, str | None]) -> frozenset[str]:
    """What a card wants of the order, and the warnings about the order that open it."""
    return frozenset((*first_lines, *(f"{part} {value}" for part, value in plan.items() if value)))


def _recent(memory: Memory, today: date, guideline: Guideline) -> list[PastOverride]:
    """The overrides of the window, the latest last."""
    window = guideline.thresholds.repeat_override_days
    recent = [past for past in memory.overrides if (today - past.day).days <= window]
    return sorted(recent, key=lambda past: past.day)


def _stands(past: PastOverride, today: date) -> bool:
    """Whether the advice was set aside: who accepted the card did not, whatever was clicked next.

    A day that is still to come is that of a clock that was wrong, and would hold for longer than its window.
    """
    return not past.accepted and past.day <= today


def _never_kept_away(decision: Decision) -> Literal["emergency", "device", ""]:
    """Why the card is sent whatever was set aside; empty where nothing forbids silence."""
    if Outcome.EMERGENCY in (decision.outcome, *(finding.outcome for finding in decision.findings)):
        return "emergency"
    return "device" if devices(decision) else ""


def _is_the_same(decision: Decision, past: PastOverride, new: Collection[Evidence]) -> bool:
    return not new and _is_judged_the_same(decision, past) and past.unread.issuperset(decision.unread)


def _is_judged_the_same(decision: Decision, past: PastOverride) -> bool:
    return (
        decision.outcome.value == past.outcome
        and decision.recommendations == past.recommendations
        and tiers_of(decision) == past.tiers
        # Another priority or contrast of the order may be wrong where that of then was right.
        and asked_of(decision.first_lines, asdict(decision.plan)) <= past.asked
    )


def _new_facts(
    decision: Decision,
    past: PastOverride,
    memory: Memory,
    attested: Collection[str],
    limits: Thresholds,
) -> tuple[Evidence, ...]:
    """What the decision rests on or names, and that of then did not; the override's own reason is no news."""
    return tuple(
        one
        for one in dict.fromkeys(_evidence(decision))
        if not _is_attested(one, attested)
        and not (one in decision.stale and _has_only_aged(one, past, limits))
        and memory.mark(_parts(one)) not in past.facts
    )


def _has_only_aged(exam: Evidence, past: PastOverride, limits: Thresholds) -> bool:
    """Whether an exam that is too old by now was there, and still counted, on the day of the override."""
    when = exam.when
    return when is not None and when.last <= past.day and when.within(limits.power_fresh_days, past.day)


def _why_again(
    decision: Decision,
    past: PastOverride,
    new: tuple[Evidence, ...],
    attested: Collection[str],
    kept_up: Literal["emergency", "device", ""],
) -> ShownAgain:
    judged_the_same = _is_judged_the_same(decision, past)
    # Beside another assessment an exam that is out of date is no news.
    told = new if judged_the_same else tuple(one for one in new if one not in decision.stale)
    if told:
        return ShownAgain(past.day, past.reason, "new-facts", told)
    if not judged_the_same:
        is_read = any(_is_attested(one, attested) for one in _evidence(decision))
        return ShownAgain(past.day, past.reason, "attested" if is_read else "changed")
    return ShownAgain(past.day, past.reason, kept_up or "less-read")


def _texts(reasons: Iterable[AttestedReason]) -> frozenset[str]:
    return frozenset(str(reason.code["text"]) for reason in reasons)


def _is_attested(evidence: Evidence, attested: Collection[str]) -> bool:
    return _is_of_order(evidence) and evidence.text in attested


def _attested(code: str, day: date, guideline: Guideline) -> AttestedReason:
    (row,) = guideline.terminology.value_sets[f"reason-{code}"]
    text = guideline.words.say(SHARED, "attested", {"reason": row.display})
    coding = {"system": OWN_REASONS, "code": row.code, "display": row.display}
    return AttestedReason({"coding": [coding], "text": text}, day)


def _evidence(decision: Decision) -> Iterator[Evidence]:
    for finding in decision.findings:
        yield from finding.evidence
    yield from decision.listed
    yield from decision.stale
    yield from (line.evidence for line in decision.safety)


def _parts(evidence: Evidence) -> tuple[str, ...]:
    """Words, source, days and standing; of what an order says the words alone: each draft is another."""
    if _is_of_order(evidence):
        return (_ORDER, evidence.text)
    days = (evidence.when.first.isoformat(), evidence.when.last.isoformat()) if evidence.when else ()
    # A suspected cancer that is confirmed has the words and the days that it had.
    standing = (evidence.standing,) if evidence.standing else ()
    return (evidence.resource or "", evidence.text, *days, *standing)


def _is_of_order(evidence: Evidence) -> bool:
    return (evidence.resource or "").partition("/")[0] == _ORDER
