"""Every line that is written during a call says to which call it belongs, and holds nothing of a patient."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from cds_service.access.outgoing import Answer
from cds_service.app import Services, configure_logging, create_app
from cds_service.feedback.kept import KeptEntry
from cds_service.feedback.stored import StoredFeedback
from cds_service.store import StoreUnavailable
from tests.access.fhir_services import TOKEN, ask, fixture, lacking, offering, service
from tests.feedback.reports import accepted
from tests.web.hook_calls import HOOK_INSTANCE, PATIENT_ID, SELECT, knee_request
from tests.web.signed_calls import CLINIC, CLINIC_EC, HOSPITAL, HOSPITAL_EC, call, world

Line = MutableMapping[str, Any]


@contextmanager
def lines_of_calls() -> Iterator[list[Line]]:
    """The lines with what is bound to the call, as they are written in production."""
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        yield lines
    for line in lines:
        assert PATIENT_ID not in str(line)
        assert TOKEN not in str(line)


class Breaks:
    """A way out with a fault of our own, whose text quotes what it was asked for."""

    def get(self, url: str, *, headers: Mapping[str, str], **_: Any) -> Answer:
        raise RuntimeError(f"{url} {headers} {PATIENT_ID}")


class Gone:
    """A table in a database that is not there."""

    def prepare(self) -> None:
        raise StoreUnavailable("OperationalError")

    def add(self, entries: Sequence[KeptEntry]) -> None:
        raise AssertionError("not reached")


def named(lines: list[Line], event: str) -> list[Line]:
    return [line for line in lines if line["event"] == event]


def test_a_fault_in_another_thread_has_the_hook_instance_of_its_call(services: Services) -> None:
    body = offering(lacking(fixture("r1-not-indicated"), "observations"), "http://127.0.0.1:9/fhir")
    with service(services, outgoing=Breaks()) as client, lines_of_calls() as lines:
        ask(client, body)
    (fault,), (line,) = named(lines, "fault in a FHIR read"), named(lines, "call")
    assert fault["hook_instance"] == line["hook_instance"] == body["hookInstance"]
    assert fault["call_id"] == line["call_id"]


def test_a_fault_of_the_service_has_the_hook_instance_of_its_call(services: Services) -> None:
    def broken() -> str:
        raise RuntimeError(PATIENT_ID)

    client = create_app(services=dataclasses.replace(services, new_uuid=broken)).test_client()
    body = fixture("r4-cauda-equina")
    with lines_of_calls() as lines:
        client.post(SELECT, json=body)
    (fault,) = named(lines, "fault")
    assert fault["hook_instance"] == body["hookInstance"]


@pytest.mark.parametrize(
    ("signer", "issuer", "profiles", "event"),
    [
        pytest.param(HOSPITAL_EC, HOSPITAL, {"hospital": {"jwks_url": "http://127.0.0.1:9/"}}, "key-set-not-fetched", id="keys"),
        pytest.param(CLINIC_EC, CLINIC, {}, "replay-check-degraded", id="used tokens"),
    ],
)  # fmt: skip
def test_what_is_told_before_the_body_is_read_has_the_id_of_its_call(
    services: Services, tmp_path: Path, signer: Any, issuer: str, profiles: Any, event: str
) -> None:
    gone = f"sqlite:///{tmp_path}/nowhere/tokens.sqlite3"
    with world(services, tmp_path, database=gone, **profiles) as known:
        token = known.token(signer, issuer)
        with lines_of_calls() as lines:
            call(known.client, token)
    (warning,), (line,) = named(lines, event), named(lines, "call")
    assert warning["call_id"] == line["call_id"]
    assert token not in str(lines)


def test_a_call_has_its_id_and_its_hook_instance(services: Services) -> None:
    client = create_app(services=services).test_client()
    with lines_of_calls() as lines:
        client.post(SELECT, json=knee_request())
        client.post(SELECT, json=knee_request())
    first, second = named(lines, "call")
    assert first["hook_instance"] == second["hook_instance"] == HOOK_INSTANCE
    assert first["call_id"] != second["call_id"]
    assert len(first["call_id"]) == 16


def test_nothing_of_one_call_is_said_of_the_next_in_the_same_thread(services: Services) -> None:
    gone = StoredFeedback(Gone(), {}, comments=False)
    client = create_app(services=dataclasses.replace(services, feedback=gone)).test_client()
    with lines_of_calls() as lines:
        client.post(SELECT, json=knee_request())
        answer = client.post(f"{SELECT}/feedback", json={"feedback": [accepted(PATIENT_ID)]})
    assert answer.status_code == 503
    hook, feedback = named(lines, "call")
    assert "hook_instance" not in feedback
    assert feedback["call_id"] != hook["call_id"]


def test_the_lines_of_production_have_what_is_bound_to_the_call(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    try:
        configure_logging("info")
        structlog.contextvars.bind_contextvars(call_id="0123456789abcdef")
        structlog.get_logger().warning("something")
    finally:
        structlog.contextvars.clear_contextvars()
        structlog.configure(**before)
    assert '"call_id": "0123456789abcdef"' in capsys.readouterr().err


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_watchers_leave_no_line(services: Services, path: str) -> None:
    client = create_app(services=services).test_client()
    with lines_of_calls() as lines:
        client.get(path)
    assert lines == []


def test_a_stranger_who_asks_for_metrics_leaves_one(services: Services) -> None:
    client = create_app(services=services).test_client()
    with lines_of_calls() as lines:
        client.get("/metrics", headers={"X-Forwarded-For": PATIENT_ID})
    assert [(line["endpoint"], line["status"]) for line in lines] == [("operations.metrics", 404)]
