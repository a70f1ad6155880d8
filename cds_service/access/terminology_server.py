"""Asks a FHIR terminology server what a value set holds: `$expand`, page by page, within bounds.

Nothing of a patient goes out: what is sent are the codes of the content.
The service itself never comes here; only the command `expand` does.
"""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard
from urllib.parse import urlsplit

import msgspec
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from cds_service.knowledge.expansion import Expanded, ServerCode

Resource = Mapping[str, Any]

PAGE_CODES = 1_000
_MOST_PAGES = 200
_MOST_CODES = 100_000
_MOST_BYTES = 30_000_000
_CONNECT_SECONDS, _READ_SECONDS, _ANSWER_SECONDS = 10, 60, 120
_RETRY_STATUSES = (429, 502, 503, 504)
_MEDIA_TYPE = "application/fhir+json"
_TOO_COSTLY = "http://hl7.org/fhir/StructureDefinition/valueset-toocostly"
_UNCLOSED = "http://hl7.org/fhir/StructureDefinition/valueset-unclosed"
_LIMITED = "limitedExpansion"
_EDITIONS = ("used-codesystem", "version")
_VALUES = ("valueUri", "valueCanonical", "valueString")
_SAID_CHARACTERS = 300
_CODE = re.compile(r"[^\s\x00-\x1f\x7f]+( [^\s\x00-\x1f\x7f]+)*")  # as FHIR defines a code, in one line


class TerminologyServerError(Exception):
    """The server cannot be asked, or its answer cannot be used; the text says why, in one line."""


@dataclass(frozen=True, slots=True)
class TerminologyServer:
    """A server and the connection to it."""

    base_url: str
    session: requests.Session


