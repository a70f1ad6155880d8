"""The production server over real sockets: what never becomes a request is answered in JSON, too."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from socket import socket

import pytest

from cds_service.local_service import loopback_session, running_service
from tests.conftest import ServedService
from tests.web.hook_calls import PATIENT_ID, SELECT, knee_request
from tests.web.raw_http import connection_to, exchange

POST = (
    f"POST {SELECT} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n".encode()
)
MEBIBYTE_CHUNK = b"100000\r\n" + b" " * 0x100000 + b"\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"GARBAGE\r\n\r\n", 400, id="no HTTP"),
        pytest.param(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, id="long address"),
        pytest.param(b"GET / HTTP/1.1\r\nA: " + b"a" * 90_000 + b"\r\n\r\n", 431, id="long header"),
        pytest.param(b"GET / HTTP/1.1\r\nbad header: x\r\n\r\n", 400, id="header name"),
        pytest.param(POST + b"Content-Length: abc\r\n\r\n{}", 400, id="length that is no number"),
        pytest.param(POST + b"Content-Length: -1\r\n\r\n{}", 400, id="negative length"),
        pytest.param(POST + b"Content-Length: 100\r\n\r\n{}", 400, id="less than announced"),
        pytest.param(POST + b"Expect: wonders\r\nContent-Length: 2\r\n\r\n{}", 417, id="expectation"),
        pytest.param(POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, id="broken chunk"),
        pytest.param(
            POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400, id="whole chunks"
        ),
        pytest.param(
            POST + b"Transfer-Encoding: chunked\r\n\r\n" + MEBIBYTE_CHUNK * 20, 413, id="endless chunks"
        ),
        pytest.param(POST + b"Content-Length: 30000000\r\n\r\n{}", 413, id="announced beyond the limit"),
    ],
)
def test_broken_http_is_answered_in_json_and_the_next_call_is_served(
    served: ServedService, sent: bytes, status: int
) -> None:
    answered, head, body = exchange(served.base_url, sent)
    assert answered == status
    assert b"Content-Type: application/json" in head
    assert b"Access-Control-Allow-Origin: *" in head
    assert json.loads(body)["resourceType"] == "OperationOutcome"
    assert loopback_session().get(f"{served.base_url}/healthz", timeout=20).ok


@pytest.fixture(scope="module")
def hurried() -> Iterator[str]:
    """A service with few threads that waits a second for a request."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CDS_RECEIVE_TIMEOUT_SECONDS", "1")
        with running_service("--workers", "1", "--threads", "2") as base_url:
            yield base_url


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(POST + b"Content-Length: 1000\r\n\r\n{", id="body that never ends"),
        pytest.param(POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{", id="chunk that never ends"),
        pytest.param(b"POST /cds-services HTTP/1.1\r\nHost: x\r\nX-", id="headers that never end"),
        pytest.param(b"", id="silence"),
    ],
)
def test_senders_that_never_finish_do_not_keep_others_waiting(hurried: str, sent: bytes) -> None:
    with ExitStack() as stack:
        for _ in range(8):
            stack.enter_context(connection_to(hurried)).sendall(sent)
        # Eight of them on two threads take four turns of a second; for ever is what must not be.
        assert loopback_session().get(f"{hurried}/healthz", timeout=20).ok


def test_a_body_that_comes_too_slowly_is_answered_with_408(hurried: str) -> None:
    with connection_to(hurried) as connection:
        connection.sendall(POST + b"Content-Length: 1000\r\n\r\n{")
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"Access-Control-Allow-Origin: *" in head
    assert json.loads(body)["issue"][0]["code"] == "timeout"


def test_a_byte_now_and_then_does_not_prolong_the_time_of_a_request(hurried: str) -> None:
    with connection_to(hurried) as connection:
        connection.sendall(POST + b"Content-Length: 1000\r\n\r\n{")
        begun = time.monotonic()
        connection.settimeout(0.1)
        while not _has_answered(connection) and time.monotonic() - begun < 20:
            connection.sendall(b" ")
        assert time.monotonic() - begun < 10


def _has_answered(connection: socket) -> bool:
    try:
        return bool(connection.recv(1))
    except TimeoutError:
        return False


def test_a_sender_that_reads_nothing_before_it_has_sent_all_gets_its_413(served: ServedService) -> None:
    answer = loopback_session().post(
        served.base_url + SELECT, data=b" " * 25_000_000, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413


def test_one_connection_serves_several_calls(served: ServedService) -> None:
    session = loopback_session()
    answers = [session.post(served.base_url + SELECT, json=knee_request(), timeout=20) for _ in range(5)]
    assert [answer.json() for answer in answers] == [{"cards": []}] * 5


def test_the_log_is_one_json_object_a_line_without_the_patient(served: ServedService) -> None:
    body = knee_request(hookInstance="log-check")
    loopback_session().post(served.base_url + SELECT, json=body, timeout=20)
    text = served.log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["status"] for line in lines if line.get("hook_instance") == "log-check"] == [200]
    assert PATIENT_ID not in text
