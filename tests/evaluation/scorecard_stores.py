"""A database with generated rows, and what counts them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, insert

from cds_service.store.database import Database
from cds_service.store.scorecard_rows import ScorecardRows
from cds_service.store.tables import decisions, feedback
from tests.evaluation.generated_year import Row, Year
from tests.evaluation.recomputed import OWN

ZONE = ZoneInfo("Asia/Singapore")
_AT_ONCE = 5_000


def sqlite_at(folder: Path) -> Database:
    """A database file with its tables."""
    return opened_at(f"sqlite:///{folder / 'store.sqlite3'}")


def opened_at(url: str) -> Database:
    """A database with its tables."""
    database = Database(url)
    database.migrate()
    return database


def rows_of(database: Database) -> ScorecardRows:
    """The counted days of a database, with the reasons that the generated year knows as our own."""
    return ScorecardRows(database, ZONE, frozenset(OWN))


def store(database: Database, year: Year) -> None:
    """Put the rows into their tables."""
    with database.begin() as connection:
        insert_rows(connection, decisions, year.decisions)
        insert_rows(connection, feedback, year.feedback)


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, some thousands at a time."""
    for start in range(0, len(rows), _AT_ONCE):
        connection.execute(insert(table), list(rows[start : start + _AT_ONCE]))
