"""What becomes of feedback on cards. The endpoint validates it; a sink decides what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cds_service.protocol.feedback import FeedbackEntry


class FeedbackSink(Protocol):
    """Where validated feedback goes."""

    def keep(self, service_id: str, entries: Sequence[FeedbackEntry]) -> None:
        """Take a whole batch of one service: all of it is kept, or an error is raised and none is."""


class KeepsNothing:
    """The default: feedback is acknowledged and then forgotten, so no decision can be counted later."""

    def keep(self, service_id: str, entries: Sequence[FeedbackEntry]) -> None:
        """Keep nothing, which is what this sink is for."""
