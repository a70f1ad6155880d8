"""One FHIR request: sent, sent again where the server asks for patience, and read as a resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from cds_service.access.outgoing import Answer, NotFetched, Outgoing, Reach

_RETRIED = (429, 502, 503, 504)
_PAUSES_SECONDS = (0.1, 0.3)
_MEDIA_TYPES = ("application/fhir+json", "application/json", "application/json+fhir")
_NEVER_SECONDS = 1e9
TOO_LATE = "too late"


@dataclass(frozen=True, slots=True)
class Asking:
    """How the reads of one call are sent.

    `ends` is when the call's time is over, as `stopwatch` counts.
    `clock` tells how long it is to a moment that a server names.
    `headers` hold the token.
    """

    outgoing: Outgoing
    headers: Mapping[str, str] = field(repr=False)
    reach: Reach
    ends: float
    request_seconds: float
    max_bytes: int
    depth_limit: int
    stopwatch: Callable[[], float]
    clock: Callable[[], datetime]
    pause: Callable[[float], None]


@dataclass(slots=True)
class Effort:
    """What a read has cost so far; one thread counts, and another may look at any moment."""

    requests: int = 0
    retries: int = 0


def fetch(url: str, asking: Asking, effort: Effort) -> Mapping[str, Any]:
    """The resource at an address; raises NotFetched with a reason that holds nothing of address or answer."""
    answer = _get(url, asking, effort)
    if answer.status != 200:
        raise NotFetched("redirect" if 300 <= answer.status < 400 else f"status {answer.status}")
    if answer.headers.get("content-type", "").split(";")[0].strip().lower() not in _MEDIA_TYPES:
        raise NotFetched("another content type")
    resource = _parsed(answer.body)
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        raise NotFetched("not FHIR")
    if _nests_deeper(resource, asking.depth_limit):
        raise NotFetched("nests too deep")
    if resource["resourceType"] == "OperationOutcome":
        raise NotFetched("OperationOutcome")
    return resource


def _get(url: str, asking: Asking, effort: Effort) -> Answer:
    for pause in (*_PAUSES_SECONDS, None):
        now = asking.stopwatch()
        if now >= asking.ends:
            raise NotFetched(TOO_LATE)
        effort.requests += 1
        answer = asking.outgoing.get(
            url,
            headers=asking.headers,
            reach=asking.reach,
            ends=min(asking.ends, now + asking.request_seconds),
            max_bytes=asking.max_bytes,
        )
        if answer.status not in _RETRIED or pause is None:
            break
        wait = _asked_seconds(answer.headers.get("retry-after"), asking.clock)
        wait = pause if wait is None else max(wait, pause)
        if asking.stopwatch() + wait >= asking.ends:
            break
        asking.pause(wait)
        effort.retries += 1
    return answer


def _asked_seconds(retry_after: str | None, clock: Callable[[], datetime]) -> float | None:
    """How long a server asks to wait, in seconds or until a date; None where it does not say."""
    if retry_after is None:
        return None
    asked = retry_after.strip()
    if asked.isdecimal():
        return float(asked) if len(asked) < 10 else _NEVER_SECONDS
    try:
        until = parsedate_to_datetime(asked)
        return max(0.0, ((until if until.tzinfo else until.replace(tzinfo=UTC)) - clock()).total_seconds())
    except (ValueError, OverflowError):
        return None


def _parsed(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError:
        raise NotFetched("nests too deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NotFetched("invalid JSON") from None


def _nests_deeper(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True
