"""Whatever a server does, the caller has an answer or a reason in its time, and the next call is served."""

import datetime
import logging
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
import trustme

from cds_service.access.guarded_connections import Opener, connect
from cds_service.access.guarded_get import GuardedOutgoing
from cds_service.access.outgoing import REASONS, Answer, Forbidden, NotFetched, Reach
from tests.access.bad_server import (
    Behaviour,
    after,
    answer,
    bad_server,
    closes,
    endless_body,
    fhir,
    gzipped,
    half_then_close,
    half_then_reset,
    huge_header,
    in_turn,
    many_headers,
    nobody,
    redirect,
    says,
    silent,
    slow_body,
    slow_headers,
)

LOOPBACK = Reach(loopback=True)
SECONDS = 0.4
MARGIN = 1.0  # generous: it tells a deadline from a timeout for each byte, not a fast machine from a slow one
TOKEN = "Bearer very-secret"  # noqa: S105
OK = b'{"resourceType": "Patient"}'


def fetch(
    url: str,
    outgoing: GuardedOutgoing | None = None,
    *,
    reach: Reach = LOOPBACK,
    seconds: float = 10,
    max_bytes: int = 100_000,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    return (outgoing or GuardedOutgoing()).get(
        url,
        headers={"Authorization": TOKEN} if headers is None else headers,
        reach=reach,
        ends=time.monotonic() + seconds,
        max_bytes=max_bytes,
    )


def reason_of(url: str, outgoing: GuardedOutgoing | None = None, **settings: object) -> str:
    """Why nothing was fetched; also holds that the reason is one of the list, and alone."""
    with pytest.raises(NotFetched) as refusal:
        fetch(url, outgoing, **settings)  # type: ignore[arg-type]
    assert refusal.value.args == (refusal.value.reason,)
    assert refusal.value.reason in REASONS
    return refusal.value.reason


@contextmanager
def ends_in_time(seconds: float = SECONDS) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds + MARGIN


@dataclass
class Trusted:
    """An authority of this test alone."""

    authority: trustme.CA
    reach: Reach
    names_asked: list[str | None] = field(default_factory=list)

    def server(self, name: str, not_after: datetime.datetime | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(name, not_after=not_after).configure_cert(context)
        context.sni_callback = lambda _, asked, __: self.names_asked.append(asked)
        return context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> Trusted:
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    return Trusted(authority, Reach(loopback=True, ca_file=tmp_path / "authority.pem"))


MISBEHAVIOUR = [
    pytest.param(slow_headers(), "too slow", id="slow headers"),
    pytest.param(slow_body(), "too slow", id="slow body"),
    pytest.param(after(60, answer(OK)), "too slow", id="nothing for a minute"),
    pytest.param(endless_body(b" " * 100), "too large", id="endless body in small pieces"),
    pytest.param(endless_body(), "too large", id="endless body"),
    pytest.param(says(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 200_000), "too large", id="large without a length"),
    pytest.param(answer(b" " * 200_000), "too large", id="large with a length"),
    pytest.param(
        says(b"HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n"), "too large", id="said to be large"
    ),
    pytest.param(huge_header(), "too large", id="huge header"),
    pytest.param(says(b"H" * 1_000_000), "too large", id="huge first line"),
    pytest.param(many_headers(), "sent no HTTP", id="a thousand headers"),
    pytest.param(half_then_reset(), "broke off", id="half a body then reset"),
    pytest.param(half_then_close(), "broke off", id="half a body then the end"),
    pytest.param(
        says(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{}"), "broke off", id="half a chunk"
    ),
    pytest.param(
        says(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}"),
        "broke off",
        id="no length of a chunk",
    ),
    pytest.param(closes(), "broke off", id="the end without a word"),
    pytest.param(lambda asked, wire: wire.reset(), "broke off", id="reset without a word"),
    pytest.param(says(b"SSH-2.0-OpenSSH_9.6\r\n"), "sent no HTTP", id="no HTTP"),
    pytest.param(says(b"\x00\xff\x00\xff\r\n\r\n"), "sent no HTTP", id="bytes"),
    pytest.param(says(b"HTTP/2.0 200 OK\r\n\r\n"), "sent no HTTP", id="another version of HTTP"),
    pytest.param(says(b"HTTP/1.1 OK\r\n\r\n"), "sent no HTTP", id="no status"),
    pytest.param(
        says(b"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), "sent no HTTP", id="an answer before"
    ),
    pytest.param(
        says(b"HTTP/1.1 200 OK\r\ncontent-length: 1, 2\r\n\r\n{}"), "sent no HTTP", id="two lengths in one"
    ),
    pytest.param(gzipped(OK), "compressed", id="gzip although it was not asked for"),
    pytest.param(answer(OK, content_encoding="br"), "compressed", id="another compression"),
]


@pytest.mark.parametrize(("behaviour", "reason"), MISBEHAVIOUR)
def test_a_server_that_misbehaves_costs_its_time_and_no_more(behaviour: Behaviour, reason: str) -> None:
    outgoing = GuardedOutgoing()
    with bad_server({"/bad": behaviour, "/good": answer(OK)}) as server:
        fetch(f"{server.url}/good", outgoing)
        with ends_in_time():
            assert reason_of(f"{server.url}/bad", outgoing, seconds=SECONDS) == reason
        assert fetch(f"{server.url}/good", outgoing).body == OK


@pytest.mark.parametrize(("behaviour", "reason"), MISBEHAVIOUR)
def test_a_server_that_misbehaves_over_tls_costs_the_same(
    behaviour: Behaviour, reason: str, trusted: Trusted
) -> None:
    outgoing = GuardedOutgoing()
    behaviours = {"/bad": behaviour, "/good": answer(OK)}
    with bad_server(behaviours, tls=trusted.server("127.0.0.1")) as server:
        fetch(f"{server.url}/good", outgoing, reach=trusted.reach)
        with ends_in_time():
            assert reason_of(f"{server.url}/bad", outgoing, reach=trusted.reach, seconds=SECONDS) == reason
        assert fetch(f"{server.url}/good", outgoing, reach=trusted.reach).body == OK


@pytest.mark.parametrize("status", [200, 204, 301, 304, 400, 401, 403, 404, 410, 429, 500, 503, 599])
def test_every_status_is_an_answer(status: int) -> None:
    with bad_server({"/": answer(b"", status, retry_after="3")}) as server:
        got = fetch(server.url)
    assert (got.status, got.body, got.headers["retry-after"]) == (status, b"", "3")


def test_an_answer_has_its_headers_in_lower_case() -> None:
    said = b"HTTP/1.1 200 OK\r\nETag: W/1\r\nLINK: <a>\r\nlink: <b>\r\ncontent-length: 2\r\n\r\n{}"
    with bad_server({"/": says(said)}) as server:
        got = fetch(server.url)
    assert got == Answer(200, {"etag": "W/1", "link": "<a>, <b>", "content-length": "2"}, b"{}")


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"content-length: 2\r\n\r\n{}", id="length"),
        pytest.param(b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", id="chunks"),
        pytest.param(b"\r\n{}", id="the end of the connection"),
    ],
)
def test_a_body_is_read_whole_in_each_of_its_forms(said: bytes) -> None:
    with bad_server({"/": says(b"HTTP/1.1 200 OK\r\n" + said)}) as server:
        assert fetch(server.url).body == b"{}"


@pytest.mark.parametrize(("length", "fits"), [(99, True), (100, True), (101, False)])
@pytest.mark.parametrize("framed", [True, False], ids=["with a length", "without"])
def test_a_body_has_at_most_the_bytes_that_are_allowed(length: int, fits: bool, framed: bool) -> None:
    body = b" " * length
    behaviour = answer(body) if framed else says(b"HTTP/1.1 200 OK\r\n\r\n" + body)
    with bad_server({"/": behaviour}) as server:
        if fits:
            assert len(fetch(server.url, max_bytes=100).body) == length
        else:
            assert reason_of(server.url, max_bytes=100) == "too large"


def test_a_token_and_a_body_are_not_in_what_is_written_about_an_answer() -> None:
    assert "secret" not in repr(Answer(200, {"location": "secret"}, b"secret"))


def test_escapes_are_sent_as_they_came() -> None:
    with bad_server({}) as server:
        fetch(f"{server.url}/Patient/%41%7E?name=%41%2C%7E")
    assert [asked.target for asked in server.requests] == ["/Patient/%41%7E?name=%41%2C%7E"]


def test_the_request_says_what_was_asked_and_little_of_who_asks() -> None:
    with bad_server({"/fhir/Patient": answer(OK)}) as server:
        fetch(f"{server.url}/fhir/Patient?_id=1&code=a|b", headers={"Authorization": TOKEN, "Accept": "x/y"})
    (asked,) = server.requests
    assert (asked.method, asked.target) == ("GET", "/fhir/Patient?_id=1&code=a%7Cb")
    assert asked.headers == {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": "lumbar-mri-cds",
        "authorization": TOKEN,
        "accept": "x/y",
        "accept-encoding": "identity",
    }


@pytest.mark.parametrize("name", ["Accept-Encoding", "accept-encoding"])
def test_no_caller_asks_for_compression(name: str) -> None:
    with bad_server({"/": answer(OK)}) as server:
        fetch(server.url, headers={name: "gzip"})
    assert server.seen("accept-encoding") == ["identity"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("Authorization", "Bearer a\r\nX-Other: b", id="line end"),
        pytest.param("Authorization", "Bearer a\nb", id="half a line end"),
        pytest.param("Authorization", "Bearer a\x00b", id="null byte"),
        pytest.param("Authorization", "Bearer ä", id="not ASCII"),
        pytest.param("Authorization", "Bearer \u2028", id="line separator"),
        pytest.param("Authorization", " Bearer a", id="space before"),
        pytest.param("Authorization", "", id="empty"),
        pytest.param("X Y", "z", id="space in the name"),
        pytest.param("X:", "z", id="colon in the name"),
        pytest.param("", "z", id="no name"),
    ],
)
def test_a_header_that_is_none_is_not_sent(name: str, value: str) -> None:
    with bad_server({"/": answer(OK)}) as server:
        assert reason_of(server.url, headers={name: value}) == "header not allowed"
        assert server.connections == 0


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"content-length: 2\r\n\r\n{}", id="length"),
        pytest.param(b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", id="chunks"),
    ],
)
def test_a_connection_is_used_again(said: bytes) -> None:
    outgoing = GuardedOutgoing()
    with bad_server({"/": lambda asked, wire: wire.send(b"HTTP/1.1 200 OK\r\n" + said)}) as server:
        for _ in range(3):
            fetch(server.url, outgoing)
        assert (server.connections, len(server.requests)) == (1, 3)


