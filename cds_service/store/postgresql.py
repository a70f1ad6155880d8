"""What PostgreSQL needs beside its address: bounds in time, so that no call waits for a stuck database."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, event, text

# libpq and psycopg take less than two for two.
_CONNECT_SECONDS = 2
_STATEMENT_MS = 1_000
_LOCK_MS = 500
# Of housekeeping, of reports and of one step in changing the tables.
_UNHURRIED_MS = 60_000
# The server cannot end a statement when it is stopped itself, or nothing of it arrives any more.
_SILENT_SECONDS_MORE = 0.5
# What sent data may wait for its receipt: a network that swallows everything is noticed here.
_UNRECEIVED_MS = 2_000

# One process never takes more; of 16 threads a stuck database then holds so many, and cards keep the others.
POOL_SIZE = 4
# One number for this program in the whole server, so that one service at a time changes the tables.
_MIGRATION_LOCK = 4_163_017_283

_CONNECTION = {
    "connect_timeout": _CONNECT_SECONDS,
    "application_name": "lumbar-mri-cds",
    "tcp_user_timeout": _UNRECEIVED_MS,
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}

# For one transaction each, so that a pooler in between hands nothing of it on to others.
# A server may be set to acknowledge before its disk has the data: what is said here must be true.
_BEGIN = text(
    "SELECT set_config('lock_timeout', :lock, true), set_config('statement_timeout', :statement, true),"
    " CASE WHEN current_setting('synchronous_commit') = 'off'"
    " THEN set_config('synchronous_commit', 'on', true) END"
)


def with_driver(url: URL) -> URL:
    """The address with the driver that is installed, where it names none."""
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    return url


def connection_options(url: URL) -> dict[str, Any]:
    """What is told to the driver; what the address itself says comes first."""
    return {name: value for name, value in _CONNECTION.items() if name not in url.query}


def bound_in_time(engine: Engine, *, for_a_call: bool) -> None:
    """Let no lock, no statement and no silence of the server last; shortest where a call waits for it."""
    statement_ms = _STATEMENT_MS if for_a_call else _UNHURRIED_MS
    silent_seconds = statement_ms / 1_000 + _SILENT_SECONDS_MORE

    def connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> psycopg.Connection[Any]:
        connection = _BoundedConnection.connect(*arguments, **options)
        connection.silent_seconds = silent_seconds
        return connection

    def begin(connection: Connection) -> None:
        connection.execute(_BEGIN, {"lock": str(_LOCK_MS), "statement": str(statement_ms)})

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "begin", begin)


def take_turn_in_migrating(connection: Connection) -> None:
    """Wait until no other process changes the tables; the lock is given back with the transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MIGRATION_LOCK})


class _BoundedConnection(psycopg.Connection[Any]):
    """A connection on which the server may be silent for a bounded time."""

    silent_seconds = float(_CONNECT_SECONDS)

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **options: Any) -> Any:
        """What the conversation `gen` with the server ends with; raises OperationalError."""
        return super().wait(self._ended_by_silence(gen, *args), *args, **options)

    def _ended_by_silence(
        self, gen: Generator[Any, Any, Any], interval: float = 0.1
    ) -> Generator[Any, Any, Any]:
        silent = 0.0
        try:
            awaited = next(gen)
            while silent < self.silent_seconds:
                ready = yield awaited
                silent = 0.0 if ready else silent + interval
                awaited = gen.send(ready)
        except StopIteration as ended:
            return ended.value
        self.close()  # an answer that comes now would be taken for that of the next statement
        raise psycopg.OperationalError("no answer")
