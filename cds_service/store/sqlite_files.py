"""Copies of an SQLite database, made while it is used, and put in its place when it is not.

Every copy is checked before it takes a name that somebody relies on, and takes it in one step:
whatever fails on the way, a full disk or a lost machine, leaves the file that was there as it was.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from cds_service.store.tables import metadata

# How long a copy waits for the one writer; a service holds that place for a moment only.
_BUSY_SECONDS = 5.0
_COMPANIONS = ("-wal", "-shm", "-journal")


class NotCopied(Exception):
    """Nothing was changed; the text says why, and quotes nothing of the database and no password."""


@dataclass(frozen=True, slots=True)
class CopiedDatabase:
    """What a copy holds: the last migration that it has seen, and the rows of each table."""

    migration: str
    rows: dict[str, int]


def database_file(url: str) -> Path | None:
    """The file of a database by its SQLAlchemy address; None where a server keeps it. Raises NotCopied."""
    try:
        address = make_url(url)
    except ArgumentError:
        raise NotCopied("CDS_DATABASE_URL is no address of a database") from None
    if address.get_backend_name() != "sqlite":
        return None
    name = address.database or ""
    if not name or ":memory:" in name or name.startswith("file:"):
        raise NotCopied("CDS_DATABASE_URL names no plain file")
    return Path(name)


def back_up(database: Path, copy: Path) -> CopiedDatabase:
    """Copy what is committed at this moment, and replace `copy` by it in one step. Raises NotCopied.

    The service may run on: readers and its writer wait for nothing.
    """
    if not database.is_file():
        raise NotCopied(f"{database} is not there")
    if copy.exists() and copy.samefile(database):
        raise NotCopied("the copy would be the database itself")
    if copy.resolve() in _companions(database.resolve()):
        raise NotCopied(f"{copy} belongs to the database")
    if copy.exists() and not copy.is_file():  # root would replace a device by it
        raise NotCopied(f"{copy} is no plain file")
    with _checked_copy(database, copy) as (temporary, held):
        _take_name(temporary, copy)
    return held


def put_back(copy: Path, database: Path) -> CopiedDatabase:
    """Replace the database by a copy of `copy`, in one step. Raises NotCopied.

    Refused where `copy` is broken, no database of this service or of a newer one, and while a process
    holds the database open. A database that is too broken to be asked who holds it is replaced.
    """
    if not copy.is_file():
        raise NotCopied(f"{copy} is not there")
    if database.exists() and copy.samefile(database):
        raise NotCopied("the copy is the database itself")
    database = database.resolve()  # the service follows a link to it, and so does its volume
    with _checked_copy(copy, database) as (temporary, held):
        _take_owner(temporary, database)
        with _alone(database):
            _take_name(temporary, database)
    return held


@contextmanager
def _checked_copy(source: Path, beside: Path) -> Iterator[tuple[Path, CopiedDatabase]]:
    """A checked copy in the folder of `beside`, for this user alone; gone at the end if nobody took it."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{beside.name}.", dir=beside.parent)  # mode 0600
        os.close(handle)
    except OSError as error:
        raise NotCopied(f"{beside.parent}: {error.strerror}") from None
    temporary = Path(name)
    try:
        _copy(source, temporary)
        yield temporary, _look_into(temporary)
    except sqlite3.Error as error:
        raise NotCopied(f"{source}: {_words(error)}") from None
    except OSError as error:
        raise NotCopied(f"{beside}: {error.strerror}") from None
    finally:
        for left in (temporary, *_companions(temporary)):
            left.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    """SQLite's own copy of an open database: one moment's state, however busy its writers are."""
    with closing(_open(source)) as original, closing(sqlite3.connect(target)) as copied:
        original.backup(copied)
        # One file and nothing beside it: a copy that needs its -wal would be taken without it.
        copied.execute("PRAGMA journal_mode=DELETE")


def _open(file: Path) -> sqlite3.Connection:
    """A database that is only read, and that is not made where it is missing."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS)


def _look_into(copy: Path) -> CopiedDatabase:
    """What it holds; raises NotCopied where it is broken, not ours, or of a newer version of the service."""
    with closing(_open(copy)) as connection:
        if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise NotCopied("the database is broken: it does not pass its integrity check")
        tables = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
            )
        ]
        if "alembic_version" not in tables:
            raise NotCopied("this is no database of this service")
        migration = _known_migration(
            connection.execute("SELECT version_num FROM alembic_version").fetchall(), tables
        )
        # Tables of the site's own are copied, too, but nothing typed elsewhere is printed.
        count = 'SELECT count(*) FROM "{}"'  # a name cannot be a parameter
        rows = {
            name: connection.execute(count.format(name)).fetchone()[0]
            for name in tables
            if name in metadata.tables
        }
    return CopiedDatabase(migration, rows)


def _known_migration(found: list[tuple[object]], tables: Collection[str]) -> str:
    """The one migration that is named; raises NotCopied where it is unknown, or its tables are not there."""
    config = Config()
    config.set_main_option("script_location", "cds_service.store:migrations")
    steps = ScriptDirectory.from_config(config)
    # Asked for by name alone: Alembic would take "head" and the beginning of a name, too.
    known = {step.revision for step in steps.walk_revisions()}
    match found:
        case [(str(migration),)] if migration in known:
            pass
        case _:
            raise NotCopied("its tables are those of a newer version of the service, or of another program")
    if migration == steps.get_current_head() and not metadata.tables.keys() <= set(tables):
        raise NotCopied("some of its tables are missing")
    return migration


@contextmanager
def _alone(database: Path) -> Iterator[None]:
    """The database for this process alone, all that was committed in its one file. Raises NotCopied.

    SQLite leaves its write-ahead log only where nobody else has the file open, and empties it first.
    A log that stayed behind would be taken for one of the new file, and break it.
    """
    if database.exists():
        with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as connection:
            try:
                connection.execute("PRAGMA journal_mode=DELETE")
                connection.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                    raise NotCopied(f"{database} is in use: stop the service first") from None
                raise
            except sqlite3.DatabaseError:  # broken: there is nothing in it to wait for
                pass
            else:
                yield
                return
    for left in _companions(database):
        left.unlink(missing_ok=True)
    yield


def _take_owner(copy: Path, database: Path) -> None:
    """Give the copy to whom the database belongs, where root restores it: the service must read it."""
    if os.geteuid() == 0:
        owner = (database if database.exists() else database.parent).stat()
        os.chown(copy, owner.st_uid, owner.st_gid)


def _take_name(copy: Path, name: Path) -> None:
    """Give a finished copy its name; after this it is there even when the power fails."""
    _sync(copy)
    copy.replace(name)
    _sync(name.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _companions(database: Path) -> list[Path]:
    return [database.with_name(database.name + ending) for ending in _COMPANIONS]


def _words(error: sqlite3.Error) -> str:
    """SQLite's name of an error: its text may quote what stands in the file."""
    return getattr(error, "sqlite_errorname", type(error).__name__)
