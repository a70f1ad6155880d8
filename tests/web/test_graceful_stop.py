"""A service that is told to stop finishes what it began, takes nothing new, and closes what it holds."""

from __future__ import annotations

import json
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests

from cds_service.app import Services
from cds_service.local_service import loopback_session
from cds_service.web.server import PROCESSES, server_options
from tests.access.bad_server import Asked, Behaviour, after, bad_server
from tests.access.fhir_services import Record, fixture, lacking, offering
from tests.databases import GivenDatabase
from tests.feedback.reports import new_card, overridden, stored
from tests.web.hook_calls import SELECT, knee_request
from tests.web.raw_http import connection_to, everything_from
from tests.web.service_process import ServiceProcess, service_process
from tests.web.service_with_a_closer import CLOSED

GRACEFUL_SECONDS = PROCESSES["graceful_timeout"]
MARGIN_SECONDS = 5.0
CLIENTS = """
[[client]]
name = "reader"
loopback = true
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceProcess]:
    clients = tmp_path / "clients.toml"
    clients.write_text(CLIENTS)
    with service_process(
        tmp_path, "--workers", "2", clients=str(clients), fhir_call_seconds="20", fhir_read_seconds="10"
    ) as started:
        yield started


def request_bytes(body: bytes) -> tuple[bytes, bytes]:
    head = f"POST {SELECT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body[:10], body[10:]


def refuses(service: ServiceProcess) -> bool:
    try:
        with connection_to(service.base_url) as connection:
            connection.settimeout(0.2)
            return connection.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(100):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def test_a_call_whose_body_is_still_arriving_is_answered(service: ServiceProcess) -> None:
    first, rest = request_bytes(json.dumps(knee_request()).encode())
    with connection_to(service.base_url) as connection:
        connection.sendall(first)
        time.sleep(0.5)  # it is being read by then
        service.process.terminate()
        wait_until(lambda: refuses(service))
        connection.sendall(rest)
        answer = everything_from(connection)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b'{"cards":[]}')
    assert service.process.wait(timeout=GRACEFUL_SECONDS + MARGIN_SECONDS) == 0


def test_a_call_that_waits_for_a_fhir_server_is_answered_with_what_it_reads(
    service: ServiceProcess, services: Services
) -> None:
    body = fixture("r1-not-indicated")
    record = Record(body, services.guideline.prefetch)
    asked = threading.Event()

    def slow(request: Asked) -> Behaviour:
        asked.set()
        return after(2.0, record(request))

    answers: list[requests.Response] = []
    with bad_server(slow) as server:
        request = offering(lacking(body, "observations"), f"{server.url}/fhir")
        url = service.base_url + SELECT
        calling = threading.Thread(
            target=lambda: answers.append(loopback_session().post(url, json=request, timeout=30))
        )
        calling.start()
        assert asked.wait(20)
        service.process.terminate()
        assert service.process.wait(timeout=GRACEFUL_SECONDS + MARGIN_SECONDS) == 0
        calling.join(20)
    (answer,) = answers
    assert answer.status_code == 200
    (card,) = answer.json()["cards"]
    assert "unread" not in card["extension"]["org.lumbar-mri-cds.decision"]


def test_new_connections_are_refused(service: ServiceProcess) -> None:
    first, _ = request_bytes(json.dumps(knee_request()).encode())
    with connection_to(service.base_url) as connection:  # holds the processes up
        connection.sendall(first)
        time.sleep(0.3)
        service.process.terminate()
        wait_until(lambda: refuses(service))
        with pytest.raises(requests.ConnectionError):
            loopback_session().get(f"{service.base_url}/healthz", timeout=5)


def test_a_sender_that_never_ends_does_not_keep_the_service_from_stopping(service: ServiceProcess) -> None:
    first, _ = request_bytes(json.dumps(knee_request()).encode())
    with connection_to(service.base_url) as connection:
        connection.sendall(first)
        time.sleep(0.3)
        service.process.terminate()
        assert service.process.wait(timeout=GRACEFUL_SECONDS + MARGIN_SECONDS) == 0


def test_an_idle_kept_connection_does_not_keep_the_service_from_stopping(service: ServiceProcess) -> None:
    session = loopback_session()
    assert session.get(f"{service.base_url}/healthz", timeout=5).ok
    service.process.terminate()
    assert PROCESSES["keepalive"] > GRACEFUL_SECONDS + MARGIN_SECONDS
    assert service.process.wait(timeout=GRACEFUL_SECONDS + MARGIN_SECONDS) == 0


def test_feedback_that_arrives_while_the_service_stops_is_kept_or_not_acknowledged(
    service: ServiceProcess, tmp_path: Path
) -> None:
    acknowledged: list[str] = []

    def post() -> None:
        while True:
            card = new_card()
            try:
                url = f"{service.base_url}{SELECT}/feedback"
                answer = loopback_session().post(url, json={"feedback": [overridden(card)]}, timeout=20)
            except requests.RequestException:
                return
            if answer.status_code == 200:
                acknowledged.append(card)

    posting = [threading.Thread(target=post) for _ in range(4)]
    for thread in posting:
        thread.start()
    wait_until(lambda: len(acknowledged) > 10)
    service.process.terminate()
    assert service.process.wait(timeout=GRACEFUL_SECONDS + MARGIN_SECONDS) == 0
    for thread in posting:
        thread.join(30)
    assert set(acknowledged) <= {
        card for (card,) in stored(GivenDatabase("sqlite", f"sqlite:///{tmp_path}/store.sqlite3"), "card")
    }


def test_records_of_decisions_that_wait_are_written(service: ServiceProcess, tmp_path: Path) -> None:
    body = fixture("r4-cauda-equina")
    for _ in range(6):
        assert loopback_session().post(service.base_url + SELECT, json=body, timeout=30).json()["cards"]
    service.process.terminate()
    assert service.process.wait(timeout=GRACEFUL_SECONDS + MARGIN_SECONDS) == 0
    with closing(sqlite3.connect(tmp_path / "store.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM decisions").fetchall() == [(6,)]


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_each_process_closes_what_it_holds_and_one_failing_closer_stops_no_other(
    tmp_path: Path, sent: signal.Signals
) -> None:
    with service_process(tmp_path, start=("-m", "tests.web.service_with_a_closer")) as service:
        wait_until(lambda: len(service.workers()) == 2)
        assert loopback_session().post(service.base_url + SELECT, json=knee_request(), timeout=20).ok
        time.sleep(1)  # both processes are at work by then
        service.process.send_signal(sent)
        assert service.process.wait(timeout=GRACEFUL_SECONDS + MARGIN_SECONDS) == 0
    assert (tmp_path / CLOSED).read_text() == "closed\n" * 2
    lines = [json.loads(line) for line in service.log.read_text().splitlines()]
    assert [line["error"] for line in lines if line["event"] == "not-closed"] == ["RuntimeError"] * 2
    assert "nothing of this" not in service.log.read_text()


def test_every_line_of_a_service_that_lost_a_process_is_json(service: ServiceProcess) -> None:
    import os

    wait_until(lambda: len(service.workers()) == 2)
    os.kill(service.workers()[0], signal.SIGKILL)
    wait_until(lambda: "SIGKILL" in service.log.read_text())
    lines = [json.loads(line) for line in service.log.read_text().splitlines()]
    assert ["SIGKILL" in line.get("values", []) for line in lines if line["event"] == "server"] == [True]


def test_a_process_that_only_begins_hears_that_it_is_to_stop(services: Services) -> None:
    class Beginning:
        """A worker that has made nothing yet of what its own handler needs."""

        pid = 1
        alive = True

    worker, before = Beginning(), signal.getsignal(signal.SIGTERM)
    try:
        server_options(services.settings, services, lambda: None)["post_fork"](None, worker)
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert not worker.alive
