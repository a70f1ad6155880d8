"""`/metrics`: who may read it, and what calls leave in it."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.app import Services, create_app
from cds_service.errors import FeedbackNotKept
from cds_service.feedback import FeedbackBatch
from cds_service.metrics import Metrics
from cds_service.settings import Settings
from tests.access.bad_server import bad_server, fhir
from tests.access.fhir_services import TOKEN, Record, ask, fixture, lacking, offering
from tests.access.fhir_services import service as reading_service
from tests.conftest import NOW
from tests.feedback.reports import accepted, overridden
from tests.web.hook_calls import HOOK_INSTANCE, PATIENT_ID, SELECT, SIGN, knee_request
from tests.web.metrics_text import value
from tests.web.signed_calls import world

SERVICE = "lumbar-mri-order-select"


class Gone:
    """A store that takes nothing."""

    def keep(self, batch: FeedbackBatch) -> None:
        raise FeedbackNotKept("OperationalError")


def counted(services: Services, **changes: Any) -> Services:
    """The same services, which have counted nothing yet."""
    return dataclasses.replace(services, metrics=Metrics(types(services)), **changes)


def types(services: Services) -> set[str]:
    return {query.partition("?")[0].partition("/")[0] for query in services.guideline.prefetch.values()}


@pytest.fixture
def fresh(services: Services) -> FlaskClient:
    return create_app(services=counted(services)).test_client()


def read(client: FlaskClient, peer: str = "127.0.0.1", **headers: str) -> Any:
    return client.get(
        "/metrics",
        environ_overrides={"REMOTE_ADDR": peer},
        headers={n.replace("_", "-"): v for n, v in headers.items()},
    )


@pytest.mark.parametrize(
    "peer",
    [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "10.0.0.1",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.7.7",
        "fd12::1",
        "::ffff:10.1.2.3",
    ],
)
def test_a_collector_on_this_machine_or_in_a_private_network_reads(fresh: FlaskClient, peer: str) -> None:
    answer = read(fresh, peer)
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")


@pytest.mark.parametrize(
    "peer",
    ["9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.169.0.0", "8.8.8.8", "2001:db8::1", "::ffff:8.8.8.8", "64:ff9b::a00:1", "", "not an address"],
    ids=lambda peer: peer or "none",
)  # fmt: skip
def test_for_everybody_else_there_is_nothing_there(fresh: FlaskClient, peer: str) -> None:
    answer = read(fresh, peer)
    assert (answer.status_code, answer.data) == (404, fresh.get("/nothing").data)


@pytest.mark.parametrize(
    "header", ["X_Forwarded_For", "X_Forwarded_Proto", "X_Real_IP", "Forwarded", "Via", "Origin"]
)
def test_what_comes_through_a_proxy_or_from_a_page_is_not_answered(fresh: FlaskClient, header: str) -> None:
    assert read(fresh, **{header: "10.0.0.1"}).status_code == 404


def test_no_header_lets_a_stranger_in(fresh: FlaskClient) -> None:
    assert read(fresh, "8.8.8.8", X_Forwarded_For="127.0.0.1").status_code == 404


@pytest.mark.parametrize(
    ("networks", "peer", "status"),
    [("203.0.113.7", "203.0.113.7", 200), ("203.0.113.0/24", "127.0.0.1", 404), ("", "127.0.0.1", 404)],
    ids=["the named one", "another", "nobody"],
)
def test_a_site_says_who_may_read(services: Services, networks: str, peer: str, status: int) -> None:
    settings = Settings.model_validate({"metrics_networks": networks})
    client = create_app(services=counted(services, settings=settings)).test_client()
    assert read(client, peer).status_code == status


def test_calls_are_counted_by_service_and_status(fresh: FlaskClient) -> None:
    fresh.post(SELECT, json=knee_request())
    fresh.post(SELECT, json=knee_request("order-sign"))
    fresh.post(SIGN, data=b"{")
    fresh.get("/cds-services")
    fresh.get("/fhir/metadata")
    fresh.get(f"/Patient/{PATIENT_ID}")
    fresh.get("/healthz")
    text = read(fresh).text
    assert value(text, "calls_total", service=SERVICE, status="200") == 1
    assert value(text, "calls_total", service=SERVICE, status="400") == 1
    assert value(text, "calls_total", service="lumbar-mri-order-sign") == 1
    assert value(text, "calls_total", service="discovery", status="200") == 1
    assert value(text, "calls_total", service="fhir", status="200") == 1
    assert value(text, "calls_total", service="other", status="404") == 1
    assert value(text, "calls_total") == 6
    assert value(text, "call_seconds_count") == 3
    assert value(text, "calls_in_progress") == 0


def test_a_call_that_fails_is_counted_and_no_longer_in_progress(services: Services) -> None:
    def broken() -> Any:
        raise RuntimeError

    client = create_app(services=counted(services, new_uuid=broken)).test_client()
    assert client.post(SELECT, json=fixture("r4-cauda-equina")).status_code == 500
    text = read(client).text
    assert value(text, "calls_total", service=SERVICE, status="500") == 1
    assert value(text, "calls_in_progress") == 0


def test_a_call_is_in_progress_while_it_is_answered(services: Services) -> None:
    seen: list[float] = []

    class Looks:
        def keep(self, batch: FeedbackBatch) -> None:
            seen.append(value(read(client).text, "calls_in_progress"))

    client = create_app(services=counted(services, feedback=Looks())).test_client()
    client.post(f"{SELECT}/feedback", json={"feedback": [accepted()]})
    assert seen == [1]


def test_decisions_and_what_was_unread_are_counted(fresh: FlaskClient) -> None:
    fresh.post(SELECT, json=fixture("r4-cauda-equina"))
    fresh.post(SELECT, json=lacking(fixture("r1-not-indicated"), "observations"))
    text = read(fresh).text
    assert value(text, "decisions_total", outcome="emergency", card="yes") == 1
    assert value(text, "decisions_total", outcome="unclear", card="yes") == 1
    assert value(text, "decisions_total") == 2
    assert value(text, "unread_total", type="Observation") == 1


def test_entries_of_feedback_are_counted_by_outcome(fresh: FlaskClient) -> None:
    fresh.post(f"{SELECT}/feedback", json={"feedback": [accepted(), overridden(), overridden()]})
    text = read(fresh).text
    assert value(text, "feedback_total", outcome="accepted") == 1
    assert value(text, "feedback_total", outcome="overridden") == 2
    assert value(text, "feedback_refused_total") == 0


@pytest.mark.parametrize(
    ("body", "why"),
    [
        pytest.param({"feedback": [{"card": PATIENT_ID}]}, "malformed", id="malformed"),
        pytest.param({"feedback": [accepted()]}, "database", id="database"),
        pytest.param({"feedback": "x" * 600_000}, "other", id="too large"),
    ],
)
def test_feedback_that_is_refused_is_counted_by_why(services: Services, body: Any, why: str) -> None:
    client = create_app(services=counted(services, feedback=Gone())).test_client()
    assert client.post(f"{SELECT}/feedback", json=body).status_code >= 400
    text = read(client).text
    assert value(text, "feedback_refused_total", why=why) == value(text, "feedback_refused_total") == 1
    assert value(text, "feedback_total") == 0


def test_feedback_of_nobody_we_know_is_counted_as_not_authenticated(
    services: Services, tmp_path: Path
) -> None:
    with world(counted(services), tmp_path) as known:
        known.client.post(f"{SELECT}/feedback", json={"feedback": [accepted()]})
        assert value(read(known.client).text, "feedback_refused_total", why="not authenticated") == 1


def test_reads_of_a_fhir_server_are_timed_and_their_failures_counted(services: Services) -> None:
    body = fixture("r1-not-indicated")
    record = Record(body, services.guideline.prefetch)
    record.instead = {"observations": fhir({"resourceType": "Bundle"}, 404)}
    with bad_server(record) as server, reading_service(counted(services)) as client:
        ask(client, offering(lacking(body, "observations", "conditions"), f"{server.url}/fhir"))
        text = read(client).text
    assert value(text, "fhir_read_seconds_count") == 2
    assert 0 < value(text, "fhir_read_seconds_sum") < 20
    assert (
        value(text, "fhir_read_failures_total", kind="status 4xx")
        == value(text, "fhir_read_failures_total")
        == 1
    )


@pytest.mark.parametrize(("days", "expired"), [(0, 0), (40_000, 1)], ids=["in time", "overdue"])
def test_an_overdue_review_is_told(services: Services, days: int, expired: int) -> None:
    guideline = dataclasses.replace(services.guideline, status="active")
    approval = dataclasses.replace(guideline.approval, next_review="2027-01-01")
    changed = counted(
        services,
        guideline=dataclasses.replace(guideline, approval=approval),
        clock=lambda: NOW + timedelta(days=days),
    )
    text = read(create_app(services=changed).test_client()).text
    assert value(text, "guideline_review_expired") == expired


def test_where_nothing_can_be_counted_the_collector_sees_a_failure_and_calls_are_answered(
    services: Services,
) -> None:
    client = create_app(
        services=dataclasses.replace(services, metrics=Metrics().of_all_processes(None))
    ).test_client()
    assert client.post(SELECT, json=knee_request()).status_code == 200
    assert read(client).status_code == 503


def test_nothing_of_a_patient_is_in_the_metrics(fresh: FlaskClient) -> None:
    body = fixture("r4-cauda-equina")
    body["hookInstance"] = HOOK_INSTANCE
    fresh.post(SELECT, json=offering(body, "https://ehr.example/fhir"))
    fresh.post(f"{SELECT}/feedback", json={"feedback": [overridden(PATIENT_ID)]})
    fresh.get(f"/Patient/{PATIENT_ID}")
    text = read(fresh).text
    for secret in (PATIENT_ID, body["context"]["patientId"], HOOK_INSTANCE, TOKEN, "ehr.example"):
        assert secret not in text
