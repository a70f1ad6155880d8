"""What a client's token must be like, checked in full before anything else of the call is read.

Section 15 of the conformance reference. The signature is checked before any claim counts,
beyond the issuer that says whose keys to take; the token is marked as used only when all else is right,
so that nobody without a key can use up a client's token ids.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from joserfc import jws
from joserfc.errors import ClaimError, JoseError
from joserfc.jwk import Key
from joserfc.jwt import JWTClaimsRegistry

from cds_service.access.callers import MAX_HEADER_BYTES, Caller, SentToken
from cds_service.access.client_checks import ALGORITHMS
from cds_service.access.clients import ClientProfile
from cds_service.errors import NotAuthenticated

_CHECKED_CLAIMS = ("iss", "aud", "exp", "iat", "nbf", "jti")


class Keys(Protocol):
    """The public keys of clients."""

    def find(self, client: ClientProfile, kid: str) -> Key | None:
        """The key of this client with this id; None where it has none, or it cannot be had now."""

    def usable(self) -> tuple[bool, ...]:
        """Of each client that signs, whether there are keys to check with; asks where none are known."""


class UsedTokens(Protocol):
    """The tokens that were used, in every process of the service."""

    def prepare(self) -> None:
        """Make ready, once, before the processes part."""

    def is_first_use(self, issuer: str, token_id: str, *, until: float, now: float) -> bool:
        """Whether this token was not used before; from now on it is, up to the epoch second `until`."""


class _Registry(jws.JWSRegistry):
    """joserfc's, but for long `jku` addresses: the size of the whole header is bounded already."""

    max_header_length = MAX_HEADER_BYTES
    max_payload_length = MAX_HEADER_BYTES
    max_signature_length = MAX_HEADER_BYTES


@dataclass(frozen=True, slots=True)
class TokenChecks:
    """What tokens are checked with; both times are in whole seconds."""

    keys: Keys
    used_tokens: UsedTokens
    leeway_seconds: int
    max_seconds: int

    def check(
        self, token: SentToken, client: ClientProfile, audiences: Collection[str], now: datetime
    ) -> Caller:
        """The client, where everything about the token is right; raises NotAuthenticated."""
        kid = _key_id(token.header, client)
        key = self.keys.find(client, kid)
        if key is None:
            raise NotAuthenticated("key")
        _check_signature(token, key)
        moment = now.timestamp()
        self._check_claims(token.claims, client, audiences, math.floor(moment))
        tenant = _tenant(token.claims, client)
        self._use(token.claims, moment)
        return Caller(client, tenant, token.claims["jti"])

    def _check_claims(
        self, claims: dict[str, Any], client: ClientProfile, audiences: Collection[str], now: int
    ) -> None:
        rules = JWTClaimsRegistry(
            now=now,
            leeway=self.leeway_seconds,
            iss={"essential": True, "value": str(client.issuer)},
            aud={"essential": True, "values": [*audiences, *(f"{url}/" for url in audiences)]},
            exp={"essential": True},
            iat={"essential": True},
            jti={"essential": True},
        )
        try:
            # Only these: other claims are the client's business, of whatever type.
            rules.validate({name: claims[name] for name in _CHECKED_CLAIMS if name in claims})
        except ClaimError as error:
            raise NotAuthenticated(f"claim {error.claim}") from None
        if claims["exp"] > claims["iat"] + self.max_seconds:
            raise NotAuthenticated("lifetime")

    def _use(self, claims: dict[str, Any], now: float) -> None:
        # Its times are compared with a whole second, so it is good for up to one second longer.
        until = claims["exp"] + self.leeway_seconds + 1
        if not self.used_tokens.is_first_use(claims["iss"], claims["jti"], until=until, now=now):
            raise NotAuthenticated("used before")


def _key_id(header: dict[str, Any], client: ClientProfile) -> str:
    """The id of the key to check with, from a header in which everything else is as agreed.

    Keys that come with the token (`jwk`, `x5c`) or that it points to (`x5u`) are never looked at.
    """
    # What `crit` names must be understood, and `b64` changes what is signed; neither has a use here.
    if header.get("typ") != "JWT" or "crit" in header or "b64" in header:
        raise NotAuthenticated("header")
    # Of those that a profile may name: a symmetric one counts nowhere, however it got into a profile.
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in set(ALGORITHMS) & set(client.algorithms):
        raise NotAuthenticated("algorithm")
    if "jku" in header and (client.jwks_url is None or header["jku"] != client.jwks_url):
        raise NotAuthenticated("jku")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise NotAuthenticated("kid")
    return kid


def _check_signature(token: SentToken, key: Key) -> None:
    """Raises NotAuthenticated; also for a key of another type, curve, use or algorithm than the header's."""
    registry = _Registry(algorithms=[token.header["alg"]], strict_check_header=False)
    try:
        jws.deserialize_compact(token.compact, key, registry=registry)
    except JoseError:
        raise NotAuthenticated("signature") from None


def _tenant(claims: dict[str, Any], client: ClientProfile) -> str | None:
    tenant = claims.get("tenant")
    if client.tenants and tenant not in client.tenants:
        raise NotAuthenticated("tenant")
    return tenant if isinstance(tenant, str) else None
