"""Clients in a browser can read every answer, errors too, and never with credentials."""

import dataclasses

import pytest
from flask.testing import FlaskClient

from cds_service.app import Services, create_app
from cds_service.settings import Settings
from tests.web.hook_calls import SELECT, SIGN

ORIGIN = "https://sandbox.example"
ADDRESSES = ["/", "/cds-services", SELECT, f"{SIGN}/feedback", "/nope", "/cds-services/nope"]


@pytest.fixture
def listed(services: Services) -> FlaskClient:
    """A service that only one origin may call from a browser."""
    settings = Settings(cors_origins=(ORIGIN,))
    return create_app(services=dataclasses.replace(services, settings=settings)).test_client()


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_address_answers_a_preflight(client: FlaskClient, path: str) -> None:
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = client.options(path, headers=headers)
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert {"GET", "POST"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    assert {"Authorization", "Content-Type"} <= set(
        answer.headers["Access-Control-Allow-Headers"].split(", ")
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/cds-services", 200),
        ("GET", "/nope", 404),
        ("GET", SELECT, 405),
        ("POST", SELECT, 415),
        ("POST", f"{SIGN}/feedback", 415),
    ],
)
def test_every_answer_may_be_read_from_anywhere_without_credentials(
    client: FlaskClient, method: str, path: str, status: int
) -> None:
    answer = client.open(path, method=method, headers={"Origin": ORIGIN})
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_listed_origin_is_named_and_answers_vary_by_it(listed: FlaskClient) -> None:
    answer = listed.get("/nope", headers={"Origin": ORIGIN})
    assert (answer.headers["Access-Control-Allow-Origin"], answer.headers["Vary"]) == (ORIGIN, "Origin")


@pytest.mark.parametrize("origin", ["https://evil.example", f"{ORIGIN}.evil.example", "null", None])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_another_origin_gets_no_permission(listed: FlaskClient, origin: str | None, method: str) -> None:
    answer = listed.open("/cds-services", method=method, headers={"Origin": origin} if origin else {})
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize(("method", "path"), [("GET", "/cds-services"), ("POST", SELECT), ("GET", "/nope")])
def test_no_answer_is_taken_for_another_type(client: FlaskClient, method: str, path: str) -> None:
    assert client.open(path, method=method).headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", [SELECT, SIGN, f"{SELECT}/feedback"])
def test_answers_about_a_patient_are_not_kept(client: FlaskClient, path: str) -> None:
    assert client.post(path).headers["Cache-Control"] == "no-store"
