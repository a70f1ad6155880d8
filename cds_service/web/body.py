"""From bytes to a JSON object, strictly: what could be read in two ways is refused."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import msgspec
from flask import Request

from cds_service.errors import TooLarge, TooSlow, UnreadableBody, UnsupportedContent
from cds_service.protocol.request_size import refuse_long_strings
from cds_service.settings import Settings

_MEDIA_TYPES = frozenset({"application/json", "application/fhir+json"})
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})

_DROPPED_AT_ONCE = 1_000_000

_TOO_LARGE = "The body is larger than this service takes."
_NOT_WHOLE = "The body did not arrive whole."


def read_json_body(request: Request, settings: Settings, prefetch_keys: Iterable[str] = ()) -> dict[str, Any]:
    """The JSON object that was posted; of a prefetch key only one of `prefetch_keys` is named in a refusal.

    Raises UnsupportedContent (415) for another media type, charset or any content coding,
    TooLarge (413) for a body or a string over its limit, TooSlow (408) for one that takes too long to arrive,
    UnreadableBody (400) for what is not JSON.

    Of a member that comes twice, the last counts, as in most JSON readers:
    to notice it would take a Python call for every object of a large record.
    """
    _refuse_other_content(request)
    sent = _receive(request, settings.max_body_bytes)
    body = parse_json_object(sent)
    refuse_long_strings(sent, body, limit=settings.max_string_bytes, prefetch_keys=prefetch_keys)
    return body


def parse_json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`; raises UnreadableBody. This is the one place that knows the parser.

    msgspec refuses what is no JSON but other readers take: NaN and Infinity, numbers out of range,
    bytes that are not UTF-8, and an escaped half of a surrogate pair, which could not be written again.
    """
    if not body or body.isspace():
        raise UnreadableBody("The body is empty.")
    # Some senders put a byte order mark first.
    document = _parse(body.removeprefix(codecs.BOM_UTF8))
    if not isinstance(document, dict):
        raise UnreadableBody("The body must be a JSON object.")
    return document


def refuse_deep_nesting(value: Any, limit: int) -> None:
    """Raise UnreadableBody where `value` nests deeper than `limit`.

    For `context`, whose drafts go back to the client whole and are walked to their leaves.
    The prefetch is only read along known paths, and to walk all of it would cost as much as to parse it.
    """
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(limit):
        if not level:
            return
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, (dict, list))  # twice as fast as a union, for every value
        ]
    if level:
        raise UnreadableBody("The body nests too deep.")


def _refuse_other_content(request: Request) -> None:
    if request.mimetype not in _MEDIA_TYPES:
        raise UnsupportedContent("Send the body as application/json or application/fhir+json.")
    if request.mimetype_params.get("charset", "utf-8").strip("'\" ").lower() not in _CHARSETS:
        raise UnsupportedContent("Send the body in UTF-8.")
    # A small compressed body can unpack to any size, so none is unpacked.
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise UnsupportedContent("Send the body without a content coding.")
    if request.headers.get("Transfer-Encoding", "chunked").strip().lower() not in ("", "identity", "chunked"):
        raise UnsupportedContent("Send the body without a transfer coding other than chunked.")


def _receive(request: Request, max_bytes: int) -> bytes:
    """The body, read once and straight from the server.

    Flask's own reader cuts a chunked body at the limit without a word,
    and takes a body that broke off as whole.
    """
    announced = request.content_length
    if announced is None and not request.environ.get("wsgi.input_terminated"):
        return b""
    if announced is not None and announced > max_bytes:
        _let_it_be_sent(request, announced, max_bytes)
        raise TooLarge(_TOO_LARGE)
    wanted = max_bytes + 1 if announced is None else announced
    try:
        body: bytes = request.environ["wsgi.input"].read(wanted)
    except TimeoutError:
        raise TooSlow("The body took too long to arrive.") from None
    except Exception:
        # A broken chunk or a sender that went away surfaces as an error of the server's own kind.
        raise UnreadableBody(_NOT_WHOLE) from None
    if len(body) > max_bytes:
        raise TooLarge(_TOO_LARGE)
    if announced is not None and len(body) < announced:
        raise UnreadableBody(_NOT_WHOLE)
    return body


def _let_it_be_sent(request: Request, announced: int, max_bytes: int) -> None:
    """Drop what arrives of a body that is too large: many clients hear no answer before they have sent it.

    Not of one that is several times too large, and no longer than any request may take.
    """
    left = announced if announced <= 2 * max_bytes else 0
    with suppress(Exception):
        while left > 0 and (dropped := request.environ["wsgi.input"].read(min(left, _DROPPED_AT_ONCE))):
            left -= len(dropped)


def _parse(body: bytes) -> Any:
    try:
        return _DECODER.decode(body)
    except RecursionError:
        raise UnreadableBody("The body nests too deep.") from None
    except UnicodeDecodeError:
        raise UnreadableBody("The body is not UTF-8.") from None
    except msgspec.ValidationError:
        raise UnreadableBody("The body holds a number that cannot be read.") from None
    except msgspec.DecodeError as error:
        # The parser says what it met there, too; only the place is ours to repeat.
        place = _PLACE.search(str(error))
        raise UnreadableBody("The body is not JSON.", place[0] if place else "where it ends") from None


_DECODER = msgspec.json.Decoder()
_PLACE = re.compile(r"(?<=\()byte \d+(?=\)$)")
