"""What clinicians answered to earlier cards about the same order, from the database, or nothing.

Whoever cannot be asked in time remembers nothing: the card is then shown once more than it had to be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol

import msgspec

from cds_service.answer import Advice
from cds_service.feedback.decision_record import CaseMarks
from cds_service.feedback.kept import milliseconds_of
from cds_service.feedback.pseudonyms import Pseudonyms
from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import MriOrder
from cds_service.guideline.lumbar_mri.changed_order import OWN_REASONS
from cds_service.guideline.lumbar_mri.repeat import asked_of, facts_of
from cds_service.guideline.lumbar_mri.wording import override_reasons
from cds_service.guideline.overrides import NO_MEMORY, Memory, PastOverride
from cds_service.guideline.words import Words
from cds_service.protocol.request import HookRequest

# A question that takes a millisecond. A call waits so long for it, and then answers in full.
_PATIENCE_SECONDS = 0.5
_RETRY_SECONDS = 5
_THREADS = 4


@dataclass(frozen=True, slots=True)
class StoredOverride:
    """An override as it stands in the database, with the decision that it set aside; times in milliseconds.

    `card_words` names the file and section of the card's words; `accepted`: the card was accepted, too.
    """

    decided_ms: int
    outcome_ms: int
    received_ms: int
    reason_code: str
    reason_system: str | None
    accepted: bool
    card_words: str
    endorsed: bool
    outcome: str
    recommendations: str
    trace: str
    fact_marks: str | None = field(repr=False)


class OverrideTable(Protocol):
    """The overrides in the database."""

    def of_case(self, case_mark: str, since_ms: int) -> Sequence[StoredOverride]:
        """Those of one patient's order since then; raises StoreUnavailable."""


class OverrideMemory:
    """Remembers the overrides of every process of the service.

    Threads start with the first question, so that a process may be forked before.
    """

    def __init__(
        self,
        table: OverrideTable,
        pseudonyms: Pseudonyms,
        guideline: Guideline,
        *,
        stopwatch: Callable[[], float],
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self.pseudonyms = pseudonyms
        self._table = table
        self._zone = guideline.zone
        self._days = guideline.thresholds.repeat_override_days
        self._own_codes = _own_codes(guideline.words)
        self._stopwatch = stopwatch
        self._patience_seconds = patience_seconds
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="memory")
        self._retry_at: float | None = None

    def close(self) -> None:
        """End the threads; whoever still waits for an answer gets none."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def of_call(
        self, client: str, tenant: str | None, now: datetime, tell: Callable[[], None] = lambda: None
    ) -> CallMemory:
        """The memory for one call of a client; `tell` is called where it is not to be had."""
        return CallMemory(self, (client, tenant or ""), now, tell)

    def of_case(self, case: str, now: datetime) -> tuple[PastOverride, ...] | None:
        """The overrides of one patient's order, the latest last; None: the database could not say."""
        if self._retry_at is not None and self._stopwatch() < self._retry_at:
            return None
        # A day more than the window, which ends with a calendar day.
        since_ms = milliseconds_of(now - timedelta(days=self._days + 1))
        future = None
        try:
            future = self._executor.submit(self._table.of_case, case, since_ms)
            rows = future.result(self._patience_seconds)
        except Exception:  # no fault here is worth a card
            if future is not None:
                future.cancel()
            # A database that answers nobody must not take the time of every call.
            self._retry_at = self._stopwatch() + _RETRY_SECONDS
            return None
        try:
            found = [self._read(row) for row in rows if self._is_own(row)]
        except (msgspec.MsgspecError, TypeError):
            return None
        return tuple(sorted(found, key=lambda past: past.day))

    def _is_own(self, row: StoredOverride) -> bool:
        """Whether the reason is one that the card itself offered; the sandbox leaves out the system."""
        if row.endorsed or row.reason_system not in (None, OWN_REASONS):
            return False
        return row.reason_code in self._own_codes.get(row.card_words.partition(".")[0], ())

    def _read(self, row: StoredOverride) -> PastOverride:
        trace = msgspec.json.decode(row.trace, type=_Trace)
        return PastOverride(
            day=_moment(row, self._zone).date(),
            reason=row.reason_code,
            accepted=row.accepted,
            outcome=row.outcome,
            recommendations=msgspec.json.decode(row.recommendations, type=tuple[str, ...]),
            tiers=frozenset((one.pathway, one.outcome, one.tier) for one in trace.findings),
            asked=asked_of(trace.first_lines, trace.plan),
            unread=frozenset(trace.unread),
            facts=frozenset(msgspec.json.decode(row.fact_marks or "", type=tuple[str, ...])),
        )


class CallMemory:
    """What is remembered of the orders of one call, each asked for once."""

    def __init__(
        self, memory: OverrideMemory, caller: tuple[str, ...], now: datetime, tell: Callable[[], None]
    ) -> None:
        self._memory = memory
        self._caller = caller
        self._now = now
        self._tell = tell
        self._cases: dict[str, str] = {}  # by the reference of the order
        self._found: dict[str, Memory] = {}  # by case

    def recall(self, request: HookRequest, order: MriOrder) -> Memory:
        """The overrides of this patient's order; nothing where the database cannot say."""
        server = (request.fhir.server or "").strip().rstrip("/")
        study = f"{order.covers} CT" if order.is_ct else f"{order.covers} MRI"
        case = self._memory.pseudonyms.case((*self._caller, server), request.patient_id, study)
        self._cases[order.reference] = case
        if case not in self._found:
            self._found[case] = self._ask(case)
        return self._found[case]

    def case_marks(self, advice: Iterable[Advice]) -> Mapping[str, CaseMarks]:
        """The marks of each order that was decided, and of the facts that its decision rests on."""
        return {
            one.decision.order.reference: CaseMarks(case, self._marks(case, one))
            for one in advice
            if one.decision.order.resource and (case := self._cases.get(one.decision.order.reference))
        }

    def _ask(self, case: str) -> Memory:
        overrides = self._memory.of_case(case, self._now)
        if overrides is None:
            self._tell()
            return NO_MEMORY
        return Memory(overrides, lambda parts: self._memory.pseudonyms.fact(case, *parts))

    def _marks(self, case: str, advice: Advice) -> tuple[str, ...]:
        return tuple(
            sorted(self._memory.pseudonyms.fact(case, *parts) for parts in facts_of(advice.decision))
        )


class _Finding(msgspec.Struct):
    pathway: str
    outcome: str
    tier: str


class _Trace(msgspec.Struct):
    """What the rule compares of a stored trace."""

    findings: tuple[_Finding, ...]
    unread: tuple[str, ...]
    first_lines: tuple[str, ...]
    plan: dict[str, str | None]


def _own_codes(words: Words) -> dict[str, frozenset[str]]:
    return {file: frozenset(code for code, _ in override_reasons(words, file)) for file in words.sections}


def _moment(row: StoredOverride, zone: tzinfo) -> datetime:
    """When the card was overridden: as the client says, but not before it was sent or after that was said."""
    said = max(row.decided_ms, min(row.outcome_ms, row.received_ms))
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=said)).astimezone(zone)
