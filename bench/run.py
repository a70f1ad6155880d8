"""Prints the time and throughput of an order-select call beside the floor, and the memory of a worker.

    python -m bench.run [--calls N] [--memory-calls N]

Service and floor each run with one worker and are called on one kept-alive connection each,
in blocks that take turns, so that whatever else the machine does falls on both.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from tempfile import TemporaryDirectory

from tests.bench_records import make_prefetch_request

SIZES = (30, 300, 3000)
MOST_TIMES_FLOOR = {30: 3.0, 300: 2.0, 3000: 1.5}
MOST_WORKER_MB = 150
COLUMNS = (
    "resources", "body kB", "floor median", "service median", "times floor", "target",
    "service p95", "service calls/s", "floor calls/s",
)  # fmt: skip
BLOCK = 20  # calls in a row to one server: short enough to share a slow moment, long enough to be warm
PATH = "/cds-services/lumbar-mri-order-select"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of each call, and calls a second over all of them."""

    seconds: tuple[float, ...]

    @property
    def median_ms(self) -> float:
        return statistics.median(self.seconds) * 1000

    @property
    def p95_ms(self) -> float:
        return statistics.quantiles(self.seconds, n=20)[-1] * 1000

    @property
    def calls_per_second(self) -> float:
        return len(self.seconds) / sum(self.seconds)


def main() -> int:
    """The table on standard output; exit status 1 where a target was missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=400, help="calls at each size")
    arguments.add_argument("--memory-calls", type=int, default=10_000, help="calls of the memory run")
    options = arguments.parse_args()
    with serving("-m", "cds_service", "serve") as service, serving("-m", "bench.floor") as floor:
        good = print_times(service, floor, options.calls)
        good &= print_memory(service, options.memory_calls)
    return 0 if good else 1


def print_times(service: Server, floor: Server, calls: int) -> bool:
    """A row for each size of record; False where a target was missed."""
    print(f"order-select on {datetime.now(UTC):%Y-%m-%d}, one worker, milliseconds\n")
    print(f"| {' | '.join(COLUMNS)} |")
    print(f"|{' ---: |' * len(COLUMNS)}")
    good = True
    for size in SIZES:
        body = request_of(size)
        base, ours = time_both(floor, service, body, max(calls * 30 // size, 60))
        times = ours.median_ms / base.median_ms
        good &= times <= MOST_TIMES_FLOOR[size]
        row = (
            f"{size:,}", f"{len(body) / 1000:,.0f}", f"{base.median_ms:.2f}", f"{ours.median_ms:.2f}",
            f"{times:.2f}", f"{MOST_TIMES_FLOOR[size]}", f"{ours.p95_ms:.2f}",
            f"{ours.calls_per_second:.0f}", f"{base.calls_per_second:.0f}",
        )  # fmt: skip
        print(f"| {' | '.join(row)} |")
    return good


def request_of(size: int) -> bytes:
    """An order-select request of today with so many resources in its prefetch."""
    return json.dumps(make_prefetch_request(size, seed=size, now=datetime.now(UTC))).encode()


def time_both(floor: Server, service: Server, body: bytes, calls: int) -> tuple[Timing, Timing]:
    """The same calls to both, in turns of a block each, after a block that is not counted."""
    times: tuple[list[float], list[float]] = ([], [])
    for block in range(calls // BLOCK + 1):
        for server, kept in zip((floor, service), times, strict=True):
            measured = [seconds_of(server, body) for _ in range(BLOCK)]
            kept += measured if block else []
    return Timing(tuple(times[0])), Timing(tuple(times[1]))


def seconds_of(server: Server, body: bytes) -> float:
    """How long one call took."""
    begun = time.perf_counter()
    server.call(body)
    return time.perf_counter() - begun


def print_memory(service: Server, calls: int) -> bool:
    """The resident memory of the worker before, between and after many calls; False over the target."""
    bodies = [
        json.dumps(make_prefetch_request(size, seed=n, now=datetime.now(UTC))).encode()
        for n, size in enumerate((30, 30, 30, 300))
    ]
    marks = []
    for number in range(calls + 1):
        if number % (calls // 4) == 0:
            marks.append(f"{service.worker_mb():.0f} MB after {number:,}")
        service.call(bodies[number % len(bodies)])
    print(f"\nworker memory, at most {MOST_WORKER_MB} MB and not growing: {', '.join(marks)} calls")
    return service.worker_mb() <= MOST_WORKER_MB


@dataclass(frozen=True, slots=True)
class Server:
    """A served process with one worker and a kept-alive connection to it."""

    pid: int
    connection: http.client.HTTPConnection

    def call(self, body: bytes) -> None:
        """One call, its answer read whole; raises where it is not a card."""
        self.connection.request("POST", PATH, body, {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        answer = json.loads(response.read())
        if response.status != 200 or not answer["cards"]:
            raise RuntimeError(f"status {response.status}, no card")

    def worker_mb(self) -> float:
        """Resident memory of the worker process."""
        children = subprocess.run(
            ["ps", "-o", "rss=", "--ppid", str(self.pid)], capture_output=True, text=True, check=True
        )
        return max(int(line) for line in children.stdout.split()) / 1024


@contextmanager
def serving(*command: str) -> Iterator[Server]:
    """A server of one worker on a free loopback port, stopped at the end."""
    port = free_port()
    with TemporaryDirectory() as folder:
        settings = {
            "CDS_PORT": str(port),
            "CDS_WORKERS": "1",
            "CDS_LOG_LEVEL": "warning",
            "CDS_DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3",
        }
        with subprocess.Popen(
            [sys.executable, *command], env=os.environ | settings, stdout=subprocess.DEVNULL
        ) as process:
            try:
                wait_until(lambda: is_open(port), seconds=30)
                yield Server(process.pid, http.client.HTTPConnection("127.0.0.1", port))
            finally:
                process.terminate()


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_open(port: int) -> bool:
    """Whether something listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Return once the condition holds; raises TimeoutError."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the server did not start")
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
