"""A database that is locked for ten seconds, or whose disk is full, under a service of two processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from cds_service.local_service import loopback_session, running_service
from cds_service.settings import environment_with
from tests.databases import GivenDatabase
from tests.feedback.reports import new_card, overridden, stored
from tests.web.hook_calls import SELECT, knee_request

LOCKED_SECONDS = 10.0
# Half a second is what a call waits; the rest is for a busy machine.
BOUND_SECONDS = 6.0

_LOCKS_FILE = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
other.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""
_LOCKS_TABLE = """
import sys
from sqlalchemy import create_engine, text
with create_engine(sys.argv[1]).begin() as other:
    other.execute(text("LOCK TABLE feedback, used_tokens IN ACCESS EXCLUSIVE MODE"))
    print("locked", flush=True)
    sys.stdin.read()
"""


@contextmanager
def locked(database: GivenDatabase) -> Iterator[None]:
    """Another process has the database to itself."""
    sqlite = database.kind == "sqlite"
    what = database.url.removeprefix("sqlite:///") if sqlite else database.url
    program = _LOCKS_FILE if sqlite else _LOCKS_TABLE
    with subprocess.Popen(
        [sys.executable, "-c", program, what], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        yield
        other.communicate("")


def post(base_url: str) -> requests.Response:
    return loopback_session().post(
        f"{base_url}{SELECT}/feedback", json={"feedback": [overridden(new_card())]}, timeout=30
    )


def timed(call: requests.Response) -> float:
    return call.elapsed.total_seconds()


def test_a_database_that_is_locked_for_ten_seconds_delays_nobody_and_loses_nothing(
    database: GivenDatabase,
) -> None:
    with running_service(
        "--workers", "2", environment=environment_with(database_url=database.url)
    ) as base_url:
        assert post(base_url).status_code == 200
        answers: list[requests.Response] = []
        stop = threading.Event()

        def report() -> None:
            while not stop.is_set():
                answers.append(post(base_url))

        with locked(database):
            unlocked_at = time.monotonic() + LOCKED_SECONDS
            senders = [threading.Thread(target=report) for _ in range(4)]
            for sender in senders:
                sender.start()
            cards = []
            while time.monotonic() < unlocked_at:
                cards.append(loopback_session().post(base_url + SELECT, json=knee_request(), timeout=30))
                time.sleep(0.05)
            stop.set()
            for sender in senders:
                sender.join()
        assert Counter((answer.status_code, answer.headers.get("Retry-After")) for answer in answers) == {
            (503, "5"): len(answers)
        }
        assert max(map(timed, answers)) < BOUND_SECONDS
        assert {(card.status_code, card.text.strip()) for card in cards} == {(200, '{"cards":[]}')}
        assert max(map(timed, cards)) < BOUND_SECONDS
        assert post(base_url).status_code == 200
    assert stored(database, "count(*)") == [(2,)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte, where this user may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        assert os.environ.get("CI") != "true", mounted.stderr
        pytest.skip("only root can mount the small disk that this test fills")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_gets_no_acknowledgement_until_there_is_room(small_disk: Path) -> None:
    database = GivenDatabase("sqlite", f"sqlite:///{small_disk}/store.sqlite3")
    ballast = small_disk / "ballast"
    with running_service(
        "--workers", "2", environment=environment_with(database_url=database.url)
    ) as base_url:
        acknowledged = 0
        fill(ballast)
        statuses = [post(base_url).status_code for _ in range(30)]
        acknowledged += statuses.count(200)
        assert set(statuses[-5:]) == {503}, statuses
        card = loopback_session().post(base_url + SELECT, json=knee_request(), timeout=30)
        assert (card.status_code, card.json()) == (200, {"cards": []})
        ballast.unlink()
        assert [post(base_url).status_code for _ in range(5)] == [200] * 5
    assert stored(database, "count(*)") == [(acknowledged + 5,)]
    assert database.rows("PRAGMA integrity_check") == [("ok",)]


def fill(file: Path) -> None:
    """Take every byte that is left."""
    with file.open("ab", buffering=0) as ballast:
        for size in (65_536, 4_096, 1):
            try:
                while ballast.write(b"x" * size) == size:
                    pass
            except OSError:
                continue
