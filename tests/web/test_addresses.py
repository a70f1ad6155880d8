"""Every address and method answers in JSON, and every refusal is an OperationOutcome."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.hook_calls import SELECT, SIGN, knee_request


def assert_refused(answer: TestResponse, status: int, code: str) -> None:
    assert answer.status_code == status
    assert answer.content_type == "application/json"
    outcome: dict[str, Any] = answer.get_json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert [(issue["severity"], issue["code"]) for issue in outcome["issue"]] == [("error", code)]
    assert outcome["issue"][0]["details"]["text"]


@pytest.mark.parametrize("path", ["/", "/healthz", "/cds-services"])
def test_what_can_be_read_is_json(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    head = client.head(path)
    assert (head.status_code, head.data) == (200, b"")


def test_the_index_leads_to_discovery(client: FlaskClient) -> None:
    assert client.get("/").get_json()["discovery"] == "http://127.0.0.1:8080/cds-services"


def test_discovery_is_the_same_for_everyone(client: FlaskClient) -> None:
    answers = [
        client.get("/cds-services"),
        client.get("/cds-services?x=1", headers={"Accept": "text/html", "User-Agent": "other"}),
        client.get("/cds-services", headers={"Authorization": "Bearer whatever"}),
    ]
    assert len({answer.data for answer in answers}) == 1


@pytest.mark.parametrize(("path", "hook"), [(SELECT, "order-select"), (SIGN, "order-sign")])
def test_an_order_that_is_not_ours_gets_an_empty_list(client: FlaskClient, path: str, hook: str) -> None:
    answer = client.post(path, json=knee_request(hook))
    assert (answer.status_code, answer.get_json()) == (200, {"cards": []})


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/cds-services/",
        "/cds-services/nope",
        f"{SELECT}/",
        f"{SELECT}/nope",
        f"{SELECT}/feedback/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_an_unknown_address_is_404_and_never_a_redirect(client: FlaskClient, path: str, method: str) -> None:
    assert_refused(client.open(path, method=method), 404, "not-found")


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/cds-services", "POST", "GET"),
        ("/cds-services", "PUT", "GET"),
        ("/cds-services", "DELETE", "GET"),
        (SELECT, "GET", "POST"),
        (SIGN, "PATCH", "POST"),
        (f"{SELECT}/feedback", "GET", "POST"),
        ("/", "POST", "GET"),
    ],
)
def test_a_wrong_method_is_405_and_names_the_right_one(
    client: FlaskClient, path: str, method: str, allowed: str
) -> None:
    answer = client.open(path, method=method)
    assert_refused(answer, 405, "not-supported")
    assert allowed in answer.headers["Allow"]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/fhir+json",
    ],
)
def test_json_is_taken_under_its_usual_names(client: FlaskClient, content_type: str) -> None:
    answer = client.post(SELECT, data=json.dumps(knee_request()), content_type=content_type)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param({"Content-Type": "text/xml"}, id="xml"),
        pytest.param({"Content-Type": "application/x-www-form-urlencoded"}, id="form"),
        pytest.param({"Content-Type": "application/json; charset=utf-16"}, id="other charset"),
        pytest.param({"Content-Type": "application/json", "Content-Encoding": "gzip"}, id="compressed"),
    ],
)
def test_other_content_is_415_whatever_the_body_holds(client: FlaskClient, headers: dict[str, str]) -> None:
    assert_refused(client.post(SELECT, data=b"{bad", headers=headers), 415, "not-supported")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "structure"),
        (b"{bad", "structure"),
        (b"[]", "structure"),
        (b"{}", "required"),
        (b'{"hook":1}', "value"),
    ],
)
@pytest.mark.parametrize("path", [SELECT, SIGN])
def test_a_body_that_is_no_request_is_400(client: FlaskClient, path: str, body: bytes, code: str) -> None:
    assert_refused(client.post(path, data=body, content_type="application/json"), 400, code)


def test_a_hook_of_another_service_is_400(client: FlaskClient) -> None:
    assert_refused(client.post(SELECT, json=knee_request("order-sign")), 400, "business-rule")


def test_drafts_that_nest_without_end_are_400(client: FlaskClient) -> None:
    body = knee_request()
    notes: list[Any] = []
    for _ in range(300):
        notes = [notes]
    body["context"]["draftOrders"]["entry"][0]["resource"]["note"] = notes
    assert_refused(client.post(SELECT, json=body), 400, "structure")


def test_feedback_is_acknowledged(client: FlaskClient) -> None:
    entry = {"card": "c", "outcome": "overridden", "outcomeTimestamp": "2026-01-15T09:30:00Z"}
    answer = client.post(f"{SIGN}/feedback", json={"feedback": [entry, entry]})
    assert (answer.status_code, answer.get_json()) == (200, {"accepted": 2})


def test_one_malformed_entry_refuses_a_feedback_batch(client: FlaskClient) -> None:
    entry = {"card": "c", "outcome": "overridden", "outcomeTimestamp": "2026-01-15T09:30:00Z"}
    answer = client.post(f"{SIGN}/feedback", json={"feedback": [entry, {**entry, "outcome": "maybe"}]})
    assert_refused(answer, 400, "value")
