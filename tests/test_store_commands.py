"""`backup` and `restore`: what is kept survives them whole, and nothing else takes its place."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cds_service.__main__ import main
from cds_service.settings import environment_with
from cds_service.store.database import Database
from cds_service.store.tables import feedback

NAME = "marked-name-of-a-client"
MARKED = "marked-password"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The database of a service that ran, with three rows of feedback."""
    file = tmp_path / "store" / "store.sqlite3"
    file.parent.mkdir()
    Database(f"sqlite:///{file}").migrate()
    with closing(sqlite3.connect(file)) as connection:
        for number in range(3):
            add_row(connection, number)
    return file


@pytest.fixture
def copy(database: Path, tmp_path: Path) -> Path:
    """A backup of it."""
    file = tmp_path / "copy.sqlite3"
    assert run("backup", file, database=database).exit_code == 0
    return file


def add_row(connection: sqlite3.Connection, number: int) -> None:
    """Two equal rows in one transaction, so that half of one would show."""
    row = (number, "lumbar-mri-order-sign", NAME, f"card-{number}", "accepted", "[]", number, "0")
    columns = "received_ms, service, client, card, outcome, suggestions, outcome_ms, digest"
    with connection:
        connection.executemany(
            f"INSERT INTO feedback ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            [row, row],
        )


def stored(file: Path, columns: str = "*") -> list[tuple[Any, ...]]:
    """These columns of every row of feedback, the oldest first."""
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(f"SELECT {columns} FROM feedback ORDER BY id").fetchall()  # noqa: S608


def run(command: str, *arguments: object, database: Path | str) -> Result:
    url = database if isinstance(database, str) else f"sqlite:///{database}"
    return CliRunner().invoke(main, [command, *map(str, arguments)], env={"CDS_DATABASE_URL": url})


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def spoilt(file: Path) -> None:
    """Overwrite the pages behind the first, as a bad disk would."""
    page = 4096
    with file.open("r+b") as handle:
        handle.seek(page)
        handle.write(b"\xa5" * (file.stat().st_size - page))


def test_a_backup_and_its_restore_give_equal_rows(database: Path, copy: Path) -> None:
    before = stored(database)
    change(database, "DELETE FROM feedback")
    restored = run("restore", copy, "--force", database=database)
    assert restored.exit_code == 0
    assert "6 rows of feedback" in restored.output
    assert stored(database) == before


def test_a_restore_on_a_new_machine_needs_no_database(database: Path, copy: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.sqlite3"
    assert run("restore", copy, database=new).exit_code == 0
    assert stored(new) == stored(database)
    Database(f"sqlite:///{new}").migrate()


def test_a_backup_holds_what_the_log_of_writes_alone_holds(database: Path, tmp_path: Path) -> None:
    file = tmp_path / "copy.sqlite3"
    with closing(
        sqlite3.connect(database)
    ) as service:  # its open connection keeps the log from being emptied
        service.execute("PRAGMA wal_autocheckpoint=0")
        service.execute("UPDATE feedback SET outcome = 'overridden'")
        service.commit()
        assert database.with_name("store.sqlite3-wal").stat().st_size > 0
        assert run("backup", file, database=database).exit_code == 0
    assert {outcome for (outcome,) in stored(file, "outcome")} == {"overridden"}
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["copy.sqlite3"]


def test_a_backup_while_a_writer_writes_is_one_moment_whole(database: Path, tmp_path: Path) -> None:
    written, stop = [2], threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(database)) as writer:
            while not stop.is_set():
                add_row(writer, written[-1] + 1)
                written.append(written[-1] + 1)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for attempt in range(5):
            while written[-1] < 10 * (attempt + 1):
                stop.wait(0.001)
            file = tmp_path / f"copy-{attempt}.sqlite3"
            at_least = written[-1]
            assert run("backup", file, database=database).exit_code == 0
            numbers = [number for (number,) in stored(file, "received_ms")]
            assert len(numbers) == 2 * len(set(numbers))
            assert sorted(set(numbers)) == list(range(len(set(numbers))))
            assert len(set(numbers)) > at_least
    finally:
        stop.set()
        thread.join()
    assert len(stored(database)) == 2 * (written[-1] + 1)


