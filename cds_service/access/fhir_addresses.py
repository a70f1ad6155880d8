"""Addresses on a FHIR server: which server may be asked, the query of a prefetch key, and the next page.

Here addresses are compared as text; where a connection really ends is looked at again when it is made.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin

from cds_service.access.addresses import is_below, parse_address
from cds_service.access.clients import ClientProfile
from cds_service.access.outgoing import Forbidden
from cds_service.protocol.request import HookRequest

_TOKEN = re.compile(r"\{\{([^{}]*)\}\}")
_SEARCH_MEANS = re.compile(r"([\\,|$])")
_LONGEST_ID = 256


def query_of(template: str, request: HookRequest) -> str | None:
    """The declared query with the context filled in, relative to a base; None where a value is missing."""
    values = _values(request)
    if any(values.get(token) is None for token in _TOKEN.findall(template)):
        return None
    path, mark, search = template.partition("?")
    path = _TOKEN.sub(lambda token: quote(values[token[1]] or "", safe=""), path)
    # A comma in a search value means "or", so an id with one would ask for two patients.
    search = _TOKEN.sub(
        lambda token: quote(_SEARCH_MEANS.sub(r"\\\1", values[token[1]] or ""), safe=""), search
    )
    return path + mark + search


def join(base: str, query: str) -> str:
    """The address of a query; `urljoin` would drop the last part of a base without a slash (FA-8)."""
    return f"{base.rstrip('/')}/{query}"


def next_address(base: str, page: str, link: str) -> str | None:
    """The whole address of a page's `next` link; None where it leaves the base."""
    try:
        address = urljoin(page, link)
    except ValueError:
        return None
    return address if is_below(address, base) else None


def may_be_asked(server: str, client: ClientProfile) -> bool:
    """Whether the client's profile names this FHIR server, or allows this machine."""
    try:
        address = parse_address(server)
    except Forbidden:
        return False
    if address.query is not None:
        return False
    if client.loopback and (address.literal.is_loopback if address.literal else address.host == "localhost"):
        return True
    return any(is_below(server, allowed) for allowed in client.fhir_servers)


def _values(request: HookRequest) -> dict[str, str | None]:
    """What each token of a template stands for."""
    kind, _, user = (request.user_id or "").rpartition("/")
    return {
        "context.patientId": _usable(request.patient_id),
        "context.encounterId": _usable(request.encounter_id),
        "userPractitionerRoleId": _usable(user) if kind.endswith("PractitionerRole") else None,
    }


def _usable(value: str | None) -> str | None:
    """An id that can stand in an address: `..` would climb out of its type, whatever its encoding."""
    if value is None or not value.strip(".") or len(value) > _LONGEST_ID:
        return None
    return value if value.isprintable() else None
