"""Connections that are opened only to an IP address that was checked, and reused only within one reach."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from queue import Empty, SimpleQueue
from typing import Any

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool

from cds_service.access.networks import may_be_reached, plain
from cds_service.access.outgoing import Forbidden, NotFetched, Reach
from cds_service.access.timed_sockets import TimedSocket, trusting

# The IP addresses of a host name, as text; raises OSError where there are none.
Resolve = Callable[[str, int], Sequence[str]]
# A connection to an IP address and port, opened within so many seconds; raises OSError.
Connect = Callable[[IPv4Address | IPv6Address, int, float], socket.socket]
CONNECTIONS_KEPT = 32  # to each server


def resolve(host: str, port: int) -> list[str]:
    """What the resolver of this machine answers."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(where[0]) for *_, where in found]


def connect(address: IPv4Address | IPv6Address, port: int, seconds: float) -> socket.socket:
    """A TCP connection to exactly this address."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    opened = TimedSocket(family, socket.SOCK_STREAM)
    try:
        opened.settimeout(seconds)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.connect((str(address), port))
    except BaseException:
        opened.close()
        raise
    return opened


class Stale(Exception):
    """The server had closed a kept connection before it saw the request: it can be sent again."""


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens sockets for one reach.

    The name is looked up once, every answer is checked, and only what was checked is connected to:
    a resolver that answers differently a moment later is not asked again.
    """

    reach: Reach
    resolve: Resolve
    connect: Connect
    lookups: threading.Semaphore

    def open(self, host: str, port: int, seconds: float, *, encrypted: bool) -> socket.socket:
        """A connected socket with the rest of the seconds as its timeout; raises NotFetched or Forbidden."""
        ends = time.monotonic() + seconds
        addresses = [plain(one) for one in self._addresses(host, port, ends)]
        for address in addresses:
            # What is not encrypted stays on this machine.
            if not may_be_reached(address, self.reach) or not (encrypted or address.is_loopback):
                raise Forbidden("address not allowed")
        for tries_left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            left = ends - time.monotonic()
            if left <= 0:
                break
            with suppress(OSError):
                opened = self.connect(address, port, left / tries_left)
                opened.settimeout(max(ends - time.monotonic(), 0.001))
                return opened
        raise NotFetched("too slow" if time.monotonic() >= ends else "cannot be reached")

    def _addresses(self, host: str, port: int, ends: float) -> list[IPv4Address | IPv6Address]:
        # An error of `ipaddress` quotes the address: it is dropped, not chained.
        with suppress(ValueError):
            return [ip_address(host.strip("[]"))]
        found = self._looked_up(host, port, ends)
        with suppress(ValueError):
            return [ip_address(one) for one in dict.fromkeys(found)]
        raise Forbidden("address not allowed")

    def _looked_up(self, host: str, port: int, ends: float) -> Sequence[str]:
        # A lookup cannot be stopped, so it gets a thread that may be left behind, and only so many of them.
        answers: SimpleQueue[Sequence[str] | None] = SimpleQueue()

        def look_up() -> None:
            try:
                answers.put(self.resolve(host, port))
            except (OSError, UnicodeError):
                answers.put(None)
            finally:
                self.lookups.release()

        if not self.lookups.acquire(timeout=max(ends - time.monotonic(), 0)):
            raise NotFetched("too slow")
        try:
            threading.Thread(target=look_up, daemon=True, name="lookup").start()
        except RuntimeError:  # no more threads in this process
            self.lookups.release()
            raise NotFetched("cannot be reached") from None
        try:
            found = answers.get(timeout=max(ends - time.monotonic(), 0))
        except Empty:
            raise NotFetched("too slow") from None
        if not found:
            raise NotFetched("name not found")
        return found


class GuardedAdapter(HTTPAdapter):
    """The transport of `requests` for one reach; without a Session around it there are no cookies,
    proxies, redirects or passwords of the environment."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._tls = trusting(opener.reach.ca_file)
        super().__init__(pool_maxsize=CONNECTIONS_KEPT)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **_: Any) -> None:
        self.poolmanager = _Pools(self._opener, num_pools=connections, maxsize=maxsize, block=block)

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        server, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return server, {"ssl_context": self._tls}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing more: the context above is complete, and would take every further authority in."""


class _Pools(PoolManager):
    def __init__(self, opener: Opener, **settings: Any) -> None:
        super().__init__(**settings)
        self._connections = {"http": _plain_connections(opener), "https": _tls_connections(opener)}

    def _new_pool(
        self, scheme: str, host: str, port: int, request_context: dict[str, Any] | None = None
    ) -> HTTPConnectionPool:
        pool = super()._new_pool(scheme, host, port, request_context)
        pool.ConnectionCls = self._connections[scheme]
        return pool


class _Kept(HTTPConnection):
    """Tells a connection that the server closed between two requests from one that breaks off."""

    _answered = False

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as in urllib3
        kept = self._answered  # which closing forgets
        try:
            response = super().getresponse()
        except ConnectionError:
            if kept:
                raise Stale from None
            raise
        self._answered = True
        return response

    def close(self) -> None:
        self._answered = False
        super().close()


def _plain_connections(opener: Opener) -> type[HTTPConnection]:
    class Plain(_Kept, HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return opener.open(self.host, self.port, self.timeout or 0, encrypted=False)

    return Plain


def _tls_connections(opener: Opener) -> type[HTTPSConnection]:
    class Tls(_Kept, HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return opener.open(self.host, self.port, self.timeout or 0, encrypted=True)

    return Tls
