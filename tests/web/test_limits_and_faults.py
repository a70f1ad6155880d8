"""Size limits, faults inside, and what is remembered of them."""

import dataclasses
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from cds_service.app import Services, create_app
from cds_service.feedback import FeedbackBatch
from cds_service.settings import Settings
from tests.web.hook_calls import HOOK_INSTANCE, PATIENT_ID, SELECT, knee_request

FEEDBACK = {"feedback": [{"card": "c", "outcome": "overridden", "outcomeTimestamp": "2026-01-15T09:30:00Z"}]}


class KeepsAll:
    """A sink that shows what reached it."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, int]] = []

    def keep(self, batch: FeedbackBatch) -> None:
        self.kept.append((batch.service, len(batch.entries)))


class Fails:
    """A sink whose store is gone, and whose error quotes a patient."""

    def keep(self, batch: FeedbackBatch) -> None:
        raise RuntimeError(PATIENT_ID)


def client_with(services: Services, **changes: Any) -> FlaskClient:
    return create_app(services=dataclasses.replace(services, **changes)).test_client()


@pytest.mark.parametrize(("over", "status"), [(0, 200), (1, 413)], ids=["at the limit", "one byte over"])
@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "in chunks"])
def test_a_body_over_the_limit_is_413(services: Services, over: int, status: int, chunked: bool) -> None:
    client = client_with(services, settings=Settings(max_body_bytes=2_000))
    body = json.dumps(knee_request()).encode().ljust(2_000 + over)
    environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    answer = client.post(
        SELECT, data=body, content_type="application/json", environ_overrides=environ if chunked else {}
    )
    assert answer.status_code == status
    assert answer.content_type == "application/json"


def test_a_body_that_breaks_off_is_400(client: FlaskClient) -> None:
    answer = client.post(
        SELECT, data=b"{}", content_type="application/json", environ_overrides={"CONTENT_LENGTH": "100"}
    )
    assert (answer.status_code, answer.get_json()["issue"][0]["details"]["text"]) == (
        400,
        "The body did not arrive whole.",
    )


def test_feedback_reaches_the_sink_with_its_service(services: Services) -> None:
    sink = KeepsAll()
    client_with(services, feedback=sink).post(f"{SELECT}/feedback", json=FEEDBACK)
    assert sink.kept == [("lumbar-mri-order-select", 1)]


def test_a_fault_is_500_without_internals_and_the_next_call_is_served(services: Services) -> None:
    client = client_with(services, feedback=Fails())
    with capture_logs() as lines:
        answer = client.post(f"{SELECT}/feedback", json=FEEDBACK)
    assert (answer.status_code, answer.get_json()["resourceType"]) == (500, "OperationOutcome")
    assert PATIENT_ID not in answer.text + str(lines)
    fault = next(line for line in lines if line["event"] == "fault")
    assert fault["error"] == "RuntimeError"
    assert fault["at"][-1].startswith("test_limits_and_faults.py:")
    assert client.post(SELECT, json=knee_request()).status_code == 200


def test_one_line_a_call_says_what_happened_and_nothing_of_the_patient(client: FlaskClient) -> None:
    body = knee_request(hookInstance="abc\n\x1b[31m" + "x" * 200)
    with capture_logs() as lines:
        client.post(SELECT, json=body)
    (line,) = lines
    assert line["event"] == "call"
    assert line["service"] == "lumbar-mri-order-select"
    assert line["status"] == 200
    assert line["hook_instance"] == "abc[31m" + "x" * (64 - 9)
    assert {"total_ms", "answer_ms", "endpoint", "method"} <= line.keys()
    assert PATIENT_ID not in str(line)
    assert "d1" not in str(line.values())


def test_a_refused_call_has_its_line_too(client: FlaskClient) -> None:
    with capture_logs() as lines:
        client.post(SELECT, json=knee_request("order-sign"))
    assert [(line["status"], line["hook_instance"]) for line in lines] == [(400, HOOK_INSTANCE)]


def test_an_address_as_typed_is_not_logged(client: FlaskClient) -> None:
    with capture_logs() as lines:
        client.get(f"/Patient/{PATIENT_ID}?name={PATIENT_ID}")
    assert [(line["endpoint"], line["status"]) for line in lines] == [("none", 404)]
    assert PATIENT_ID not in str(lines)


def test_a_method_as_typed_is_not_logged(client: FlaskClient) -> None:
    with capture_logs() as lines:
        for method in ("PUT", PATIENT_ID):
            client.open(SELECT, method=method)
    assert [(line["method"], line["status"]) for line in lines] == [("PUT", 405), ("other", 405)]


def test_health_checks_leave_no_line(client: FlaskClient) -> None:
    with capture_logs() as lines:
        client.get("/healthz")
    assert lines == []
