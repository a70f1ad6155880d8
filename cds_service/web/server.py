"""The production server: gunicorn, started from Python so that no second configuration file exists."""

from __future__ import annotations

import errno
import gc
import json
import signal
import socket
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.http import wsgi
from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.util import write_nonblock

from cds_service.errors import operation_outcome
from cds_service.settings import Settings
from cds_service.web.security_headers import security_headers
from cds_service.web.server_log import JsonLog
from cds_service.web.slow_senders import PatientWorker
from cds_service.wiring import Services, services_of

_log = structlog.get_logger()

# How the processes run.
PROCESSES: dict[str, Any] = {
    # Longer than the 60 seconds that common reverse proxies keep an idle connection:
    # the side that closes first must be the proxy, or it may send a call into a closing connection.
    "keepalive": 75,
    # A worker that does not answer its master for so long is replaced; no call takes a third of it.
    "timeout": 30,
    # Longer than a call can take with its reads, and shorter than what supervisors wait before they kill.
    "graceful_timeout": 10,
    # Broken content never serves, and forked workers share the memory of what was loaded.
    "preload_app": True,
    # No worker is replaced because of its age: that would end calls to hide a leak that nobody has seen.
    "max_requests": 0,
    # Accepting waits for no call, so this fills only while the processes are replaced.
    "backlog": 2048,
    # Kept-alive connections of each process; each costs a socket and no thread.
    "worker_connections": 1000,
    # Gunicorn's own lines may hold addresses as typed; calls have a line of their own.
    "loglevel": "warning",
    # Nothing steers the server at run time but signals.
    "control_socket_disable": True,
}

# What is taken as HTTP: said even where gunicorn's default is the same, so that no new version widens it.
HTTP: dict[str, Any] = {
    # The longest address of this service, a FHIR search, is far shorter.
    "limit_request_line": 4_094,
    # Proxies and service meshes add dozens of headers, and none adds a hundred.
    "limit_request_fields": 100,
    # A signed token takes one or two kilobytes.
    "limit_request_field_size": 8_190,
    # HTTP/1 alone and by this parser: tests/web/test_smuggling.py shows how it reads.
    "http_parser": "python",
    "http_protocols": "h1",
    "http2_cleartext": "off",
    "permit_obsolete_folding": False,
    "strip_header_spaces": False,
    # `X_Forwarded_For` would become the same name as `X-Forwarded-For`.
    "header_map": "drop",
    # No proxy sets what the address means, and only one header of a trusted one is believed.
    "forwarder_headers": "",
    "secure_scheme_headers": {"X-FORWARDED-PROTO": "https"},
    "proxy_protocol": "off",
}

_STATUS_OF_BROKEN_HTTP: dict[type[Exception], tuple[int, str]] = {
    LimitRequestLine: (414, "URI Too Long"),
    ExpectationFailed: (417, "Expectation Failed"),
    LimitRequestHeaders: (431, "Request Header Fields Too Large"),
    UnsupportedTransferCoding: (501, "Not Implemented"),
}


class CannotListen(Exception):
    """The address cannot be listened on: why, and which settings change it."""


def check_address(settings: Settings) -> None:
    """Raises CannotListen where the port is taken or not ours: gunicorn says so only in a dozen lines."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise CannotListen(_why_not(error, settings)) from error


def _why_not(error: OSError, settings: Settings) -> str:
    where = f"port {settings.port} on {settings.host}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is in use; choose another with --port or CDS_PORT"
    if error.errno == errno.EACCES:
        return f"{where} is not open to this user; choose another with --port or CDS_PORT"
    return f"{where}: {error.strerror}; choose another address with --host or CDS_HOST"


def run_server(app: Flask, settings: Settings, announce: Callable[[], None]) -> None:
    """Serve `app` until a signal ends the process; `announce` is called once the port is open."""
    # What was loaded at start lives as long as the process. Out of the collector's sight it is not walked
    # again in every collection, and forked workers keep sharing its memory.
    gc.collect()
    gc.freeze()
    _Server(app, settings, announce).run()


def server_options(settings: Settings, services: Services, announce: Callable[[], None]) -> dict[str, Any]:
    """Every option of gunicorn that is not left as it is; docs/operations.md has the reasons in a table."""
    folder = services.metrics.folder
    return {
        "bind": settings.bind,
        "workers": settings.workers,
        "threads": settings.threads,
        # Threads and not one call a process: a slow sender then holds a thread for a bounded time,
        # and an idle kept-alive connection a socket.
        "worker_class": _worker_class(settings),
        **PROCESSES,
        **HTTP,
        # The sign of life is a file, too: on a busy disk a worker would look dead.
        "worker_tmp_dir": None if folder is None else str(folder),
        # Never gunicorn's default, which believes every sender on this machine.
        "forwarded_allow_ips": ",".join(map(str, settings.trusted_proxies)),
        "logger_class": JsonLog,
        "when_ready": lambda _server: announce(),
        **_ends_of_processes(services),
    }


class _Server(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    """Gunicorn with an app that is built before the workers are forked, so broken content never serves."""

    def __init__(self, app: Flask, settings: Settings, announce: Callable[[], None]) -> None:
        self._app = app
        self._options = server_options(settings, services_of(app), announce)
        super().__init__()

    def load_config(self) -> None:
        """Take the options above; gunicorn's environment variable and files are not looked at."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The app, which exists already."""
        return self._app