def test_a_secure_connection_is_used_again(trusted: Trusted) -> None:
    outgoing = GuardedOutgoing()
    with bad_server({"/": answer(OK)}, tls=trusted.server("127.0.0.1")) as server:
        for _ in range(3):
            fetch(server.url, outgoing, reach=trusted.reach)
        assert (server.connections, len(server.requests)) == (1, 3)


def test_reads_side_by_side_each_get_their_own_answer() -> None:
    outgoing = GuardedOutgoing()
    got: list[bytes] = []
    with bad_server(lambda asked: after(0.05, answer(asked.path.encode()))) as server:
        readers = [
            threading.Thread(
                target=lambda number=number: got.append(fetch(f"{server.url}/{number}", outgoing).body)
            )
            for number in range(16)
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    assert sorted(got) == sorted(f"/{number}".encode() for number in range(16))


def test_a_kept_connection_that_the_server_gave_up_is_replaced() -> None:
    outgoing = GuardedOutgoing()
    with bad_server({"/": in_turn(answer(OK), closes(), answer(OK))}) as server:
        fetch(server.url, outgoing)
        assert fetch(server.url, outgoing).body == OK
        assert [asked.connection for asked in server.requests] == [1, 1, 2]


def test_a_new_connection_that_breaks_off_is_not_tried_again() -> None:
    with bad_server({"/": closes()}) as server:
        assert reason_of(server.url) == "broke off"
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "last",
    [
        pytest.param(b"connection: close\r\ncontent-length: 2\r\n\r\n{}", id="as it said"),
        pytest.param(b"content-length: 2\r\n\r\n{}", id="without a word"),
    ],
)
def test_what_follows_a_connection_that_ended_is_a_new_one(last: bytes) -> None:
    outgoing = GuardedOutgoing()
    ending = says(b"HTTP/1.1 200 OK\r\n" + last)
    with bad_server({"/": in_turn(ending, closes(), answer(OK))}) as server:
        fetch(server.url, outgoing)
        time.sleep(0.2)  # so that the end has come
        assert reason_of(server.url, outgoing) == "broke off"
        assert [asked.connection for asked in server.requests] == [1, 2]


