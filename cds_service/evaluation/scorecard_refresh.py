"""Scorecards of what is kept, counted up to a few minutes ago."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

import structlog

from cds_service.errors import ScorecardNotReady
from cds_service.evaluation.poster import Poster, make_poster
from cds_service.evaluation.scorecard import Scorecard
from cds_service.evaluation.scorecard_period import Period, month_before
from cds_service.evaluation.scorecard_reading import read_scorecard
from cds_service.feedback.kept import milliseconds_of, own_reasons
from cds_service.store import StoreUnavailable

if TYPE_CHECKING:
    from cds_service.guideline.content import Guideline
    from cds_service.store.scorecard_rows import ScorecardRows
    from cds_service.wiring import Services

_log = structlog.get_logger()

# Figures of a month do not change in ten minutes, and to count them takes seconds at the largest sites.
_COUNTED_FOR_MS = 10 * 60 * 1000
# Up to so many decisions are counted at once, and a reader waits so long for it. More are counted a little
# later, because two threads of one process slow each other down; then the older figures are shown.
_FEW_DECISIONS = 5_000
_WAIT_SECONDS = 0.25
_LATER_SECONDS = 2.0
_FIRST_WAIT_SECONDS = 5.0
_POSTER_MONTHS = 12


def open_scorecards(services: Services) -> CountedScorecards:
    """The scorecards of the database of the settings; raises BadDatabaseUrl and StoreUnavailable."""
    return CountedScorecards(
        open_rows(services.settings.database_url, services.guideline),
        services.guideline.zone,
        kept_days=services.settings.decision_days,
    )


def open_rows(database_url: str, guideline: Guideline) -> ScorecardRows:
    """The counted days of a database, with its tables brought up to date."""
    from cds_service.store.database import Database
    from cds_service.store.scorecard_rows import ScorecardRows

    rows = ScorecardRows(Database(database_url), guideline.zone, frozenset(own_reasons(guideline.words)))
    rows.prepare()
    return rows


class CountedScorecards:
    """Scorecards and posters, for which the counts are brought up to date beside the call."""

    def __init__(self, rows: ScorecardRows, zone: tzinfo, *, kept_days: int) -> None:
        self._rows = rows
        self._zone = zone
        self._kept_days = kept_days
        self._lock = Lock()
        self._counting: Thread | None = None
        self._read_on = Event()

    def read(self, period: Period, now: datetime) -> Scorecard:
        """The scorecard of the period; raises StoreUnavailable, and ScorecardNotReady before there is one."""
        self._freshen(milliseconds_of(now))
        return read_scorecard(self._rows, period, now, self._zone)

    def poster(self, month: Period, now: datetime, reasons: Mapping[str, str]) -> Poster:
        """The poster of the month; raises as `read` does."""
        return read_poster(lambda period: self.read(period, now), month, reasons)

    def _freshen(self, now_ms: int) -> None:
        counted_ms = self._rows.counted_ms()
        if counted_ms and abs(now_ms - counted_ms) < _COUNTED_FOR_MS:
            return
        with self._lock:
            if self._counting is None or not self._counting.is_alive():
                self._read_on.clear()
                self._counting = Thread(target=self._count, args=(now_ms,), name="scorecard", daemon=True)
                self._counting.start()
            counting = self._counting
        if counted_ms:
            self._read_on.wait(_WAIT_SECONDS)
        else:
            counting.join(_FIRST_WAIT_SECONDS)
        if not counted_ms and not self._rows.counted_ms():
            raise ScorecardNotReady("The figures are being counted for the first time.", "Try again soon.")

    def _count(self, now_ms: int) -> None:
        try:
            self._rows.bring_up_to_date(now_ms, self._kept_days, self._let_readers_go_first)
        except StoreUnavailable as error:
            _log.warning("scorecard-not-counted", error=error.kind)
        finally:
            self._read_on.set()

    def _let_readers_go_first(self, decisions: int) -> None:
        if decisions > _FEW_DECISIONS and self._rows.counted_ms():
            self._read_on.set()
            time.sleep(_LATER_SECONDS)


def read_poster(read: Callable[[Period], Scorecard], month: Period, reasons: Mapping[str, str]) -> Poster:
    """The poster of the month, with the twelve months before it."""
    year = Period(month_before(month.first, _POSTER_MONTHS), month.last)
    return make_poster(read(month), read(year), reasons)
