"""How much one request may hold: entries, draft orders, and how long one string may be.

Nothing here walks the record: a count is a length, and a long string shows in the bytes as they were sent.
A refusal names the member, and nothing that the client wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from cds_service.errors import TooLarge

_QUOTE, _BACKSLASH = b'"', ord("\\")
_MEMBERS = ("hook", "hookInstance", "fhirServer", "fhirAuthorization", "context", "extension", "feedback")


def refuse_too_many(body: Mapping[str, Any], *, max_entries: int, max_draft_orders: int) -> None:
    """Raise TooLarge where prefetch or drafts hold more entries than they may, well formed or not."""
    if _draft_count(body.get("context")) > max_draft_orders:
        raise TooLarge(f"'context.draftOrders' holds more than {max_draft_orders} entries.")
    prefetch = body.get("prefetch")
    if isinstance(prefetch, dict) and sum(map(_resource_count, prefetch.values())) > max_entries:
        raise TooLarge(f"'prefetch' holds more than {max_entries} entries.")


def refuse_long_strings(
    sent: bytes, body: Mapping[str, Any], *, limit: int, prefetch_keys: Iterable[str] = ()
) -> None:
    """Raise TooLarge where a string of `sent`, which was parsed as `body`, takes more than `limit` bytes."""
    if not holds_long_string(sent, limit):
        return
    # Only for the words of the refusal: each known member is written again and looked at alone.
    named = (
        name
        for name, value in _named_members(body, prefetch_keys)
        if holds_long_string(msgspec.json.encode(value), limit)
    )
    member = next(named, None)
    where = f"'{member}' holds" if member else "The body holds"
    raise TooLarge(f"{where} a string of more than {limit} bytes.")


def holds_long_string(document: bytes, limit: int) -> bool:
    """Whether a string of this JSON document takes more than `limit` bytes between its quotes.

    Jumps from the last quote of one window to the next window, so that a record of 3 MB costs six searches.
    The windows hold `limit` bytes and a quote, so no jump passes over a longer string.
    """
    behind = 0  # right behind a quote that begins or ends a string, or where the document begins
    counted, inside = 0, False
    while len(document) - behind > limit:
        quote = _last_quote(document, behind, behind + limit + 1)
        if quote >= 0:
            behind = quote + 1
            continue
        # No quote in a whole window: a string, or white space and numbers between two strings.
        inside ^= _is_odd(document[counted:behind])
        if inside:
            return True
        counted = behind
        quote = document.find(_QUOTE, behind)
        if quote < 0:
            return False
        behind = quote + 1
    return False


def _last_quote(document: bytes, begin: int, end: int) -> int:
    """Where the last quote that is not escaped stands between two places, or -1."""
    quote = document.rfind(_QUOTE, begin, end)
    if quote <= begin or document[quote - 1] != _BACKSLASH:
        return quote
    found = _without_escapes(document[begin:end]).rfind(_QUOTE)
    return begin + found if found >= 0 else -1


def _is_odd(part: bytes) -> bool:
    return _without_escapes(part).count(_QUOTE) % 2 == 1


def _without_escapes(part: bytes) -> bytes:
    """The bytes with escaped backslashes and quotes blanked out; the length stays."""
    return part.replace(rb"\\", b"  ").replace(rb"\"", b"  ") if b"\\" in part else part


def _draft_count(context: Any) -> int:
    return _entry_count(context.get("draftOrders")) if isinstance(context, dict) else 0


def _resource_count(value: Any) -> int:
    """The entries of a prefetch key; a resource without a Bundle is one, so no number of keys is free."""
    return _entry_count(value) or int(isinstance(value, dict) and not _is_bundle(value))


def _is_bundle(value: dict[str, Any]) -> bool:
    wrapped = value.get("resource")
    kinds = (one.get("resourceType") for one in (value, wrapped) if isinstance(one, dict))
    return "Bundle" in kinds


def _entry_count(value: Any) -> int:
    """The entries of a Bundle, also of one that older clients wrapped with its response."""
    if not isinstance(value, dict):
        return 0
    entries = value.get("entry")
    if isinstance(entries, list):
        return len(entries)
    wrapped = value.get("resource")
    entries = wrapped.get("entry") if isinstance(wrapped, dict) else None
    return len(entries) if isinstance(entries, list) else 0


def _named_members(body: Mapping[str, Any], prefetch_keys: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """The members that have a name of ours; any other name is the client's text, too."""
    prefetch = body.get("prefetch")
    if isinstance(prefetch, dict):
        yield from ((f"prefetch.{key}", prefetch.get(key)) for key in prefetch_keys)
        yield "prefetch", prefetch
    yield from ((name, body.get(name)) for name in _MEMBERS)
