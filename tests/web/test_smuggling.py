"""Requests whose end two servers could see in two places: refused, the connection closed, the next call served.

Behind a proxy, what one side takes for the rest of a body is a request of its own to the other.
"""

import json

import pytest

from cds_service.local_service import loopback_session
from tests.conftest import ServedService
from tests.web.hook_calls import SELECT, knee_request
from tests.web.raw_http import connection_to, everything_from

LINE = f"POST {SELECT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
SMUGGLED = b"GET /cds-services HTTP/1.1\r\nHost: smuggled\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
END = b"0\r\n\r\n"

REFUSED = {
    "length and chunks": (LINE + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n" + END, 400),
    "chunks and length": (LINE + CHUNKED + b"Content-Length: 5\r\n\r\n" + END, 400),
    "two lengths": (LINE + b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}", 400),
    "the same length twice": (LINE + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400),
    "a list of lengths": (LINE + b"Content-Length: 2, 2\r\n\r\n{}", 400),
    "a negative length": (LINE + b"Content-Length: -2\r\n\r\n{}", 400),
    "a length with a plus": (LINE + b"Content-Length: +2\r\n\r\n{}", 400),
    "a hexadecimal length": (LINE + b"Content-Length: 0x2\r\n\r\n{}", 400),
    "a length of letters": (LINE + b"Content-Length: two\r\n\r\n{}", 400),
    "an empty length": (LINE + b"Content-Length: \r\n\r\n{}", 400),
    "a length with an underscore": (LINE + b"Content-Length: 1_0\r\n\r\n{}", 400),
    "a superscript length": (LINE + b"Content-Length: \xb2\r\n\r\n{}", 400),
    "a folded header": (LINE + b"X-A: b\r\n c\r\nContent-Length: 2\r\n\r\n{}", 400),
    "a folded coding": (LINE + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + END, 400),
    "a space before the colon": (LINE + b"Content-Length : 2\r\n\r\n{}", 400),
    "a space before the name": (LINE + b" Content-Length: 2\r\n\r\n{}", 400),
    "a tab before the colon": (LINE + b"Transfer-Encoding\t: chunked\r\n\r\n" + END, 400),
    "a line feed alone": (LINE + b"X-A: b\nContent-Length: 2\r\n\r\n{}", 400),
    "a carriage return alone": (LINE + b"X-A: b\rContent-Length: 2\r\n\r\n{}", 400),
    "a zero byte": (LINE + b"X-A: b\x00\r\nContent-Length: 2\r\n\r\n{}", 400),
    "two hosts": (LINE + b"Host: y\r\nContent-Length: 2\r\n\r\n{}", 400),
    "chunks twice": (LINE + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + END, 400),
    "chunks in two headers": (LINE + CHUNKED + CHUNKED + b"\r\n" + END, 400),
    "chunks before another coding": (LINE + b"Transfer-Encoding: chunked, gzip\r\n\r\n" + END, 400),
    "identity for a coding": (LINE + b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}", 400),
    "a coding that ends otherwise": (LINE + b"Transfer-Encoding: gzip\r\n\r\n{}", 400),
    "a coding that nobody knows": (LINE + b"Transfer-Encoding: xchunked\r\n\r\n" + END, 501),
    "a coding in quotes": (LINE + b'Transfer-Encoding: "chunked"\r\n\r\n' + END, 501),
    "a vertical tab in the coding": (LINE + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + END, 400),
    "compressed chunks": (LINE + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n" + END, 415),
    "chunks in HTTP/1.0": (LINE.replace(b"1.1", b"1.0") + CHUNKED + b"\r\n" + END, 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "a chunk size with a sign": (LINE + CHUNKED + b"\r\n+2\r\n{}\r\n" + END, 400),
    "a negative chunk": (LINE + CHUNKED + b"\r\n-2\r\n{}\r\n" + END, 400),
    "a chunk size with a prefix": (LINE + CHUNKED + b"\r\n0x2\r\n{}\r\n" + END, 400),
    "a chunk size with a space": (LINE + CHUNKED + b"\r\n2 \r\n{}\r\n" + END, 400),
    "a chunk that is longer than it says": (LINE + CHUNKED + b"\r\n1\r\n{}\r\n" + END, 400),
    "a line feed after a chunk size": (LINE + CHUNKED + b"\r\n2\n{}\n0\n\n", 400),
    "an extension with a line feed": (LINE + CHUNKED + b"\r\n2;a=\n{}\r\n" + END, 400),
    "an extension with a carriage return": (LINE + CHUNKED + b"\r\n2;a\rb\r\n{}\r\n" + END, 400),
    "an extension without a name": (LINE + CHUNKED + b"\r\n2;=b\r\n{}\r\n" + END, 400),
    "a length in the trailer": (LINE + CHUNKED + b"\r\n2\r\n{}\r\n0\r\nContent-Length: 9\r\n\r\n", 400),
}


@pytest.mark.parametrize(("sent", "status"), REFUSED.values(), ids=REFUSED)
def test_a_request_that_ends_in_two_places_is_refused_and_the_connection_closed(
    served: ServedService, sent: bytes, status: int
) -> None:
    with connection_to(served.base_url) as connection:
        connection.sendall(sent + SMUGGLED)
        received = everything_from(connection)
    assert received.startswith(b"HTTP/1.1 %d " % status), received[:60]
    assert received.count(b"HTTP/1.1 ") == 1  # what was smuggled is no request
    assert json.loads(received.partition(b"\r\n\r\n")[2])["resourceType"] == "OperationOutcome"
    answer = loopback_session().post(served.base_url + SELECT, json=knee_request(), timeout=20)
    assert answer.json() == {"cards": []}


def test_a_chunk_extension_is_skipped_and_the_body_ends_where_it_should(served: ServedService) -> None:
    body = json.dumps(knee_request()).encode()
    chunks = b'%x;name="a;b\\"c"\r\n%s\r\n0;last\r\n\r\n' % (len(body), body)
    after = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with connection_to(served.base_url) as connection:
        connection.sendall(LINE + CHUNKED + b"\r\n" + chunks + after)
        received = everything_from(connection)
    assert received.count(b"HTTP/1.1 200 ") == 2
    assert b'{"cards":[]}' in received


@pytest.mark.parametrize(
    "header",
    [
        b"Content_Length: 0",
        b"Transfer_Encoding: chunked",
        b"Content_Type: text/html",
        b"X_Forwarded_Host: evil",
    ],
)
def test_a_name_with_an_underscore_is_not_taken_for_one_with_a_hyphen(
    served: ServedService, header: bytes
) -> None:
    body = json.dumps(knee_request()).encode()
    head = LINE + header + b"\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    with connection_to(served.base_url) as connection:
        connection.sendall(head + body)
        assert everything_from(connection).endswith(b'\r\n\r\n{"cards":[]}')


@pytest.mark.parametrize(
    ("head", "status"),
    [
        pytest.param(
            b"GET /" + b"a" * 4_000 + b" HTTP/1.1\r\nHost: x\r\n", 404, id="an address within the limit"
        ),
        pytest.param(b"GET /" + b"a" * 4_100 + b" HTTP/1.1\r\nHost: x\r\n", 414, id="one beyond it"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 98, 200, id="as many headers as allowed"
        ),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 100, 431, id="more"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 8_180 + b"\r\n", 200, id="a header within it"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 8_200 + b"\r\n", 431, id="a header beyond it"
        ),
    ],
)
def test_the_size_and_the_number_of_headers_are_limited(
    served: ServedService, head: bytes, status: int
) -> None:
    with connection_to(served.base_url) as connection:
        connection.sendall(head + b"Connection: close\r\n\r\n")
        assert everything_from(connection).startswith(b"HTTP/1.1 %d " % status)
