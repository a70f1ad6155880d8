"""A service of one's own on a free loopback port, for as long as a `with` block runs."""

from __future__ import annotations

import contextlib
import socket
import subprocess  # nosec B404 # starts this program, below
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import requests

_START_ATTEMPTS = 300
_START_PAUSE_SECONDS = 0.1
_HEALTH_TIMEOUT_SECONDS = 5


class ServiceDidNotStart(Exception):
    """The process ended, or did not answer in time; what it wrote to standard error says why."""


@contextlib.contextmanager
def running_service(
    *options: str,
    python: str = sys.executable,
    folder: Path | None = None,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """The base URL of a service in a process of its own, started as production starts it.

    `options` are those of `serve`; `python` and `folder` choose the interpreter and where it runs;
    `log` takes its log lines, which are dropped otherwise;
    `environment` stands in place of this process's own.
    Raises ServiceDidNotStart.
    """
    port = _free_port()
    base_url = f"http://127.0.0.1:{port}"
    command = [python, "-m", "cds_service", "serve", "--port", str(port), *options]
    with contextlib.ExitStack() as stack:
        stderr = stack.enter_context(log.open("wb")) if log else subprocess.DEVNULL
        process = subprocess.Popen(  # noqa: S603 # nosec B603 # no shell, own words
            command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=stderr
        )
        stack.callback(_stop, process)
        _wait_until_healthy(base_url, process)
        yield base_url


def loopback_session() -> requests.Session:
    """A session for this machine alone: a proxy of the environment cannot reach its loopback address."""
    session = requests.Session()
    session.trust_env = False
    return session


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_until_healthy(base_url: str, process: subprocess.Popen[bytes]) -> None:
    session = loopback_session()
    for _ in range(_START_ATTEMPTS):
        if process.poll() is not None:
            break
        with contextlib.suppress(requests.ConnectionError):
            if session.get(f"{base_url}/healthz", timeout=_HEALTH_TIMEOUT_SECONDS).ok:
                return
        time.sleep(_START_PAUSE_SECONDS)
    raise ServiceDidNotStart("The service did not start; `lumbar-mri-cds serve` shows why.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()
