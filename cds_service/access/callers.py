"""Who calls: the client that the token of a call names, or the open one where no token is asked for."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from cds_service.access.clients import ClientProfile, Clients
from cds_service.errors import NotAuthenticated

if TYPE_CHECKING:  # what checks a token takes a quarter of a second to load, and an open service needs none
    from cds_service.access.tokens import TokenChecks

# The whole header. Known clients send 500 to 1,500 bytes.
MAX_HEADER_BYTES = 8192
# Three parts, none of them empty: what is not signed, encrypted or of JWS's JSON form never gets further.
_BEARER = re.compile(r"bearer +([\w-]+\.[\w-]+\.[\w-]+)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Caller:
    """The client of one call; tenant and token id are None where no token was asked for, or it names none."""

    client: ClientProfile
    tenant: str | None = None
    token_id: str | None = None


@dataclass(frozen=True, slots=True)
class SentToken:
    """A JSON Web Token as it came: nothing in it is true yet."""

    header: dict[str, Any] = field(repr=False)
    claims: dict[str, Any] = field(repr=False)
    compact: str = field(repr=False)


def identify_caller(
    authorization: str | None,
    audiences: Collection[str],
    now: datetime,
    clients: Clients,
    checks: TokenChecks | None,
) -> Caller:
    """The client whose call this is; raises NotAuthenticated, with a cause for the log alone.

    `audiences` are the addresses that a token for this endpoint may be made for.

    A token of an issuer that we know must be right, even where an open client exists:
    its sender would otherwise never hear that its keys or clock are wrong.
    Any other token is ignored where there is an open client, because test clients sign with own keys.
    To refuse it would protect nothing, as the same call without a token is served.
    """
    token = _read_token(authorization)
    client = _client_named(token, clients)
    if token is not None and client is not None and checks is not None:
        return checks.check(token, client, audiences, now)
    if clients.open is not None:
        return Caller(clients.open)
    if authorization is None:
        raise NotAuthenticated("no token")
    raise NotAuthenticated("token not readable" if token is None else "issuer")


def _read_token(authorization: str | None) -> SentToken | None:
    """The token of an Authorization header; None where there is none that can be read in just one way."""
    if authorization is None or len(authorization) > MAX_HEADER_BYTES:
        return None
    found = _BEARER.fullmatch(authorization)
    if found is None:
        return None
    header, claims, _ = found[1].split(".")
    try:
        return SentToken(_json_object(header), _json_object(claims), found[1])
    except (ValueError, RecursionError):
        return None


def _json_object(segment: str) -> dict[str, Any]:
    """Raises ValueError or RecursionError for what is no JSON object in UTF-8, or has a member twice."""
    decoded = base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    # Decoded here, because the JSON reader would guess at UTF-16 and UTF-32, too.
    value = json.loads(decoded.decode("utf-8"), object_pairs_hook=_members, parse_constant=_refuse)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers of a member that comes twice may take different ones."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member comes twice")
    return members


def _refuse(_: str) -> NoReturn:
    raise ValueError("no JSON number")


def _client_named(token: SentToken | None, clients: Clients) -> ClientProfile | None:
    issuer = token.claims.get("iss") if token is not None else None
    # Only of a string: the open client has no issuer, and must not be found by a token without one.
    return clients.of_issuer(issuer) if isinstance(issuer, str) else None