def open_server(url: str) -> TerminologyServer:
    """A connection to the server at `url`; TerminologyServerError for an address that may not be used."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise TerminologyServerError("the address is none") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise TerminologyServerError("the address must begin with https:// (http:// only on this machine)")
    if not host or parts.username or parts.password or parts.query or parts.fragment:
        raise TerminologyServerError("the address must be the server's FHIR base, without a name or password")
    session = requests.Session()
    # Waiting as long as a server pleases would hang the command, so Retry-After is not obeyed.
    retry = Retry(
        total=2,
        read=0,
        backoff_factor=0.5,
        status_forcelist=_RETRY_STATUSES,
        allowed_methods=None,
        respect_retry_after_header=False,
        raise_on_status=False,
    )
    session.mount("https://", HTTPAdapter(max_retries=retry))
    session.mount("http://", HTTPAdapter(max_retries=retry))
    return TerminologyServer(url.rstrip("/"), session)


def expand(server: TerminologyServer, include: Resource) -> Expanded:
    """Everything that one `compose.include` holds, retired codes too; raises TerminologyServerError."""
    found: dict[tuple[str, str], ServerCode] = {}
    editions: dict[str, None] = {}
    offset, total, complete = 0, None, False
    for _ in range(_MOST_PAGES):
        expansion = _page(server, include, offset)
        known = len(found)
        for code in _codes_of(expansion.get("contains")):
            found.setdefault((code.system, code.code), code)
        editions.update(dict.fromkeys(_editions_of(expansion)))
        if len(found) > _MOST_CODES:
            raise TerminologyServerError(f"the server lists more than {_MOST_CODES} codes")
        if _is_cut(expansion):
            break
        page = _entries(expansion.get("contains"))
        offset += len(page)
        total = expansion.get("total", total)  # some servers tell it once
        # Without a total only an empty page is the end: a short one may be all that a server gives at once.
        complete = max(offset, len(found)) >= total if _is_count(total) else not page
        if complete or len(found) == known:
            break
    return Expanded(tuple(found.values()), tuple(editions), complete)


def _is_count(total: Any) -> TypeGuard[int]:
    return isinstance(total, int) and not isinstance(total, bool) and total >= 0


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _page(server: TerminologyServer, include: Resource, offset: int) -> Resource:
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "valueSet", "resource": _value_set(include)},
            {"name": "offset", "valueInteger": offset},
            {"name": "count", "valueInteger": PAGE_CODES},
            {"name": "activeOnly", "valueBoolean": False},
            {"name": "includeDesignations", "valueBoolean": True},
        ],
    }
    answer = _post(server, parameters)
    expansion = answer.get("expansion")
    if answer.get("resourceType") != "ValueSet" or not isinstance(expansion, dict):
        raise TerminologyServerError("the server's answer is no expanded value set")
    return expansion


def _value_set(include: Resource) -> Resource:
    compose = {"inactive": True, "include": [include]}
    return {"resourceType": "ValueSet", "status": "draft", "compose": compose}


def _post(server: TerminologyServer, parameters: Resource) -> Resource:
    try:
        with server.session.post(
            f"{server.base_url}/ValueSet/$expand",
            data=msgspec.json.encode(parameters),
            headers={"Accept": _MEDIA_TYPE, "Content-Type": _MEDIA_TYPE},
            timeout=(_CONNECT_SECONDS, _READ_SECONDS),
            allow_redirects=False,  # another address may be another server, or unencrypted
            stream=True,
        ) as response:
            body = _body(response)
            status = response.status_code
    except requests.exceptions.Timeout:
        raise TerminologyServerError("the server does not answer in time") from None
    except requests.exceptions.RequestException as error:
        # The message of the library repeats the whole address and its own class names.
        raise TerminologyServerError(f"the server cannot be reached ({type(error).__name__})") from None
    return _resource(status, body)


def _body(response: requests.Response) -> bytes:
    """The whole body, no larger and no slower than it may be."""
    body = bytearray()
    ends = time.monotonic() + _ANSWER_SECONDS
    for part in response.iter_content(65_536):
        body += part
        if len(body) > _MOST_BYTES:
            raise TerminologyServerError(f"an answer of the server is larger than {_MOST_BYTES} bytes")
        if time.monotonic() > ends:
            raise TerminologyServerError("an answer of the server takes too long")
    return bytes(body)


def _resource(status: int, body: bytes) -> Resource:
    try:
        resource = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        resource = None
    if status == 200 and isinstance(resource, dict):
        return resource
    if status == 200:
        raise TerminologyServerError("the server's answer is no FHIR resource; is this its FHIR base?")
    if 300 <= status < 400:
        raise TerminologyServerError("the server sends on to another address; give that address itself")
    said = f": {_said(resource)}" if isinstance(resource, dict) and _said(resource) else ""
    raise TerminologyServerError(f"the server answers with status {status}{said}")


def _said(outcome: Resource) -> str:
    """What an OperationOutcome says first, as one short line; empty where it says nothing."""
    for issue in _entries(outcome.get("issue")):
        details = issue.get("details")
        told = details.get("text") if isinstance(details, dict) else None
        return plain_line(told or issue.get("diagnostics"))[:_SAID_CHARACTERS]
    return ""


def plain_line(text: object) -> str:
    """A server's text in one line, without characters that steer a terminal."""
    shown = "".join(c if c.isprintable() else " " for c in text) if isinstance(text, str) else ""
    return " ".join(shown.split())


def _entries(found: object) -> list[Resource]:
    """The objects of a list; empty where it is none."""
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _codes_of(contains: object) -> Iterator[ServerCode]:
    """The codes of an expansion, nested or not; an abstract entry only groups others."""
    for entry in _entries(contains):
        system, code = entry.get("system"), entry.get("code")
        if isinstance(system, str) and isinstance(code, str) and entry.get("abstract") is not True:
            if not _CODE.fullmatch(code):
                raise TerminologyServerError("the server lists a code that is none")
            names = [entry.get("display"), *(one.get("value") for one in _entries(entry.get("designation")))]
            display, *others = map(plain_line, names)
            yield ServerCode(system, code, display, (display, *others), entry.get("inactive") is True)
        yield from _codes_of(entry.get("contains"))


def _editions_of(expansion: Resource) -> Iterator[str]:
    for parameter in _entries(expansion.get("parameter")):
        if parameter.get("name") in _EDITIONS:
            value = next((parameter[name] for name in _VALUES if name in parameter), None)
            if plain_line(value):
                yield plain_line(value)


def _is_cut(expansion: Resource) -> bool:
    """Whether the server says that it left codes out."""
    limited = any(
        parameter.get("name") == _LIMITED and parameter.get("valueBoolean") is True
        for parameter in _entries(expansion.get("parameter"))
    )
    return limited or any(
        extension.get("url") in (_TOO_COSTLY, _UNCLOSED) for extension in _entries(expansion.get("extension"))
    )
