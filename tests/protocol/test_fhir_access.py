"""What a call offers of its FHIR server is read forgivingly, and its token is never shown."""

from typing import Any

import pytest

from cds_service.protocol.fhir_access import FhirAccess, read_fhir_access
from cds_service.protocol.request import read_hook_request

TOKEN = "opaque-test-token-001"  # noqa: S105


def read(authorization: Any = ..., server: Any = "https://ehr.example/fhir") -> FhirAccess:
    body = {"fhirServer": server}
    return read_fhir_access(body if authorization is ... else {**body, "fhirAuthorization": authorization})


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        pytest.param(..., None, id="absent"),
        pytest.param({"access_token": TOKEN, "token_type": "Bearer"}, TOKEN, id="as the standard says"),
        pytest.param({"access_token": TOKEN, "token_type": "bearer"}, TOKEN, id="lower case"),
        pytest.param({"access_token": f" {TOKEN} "}, TOKEN, id="no type, and space around"),
        pytest.param({"access_token": TOKEN, "token_type": 7}, TOKEN, id="odd type"),
        pytest.param({"access_token": TOKEN, "token_type": "DPoP"}, None, id="another type"),
        pytest.param({"access_token": ""}, None, id="empty"),
        pytest.param({"access_token": 7}, None, id="number"),
        pytest.param({"access_token": f"{TOKEN}\r\nX-Evil: 1"}, None, id="a header behind it"),
        pytest.param({"access_token": "a b"}, None, id="space within"),
        pytest.param({"access_token": "ä"}, None, id="not ASCII"),
        pytest.param({"access_token": "x" * 16_000}, "x" * 16_000, id="as long as it may be"),
        pytest.param({"access_token": "x" * 16_001}, None, id="too long"),
        pytest.param({"token_type": "Bearer"}, None, id="no token"),
        pytest.param(TOKEN, None, id="text"),
    ],
)
def test_a_token_is_taken_where_it_can_be_sent(authorization: Any, expected: str | None) -> None:
    token = read(authorization).token
    assert (token.get_secret_value() if token else None) == expected
    assert read(authorization).has_token is (expected is not None)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [(..., None), (300, 300.0), ("300", 300.0), (0, 0.0), (-5, -5.0), (True, None), ("soon", None),
     ([], None), ("nan", None), ("inf", None), (10**400, None), (1.5, 1.5)],
)  # fmt: skip
def test_a_lifetime_is_a_number_of_seconds(sent: Any, expected: float | None) -> None:
    assert read({} if sent is ... else {"expires_in": sent}).lifetime_seconds == expected


@pytest.mark.parametrize(
    ("sent", "expected"), [("user/*.rs", "user/*.rs"), ("  ", None), (7, None), (..., None)]
)
def test_a_scope_is_kept_as_sent(sent: Any, expected: str | None) -> None:
    assert read({} if sent is ... else {"scope": sent}).scope == expected


@pytest.mark.parametrize(
    ("sent", "expected"), [(" https://x/fhir ", "https://x/fhir"), ("", None), (7, None)]
)
def test_a_server_is_a_text(sent: Any, expected: str | None) -> None:
    assert read(server=sent).server == expected


def test_neither_token_nor_address_is_shown() -> None:
    body = {
        "hook": "order-select",
        "hookInstance": "x",
        "context": {"patientId": "p1", "selections": [], "draftOrders": {"resourceType": "Bundle"}},
        "fhirServer": "https://ehr.example/fhir",
        "fhirAuthorization": {"access_token": TOKEN},
    }
    request = read_hook_request(body, "order-select", ())
    assert request.fhir.has_token
    for shown in (repr(request), repr(request.fhir), str(request.fhir.token), repr(request.fhir.token)):
        assert TOKEN not in shown
        assert "ehr.example" not in shown
