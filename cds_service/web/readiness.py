"""Whether this process can answer calls with cards, and what an operator should mend.

Only what keeps every card away takes the service out of the balance: 503.
All that costs less than a card, such as the database, is told with 200: were a service without a database
called unready, all copies would be at once, and the emergencies of a hospital lost with them.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Any, Generic, Literal, TypeVar

import structlog

from cds_service.guideline.review_state import ReviewState, review_state
from cds_service.store import StoreUnavailable
from cds_service.wiring import Services

T = TypeVar("T")
Part = Literal["ok", "not used", "unavailable", "some missing", "missing", "not known yet"]

_log = structlog.get_logger()

WAIT_SECONDS = 1.0
_KEEP_SECONDS = 2.0


class BoundedCheck(Generic[T]):
    """A check that nobody waits for longer than WAIT_SECONDS, and that is made once however many ask.

    `late` is its result while it takes longer, and where it fails otherwise than it should.
    """

    def __init__(self, check: Callable[[], T], late: T, stopwatch: Callable[[], float]) -> None:
        self._check = check
        self._late = late
        self._stopwatch = stopwatch
        self._lock = Lock()
        self._done: Event | None = None
        self._found = late
        self._started_at = self._ended_at = 0.0

    def result(self) -> T:
        """What the check found at most two seconds ago, or finds now."""
        with self._lock:
            now = self._stopwatch()
            if self._done is None or (self._done.is_set() and now - self._ended_at >= _KEEP_SECONDS):
                self._done, self._started_at = Event(), now
                Thread(target=self._run, args=(self._done,), daemon=True, name="readiness").start()
            done, left = self._done, self._started_at + WAIT_SECONDS - now
        return self._found if done.wait(max(0.0, left)) else self._late

    def _run(self, done: Event) -> None:
        try:
            self._found = self._check()
        except Exception as fault:
            self._found = self._late
            _log.error("fault in a readiness check", error=type(fault).__name__)
        self._ended_at = self._stopwatch()
        done.set()


class Readiness:
    """The state of each part; of this process, and made in it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        stopwatch = services.stopwatch
        self._database: BoundedCheck[Part] = BoundedCheck(self._ask_database, "unavailable", stopwatch)
        self._keys: BoundedCheck[Part] = BoundedCheck(self._ask_keys, "not known yet", stopwatch)

    def report(self) -> tuple[int, dict[str, Any]]:
        """The status of the answer, and what it says: no name of a client, no address, no error's text."""
        services = self._services
        database, keys = self._database.result(), self._keys.result()
        today = services.clock().astimezone(services.guideline.zone).date()
        review = review_state(services.guideline, today)
        if keys == "missing" and services.clients.open is None:
            status = "unavailable"
        elif review is ReviewState.EXPIRED or not {database, keys} <= {"ok", "not used"}:
            status = "degraded"
        else:
            status = "ready"
        told = {
            "status": status,
            "database": database,
            "guideline": review.value,
            "keySets": keys,
            "droppedRecords": services.metrics.dropped_records(),
        }
        return (503 if status == "unavailable" else 200), told

    def _ask_database(self) -> Part:
        check = self._services.database_check
        if check is None:
            return "not used"
        try:
            check()
        except StoreUnavailable:
            return "unavailable"
        return "ok"

    def _ask_keys(self) -> Part:
        checks = self._services.token_checks
        if checks is None:
            return "not used"
        usable = checks.keys.usable()
        if all(usable):
            return "ok"
        return "some missing" if any(usable) else "missing"
