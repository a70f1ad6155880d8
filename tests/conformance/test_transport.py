"""JSON, discovery, methods and cross-origin access: sections 1, 2, 16 and 18."""

import json
import re
from typing import Any

import pytest

from tests.conformance.advice import advice
from tests.conformance.conftest import Ask
from tests.conformance.requests_ import back_pain, having, hook_request, searchset, whole_prefetch
from tests.conformance.service import Answer, Service

JSON = {"Content-Type": "application/json"}
ORIGIN = "https://sandbox.cds-hooks.org"
PREFLIGHT = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


def post(service: Service, data: str | bytes, content_type: str = "application/json") -> Answer:
    return service.send("POST", service.select_path, data=data, headers={"Content-Type": content_type})


@pytest.fixture
def body(keys: list[str]) -> dict[str, Any]:
    """A request that gets a card."""
    return hook_request(whole_prefetch(keys, back_pain()))


@pytest.mark.rule("GEN-1", "GEN-5", "RESP-1", "CALL-1")
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_answers_are_strict_json_of_its_media_type(ask: Ask, hook: str) -> None:
    answer = ask(back_pain(), hook=hook)
    assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (200, "application/json")
    assert isinstance(answer.json["cards"], list)


@pytest.mark.rule("GEN-7")
@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "application/fhir+json"]
)
def test_the_usual_media_types_are_taken(service: Service, body: dict[str, Any], content_type: str) -> None:
    assert post(service, json.dumps(body), content_type).status == 200


@pytest.mark.rule("GEN-7", "RESP-7")
def test_another_media_type_is_415(service: Service, body: dict[str, Any]) -> None:
    post(service, json.dumps(body), "text/xml").assert_refused(415)


@pytest.mark.rule("GEN-8", "RESP-7")
@pytest.mark.parametrize("data", ["{bad", "[]", "null", '"x"', "7", "", "\x00", "[" * 50_000, b"\xff\xfe"])
def test_what_is_no_json_object_is_400(service: Service, data: str | bytes) -> None:
    post(service, data).assert_refused(400)


@pytest.mark.rule("GEN-9")
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_no_json_are_400(service: Service, body: dict[str, Any], number: str) -> None:
    text = json.dumps({**body, "x": 0}).replace('"x": 0', f'"x": {number}')
    post(service, text).assert_refused(400)


@pytest.mark.rule("GEN-10")
def test_a_prefetch_of_two_megabytes_is_answered(service: Service, body: dict[str, Any]) -> None:
    unrelated = {"resourceType": "Encounter", "status": "finished", "reasonCode": [{"text": "x" * 1_000}]}
    big = having(body, searchset([unrelated] * 2_000), "prefetch", "encounters")
    assert len(json.dumps(big)) > 2_000_000
    assert service.call(big).status == 200


@pytest.mark.rule("GEN-10", "RESP-7")
def test_a_body_far_over_the_limit_is_413(service: Service) -> None:
    post(service, b" " * 25_000_000).assert_refused(413)


@pytest.mark.rule("DISC-1")
@pytest.mark.parametrize("accept", ["application/json", "*/*", None])
def test_discovery_is_answered_without_a_redirect(service: Service, accept: str | None) -> None:
    # None takes away the header that the client library would send by itself.
    answer = service.send("GET", "/cds-services", headers={"Accept": accept})
    assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (200, "application/json")


@pytest.mark.rule("DISC-4", "HK-13")
def test_the_two_hooks_are_published_and_no_retired_one(service: Service) -> None:
    assert [entry["hook"] for entry in service.discover().json["services"]] == ["order-select", "order-sign"]


@pytest.mark.rule("DISC-6")
def test_every_published_id_is_an_address(service: Service) -> None:
    for entry in service.discover().json["services"]:
        assert service.post(f"/cds-services/{entry['id']}", {}).status not in (404, 405)


@pytest.mark.rule("DISC-10", "VER-1")
def test_the_claimed_specification_is_2_0_1(service: Service) -> None:
    assert {entry["version"] for entry in service.discover().json["services"]} == {"2.0.1"}


@pytest.mark.rule("DISC-11", "VER-2")
def test_the_hook_version_is_the_published_one(service: Service) -> None:
    assert {entry["hookVersion"] for entry in service.discover().json["services"]} == {"1.0"}


