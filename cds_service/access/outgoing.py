"""GET requests that the service makes itself: to an address that is allowed, and within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal, Protocol, get_args

# Every reason that `Outgoing.get` gives: safe to log, to count and to show.
Reason = Literal[
    "address not allowed",
    "header not allowed",
    "name not found",
    "cannot be reached",
    "certificate not trusted",
    "no secure connection",
    "too slow",
    "too large",
    "compressed",
    "broke off",
    "sent no HTTP",
]
REASONS: tuple[Reason, ...] = get_args(Reason)


class NotFetched(Exception):
    """Nothing usable came; `reason` says why in a few words, without anything of an address or an answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Forbidden(NotFetched):
    """The address is none that may be asked; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a connection may end: on the public internet, and beyond that only where it is said.

    `loopback` also allows http without TLS, there alone.
    `ca_file` names the authorities that are trusted instead of the public ones.
    """

    loopback: bool = False
    private_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered, whatever its status; `headers` has names in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Outgoing(Protocol):
    """Sends one GET; redirects are not followed, cookies not kept, the environment not looked at."""

    def get(
        self, url: str, *, headers: Mapping[str, str], reach: Reach, ends: float, max_bytes: int
    ) -> Answer:
        """The answer, complete before `ends` as `time.monotonic` counts; raises NotFetched or Forbidden.

        Headers of the same name come as one, with commas between the values.
        """