def test_the_connection_of_an_answer_that_was_not_read_whole_is_not_used_again() -> None:
    outgoing = GuardedOutgoing()
    with bad_server({"/big": answer(b" " * 1000), "/": answer(OK)}) as server:
        assert reason_of(f"{server.url}/big", outgoing, max_bytes=100) == "too large"
        assert fetch(server.url, outgoing).body == OK
        assert server.connections == 2


def test_a_connection_is_not_lent_to_a_narrower_reach(trusted: Trusted) -> None:
    outgoing = GuardedOutgoing(resolve=lambda host, port: ["127.0.0.1"])
    with bad_server({"/": answer(OK)}, tls=trusted.server("fhir.test"), host="fhir.test") as server:
        fetch(server.url, outgoing, reach=trusted.reach)
        narrower = Reach(ca_file=trusted.reach.ca_file)
        assert reason_of(server.url, outgoing, reach=narrower) == "address not allowed"
        assert reason_of(server.url, outgoing, reach=LOOPBACK) == "certificate not trusted"
        assert len(server.requests) == 1


# TLS


def test_a_certificate_of_a_named_authority_is_trusted_for_its_name(trusted: Trusted) -> None:
    outgoing = GuardedOutgoing(resolve=lambda host, port: ["127.0.0.1"])
    with bad_server({"/": answer(OK)}, tls=trusted.server("fhir.test"), host="fhir.test") as server:
        assert fetch(server.url, outgoing, reach=trusted.reach).body == OK
        assert server.seen("host") == [f"fhir.test:{server.port}"]
    assert trusted.names_asked == ["fhir.test"]


