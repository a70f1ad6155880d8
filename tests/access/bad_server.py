"""A real server on loopback that misbehaves as a test says, and that remembers who asked what.

    with bad_server({"/fhir/Patient/1": answer(json_of(patient)), "/fhir/Slow": slow_body()}) as server:
        ... server.url, server.requests ...

What a path does is a `Behaviour`: one of the functions below, or any `Callable[[Asked, Wire], None]`.
Instead of a table one callable `Asked -> Behaviour` may be given; what is not in a table answers 404.
"""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came; `connection` counts the TCP connections of the server."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]  # with names in lower case
    connection: int

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


class Broken(Exception):
    """Nothing more can be sent on this connection."""


class Wire:
    """What a behaviour may do with the connection."""

    def __init__(self, connection: socket.socket, stopped: threading.Event) -> None:
        self._connection = connection
        self.stopped = stopped

    def send(self, data: bytes) -> None:
        try:
            self._connection.sendall(data)
        except OSError:
            raise Broken from None

    def wait(self, seconds: float) -> None:
        """Lets time pass; ends early where the server stops."""
        if self.stopped.wait(seconds):
            raise Broken

    def close(self) -> None:
        """The other side sees an orderly end."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        raise Broken

    def reset(self) -> None:
        """The other side sees that the connection was reset."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()
        raise Broken


Behaviour = Callable[[Asked, Wire], None]
Behaviours = Mapping[str, Behaviour] | Callable[[Asked], Behaviour]


def answer(body: bytes = b"", status: int = 200, **headers: str) -> Behaviour:
    """A whole answer; `content_type="text/html"` becomes a header of that name."""
    return lambda asked, wire: wire.send(_head(status, {"content-length": len(body)}, headers) + body)


def json_of(resource: Any) -> bytes:
    return json.dumps(resource).encode()


def fhir(resource: Any, status: int = 200, **headers: str) -> Behaviour:
    """A resource as FHIR JSON."""
    return answer(json_of(resource), status, **{"content_type": "application/fhir+json", **headers})


def redirect(to: str, status: int = 301) -> Behaviour:
    return answer(b"", status, location=to)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One after the other with each request; the last one stays."""
    left = list(behaviours)
    lock = threading.Lock()

    def behave(asked: Asked, wire: Wire) -> None:
        with lock:
            now = left.pop(0) if len(left) > 1 else left[0]
        now(asked, wire)

    return behave


def after(seconds: float, behaviour: Behaviour) -> Behaviour:
    """The same, but nothing at all before so many seconds."""

    def behave(asked: Asked, wire: Wire) -> None:
        wire.wait(seconds)
        behaviour(asked, wire)

    return behave


def slow_headers(seconds: float = 0.05) -> Behaviour:
    """A byte at a time, and never done."""

    def behave(asked: Asked, wire: Wire) -> None:
        wire.send(b"HTTP/1.1 200 OK\r\nx-slow: ")
        while True:
            wire.send(b"x")
            wire.wait(seconds)

    return behave


def slow_body(seconds: float = 0.05, length: int = 10_000) -> Behaviour:
    """Headers at once, and then a byte at a time."""

    def behave(asked: Asked, wire: Wire) -> None:
        wire.send(_head(200, {"content-length": length}, {}))
        for _ in range(length):
            wire.send(b" ")
            wire.wait(seconds)

    return behave


def endless_body(block: bytes = b" " * 65536) -> Behaviour:
    """As fast as it is read, without an end that was announced."""

    def behave(asked: Asked, wire: Wire) -> None:
        wire.send(_head(200, {"transfer-encoding": "chunked"}, {}))
        while not wire.stopped.is_set():
            wire.send(b"%x\r\n%s\r\n" % (len(block), block))

    return behave


def half_then_reset(body: bytes = b'{"resourceType": "Bundle"', length: int = 1000) -> Behaviour:
    def behave(asked: Asked, wire: Wire) -> None:
        wire.send(_head(200, {"content-length": length}, {}) + body)
        wire.wait(0.05)  # so that the half arrives before the reset discards it
        wire.reset()

    return behave


def half_then_close(body: bytes = b'{"resourceType": "Bundle"', length: int = 1000) -> Behaviour:
    def behave(asked: Asked, wire: Wire) -> None:
        wire.send(_head(200, {"content-length": length}, {}) + body)
        wire.close()

    return behave


def says(data: bytes) -> Behaviour:
    """Just these bytes, then the end: no HTTP unless they are."""

    def behave(asked: Asked, wire: Wire) -> None:
        wire.send(data)
        wire.close()

    return behave


def closes() -> Behaviour:
    """The end, without a word."""
    return says(b"")


def gzipped(body: bytes) -> Behaviour:
    """Compressed, whatever was asked for."""
    return answer(gzip.compress(body), content_encoding="gzip")


def huge_header(length: int = 1_000_000) -> Behaviour:
    return answer(b"{}", x_huge="x" * length)


def many_headers(count: int = 1000) -> Behaviour:
    return answer(b"{}", 200, **{f"x_{number}": "x" for number in range(count)})


@dataclass(slots=True)
class BadServer:
    """A running server; `behaviours` may be set or changed at any time, for the server's own address is in them."""

    port: int
    scheme: str
    behaviours: Behaviours
    host: str = "127.0.0.1"
    requests: list[Asked] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        """The base address, without a slash at its end."""
        return f"{self.scheme}://{self.host}:{self.port}"

    def behaviour(self, asked: Asked) -> Behaviour:
        if callable(self.behaviours):
            return self.behaviours(asked)
        return self.behaviours.get(asked.target) or self.behaviours.get(asked.path) or answer(b"", 404)

    def seen(self, header: str) -> list[str]:
        """What came in a header, of all requests that had it."""
        return [asked.headers[header] for asked in self.requests if header in asked.headers]


