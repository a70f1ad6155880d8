"""Whom headers of a proxy are believed, and that no answer depends on them."""

import dataclasses
import http.client
import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from cds_service.app import Services, create_app
from cds_service.local_service import running_service
from cds_service.settings import Settings
from tests.bench_records import make_prefetch_request
from tests.conftest import ServedService
from tests.web.hook_calls import SELECT
from tests.web.raw_http import exchange

FORGED = {
    "host": {"Host": "evil.example"},
    "host with a port": {"Host": "evil.example:81"},
    "host that is no host": {"Host": "evil.example/<script>"},
    "forwarded host": {"X-Forwarded-Host": "evil.example"},
    "forwarded scheme": {"X-Forwarded-Proto": "https"},
    "forwarded scheme by other names": {"X-Forwarded-Protocol": "ssl", "X-Forwarded-Ssl": "on"},
    "forwarded for": {"X-Forwarded-For": "10.0.0.1", "X-Real-Ip": "10.0.0.1"},
    "forwarded port": {"X-Forwarded-Port": "443"},
    "forwarded prefix": {"X-Forwarded-Prefix": "/evil", "X-Script-Name": "/evil"},
    "script name": {"Script-Name": "/evil", "Script_Name": "/cds-services", "Path_Info": "/healthz"},
    "forwarded": {"Forwarded": "for=10.0.0.1;host=evil.example;proto=https"},
    "original address": {"X-Original-Url": "/healthz", "X-Rewrite-Url": "/healthz"},
    "other method": {"X-Http-Method-Override": "DELETE"},
}
READ = ["/", "/cds-services", "/fhir/metadata", "/fhir/ValueSet?_id=fever", "/healthz", "/nope"]
OF_THE_MOMENT = {"Date"}


def ask(base_url: str, path: str, headers: dict[str, str]) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body as they came; a library of more comfort would not forge a host."""
    address = urlsplit(base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
    connection.putrequest("GET", path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    told = [(name, value) for name, value in answer.getheaders() if name not in OF_THE_MOMENT]
    body = answer.read()
    connection.close()
    return answer.status, told, body


@pytest.fixture(scope="module")
def behind_proxy() -> Iterator[str]:
    """A service that trusts a proxy on this machine."""
    with ExitStack() as running:
        # Only while it starts: services of other tests start meanwhile.
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("CDS_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8")
            base_url = running.enter_context(running_service("--workers", "1"))
        yield base_url


def without_moment(body: bytes) -> bytes:
    """The capability statement tells when it was asked."""
    told = json.loads(body)
    told.pop("date", None)
    return json.dumps(told).encode()


@pytest.mark.parametrize("path", READ)
@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
def test_forged_headers_change_no_byte_of_what_is_read(
    served: ServedService, behind_proxy: str, headers: dict[str, str], path: str
) -> None:
    for base_url in (served.base_url, behind_proxy):
        status, told, body = ask(base_url, path, {})
        forged_status, forged_told, forged_body = ask(base_url, path, headers)
        assert (forged_status, without_moment(forged_body)) == (status, without_moment(body))
        assert [header for header in forged_told if header[0] != "ETag"] == [
            header for header in told if header[0] != "ETag"
        ]
        assert b"evil" not in forged_body


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
def test_forged_headers_change_no_byte_of_a_card(services: Services, headers: dict[str, str]) -> None:
    answers = [
        client_with_numbered_cards(services).post(
            SELECT, json=make_prefetch_request(30, seed=1), headers=sent
        )
        for sent in ({}, headers)
    ]
    assert answers[0].get_json()["cards"]
    assert answers[0].data == answers[1].data
    assert answers[0].headers == answers[1].headers


def client_with_numbered_cards(services: Services) -> FlaskClient:
    numbers = count()
    return create_app(
        services=dataclasses.replace(
            services, new_uuid=lambda: f"00000000-0000-4000-8000-{next(numbers):012x}"
        )
    ).test_client()


# Of a sender who is believed, two schemes are a contradiction; of another, two words without meaning.
TWO_SCHEMES = (
    b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n\r\n"
)


def test_a_named_proxy_is_believed(behind_proxy: str) -> None:
    assert status_of(behind_proxy, TWO_SCHEMES) == 400


def test_nobody_is_believed_by_default_and_no_environment_of_the_server_changes_it() -> None:
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("CDS_TRUSTED_PROXIES", raising=False)  # of the service behind a proxy
        environment.setenv("FORWARDED_ALLOW_IPS", "*")
        environment.setenv("GUNICORN_CMD_ARGS", "--forwarded-allow-ips=*")
        with running_service("--workers", "1") as base_url:
            assert status_of(base_url, TWO_SCHEMES) == 200


def test_a_proxy_on_this_machine_is_nobody_unless_it_is_named(served: ServedService) -> None:
    assert status_of(served.base_url, TWO_SCHEMES) == 200


def status_of(base_url: str, sent: bytes) -> int:
    return exchange(base_url, sent)[0]


@pytest.mark.parametrize("value", ["*", "proxy.example", "10.0.0.1/8", "10.0.0.256", "127.0.0.1 10.0.0.1"])
def test_a_proxy_is_an_address_or_a_network_and_never_everybody(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("CDS_TRUSTED_PROXIES", value)
    with pytest.raises(ValueError, match="trusted_proxies"):
        Settings()


def test_proxies_are_named_between_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,::1")
    assert [str(network) for network in Settings().trusted_proxies] == [
        "127.0.0.1/32",
        "10.0.0.0/8",
        "::1/128",
    ]
