"""Clients' keys: files that are read at start, and addresses that may be slow, wrong or gone."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import Key
from structlog.testing import capture_logs

from cds_service.access.client_file import ClientsError
from cds_service.access.clients import ClientProfile, Clients
from cds_service.access.guarded_get import GuardedOutgoing
from cds_service.access.key_sets import FETCH_SECONDS, KeySets
from cds_service.access.outgoing import Answer, NotFetched, Reach
from cds_service.access.public_keys import NoKeySet, read_key_set
from tests.access.bad_server import (
    Behaviour,
    after,
    answer,
    bad_server,
    endless_body,
    half_then_reset,
    in_turn,
    json_of,
    nobody,
    redirect,
    slow_body,
    slow_headers,
)
from tests.access.signers import ec_signer, key_set, rsa_signer

ISSUER = "https://ehr.example.org"
EC, RSA, OTHER = ec_signer("ec"), rsa_signer("rsa"), ec_signer("other")
MARGIN_SECONDS = 2.0
HOUR, DAY = 3600, 86_400


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Gives:
    """An Outgoing that answers from memory: a key set, an answer or an error, in turn; the last one stays."""

    def __init__(self, *answers: Any) -> None:
        self.left = list(answers)
        self.asked = 0

    def get(
        self, url: str, *, headers: Mapping[str, str], reach: Reach, ends: float, max_bytes: int
    ) -> Answer:
        self.asked += 1
        now = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        if isinstance(now, Exception):
            raise now
        return Answer(200, {}, json.dumps(now).encode())


def by_url(url: str = "https://ehr.example.org/jwks.json", **changes: Any) -> ClientProfile:
    return ClientProfile(name="ehr", issuer=ISSUER, jwks_url=url, loopback=True, **changes)


def by_file(path: Path, **changes: Any) -> ClientProfile:
    return ClientProfile(name="ehr", issuer=ISSUER, jwks_file=path, **changes)


def key_sets(
    client: ClientProfile, outgoing: Any = None, clock: Callable[[], float] = time.monotonic
) -> KeySets:
    return KeySets(Clients(client=(client,)), outgoing or GuardedOutgoing(), clock, HOUR)


def written(path: Path, document: Any) -> Path:
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    return path


FAULTS: dict[str, Behaviour] = {
    "no answer": after(30, answer(b"{}")),
    "slow headers": slow_headers(),
    "slow body": slow_body(),
    "endless body": endless_body(),
    "larger than 64 kB": answer(json_of({**key_set(EC), "x": "x" * 70_000})),
    "HTML": answer(b"<html>sign in</html>", content_type="text/html"),
    "redirect": redirect("https://elsewhere.example/jwks.json"),
    "404 with keys": answer(json_of(key_set(EC)), 404),
    "500": answer(b"", 500),
    "broken off": half_then_reset(),
    "empty": answer(b""),
    "a list": answer(json_of([EC.public])),
    "a key alone": answer(json_of(EC.public)),
    "keys are no list": answer(json_of({"keys": {"ec": EC.public}})),
    "more than 100 keys": answer(json_of({"keys": [{"kid": str(n), "kty": "EC"} for n in range(101)]})),
    "nests deep": answer(b'{"keys":' + b"[" * 5000),
    "not UTF-8": answer(json.dumps(key_set(EC)).encode("utf-16")),
}


@pytest.mark.rule("JWK-4")
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_key_set_that_does_not_come_gives_no_key_in_time(fault: Behaviour) -> None:
    with bad_server({"/jwks.json": fault}) as server:
        client = by_url(f"{server.url}/jwks.json")
        keys = key_sets(client)
        started = time.monotonic()
        assert keys.find(client, "ec") is None
        assert time.monotonic() - started < FETCH_SECONDS + MARGIN_SECONDS


@pytest.mark.rule("JWK-3", "JWK-4")
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_key_set_that_does_not_come_again_leaves_the_old_one_at_work(fault: Behaviour) -> None:
    shift = 0.0
    with bad_server({"/jwks.json": in_turn(answer(json_of(key_set(EC))), fault)}) as server:
        client = by_url(f"{server.url}/jwks.json")
        keys = KeySets(
            Clients(client=(client,)), _Unshifted(lambda: shift), lambda: time.monotonic() + shift, HOUR
        )
        assert keys.find(client, "ec") is not None
        shift = HOUR + 1.0
        started = time.monotonic()
        assert keys.find(client, "ec") is not None
        assert time.monotonic() - started < FETCH_SECONDS + MARGIN_SECONDS
        assert len(server.requests) == 2


class _Unshifted:
    """Sends by the real clock what was asked by one that a test moved on."""

    def __init__(self, shift: Callable[[], float]) -> None:
        self._shift = shift
        self._sends = GuardedOutgoing()

    def get(self, url: str, *, ends: float, **more: Any) -> Answer:
        return self._sends.get(url, ends=ends - self._shift(), **more)


@pytest.mark.rule("JWK-4")
def test_a_redirect_is_not_followed() -> None:
    with bad_server({"/jwks.json": answer(json_of(key_set(EC)))}) as evil:
        with bad_server({"/jwks.json": redirect(f"{evil.url}/jwks.json", 302)}) as server:
            client = by_url(f"{server.url}/jwks.json")
            assert key_sets(client).find(client, "ec") is None
        assert evil.requests == []


@pytest.mark.rule("JWK-4")
def test_keys_are_fetched_without_tls_from_nowhere_but_loopback() -> None:
    client = ClientProfile(name="ehr", issuer=ISSUER, jwks_url="http://127.0.0.1:9/jwks.json")
    with capture_logs() as lines:
        assert key_sets(client).find(client, "ec") is None
    assert lines[0]["reason"] == "address not allowed"


def test_a_server_that_is_gone_gives_no_key_at_once() -> None:
    with nobody() as url:
        client = by_url(f"{url}/jwks.json")
        assert key_sets(client).find(client, "ec") is None


def test_after_a_failure_nobody_asks_for_ten_seconds() -> None:
    clock, gives, client = Clock(), Gives(NotFetched("too slow"), key_set(EC)), by_url()
    keys = key_sets(client, gives, clock)
    assert [keys.find(client, "ec") for _ in range(5)] == [None] * 5
    clock.now += 9.9
    assert (keys.find(client, "ec"), gives.asked) == (None, 1)
    clock.now += 0.1
    assert keys.find(client, "ec") is not None


@pytest.mark.parametrize(("age", "works"), [(DAY - 1, True), (DAY, False)], ids=["below a day", "a day"])
def test_old_keys_work_for_a_day_while_the_address_is_down(age: int, works: bool) -> None:
    clock, client = Clock(), by_url()
    keys = key_sets(client, Gives(key_set(EC), NotFetched("too slow")), clock)
    assert keys.find(client, "ec") is not None
    clock.now += age
    assert (keys.find(client, "ec") is not None) is works


@pytest.mark.rule("JWK-3")
@pytest.mark.parametrize(("age", "asked"), [(HOUR - 1, 1), (HOUR, 2)], ids=["below an hour", "an hour"])
def test_a_key_set_is_fetched_again_when_it_is_old(age: int, asked: int) -> None:
    clock, gives, client = Clock(), Gives(key_set(EC)), by_url()
    keys = key_sets(client, gives, clock)
    keys.find(client, "ec")
    clock.now += age
    assert keys.find(client, "ec") is not None
    assert gives.asked == asked


def test_a_key_that_the_client_withdrew_is_gone_with_the_next_fetch() -> None:
    clock, client = Clock(), by_url()
    keys = key_sets(client, Gives(key_set(EC), {"keys": []}), clock)
    assert keys.find(client, "ec") is not None
    clock.now += HOUR
    assert keys.find(client, "ec") is None


@pytest.mark.rule("JWK-3")
def test_an_unknown_id_is_asked_for_once_a_minute() -> None:
    clock, gives, client = Clock(), Gives(key_set(EC)), by_url()
    keys = key_sets(client, gives, clock)
    keys.find(client, "ec")
    for number in range(100):
        keys.find(client, f"unknown-{number}")
    assert gives.asked == 2
    clock.now += 60
    keys.find(client, "unknown")
    keys.find(client, "unknown")
    assert gives.asked == 3


def test_one_client_that_fails_does_not_slow_another() -> None:
    slow, quick = (
        by_url("https://a.example/jwks.json"),
        ClientProfile(name="b", issuer="https://b.example", jwks_url="https://b.example/jwks.json"),
    )
    holding, release = threading.Event(), threading.Event()

    class OneHangs(Gives):
        def get(self, url: str, **more: Any) -> Answer:
            if "a.example" in url:
                holding.set()
                release.wait(30)
            return super().get(url, **more)

    keys = KeySets(Clients(client=(slow, quick)), OneHangs(key_set(EC)), time.monotonic, HOUR)
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(keys.find, slow, "ec")
        holding.wait(30)
        try:
            assert keys.find(quick, "ec") is not None
        finally:
            release.set()
        assert hanging.result() is not None


@pytest.mark.parametrize("kid", ["ec", "unknown"])
def test_many_threads_cost_one_fetch(kid: str) -> None:
    gives, client = Gives(key_set(EC)), by_url()
    started = threading.Event()

    class Slow(Gives):
        def get(self, url: str, **more: Any) -> Answer:
            started.wait(30)
            return gives.get(url, **more)

    keys = key_sets(client, Slow(None))
    with ThreadPoolExecutor(16) as pool:
        results = [pool.submit(keys.find, client, kid) for _ in range(16)]
        started.set()
        found = [result.result() is not None for result in results]
    assert found == [kid == "ec"] * 16
    # For an id that is still unknown after the first fetch, one more may be made.
    assert gives.asked == (1 if kid == "ec" else 2)


def test_a_thread_with_an_old_key_does_not_wait_for_a_new_one() -> None:
    client, clock = by_url(), Clock()
    asked, release = threading.Event(), threading.Event()

    class SecondHangs(Gives):
        def get(self, url: str, **more: Any) -> Answer:
            if self.asked:
                asked.set()
                release.wait(30)
            return super().get(url, **more)

    keys = key_sets(client, SecondHangs(key_set(EC)), clock)
    keys.find(client, "ec")
    clock.now += HOUR
    with ThreadPoolExecutor(1) as pool:
        refreshing = pool.submit(keys.find, client, "ec")
        asked.wait(30)
        try:
            assert keys.find(client, "ec") is not None
            assert not refreshing.done()
        finally:
            release.set()


def test_after_a_weekend_without_calls_the_first_ones_all_wait_for_the_keys() -> None:
    client, clock = by_url(), Clock()

    class SecondTakesTime(Gives):
        def get(self, url: str, **more: Any) -> Answer:
            if self.asked:
                time.sleep(0.3)
            return super().get(url, **more)

    gives = SecondTakesTime(key_set(EC))
    keys = key_sets(client, gives, clock)
    keys.find(client, "ec")
    clock.now += 3 * DAY
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: keys.find(client, "ec"), range(4)))
    assert ([key is not None for key in found], gives.asked) == ([True] * 4, 2)


BAD_KEYS: dict[str, tuple[Any, str]] = {
    "no object": ("ec", "is no object"),
    "no kid": ({k: v for k, v in EC.public.items() if k != "kid"}, "has no 'kid'"),
    "kid is a number": ({**EC.public, "kid": 1}, "has no 'kid'"),
    "kid is empty": ({**EC.public, "kid": ""}, "has no 'kid'"),
    "private EC": ({**EC.key.as_dict(private=True), "kid": "p"}, "is private"),
    "private RSA": ({**RSA.key.as_dict(private=True), "kid": "p"}, "is private"),
    "a shared secret": ({"kty": "oct", "k": "c2VjcmV0", "kid": "p"}, "is private"),
    "a kind that is not used": ({"kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "p"}, "is of a type"),
    "a curve that is not used": ({**EC.public, "crv": "secp256k1", "kid": "p"}, "is of a type"),
    "a curve that nobody knows": ({**EC.public, "crv": "P-999", "kid": "p"}, "is of a type"),
    "a curve in a list": ({**EC.public, "crv": ["P-384"], "kid": "p"}, "is of a type"),
    "a curve in an object": ({**EC.public, "crv": {}, "kid": "p"}, "is of a type"),
    "a factor of an RSA key": ({**RSA.public, "p": "AQ", "kid": "p"}, "is private"),
    "a point that is not on its curve": ({**EC.public, "y": EC.public["x"], "kid": "p"}, "cannot be read"),
    "a point of another curve": ({**EC.public, "crv": "P-256", "kid": "p"}, "cannot be read"),
    "no numbers": ({"kty": "RSA", "kid": "p"}, "cannot be read"),
    "numbers that are none": ({**RSA.public, "n": "!", "kid": "p"}, "cannot be read"),
    "a number that is a list": ({**RSA.public, "e": ["AQAB"], "kid": "p"}, "cannot be read"),
    "use in a list": ({**EC.public, "use": ["sig"], "key_ops": ["verify"], "kid": "p"}, "cannot be read"),
    "RSA of 1024 bits": ({**rsa_signer("p", bits=1024).public}, "is not of 2048"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Key size should be")
@pytest.mark.parametrize(("bad", "why"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_bad_key_costs_the_client_no_other(bad: Any, why: str) -> None:
    read = read_key_set(json_of({"keys": [EC.public, bad]}))
    assert list(read.by_id) == ["ec"]
    assert [fault.startswith(f"key 2 {why}") for fault in read.faults] == [True]


@pytest.mark.filterwarnings("ignore:Key size should be")
@pytest.mark.parametrize(("bad", "why"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_file_with_a_bad_key_stops_the_start(tmp_path: Path, bad: Any, why: str) -> None:
    client = by_file(written(tmp_path / "keys.json", {"keys": [EC.public, bad]}))
    with pytest.raises(ClientsError, match=rf"keys\.json: .*; key 2 {why}"):
        key_sets(client)


@pytest.mark.rule("JWK-1")
def test_of_two_keys_with_one_id_none_is_used() -> None:
    read = read_key_set(json_of({"keys": [EC.public, {**OTHER.public, "kid": "ec"}, RSA.public]}))
    assert (list(read.by_id), len(read.faults)) == (["rsa"], 2)


@pytest.mark.parametrize(
    "document",
    [b"", b"<html>", b"[]", b"{}", b'{"keys": 1}', b'{"keys": []}', b'{"keys":' + b"[" * 5000],
    ids=["empty", "HTML", "list", "no keys", "keys are a number", "none", "deep"],
)
def test_a_file_without_keys_stops_the_start(tmp_path: Path, document: bytes) -> None:
    with pytest.raises(ClientsError, match=r"keys\.json"):
        key_sets(by_file(written(tmp_path / "keys.json", document)))


def test_a_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ClientsError, match=r"keys\.json: a file that can be read"):
        key_sets(by_file(tmp_path / "keys.json"))


def test_no_fault_quotes_the_file(tmp_path: Path) -> None:
    with pytest.raises(NoKeySet) as told:
        read_key_set(b'{"secret":"abc')
    assert "abc" not in str(told.value)


@pytest.mark.rule("JWK-2")
def test_a_file_wins_over_an_address(tmp_path: Path) -> None:
    gives = Gives(key_set(OTHER))
    client = by_file(
        written(tmp_path / "keys.json", key_set(EC, RSA)), jwks_url="https://ehr.example.org/jwks"
    )
    keys = key_sets(client, gives)
    found: list[Key | None] = [keys.find(client, kid) for kid in ("ec", "rsa", "other")]
    assert ([key is not None for key in found], gives.asked) == ([True, True, False], 0)


def test_nothing_of_the_address_is_logged() -> None:
    client = by_url("https://ehr.example.org/secret-path/jwks.json")
    with capture_logs() as lines:
        key_sets(client, Gives(NotFetched("too slow"))).find(client, "ec")
    assert lines == [
        {"event": "key-set-not-fetched", "log_level": "warning", "client": "ehr", "reason": "too slow"}
    ]