def test_a_certificate_of_another_authority_is_not_trusted(trusted: Trusted) -> None:
    with bad_server({"/": answer(OK)}, tls=trusted.server("127.0.0.1")) as server:
        assert reason_of(server.url) == "certificate not trusted"
        assert server.requests == []


@pytest.mark.parametrize("name", ["other.test", "fhir.test.other", "localhost", "127.0.0.1"])
def test_a_certificate_for_another_name_is_not_trusted(name: str, trusted: Trusted) -> None:
    outgoing = GuardedOutgoing(resolve=lambda host, port: ["127.0.0.1"])
    with bad_server({"/": answer(OK)}, tls=trusted.server(name), host="fhir.test") as server:
        assert reason_of(server.url, outgoing, reach=trusted.reach) == "certificate not trusted"
        assert server.requests == []


@pytest.mark.parametrize(("days", "is_trusted"), [(-1, False), (1, True)])
def test_a_certificate_is_trusted_until_it_expires(days: int, is_trusted: bool, trusted: Trusted) -> None:
    ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    with bad_server({"/": answer(OK)}, tls=trusted.server("127.0.0.1", not_after=ends)) as server:
        if is_trusted:
            assert fetch(server.url, reach=trusted.reach).body == OK
        else:
            assert reason_of(server.url, reach=trusted.reach) == "certificate not trusted"
            assert server.requests == []


def test_http_where_tls_should_be_is_no_secure_connection(trusted: Trusted) -> None:
    with bad_server({"/": answer(OK)}) as server:
        url = server.url.replace("http:", "https:")
        # Whether its words or its goodbye come first is not ours to say.
        assert reason_of(url, reach=trusted.reach) in ("no secure connection", "broke off")
        assert server.requests == []


