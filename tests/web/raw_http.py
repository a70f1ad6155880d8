"""Bytes to a served process over a socket of one's own, because a client library would mend them."""

import socket
from urllib.parse import urlsplit


def connection_to(base_url: str) -> socket.socket:
    """An open connection to the service."""
    address = urlsplit(base_url)
    return socket.create_connection((address.hostname or "", address.port or 0), timeout=20)


def everything_from(connection: socket.socket) -> bytes:
    """All that comes until the other side closes; raises TimeoutError where it does not."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def exchange(base_url: str, sent: bytes) -> tuple[int, bytes, bytes]:
    """Status, head and body of the answer to raw bytes, sent to the end of the sender's side."""
    with connection_to(base_url) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        received = everything_from(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), head, body
