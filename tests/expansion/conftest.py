"""A terminology server that answers as it was recorded, and what it was asked."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import responses
from requests import PreparedRequest

from cds_service.guideline.content import Guideline, load_guideline

SHIPPED = Path(__file__).parents[2] / "cards" / "lumbar-mri"
RECORDED = Path(__file__).parent / "recorded"
BASE = "https://tx.example/r4"
SNOMED = "http://snomed.info/sct"
EXPAND = f"{BASE}/ValueSet/$expand"

Answer = tuple[int, Mapping[str, str], str]


class Server:
    """What is answered to enumerated codes and to an expression, each by its recorded file."""

    def __init__(self, network: responses.RequestsMock) -> None:
        self.network = network
        self.asked: list[dict[str, Any]] = []

    def answers(self, *, listed: str = "listed.json", defined: str = "defined-{offset}.json") -> None:
        def answer(request: PreparedRequest) -> Answer:
            body = json.loads(request.body or b"{}")
            self.asked.append(body)
            include = include_of(body)
            name = (listed if "concept" in include else defined).format(offset=parameter(body, "offset"))
            if include["system"] != SNOMED and name == "listed.json":
                name = "listed-icd-10-cm.json"
            status = 422 if name == "outcome.json" else 200
            return status, {"Content-Type": "application/fhir+json"}, (RECORDED / name).read_text("utf-8")

        self.network.add_callback(responses.POST, EXPAND, callback=answer)

    def answers_with(self, make: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Answers made by a function of the request, for what no recording shows."""

        def answer(request: PreparedRequest) -> Answer:
            body = json.loads(request.body or b"{}")
            self.asked.append(body)
            return 200, {"Content-Type": "application/fhir+json"}, json.dumps(make(body))

        self.network.add_callback(responses.POST, EXPAND, callback=answer)


def parameter(body: dict[str, Any], name: str) -> Any:
    (found,) = (one for one in body["parameter"] if one["name"] == name)
    return next(value for key, value in found.items() if key != "name")


def include_of(body: dict[str, Any]) -> dict[str, Any]:
    (include,) = parameter(body, "valueSet")["compose"]["include"]
    return dict(include)


@pytest.fixture
def server() -> Iterator[Server]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as network:
        yield Server(network)


@pytest.fixture(scope="session")
def shipped() -> Guideline:
    return load_guideline(SHIPPED)
