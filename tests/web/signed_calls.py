"""A service whose clients must prove who they are, and the calls that they make."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from cds_service.access.clients import ClientProfile, Clients
from cds_service.access.guarded_get import GuardedOutgoing
from cds_service.access.outgoing import Answer, Reach
from cds_service.app import Services, create_app
from cds_service.settings import Settings
from cds_service.wiring import make_token_checks
from tests.access.bad_server import BadServer, answer, bad_server, json_of, redirect
from tests.access.signers import (
    BASE_URL,
    TENANT,
    Signer,
    claims_of,
    ec_signer,
    header_of,
    key_set,
    rsa_signer,
    signed,
)
from tests.web.hook_calls import SELECT, knee_request

HOSPITAL = "https://ehr.hospital.example"
CLINIC = "https://ehr.clinic.example/"

# Of the hospital: two keys at its address. Of the clinic: one in a file.
HOSPITAL_EC, HOSPITAL_RSA = ec_signer("h-ec"), rsa_signer("h-rsa")
CLINIC_EC = ec_signer("c-ec")
# Nobody's: what an attacker has.
STRANGER_EC, STRANGER_RSA = ec_signer("s-ec"), rsa_signer("s-rsa")


class ShiftedClock:
    """The monotonic clock, which a test can move on."""

    def __init__(self) -> None:
        self.shift = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.shift


@dataclass
class Recording:
    """What the service sends, for real, by a clock that a test has moved on; and how often."""

    clock: ShiftedClock
    sends: GuardedOutgoing = field(default_factory=GuardedOutgoing)
    urls: list[str] = field(default_factory=list)

    def get(
        self, url: str, *, headers: Mapping[str, str], reach: Reach, ends: float, max_bytes: int
    ) -> Answer:
        self.urls.append(url)
        return self.sends.get(
            url, headers=headers, reach=reach, ends=ends - self.clock.shift, max_bytes=max_bytes
        )


class NotToBeRead:
    """A body that nobody may look at."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("the body was read before the token was found good")

    readline = readlines = __iter__ = read


@dataclass
class World:
    """The service, its clients' key server, and a server that nobody may ask anything."""

    services: Services
    client: FlaskClient
    outgoing: Recording
    clock: ShiftedClock
    keys: BadServer
    evil: BadServer
    published: dict[str, Any]

    @property
    def keys_url(self) -> str:
        """Where the hospital publishes its keys."""
        return f"{self.keys.url}/jwks.json"

    def token(
        self,
        signer: Signer = HOSPITAL_EC,
        issuer: str = HOSPITAL,
        path: str = SELECT,
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """A token that is right but for what is changed."""
        return signed(
            header_of(signer, **(header or {})),
            claims_of(issuer, path, **claims),
            signer.key,
            signer.algorithm,
        )

    def another_worker(self) -> FlaskClient:
        """The service in another process, as far as memory goes: only the database is the same."""
        return create_app(services=authenticating(self.services, self.outgoing, self.clock)).test_client()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def call(client: FlaskClient, token: str | None, path: str = SELECT, body: Any = None) -> TestResponse:
    """A call of a service, or of anything else that takes JSON."""
    headers = bearer(token) if token is not None else {}
    return client.post(path, json=knee_request() if body is None else body, headers=headers)


def call_without_body(client: FlaskClient, headers: Headers, path: str = SELECT) -> TestResponse:
    """A call whose body must not be read."""
    return client.post(
        path,
        headers=headers,
        content_type="application/json",
        environ_overrides={"wsgi.input": NotToBeRead(), "CONTENT_LENGTH": "100"},
    )


@contextmanager
def world(services: Services, folder: Path, **profiles: Any) -> Iterator[World]:
    """`profiles` changes members of the Clients, `hospital` and `clinic` those of a profile."""
    published = key_set(HOSPITAL_EC, HOSPITAL_RSA)
    # So that only the profile says which algorithms this key is good for.
    del published["keys"][1]["alg"]
    clinic_file = folder / "clinic-keys.json"
    clinic_file.write_text(json.dumps(key_set(CLINIC_EC)))
    with bad_server({}) as evil:
        routes = {
            "/jwks.json": lambda asked, wire: answer(json_of(published))(asked, wire),
            "/redirect.json": redirect(f"{evil.url}/jwks.json"),
        }
        with bad_server(routes) as keys:
            hospital = {
                "name": "hospital",
                "issuer": HOSPITAL,
                "jwks_url": f"{keys.url}/jwks.json",
                "loopback": True,
                "tenants": (TENANT,),
                **profiles.pop("hospital", {}),
            }
            clinic = ClientProfile(
                name="clinic", issuer=CLINIC, jwks_file=clinic_file, **profiles.pop("clinic", {})
            )
            others = profiles.pop("others", ())
            database = profiles.pop("database", f"sqlite:///{folder}/tokens.sqlite3")
            clients = Clients(client=(ClientProfile(**hospital), clinic, *others), **profiles)
            settings = Settings(public_base_url=BASE_URL, database_url=database)
            clock = ShiftedClock()
            outgoing = Recording(clock)
            bare = dataclasses.replace(services, settings=settings, clients=clients)
            ready = authenticating(bare, outgoing, clock)
            yield World(
                ready, create_app(services=ready).test_client(), outgoing, clock, keys, evil, published
            )


def authenticating(services: Services, outgoing: Recording, clock: ShiftedClock) -> Services:
    checks = make_token_checks(services.clients, services.settings, outgoing, clock)
    return dataclasses.replace(services, token_checks=checks)
