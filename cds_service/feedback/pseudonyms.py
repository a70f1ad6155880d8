"""Keyed hashes in place of names: equal names give equal hashes, and without the key no name comes back.

A hash without a key would hide nothing: whoever has a list of practitioners or patients hashes it, too.
Each kind of name has a key of its own, derived from the site's, so that no hash of one kind fits another.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from functools import cached_property

LEAST_KEY_CHARACTERS = 32
_PSEUDONYM_CHARACTERS = 32
_FACT_CHARACTERS = 16


@dataclass(frozen=True)
class Pseudonyms:
    """What hashes the names of one site with its key, which is never shown."""

    key: bytes = field(repr=False)

    def practitioner(self, client: str, user: str) -> str:
        """The pseudonym of who ordered, such as `Practitioner/7` of a client."""
        return self._of("practitioner", client, user)

    def organisation(self, client: str, reference: str) -> str:
        """The pseudonym of where it was ordered."""
        return self._of("organisation", client, reference)

    def case(self, source: tuple[str, ...], patient: str, order: str) -> str:
        """The mark of one patient's order; `source` tells apart the records that may share a patient id."""
        return self._of("case", *source, patient, order)

    def fact(self, case: str, *parts: str) -> str:
        """The mark of one fact of a case; the same fact of another case has another."""
        return self._of("fact", case, *parts)[:_FACT_CHARACTERS]

    def _of(self, kind: str, *names: str) -> str:
        own_key = self._keys.get(kind) or self._keys.setdefault(kind, self._digest(self.key, kind))
        return self._digest(own_key, json.dumps(names)).hex()[:_PSEUDONYM_CHARACTERS]

    @cached_property
    def _keys(self) -> dict[str, bytes]:
        return {}

    @staticmethod
    def _digest(key: bytes, text: str) -> bytes:
        return hmac.digest(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256)
