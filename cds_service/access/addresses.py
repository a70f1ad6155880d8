"""Addresses as text: one strict reading of each, so that no two programs can read it differently."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

from cds_service.access.outgoing import Forbidden

DEFAULT_PORTS = {"http": 80, "https": 443}
# RFC 3986 without fragment and user-info: different programs read these, and all else, differently.
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<path>(?:/[a-z0-9._~!$&'()*+,;=:@%-]*)*)(?:\?(?P<query>[a-z0-9._~!$&'()*+,;=:@%/?|-]*))?",
    re.ASCII | re.IGNORECASE,
)
_BROKEN_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.ASCII)
# Where the last label is a number, resolvers read the whole name as an address of four bytes, in any base.
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+", re.ASCII)
# An escaped dot, slash or backslash is a segment to one program and a way up to another.
# So is an escaped semicolon behind two dots, and a dot or slash in UTF-8 of more bytes than it needs.
_HIDDEN = re.compile(r"%2e|%2f|%3b|%5c|%25|%[01]|%7f|%c[01]", re.IGNORECASE)
_MAX_LENGTH = 8192


@dataclass(frozen=True, slots=True)
class Address:
    """An address of the web, normalised: lower-case host, explicit port, path of plain segments.

    `literal` is the host where it is an IP address; None means a name that is yet to be looked up.
    """

    scheme: Literal["http", "https"]
    host: str
    port: int
    path: str
    query: str | None
    literal: IPv4Address | IPv6Address | None

    @property
    def origin(self) -> tuple[str, str, int]:
        """What a token belongs to: scheme, host and port."""
        return self.scheme, self.host, self.port

    def __str__(self) -> str:
        host = f"[{self.host}]" if isinstance(self.literal, IPv6Address) else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        # FHIR servers write the bar of a token as it is, which RFC 3986 does not allow.
        query = "" if self.query is None else f"?{self.query.replace('|', '%7C')}"
        return f"{self.scheme}://{host}{port}{self.path}{query}"


def parse_address(text: str) -> Address:
    """The address that a text names; raises Forbidden for every text that could be read in two ways.

    A trailing dot and a name that is not ASCII are refused, not normalised: write names as DNS has them.
    """
    read = _ADDRESS.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if read is None or _BROKEN_ESCAPE.search(text):
        raise Forbidden("address not allowed")
    scheme: Literal["http", "https"] = "https" if read["scheme"].lower() == "https" else "http"
    host, literal = _host(read["host"].lower())
    port = int(read["port"] or DEFAULT_PORTS[scheme])
    path = read["path"] or "/"
    if port > 65535 or not _is_plain(path):
        raise Forbidden("address not allowed")
    return Address(scheme, host, port, path, read["query"], literal)


def is_below(url: str, base: str) -> bool:
    """Whether an address is a base or below it: same origin, and a path below on whole segments.

    False, too, where either cannot be read, or where the base has a query.
    """
    try:
        address, root = parse_address(url), parse_address(base)
    except Forbidden:
        return False
    above = root.path.rstrip("/")
    below = address.path == above or address.path.startswith(f"{above}/")
    return root.query is None and address.origin == root.origin and below


def _host(text: str) -> tuple[str, IPv4Address | IPv6Address | None]:
    labels = text.split(".")
    # An error of `ipaddress` quotes the address: it is dropped, not chained.
    with suppress(ValueError):
        if text.startswith("["):
            literal = IPv6Address(text[1:-1])
            return literal.compressed, literal
        if _NUMBER.fullmatch(labels[-1]):
            return text, IPv4Address(text)
        if len(text) <= 253 and all(_LABEL.fullmatch(label) for label in labels):
            return text, None
    raise Forbidden("address not allowed")


def _is_plain(path: str) -> bool:
    """Whether a path has no way up and no empty segment but the last."""
    # What follows a semicolon is left out by some servers, before they look for the way up.
    segments = [segment.partition(";")[0] for segment in path.split("/")[1:]]
    return "" not in segments[:-1] and not {".", ".."} & set(segments) and not _HIDDEN.search(path)
