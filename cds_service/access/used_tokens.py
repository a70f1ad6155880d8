"""Which tokens were used: in the database, so that every process knows, and across a restart.

Where the database fails, a bounded memory of this process has to do.
A stolen token could then be used once more in each other process, for the minutes that it is good.
To refuse every call instead would lose an emergency for certain.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from typing import Protocol

import structlog

from cds_service.store import StoreUnavailable

_log = structlog.get_logger()

_MOST_REMEMBERED = 20_000
_RETRY_SECONDS = 5
_TELL_SECONDS = 60
_CLEAN_SECONDS = 600


class TokenTable(Protocol):
    """The table of used tokens in the database; every method raises StoreUnavailable."""

    def prepare(self) -> None:
        """Make the table where it is not there."""

    def add(self, mark: str, until: int) -> bool:
        """Whether the mark was not there before."""

    def remove_expired(self, now: int) -> None:
        """Drop what no token can come back for."""


class SharedUsedTokens:
    """The tokens that were used, in every process of the service."""

    def __init__(self, table: TokenTable) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._remembered: OrderedDict[str, int] = OrderedDict()
        self._failing = False
        # Epoch seconds, as `now` is.
        self._retry_at = 0.0
        self._tell_at = 0.0
        self._clean_at = 0.0

    def prepare(self) -> None:
        """Make the table; without it the service starts all the same, and says so."""
        try:
            self._table.prepare()
        except StoreUnavailable as error:
            _log.warning("replay-check-degraded", error=error.kind)

    def is_first_use(self, issuer: str, token_id: str, *, until: float, now: float) -> bool:
        """Whether this token was not used before; from now on it is, up to the epoch second `until`."""
        mark, last_second = _mark(issuer, token_id), int(until) + 1
        # First here: it costs nothing, and it is what is left when the database goes away in between.
        if not self._remember(mark, last_second, now):
            return False
        if not self._may_ask(now):
            return True
        try:
            is_new = self._table.add(mark, last_second)
            if self._failing:
                self._failing, self._retry_at = False, 0.0
            if not is_new:
                return False
            self._clean(now)
        except StoreUnavailable as error:
            self._degrade(error, now)
        return True

    def _may_ask(self, now: float) -> bool:
        with self._lock:
            if now < self._retry_at:
                return False
            if self._failing:
                # One call finds out whether the database is back; the others must not wait for it, too.
                self._retry_at = now + _RETRY_SECONDS
            return True

    def _clean(self, now: float) -> None:
        if now >= self._clean_at:
            self._clean_at = now + _CLEAN_SECONDS
            self._table.remove_expired(int(now))

    def _remember(self, mark: str, until: int, now: float) -> bool:
        with self._lock:
            known = self._remembered.get(mark)
            if known is not None and known >= now:
                return False
            self._remembered[mark] = until
            self._remembered.move_to_end(mark)
            while len(self._remembered) > _MOST_REMEMBERED or self._oldest_until() < now <= until:
                self._remembered.popitem(last=False)
            return True

    def _oldest_until(self) -> int:
        return next(iter(self._remembered.values()))

    def _degrade(self, error: StoreUnavailable, now: float) -> None:
        # A database that answers nobody must not take the time of every call.
        self._failing = True
        self._retry_at = now + _RETRY_SECONDS
        if now >= self._tell_at:
            self._tell_at = now + _TELL_SECONDS
            _log.warning("replay-check-degraded", error=error.kind)


def _mark(issuer: str, token_id: str) -> str:
    """The token in 64 characters. As JSON, so that no two pairs look the same, and none fails to encode."""
    return hashlib.sha256(json.dumps([issuer, token_id]).encode()).hexdigest()