def test_only_its_owner_can_read_a_backup_and_a_restored_database(database: Path, copy: Path) -> None:
    database.chmod(0o644)
    assert run("restore", copy, "--force", database=database).exit_code == 0
    assert [stat.S_IMODE(file.stat().st_mode) for file in (copy, database)] == [0o600, 0o600]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_database_that_root_restores_stays_the_services(database: Path, copy: Path, tmp_path: Path) -> None:
    os.chown(database, 10001, 10001)
    os.chown(database.parent, 10002, 10002)
    assert run("restore", copy, "--force", database=database).exit_code == 0
    assert database.stat().st_uid == 10001
    database.unlink()
    assert run("restore", copy, database=database).exit_code == 0
    assert database.stat().st_uid == 10002


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_no_file_is_replaced_without_force(command: str, database: Path, copy: Path) -> None:
    change(database, "CREATE TABLE later (x)", "PRAGMA wal_checkpoint(TRUNCATE)")
    before = copy.read_bytes(), database.read_bytes()
    refused = run(command, copy, database=database)
    assert refused.exit_code == 1
    assert "--force" in refused.output
    assert (copy.read_bytes(), database.read_bytes()) == before
    assert run(command, copy, "--force", database=database).exit_code == 0


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_database_is_never_its_own_copy(command: str, database: Path) -> None:
    before = stored(database)
    refused = run(command, database, "--force", database=database)
    assert (refused.exit_code, "itself" in refused.output) == (1, True)
    assert stored(database) == before


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(spoilt, "", id="pages lost"),
        pytest.param(lambda file: file.write_bytes(file.read_bytes()[:-4096]), "", id="cut short"),
        pytest.param(lambda file: file.write_bytes(b"x" * 8192), "NOTADB", id="no database"),
        pytest.param(lambda file: file.write_bytes(b""), "no database of this service", id="empty"),
        pytest.param(Path.unlink, "not there", id="missing"),
        pytest.param(
            lambda file: change(file, "DROP TABLE alembic_version"), "no database of this service", id="other"
        ),
        pytest.param(
            lambda file: change(file, "UPDATE alembic_version SET version_num = '9999'"),
            "newer version",
            id="newer",
        ),
        pytest.param(lambda file: change(file, "DELETE FROM alembic_version"), "newer", id="no version"),
        *(
            pytest.param(
                lambda file, name=name: change(
                    file,
                    f"UPDATE alembic_version SET version_num = '{name}'",  # noqa: S608
                ),
                "newer",
                id=f"version {name!r}",
            )
            for name in ("", "head", "base", "000")
        ),
        pytest.param(
            lambda file: change(file, "DROP TABLE decisions"), "tables are missing", id="a table lost"
        ),
    ],
)
def test_what_is_no_whole_copy_is_not_restored(
    make: Callable[[Path], object], said: str, database: Path, copy: Path
) -> None:
    before = stored(database)
    make(copy)
    refused = run("restore", copy, "--force", database=database)
    assert refused.exit_code == 1
    assert "Nothing was restored" in refused.output
    assert said in refused.output
    assert NAME not in refused.output
    assert stored(database) == before
    assert [path.name for path in database.parent.iterdir()] == ["store.sqlite3"]


@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal"])
def test_a_backup_takes_no_name_that_belongs_to_the_database(ending: str, database: Path) -> None:
    beside = database.with_name(database.name + ending)
    result = run("backup", beside, "--force", database=database)
    assert result.exit_code == 1
    assert "belongs to the database" in result.output


