"""The database: one engine a process, opened when first needed, and its tables brought up to date."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
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

_log = structlog.get_logger()

# How long SQLite waits for another writer, and how long a call waits for a free connection.
_BUSY_SECONDS = 0.5
_READS = "only_reads"
# Alembic keeps the running migration in its module, so that two threads would take each other's.
_MIGRATING = threading.Lock()


class Database:
    """A database by its SQLAlchemy address. Raises BadDatabaseUrl where that can be none."""

    def __init__(self, url: str) -> None:
        try:
            self._url = _with_driver(make_url(url))
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
        """A transaction; raises StoreUnavailable, and IntegrityError where a row may not be in its table.

        On a server each of its statements is bounded in time, because a call waits for it.
        """
        with _told_as_unavailable(), self._opened().begin() as connection:
            yield connection

    def check(self) -> None:
        """Raises StoreUnavailable where nothing can be stored now: no database, no tables, no writing."""
        with self.begin() as connection:
            connection.exec_driver_sql("SELECT version_num FROM alembic_version")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, and waits for no writer; raises StoreUnavailable."""
        with _told_as_unavailable(), _reading(self._opened()) as connection:
            yield connection

    @contextmanager
    def begin_unhurried(self) -> Iterator[Connection]:
        """A transaction for what no call waits for, such as housekeeping; raises as `begin` does.

        On a connection of its own, so that it takes none from the calls.
        """
        engine = self._make_engine(poolclass=NullPool, bounded=False)
        with _told_as_unavailable(), engine.begin() as connection:
            yield connection

    @contextmanager
    def read_unhurried(self) -> Iterator[Connection]:
        """A transaction that only reads, for reports, which no call waits for; raises as `read` does.

        All its queries see one state of the tables.
        """
        one_state = {} if self._is_sqlite else {"isolation_level": "REPEATABLE READ"}
        engine = self._make_engine(poolclass=NullPool, bounded=False, **one_state)
        with _told_as_unavailable(), _reading(engine) as connection:
            yield connection

    def migrate(self) -> None:
        """Bring the tables up to date; raises StoreUnavailable.

        On connections of its own that are closed afterwards: none may live on into the forked processes.
        """
        # Calls that find the database gone must not queue here, each for as long as the one before it.
        if not _MIGRATING.acquire(timeout=_BUSY_SECONDS):
            raise StoreUnavailable("Busy")
        try:
            self._migrate()
        except SQLAlchemyError as error:
            raise StoreUnavailable(type(error).__name__) from None
        finally:
            _MIGRATING.release()

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", "cds_service.store:migrations")
        steps = ScriptDirectory.from_config(config)
        # Asked first, because it is bounded in time and changing tables is not.
        with self._make_engine(poolclass=NullPool).begin() as connection:
            if _is_up_to_date(connection, steps):
                return
            if self._is_sqlite:  # this transaction is the only one that writes
                _upgrade(connection, config)
                return
        with self._make_engine(poolclass=NullPool, bounded=False).begin() as connection:
            _take_turn_in_migrating(connection)
            _upgrade(connection, config)

    def _opened(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = self._make_engine(pool_timeout=_BUSY_SECONDS)
            return self._engine

    @property
    def _is_sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    def _make_engine(self, *, bounded: bool = True, **options: Any) -> Engine:
        # Without parameters in the texts of errors: nobody shows them, and this way nobody can.
        options["hide_parameters"] = True
        if not self._is_sqlite:
            return _make_server_engine(self._url, options, bounded=bounded)
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


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    with engine.connect().execution_options(**{_READS: True}) as connection, connection.begin():
        yield connection


@contextmanager
def _told_as_unavailable() -> Iterator[None]:
    """Raise the errors of a database in words that quote nothing; only a broken rule of a table goes on."""
    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as error:
        raise StoreUnavailable(type(error).__name__) from None


def _with_driver(url: URL) -> URL:
    if url.get_backend_name() not in ("postgresql", "postgres"):
        return url
    from cds_service.store.postgresql import with_driver

    return with_driver(url)


def _make_server_engine(url: URL, options: dict[str, Any], *, bounded: bool) -> Engine:
    """An engine for a database that other machines share."""
    if url.get_backend_name() != "postgresql":
        return create_engine(url, **options)
    # Imported here because the driver takes time to load, and a file needs none.
    from cds_service.store.postgresql import POOL_SIZE, bound_in_time, connection_options

    if "poolclass" not in options:
        # Before each use, because a server that was started anew knows nothing of the connections before.
        options |= {"pool_pre_ping": True, "pool_size": POOL_SIZE, "max_overflow": 0}
    engine = create_engine(url, connect_args=connection_options(url), **options)
    bound_in_time(engine, for_a_call=bounded)
    return engine


def _take_turn_in_migrating(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        from cds_service.store.postgresql import take_turn_in_migrating

        take_turn_in_migrating(connection)


def _is_up_to_date(connection: Connection, steps: ScriptDirectory) -> bool:
    """Whether the tables are those of this version, or of a newer one.

    A step only adds, so that this version works on the tables of a newer one:
    while services are replaced one by one, both run on one database.
    """
    present = MigrationContext.configure(connection).get_current_revision()
    if present is None or present == steps.get_current_head():
        return present is not None
    newer = present not in {step.revision for step in steps.walk_revisions()}
    if newer:
        _log.warning("database-is-newer", revision=present)
    return newer


def _upgrade(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


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
