"""Counts over several processes: whole right after the calls, and never less than before."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from cds_service.local_service import loopback_session
from cds_service.web.metrics_folder import make_metrics_folder
from tests.web.hook_calls import SELECT, knee_request
from tests.web.metrics_text import value
from tests.web.raw_http import connection_to
from tests.web.service_process import ServiceProcess, service_process

SERVICE = "lumbar-mri-order-select"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceProcess]:
    with service_process(tmp_path, "--workers", "2") as started:
        yield started


def call(service: ServiceProcess, times: int) -> None:
    for _ in range(times):  # each on a connection of its own, so that both processes get some
        assert loopback_session().post(service.base_url + SELECT, json=knee_request(), timeout=30).ok


def metrics(service: ServiceProcess) -> str:
    for _ in range(100):
        try:
            answer = loopback_session().get(f"{service.base_url}/metrics", timeout=30)
        except requests.ConnectionError:  # it went to the process that was killed
            time.sleep(0.05)
            continue
        assert answer.status_code == 200
        return answer.text
    raise AssertionError("no metrics")


def counted(service: ServiceProcess) -> float:
    return value(metrics(service), "calls_total", service=SERVICE, status="200")


def test_whichever_process_is_asked_tells_the_calls_of_all(service: ServiceProcess) -> None:
    call(service, 30)
    assert {counted(service) for _ in range(8)} == {30}
    assert value(metrics(service), "call_seconds_count", service=SERVICE) == 30


def test_no_count_goes_down_when_a_process_is_killed(service: ServiceProcess) -> None:
    call(service, 20)
    killed = service.workers()
    for worker in killed:  # both, so that what either has counted must survive it
        os.kill(worker, signal.SIGKILL)
    wait_for_new_workers(service, set(killed))
    assert counted(service) == 20
    call(service, 5)
    assert counted(service) == 25


def test_calls_of_a_killed_process_are_not_in_progress_for_ever(service: ServiceProcess) -> None:
    head = f"POST {SELECT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    with connection_to(service.base_url) as unfinished:
        unfinished.sendall(head.encode() + b"{")
        wait_until(lambda: value(metrics(service), "calls_in_progress") == 1)
        killed = service.workers()
        for worker in killed:
            os.kill(worker, signal.SIGKILL)
        wait_for_new_workers(service, set(killed))
        assert value(metrics(service), "calls_in_progress") == 0


def test_the_folder_of_counts_is_removed_at_the_end_or_at_the_next_start(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    (tmp_path / "killed").mkdir()
    mine = make_metrics_folder([place])
    assert mine.parent == place
    abandoned = place / mine.name.replace(mine.name[-4:], "gone")
    abandoned.mkdir()
    (abandoned / "in-use").touch()
    next_one = make_metrics_folder([tmp_path / "nowhere", place])
    assert sorted(place.iterdir()) == sorted([mine, next_one])


def test_a_service_that_is_stopped_leaves_no_folder_of_counts(tmp_path: Path) -> None:
    with service_process(tmp_path, "--workers", "2") as service:
        call(service, 1)
        wait_until(lambda: len(service.workers()) == 2)
        folder = folder_of(service)
        wait_until(lambda: len(list(folder.glob("counter_*.db"))) == 2)
        service.process.terminate()
        assert service.process.wait(timeout=30) == 0
        assert not folder.exists()


def folder_of(service: ServiceProcess) -> Path:
    maps = "".join(Path(f"/proc/{worker}/maps").read_text() for worker in service.workers())
    return Path(next(line.split()[-1] for line in maps.splitlines() if "counter_" in line)).parent


def wait_for_new_workers(service: ServiceProcess, old: set[int]) -> None:
    wait_until(lambda: len(set(service.workers()) - old) == 2 and not set(service.workers()) & old)


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(200):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def test_a_folder_is_not_seen_as_left_while_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock

    def another_service_starts_first(file: object, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        others.append(make_metrics_folder([tmp_path]))
        lock(file, how)  # type: ignore[arg-type]

    others: list[Path] = []
    monkeypatch.setattr(fcntl, "flock", another_service_starts_first)
    own = make_metrics_folder([tmp_path])
    assert own.is_dir()
    assert others[0].is_dir()
