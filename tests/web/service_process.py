"""A service in processes of its own, held so that a test can send it signals."""

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
from typing import NamedTuple

import requests

from cds_service.local_service import loopback_session
from cds_service.settings import environment_with

SERVE = ("-m", "cds_service", "serve")


class ServiceProcess(NamedTuple):
    """Where it answers, its master process, and the file with its log."""

    base_url: str
    process: subprocess.Popen[bytes]
    log: Path

    def workers(self) -> list[int]:
        """The processes that answer, by number, the oldest first."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return sorted(map(int, children.split()))


@contextmanager
def service_process(
    folder: Path, *options: str, start: tuple[str, ...] = SERVE, **settings: str
) -> Iterator[ServiceProcess]:
    """A service whose database and log are in `folder`; it is killed at the end, if it is still there."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    settings = {"database_url": f"sqlite:///{folder}/store.sqlite3", **settings}
    log = folder / "log.jsonl"
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            [sys.executable, *start, *options, "--port", str(port)],
            env=environment_with(**settings),
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}", process)
        yield ServiceProcess(f"http://127.0.0.1:{port}", process, log)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until_it_answers(base_url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the service did not start"
        with suppress(requests.ConnectionError):
            if loopback_session().get(f"{base_url}/healthz", timeout=5).ok:
                return
        time.sleep(0.1)
    raise AssertionError("the service did not answer")