def _ends_of_processes(services: Services) -> dict[str, Callable[..., None]]:
    """What gunicorn calls when a process begins or ends; each names its arguments, as gunicorn demands."""

    def post_fork(server: Any, worker: Any) -> None:
        # Until the worker sets its own, a signal to stop would be taken for one to the master, and lost.
        # The worker's own handler needs parts that it has not made yet.
        signal.signal(signal.SIGTERM, lambda _signal, _frame: setattr(worker, "alive", False))
        begin_process(services, worker.pid)

    def worker_exit(server: Any, worker: Any) -> None:
        end_process(services)

    def child_exit(server: Any, worker: Any) -> None:
        services.metrics.end(worker.pid)

    def on_exit(server: Any) -> None:
        services.metrics.remove()

    return {f.__name__: f for f in (post_fork, worker_exit, child_exit, on_exit)}


def begin_process(services: Services, process_id: int) -> None:
    """Make ready what a fork does not carry over; whatever fails, calls are answered."""
    try:
        services.metrics.begin(process_id)
    except OSError as error:
        _log.warning("metrics-off", error=type(error).__name__)
    services.traces.begin()


def end_process(services: Services) -> None:
    """Close what the services hold, once the last call of this process is answered; none stops the next."""
    for close in (*services.closers, services.traces.close):
        try:
            close()
        except Exception as error:
            _log.error("not-closed", error=type(error).__name__)


def _worker_class(settings: Settings) -> type[JsonErrorWorker]:
    """The worker with this process's settings; gunicorn makes its workers itself and takes only a class."""
    headers = list(security_headers(settings))
    if "*" in settings.cors_origins:  # the origin is unknown here
        headers.append(("Access-Control-Allow-Origin", "*"))
    members = {"receive_seconds": settings.receive_timeout_seconds, "headers_of_broken_http": headers}
    return type("Worker", (JsonErrorWorker,), members)


class JsonErrorWorker(PatientWorker):
    """A threaded worker that answers broken HTTP in JSON, and logs its kind but not its text."""

    headers_of_broken_http: Sequence[tuple[str, str]]

    def init_process(self) -> None:
        """Begin to serve, without gunicorn's name on the answers: it has no setting for that."""
        wsgi.Response = NamelessResponse
        super().init_process()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer what never became a request: gunicorn's own answer is HTML and quotes what was sent."""
        status, reason = _status_of(exc)
        _log.warning("broken-http", status=status, error=type(exc).__name__)
        try:
            write_nonblock(client, _json_error(status, reason, self.headers_of_broken_http))
        except OSError:
            _log.debug("broken-http-unanswered")


class NamelessResponse(wsgi.Response):  # type: ignore[misc] # gunicorn has no types
    """An answer that does not tell by which software it was sent."""

    def default_headers(self) -> list[str]:
        """The headers that the server adds, without its name."""
        return [line for line in super().default_headers() if not line.startswith("Server:")]


def _status_of(error: Exception) -> tuple[int, str]:
    for kind, answer in _STATUS_OF_BROKEN_HTTP.items():
        if isinstance(error, kind):
            return answer
    return (400, "Bad Request") if isinstance(error, ParseException) else (500, "Internal Server Error")


def _json_error(status: int, reason: str, headers: Sequence[tuple[str, str]]) -> bytes:
    """The whole answer to what never became a request."""
    code = "structure" if status < 500 else "exception"
    body = json.dumps(operation_outcome(code, f"The HTTP request cannot be answered: {reason}.")).encode()
    own = [("Connection", "close"), ("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in (*own, *headers))]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
