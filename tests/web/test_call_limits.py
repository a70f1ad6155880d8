"""How many calls run at once and for how long: what is refused says so, and what is next is served."""

import dataclasses
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service.app import Services, create_app
from cds_service.feedback import FeedbackBatch
from cds_service.settings import Settings
from tests.bench_records import make_prefetch_request
from tests.web.hook_calls import SELECT, SIGN, knee_request

FEEDBACK = {"feedback": [{"card": "c", "outcome": "overridden", "outcomeTimestamp": "2026-01-15T09:30:00Z"}]}


class WaitsForTheTest:
    """A sink in which a call stays until the test lets it go."""

    def __init__(self) -> None:
        self.arrived = threading.Semaphore(0)
        self.go = threading.Event()

    def keep(self, batch: FeedbackBatch) -> None:
        self.arrived.release()
        assert self.go.wait(timeout=30)


@pytest.fixture
def busy(services: Services) -> Iterator[FlaskClient]:
    """A service for two calls at once, both of which are being answered."""
    sink = WaitsForTheTest()
    settings = Settings(max_concurrent_calls=2)
    app = create_app(services=dataclasses.replace(services, settings=settings, feedback=sink))
    calls = [threading.Thread(target=_send_feedback, args=(app.test_client(),)) for _ in range(2)]
    for call in calls:
        call.start()
        assert sink.arrived.acquire(timeout=30)
    try:
        yield app.test_client()
    finally:
        sink.go.set()
        for call in calls:
            call.join()
    assert app.test_client().post(SELECT, json=knee_request()).status_code == 200


def _send_feedback(client: FlaskClient) -> None:
    client.post(f"{SELECT}/feedback", json=FEEDBACK)


def refusal(answer: TestResponse) -> tuple[int, str, str]:
    return answer.status_code, answer.headers["Retry-After"], answer.get_json()["issue"][0]["code"]


@pytest.mark.parametrize("path", [SELECT, SIGN, f"{SELECT}/feedback", f"{SIGN}/feedback"])
def test_one_call_more_than_there_may_be_is_503_and_told_when_to_come_back(
    busy: FlaskClient, path: str
) -> None:
    assert refusal(busy.post(path, json=knee_request())) == (503, "1", "throttled")


def test_a_refused_call_may_be_read_by_a_browser_and_is_not_kept(busy: FlaskClient) -> None:
    answer = busy.post(SELECT, json=knee_request())
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/healthz", "/cds-services", "/fhir/metadata"])
def test_what_is_no_call_is_answered_however_many_calls_there_are(busy: FlaskClient, path: str) -> None:
    assert busy.get(path).status_code == 200


def test_a_call_that_fails_gives_its_place_back(services: Services) -> None:
    settings = Settings(max_concurrent_calls=1)
    client = create_app(services=dataclasses.replace(services, settings=settings)).test_client()
    answers = [client.post(SELECT, data=b"{bad", content_type="application/json") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [400] * 3


@pytest.mark.parametrize(
    ("threads", "limit", "at_once"),
    [(16, 12, 12), (16, 15, 15), (16, 16, 15), (16, 64, 15), (2, 12, 1), (1, 12, 1)],
)
def test_a_thread_is_left_for_health_wherever_there_is_more_than_one(
    threads: int, limit: int, at_once: int
) -> None:
    assert Settings(threads=threads, max_concurrent_calls=limit).concurrent_calls == at_once


# --- Time -----------------------------------------------------------------------------------------------------


def ticking(step: float) -> Callable[[], float]:
    """A stopwatch on which every look takes `step` seconds."""
    looks = count()
    return lambda: next(looks) * step


def timed(services: Services, step: float) -> FlaskClient:
    """A service whose calls may take five seconds."""
    return create_app(services=dataclasses.replace(services, stopwatch=ticking(step))).test_client()


def test_a_call_that_takes_longer_than_it_may_is_ended_and_says_so(services: Services) -> None:
    answer = timed(services, 0.5).post(SELECT, json=make_prefetch_request(30, seed=1))
    assert refusal(answer) == (503, "1", "timeout")


def test_a_call_within_its_time_is_answered(services: Services) -> None:
    answer = timed(services, 0.001).post(SELECT, json=make_prefetch_request(30, seed=1))
    assert (answer.status_code, len(answer.get_json()["cards"])) == (200, 1)


def test_an_order_that_is_not_ours_needs_no_step_and_no_time(services: Services) -> None:
    assert timed(services, 60).post(SELECT, json=knee_request()).status_code == 200


@pytest.mark.parametrize("looks", [*range(4, 16), 40, 70])  # the last ones are in the rules
def test_the_time_is_looked_at_between_the_steps_and_ends_the_call_at_each(
    services: Services, looks: int
) -> None:
    """The stopwatch jumps at one look after another, so every checkpoint is the one that ends the call."""
    seen = count()
    stopwatch = lambda: 0.0 if next(seen) < looks else 100.0  # noqa: E731
    client = create_app(services=dataclasses.replace(services, stopwatch=stopwatch)).test_client()
    answer = client.post(SELECT, json=make_prefetch_request(30, seed=1))
    assert refusal(answer) == (503, "1", "timeout")


def looks_for_notes(services: Services, notes: int) -> int:
    """How often the stopwatch is looked at for a record with one condition of so many notes."""
    looks = count()

    def stopwatch() -> float:
        next(looks)
        return 0.0

    request: dict[str, Any] = make_prefetch_request(30, seed=1)
    condition = request["prefetch"]["conditions"]["entry"][0]["resource"]
    condition["note"] = [{"text": f"numb saddle since {number} days"} for number in range(notes)]
    client = create_app(services=dataclasses.replace(services, stopwatch=stopwatch)).test_client()
    assert client.post(SELECT, json=request).status_code == 200
    return next(looks)


def test_every_text_of_one_resource_is_a_step_of_its_own(services: Services) -> None:
    """A text of 4,000 characters can take half a second, and one resource can hold thousands."""
    assert looks_for_notes(services, 101) - looks_for_notes(services, 1) >= 100