def test_tls_where_http_should_be_is_no_http(trusted: Trusted) -> None:
    with bad_server({"/": answer(OK)}, tls=trusted.server("127.0.0.1")) as server:
        assert reason_of(server.url.replace("https:", "http:")) in ("broke off", "sent no HTTP")
        assert server.requests == []


def test_an_old_version_of_tls_is_no_secure_connection(trusted: Trusted) -> None:
    old = trusted.server("127.0.0.1")
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with bad_server({"/": answer(OK)}, tls=old) as server:
        assert reason_of(server.url, reach=trusted.reach) == "no secure connection"


def test_a_handshake_that_never_ends_is_too_slow(trusted: Trusted) -> None:
    with silent() as port, ends_in_time():
        url = f"https://127.0.0.1:{port}/"
        assert reason_of(url, reach=trusted.reach, seconds=SECONDS) == "too slow"


@pytest.mark.parametrize("content", [None, "no certificate"], ids=["absent", "unreadable"])
def test_a_file_of_authorities_that_cannot_be_used_trusts_nobody(
    content: str | None, tmp_path: Path, trusted: Trusted
) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_text(content, encoding="utf-8")
    with bad_server({"/": answer(OK)}, tls=trusted.server("127.0.0.1")) as server:
        assert reason_of(server.url, reach=Reach(loopback=True, ca_file=ca_file)) == "no secure connection"
        assert server.connections == 0


# Names and connections


def test_a_refused_connection_cannot_be_reached() -> None:
    with nobody() as url:
        assert reason_of(url) == "cannot be reached"


@pytest.mark.parametrize(
    "failure", [OSError("no such name"), UnicodeError("label too long")], ids=["unknown", "unreadable"]
)
def test_a_name_without_an_address_is_not_found(failure: Exception) -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        raise failure

    assert reason_of("https://fhir.test/", GuardedOutgoing(resolve)) == "name not found"


def test_a_name_with_no_answers_is_not_found() -> None:
    assert reason_of("https://fhir.test/", GuardedOutgoing(lambda host, port: [])) == "name not found"


def test_the_next_address_of_a_name_is_tried() -> None:
    outgoing = GuardedOutgoing(resolve=lambda host, port: ["127.0.0.2", "127.0.0.1"])
    with bad_server({"/": answer(OK)}, host="localhost") as server:
        assert fetch(server.url, outgoing).body == OK


def test_an_address_that_hangs_leaves_time_for_the_next() -> None:
    def connect_slowly(address: IPv4Address | IPv6Address, port: int, seconds: float) -> socket.socket:
        if str(address) == "127.0.0.2":
            time.sleep(seconds)
            raise TimeoutError
        return connect(address, port, seconds)

    outgoing = GuardedOutgoing(lambda host, port: ["127.0.0.2", "127.0.0.1"], connect_slowly)
    with bad_server({"/": answer(OK)}, host="localhost") as server:
        assert fetch(server.url, outgoing, seconds=3).body == OK


def test_addresses_that_all_hang_are_too_slow() -> None:
    def connect_never(address: IPv4Address | IPv6Address, port: int, seconds: float) -> socket.socket:
        time.sleep(seconds)
        raise TimeoutError

    outgoing = GuardedOutgoing(lambda host, port: ["127.0.0.2", "127.0.0.1"], connect_never)
    with ends_in_time():
        assert reason_of("https://fhir.test/", outgoing, seconds=SECONDS) == "too slow"


def test_a_connection_that_stands_has_all_the_time_that_is_left() -> None:
    opener = Opener(LOOPBACK, lambda host, port: ["127.0.0.1", "127.0.0.2"], connect, threading.Semaphore(1))
    with silent() as port, opener.open("fhir.test", port, 10, encrypted=True) as opened:
        assert 8 < (opened.gettimeout() or 0) <= 10


