"""Feedback that was acknowledged is there after every process of the service was killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import requests

from cds_service.local_service import loopback_session
from cds_service.settings import environment_with
from tests.feedback.reports import new_card, overridden, stored
from tests.web.hook_calls import SIGN

ROUNDS = 3


@contextmanager
def killed_at_the_end(file: Path, log: Path) -> Iterator[str]:
    """The base URL of a service, all of whose processes end without a chance to do anything."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "cds_service", "serve", "--port", str(port), "--workers", "2"]
    environment = environment_with(database_url=f"sqlite:///{file}")
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True
        )
    try:
        base_url = f"http://127.0.0.1:{port}"
        wait_until_it_answers(base_url)
        yield base_url
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until_it_answers(base_url: str) -> None:
    for _ in range(300):
        with suppress(requests.ConnectionError):
            if loopback_session().get(f"{base_url}/healthz", timeout=5).ok:
                return
        time.sleep(0.1)
    raise AssertionError("the service did not start")


def test_acknowledged_feedback_survives_a_kill_right_after_the_answer(tmp_path: Path) -> None:
    file, log = tmp_path / "store.sqlite3", tmp_path / "log.jsonl"
    acknowledged: list[str] = []
    for _ in range(ROUNDS):
        with killed_at_the_end(file, log) as base_url:
            for _ in range(5):
                card = new_card()
                answer = loopback_session().post(
                    f"{base_url}{SIGN}/feedback", json={"feedback": [overridden(card)]}, timeout=30
                )
                assert answer.status_code == 200
                acknowledged.append(card)
    assert stored(file, "card") == [(card,) for card in acknowledged]
    assert not set(acknowledged) & set(log.read_text().replace('"', " ").split())
