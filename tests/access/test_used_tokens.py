"""Each token once: in memory and database, in every process, and when the database fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from structlog.testing import capture_logs

from cds_service.access.used_tokens import SharedUsedTokens
from cds_service.store import BadDatabaseUrl, StoreUnavailable
from cds_service.store.database import Database
from cds_service.store.used_tokens import UsedTokenTable
from tests.databases import GivenDatabase

Make = Callable[[Path], SharedUsedTokens]

NOW = 1_000_000.0
UNTIL = NOW + 360


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tokens.sqlite3"


@pytest.fixture
def in_file(file: Path) -> GivenDatabase:
    return GivenDatabase("sqlite", f"sqlite:///{file}")


def worker(database: GivenDatabase | Path) -> SharedUsedTokens:
    """What one process has: its own memory, and the database of all."""
    url = f"sqlite:///{database}" if isinstance(database, Path) else database.url
    return SharedUsedTokens(UsedTokenTable(Database(url)))


def prepared(database: GivenDatabase | Path) -> SharedUsedTokens:
    made = worker(database)
    made.prepare()
    return made


@pytest.fixture
def used(database: GivenDatabase) -> SharedUsedTokens:
    return prepared(database)


@pytest.fixture
def used_in_file(file: Path) -> SharedUsedTokens:
    return prepared(file)


@pytest.fixture
def locked(file: Path, used_in_file: SharedUsedTokens) -> Iterator[sqlite3.Connection]:
    """Somebody writes to the database and does not end."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield other


def first(
    used: SharedUsedTokens, number: str = "1", *, issuer: str = "a", now: float = NOW, until: float = UNTIL
) -> bool:
    return used.is_first_use(issuer, number, until=until, now=now)


def rows(database: GivenDatabase) -> list[tuple[Any, ...]]:
    return database.rows("SELECT mark, until FROM used_tokens")


@pytest.mark.rule("JWT-8")
def test_a_token_is_good_once(used: SharedUsedTokens) -> None:
    assert [first(used), first(used), first(used)] == [True, False, False]


@pytest.mark.rule("JWT-8")
def test_a_token_is_good_once_in_all_processes(database: GivenDatabase, used: SharedUsedTokens) -> None:
    assert [first(used), first(worker(database)), first(worker(database), "2"), first(used, "2")] == [
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [(("a", "1"), ("b", "1")), (("a", "b1"), ("ab", "1")), (('a","', "1"), ("a", '","1'))],
)
def test_issuer_and_id_together_make_the_token(
    used: SharedUsedTokens, one: tuple[str, str], other: tuple[str, str]
) -> None:
    assert [first(used, token_id, issuer=issuer) for issuer, token_id in (one, other)] == [True, True]


def test_the_database_holds_nothing_that_can_be_read(database: GivenDatabase, used: SharedUsedTokens) -> None:
    first(used, "an-id", issuer="an-issuer")
    assert b"an-i" not in database.everything()
    ((mark, until),) = rows(database)
    assert (len(mark), until >= UNTIL) == (64, True)


def test_of_many_threads_with_one_token_one_wins(database: GivenDatabase, used: SharedUsedTokens) -> None:
    workers = [used, worker(database), worker(database)]
    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(lambda number: first(workers[number % 3]), range(24))) == 1


def test_what_has_expired_is_removed_now_and_then(database: GivenDatabase, used: SharedUsedTokens) -> None:
    for number in range(5):
        first(used, str(number))
    first(used, "later", now=NOW + 599, until=NOW + 959)
    assert len(rows(database)) == 6
    first(used, "last", now=NOW + 600, until=NOW + 960)
    assert len(rows(database)) == 2


def test_a_token_is_remembered_to_its_last_second(database: GivenDatabase, used: SharedUsedTokens) -> None:
    first(used)
    first(used, "2", now=UNTIL, until=UNTIL + 360)
    worker(database).is_first_use("a", "3", until=UNTIL + 360, now=UNTIL)
    assert not first(worker(database), now=UNTIL)


def test_a_second_start_keeps_what_was_used(database: GivenDatabase, used: SharedUsedTokens) -> None:
    first(used)
    again = worker(database)
    again.prepare()
    assert not first(again)


def test_the_file_is_written_so_that_a_crash_loses_nothing(
    file: Path, used_in_file: SharedUsedTokens
) -> None:
    database = Database(f"sqlite:///{file}")
    with database.begin() as connection:
        told = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        ]
    assert told == ["wal", 2]


def _absent(file: Path) -> SharedUsedTokens:
    return worker(file.parent / "no-folder" / "tokens.sqlite3")


def _without_table(file: Path) -> SharedUsedTokens:
    return worker(file.parent / "new.sqlite3")


def _no_database(file: Path) -> SharedUsedTokens:
    path = file.parent / "text.sqlite3"
    path.write_text("this is no database " * 100)
    return worker(path)


FAILING = {"absent": _absent, "without its table": _without_table, "no database": _no_database}


