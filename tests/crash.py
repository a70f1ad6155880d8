"""Feedback under load while processes are killed: nothing acknowledged is lost, doubled or halved.

`python -m tests.crash --rounds 200 --database sqlite` runs it; `--seed` repeats the choices of a run.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import requests

from cds_service.local_service import loopback_session
from cds_service.settings import environment_with
from tests.databases import GivenDatabase
from tests.feedback.reports import new_card, overridden
from tests.postgresql_server import PostgresServer
from tests.web.hook_calls import SIGN

WORKERS = 2
SENDERS = 4
# Generous, because the machine may be busy: what is tested is that the service comes back at all.
BACK_SECONDS = 60

Cards = tuple[str, ...]


@dataclass(slots=True)
class Sent:
    """What became of each batch, which is known by its first card; a batch may be sent more than once."""

    batches: list[Cards] = field(default_factory=list)
    acknowledged: Counter[Cards] = field(default_factory=Counter)
    unknown: Counter[Cards] = field(default_factory=Counter)
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def posts(self) -> int:
        return self.acknowledged.total() + self.unknown.total()


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found; `faults` is empty where every acknowledged feedback is there as often as it was."""

    seed: int
    rounds: int
    kills: Counter[str]
    posts: int
    acknowledged: int
    entries: int
    refused: int
    unknown: int
    unknown_but_stored: int
    longest_absence: float
    seconds: float
    faults: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """The figures, a line each."""
        yield f"seed {self.seed}, {self.rounds} rounds in {self.seconds / 60:.1f} minutes"
        yield f"posts {self.posts}, acknowledged {self.acknowledged} with {self.entries} entries"
        yield f"refused with 503: {self.refused}; without an acknowledgement: {self.unknown}"
        yield f"of those stored all the same: {self.unknown_but_stored}"
        yield "kills: " + ", ".join(f"{kind} {count}" for kind, count in sorted(self.kills.items()))
        yield f"longest until all is as before a kill: {self.longest_absence:.1f} s"
        yield f"faults: {len(self.faults)}"
        yield from self.faults[:20]


