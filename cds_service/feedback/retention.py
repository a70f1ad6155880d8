"""What is forgotten, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

_DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days decisions are kept, and for how many the marks of their cases."""

    decision_days: int
    case_days: int


def retention_for(decision_days: int, override_days: int) -> Retention:
    """What to keep for how long, where an override counts for `override_days` from its own day.

    It may come so many days after its card, and then counts as many more; a calendar day rounds it up.
    """
    return Retention(decision_days, 2 * override_days + 1)


class OldRows(Protocol):
    """What is kept in the database, by its age; both methods raise StoreUnavailable."""

    def forget_cases(self, before_ms: int) -> int:
        """Empty the case marks of older decisions."""

    def remove(self, before_ms: int) -> int:
        """Drop older decisions and feedback."""


def carry_out(rows: OldRows, retention: Retention, now_ms: int) -> tuple[int, int]:
    """Forget what is older than it may be: how many cases, and how many decisions and reports.

    Whichever process comes first does it for all. Raises StoreUnavailable.
    """
    return (
        rows.forget_cases(now_ms - retention.case_days * _DAY_MS),
        rows.remove(now_ms - retention.decision_days * _DAY_MS),
    )
