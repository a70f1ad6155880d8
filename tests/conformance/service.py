"""A CDS service under test, reached over HTTP and in no other way."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests

from cds_service.local_service import loopback_session

TIMEOUT_SECONDS = 30
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Answer:
    """Status, headers and strictly read JSON of one answer."""

    status: int
    headers: requests.structures.CaseInsensitiveDict[str]
    text: str

    @property
    def json(self) -> Any:
        """The body; raises ValueError for what strict JSON does not allow."""
        return strict_json(self.text)

    @property
    def cards(self) -> list[dict[str, Any]]:
        """The cards of a 200 answer."""
        assert self.status == 200, self.text
        cards: list[dict[str, Any]] = self.json["cards"]
        return cards

    def assert_refused(self, *statuses: int) -> None:
        """An expected status, and an OperationOutcome in JSON that says what is wrong (RESP-7)."""
        assert self.status in statuses, self.text
        assert self.headers["Content-Type"].split(";")[0] == "application/json"
        outcome = self.json
        assert outcome["resourceType"] == "OperationOutcome"
        assert all(issue["severity"] and issue["code"] for issue in outcome["issue"])
        assert outcome["issue"][0]["details"]["text"]
        assert "Traceback" not in self.text


@dataclass(frozen=True)
class Service:
    """The endpoints of one base URL."""

    base_url: str
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def select_path(self) -> str:
        """The address of the order-select service, as discovery tells it."""
        return self.path_of("order-select")

    @property
    def sign_path(self) -> str:
        """The address of the order-sign service, as discovery tells it."""
        return self.path_of("order-sign")

    def path_of(self, hook: str) -> str:
        """The address of the service that answers `hook`."""
        (entry,) = (entry for entry in self.discover().json["services"] if entry["hook"] == hook)
        return f"/cds-services/{entry['id']}"

    def discover(self, **headers: str) -> Answer:
        """The discovery answer."""
        return self.send("GET", "/cds-services", headers=headers)

    def call(self, body: dict[str, Any]) -> Answer:
        """The answer to a hook request, from the service for its hook."""
        return self.post(self.path_of(body["hook"]), body)

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        """The answer to a JSON body."""
        return self.send(
            "POST", path, data=json.dumps(body), headers={"Content-Type": "application/json", **headers}
        )

    def send(
        self,
        method: str,
        path: str,
        data: str | bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Answer:
        """The answer to any request; redirects are not followed, because none may be there."""
        answer = self.session.request(
            method,
            self.base_url + path,
            data=data.encode() if isinstance(data, str) else data,
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
        return Answer(answer.status_code, answer.headers, answer.content.decode("utf-8"))


def service_at(base_url: str) -> Service:
    """The service at a base URL, with or without a slash at its end."""
    session = loopback_session() if urlsplit(base_url).hostname in LOOPBACK else requests.Session()
    return Service(base_url.rstrip("/"), session)


def strict_json(text: str) -> Any:
    """JSON as the standard has it: no NaN, no Infinity, no member twice."""
    return json.loads(text, parse_constant=_refuse, object_pairs_hook=_without_repeats)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member comes twice")
    return members
