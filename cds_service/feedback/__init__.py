"""What becomes of feedback on cards. The endpoint validates it; a sink decides what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cds_service.protocol.feedback import FeedbackEntry


@dataclass(frozen=True, slots=True)
class FeedbackBatch:
    """The entries of one request: of which service, from which client, and when they came."""

    service: str
    client: str
    received_at: datetime
    entries: tuple[FeedbackEntry, ...]


class FeedbackSink(Protocol):
    """Where validated feedback goes."""

    def keep(self, batch: FeedbackBatch) -> None:
        """Take a whole batch: all of it is kept, or FeedbackNotKept is raised and none is."""


class KeepsNothing:
    """Feedback is acknowledged and then forgotten: for what runs without a database, such as a command."""

    def keep(self, batch: FeedbackBatch) -> None:
        """Keep nothing, which is what this sink is for."""
