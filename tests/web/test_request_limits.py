"""Every limit of a request, over HTTP: what is at it is answered, one more is refused, and no value is told."""

import dataclasses
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service.app import Services, create_app
from cds_service.settings import Settings
from tests.web.hook_calls import HOOK_INSTANCE, PATIENT_ID, SELECT, SIGN, knee_request


def limited(services: Services, **limits: Any) -> FlaskClient:
    return create_app(services=dataclasses.replace(services, settings=Settings(**limits))).test_client()


def refusal(answer: TestResponse) -> tuple[int, str, str]:
    """Status, issue code and text, which must tell nothing of the patient."""
    assert PATIENT_ID not in answer.text
    issue = answer.get_json()["issue"][0]
    return answer.status_code, issue["code"], issue["details"]["text"]


def with_drafts(count: int) -> dict[str, Any]:
    request = knee_request("order-sign")
    drafts = request["context"]["draftOrders"]
    drafts["entry"] = drafts["entry"] * count
    return request


def with_entries(count: int) -> dict[str, Any]:
    entry = {"resource": {"resourceType": "Condition", "subject": {"reference": f"Patient/{PATIENT_ID}"}}}
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [entry] * count}
    return knee_request("order-sign", prefetch={"conditions": bundle})


def with_note(size: int) -> dict[str, Any]:
    note = (PATIENT_ID * size)[:size]
    return knee_request("order-sign", prefetch={"conditions": {"resourceType": "Condition", "note": note}})


@pytest.mark.parametrize(
    ("limit", "at_it", "over_it", "text"),
    [
        pytest.param(
            {"max_draft_orders": 3},
            with_drafts(3),
            with_drafts(4),
            "'context.draftOrders' holds more than 3 entries.",
            id="draft orders",
        ),
        pytest.param(
            {"max_entries": 3},
            with_entries(3),
            with_entries(4),
            "'prefetch' holds more than 3 entries.",
            id="entries",
        ),
        pytest.param(
            {"max_string_bytes": 1_000},
            with_note(1_000),
            with_note(1_001),
            "'prefetch.conditions' holds a string of more than 1000 bytes.",
            id="string",
        ),
    ],
)
def test_one_more_than_a_limit_is_413_and_names_the_member(
    services: Services, limit: dict[str, Any], at_it: dict[str, Any], over_it: dict[str, Any], text: str
) -> None:
    client = limited(services, **limit)
    assert client.post(SIGN, json=at_it).status_code == 200
    assert refusal(client.post(SIGN, json=over_it)) == (413, "too-long", text)
    assert client.post(SIGN, json=at_it).status_code == 200


def test_a_string_of_feedback_is_limited_too(services: Services) -> None:
    client = limited(services, max_string_bytes=1_000)
    answer = client.post(f"{SELECT}/feedback", json={"feedback": [{"card": "x" * 1_001}]})
    assert refusal(answer) == (413, "too-long", "'feedback' holds a string of more than 1000 bytes.")


@pytest.mark.parametrize("name", ["max_entries", "max_draft_orders", "max_string_bytes"])
def test_the_limits_of_production_leave_room_for_a_large_record(services: Services, name: str) -> None:
    """A record of 3,000 resources, a ward round's orders and a long letter pass."""
    assert getattr(services.settings, name) >= {"max_entries": 6_000, "max_draft_orders": 50}.get(
        name, 200_000
    )


# --- Depth ----------------------------------------------------------------------------------------------------

ARRAYS, OBJECTS, BOTH = (b"[", b"]"), (b'{"a":', b"}"), (b'{"a":[', b"]}")
WHERE = {
    "an element of a resource": b'{"conditions":{"resourceType":"Condition","note":%s}}',
    "an element that is read": b'{"conditions":{"resourceType":"Condition","code":%s}}',
    "a bundle's entries": b'{"conditions":{"resourceType":"Bundle","entry":%s}}',
    "an extension that nobody reads": b'{"patient":{"resourceType":"Patient","extension":[{"valueX":%s}]}}',
    "a key that nobody asked for": b'{"else":%s}',
}


