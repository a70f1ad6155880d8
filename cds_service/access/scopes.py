"""Whether a token's scopes cover a query: SMART App Launch 1 (`user/Observation.read`) and 2 (`.rs`)."""

from __future__ import annotations

import re
from enum import Enum

_SCOPE = re.compile(r"(?:patient|user|system)/(\*|[A-Za-z]+)\.([A-Za-z*]+)(\?\S*)?")


class Coverage(Enum):
    """How much of what a query would find the scopes let through."""

    ALL = "all"
    PART = "part"
    NONE = "none"


def coverage(scope: str | None, resource_type: str, *, search: bool) -> Coverage:
    """What the scopes allow of a search for, or a read of, a type.

    NONE only where that is plain: without any scope of a resource, or with one that cannot be read,
    the query is sent and the server has to say it.
    A scope with a filter (`user/Observation.rs?category=laboratory`) covers a part:
    the server answers with less and does not say so, which must never look like a whole answer.
    """
    found = [_covers(word, resource_type, "s" if search else "r") for word in (scope or "").split()]
    told = [one for one in found if one is not None]
    if not told or Coverage.ALL in told:
        return Coverage.ALL
    return Coverage.PART if Coverage.PART in told else Coverage.NONE


def _covers(word: str, resource_type: str, interaction: str) -> Coverage | None:
    """What one scope allows; None where it is not about resources (`launch`, `openid`)."""
    read = _SCOPE.fullmatch(word)
    if read is None:
        return Coverage.ALL if word.startswith(("patient/", "user/", "system/")) else None
    kind, allowed, part = read.groups()
    if kind not in ("*", resource_type):
        return Coverage.NONE
    if allowed in ("read", "*"):
        return Coverage.PART if part else Coverage.ALL
    if allowed == "write":
        return Coverage.NONE
    if not re.fullmatch("c?r?u?d?s?", allowed):
        return Coverage.ALL  # not to be read, so the server may say it
    if interaction not in allowed:
        return Coverage.NONE
    return Coverage.PART if part else Coverage.ALL
