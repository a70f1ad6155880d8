"""Writes decisions beside the calls: a card never waits for the database and never fails with it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Protocol

import structlog

from cds_service.feedback.decision_record import DecisionRecord
from cds_service.store import StoreUnavailable

_log = structlog.get_logger()

# What waits while the database does not answer: some minutes of a busy hospital, and a few megabytes.
MOST_WAITING = 2_000
_MOST_AT_ONCE = 100
# One transaction for what comes close together: on its own, a record would cost as much as its call.
_GATHER_SECONDS = 0.2
# How long a batch is tried again: longer than a failover or a backup holds the database.
_TRY_SECONDS = 60.0
_PAUSE_SECONDS = 1.0
_HOUSEKEEPING_SECONDS = 3600.0


class Destination(Protocol):
    """Where records end, such as a table of the database; both methods raise StoreUnavailable."""

    def prepare(self) -> None:
        """Make it ready, where it is not."""

    def add(self, records: Sequence[DecisionRecord]) -> None:
        """Take all records, or none."""


class DecisionWriter:
    """A bounded queue and one thread, which begins with the first record, in the process that serves.

    `stopwatch` counts seconds.
    `tidy` is called at the first record and then every hour; it may raise StoreUnavailable.
    `told` hears how many records were written (`None`) or lost, and why: "full", "fault", or the `name`
    of the destination, where that did not answer.
    """

    def __init__(
        self,
        destination: Destination,
        *,
        stopwatch: Callable[[], float],
        tidy: Callable[[], object] = lambda: None,
        told: Callable[[int, str | None], None] = lambda count, why: None,
        name: str = "database",
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._destination = destination
        self._stopwatch = stopwatch
        self._tidy = tidy
        self._name = name
        self._told = told
        self._waiting: queue.Queue[DecisionRecord] = queue.Queue(most_waiting)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._tidied_at: float | None = None
        self.dropped = 0

    def keep(self, records: Sequence[DecisionRecord]) -> None:
        """Take records; where too many wait already they are lost, counted and told."""
        for place, record in enumerate(records):
            try:
                self._waiting.put_nowait(record)
            except queue.Full:
                self._lose(len(records) - place, "full")
                break
        if self._thread is None:
            self._start()

    def close(self, seconds: float) -> None:
        """Write what is waiting, for at most so long; what is left then is lost and told."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(seconds)
        if left := self._waiting.qsize():
            self._lose(left, self._name)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="decision-writer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not (self._closing.is_set() and self._waiting.empty()):
            if batch := list(self._next_batch()):
                self._write(batch)
            self._tidy_hourly()

    def _next_batch(self) -> Iterator[DecisionRecord]:
        with suppress(queue.Empty):
            yield self._waiting.get(timeout=_PAUSE_SECONDS)
            self._closing.wait(_GATHER_SECONDS)
            for _ in range(_MOST_AT_ONCE - 1):
                yield self._waiting.get_nowait()

    def _write(self, batch: Sequence[DecisionRecord]) -> None:
        """Store the batch, trying again for a while; meanwhile the next ones wait."""
        ends = self._stopwatch() + _TRY_SECONDS
        while True:
            try:
                self._destination.add(batch)
            except StoreUnavailable as error:
                if self._stopwatch() > ends or self._closing.is_set():
                    self._lose(len(batch), self._name, error.kind)
                    return
                self._mend()
                self._closing.wait(_PAUSE_SECONDS)
            except Exception as error:  # a thread that ends would lose all that follows, too
                if len(batch) > 1:  # one record that nothing takes must not cost the others
                    for record in batch:
                        self._write([record])
                else:
                    self._lose(1, "fault", type(error).__name__)
                return
            else:
                self._told(len(batch), None)
                return

    def _mend(self) -> None:
        """Perhaps the file is a new one, without the table."""
        with suppress(StoreUnavailable):
            self._destination.prepare()

    def _tidy_hourly(self) -> None:
        now = self._stopwatch()
        if self._tidied_at is not None and now - self._tidied_at < _HOUSEKEEPING_SECONDS:
            return
        self._tidied_at = now
        try:
            self._tidy()
        except StoreUnavailable as error:
            _log.warning("retention-failed", error=error.kind)

    def _lose(self, count: int, why: str, error: str | None = None) -> None:
        self.dropped += count
        self._told(count, why)
        _log.warning("decisions-not-kept", records=count, why=why, **({"error": error} if error else {}))