def deep(where: bytes, marks: tuple[bytes, bytes], depth: int) -> bytes:
    """A request with so many levels at one place of its prefetch; the depth of two marks counts as two."""
    levels = depth // len([mark for mark in marks[0] if mark in b"{["])
    prefetch = where % (marks[0] * levels + b"1" + marks[1] * levels)
    return json.dumps(knee_lumbar()).encode()[:-1] + b',"prefetch":' + prefetch + b"}"


def knee_lumbar() -> dict[str, Any]:
    """A lumbar order, so that the record is read."""
    request = knee_request()
    request["context"]["draftOrders"]["entry"][0]["resource"]["code"] = {"text": "MRI lumbar spine"}
    return request


@pytest.mark.parametrize("marks", [ARRAYS, OBJECTS, BOTH], ids=["arrays", "objects", "both"])
@pytest.mark.parametrize("where", WHERE.values(), ids=WHERE)
def test_depth_is_answered_or_refused_wherever_it_is(
    client: FlaskClient, where: bytes, marks: tuple[bytes, bytes]
) -> None:
    for depth in (10, 64, 200, 400):
        answer = client.post(SELECT, data=deep(where, marks, depth), content_type="application/json")
        assert answer.status_code in (200, 412), depth  # ordinary: the record is read, or says too little
    for depth in (600, 900, 1_000):  # near the parser's bound, which depends on the depth of the stack
        answer = client.post(SELECT, data=deep(where, marks, depth), content_type="application/json")
        assert answer.status_code in (200, 412, 400), depth
    for depth in (2_000, 100_000):
        answer = client.post(SELECT, data=deep(where, marks, depth), content_type="application/json")
        assert refusal(answer) == (400, "structure", "The body nests too deep."), depth
    assert client.post(SELECT, json=knee_request()).status_code == 200


@pytest.mark.parametrize("name", [b"extension", b"fhirAuthorization", b"whatever"])
def test_depth_beside_context_and_prefetch_is_refused(client: FlaskClient, name: bytes) -> None:
    body = json.dumps(knee_request()).encode()[:-1] + b',"%s":' % name + b"[" * 5_000 + b"]" * 5_000 + b"}"
    answer = client.post(SELECT, data=body, content_type="application/json")
    assert refusal(answer) == (400, "structure", "The body nests too deep.")


def test_the_depth_of_feedback_is_limited(client: FlaskClient) -> None:
    body = b'{"feedback":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    answer = client.post(f"{SELECT}/feedback", data=body, content_type="application/json")
    assert refusal(answer) == (400, "structure", "The body nests too deep.")


# --- Codings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", ["identity", "Identity", " identity ", ""])
def test_a_body_without_a_content_coding_is_read(client: FlaskClient, coding: str) -> None:
    answer = client.post(SELECT, json=knee_request(), headers={"Content-Encoding": coding})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "coding",
    [
        "gzip",
        "GZIP",
        "x-gzip",
        "deflate",
        "br",
        "zstd",
        "compress",
        "gzip, identity",
        "identity, gzip",
        "gzip, br",
        "x",
    ],
)
def test_a_compressed_body_is_415_and_never_unpacked(client: FlaskClient, coding: str) -> None:
    answer = client.post(SELECT, json=knee_request(), headers={"Content-Encoding": coding})
    assert refusal(answer) == (415, "not-supported", "Send the body without a content coding.")


def test_a_second_content_coding_header_is_not_overlooked(client: FlaskClient) -> None:
    headers = [("Content-Encoding", "identity"), ("Content-Encoding", "gzip")]
    assert client.post(SELECT, json=knee_request(), headers=headers).status_code == 415


def test_the_hook_instance_of_a_call_beyond_a_limit_is_still_logged_nowhere(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    limited(services, max_string_bytes=1_000).post(SIGN, json=with_note(2_000))
    captured = capsys.readouterr()
    assert PATIENT_ID not in captured.out + captured.err
    assert HOOK_INSTANCE not in captured.out + captured.err
