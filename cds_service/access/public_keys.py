"""The public keys in a client's JWK Set (RFC 7517)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc.jwk import ECKey, Key, RSAKey

MOST_KEYS = 100

# A tuple, because what was sent may be anything, and a set cannot be asked for a list.
_CURVES = ("P-256", "P-384", "P-521")
# What a public key has none of; `k` is a shared secret.
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
# Shorter ones can be broken; much longer ones take long to check a signature with.
_RSA_BITS = range(2048, 8192 + 1)


class NoKeySet(ValueError):
    """What was read is no JWK Set, or one with too many keys; the text says which, and quotes nothing."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys that can be used, by their ids, and why the others cannot: one line each, quoting nothing."""

    by_id: Mapping[str, Key] = field(repr=False)
    faults: tuple[str, ...] = ()


def read_key_set(document: bytes) -> KeySet:
    """The keys of a JWK Set as a file or a server gives it; raises NoKeySet."""
    try:
        told = json.loads(document.decode("utf-8"))
    except (ValueError, RecursionError):
        raise NoKeySet("not JSON") from None
    raw_keys = told.get("keys") if isinstance(told, dict) else None
    if not isinstance(raw_keys, list):
        raise NoKeySet("without an array 'keys'")
    if len(raw_keys) > MOST_KEYS:
        raise NoKeySet(f"one of more than {MOST_KEYS} keys")
    repeated = _repeated_ids(raw_keys)
    keys: dict[str, Key] = {}
    faults: list[str] = []
    for number, raw in enumerate(raw_keys, start=1):
        read = _read_key(raw, repeated)
        if isinstance(read, str):
            faults.append(f"key {number} {read}")
        else:
            keys[raw["kid"]] = read
    return KeySet(keys, tuple(faults))


def _repeated_ids(raw_keys: list[Any]) -> frozenset[str]:
    ids = Counter(raw["kid"] for raw in raw_keys if isinstance(raw, dict) and isinstance(raw.get("kid"), str))
    return frozenset(kid for kid, times in ids.items() if times > 1)


def _read_key(raw: Any, repeated: frozenset[str]) -> Key | str:
    """A key to check signatures with, or what is wrong with it, in words that follow `key 2`."""
    if not isinstance(raw, dict):
        return "is no object"
    kid = raw.get("kid")
    if not isinstance(kid, str) or not kid:
        return "has no 'kid'"
    if kid in repeated:
        return "has the 'kid' of another (JWK-1)"
    # Whoever could read the set could sign with it.
    if not _PRIVATE_MEMBERS.isdisjoint(raw):
        return "is private"
    match raw.get("kty"):
        case "EC" if raw.get("crv") in _CURVES:
            kind: type[ECKey] | type[RSAKey] = ECKey
        case "RSA":
            kind = RSAKey
        case _:
            return "is of a type or curve that is not used here"
    return _import_key(kind, raw)


def _import_key(kind: type[ECKey] | type[RSAKey], raw: dict[str, Any]) -> Key | str:
    try:
        key = kind.import_key(raw)
    except Exception:
        # What another side's numbers may make a library raise cannot be listed; one bad key must not
        # cost the client the others.
        return "cannot be read"
    if isinstance(key, RSAKey) and key.public_key.key_size not in _RSA_BITS:
        return f"is not of {_RSA_BITS[0]} to {_RSA_BITS[-1]} bits"
    return key
