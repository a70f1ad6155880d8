"""Reads from the client's FHIR server what its prefetch lacks: key by key, side by side, in bounded time.

What to do with a key follows the decision table in section 6.1 of the conformance reference:

    absent, unusable, of another patient    asked
    OperationOutcome                        asked, unless it says that nobody may
    a page with a next one                  followed from there
    incomplete in another way               asked, and what was sent is kept where nothing better comes
    null, an empty searchset, whole         an answer, not asked

What does not arrive is unread, with its reason. Nothing here raises an error for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from cds_service.access.clients import ClientProfile
from cds_service.access.fhir_addresses import join, may_be_asked, query_of
from cds_service.access.fhir_requests import Asking
from cds_service.access.key_reads import KeyRead, result, run
from cds_service.access.outgoing import Outgoing, Reach
from cds_service.access.prefetch import NOT_SENT, Prefetched
from cds_service.access.read_pool import ReadPool
from cds_service.access.reason_reads import (
    missing_reasons,
    readable_reasons,
    telling_missing_reasons,
    with_reasons,
)
from cds_service.access.scopes import Coverage, coverage
from cds_service.guideline.content import resource_type_of
from cds_service.protocol.fhir_access import FhirAccess
from cds_service.protocol.request import HookRequest
from cds_service.record.facts import ReadState

OUT_OF_SCOPE = "outside the granted scopes"
BUSY = "too many reads at once"


@dataclass(frozen=True, slots=True)
class FhirReader:
    """What FHIR reads need of the outside; one for each process.

    `stopwatch` counts as `time.monotonic`, because the ends of requests are told in it.
    """

    outgoing: Outgoing
    pool: ReadPool
    stopwatch: Callable[[], float]
    clock: Callable[[], datetime]
    pause: Callable[[float], None]
    request_seconds: float
    max_bytes: int
    depth_limit: int


@dataclass(frozen=True, slots=True)
class Completed:
    """The prefetch with what was read beside it, and what the log may know of that."""

    prefetch: Mapping[str, Prefetched] = field(repr=False)
    log: dict[str, Any]
    # How long each read took, in seconds, and why it brought no whole answer; an empty text where it did.
    reads: tuple[tuple[float, str], ...] = ()


def complete_prefetch(
    request: HookRequest,
    orders: Sequence[Mapping[str, Any]],
    templates: Mapping[str, str],
    client: ClientProfile | None,
    reader: FhirReader,
    *,
    ends: float,
) -> Completed:
    """The prefetch of a request; what it lacks is read from its FHIR server before `ends`, where that may be.

    `orders` are those that will be decided: what they refer to as their reasons is read, too.
    """
    sent = dict(request.prefetch)
    gaps = {key: template for key, template in templates.items() if _is_gap(sent[key])}
    if not gaps and not missing_reasons(orders, sent):
        return Completed(sent, {})
    obstacle = "no client" if client is None else _obstacle(request.fhir, client)
    if client is None or obstacle:
        told = telling_missing_reasons(sent, orders)
        return Completed(told, {"fhir_not_asked": obstacle, **_reasons(told)})
    started = reader.stopwatch()
    if request.fhir.lifetime_seconds is not None:
        ends = min(ends, started + request.fhir.lifetime_seconds)
    asking = _asking(request.fhir, client, reader, ends)
    reads, left_out = _plan(gaps, sent, request)
    whole = sent | left_out | _run_all(reads, sent, request, asking, reader)
    # Only now: most reasons are among the conditions.
    reasons = _plan_reasons(readable_reasons(missing_reasons(orders, whole)), request)
    found = _run_all(reasons, {}, request, asking, reader)
    whole = telling_missing_reasons(with_reasons(whole, list(found.values())), orders)
    efforts = [read.effort for read in (*reads, *reasons)]
    log = {
        "fhir_requests": sum(effort.requests for effort in efforts),
        "fhir_retries": sum(effort.retries for effort in efforts),
        "fhir_ms": round((reader.stopwatch() - started) * 1000, 1),
        **_reasons(whole),
    }
    return Completed(
        whole, log, tuple(_taken(read, reader.stopwatch() - started) for read in (*reads, *reasons))
    )


def _is_gap(read: Prefetched) -> bool:
    return read.state is not ReadState.COMPLETE and not read.refused


def _obstacle(access: FhirAccess, client: ClientProfile) -> str:
    """Why the FHIR server is not asked, in words for the log; empty where it is."""
    if access.server is None:
        return "an access token without a FHIR server" if access.token else "no FHIR server"
    if access.token is None and not client.fhir_without_token:
        return "no access token"
    if access.lifetime_seconds is not None and access.lifetime_seconds <= 0:
        return "the access token has expired"
    if not may_be_asked(access.server, client):
        return "the FHIR server is not one of the client's"
    return ""


def _plan(
    gaps: Mapping[str, str], sent: Mapping[str, Prefetched], request: HookRequest
) -> tuple[list[KeyRead], dict[str, Prefetched]]:
    """The reads to make, and the keys that are left out with the reason."""
    base = request.fhir.server or ""
    reads: list[KeyRead] = []
    left_out: dict[str, Prefetched] = {}
    for key, template in gaps.items():
        covered = _coverage(request, resource_type_of(template), search="?" in template)
        query = query_of(template, request)
        if covered is Coverage.NONE:
            left_out[key] = replace(sent[key], reason=OUT_OF_SCOPE)
        elif query is not None:
            url = join(base, query)
            page = sent[key].unfinished
            reads.append(KeyRead(key, template, base, url, page, covered))
    return reads, left_out


def _coverage(request: HookRequest, resource_type: str, *, search: bool) -> Coverage:
    access = request.fhir
    # Without a token nothing was granted, and a server that is open says itself what it gives.
    other_patient = access.has_token and access.patient_id not in (None, request.patient_id)
    return coverage(access.scope, resource_type, search=search, other_patient=other_patient)


def _plan_reasons(references: Sequence[str], request: HookRequest) -> list[KeyRead]:
    """The reads of reasons, under keys that hold nothing of the patient."""
    base = request.fhir.server or ""
    reads = []
    for number, reference in enumerate(references, start=1):
        resource_type = reference.partition("/")[0]
        covered = _coverage(request, resource_type, search=False)
        if covered is not Coverage.NONE:
            template = f"{resource_type}/{{{{reason}}}}"
            reads.append(KeyRead(f"reason {number}", template, base, join(base, reference), None, covered))
    return reads


def _asking(access: FhirAccess, client: ClientProfile, reader: FhirReader, ends: float) -> Asking:
    headers = {"Accept": "application/fhir+json"}
    if access.token is not None:
        headers["Authorization"] = f"Bearer {access.token.get_secret_value()}"
    return Asking(
        outgoing=reader.outgoing,
        headers=headers,
        reach=Reach(client.loopback, client.private_networks, client.ca_file),
        ends=ends,
        request_seconds=reader.request_seconds,
        max_bytes=reader.max_bytes,
        depth_limit=reader.depth_limit,
        stopwatch=reader.stopwatch,
        clock=reader.clock,
        pause=reader.pause,
    )


def _run_all(
    reads: Sequence[KeyRead],
    sent: Mapping[str, Prefetched],
    request: HookRequest,
    asking: Asking,
    reader: FhirReader,
) -> dict[str, Prefetched]:
    """What the reads made of their keys: side by side, and waited for no longer than the call's time."""
    running: list[Future[None]] = []
    for read in reads:
        future = reader.pool.submit(partial(run, read, asking))
        if future is None:
            read.ending = BUSY
        else:
            running.append(future)
    wait(running, timeout=max(0.0, asking.ends - reader.stopwatch()))
    for future in running:
        future.cancel()  # what still waits for a thread is not begun after the answer
    return {read.key: result(read, sent.get(read.key, NOT_SENT), request.patient_id) for read in reads}


def _taken(read: KeyRead, waited: float) -> tuple[float, str]:
    """How long a read took; one that is still under way, or never began, is as long as it was waited for."""
    return (waited if read.seconds is None else read.seconds), read.ending


def _reasons(read: Mapping[str, Prefetched]) -> dict[str, Any]:
    """Why keys are not whole, for the log."""
    return {"read_reasons": {key: one.reason for key, one in read.items() if one.reason}}
