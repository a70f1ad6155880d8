"""Writes decisions beside the calls: a card never waits for the database and never fails with it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog

from cds_service.feedback.decision_record import DecisionRecord
from cds_service.store import StoreUnavailable

_log = structlog.get_logger()

# What waits while the database does not answer: some minutes of a busy hospital, and a few megabytes.
MOST_WAITING = 2_000
_MOST_AT_ONCE = 100
# How long a batch is tried again: longer than a failover or a backup holds the database.
_TRY_SECONDS = 60.0
_PAUSE_SECONDS = 1.0
_HOUSEKEEPING_SECONDS = 3600.0
_DAY_MS = 24 * 3600 * 1000


class DecisionTable(Protocol):
    """The table of decisions in the database; every method raises StoreUnavailable."""

    def prepare(self) -> None:
        """Make the table where it is not there."""

    def add(self, records: Sequence[DecisionRecord]) -> None:
        """Store all records, or none."""

    def forget_cases(self, before_ms: int) -> int:
        """Empty the case marks of older decisions."""

    def remove(self, before_ms: int) -> int:
        """Drop what is older."""


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days decisions are kept, and for how many the marks of their cases."""

    decision_days: int
    case_days: int


class DecisionWriter:
    """A bounded queue and one thread, which begins with the first record, in the process that serves.

    `milliseconds` gives the present moment, and `stopwatch` counts seconds.
    `told` hears how many records were written (`None`) or lost, and why: "full", "database" or "fault".
    """

    def __init__(
        self,
        table: DecisionTable,
        retention: Retention,
        *,
        milliseconds: Callable[[], int],
        stopwatch: Callable[[], float],
        told: Callable[[int, str | None], None] = lambda count, why: None,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._table = table
        self._retention = retention
        self._milliseconds = milliseconds
        self._stopwatch = stopwatch
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
            self._lose(left, "database")

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="decision-writer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not (self._closing.is_set() and self._waiting.empty()):
            if batch := list(self._next_batch()):
                self._write(batch)
            self._tidy()

    def _next_batch(self) -> Iterator[DecisionRecord]:
        with suppress(queue.Empty):
            yield self._waiting.get(timeout=_PAUSE_SECONDS)
            for _ in range(_MOST_AT_ONCE - 1):
                yield self._waiting.get_nowait()

    def _write(self, batch: Sequence[DecisionRecord]) -> None:
        """Store the batch, trying again for a while; meanwhile the next ones wait."""
        ends = self._stopwatch() + _TRY_SECONDS
        while True:
            try:
                self._table.add(batch)
            except StoreUnavailable as error:
                if self._stopwatch() > ends or self._closing.is_set():
                    self._lose(len(batch), "database", error.kind)
                    return
                self._mend()
                self._closing.wait(_PAUSE_SECONDS)
            except Exception as error:  # a thread that ends would lose all that follows, too
                self._lose(len(batch), "fault", type(error).__name__)
                return
            else:
                self._told(len(batch), None)
                return

    def _mend(self) -> None:
        """Perhaps the file is a new one, without the table."""
        with suppress(StoreUnavailable):
            self._table.prepare()

    def _tidy(self) -> None:
        """Carry out the retention, at the start then every hour; the first process does it for all."""
        now = self._stopwatch()
        if self._tidied_at is not None and now - self._tidied_at < _HOUSEKEEPING_SECONDS:
            return
        self._tidied_at = now
        try:
            carry_out(self._table, self._retention, self._milliseconds())
        except StoreUnavailable as error:
            _log.warning("retention-failed", error=error.kind)

    def _lose(self, count: int, why: str, error: str | None = None) -> None:
        self.dropped += count
        self._told(count, why)
        _log.warning("decisions-not-kept", records=count, why=why, **({"error": error} if error else {}))


def carry_out(table: DecisionTable, retention: Retention, now_ms: int) -> tuple[int, int]:
    """Forget what is older than it may be: how many cases, and how many decisions and reports.

    Raises StoreUnavailable.
    """
    return (
        table.forget_cases(now_ms - retention.case_days * _DAY_MS),
        table.remove(now_ms - retention.decision_days * _DAY_MS),
    )