@pytest.mark.parametrize("make", FAILING.values(), ids=FAILING)
def test_where_the_database_fails_this_process_still_takes_a_token_once(file: Path, make: Make) -> None:
    used = make(file)
    with capture_logs() as lines:
        assert [first(used), first(used)] == [True, False]
    assert [(line["event"], line["log_level"]) for line in lines] == [("replay-check-degraded", "warning")]


@pytest.mark.parametrize("make", [_absent, _no_database], ids=["absent", "no database"])
def test_where_the_database_fails_the_service_starts_and_says_so(file: Path, make: Make) -> None:
    with capture_logs() as lines:
        make(file).prepare()
    assert [line["event"] for line in lines] == ["replay-check-degraded"]


def test_a_full_database_is_survived(in_file: GivenDatabase, used_in_file: SharedUsedTokens) -> None:
    def no_more_pages(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA max_page_count=1")  # SQLite takes the number of those that are there

    event.listen(Engine, "connect", no_more_pages)
    try:
        with capture_logs() as lines:
            assert all(first(used_in_file, str(number)) for number in range(500))
    finally:
        event.remove(Engine, "connect", no_more_pages)
    assert [line["event"] for line in lines] == ["replay-check-degraded"]
    assert 0 < len(rows(in_file)) < 500


def test_a_locked_database_is_tried_by_one_call_and_not_by_the_next(
    used_in_file: SharedUsedTokens, locked: sqlite3.Connection
) -> None:
    with capture_logs() as lines:
        assert [first(used_in_file, str(number)) for number in range(50)] == [True] * 50
        assert not first(used_in_file, "0")
    assert len(lines) == 1


def test_a_database_that_comes_back_is_used_again_after_five_seconds(
    in_file: GivenDatabase, used_in_file: SharedUsedTokens, locked: sqlite3.Connection
) -> None:
    first(used_in_file, "while locked")
    locked.execute("ROLLBACK")
    first(used_in_file, "too early", now=NOW + 4.9)
    first(used_in_file, "again", now=NOW + 5)
    assert len(rows(in_file)) == 1


@pytest.mark.parametrize(("later", "told"), [(59.0, 1), (60.0, 2)], ids=["below a minute", "a minute"])
def test_that_the_database_fails_is_said_once_a_minute(file: Path, later: float, told: int) -> None:
    used = _absent(file)
    with capture_logs() as lines:
        first(used, "1")
        first(used, "2", now=NOW + later)
    assert len(lines) == told


def test_a_token_used_before_the_database_failed_stays_used(
    file: Path, used_in_file: SharedUsedTokens
) -> None:
    first(used_in_file)
    file.unlink()
    assert not first(used_in_file)


class Broken:
    """A table whose database cannot clean up, or do anything."""

    def __init__(self, *, adds: bool | None) -> None:
        self._adds = adds

    def prepare(self) -> None:
        """Nothing to do."""

    def add(self, mark: str, until: int) -> bool:
        if self._adds is None:
            raise StoreUnavailable("OperationalError")
        return self._adds

    def remove_expired(self, now: int) -> None:
        raise StoreUnavailable("OperationalError")


class Asked(Broken):
    """A table that does not answer, and meanwhile the next call comes."""

    def __init__(self) -> None:
        super().__init__(adds=None)
        self.times = 0
        self.meanwhile: Callable[[], object] = lambda: None

    def add(self, mark: str, until: int) -> bool:
        self.times += 1
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return super().add(mark, until)


def test_one_call_alone_finds_out_whether_the_database_is_back() -> None:
    table = Asked()
    used = SharedUsedTokens(table)
    first(used, "1")
    told: list[bool] = []
    table.meanwhile = lambda: told.append(first(used, "2", now=NOW + 5))
    first(used, "3", now=NOW + 5)
    assert (told, table.times) == ([True], 2)


def test_a_used_token_is_refused_though_the_database_cannot_clean_up() -> None:
    assert not first(SharedUsedTokens(Broken(adds=False)))


def test_a_new_token_is_taken_though_the_database_cannot_clean_up() -> None:
    assert first(SharedUsedTokens(Broken(adds=True)))


def test_the_memory_of_one_process_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cds_service.access.used_tokens._MOST_REMEMBERED", 10)
    used = SharedUsedTokens(Broken(adds=None))
    for number in range(100):
        first(used, str(number))
    assert len(used._remembered) == 10
    assert not first(used, "99")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tokens.sqlite3",
        "nosuch://x",
        "postgresql+nosuch://u:secret@h/d",
        "://",
        # What is no number is quoted by the error that a port raises.
        "postgresql://u:p@h:secret/d",
        "sqlite:///tokens.sqlite3?timeout=secret",
    ],
)
def test_an_address_of_no_database_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadDatabaseUrl) as told:
        Database(url)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:tokens?mode=memory&uri=true",
    ],
)
def test_a_database_that_no_other_process_sees_is_refused(url: str) -> None:
    with pytest.raises(BadDatabaseUrl, match="in memory"):
        Database(url)