@pytest.mark.rule("DISC-12")
def test_each_hook_has_an_id_of_its_own(service: Service) -> None:
    ids = [entry["id"] for entry in service.discover().json["services"]]
    assert len(set(ids)) == len(ids)


@pytest.mark.rule("DISC-14")
def test_discovery_is_the_same_for_every_caller(service: Service) -> None:
    plain = service.discover()
    assert service.send("GET", "/cds-services?a=b", headers={"User-Agent": "other"}).text == plain.text


@pytest.mark.rule("DISC-17")
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods_on_discovery_are_405(service: Service, method: str) -> None:
    answer = service.send(method, "/cds-services")
    answer.assert_refused(405)
    assert "GET" in answer.headers["Allow"]


@pytest.mark.rule("DISC-17")
def test_head_on_discovery_is_200(service: Service) -> None:
    assert service.send("HEAD", "/cds-services").status == 200


@pytest.mark.rule("DISC-18")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_trailing_slash_is_never_redirected(service: Service, method: str) -> None:
    for path in ("/cds-services/", f"{service.select_path}/"):
        service.send(method, path).assert_refused(404)


@pytest.mark.rule("CALL-1")
def test_get_on_a_service_is_405(service: Service) -> None:
    service.send("GET", service.select_path).assert_refused(405)


@pytest.mark.rule("CALL-12")
def test_an_unknown_service_is_404(service: Service, body: dict[str, Any]) -> None:
    service.post("/cds-services/nope", body).assert_refused(404)


@pytest.mark.rule("RESP-11")
def test_answers_are_not_kept(service: Service, ask: Ask) -> None:
    assert "no-store" in ask(back_pain()).headers["Cache-Control"]
    assert (
        "no-store" in service.post(f"{service.sign_path}/feedback", {"feedback": []}).headers["Cache-Control"]
    )


@pytest.mark.rule("CORS-1", "CORS-2")
def test_every_address_answers_a_preflight_without_credentials(service: Service) -> None:
    for path in ("/cds-services", service.select_path, f"{service.sign_path}/feedback", "/cds-services/nope"):
        answer = service.send("OPTIONS", path, headers=PREFLIGHT)
        assert answer.status in (200, 204)
        assert answer.headers["Access-Control-Allow-Origin"] in ("*", ORIGIN)
        assert {"GET", "POST"} <= words(answer, "Access-Control-Allow-Methods")
        assert {"AUTHORIZATION", "CONTENT-TYPE"} <= words(answer, "Access-Control-Allow-Headers")


def words(answer: Answer, header: str) -> set[str]:
    return {word.strip().upper() for word in answer.headers[header].split(",")}


@pytest.mark.rule("CORS-3", "CORS-4")
def test_every_answer_may_be_read_across_origins_but_never_with_credentials(
    service: Service, body: dict[str, Any]
) -> None:
    origin = {"Origin": ORIGIN}
    answers = [
        service.discover(**origin),
        service.post(service.select_path, body, **origin),
        service.post(service.select_path, {}, **origin),
        service.post(service.select_path, hook_request(None), **origin),
        service.send("GET", "/nope", headers=origin),
        service.send("GET", service.select_path, headers=origin),
        service.send("POST", service.select_path, b" " * 25_000_000, JSON | origin),
        service.send("GET", "/" + "a" * 9_000, headers=origin),
        service.send("POST", service.select_path, "x", {"Content-Type": "text/plain"} | origin),
        service.send("GET", "/cds-services", headers={"X-Long": "a" * 90_000} | origin),
    ]
    assert [answer.status for answer in answers] == [200, 200, 400, 412, 404, 405, 413, 414, 415, 431]
    for answer in answers:
        allowed = answer.headers["Access-Control-Allow-Origin"]
        assert allowed in ("*", ORIGIN)
        assert allowed != "*" or "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.rule("SEC-2")
def test_a_token_on_an_open_service_does_no_harm(service: Service, body: dict[str, Any]) -> None:
    token = {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}
    assert service.discover(**token).status == 200
    assert advice(service.post(service.select_path, body, **token)) == advice(service.call(body))


@pytest.mark.rule("RESP-7")
def test_an_error_names_the_member_and_nothing_of_the_patient(service: Service, body: dict[str, Any]) -> None:
    answer = service.post(service.select_path, having(body, "secret-value", "context", "draftOrders"))
    answer.assert_refused(400)
    assert "draftOrders" in answer.text
    assert not re.search("secret-value|pat-100", answer.text)
