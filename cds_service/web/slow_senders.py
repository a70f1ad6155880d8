"""Senders that begin a request and do not end it: each may hold a thread for a bounded time and no longer.

Gunicorn's threaded worker waits without end for the rest of a request, and a handful of such connections
would silence the whole service.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable
from typing import Any, TypeVar

from gunicorn.util import close_graceful
from gunicorn.workers.gthread import _DEFER, ThreadWorker

T = TypeVar("T")
# A new connection that says nothing so long waits without a thread until it does.
_FIRST_BYTE_SECONDS = 0.05


class BoundedSocket(socket.socket):
    """A socket on which one request may take `seconds` to arrive, and each answer as long to be read.

    The time begins when the worker turns the socket blocking, which it does for every request.
    What comes too late raises TimeoutError, as any socket with a timeout does.
    """

    seconds: float
    _deadline: float = 0.0

    @classmethod
    def take_over(cls, plain: socket.socket, seconds: float) -> BoundedSocket:
        """The same connection, bounded; `plain` is of no use afterwards."""
        taken = cls(plain.family, plain.type, plain.proto, fileno=plain.detach())
        taken.seconds = seconds
        return taken

    def setblocking(self, flag: bool, /) -> None:
        """Begin a new request; nothing happens on a socket that was closed in a thread already."""
        if self.fileno() >= 0:
            self._deadline = time.monotonic() + self.seconds
            super().setblocking(flag)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """What has arrived; raises TimeoutError once the request has taken its time."""
        return self._within(self._deadline - time.monotonic(), lambda: super(BoundedSocket, self).recv(size))

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send everything; raises TimeoutError where the other side does not read it."""
        self._within(self.seconds, lambda: super(BoundedSocket, self).sendall(data))

    def _within(self, seconds: float, transfer: Callable[[], T]) -> T:
        asked = self.gettimeout()
        allowed = seconds if asked is None else min(asked, seconds)
        try:
            if allowed < 0 or (asked is None and allowed == 0):
                raise TimeoutError
            self.settimeout(allowed)
            return transfer()
        except TimeoutError:
            # With this number the worker takes it for a connection that broke off, and writes no traceback.
            raise TimeoutError(errno.ECONNRESET, "took too long") from None
        finally:
            self.settimeout(asked)


class PatientWorker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """A threaded worker whose threads are held by no sender for longer than `receive_seconds`."""

    receive_seconds: float

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take new connections or not; once the service is told to stop, those that come are refused.

        Gunicorn leaves the port open until its last call is answered. Who connects meanwhile would wait
        for seconds, only to be cut off then, and a proxy could not turn to another copy of the service.
        """
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                self._take_what_waits(listener)
                listener.close()

    def _take_what_waits(self, listener: Any) -> None:
        """Accept the connections that were made before the port is closed."""
        taken = -1
        while listener.sock is not None and taken != self.nr_conns:
            taken = self.nr_conns
            self.accept(listener)

    def handle(self, conn: Any) -> Any:
        """Serve one request of the connection; a silent one goes back to wait without a thread."""
        if not isinstance(conn.sock, BoundedSocket):
            conn.sock = BoundedSocket.take_over(conn.sock, self.receive_seconds)
        if not conn.initialized and not conn.wait_for_data(_FIRST_BYTE_SECONDS):
            return _DEFER
        kept = super().handle(conn)
        if kept is False:
            # To let the last answer arrive takes seconds where the other side goes on sending.
            # Here it costs one thread; the worker would do it in the loop that serves everybody.
            close_graceful(conn.sock)
        return kept
