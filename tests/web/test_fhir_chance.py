"""Half of all reads fail, at random: nothing that was not read ever clears a patient, and no call is late."""

import dataclasses
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
import structlog

from cds_service.access.clients import Clients
from cds_service.access.outgoing import Answer, NotFetched, Reach
from cds_service.access.read_pool import ReadPool
from cds_service.app import Services, create_app
from cds_service.guideline.content import resource_type_of
from cds_service.guideline.lumbar_mri.decision import STOPPING_READS, TRIED_READS
from cds_service.settings import Settings
from fhir_fixtures.people import FIXTURES, draft_order
from tests.access.bad_server import (
    Behaviour,
    answer,
    bad_server,
    closes,
    fhir,
    half_then_reset,
    slow_body,
    slow_headers,
)
from tests.access.fhir_services import (
    HURRIED,
    STRICT,
    Body,
    Record,
    ask,
    lacking,
    offering,
    said,
    service,
)
from tests.builders import encounter, hook_request, prefetch_of, searchset
from tests.vignettes.story import NOW, Days

CALLS, CALLS_OVER_SOCKETS = 5_000, 16
CALL_SECONDS, REQUEST_SECONDS = 2.0, 1.0
BASE = "http://127.0.0.1:1/fhir"
STOPPING = {*STOPPING_READS, *TRIED_READS}
OUTCOME = b'{"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}'
FOREIGN = b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Condition", "subject": {"reference": "Patient/x"}}}]}'
CUT = b'{"resourceType": "Bundle", "total": 5}'
NEXT = b'{"resourceType": "Bundle", "link": [{"relation": "next", "url": "?page=2"}]}'


