"""Two services on one PostgreSQL: what one is told the other knows, and the tables are made once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from cds_service.local_service import loopback_session, running_service
from cds_service.settings import environment_with
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
from tests.databases import GivenDatabase
from tests.feedback.reports import new_card, overridden, stored
from tests.web.hook_calls import SELECT, knee_request


@pytest.fixture(scope="module")
def signer() -> Signer:
    return ec_signer("ward-1")


@pytest.fixture
def both(postgres_database: GivenDatabase, signer: Signer, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The addresses of two services that were started at once on an empty database."""
    (tmp_path / "keys.json").write_text(json.dumps(key_set(signer)))
    (tmp_path / "clients.toml").write_text(WARD_CLIENTS)
    environment = environment_with(
        database_url=postgres_database.url, clients=str(tmp_path / "clients.toml"), public_base_url=BASE_URL
    )
    with ExitStack() as stack, ThreadPoolExecutor(2) as together:
        started = together.map(
            lambda name: stack.enter_context(
                running_service("--workers", "2", environment=environment, log=tmp_path / name)
            ),
            ("one.jsonl", "other.jsonl"),
        )
        one, other = started
        yield one, other


def token(signer: Signer, path: str) -> str:
    now = int(time.time())
    claims = claims_of(WARD, path, iat=now, exp=now + 300)
    return "Bearer " + signed(header_of(signer), claims, signer.key, signer.algorithm)


def post(base_url: str, path: str, authorization: str, body: object) -> requests.Response:
    # A connection of its own for each call, so that any process may take it.
    with loopback_session() as session:
        return session.post(base_url + path, headers={"Authorization": authorization}, json=body, timeout=30)


@pytest.mark.rule("JWT-8")
def test_two_services_on_one_database_are_one(
    both: tuple[str, str], signer: Signer, postgres_database: GivenDatabase, tmp_path: Path
) -> None:
    one, other = both
    # Migrated once, and neither had to start without its tables.
    assert postgres_database.rows("SELECT count(*) FROM alembic_version") == [(1,)]
    for name in ("one.jsonl", "other.jsonl"):
        assert "feedback-not-kept" not in (tmp_path / name).read_text()
    # A feedback posted to one is seen by the other.
    for base_url in both:
        report = {"feedback": [overridden(card := new_card())]}
        path = f"{SELECT}/feedback"
        assert post(base_url, path, token(signer, path), report).json() == {"accepted": 1}
        assert stored(postgres_database, "card, client")[-1] == (card, "ward")
    # A token that was used at one is refused at the other, and the other way round.
    for first, second in ((one, other), (other, one)):
        used = token(signer, SELECT)
        assert post(first, SELECT, used, knee_request()).status_code == 200
        assert [post(second, SELECT, used, knee_request()).status_code for _ in range(4)] == [401] * 4
