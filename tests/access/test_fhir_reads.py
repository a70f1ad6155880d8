"""Reads end with their call, whatever the connection does, and a fault of our own is never an empty record."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from cds_service.access.clients import ClientProfile
from cds_service.access.fhir_reads import Completed, FhirReader, complete_prefetch
from cds_service.access.outgoing import Answer, NotFetched, Reach
from cds_service.access.paging import MOST_ENTRIES, MOST_PAGES
from cds_service.access.prefetch import _type_of_template
from cds_service.access.read_pool import ReadPool
from cds_service.protocol.request import read_hook_request
from cds_service.record.facts import ReadState

TOKEN = "opaque-test-token-001"  # noqa: S105
BASE = "https://ehr.example/fhir"
KEYS = {
    f"conditions{number}": f"Condition?patient={{{{context.patientId}}}}&x={number}" for number in range(6)
}
CLIENT = ClientProfile(name="ehr", fhir_servers=(BASE,))
EMPTY = b'{"resourceType": "Bundle", "total": 0}'


@dataclass
class Does:
    """A connection that does what a function says for each address."""

    what: Callable[[str], bytes]
    asked: list[str] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)

    def get(
        self, url: str, *, headers: Mapping[str, str], reach: Reach, ends: float, max_bytes: int
    ) -> Answer:
        self.asked.append(url)
        self.ends.append(ends)
        return Answer(200, {"content-type": "application/fhir+json"}, self.what(url))


def complete(
    outgoing: Does,
    *,
    seconds: float = 30.0,
    threads: int = 4,
    prefetch: Any = None,
    orders: Any = (),
    pool: ReadPool | None = None,
    **authorization: Any,
) -> Completed:
    body = {
        "hook": "order-select",
        "hookInstance": "x",
        "context": {"patientId": "p1", "selections": [], "draftOrders": {"resourceType": "Bundle"}},
        "prefetch": prefetch,
        "fhirServer": BASE,
        "fhirAuthorization": {"access_token": TOKEN, **authorization},
    }
    own = pool is None
    pool = pool or ReadPool(threads)
    reader = FhirReader(
        outgoing=outgoing,
        pool=pool,
        stopwatch=time.monotonic,
        clock=lambda: datetime(2026, 6, 15, tzinfo=UTC),
        pause=time.sleep,
        request_seconds=20.0,
        max_bytes=1_000_000,
        depth_limit=64,
    )
    request = read_hook_request(body, "order-select", KEYS)
    ends = time.monotonic() + seconds
    completed = complete_prefetch(request, orders, KEYS, CLIENT, reader, ends=ends)
    if own:
        threading.Thread(target=pool.close, daemon=True).start()
    return completed


def states(completed: Completed) -> set[tuple[ReadState, str]]:
    return {(read.state, read.reason) for read in completed.prefetch.values()}


def test_a_connection_that_never_ends_does_not_hold_the_call() -> None:
    let_go = threading.Event()

    def hang(url: str) -> bytes:
        let_go.wait(60)
        return EMPTY

    outgoing = Does(hang)
    began = time.monotonic()
    completed = complete(outgoing, seconds=0.3, threads=2)
    assert time.monotonic() - began < 0.3 + 5
    assert states(completed) == {(ReadState.FAILED, "too late")}
    let_go.set()
    time.sleep(0.1)
    # Four reads still waited for a thread: they are not begun once the call is answered (FA-6).
    assert len(outgoing.asked) == 2
    assert states(completed) == {(ReadState.FAILED, "too late")}


def test_what_came_before_the_end_is_kept() -> None:
    let_go = threading.Event()

    def hang_at_one(url: str) -> bytes:
        if url.endswith("x=3"):
            let_go.wait(60)
        return EMPTY

    completed = complete(Does(hang_at_one), seconds=1.0)
    let_go.set()
    read = {key: found.state for key, found in completed.prefetch.items()}
    assert read.pop("conditions3") is ReadState.FAILED
    assert set(read.values()) == {ReadState.COMPLETE}


def test_a_fault_of_our_own_leaves_the_key_unread_and_tells_nothing_but_its_kind() -> None:
    def break_down(url: str) -> bytes:
        raise RuntimeError(f"{url} {TOKEN}")

    with capture_logs() as lines:
        completed = complete(Does(break_down))
    assert states(completed) == {(ReadState.FAILED, "fault")}
    assert {line["kind"] for line in lines} == {"RuntimeError"}
    for shown in (repr(lines), repr(completed)):
        assert TOKEN not in shown
        assert "ehr.example" not in shown


@pytest.mark.rule("FA-6")
def test_no_read_outlives_its_token() -> None:
    outgoing = Does(lambda url: EMPTY)
    latest = time.monotonic() + 3
    complete(outgoing, expires_in=3)
    assert len(outgoing.ends) == len(KEYS)
    assert max(outgoing.ends) < latest + 2


def test_pages_are_put_together() -> None:
    def pages(url: str) -> bytes:
        number = int(url.rpartition("page=")[2]) if "page=" in url else 1
        link = f'"link": [{{"relation": "next", "url": "{BASE}?page={number + 1}"}}],' if number < 3 else ""
        entry = f'{{"resource": {{"resourceType": "Condition", "id": "c{number}"}}}}'
        return f'{{"resourceType": "Bundle", "total": 3, {link} "entry": [{entry}]}}'.encode()

    completed = complete(Does(pages), prefetch=dict.fromkeys(list(KEYS)[1:]))
    read = completed.prefetch["conditions0"]
    assert (read.state, [one["id"] for one in read.resources]) == (ReadState.COMPLETE, ["c1", "c2", "c3"])
    assert completed.log["fhir_requests"] == 3


@pytest.mark.parametrize(
    ("size", "pages"), [(1, MOST_PAGES), (MOST_ENTRIES // 4, 4), (MOST_ENTRIES + 1, 1)], ids=["pages", "entries", "one"]
)  # fmt: skip
def test_pages_without_end_are_cut_and_partial(size: int, pages: int) -> None:
    entries = ",".join(['{"resource": {"resourceType": "Condition"}}'] * size)

    def endless(url: str) -> bytes:
        link = f'{{"relation": "next", "url": "?page={len(url)}-{time.monotonic_ns()}"}}'
        return f'{{"resourceType": "Bundle", "link": [{link}], "entry": [{entries}]}}'.encode()

    completed = complete(Does(endless), prefetch=dict.fromkeys(list(KEYS)[1:]))
    read = completed.prefetch["conditions0"]
    assert (read.state, read.reason) == (ReadState.PARTIAL, "too many pages")
    assert (len(read.resources), completed.log["fhir_requests"]) == (size * pages, pages)


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (b'{"resourceType": "Bundle", "entry": {}}', "entries cannot be read"),
        (b'{"resourceType": "Condition"}', "no Bundle"),
        (b"{", "invalid JSON"),
    ],
)
def test_a_broken_second_page_leaves_the_first_one_partial(second: bytes, reason: str) -> None:
    first = b'{"resourceType": "Bundle", "link": [{"relation": "next", "url": "?page=2"}], "entry": [{"resource": {"resourceType": "Condition"}}]}'
    completed = complete(Does(lambda url: second if "page=2" in url else first))
    assert states(completed) == {(ReadState.PARTIAL, reason)}
    assert all(len(read.resources) == 1 for read in completed.prefetch.values())


def test_an_error_on_a_later_page_makes_the_whole_partial() -> None:
    first = b'{"resourceType": "Bundle", "link": [{"relation": "next", "url": "?page=2"}], "entry": [{"resource": {"resourceType": "Condition"}}]}'
    second = b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}}]}'
    completed = complete(Does(lambda url: second if "page=2" in url else first))
    assert states(completed) == {(ReadState.PARTIAL, "OperationOutcome beside the matches")}


def test_a_refused_connection_says_why() -> None:
    def refuse(url: str) -> bytes:
        raise NotFetched("cannot be reached")

    assert states(complete(Does(refuse))) == {(ReadState.FAILED, "cannot be reached")}


def test_a_pool_refuses_what_would_wait_too_long_and_takes_more_later() -> None:
    pool, let_go = ReadPool(1), threading.Event()

    def hang() -> None:
        let_go.wait(60)

    taken = [pool.submit(hang) for _ in range(7)]
    assert [future is not None for future in taken] == [True] * 5 + [False] * 2
    let_go.set()
    for future in taken:
        if future is not None:
            future.result(timeout=10)
    assert pool.submit(lambda: None) is not None
    pool.close()
    assert pool.submit(lambda: None) is None


def test_no_id_of_a_reason_is_remembered() -> None:
    before = _type_of_template.cache_info().currsize
    for number in range(50):
        reasons = [{"reasonReference": {"reference": f"Condition/why-{number}"}}]
        complete(Does(lambda url: EMPTY), orders=reasons)
    assert _type_of_template.cache_info().currsize <= before + len(KEYS) + 1


def test_entries_that_were_sent_count_among_those_of_all_pages() -> None:
    entries = [{"resource": {"resourceType": "Condition"}}] * (MOST_ENTRIES - 1)
    page = {"resourceType": "Bundle", "entry": entries, "link": [{"relation": "next", "url": "?page=2"}]}

    def endless(url: str) -> bytes:
        link = f'{{"relation": "next", "url": "?page=2{url[-9:]}"}}'
        return f'{{"resourceType": "Bundle", "link": [{link}], "entry": [{{}}]}}'.encode()

    sent = {**dict.fromkeys(KEYS), "conditions0": page}
    assert complete(Does(endless), prefetch=sent).log["fhir_requests"] == 1


def test_reads_that_were_not_begun_leave_their_places_to_the_next_call() -> None:
    pool, let_go = ReadPool(2), threading.Event()  # 10 places

    def hang(url: str) -> bytes:
        let_go.wait(60)
        return EMPTY

    for _ in range(3):
        completed = complete(Does(hang), seconds=0.2, pool=pool)
        assert states(completed) == {(ReadState.FAILED, "too late")}
    let_go.set()
    pool.close()


@pytest.mark.parametrize("total", ["4", '"4"'], ids=["number", "text"])
def test_pages_with_fewer_entries_than_their_total_are_partial(total: str) -> None:
    def pages(url: str) -> bytes:
        link = "" if "page=" in url else '"link": [{"relation": "next", "url": "?page=2"}],'
        entry = '{"resource": {"resourceType": "Condition"}}'
        return f'{{"resourceType": "Bundle", "total": {total}, {link} "entry": [{entry}]}}'.encode()

    assert states(complete(Does(pages))) == {(ReadState.PARTIAL, "fewer entries than the total")}
