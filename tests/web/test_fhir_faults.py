"""Whatever a FHIR server does: an answer in time, which says what is unread, and the token goes nowhere else."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from cds_service.access.clients import ClientProfile
from cds_service.access.guarded_get import GuardedOutgoing
from cds_service.app import Services
from tests.access.bad_server import (
    Asked,
    BadServer,
    Behaviour,
    Wire,
    answer,
    bad_server,
    closes,
    endless_body,
    fhir,
    gzipped,
    half_then_close,
    half_then_reset,
    in_turn,
    json_of,
    nobody,
    redirect,
    says,
    slow_body,
    slow_headers,
)
from tests.access.fhir_services import (
    HURRIED,
    STRICT,
    TOKEN,
    Body,
    Record,
    ask,
    fixture,
    lacking,
    offering,
    said,
    service,
)

# What a busy machine may add to a call beside its waiting.
MARGIN_SECONDS = 2.0
NOT_INDICATED = (200, "not-indicated", ())
UNREAD = (200, "unclear", ("Observation",))
REFUSED = (412, "", ())
BODY = fixture("r1-not-indicated")
EMPTY: Body = {"resourceType": "Bundle", "type": "searchset", "total": 0}
OUTCOME: Body = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


def page(next_one: str) -> Body:
    return {"resourceType": "Bundle", "type": "searchset", "link": [{"relation": "next", "url": next_one}]}


def endless_pages(asked: Asked, wire: Wire) -> None:
    fhir(page(f"?page={asked.query.count('x')}{asked.query[-60:]}x"))(asked, wire)


def looping_pages(asked: Asked, wire: Wire) -> None:
    fhir(page("?page=b" if asked.query == "page=a" else "?page=a"))(asked, wire)


@dataclass(frozen=True)
class TowardsEvil:
    """A behaviour that names the address of another server, which each test knows when it has started one."""

    make: Callable[[str], Behaviour]


Fault = Behaviour | TowardsEvil


# Each: what the server does, why the key is unread, how often it was asked (None: it depends on the machine).
FAULTS: list[Any] = [
    pytest.param(slow_headers(), "too slow", 1, id="slow headers"),
    pytest.param(slow_body(), "too slow", 1, id="slow body"),
    pytest.param(endless_body(), "too large", 1, id="endless body"),
    pytest.param(endless_pages, {"too many pages", "too late", "too slow"}, None, id="endless paging"),
    pytest.param(looping_pages, "pages in a loop", 3, id="loop of pages"),
    pytest.param(TowardsEvil(lambda evil: fhir(page(f"{evil}/fhir?page=2"))), "next page elsewhere", 1, id="next page at another origin"),
    pytest.param(answer(json_of(EMPTY), content_type="text/plain"), "another content type", 1, id="wrong content type"),
    pytest.param(answer(json_of(EMPTY)), "another content type", 1, id="no content type"),
    pytest.param(answer(b"<html>Login</html>", content_type="text/html"), "another content type", 1, id="HTML"),
    pytest.param(answer(b"<html>", content_type="application/fhir+json"), "invalid JSON", 1, id="HTML as JSON"),
    pytest.param(answer(b'{"resourceType": ', content_type="application/fhir+json"), "invalid JSON", 1, id="invalid JSON"),
    pytest.param(answer(b"", content_type="application/fhir+json"), "invalid JSON", 1, id="empty body"),
    pytest.param(answer(b'{"a": "\xff"}', content_type="application/fhir+json"), "invalid JSON", 1, id="not UTF-8"),
    pytest.param(answer(b"[" * 500_000, content_type="application/fhir+json"), "nests too deep", 1, id="deep JSON"),
    pytest.param(answer(b'{"resourceType": "Bundle", "entry": ' + b"[" * 80 + b"]" * 80 + b"}", content_type="application/fhir+json"), "nests too deep", 1, id="rather deep JSON"),
    pytest.param(answer(b"null", content_type="application/fhir+json"), "not FHIR", 1, id="null"),
    pytest.param(answer(b'["Bundle"]', content_type="application/fhir+json"), "not FHIR", 1, id="JSON list"),
    pytest.param(fhir({"resourceType": "Observation", "id": "x"}), "no Bundle", 1, id="resource for a search"),
    pytest.param(fhir(OUTCOME), "OperationOutcome", 1, id="OperationOutcome"),
    pytest.param(fhir({**EMPTY, "entry": [{"resource": OUTCOME}]}), "OperationOutcome", 1, id="OperationOutcome in a Bundle"),
    pytest.param(TowardsEvil(lambda evil: redirect(f"{evil}/fhir")), "redirect", 1, id="301 to another origin"),
    pytest.param(answer(b"", 304), "redirect", 1, id="304"),
    pytest.param(fhir(EMPTY, 206), "status 206", 1, id="206"),
    pytest.param(fhir(OUTCOME, 401), "status 401", 1, id="401"),
    pytest.param(fhir(OUTCOME, 403), "status 403", 1, id="403"),
    pytest.param(fhir(OUTCOME, 404), "status 404", 1, id="404"),
    pytest.param(fhir(OUTCOME, 410), "status 410", 1, id="410"),
    pytest.param(fhir(OUTCOME, 429), "status 429", 3, id="429"),
    pytest.param(fhir(OUTCOME, 429, retry_after="0"), "status 429", 3, id="429 with Retry-After of now"),
    pytest.param(fhir(OUTCOME, 429, retry_after="3600"), "status 429", 1, id="429 with Retry-After of an hour"),
    pytest.param(fhir(OUTCOME, 429, retry_after="9" * 5_000), "status 429", 1, id="429 with endless Retry-After"),
    pytest.param(fhir(OUTCOME, 429, retry_after="Wed, 21 Oct 2099 07:28:00 GMT"), "status 429", 1, id="429 with Retry-After of a far date"),
    pytest.param(fhir(OUTCOME, 429, retry_after="soon"), "status 429", 3, id="429 with odd Retry-After"),
    pytest.param(fhir(OUTCOME, 500), "status 500", 1, id="500"),
    pytest.param(fhir(OUTCOME, 502), "status 502", 3, id="502"),
    pytest.param(fhir(OUTCOME, 503), "status 503", 3, id="503"),
    pytest.param(fhir(OUTCOME, 504), "status 504", 3, id="504"),
    pytest.param(half_then_reset(), "broke off", 1, id="half a body then reset"),
    pytest.param(half_then_close(), "broke off", 1, id="half a body then the end"),
    pytest.param(closes(), "broke off", 1, id="no word at all"),
    pytest.param(says(b"SSH-2.0-OpenSSH_9.0\r\n\r\n"), {"sent no HTTP", "broke off"}, 1, id="no HTTP"),
    pytest.param(gzipped(json_of(EMPTY)), "compressed", 1, id="compressed"),
]  # fmt: skip


@pytest.fixture(scope="module")
def evil() -> Iterator[BadServer]:
    """A server that must never hear of the token; it would give an answer that clears the patient."""
    with bad_server(lambda _: fhir(EMPTY)) as running:
        yield running


@pytest.fixture
def record(services: Services) -> Record:
    return Record(BODY, services.guideline.prefetch)


@pytest.fixture(scope="module")
def client(services: Services) -> Iterator[FlaskClient]:
    """One service for all faults, so that each is served after the one before."""
    with service(services, max_bytes=1_000_000, pace=HURRIED) as running:
        yield running


def timed(client: FlaskClient, body: Body) -> tuple[Any, Any]:
    """What the service said, and the line that it wrote; in time, and without the token."""
    started = time.monotonic()
    with capture_logs() as lines:
        answered = ask(client, body)
    assert time.monotonic() - started < HURRIED.call_seconds + MARGIN_SECONDS
    assert TOKEN not in answered.get_data(as_text=True) + repr(lines)
    (line,) = (line for line in lines if line["event"] == "call")
    return said(answered), line


def made_for(fault: Fault, evil: BadServer) -> Behaviour:
    return fault.make(evil.url) if isinstance(fault, TowardsEvil) else fault


@pytest.mark.rule("PFD-3", "FA-3", "FA-7", "FA-9")
@pytest.mark.parametrize(("fault", "reason", "times"), FAULTS)
def test_a_fault_of_the_fhir_server_leaves_the_key_unread(
    client: FlaskClient, record: Record, evil: BadServer, fault: Fault, reason: Any, times: int | None
) -> None:
    made = made_for(fault, evil)
    record.instead, record.rest = {"observations": made}, made
    with bad_server(record) as server:
        request = offering(lacking(BODY, "observations"), f"{server.url}/fhir")
        told, line = timed(client, request)
        assert told == UNREAD
        assert line["read_reasons"]["observations"] in ({reason} if isinstance(reason, str) else reason)
        assert times is None or len(server.requests) == line["fhir_requests"] == times
        assert {asked.headers["authorization"] for asked in server.requests} == {f"Bearer {TOKEN}"}
        assert evil.requests == []
        record.instead = {}
        assert timed(client, request)[0] == NOT_INDICATED


@pytest.mark.rule("PFD-3", "RESP-5")
@pytest.mark.parametrize(("fault", "reason"), [pytest.param(*row.values[:2], id=row.id) for row in FAULTS])
def test_where_every_read_meets_a_fault_the_answer_is_412(
    client: FlaskClient, record: Record, evil: BadServer, fault: Fault, reason: Any
) -> None:
    made = made_for(fault, evil)
    record.instead, record.rest = dict.fromkeys(record.queries, made), made
    with bad_server(record) as server:
        request = offering(lacking(BODY), f"{server.url}/fhir")
        told, _ = timed(client, request)
    if "page" in str(reason):  # the first one came, so something was read, and the card names the rest
        assert told[:2] == (200, "unclear")
        assert {"Condition", "Observation"} <= set(told[2])
    else:
        assert told == REFUSED
    assert evil.requests == []


@pytest.mark.parametrize(
    "kind", ["connection refused", "DNS failure", "TLS failure", "wrong name on the certificate"]
)
def test_a_server_that_cannot_be_reached_leaves_the_key_unread(
    services: Services, record: Record, tmp_path: Path, kind: str
) -> None:
    authority = trustme.CA()
    profile, outgoing, reason = STRICT, GuardedOutgoing(), "cannot be reached"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    name = "elsewhere.example" if kind.startswith("wrong") else "localhost"
    authority.issue_cert(name).configure_cert(context)
    with nobody() as refusing, bad_server(record, tls=context, host="localhost") as server:
        address = f"{refusing}/fhir"
        match kind:
            case "DNS failure":
                address = "https://fhir.invalid/fhir"
                profile = ClientProfile(name="named", fhir_servers=(address,))
                outgoing, reason = GuardedOutgoing(resolve=no_such_name), "name not found"
            case "TLS failure":
                address, reason = f"{server.url}/fhir", "certificate not trusted"
            case "wrong name on the certificate":
                authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
                profile = STRICT.model_copy(update={"ca_file": tmp_path / "ca.pem"})
                address, reason = f"{server.url}/fhir", "certificate not trusted"
        with service(services, profile, outgoing=outgoing, pace=HURRIED) as client:
            told, line = timed(client, offering(lacking(BODY, "observations"), address))
            assert (told, line["read_reasons"]["observations"]) == (UNREAD, reason)
            assert timed(client, offering(lacking(BODY), address))[0] == REFUSED
            assert timed(client, BODY)[0] == NOT_INDICATED
        assert server.requests == []


def no_such_name(host: str, port: int) -> Sequence[str]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_a_server_with_a_certificate_of_the_profiles_authority_is_read(
    services: Services, record: Record, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    profile = STRICT.model_copy(update={"ca_file": tmp_path / "ca.pem"})
    with bad_server(record, tls=context, host="localhost") as server, service(services, profile) as client:
        request = offering(lacking(BODY, "observations"), f"{server.url}/fhir")
        assert timed(client, request)[0] == NOT_INDICATED
        assert server.seen("authorization") == [f"Bearer {TOKEN}"]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize("failures", [1, 2])
def test_a_server_that_asks_for_patience_is_asked_again(
    client: FlaskClient, record: Record, status: int, failures: int
) -> None:
    busy = answer(b"", status, retry_after="0")
    record.instead = {"observations": in_turn(*[busy] * failures, fhir(record.held["observations"]))}
    with bad_server(record) as server:
        request = offering(lacking(BODY, "observations"), f"{server.url}/fhir")
        told, line = timed(client, request)
    assert (told, line["fhir_retries"]) == (NOT_INDICATED, failures)


@pytest.mark.parametrize("status", [404, 410])
def test_a_patient_whom_the_server_does_not_know_is_unread(
    client: FlaskClient, record: Record, status: int
) -> None:
    record.instead = {"patient": fhir(OUTCOME, status)}
    with bad_server(record) as server:
        told, _ = timed(client, offering(lacking(BODY, "patient"), f"{server.url}/fhir"))
    assert told == (200, "unclear", ("Patient",))
