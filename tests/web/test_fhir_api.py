"""The FHIR API over HTTP: what it answers, in which format, and how it refuses."""

import dataclasses
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service.app import Services, create_app
from cds_service.guideline.content import Guideline

FHIR = "application/fhir+json"
FEVER = "/fhir/ValueSet/fever"


def assert_refused(answer: TestResponse, status: int, code: str) -> None:
    outcome: dict[str, Any] = answer.get_json()
    assert (answer.status_code, answer.content_type) == (status, FHIR)
    assert (outcome["resourceType"], outcome["issue"][0]["code"]) == ("OperationOutcome", code)


@pytest.fixture(scope="module")
def fhir(services: Services) -> FlaskClient:
    return create_app(services=services).test_client()


@pytest.mark.parametrize(
    ("path", "resource_type"),
    [
        ("/fhir/metadata", "CapabilityStatement"),
        (FEVER, "ValueSet"),
        ("/fhir/PlanDefinition/lumbar-mri", "PlanDefinition"),
        ("/fhir/ConceptMap/snomed", "ConceptMap"),
        ("/fhir/ValueSet?name=fever", "Bundle"),
        ("/fhir/Questionnaire", "Bundle"),
        ("/fhir/Questionnaire/red-flags", "Questionnaire"),
        ("/fhir/PlanDefinition", "Bundle"),
        ("/fhir/ConceptMap?_summary=true", "Bundle"),
    ],
)
def test_a_resource_is_read(fhir: FlaskClient, path: str, resource_type: str) -> None:
    answer = fhir.get(path)
    assert (answer.status_code, answer.content_type) == (200, FHIR)
    assert answer.get_json()["resourceType"] == resource_type
    head = fhir.head(path)
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", answer.headers["ETag"])


def test_the_entries_of_a_search_can_be_read_where_they_say(fhir: FlaskClient) -> None:
    (entry,) = fhir.get("/fhir/ValueSet?_id=fever").get_json()["entry"]
    assert entry["fullUrl"] == "http://127.0.0.1:8080/fhir/ValueSet/fever"
    assert entry["resource"] == fhir.get(FEVER).get_json()


def test_a_summary_is_read_on_request(fhir: FlaskClient) -> None:
    assert "compose" not in fhir.get(f"{FEVER}?_summary=true").get_json()


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        pytest.param("/fhir/ValueSet/nope", "GET", 404, "not-found", id="unknown id"),
        pytest.param("/fhir/Patient", "GET", 404, "not-found", id="unknown type"),
        pytest.param("/fhir/Patient/1", "POST", 404, "not-found", id="unknown type, other method"),
        pytest.param("/fhir", "GET", 404, "not-found", id="root"),
        pytest.param("/fhir/", "GET", 404, "not-found", id="root with a slash"),
        pytest.param(f"{FEVER}/_history/1", "GET", 404, "not-found", id="history"),
        pytest.param(FEVER, "PUT", 405, "not-supported", id="update"),
        pytest.param("/fhir/ValueSet", "POST", 405, "not-supported", id="create"),
        pytest.param("/fhir/metadata", "DELETE", 405, "not-supported", id="metadata"),
        pytest.param("/fhir/ValueSet?_count=x", "GET", 400, "invalid", id="no number"),
        pytest.param("/fhir/ValueSet?name:below=x", "GET", 400, "invalid", id="unknown modifier"),
        pytest.param(f"{FEVER}?_format=xml", "GET", 406, "not-supported", id="xml"),
    ],
)
def test_a_refusal_is_an_outcome(fhir: FlaskClient, path: str, method: str, status: int, code: str) -> None:
    answer = fhir.open(path, method=method)
    assert_refused(answer, status, code)
    assert ("GET" in answer.headers.get("Allow", "")) == (status == 405)


def test_an_unknown_parameter_is_refused_where_strict_handling_is_preferred(fhir: FlaskClient) -> None:
    assert fhir.get("/fhir/ValueSet?colour=red").status_code == 200
    strict = fhir.get("/fhir/ValueSet?colour=red", headers={"Prefer": "handling=strict"})
    assert_refused(strict, 400, "invalid")


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        pytest.param("application/fhir+json", 200, id="fhir"),
        pytest.param("application/json", 200, id="json"),
        pytest.param("application/fhir+json; fhirVersion=4.0", 200, id="R4"),
        pytest.param("application/fhir+json; fhirVersion=5.0", 406, id="R5"),
        pytest.param("*/*", 200, id="anything"),
        pytest.param("text/html,application/xhtml+xml,*/*;q=0.8", 200, id="browser"),
        pytest.param("application/fhir+xml", 406, id="xml"),
        pytest.param("text/html", 406, id="html"),
        pytest.param("application/json;q=0", 406, id="not json"),
    ],
)
def test_the_format_is_negotiated(fhir: FlaskClient, accept: str, status: int) -> None:
    assert fhir.get(FEVER, headers={"Accept": accept}).status_code == status


@pytest.mark.parametrize("wanted", ["json", "application/fhir+json", "application/fhir%2Bjson"])
def test_the_format_in_the_address_overrides_the_header(fhir: FlaskClient, wanted: str) -> None:
    answer = fhir.get(f"{FEVER}?_format={wanted}", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.content_type) == (200, FHIR)


def test_who_has_the_edition_already_gets_304(fhir: FlaskClient) -> None:
    etag = fhir.get(FEVER).headers["ETag"]
    answer = fhir.get(FEVER, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", etag)
    assert fhir.get(FEVER, headers={"If-None-Match": 'W/"older"'}).status_code == 200


def test_the_etag_is_the_version_id(fhir: FlaskClient) -> None:
    answer = fhir.get(FEVER)
    assert answer.headers["ETag"] == f'W/"{answer.get_json()["meta"]["versionId"]}"'


def test_the_etag_follows_the_content(fhir: FlaskClient, services: Services) -> None:
    other: Guideline = dataclasses.replace(services.guideline, digest="sha256:other")
    changed = create_app(services=dataclasses.replace(services, guideline=other)).test_client()
    assert changed.get("/fhir/metadata").headers["ETag"] != fhir.get("/fhir/metadata").headers["ETag"]


def test_any_origin_may_read(fhir: FlaskClient) -> None:
    for path in (FEVER, "/fhir/ValueSet/nope"):
        answer = fhir.get(path, headers={"Origin": "https://app.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_code_that_is_searched_for_is_not_logged(
    fhir: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    fhir.get("/fhir/ValueSet?code=S1234567A")
    captured = capsys.readouterr()
    assert "S1234567A" not in captured.out + captured.err


def test_the_index_leads_to_the_fhir_api(fhir: FlaskClient) -> None:
    assert fhir.get("/").get_json()["fhir"] == "http://127.0.0.1:8080/fhir/metadata"
