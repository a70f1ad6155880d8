"""The store on both kinds of database: its migrations, and that what goes in comes out."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool
from structlog.testing import capture_logs

from cds_service.feedback.kept import KeptEntry
from cds_service.store import StoreUnavailable
from cds_service.store.database import _MIGRATING, Database
from cds_service.store.feedback import FeedbackRows
from cds_service.store.tables import metadata
from tests.databases import GivenDatabase

ENTRY = KeptEntry(
    service="lumbar-mri-order-sign",
    client="a",
    received_ms=1,
    card="5e0b9c2a-6a53-4f3e-9f0e-0d9a4c1f2b11",
    outcome="overridden",
    suggestions=(),
    reason_code=None,
    reason_system=None,
    reason_display=None,
    comment_characters=None,
    comment=None,
    outcome_ms=1,
    digest="d" * 64,
)


def tables_of(database: GivenDatabase) -> list[str]:
    return inspect(create_engine(database.url, poolclass=NullPool)).get_table_names()


def steps() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", "cds_service.store:migrations")
    return ScriptDirectory.from_config(config)


def undo_every_step(database: GivenDatabase) -> None:
    config = Config()
    config.set_main_option("script_location", "cds_service.store:migrations")
    with create_engine(database.url, poolclass=NullPool).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")


def revision(database: GivenDatabase) -> list[tuple[str]]:
    return database.rows("SELECT version_num FROM alembic_version")


def test_the_migrations_make_the_tables_that_the_queries_know(database: GivenDatabase) -> None:
    Database(database.url).migrate()
    with create_engine(database.url, poolclass=NullPool).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    assert revision(database) == [(steps().get_current_head(),)]


def test_every_step_can_be_undone_and_done_again(database: GivenDatabase) -> None:
    Database(database.url).migrate()
    undo_every_step(database)
    assert tables_of(database) == ["alembic_version"]
    Database(database.url).migrate()
    assert set(metadata.tables) < set(tables_of(database))


def test_a_second_start_changes_nothing(database: GivenDatabase) -> None:
    Database(database.url).migrate()
    FeedbackRows(Database(database.url)).add([ENTRY])
    Database(database.url).migrate()
    assert database.rows("SELECT count(*) FROM feedback") == [(1,)]


def test_processes_that_start_at_once_migrate_once(database: GivenDatabase) -> None:
    program = (
        "import sys; from cds_service.store.database import Database; "
        "d = Database(sys.argv[1]); print('ready', flush=True); sys.stdin.read(); d.migrate(); print('done')"
    )
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", program, database.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in starting:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    with ThreadPoolExecutor(3) as together:
        told = list(together.map(lambda process: process.communicate(timeout=60), starting))
    # A process that found the others at it may have given up its turn, and nothing worse.
    assert all(out == "done\n" or "StoreUnavailable: OperationalError" in err for out, err in told), told
    assert any(out == "done\n" for out, _ in told)
    assert revision(database) == [(steps().get_current_head(),)]


def test_threads_that_start_at_once_migrate_once(database: GivenDatabase) -> None:
    with ThreadPoolExecutor(4) as together:
        list(together.map(lambda _: Database(database.url).migrate(), range(4)))
    assert revision(database) == [(steps().get_current_head(),)]


def test_an_older_service_works_on_the_tables_of_a_newer_one_and_says_so(database: GivenDatabase) -> None:
    store = Database(database.url)
    store.migrate()
    database.change("UPDATE alembic_version SET version_num = '9999'")
    with capture_logs() as lines:
        store.migrate()
    FeedbackRows(store).add([ENTRY])
    assert [(line["event"], line["revision"]) for line in lines] == [("database-is-newer", "9999")]
    assert revision(database) == [("9999",)]


def test_a_step_that_fails_leaves_nothing_of_itself(database: GivenDatabase) -> None:
    database.change("CREATE TABLE feedback (stands INTEGER)")  # in the way of the second step
    with pytest.raises(StoreUnavailable):
        Database(database.url).migrate()
    assert set(tables_of(database)) <= {"feedback", "alembic_version"}


def test_a_batch_with_one_row_that_cannot_be_stored_is_not_stored(database: GivenDatabase) -> None:
    store = Database(database.url)
    store.migrate()
    bad = dataclasses.replace(ENTRY, card=None)  # type: ignore[arg-type]
    with pytest.raises(StoreUnavailable):
        FeedbackRows(store).add([ENTRY, bad, ENTRY])
    assert database.rows("SELECT count(*) FROM feedback") == [(0,)]


LONGEST = dataclasses.replace(
    ENTRY,
    service="s" * 64,
    client="c" * 200,
    suggestions=(ENTRY.card,) * 5_000,
    reason_code="r" * 64,
    reason_system="urn:" + "x" * 200,
    reason_display="é" * 300,
    comment_characters=500_000,
    comment="𝄞ß" * 250_000,
)
FIRST_YEAR = dataclasses.replace(ENTRY, received_ms=-62_135_596_800_000, outcome_ms=-62_135_646_400_000)
LAST_YEAR = dataclasses.replace(ENTRY, received_ms=253_402_300_799_999, outcome_ms=253_402_351_199_999)


@pytest.mark.parametrize(
    "entry",
    [ENTRY, LONGEST, FIRST_YEAR, LAST_YEAR, dataclasses.replace(ENTRY, comment="' \" \\ %s :a ?\n\x7f")],
    ids=["plain", "longest", "year 1", "year 9999", "what a query would take amiss"],
)
def test_what_is_stored_comes_out_as_it_went_in(database: GivenDatabase, entry: KeptEntry) -> None:
    store = Database(database.url)
    store.migrate()
    FeedbackRows(store).add([entry])
    names = [name for name in KeptEntry.__slots__ if name != "suggestions"]
    query = f"SELECT {', '.join(names)} FROM feedback"  # noqa: S608
    assert database.rows(query) == [tuple(getattr(entry, name) for name in names)]


def test_calls_that_find_the_tables_missing_do_not_queue_one_behind_the_other(
    database: GivenDatabase,
) -> None:
    """Each would wait for as long as all those before it, and hold a thread that a card needs."""
    with _MIGRATING, pytest.raises(StoreUnavailable, match="Busy"):
        Database(database.url).migrate()
    Database(database.url).migrate()
