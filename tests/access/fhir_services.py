"""The service before a FHIR server on loopback that holds a fixture's record, and misbehaves where a test says."""

import copy
import dataclasses
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service.access.clients import ClientProfile, Clients
from cds_service.access.fhir_reads import FhirReader
from cds_service.access.guarded_get import GuardedOutgoing
from cds_service.access.outgoing import Outgoing
from cds_service.access.read_pool import ReadPool
from cds_service.app import Services, create_app
from cds_service.settings import Settings
from tests.access.bad_server import Asked, Behaviour, answer, fhir

Body = dict[str, Any]


class Pace(NamedTuple):
    """How long a call may read, and how long each request may take."""

    call_seconds: float
    request_seconds: float


FIXTURES = Path(__file__).parent.parent.parent / "fhir_fixtures"
TOKEN = "opaque-test-token-001"  # noqa: S105
AUTHORIZATION = {
    "access_token": TOKEN,
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "user/*.read",
    "subject": "lumbar-mri-cds",
}
# Time enough for a busy machine, and as little as it can do with where something hangs.
PATIENT = Pace(call_seconds=20.0, request_seconds=10.0)
HURRIED = Pace(call_seconds=3.0, request_seconds=1.0)
STRICT = ClientProfile(name="strict", loopback=True)


def fixture(name: str) -> Body:
    """The request of one fixture with every key that the shipped guideline asks for, `examinations` too."""
    body: Body = json.loads((FIXTURES / f"{name}.request.json").read_text(encoding="utf-8"))
    body["prefetch"].setdefault("examinations", {"resourceType": "Bundle", "type": "searchset"})
    return body


def offering(body: Body, url: str, **authorization: Any) -> Body:
    """The request with a FHIR server and a token for it; `...` leaves a member of the authorization out."""
    granted = {name: value for name, value in {**AUTHORIZATION, **authorization}.items() if value is not ...}
    return {**body, "fhirServer": url, "fhirAuthorization": granted}


def lacking(body: Body, *keys: str) -> Body:
    """The request without these keys of its prefetch; without any prefetch where none is named."""
    if not keys:
        return {name: value for name, value in body.items() if name != "prefetch"}
    return {**body, "prefetch": {key: value for key, value in body["prefetch"].items() if key not in keys}}


def sending(body: Body, key: str, value: Any) -> Body:
    """The request with another value under a key of its prefetch."""
    return {**body, "prefetch": {**body["prefetch"], key: value}}


class Record:
    """What a FHIR server holds of a fixture: an answer for each key's query, and another one where it is set."""

    def __init__(self, body: Body, templates: Mapping[str, str], base: str = "/fhir") -> None:
        context = body["context"]
        self.base = base
        self.queries = {
            key: template.replace("{{context.patientId}}", context["patientId"]).replace(
                "{{context.encounterId}}", context["encounterId"]
            )
            for key, template in templates.items()
        }
        self.held = copy.deepcopy(body["prefetch"])
        self.instead: dict[str, Behaviour] = {}
        self.others: dict[str, Behaviour] = {}
        self.rest: Behaviour = answer(b"", 404)

    def __call__(self, asked: Asked) -> Behaviour:
        key = self.key_of(asked.target)
        if key is not None:
            return self.instead.get(key) or fhir(self.held[key])
        return self.others.get(asked.target) or self.others.get(asked.path) or self.rest

    def key_of(self, target: str) -> str | None:
        """The prefetch key that a request is for."""
        return next((key for key, query in self.queries.items() if target == f"{self.base}/{query}"), None)


@contextmanager
def service(
    services: Services,
    client: ClientProfile = STRICT,
    *,
    outgoing: Outgoing | None = None,
    threads: int = 32,
    pace: Pace = PATIENT,
    max_bytes: int = 2_000_000,
) -> Iterator[FlaskClient]:
    """An HTTP client of a service that reads from FHIR servers for one client."""
    reader = services.fhir
    assert reader is not None
    pool = ReadPool(threads)
    changed: FhirReader = dataclasses.replace(
        reader,
        outgoing=outgoing or GuardedOutgoing(),
        pool=pool,
        request_seconds=pace.request_seconds,
        max_bytes=max_bytes,
    )
    changed_services = dataclasses.replace(
        services,
        settings=Settings(fhir_call_seconds=pace.call_seconds),
        clients=Clients(client=(client,)),
        fhir=changed,
    )
    try:
        yield create_app(services=changed_services).test_client()
    finally:
        pool.close()


def ask(client: FlaskClient, body: Body) -> TestResponse:
    """The answer to a hook request."""
    return client.post(f"/cds-services/lumbar-mri-{body['hook']}", json=body)


def decisions(response: TestResponse) -> list[Body]:
    """The decision behind each card of the guideline."""
    assert response.status_code == 200, response.get_json()
    cards = response.get_json()["cards"]
    key = "org.lumbar-mri-cds.decision"
    return [card["extension"][key] for card in cards if key in card.get("extension", {})]


def said(response: TestResponse) -> tuple[int, str, tuple[str, ...]]:
    """Status, outcome and unread types of an answer about one order; no outcome where it was refused."""
    if response.status_code != 200:
        return response.status_code, "", ()
    (decision,) = decisions(response)
    return 200, decision["outcome"], tuple(decision.get("unread", ()))


def advice(response: TestResponse) -> Any:
    """The cards without what is fresh in every answer."""
    return _without_uuids(response.get_json())


def _without_uuids(value: Any) -> Any:
    match value:
        case dict():
            return {name: _without_uuids(member) for name, member in value.items() if name != "uuid"}
        case list():
            return [_without_uuids(member) for member in value]
    return value
