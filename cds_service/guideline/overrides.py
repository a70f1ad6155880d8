"""What is remembered of a case: the overrides of its cards, and how a fact of then is known again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

Mark = Callable[[tuple[str, ...]], str]


@dataclass(frozen=True, slots=True)
class PastOverride:
    """An override with one of the card's own reasons, and what the decision was that it set aside.

    `tiers` are pathway, outcome and tier of each finding; `asked` is what its card wanted of the order.
    `facts` are the marks of all that it rested on.
    `accepted` tells that the same card was accepted as well.
    """

    day: date
    reason: str
    accepted: bool
    outcome: str
    recommendations: tuple[str, ...]
    tiers: frozenset[tuple[str, str, str]]
    asked: frozenset[str]
    unread: frozenset[str]
    facts: frozenset[str]


def _no_mark(_: tuple[str, ...]) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Memory:
    """The overrides of one patient's order, and `mark`, the keyed hash of a fact's parts."""

    overrides: tuple[PastOverride, ...] = ()
    mark: Mark = field(default=_no_mark, repr=False)


@dataclass(frozen=True, slots=True)
class AttestedReason:
    """One of our reason codes that a clinician gave when overriding a card, as the card says it."""

    code: Mapping[str, object]  # a CodeableConcept
    day: date


NO_MEMORY = Memory()