@contextmanager
def hanging() -> Iterator[tuple[Callable[[str, int], Sequence[str]], list[str]]]:
    """A resolver that answers nothing until the test is over, and the names that it was asked."""
    asked: list[str] = []
    over = threading.Event()

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        over.wait(30)
        return []

    try:
        yield resolve, asked
    finally:
        over.set()


def test_a_resolver_that_hangs_is_too_slow() -> None:
    with hanging() as (resolve, _), ends_in_time():
        outgoing = GuardedOutgoing(resolve)
        assert reason_of("https://fhir.test/", outgoing, seconds=SECONDS) == "too slow"


def test_lookups_that_hang_are_bounded_and_hold_nobody_up_after_them() -> None:
    with hanging() as (resolve, asked):
        outgoing = GuardedOutgoing(resolve, lookups=threading.Semaphore(2))
        reason_of("https://fhir.test/", outgoing, seconds=0)  # reads the authorities, which takes time once
        for number in range(4):
            with ends_in_time():
                assert reason_of(f"https://{number}.test/", outgoing, seconds=0.1) == "too slow"
        assert asked == ["0.test", "1.test"]
    for thread in threading.enumerate():
        if thread.name == "lookup":
            thread.join(timeout=5)
    assert outgoing.lookups.acquire(blocking=False)


@pytest.mark.parametrize("seconds", [0, -1])
def test_without_time_nothing_is_sent(seconds: float) -> None:
    with bad_server({"/": answer(OK)}) as server:
        assert reason_of(server.url, seconds=seconds) == "too slow"
        assert server.connections == 0


# What must not leak


def test_a_redirect_to_another_origin_carries_nothing_there() -> None:
    with bad_server({"/": answer(OK)}) as other, bad_server() as server:
        server.behaviours = {"/": redirect(f"{other.url}/")}
        got = fetch(server.url)
        assert (got.status, got.headers["location"]) == (301, f"{other.url}/")
        assert (server.seen("authorization"), other.connections) == ([TOKEN], 0)


def test_a_cookie_is_not_sent_back() -> None:
    outgoing = GuardedOutgoing()
    with bad_server({"/": answer(OK, set_cookie="session=1; Path=/")}) as server:
        for _ in range(2):
            fetch(server.url, outgoing)
        assert server.seen("cookie") == []


def test_the_token_of_one_call_is_not_in_the_next() -> None:
    outgoing = GuardedOutgoing()
    with bad_server({"/": answer(OK)}) as server:
        fetch(server.url, outgoing)
        fetch(server.url, outgoing, headers={})
        assert server.seen("authorization") == [TOKEN]


def test_the_environment_has_no_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password word", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    with bad_server({"/": answer(OK)}) as proxy, bad_server({"/": answer(OK)}) as server:
        for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        fetch(server.url, headers={})
        assert (proxy.connections, server.seen("authorization")) == (0, [])


def test_the_environment_names_no_authority(trusted: Trusted, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(trusted.reach.ca_file))
    with bad_server({"/": answer(OK)}, tls=trusted.server("127.0.0.1")) as server:
        assert reason_of(server.url) == "certificate not trusted"


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(fhir({}), id="an answer"),
        pytest.param(says(b"HTTP/1.1 200 OK\r\nno header secret\r\n\r\n{}"), id="a header that is none"),
        pytest.param(half_then_close(), id="broken off"),
        pytest.param(closes(), id="no answer"),
    ],
)
def test_nothing_of_a_request_is_logged(behaviour: Behaviour, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with bad_server({"/secret": behaviour}) as server:
        with suppress(NotFetched):
            fetch(f"{server.url}/secret")
        assert len(server.requests) == 1
    assert caplog.records == []


def test_nothing_of_an_address_is_in_a_refusal() -> None:
    with pytest.raises(Forbidden) as refusal:
        fetch("https://user:secret@fhir.test/")
    assert "secret" not in repr(refusal.value)


def test_nothing_hangs_on_to_what_failed() -> None:
    with bad_server({"/secret": half_then_close()}) as server, pytest.raises(NotFetched) as refusal:
        fetch(f"{server.url}/secret")
    assert (refusal.value.__cause__, refusal.value.__context__) == (None, None)
