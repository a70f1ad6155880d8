"""The service under test: the one at `--base-url`, or one that is started for the tests."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.conformance.lint import complaints_about_response
from tests.conformance.requests_ import Resource, hook_request, whole_prefetch
from tests.conformance.service import Answer, Service, service_at

Ask = Callable[..., Answer]


@pytest.fixture(scope="session")
def service(request: pytest.FixtureRequest) -> Service:
    """The service under test."""
    base_url = request.config.getoption("--base-url")
    return service_at(base_url or request.getfixturevalue("served").base_url)


@pytest.fixture(scope="session")
def keys(service: Service) -> list[str]:
    """The prefetch keys that the service declares."""
    declared = {key: "" for entry in service.discover().json["services"] for key in entry.get("prefetch", {})}
    return list(declared)


@pytest.fixture(scope="session")
def ask(service: Service, keys: list[str]) -> Ask:
    """Asks about orders of a patient whose record is whole: `ask(problem, ..., orders=[...], hook=...)`."""

    def ask_about(*conditions: Resource, orders: tuple[Any, ...] = (), **more: Any) -> Answer:
        prefetch = whole_prefetch(keys, *conditions)
        return service.call(hook_request(prefetch, *orders, **more))

    return ask_about


@pytest.fixture
def lint() -> Callable[[dict[str, Any], Answer], list[str]]:
    """The complaints about an answer to a request."""

    def complaints(body: dict[str, Any], answer: Answer) -> list[str]:
        orders = [entry["resource"] for entry in body["context"]["draftOrders"]["entry"]]
        drafts = {f"{order['resourceType']}/{order['id']}": order for order in orders}
        return complaints_about_response(answer.json, drafts, body["context"]["patientId"])

    return complaints


@pytest.fixture
def in_parallel() -> Iterator[ThreadPoolExecutor]:
    """Runs calls at the same time."""
    with ThreadPoolExecutor(16) as pool:
        yield pool


@pytest.fixture
def fhir_server() -> Iterator[tuple[str, list[str]]]:
    """A FHIR server that nobody may call, and the list of the calls that it got."""
    seen: list[str] = []

    class Recorder(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_error(404)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as server, ThreadPoolExecutor(1) as pool:
        pool.submit(server.serve_forever)
        yield f"http://127.0.0.1:{server.server_port}/fhir", seen
        server.shutdown()
