"""Where the records of decisions go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cds_service.feedback.decision_record import DecisionRecord


class DecisionKeeper(Protocol):
    """Where decisions go."""

    @property
    def dropped(self) -> int:
        """How many records this process has lost."""

    def keep(self, records: Sequence[DecisionRecord]) -> None:
        """Take records; never waits, never raises."""

    def close(self, seconds: float) -> None:
        """Write what is waiting, for at most so long."""


class KeepsNoDecisions:
    """For what runs without a database."""

    dropped = 0

    def keep(self, records: Sequence[DecisionRecord]) -> None:
        """Keep nothing."""

    def close(self, seconds: float) -> None:
        """Nothing is waiting."""
