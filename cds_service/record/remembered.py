"""What may be remembered from one request to the next: never a text, only a keyed digest of it.

The same names of tests and medicines come with every record, and reading them anew is half the work.
A text may be the patient's, so it is not kept: a dictionary from digests tells what was concluded.
The digest is Python's own hash of a tuple of texts: SipHash with a key that is random and dies with the
process, so nobody outside can make two texts meet or compare a digest with anything.
By chance two of a full memory meet once in some ten thousand million processes.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

V = TypeVar("V")
MOST_REMEMBERED = 50_000


def digest_of(key: tuple[Any, ...]) -> int:
    """A digest of the parts, which cannot be turned back; raises TypeError for parts that have none."""
    return hash(key)


class Remembered(dict[int, V], Generic[V]):
    """Conclusions by digest; full, it forgets everything, so that invented names cannot fill the memory."""

    def keep(self, digest: int, value: V) -> V:
        """The value, from now on remembered."""
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[digest] = value
        return value


class RememberedSet(set[int]):
    """Digests of what was found right; bounded in the same way."""

    def add(self, digest: int) -> None:
        """Remember the digest."""
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        super().add(digest)
