"""A protected service as production runs it: several processes, one database, a body that nobody asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from cds_service.local_service import loopback_session, running_service
from tests.access.signers import (
    BASE_URL,
    WARD,
    WARD_CLIENTS,
    Signer,
    claims_of,
    ec_signer,
    header_of,
    key_set,
    signed,
)
from tests.web.hook_calls import SELECT, knee_request


@pytest.fixture(scope="module")
def signer() -> Signer:
    return ec_signer("ward-1")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Iterator[pytest.MonkeyPatch]:
    """The settings of a protected service."""
    folder = tmp_path_factory.mktemp("protected")
    (folder / "keys.json").write_text(json.dumps(key_set(signer)))
    (folder / "clients.toml").write_text(WARD_CLIENTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDS_CLIENTS", str(folder / "clients.toml"))
        patch.setenv("CDS_PUBLIC_BASE_URL", BASE_URL)
        patch.setenv("CDS_DATABASE_URL", f"sqlite:///{folder}/tokens.sqlite3")
        yield patch


@pytest.fixture(scope="module")
def protected(environment: pytest.MonkeyPatch) -> Iterator[str]:
    with running_service("--workers", "3") as base_url:
        yield base_url


def token(signer: Signer) -> str:
    now = int(time.time())
    claims = claims_of(WARD, SELECT, iat=now, exp=now + 300)
    return signed(header_of(signer), claims, signer.key, signer.algorithm)


def post(base_url: str, authorization: str, **body: Any) -> requests.Response:
    # A connection of its own for each call, so that any process may take it.
    with loopback_session() as session:
        return session.post(base_url + SELECT, headers={"Authorization": authorization}, timeout=30, **body)


@pytest.mark.rule("JWT-8")
def test_a_token_is_good_once_whichever_process_takes_the_call(protected: str, signer: Signer) -> None:
    for _ in range(3):
        used = f"Bearer {token(signer)}"
        statuses = [post(protected, used, json=knee_request()).status_code for _ in range(8)]
        assert statuses == [200] + [401] * 7


@pytest.mark.rule("JWT-8")
def test_a_token_stays_used_in_a_service_that_starts_later(protected: str, signer: Signer) -> None:
    used, new = (f"Bearer {token(signer)}" for _ in range(2))
    assert post(protected, used, json=knee_request()).status_code == 200
    with running_service("--workers", "1") as later:
        assert [post(later, one, json=knee_request()).status_code for one in (used, new)] == [401, 200]


@pytest.mark.rule("SEC-7")
def test_a_large_body_behind_a_bad_token_is_refused_like_any_other(protected: str) -> None:
    usual = post(protected, "Bearer x.y.z", json={})
    large = post(protected, "Bearer x.y.z", data=b"x" * 8_000_000)
    assert (large.status_code, large.content) == (401, usual.content)


def test_two_authorization_headers_are_refused_by_the_real_server(protected: str, signer: Signer) -> None:
    body = json.dumps(knee_request()).encode()
    connection = HTTPConnection(urlsplit(protected).netloc, timeout=30)
    with closing(connection):
        connection.putrequest("POST", SELECT)
        for _ in range(2):
            connection.putheader("Authorization", f"Bearer {token(signer)}")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        assert connection.getresponse().status == 401


def test_a_key_file_that_holds_a_private_key_stops_the_start(tmp_path: Path, signer: Signer) -> None:
    private = {**signer.key.as_dict(private=True), "kid": "ward-1"}
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [private]}))
    (tmp_path / "clients.toml").write_text(WARD_CLIENTS)
    command = [sys.executable, "-m", "cds_service", "clients"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDS_CLIENTS", str(tmp_path / "clients.toml"))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()) == (
        1,
        ["The file of clients is broken.", "keys.json: public keys to check with; key 1 is private"],
    )


def test_a_database_address_that_means_nothing_stops_the_start(environment: pytest.MonkeyPatch) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDS_DATABASE_URL", "nosuch://user:secret@host/db")
        command = [sys.executable, "-m", "cds_service", "clients"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "CDS_DATABASE_URL names no database" in done.stderr
    assert "secret" not in done.stderr


def test_an_open_service_loads_nothing_that_checks_tokens() -> None:
    code = (
        "import sys; from cds_service.app import build_services, create_app; "
        "from cds_service.settings import Settings; create_app(services=build_services(Settings())); "
        "print(sorted({'alembic', 'cryptography', 'joserfc', 'sqlalchemy'} & set(sys.modules)))"
    )
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=plain)
    assert done.stdout.strip() == "[]"
