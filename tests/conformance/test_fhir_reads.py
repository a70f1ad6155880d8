"""Reads from a FHIR server on this machine, by the service as it is served: sections 6 and 7.

A service that runs elsewhere cannot reach that server, so with `--base-url` these are left out.
What a FHIR server may do wrong is shown in `tests/web/test_fhir_faults.py`.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.access.bad_server import BadServer, answer, bad_server
from tests.access.fhir_services import TOKEN, Record, lacking, offering
from tests.conformance.advice import advice
from tests.conformance.requests_ import back_pain, hook_request, saddle_numbness, whole_prefetch
from tests.conformance.service import Service

# A busy machine may need longer than the service waits.
ATTEMPTS = 5


@pytest.fixture(autouse=True)
def beside_the_service(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--base-url"):
        pytest.skip("the FHIR server of the test is on this machine")


@pytest.fixture
def body(keys: list[str]) -> dict[str, Any]:
    return hook_request(whole_prefetch(keys, back_pain(), saddle_numbness()))


@pytest.fixture
def record(service: Service, body: dict[str, Any]) -> Record:
    templates = {k: v for entry in service.discover().json["services"] for k, v in entry["prefetch"].items()}
    return Record(body, templates)


@pytest.fixture
def server(record: Record) -> Iterator[BadServer]:
    with bad_server(record) as running:
        yield running


@pytest.mark.rule("PFD-2", "PFD-13", "FA-2", "FA-9")
@pytest.mark.parametrize("left", [0, 1, 2], ids=["no prefetch", "one key missing", "two keys missing"])
def test_the_advice_is_the_same_from_prefetch_and_from_reads(
    service: Service, body: dict[str, Any], record: Record, server: BadServer, left: int
) -> None:
    missing = ("conditions", "observations")[:left]
    expected = advice(service.call(body))
    asked = offering(lacking(body, *missing), f"{server.url}/fhir")
    assert any(advice(service.call(asked)) == expected for _ in range(ATTEMPTS))
    assert {record.key_of(one.target) for one in server.requests} == set(missing or record.queries)
    assert set(server.seen("authorization")) == {f"Bearer {TOKEN}"}


@pytest.mark.rule("PFD-3", "RESP-5")
@pytest.mark.parametrize("status", [401, 403, 500])
def test_where_every_read_fails_the_answer_is_412(
    service: Service, body: dict[str, Any], record: Record, server: BadServer, status: int
) -> None:
    record.instead = dict.fromkeys(record.queries, answer(b"", status))
    refused = service.call(offering(lacking(body), f"{server.url}/fhir"))
    refused.assert_refused(412)
    assert TOKEN not in refused.text


@pytest.mark.rule("FA-3")
def test_a_call_without_a_token_does_not_use_that_of_another(
    service: Service, body: dict[str, Any], server: BadServer
) -> None:
    service.call(offering(lacking(body), f"{server.url}/fhir"))
    asked = len(server.requests)
    service.call({**lacking(body), "fhirServer": f"{server.url}/fhir"})
    assert all("authorization" not in later.headers for later in server.requests[asked:])