class VirtualTime:
    """A stopwatch that only moves when somebody waits."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


class SideBySide(ReadPool):
    """Runs tasks one after the other, each from the moment at which it was given, and knows the latest end."""

    def __init__(self, time: VirtualTime) -> None:
        self.time = time
        self.latest = 0.0

    def submit(self, task: Callable[[], None]) -> Future[None] | None:
        began = self.time.now
        task()
        self.latest = max(self.latest, self.time.now)
        self.time.now = began
        done: Future[None] = Future()
        done.set_result(None)
        return done


@dataclasses.dataclass
class Chance:
    """An outgoing connection on which half of the reads fail for good, each in a way of its own."""

    record: Record
    time: VirtualTime
    random: random.Random
    failed: set[str] = dataclasses.field(default_factory=set)
    spared: set[str] = dataclasses.field(default_factory=set)
    patience: Counter[str] = dataclasses.field(default_factory=Counter)

    def forget(self, record: Record) -> None:
        """Begin the next call."""
        self.record = record
        self.failed.clear()
        self.spared.clear()
        self.patience.clear()

    def get(
        self, url: str, *, headers: Mapping[str, str], reach: Reach, ends: float, max_bytes: int
    ) -> Answer:
        key = self.record.key_of("/fhir" + url.removeprefix(BASE))
        if key is None:  # a second page
            return self._fails(ends)
        if key not in self.failed | self.spared:
            (self.failed if self.random.random() < 0.5 else self.spared).add(key)
        if key in self.failed:
            return self._fails(ends)
        if self.random.random() < 0.2 and self.patience[key] < 2:  # busy for a moment, and then well
            self.patience[key] += 1
            self._takes(0.02, ends)
            return Answer(503, {"retry-after": "0"}, b"")
        self._takes(self.random.uniform(0.0, 0.4), ends)
        return json_answer(_as_json(self.record, key))

    def _takes(self, seconds: float, ends: float) -> None:
        if self.time.now + seconds >= ends:
            self.time.now = max(self.time.now, ends)
            raise NotFetched("too slow")
        self.time.wait(seconds)

    def _fails(self, ends: float) -> Answer:
        kind = self.random.randrange(12)
        self._takes(9.0 if kind == 0 else self.random.uniform(0.0, 0.9), ends)
        match kind:
            case 1 | 2:
                raise NotFetched("broke off")
            case 3:
                return Answer(429, {"retry-after": self.random.choice(["0", "1", "3600", "x"])}, b"")
            case 4:
                return Answer(503, {}, b"")
            case 5:
                return Answer(self.random.choice([301, 401, 403, 404, 410, 500]), {}, b"")
            case 6:
                return Answer(200, {"content-type": "text/html"}, b"<html>")
            case 7:
                return json_answer(b"{")
            case 8:
                return json_answer(FOREIGN)
            case 9:
                return json_answer(CUT)
            case 10:
                return json_answer(NEXT)
            case _:
                return json_answer(OUTCOME)


@cache
def _as_json(record: Record, key: str) -> bytes:
    return json.dumps(record.held[key]).encode()


def json_answer(body: bytes) -> Answer:
    return Answer(200, {"content-type": "application/fhir+json"}, body)


@contextmanager
def silently() -> Iterator[None]:
    """Without thousands of log lines."""
    before = structlog.get_config()
    structlog.configure(processors=[drop])
    try:
        yield
    finally:
        structlog.configure(**before)


def drop(logger: Any, name: str, event: Any) -> Any:
    raise structlog.DropEvent


@pytest.fixture
def records(services: Services) -> list[tuple[Body, Record, str]]:
    """Requests without prefetch, what the FHIR server holds for each, and its outcome where all is read."""
    bodies = [(small("r1-not-indicated"), "not-indicated"), (small("r4-cauda-equina"), "emergency")]
    return [
        (offering(lacking(body), BASE), Record(body, services.guideline.prefetch), outcome)
        for body, outcome in bodies
    ]


def small(name: str) -> Body:
    """A fixture without its unrelated history, because thousands of calls must not take minutes."""
    one = next(fixture for fixture in FIXTURES if fixture.name == name)
    days = Days(NOW)
    prefetch = prefetch_of(one.person, one.record(days), encounter(days.at("06-15", "09:30")))
    prefetch.setdefault("examinations", searchset())
    order = draft_order(days, one.person["id"], **one.order)
    body: Body = hook_request(one.hook, hook_instance="x", draft_orders=[order], prefetch=prefetch)
    return body


def complaints(told: Any, outcome: str, failed: set[str], services: Services) -> Iterator[str]:
    """What an answer must not be, given which keys were not to be read."""
    status, given, unread = told
    if status not in (200, 412):
        yield f"status {status}"
    if given == "not-indicated":
        if failed & STOPPING:
            yield "cleared although something was unread"
        unnamed = {resource_type_of(services.guideline.prefetch[key]) for key in failed} - set(unread)
        if unnamed:
            yield f"unread and not named: {sorted(unnamed)}"
    if outcome == "emergency" and "conditions" not in failed and given != "emergency":
        yield "an emergency that was read is not told"
    if outcome == "not-indicated" and given not in ("", "not-indicated", "unclear"):
        yield f"{given} from nothing"


def test_with_half_of_the_reads_failing_5000_calls_are_safe_and_in_time(
    services: Services, records: list[tuple[Body, Record, str]]
) -> None:
    stopwatch = VirtualTime()
    chance = Chance(records[0][1], stopwatch, random.Random(20260615))
    pool = SideBySide(stopwatch)
    assert services.fhir is not None
    reader = dataclasses.replace(
        services.fhir, outgoing=chance, pool=pool, stopwatch=stopwatch, pause=stopwatch.wait, request_seconds=REQUEST_SECONDS
    )  # fmt: skip
    changed = dataclasses.replace(
        services,
        settings=Settings(fhir_call_seconds=CALL_SECONDS),
        clients=Clients(client=(STRICT,)),
        fhir=reader,
        stopwatch=stopwatch,
    )
    client = create_app(services=changed).test_client()
    seen: Counter[Any] = Counter()
    wrong: Counter[str] = Counter()
    with silently():
        for number in range(CALLS):
            body, record, outcome = records[number % 2]
            chance.forget(record)
            began, pool.latest = stopwatch.now, 0.0
            told = said(ask(client, body))
            wrong.update(complaints(told, outcome, chance.failed, services))
            wrong["late"] += pool.latest - began > CALL_SECONDS * 1.1
            seen[told[:2]] += 1
    assert not +wrong
    assert seen[200, "not-indicated"] > 5
    assert seen[200, "unclear"] > 1_000
    assert seen[200, "emergency"] > 1_000
    assert sum(seen.values()) == CALLS


def test_with_half_of_the_reads_failing_over_sockets_calls_are_safe_and_in_time(
    services: Services, records: list[tuple[Body, Record, str]]
) -> None:
    chance = random.Random(7)
    failing: list[Behaviour] = [
        closes(), half_then_reset(), answer(b"", 403), answer(b"", 503), slow_headers(), slow_body(),
        answer(b"<html>", content_type="text/html"), fhir(json.loads(NEXT)), fhir(json.loads(OUTCOME)),
    ]  # fmt: skip
    wrong: Counter[str] = Counter()
    with silently(), service(services, pace=HURRIED) as client:
        for number in range(CALLS_OVER_SOCKETS):
            body, record, outcome = records[number % 2]
            failed = {key for key in record.queries if chance.random() < 0.5}
            record.instead = {key: chance.choice(failing) for key in failed}
            with bad_server(record) as server:
                began = time.monotonic()
                told = said(ask(client, {**body, "fhirServer": f"{server.url}/fhir"}))
                wrong["late"] += time.monotonic() - began > HURRIED.call_seconds * 1.1
            wrong.update(complaints(told, outcome, failed, services))
    assert not +wrong