class Supervised:
    """The service as systemd or compose run it: when its first process ends, all end and it is started anew."""

    def __init__(self, url: str, log: Path) -> None:
        with closing(socket.socket()) as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}"
        self._command = [sys.executable, "-m", "cds_service", "serve", "--port", str(port)]
        self._environment = environment_with(database_url=url, workers=str(WORKERS))
        self._log = log
        self._process = self._start()

    @property
    def master(self) -> int:
        return self._process.pid

    def workers(self) -> list[int]:
        """The processes that answer."""
        with suppress(OSError):
            path = Path(f"/proc/{self.master}/task/{self.master}/children")
            return [int(pid) for pid in path.read_text().split()]
        return []

    def start_anew_if_ended(self) -> bool:
        """What a supervisor does, and whether it had to."""
        if self._process.poll() is None:
            return False
        self.kill_all()
        self._process = self._start()
        return True

    def kill_all(self) -> None:
        """End every process of the service at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.master, signal.SIGKILL)
        self._process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._command,
                env=self._environment,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )


def run_rounds(
    rounds: int, seed: int, database: GivenDatabase, server: PostgresServer | None, folder: Path
) -> Report:
    """Kill something at a random moment in each round, while feedback comes from several sides."""
    began, dice = time.monotonic(), random.Random(seed)
    sent, kills, faults, longest = Sent(), Counter[str](), list[str](), 0.0
    service = Supervised(database.url, folder / "log.jsonl")
    try:
        await_acknowledgement(service, sent)
        await_workers(service)
        for number in range(rounds):
            first_new = len(sent.batches)
            with load(service.base_url, sent):
                time.sleep(dice.uniform(0.05, 0.6))
                kind, kill = choose(dice, service, server)
                kill()
                killed_at = time.monotonic()
                kills[kind] += 1
                time.sleep(dice.uniform(0.0, 0.2))
            if server is not None:
                server.start()
            # At once, and before the service is started anew.
            faults += missing(sent, sent.batches[first_new:], database, f"round {number}, {kind}")
            await_workers(service)
            await_acknowledgement(service, sent)
            longest = max(longest, time.monotonic() - killed_at)
            if number % 20 == 19:
                print(f"{number + 1} rounds, {len(faults)} faults", flush=True)
    finally:
        service.kill_all()
    wrong, surplus = compare(sent, database)
    faults += wrong + broken(database, server)
    return Report(
        seed=seed,
        rounds=rounds,
        kills=kills,
        posts=sent.posts,
        acknowledged=sent.acknowledged.total(),
        entries=sum(len(batch) * times for batch, times in sent.acknowledged.items()),
        refused=sent.refused,
        unknown=sent.unknown.total(),
        unknown_but_stored=surplus,
        longest_absence=longest,
        seconds=time.monotonic() - began,
        faults=tuple(faults),
    )


@contextmanager
def load(base_url: str, sent: Sent) -> Iterator[None]:
    """Senders that go on until the block ends, and have all heard or lost their answers after it."""
    stop = threading.Event()
    senders = [threading.Thread(target=send, args=(base_url, sent, stop)) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    try:
        yield
    finally:
        stop.set()
        for sender in senders:
            sender.join()


def send(base_url: str, sent: Sent, stop: threading.Event) -> None:
    """Batches of one to five cards; every third batch is sent twice, as clients that are unsure do."""
    session = loopback_session()
    number = 0
    while not stop.is_set():
        number += 1
        cards = tuple(new_card() for _ in range(1 + number % 5))
        with sent.lock:
            sent.batches.append(cards)
        for _ in range(2 if number % 3 == 0 else 1):
            if not post(session, base_url, cards, sent):
                time.sleep(0.02)


def post(session: requests.Session, base_url: str, cards: Cards, sent: Sent) -> bool:
    """Whether the service acknowledged the batch; it counts only with the whole answer."""
    entries = [overridden(card) for card in cards]
    try:
        answer = session.post(f"{base_url}{SIGN}/feedback", json={"feedback": entries}, timeout=30)
        status = answer.status_code
        acknowledged = status == 200 and answer.json() == {"accepted": len(cards)}
    except (requests.RequestException, ValueError):
        status, acknowledged = 0, False
    with sent.lock:
        (sent.acknowledged if acknowledged else sent.unknown)[cards] += 1
        sent.refused += status == 503
    assert status in (0, 200, 503), f"the service answered {status}"
    return acknowledged


def choose(
    dice: random.Random, service: Supervised, server: PostgresServer | None
) -> tuple[str, Callable[[], None]]:
    """What is killed in this round, and how."""
    kinds = ["worker", "worker", "master", "every process"]
    if server is not None:
        kinds += ["backend", "postmaster"]
    match dice.choice(kinds):
        case "worker" as kind:
            victim = dice.choice(service.workers())
            return kind, lambda: os.kill(victim, signal.SIGKILL)
        case "master" as kind:
            return kind, lambda: os.kill(service.master, signal.SIGKILL)
        case "backend" as kind:
            assert server is not None
            # One that serves a client, or else one of the server's own: it starts its others anew after each.
            victim = dice.choice(server.serving() or server.processes()[1:])
            return kind, lambda: os.kill(victim, signal.SIGKILL)
        case "postmaster" as kind:
            assert server is not None
            return kind, server.kill
        case kind:
            return kind, service.kill_all


def await_acknowledgement(service: Supervised, sent: Sent) -> None:
    """Wait until the service is back: a new feedback is acknowledged."""
    ends = time.monotonic() + BACK_SECONDS
    while time.monotonic() < ends:
        service.start_anew_if_ended()
        cards = (new_card(),)
        sent.batches.append(cards)
        if post(loopback_session(), service.base_url, cards, sent):
            return
        time.sleep(0.05)
    raise AssertionError("the service did not come back")


def await_workers(service: Supervised) -> None:
    """Wait until as many processes serve as before, and none is left of those before a new start."""
    ends = time.monotonic() + BACK_SECONDS
    while service.start_anew_if_ended() or len(service.workers()) < WORKERS:
        assert time.monotonic() < ends, f"a killed worker was not replaced: {service.workers()} serve"
        time.sleep(0.02)


def missing(sent: Sent, batches: Sequence[Cards], database: GivenDatabase, when: str) -> list[str]:
    """The acknowledged batches of one round that are not there directly after it."""
    cards = ",".join(f"'{batch[0]}'" for batch in batches)
    query = f"SELECT card, count(*) FROM feedback WHERE card IN ({cards}) GROUP BY card"  # noqa: S608
    found = Counter(dict(database.rows(query)))
    lost = [batch for batch in batches if found[batch[0]] < sent.acknowledged[batch]]
    return [f"{when}: {len(lost)} acknowledged batches are not there"] if lost else []


def compare(sent: Sent, database: GivenDatabase) -> tuple[list[str], int]:
    """What is stored otherwise than it was acknowledged, and how many posts without an answer are stored."""
    stored = Counter(dict(database.rows("SELECT card, count(*) FROM feedback GROUP BY card")))
    faults: list[str] = []
    surplus = 0
    for batch in sent.batches:
        counts = {stored.pop(card, 0) for card in batch}
        acknowledged, unknown = sent.acknowledged[batch], sent.unknown[batch]
        if len(counts) > 1:
            faults.append(f"a batch is there in part: {sorted(counts)} of {len(batch)} entries")
        elif not acknowledged <= (there := counts.pop()) <= acknowledged + unknown:
            faults.append(f"{there} times stored, {acknowledged} acknowledged, {unknown} without an answer")
        else:
            surplus += there - acknowledged
    if stored:
        faults.append(f"{len(stored)} cards are stored that nobody sent")
    return faults, surplus


def broken(database: GivenDatabase, server: PostgresServer | None) -> list[str]:
    """What the database's own check finds wrong."""
    if server is None:
        found = database.rows("PRAGMA integrity_check")
        return [] if found == [("ok",)] else [f"integrity check: {found[:3]}"]
    told = server.broken_pages()
    return [f"page check: {told}"] if told else []


def main(arguments: Sequence[str]) -> int:
    """Run as many rounds as asked, print the figures, and end with 1 where something was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))  # and leave no process behind
    with tempfile.TemporaryDirectory(prefix="lumbar-crash-") as name:
        folder = Path(name)
        server = PostgresServer(fsync=True) if options.database == "postgresql" else None
        url = server.url() if server else f"sqlite:///{folder}/store.sqlite3"
        try:
            database = GivenDatabase(options.database, url)
            report = run_rounds(options.rounds, options.seed, database, server, folder)
        finally:
            if server:
                server.remove()
    print(options.database, *report.lines(), sep="\n", flush=True)
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
