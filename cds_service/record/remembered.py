"""What may be remembered from one request to the next: never a text, only a keyed digest of it.

The same names of tests and medicines come with every record, and reading them anew is half the work.
A text may be the patient's, so it is not kept: a dictionary from digests tells what was concluded.
The key is random and dies with the process, so no digest can be compared with anything outside it.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Generic, TypeVar

V = TypeVar("V")
MOST_REMEMBERED = 50_000
# Python salts the hash of texts anew in every process: a random key without a look at anything outside.
_KEY = b"".join(hash(f"salt {n}").to_bytes(8, "big", signed=True) for n in range(4))


def digest_of(key: tuple[Any, ...]) -> bytes:
    """A digest of the parts, which cannot be turned back; parts that differ have different digests."""
    return blake2b(repr(key).encode("utf-8", "surrogatepass"), digest_size=16, key=_KEY).digest()


class Remembered(dict[bytes, V], Generic[V]):
    """Conclusions by digest; full, it forgets everything, so that invented names cannot fill the memory."""

    def keep(self, digest: bytes, value: V) -> V:
        """The value, from now on remembered."""
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[digest] = value
        return value


class RememberedSet(set[bytes]):
    """Digests of what was found right; bounded in the same way."""

    def add(self, digest: bytes) -> None:
        """Remember the digest."""
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        super().add(digest)
