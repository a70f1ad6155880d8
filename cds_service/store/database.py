"""The database: one engine a process, opened when first needed, and its tables brought up to date."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DisconnectionError,
    IntegrityError,
    NoSuchModuleError,
    SQLAlchemyError,
)
from sqlalchemy.pool import NullPool

from cds_service.store import BadDatabaseUrl, StoreUnavailable

# How long SQLite waits for another writer, and how long a call waits for a free connection.
_BUSY_SECONDS = 0.5
_READS = "only_reads"
# Alembic keeps the running migration in its module, so that two threads would take each other's.
_MIGRATING = threading.Lock()


class Database:
    """A database by its SQLAlchemy address. Raises BadDatabaseUrl where that can be none."""

    def __init__(self, url: str) -> None:
        try:
            self._url = make_url(url)
            self._make_engine(poolclass=NullPool)  # opens nothing, but reads every part of the address
        # A port or an option that is no number raises a ValueError that quotes it.
        except (ArgumentError, NoSuchModuleError, ImportError, ValueError):
            raise BadDatabaseUrl(
                "CDS_DATABASE_URL names no database that this service has a driver for"
            ) from None
        if _is_in_memory(self._url):
            raise BadDatabaseUrl("CDS_DATABASE_URL names a database in memory, which no other process sees")
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction; raises StoreUnavailable, and IntegrityError where a row may not be in its table."""
        try:
            with self._opened().begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            raise StoreUnavailable(type(error).__name__) from None

    @contextmanager
    def read(self, *, seconds: int | None = None) -> Iterator[Connection]:
        """A transaction that only reads, and waits for no writer; raises StoreUnavailable.

        With `seconds` all its queries see one state of the tables, as in SQLite they always do,
        and each may take so long, where the database ends those that take longer.
        """
        options: dict[str, Any] = {_READS: True}
        several = seconds is not None and self._url.get_backend_name() == "postgresql"
        if several:
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        try:
            with self._opened().connect().execution_options(**options) as connection, connection.begin():
                if several:
                    connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{seconds}s'")
                yield connection
        except SQLAlchemyError as error:
            raise StoreUnavailable(type(error).__name__) from None

    def migrate(self) -> None:
        """Bring the tables up to date; raises StoreUnavailable.

        On a connection of its own that is closed afterwards: none may live on into the forked processes.
        """
        config = Config()
        config.set_main_option("script_location", "cds_service.store:migrations")
        engine = self._make_engine(poolclass=NullPool)
        try:
            with _MIGRATING, engine.begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except SQLAlchemyError as error:
            raise StoreUnavailable(type(error).__name__) from None

    def _opened(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = self._make_engine(pool_timeout=_BUSY_SECONDS)
            return self._engine

    def _make_engine(self, **options: Any) -> Engine:
        # Without parameters in the texts of errors: nobody shows them, and this way nobody can.
        options["hide_parameters"] = True
        if self._url.get_backend_name() != "sqlite":
            return create_engine(self._url, **options)
        engine = create_engine(self._url, connect_args={"timeout": _BUSY_SECONDS}, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediately)
        event.listen(engine, "checkout", self._refuse_a_removed_file)
        return engine

    def _refuse_a_removed_file(self, _: Any, record: Any, __: Any) -> None:
        """Make the pool connect anew where the file was removed or replaced.

        The open connection would go on to write into the removed file, and nobody would ever read it.
        """
        present = _file_id(self._url.database)
        if record.info.setdefault("file", present) != present:
            raise DisconnectionError


def _file_id(path: str | None) -> tuple[int, int] | None:
    """What tells two files of one name apart; None where there is none."""
    try:
        found = Path(path or "").stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_in_memory(url: URL) -> bool:
    """Whether each process would have a database of its own, and a token be good once in each."""
    if url.get_backend_name() != "sqlite":
        return False
    return not url.database or ":memory:" in url.database or url.query.get("mode") == "memory"


def _prepare_sqlite(connection: Any, _: Any) -> None:
    """Readers and one writer side by side, and nothing lost that was committed, even when the power fails."""
    # Python's driver would begin transactions when it sees fit, and run `CREATE TABLE` outside of them.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _begin_immediately(connection: Connection) -> None:
    """Take the one writer's place at once: later in a transaction SQLite would refuse without waiting.

    So a migration is whole or not there, and of two processes the second finds it done.
    """
    reads = connection.get_execution_options().get(_READS)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
