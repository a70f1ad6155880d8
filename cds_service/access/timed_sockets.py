"""Sockets with one end of time for everything, where those of Python give each operation its own."""

from __future__ import annotations

import socket
import ssl
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from requests.utils import DEFAULT_CA_BUNDLE_PATH

if TYPE_CHECKING:
    _Socket = socket.socket
else:
    _Socket = object


class _Timed(_Socket):
    """A timeout set here counts from now and for all that follows: a byte now and then does not renew it."""

    _ends: float

    def settimeout(self, value: float | None) -> None:
        if value is None:
            raise ValueError("a socket that waits for ever")
        self._ends = time.monotonic() + value
        super().settimeout(value)

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self._leave_what_is_left()
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        self._leave_what_is_left()
        return super().send(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self._leave_what_is_left()
        super().sendall(*args, **kwargs)

    def _leave_what_is_left(self) -> None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        super().settimeout(left)


class TimedSocket(_Timed, socket.socket):
    """A TCP socket with one end of time."""


class TimedTlsSocket(_Timed, ssl.SSLSocket):
    """A TLS socket with one end of time, its handshake included."""

    def do_handshake(self, block: bool = False) -> None:
        ends = self._ends
        super().do_handshake(block)  # which sets the timeout again afterwards
        self._ends = ends


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """TLS that verifies certificate and host name, by the authorities of a file, or by the public ones.

    Raises OSError where the file cannot be used.
    """
    context = ssl.create_default_context(cafile=ca_file or DEFAULT_CA_BUNDLE_PATH)
    context.sslsocket_class = TimedTlsSocket
    return context