def test_a_backup_replaces_no_device_and_no_pipe(database: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    result = run("backup", tmp_path / "pipe", "--force", database=database)
    assert result.exit_code == 1
    assert (tmp_path / "pipe").is_fifo()


def test_a_database_behind_a_link_is_restored_where_it_is(database: Path, copy: Path, tmp_path: Path) -> None:
    before = stored(database)
    change(database, "DELETE FROM feedback")
    link = tmp_path / "link.sqlite3"
    link.symlink_to(database)
    assert run("restore", copy, "--force", database=link).exit_code == 0
    assert link.is_symlink()
    assert stored(database) == before


def test_names_of_tables_in_a_file_are_not_printed(database: Path, copy: Path) -> None:
    change(copy, 'CREATE TABLE "marked \x1b[31m" (a)')
    result = run("restore", copy, "--force", database=database)
    assert result.exit_code == 0
    assert "marked" not in result.output


def test_a_broken_database_gives_no_backup_and_leaves_the_last_good_one(database: Path, copy: Path) -> None:
    good = copy.read_bytes()
    change(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    spoilt(database)
    refused = run("backup", copy, "--force", database=database)
    assert (refused.exit_code, "No backup was made" in refused.output) == (1, True)
    assert copy.read_bytes() == good


def test_a_broken_database_can_be_restored(database: Path, copy: Path) -> None:
    before = stored(copy)
    database.write_bytes(b"x" * 8192)
    database.with_name("store.sqlite3-wal").write_bytes(b"old")
    assert run("restore", copy, "--force", database=database).exit_code == 0
    assert stored(database) == before


def test_a_database_that_a_service_holds_is_not_replaced(database: Path, copy: Path) -> None:
    service = Database(f"sqlite:///{database}")
    with (
        service.begin() as connection
    ):  # its pool keeps the connection, as that of a process that serves does
        connection.execute(feedback.delete().where(feedback.c.received_ms == 2))
    before = stored(database)
    refused = run("restore", copy, "--force", database=database)
    assert (refused.exit_code, "stop the service first" in refused.output) == (1, True)
    assert stored(database) == before


def test_a_log_of_writes_that_was_left_behind_does_not_get_into_the_restored(
    database: Path, copy: Path
) -> None:
    leave_a_log = (
        "import os, sqlite3, sys\n"
        "service = sqlite3.connect(sys.argv[1])\n"
        "service.execute('UPDATE feedback SET digest = 1')\n"
        "service.commit()\n"
        "os._exit(0)\n"  # as a kill: the log stays
    )
    subprocess.run([sys.executable, "-c", leave_a_log, database], check=True)
    assert database.with_name("store.sqlite3-wal").exists()
    assert run("restore", copy, "--force", database=database).exit_code == 0
    assert {digest for (digest,) in stored(database, "digest")} == {"0"}


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_full_disk_leaves_the_old_file_whole(command: str, database: Path, copy: Path) -> None:
    """A bound on the size of a file stands in for the disk: each write beyond it fails."""
    change(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    target = copy if command == "backup" else database
    before = target.read_bytes()
    full = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))\n"
        "from cds_service.store_commands import backup, restore\n"
        "{'backup': backup, 'restore': restore}[sys.argv[1]](sys.argv[2:])\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", full, command, copy, "--force"],
        env=environment_with(database_url=f"sqlite:///{database}"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(("Error: No backup was made", "Error: Nothing was restored"))
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir() if path.is_file()] == [target.name]


@pytest.mark.parametrize(
    ("command", "program"), [("backup", "pg_dump"), ("restore", "pg_restore")], ids=["backup", "restore"]
)
def test_a_server_is_copied_by_its_own_program(command: str, program: str, tmp_path: Path) -> None:
    url = f"postgresql+psycopg://cds:{MARKED}@127.0.0.1:1/cds"
    refused = run(command, tmp_path / "copy", database=url)
    assert refused.exit_code == 1
    assert program in refused.output
    assert MARKED not in refused.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?uri=true", "no address"]
)
def test_what_names_no_file_is_said(url: str, tmp_path: Path) -> None:
    refused = run("backup", tmp_path / "copy", database=url)
    assert (refused.exit_code, "CDS_DATABASE_URL names no" in refused.output) in {(1, True)} or (
        "is no address" in refused.output
    )


def test_no_database_is_made_to_be_copied(tmp_path: Path) -> None:
    refused = run("backup", tmp_path / "copy", database=tmp_path / "missing")
    assert (refused.exit_code, list(tmp_path.iterdir())) == (1, [])
