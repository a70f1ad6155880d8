"""A timeout of a socket counts once, for everything."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from cds_service.access.timed_sockets import TimedSocket, TimedTlsSocket, trusting

SECONDS = 0.3
MARGIN = 1.0


@pytest.fixture
def pair() -> Iterator[tuple[TimedSocket, socket.socket]]:
    """A timed socket and the other end of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener, TimedSocket() as near:
        near.settimeout(10)
        near.connect(listener.getsockname())
        far, _ = listener.accept()
        with far:
            yield near, far


def again_and_again(step: Callable[[], object]) -> None:
    while True:
        step()


def test_a_byte_now_and_then_does_not_renew_the_time(pair: tuple[TimedSocket, socket.socket]) -> None:
    near, far = pair
    over = threading.Event()

    def trickle() -> None:
        while not over.wait(0.02):
            far.send(b"x")

    sender = threading.Thread(target=trickle)
    sender.start()
    started = time.monotonic()
    near.settimeout(SECONDS)
    try:
        with pytest.raises(TimeoutError):
            again_and_again(lambda: near.recv_into(bytearray(1)))
    finally:
        over.set()
        sender.join()
    assert SECONDS - 0.01 <= time.monotonic() - started < SECONDS + MARGIN


@pytest.mark.parametrize("way", ["send", "sendall"])
def test_what_nobody_reads_ends_in_time(way: str, pair: tuple[TimedSocket, socket.socket]) -> None:
    near, _ = pair
    started = time.monotonic()
    near.settimeout(SECONDS)
    with pytest.raises(TimeoutError):
        again_and_again(lambda: getattr(near, way)(b" " * 1_000_000))
    assert time.monotonic() - started < SECONDS + MARGIN


def test_after_its_time_nothing_is_read_even_if_it_is_there(pair: tuple[TimedSocket, socket.socket]) -> None:
    near, far = pair
    far.send(b"x")
    near.settimeout(0.01)
    time.sleep(0.05)
    with pytest.raises(TimeoutError):
        near.recv_into(bytearray(1))


def test_a_socket_does_not_wait_for_ever() -> None:
    with TimedSocket() as near, pytest.raises(ValueError, match="for ever"):
        near.settimeout(None)


def test_a_handshake_is_part_of_the_time(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(theirs)

    def slowly_shake_hands() -> None:
        taken, _ = listener.accept()
        time.sleep(0.3)
        with theirs.wrap_socket(taken, server_side=True) as secure:
            secure.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listener, TimedSocket() as near:
        server = threading.Thread(target=slowly_shake_hands)
        server.start()
        near.settimeout(10)
        started = time.monotonic()
        near.connect(listener.getsockname())
        with trusting(tmp_path / "ca.pem").wrap_socket(near, server_hostname="localhost") as secure:
            assert isinstance(secure, TimedTlsSocket)
            assert secure._ends < started + 10 + 0.25
            secure.send(b"x")
        server.join()
