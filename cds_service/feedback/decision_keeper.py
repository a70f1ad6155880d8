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


class KeepsInSeveral:
    """Hands every record to each of several; one that fails or is slow holds up none of the others."""

    def __init__(self, keepers: Sequence[DecisionKeeper]) -> None:
        self._keepers = tuple(keepers)

    @property
    def dropped(self) -> int:
        """How many records were lost, in all of them together."""
        return sum(keeper.dropped for keeper in self._keepers)

    def keep(self, records: Sequence[DecisionRecord]) -> None:
        """Hand them on."""
        for keeper in self._keepers:
            keeper.keep(records)

    def close(self, seconds: float) -> None:
        """Let each write what waits, one after the other."""
        for keeper in self._keepers:
            keeper.close(seconds)
