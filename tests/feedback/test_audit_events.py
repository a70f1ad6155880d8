"""AuditEvents: valid R4, of every decision, and sent to the site's server alone and beside the calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle
from pydantic import SecretStr, ValidationError
from structlog.testing import capture_logs

from cds_service.access.audit_server import AuditRefused, AuditServer
from cds_service.app import Services
from cds_service.feedback.audit_events import audit_bundle, audit_event
from cds_service.settings import Settings
from cds_service.store import StoreUnavailable
from tests.access.fhir_services import fixture
from tests.feedback.decision_records import record
from tests.feedback.reports import CARD
from tests.feedback.test_decisions import Kept

SERVER = "https://audit.test.example/fhir"
TOKEN = "marked-audit-token"  # noqa: S105


def posted() -> dict[str, Any]:
    (call,) = responses.calls
    body: dict[str, Any] = json.loads(call.request.body or "")
    return body


@pytest.mark.parametrize(
    "changes",
    [{}, {"card": None, "silent": "hospice"}, {"practitioner": "p" * 32}, {"recommendations": "[]"}],
    ids=["a card", "silent", "with a practitioner", "without a recommendation"],
)
def test_an_event_is_valid_and_has_no_empty_member(changes: dict[str, Any]) -> None:
    event = audit_event(record(**changes))
    AuditEvent.model_validate(event)
    text = json.dumps(event)
    assert not any(empty in text for empty in (': ""', ": null", ": []", ": {}"))


def test_an_event_names_card_client_and_outcome() -> None:
    event = audit_event(record(outcome="emergency", client="epic"))
    (entity,) = event["entity"]
    assert entity["what"]["identifier"]["value"] == f"urn:uuid:{CARD}"
    assert {"type": "outcome", "valueString": "emergency"} in entity["detail"]
    assert event["agent"] == [{"name": "epic", "requestor": True}]
    assert event["recorded"] == "2026-01-15T09:30:00.000+00:00"


def test_a_bundle_creates_all_events_or_none() -> None:
    bundle = audit_bundle([record(), record(card=None)])
    Bundle.model_validate(bundle)
    assert (bundle["type"], len(bundle["entry"])) == ("transaction", 2)


@responses.activate
def test_events_are_posted_with_the_token() -> None:
    responses.post(SERVER, status=200)
    AuditServer(SERVER, SecretStr(TOKEN)).add([record()])
    assert posted()["entry"][0]["resource"]["resourceType"] == "AuditEvent"
    headers = responses.calls[0].request.headers
    assert (headers["Authorization"], headers["Content-Type"]) == (
        f"Bearer {TOKEN}", "application/fhir+json",
    )  # fmt: skip


@responses.activate
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, AuditRefused),
        (404, AuditRefused),
        (422, AuditRefused),
        (302, StoreUnavailable),
        (401, StoreUnavailable),
        (429, StoreUnavailable),
        (500, StoreUnavailable),
        (503, StoreUnavailable),
    ],
)
def test_what_may_be_taken_later_is_told_from_what_never_will(status: int, error: type[Exception]) -> None:
    responses.post(SERVER, status=status, headers={"Location": "https://elsewhere.test.example/"})
    with pytest.raises(error):
        AuditServer(SERVER, SecretStr(TOKEN)).add([record()])
    assert len(responses.calls) == 1  # no redirect is followed, with or without the token


@responses.activate
def test_a_server_that_cannot_be_reached_may_take_them_later() -> None:
    responses.post(SERVER, body=requests.ConnectionError(TOKEN))
    with pytest.raises(StoreUnavailable) as raised:
        AuditServer(SERVER, SecretStr(TOKEN)).add([record()])
    assert TOKEN not in str(raised.value)


@responses.activate
def test_each_decision_of_a_service_becomes_an_event_and_none_by_default(
    services: Services, tmp_path: Path
) -> None:
    responses.post(SERVER, status=200)
    silent = Kept(services, tmp_path / "without")
    silent.call(fixture("r1-not-indicated"))
    silent.services.decisions.close(10)
    assert len(responses.calls) == 0
    kept = Kept(services, tmp_path / "with", audit_url=SERVER, audit_token=SecretStr(TOKEN))
    card = kept.call(fixture("r4-cauda-equina"))["cards"][0]["uuid"]
    kept.services.decisions.close(10)
    assert card in json.dumps(posted())
    assert kept.rows("card") == [(card,)]


@responses.activate
def test_a_server_that_refuses_costs_the_event_and_neither_card_nor_record(
    services: Services, tmp_path: Path
) -> None:
    responses.post(SERVER, status=400)
    kept = Kept(services, tmp_path / "store", audit_url=SERVER, audit_token=SecretStr(TOKEN))
    with capture_logs() as lines:
        card = kept.call(fixture("r4-cauda-equina"))["cards"][0]["uuid"]
        assert kept.rows("card") == [(card,)]
    assert [line["error"] for line in lines if line["event"] == "decisions-not-kept"] == ["AuditRefused"]
    assert TOKEN not in str(lines)
    assert kept.services.decisions.dropped == 1


@pytest.mark.parametrize(
    "address",
    [
        "http://audit.test.example/fhir",
        "ftp://audit.test.example",
        "https://user:pw@audit.test.example",
        "audit",
    ],
)
def test_an_address_that_is_not_protected_is_refused_at_start(address: str) -> None:
    with pytest.raises(ValidationError):
        Settings(audit_url=address)


def test_a_server_on_this_machine_may_use_http() -> None:
    assert Settings(audit_url="http://127.0.0.1:8090/fhir/").audit_url == "http://127.0.0.1:8090/fhir"


def test_the_token_is_not_shown() -> None:
    assert TOKEN not in repr(Settings(audit_token=SecretStr(TOKEN)))
