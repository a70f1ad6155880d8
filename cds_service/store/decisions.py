"""The table of decisions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, fields

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Table,
    Update,
    delete,
    insert,
    or_,
    select,
    update,
)

from cds_service.feedback.decision_record import DecisionRecord
from cds_service.store.database import Database
from cds_service.store.tables import decisions, feedback

# Calls about the same order so close together are one episode: it is chosen, changed, and signed.
_EPISODE_MS = 24 * 3600 * 1000


# Some hundredths of a second of work.
_ROWS_AT_ONCE = 2_000
_FIELDS = tuple(field.name for field in fields(DecisionRecord))


class DecisionRows:
    """Decisions, the oldest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def prepare(self) -> None:
        """Make the table where it is not there; raises StoreUnavailable."""
        self._database.migrate()

    def add(self, records: Sequence[DecisionRecord]) -> None:
        """Store all records in one transaction; raises StoreUnavailable."""
        with self._database.begin() as connection:
            met: dict[str, tuple[int, str]] = {}
            rows = [asdict(record) | {"episode": _episode(record, met, connection)} for record in records]
            connection.execute(insert(decisions), rows)

    def find(self, card: str) -> DecisionRecord | None:
        """The decision that this card told; None where none is known. Raises StoreUnavailable."""
        told = or_(decisions.c.card == card, decisions.c.safety_card == card)
        with self._database.read() as connection:
            row = connection.execute(select(decisions).where(told).order_by(decisions.c.id).limit(1)).first()
        return DecisionRecord(**{name: row._mapping[name] for name in _FIELDS}) if row else None

    def forget_cases(self, before_ms: int) -> int:
        """Empty the marks of older cases: nothing ties the order to others then. Raises StoreUnavailable."""
        old = (decisions.c.decided_ms < before_ms) & decisions.c.case_mark.is_not(None)
        return self._in_parts(decisions, old, update(decisions).values(case_mark=None, fact_marks=None))

    def remove(self, before_ms: int) -> int:
        """Drop older decisions, and the feedback that came before then; raises StoreUnavailable."""
        return self._in_parts(
            decisions, decisions.c.decided_ms < before_ms, delete(decisions)
        ) + self._in_parts(feedback, feedback.c.received_ms < before_ms, delete(feedback))

    def _in_parts(self, table: Table, old: ColumnElement[bool], change: Update | Delete) -> int:
        """Change the old rows, so many in a transaction that feedback need not wait long for its turn."""
        changed = 0
        while True:
            part = select(table.c.id).where(old).limit(_ROWS_AT_ONCE)
            with self._database.begin_unhurried() as connection:
                count = connection.execute(change.where(table.c.id.in_(part))).rowcount
            changed += count
            if count < _ROWS_AT_ONCE:
                return changed


def _episode(record: DecisionRecord, met: dict[str, tuple[int, str]], connection: Connection) -> str:
    """The episode of the last call about the same case, or a new one; without a mark each call is its own."""
    if record.case_mark is None:
        return str(uuid.uuid4())
    last = met.get(record.case_mark) or _nearby_call(record.case_mark, record.decided_ms, connection)
    is_near = last is not None and abs(record.decided_ms - last[0]) < _EPISODE_MS
    episode = last[1] if last and is_near else str(uuid.uuid4())
    met[record.case_mark] = record.decided_ms, episode
    return episode


def _nearby_call(case_mark: str, decided_ms: int, connection: Connection) -> tuple[int, str] | None:
    """The last call within an episode's time; after it, too, as clocks differ and are set back."""
    earliest, latest = decided_ms - _EPISODE_MS, decided_ms + _EPISODE_MS
    near = (decisions.c.decided_ms > earliest) & (decisions.c.decided_ms < latest)
    last = select(decisions.c.decided_ms, decisions.c.episode).where(decisions.c.case_mark == case_mark, near)
    row = connection.execute(last.order_by(decisions.c.decided_ms.desc()).limit(1)).first()
    return (row.decided_ms, row.episode) if row else None
