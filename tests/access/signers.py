"""Clients that sign tokens, rightly and wrongly, for the tests of authentication."""

from __future__ import annotations

import base64
import json
import uuid
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, RSAKey
from joserfc.jws import JWSRegistry

from tests.conftest import NOW

BASE_URL = "https://cds.example.org/mri"
# In a claim that the service has no business with; it must turn up in no log.
SUBJECT = "subject-of-the-token"
TENANT = "north"
SECONDS = int(NOW.timestamp())

ABSENT = object()


@dataclass(frozen=True)
class Signer:
    """A key pair, and the algorithm that its owner signs with."""

    key: Key
    algorithm: str
    kid: str

    @property
    def public(self) -> dict[str, Any]:
        """The public key as its owner publishes it."""
        return {**self.key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": self.algorithm}


def ec_signer(kid: str, algorithm: str = "ES384") -> Signer:
    curve = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[algorithm]
    return Signer(ECKey.generate_key(curve), algorithm, kid)


def rsa_signer(kid: str, algorithm: str = "RS384", bits: int = 2048) -> Signer:
    with warnings.catch_warnings(action="ignore", category=SecurityWarning):  # of keys that are too short
        return Signer(RSAKey.generate_key(bits), algorithm, kid)


def key_set(*signers: Signer) -> dict[str, Any]:
    return {"keys": [signer.public for signer in signers]}


def claims_of(issuer: str, path: str, **changes: Any) -> dict[str, Any]:
    """What a client claims; a change to ABSENT leaves a claim out."""
    claims = {
        "iss": issuer,
        "sub": SUBJECT,
        "aud": BASE_URL + path,
        "exp": SECONDS + 300,
        "iat": SECONDS,
        "jti": str(uuid.uuid4()),
        "tenant": TENANT,
    }
    return without_absent({**claims, **changes})


def header_of(signer: Signer, **changes: Any) -> dict[str, Any]:
    """What a client writes over its claims; a change to ABSENT leaves a member out."""
    return without_absent({"alg": signer.algorithm, "typ": "JWT", "kid": signer.kid, **changes})


def without_absent(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not ABSENT}


def signed(header: Any, claims: Any, key: Any, algorithm: str) -> str:
    """A token with a signature that is right for this key and algorithm, whatever header and claims say.

    Both may be JSON values, or bytes that take their place.
    """
    head = f"{encoded_json(header)}.{encoded_json(claims)}"
    return f"{head}.{encoded(JWSRegistry.algorithms[algorithm].sign(head.encode(), key))}"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def repeated(members: dict[str, Any], again: Iterable[tuple[str, Any]]) -> bytes:
    """A JSON object in which some members come twice, the second time with another value."""
    pairs = [*members.items(), *again]
    return ("{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs) + "}").encode()


def encoded_json(value: Any) -> str:
    """One part of a token; bytes stand for themselves."""
    return encoded(value if isinstance(value, bytes) else json.dumps(value).encode())


# The client of services that are tested as processes of their own; its keys stand in a file beside its profile.
WARD = "https://ehr.ward.example"
WARD_CLIENTS = f"""
[[client]]
name = "ward"
issuer = "{WARD}"
jwks_file = "keys.json"
"""
