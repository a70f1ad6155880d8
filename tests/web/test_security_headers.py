"""What every answer says to browsers, and what none says of the software behind it."""

import dataclasses

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from cds_service.app import Services, create_app
from cds_service.local_service import loopback_session
from cds_service.settings import Settings
from cds_service.web import security_headers
from tests.conftest import ServedService
from tests.web.hook_calls import SELECT, knee_request
from tests.web.raw_http import exchange

EXPECTED = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
TLS = "Strict-Transport-Security"

ANSWERS = [
    pytest.param("GET", "/", 200, id="index"),
    pytest.param("GET", "/healthz", 200, id="health"),
    pytest.param("GET", "/cds-services", 200, id="discovery"),
    pytest.param("GET", "/fhir/metadata", 200, id="fhir"),
    pytest.param("GET", "/nope", 404, id="unknown address"),
    pytest.param("GET", SELECT, 405, id="wrong method"),
    pytest.param("POST", SELECT, 415, id="wrong content"),
    pytest.param("OPTIONS", SELECT, 204, id="preflight"),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_every_answer_binds_browsers(client: FlaskClient, method: str, path: str, status: int) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in EXPECTED} == EXPECTED
    assert TLS not in answer.headers  # the service listens without TLS here


def test_an_answer_with_cards_and_a_fault_bind_browsers_too(services: Services) -> None:
    def fails() -> str:
        raise RuntimeError

    client = create_app(services=dataclasses.replace(services, new_uuid=fails)).test_client()
    for answer in (
        client.post(SELECT, json=knee_request()),
        client.post(SELECT, data=b"{", content_type="x/y"),
    ):
        assert {name: answer.headers[name] for name in EXPECTED} == EXPECTED
    app = create_app(services=services)
    app.add_url_rule("/fault", "fault", fails)
    fault = app.test_client().get("/fault")
    assert fault.status_code == 500
    assert {name: fault.headers[name] for name in EXPECTED} == EXPECTED


@pytest.mark.parametrize(
    ("public_base_url", "bound"),
    [("https://cds.example/x", True), ("http://cds.example", False), ("", False)],
)
def test_browsers_are_bound_to_tls_only_where_clients_come_by_tls(
    services: Services, public_base_url: str, bound: bool
) -> None:
    settings = Settings(public_base_url=public_base_url)
    client = create_app(services=dataclasses.replace(services, settings=settings)).test_client()
    for path in ("/cds-services", "/nope"):
        assert client.get(path).headers.get(TLS) == ("max-age=31536000" if bound else None)


def test_a_page_may_say_its_own_policy() -> None:
    app = Flask("page")
    security_headers.register(app, Settings())

    @app.get("/")
    def page() -> Response:
        return Response("<p>", headers={"Content-Security-Policy": "default-src 'self'"})

    headers = app.test_client().get("/").headers
    assert headers.getlist("Content-Security-Policy") == ["default-src 'self'"]
    assert headers["Referrer-Policy"] == "no-referrer"


# --- A served process -----------------------------------------------------------------------------------------

RAW = [
    pytest.param(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200, id="an answer"),
    pytest.param(b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200, id="a head"),
    pytest.param(b"GET /nope HTTP/1.0\r\n\r\n", 404, id="an old version"),
    pytest.param(b"OPTIONS / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 204, id="a preflight"),
    pytest.param(b"GARBAGE\r\n\r\n", 400, id="no HTTP"),
    pytest.param(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, id="a long address"),
    pytest.param(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431, id="many headers"),
]


@pytest.mark.parametrize(("sent", "status"), RAW)
def test_a_served_answer_binds_browsers_and_names_no_software(
    served: ServedService, sent: bytes, status: int
) -> None:
    answered, head, _ = exchange(served.base_url, sent)
    assert answered == status
    lines = head.decode("latin-1").split("\r\n")[1:]
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    assert len(headers) == len(lines)  # none comes twice
    assert {name: headers[name.lower()] for name in EXPECTED} == EXPECTED
    assert "server" not in headers
    assert not [word for word in ("gunicorn", "werkzeug", "python", "flask") if word in head.decode().lower()]


def test_a_kept_connection_names_no_software_either(served: ServedService) -> None:
    session = loopback_session()
    for _ in range(3):
        answer = session.post(served.base_url + SELECT, json=knee_request(), timeout=20)
        assert (answer.status_code, "Server" in answer.headers) == (200, False)
        assert answer.headers["Date"]
