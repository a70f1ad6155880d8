"""The one way out of this service: a GET over guarded connections, complete within its time and size."""

from __future__ import annotations

import http.client
import logging
import re
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import requests
import urllib3
from requests import PreparedRequest, Request
from urllib3.util import Timeout

from cds_service.access.addresses import Address, parse_address
from cds_service.access.guarded_connections import (
    CONNECTIONS_KEPT,
    Connect,
    GuardedAdapter,
    Opener,
    Resolve,
    Stale,
    connect,
    resolve,
)
from cds_service.access.networks import may_be_reached
from cds_service.access.outgoing import Answer, Forbidden, NotFetched, Reach, Reason

# urllib3 writes addresses into its log, at debug with every request and as a warning with an odd header.
logging.getLogger("urllib3").setLevel(logging.CRITICAL + 1)

# No version of anything: whoever is asked need not know.
_OWN = {"User-Agent": "lumbar-mri-cds"}
LOOKUPS_AT_ONCE = 32
_BLOCK = 64 * 1024
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?", re.ASCII)


@dataclass(slots=True)
class GuardedOutgoing:
    """Sends GETs; one for each process, so that connections are used again."""

    resolve: Resolve = resolve
    connect: Connect = connect
    lookups: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(LOOKUPS_AT_ONCE))
    _adapters: dict[Reach, GuardedAdapter] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def get(
        self, url: str, *, headers: Mapping[str, str], reach: Reach, ends: float, max_bytes: int
    ) -> Answer:
        """The answer, complete before `ends` as `time.monotonic` counts; raises NotFetched or Forbidden."""
        address = _allowed(url, reach)
        request = _prepared(address, headers)
        try:
            return self._sent(request, self._adapter(reach), ends, max_bytes)
        except NotFetched:
            raise
        except _FAILURES as failure:
            reason = _reason(failure)
        # Outside of the handler: what failed names the address, and would hang on to this exception.
        raise NotFetched(reason)

    def _adapter(self, reach: Reach) -> GuardedAdapter:
        with self._lock:
            if reach not in self._adapters:
                try:
                    self._adapters[reach] = GuardedAdapter(
                        Opener(reach, self.resolve, self.connect, self.lookups)
                    )
                except OSError:
                    raise NotFetched("no secure connection") from None
            return self._adapters[reach]

    def _sent(self, request: PreparedRequest, adapter: GuardedAdapter, ends: float, max_bytes: int) -> Answer:
        for _ in range(CONNECTIONS_KEPT + 1):
            left = ends - time.monotonic()
            if left <= 0:
                break
            try:
                response = adapter.send(request, stream=True, timeout=Timeout(total=left))  # type: ignore[arg-type]
            except Stale:
                continue
            return _read(response.raw, max_bytes)
        raise NotFetched("too slow")


def _allowed(url: str, reach: Reach) -> Address:
    address = parse_address(url)
    if address.literal is not None and not may_be_reached(address.literal, reach):
        raise Forbidden("address not allowed")
    # Names of this machine only; that they lead here is checked again when connecting.
    here = (address.literal is not None and address.literal.is_loopback) or address.host == "localhost"
    if address.scheme == "http" and not (reach.loopback and here):
        raise Forbidden("address not allowed")
    return address


def _prepared(address: Address, headers: Mapping[str, str]) -> PreparedRequest:
    if not all(_NAME.fullmatch(name) and _VALUE.fullmatch(value) for name, value in headers.items()):
        raise Forbidden("header not allowed")
    # A compressed answer could grow without bound.
    request = Request(
        "GET", str(address), headers={**_OWN, **headers, "Accept-Encoding": "identity"}
    ).prepare()
    request.url = str(address)  # not as `requests` would rewrite it
    return request


def _read(raw: urllib3.HTTPResponse, max_bytes: int) -> Answer:
    complete = False
    try:
        headers = {name.lower(): value for name, value in raw.headers.itermerged()}
        if raw.status < 200:
            raise NotFetched("sent no HTTP")
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise NotFetched("compressed")
        if (raw.length_remaining or 0) > max_bytes:
            raise NotFetched("too large")
        body = bytearray()
        while block := raw.read(_BLOCK, decode_content=False):
            body += block
            if len(body) > max_bytes:
                raise NotFetched("too large")
        complete = True
        return Answer(raw.status, headers, bytes(body))
    finally:
        # What is left of an answer must not be read as the next one.
        if complete:
            raw.release_conn()
        else:
            raw.close()


_FAILURES = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


def _reason(failure: BaseException) -> Reason:
    """Why nothing came: the innermost cause that says more than that it broke off."""
    reasons = [_own_reason(one) for one in _chain(failure)]
    return next((reason for reason in reversed(reasons) if reason is not None), "broke off")


def _own_reason(failure: BaseException) -> Reason | None:
    match failure:
        case ssl.SSLCertVerificationError():
            return "certificate not trusted"
        case TimeoutError() | urllib3.exceptions.TimeoutError():
            return "too slow"
        case http.client.LineTooLong():
            return "too large"
        case http.client.RemoteDisconnected() | http.client.IncompleteRead() | ConnectionError():
            return "broke off"
        case ssl.SSLError():
            return "no secure connection"
        case http.client.HTTPException() | urllib3.exceptions.InvalidHeader():
            return "sent no HTTP"
        case _:
            return None


def _chain(failure: BaseException | None) -> Iterator[BaseException]:
    while failure is not None:
        yield failure
        failure = failure.__cause__ or failure.__context__
