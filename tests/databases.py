"""A database of each kind that the service can run on: a file of SQLite, and a real PostgreSQL."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from tests.postgresql_server import NoServer, PostgresServer

KINDS = ("sqlite", "postgresql")
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class GivenDatabase:
    """An empty database; `url` is what the service gets."""

    kind: str
    url: str

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query finds, past the service's own code."""
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def change(self, statement: str) -> None:
        """Change something, past the service's own code."""
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text(statement))

    def everything(self) -> bytes:
        """Every byte of a file's folder, its log of writes too, or every row of a server's tables."""
        if self.kind == "sqlite":
            return everything_in(Path(str(make_url(self.url).database)).parent)
        tables = self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return str([self.rows(f"SELECT * FROM {name}") for (name,) in tables]).encode()  # noqa: S608


@pytest.fixture(scope="session")
def shared_postgres() -> Iterator[str]:
    """The address of a server's first database: of one server for all tests of this process.

    `CDS_TEST_POSTGRES_URL` names another server, whose user may make databases.
    """
    named = os.environ.get("CDS_TEST_POSTGRES_URL")
    if named:
        yield named
        return
    server = started_server()
    try:
        yield server.url()
    finally:
        server.remove()


@pytest.fixture
def postgres_server() -> Iterator[PostgresServer]:
    """A server of the test's own, which it may stop, freeze and kill."""
    server = started_server()
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture
def postgres_database(request: pytest.FixtureRequest) -> Iterator[GivenDatabase]:
    """An empty database of the shared server."""
    first = make_url(request.getfixturevalue("shared_postgres"))
    name = f"lumbar_test_{os.getpid()}_{next(_numbers)}"
    engine = create_engine(first, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with closing(engine.connect()) as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        try:
            url = first.set(database=name).render_as_string(hide_password=False)
            yield GivenDatabase("postgresql", url)
        finally:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> GivenDatabase:
    """An empty database: the test runs once on each kind."""
    if request.param == "sqlite":
        return GivenDatabase("sqlite", f"sqlite:///{tmp_path}/store.sqlite3")
    given: GivenDatabase = request.getfixturevalue("postgres_database")
    return given


def everything_in(folder: Path) -> bytes:
    """Every byte of every file, the database's log of writes too."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def started_server(*, fsync: bool = False) -> PostgresServer:
    """A server; where none can run the test is skipped, but never where a skip would go unseen."""
    try:
        return PostgresServer(fsync=fsync)
    except NoServer as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
