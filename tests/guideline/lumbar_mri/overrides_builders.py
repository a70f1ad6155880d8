"""What is remembered of overridden decisions, with marks that can be read."""

from dataclasses import asdict
from datetime import date
from typing import Any

from cds_service.guideline.decision import Decision
from cds_service.guideline.lumbar_mri.repeat import asked_of, facts_of, tiers_of
from cds_service.guideline.overrides import Memory, PastOverride
from tests.guideline.lumbar_mri.facts_builders import TODAY


def mark(parts: tuple[str, ...]) -> str:
    """A mark that says what it marks."""
    return "|".join(parts)


def overridden(decision: Decision, day: date = TODAY, reason: str = "other", **other: Any) -> PastOverride:
    """The override of exactly this decision, or of one that differs in `other`."""
    values: dict[str, Any] = {
        "accepted": False,
        "outcome": decision.outcome.value,
        "recommendations": decision.recommendations,
        "tiers": tiers_of(decision),
        "asked": asked_of(decision.first_lines, asdict(decision.plan)),
        "unread": frozenset(decision.unread),
        "facts": frozenset(map(mark, facts_of(decision))),
        **other,
    }
    return PastOverride(day, reason, **values)


def memory_of(*decisions: Decision, day: date = TODAY) -> Memory:
    """A memory in which these decisions were overridden on the day."""
    return Memory(tuple(overridden(one, day) for one in decisions), mark)


def attesting(*said: tuple[str, date], accepted: bool = False) -> Memory:
    """A memory of overrides with these reasons, of decisions that were all others."""
    nothing: frozenset[Any] = frozenset()
    return Memory(
        tuple(
            PastOverride(day, code, accepted, "none", (), nothing, nothing, nothing, nothing)
            for code, day in said
        ),
        mark,
    )
