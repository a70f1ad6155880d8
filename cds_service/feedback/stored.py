"""Feedback in the database: acknowledged only once it is there to stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from cds_service.errors import FeedbackNotKept
from cds_service.feedback import FeedbackBatch
from cds_service.feedback.kept import KeptEntry, reduce_batch
from cds_service.store import StoreUnavailable

_log = structlog.get_logger()


class FeedbackTable(Protocol):
    """The table of feedback in the database; both methods raise StoreUnavailable."""

    def prepare(self) -> None:
        """Make the table where it is not there."""

    def add(self, entries: Sequence[KeptEntry]) -> None:
        """Store all entries, or none."""


class StoredFeedback:
    """Keeps feedback in a table; `comments` says whether the words of comments are kept, too."""

    def __init__(self, table: FeedbackTable, own_displays: Mapping[str, str], *, comments: bool) -> None:
        self._table = table
        self._own_displays = own_displays
        self._comments = comments
        self._ready = False

    def prepare(self) -> None:
        """Make the table; without it the service starts all the same, and says so."""
        try:
            self._make_ready()
        except StoreUnavailable as error:
            _log.warning("feedback-not-kept", error=error.kind)

    def keep(self, batch: FeedbackBatch) -> None:
        """Store the batch in one transaction; raises FeedbackNotKept, and then nothing of it is stored."""
        entries = reduce_batch(batch, self._own_displays, comments=self._comments)
        try:
            self._make_ready()
            if entries:
                self._table.add(entries)
        except StoreUnavailable as error:
            # Perhaps the file is a new one: the next batch looks for its table first.
            self._ready = False
            raise FeedbackNotKept(error.kind) from None

    def _make_ready(self) -> None:
        if not self._ready:
            self._table.prepare()
            self._ready = True