@contextmanager
def bad_server(
    behaviours: Behaviours | None = None, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[BadServer]:
    """A server on a free port of loopback; `host` is only how its address names it."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    scheme = "http" if tls is None else "https"
    server = BadServer(listener.getsockname()[1], scheme, behaviours or {}, host)
    stopped = threading.Event()
    opened: list[socket.socket] = []
    workers: list[threading.Thread] = []

    def accept() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            opened.append(connection)
            worker = threading.Thread(target=serve, args=(connection, server.connections), daemon=True)
            workers.append(worker)
            worker.start()

    def serve(connection: socket.socket, number: int) -> None:
        with suppress(OSError, Broken), connection:
            # Without a handshake yet: what is opened must be closable while the handshake hangs.
            wrapped = connection if tls is None else tls.wrap_socket(connection, True, False)
            opened.append(wrapped)
            with wrapped, wrapped.makefile("rb") as incoming:
                if isinstance(wrapped, ssl.SSLSocket):
                    wrapped.do_handshake()
                while asked := _asked(incoming, number):
                    server.requests.append(asked)
                    server.behaviour(asked)(asked, Wire(wrapped, stopped))

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        stopped.set()
        for one in (listener, *opened):
            with suppress(OSError):
                # The end of TCP, also below TLS: whoever reads or writes in another thread is let go.
                socket.socket.shutdown(one, socket.SHUT_RDWR)
        listener.close()
        for thread in (accepting, *workers):
            thread.join(timeout=5)


@contextmanager
def silent() -> Iterator[int]:
    """A port at which connections are taken and nothing is ever said, not even of TLS."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        yield listener.getsockname()[1]


@contextmanager
def nobody() -> Iterator[str]:
    """A base address at which connections are refused, as long as it is held."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def _asked(incoming: Any, number: int) -> Asked | None:
    words = incoming.readline().decode("latin-1").split()
    if len(words) != 3:
        return None
    headers = {}
    while line := incoming.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    method, target, _ = words
    path, _, query = target.partition("?")
    return Asked(method, path, query, headers, number)


def _head(status: int, framing: Mapping[str, object], headers: Mapping[str, str]) -> bytes:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}\r\n" for name, value in {**framing, **named}.items()]
    return f"HTTP/1.1 {status} Whatever\r\n{''.join(lines)}\r\n".encode()
