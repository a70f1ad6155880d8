"""What a client profile must say to be safe, key by key and key against key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from cds_service.guideline.faults import Fault

PATHS = ("jwks_file", "ca_file")
ALGORITHMS = tuple(f"{family}{bits}" for family in ("ES", "RS", "PS") for bits in (256, 384, 512))

# A name is a label of log lines and metrics.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!#$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]{1,250}")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
_PRIVATE = tuple(
    ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
_ONLY_WITH_ISSUER = ("jwks_url", "jwks_file", "algorithms", "tenants")

Address = IPv4Address | IPv6Address


def faults_of_client(table: Mapping[str, Any], folder: Path) -> Iterator[Fault]:
    """What is wrong with one table whose values have the right types; paths are seen from `folder`."""
    for key, check in _CHECKS.items():
        if table.get(key) is not None:
            yield from (Fault((key, *fault.path), fault.expected) for fault in check(table[key]))
    for key in PATHS:
        if key in table and not (folder / table[key]).is_file():
            yield Fault((key,), "a file that exists, its path relative to this file")
    yield from _proof_faults(table)
    yield from _server_faults(table)


def faults_among(tables: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
    """A name or an issuer that stands for two clients, and an open client too many."""
    names: set[str] = set()
    issuers: set[str] = set()
    for position, table in enumerate(tables):
        name, issuer = table.get("name"), table.get("issuer")
        if isinstance(name, str) and _is_seen(name.casefold(), names):
            yield Fault(("client", position, "name"), "a name that no other client has")
        if isinstance(issuer, str) and _is_seen(issuer.rstrip("/"), issuers):
            yield Fault(("client", position, "issuer"), "an issuer that no other client has")
    opened = [position for position, table in enumerate(tables) if table.get("issuer") is None]
    for position in opened[1:]:
        yield Fault(("client", position), "an issuer: one client at most may be open")


def _is_seen(one: str, seen: set[str]) -> bool:
    known = one in seen
    seen.add(one)
    return known


def _proof_faults(table: Mapping[str, Any]) -> Iterator[Fault]:
    """Keys go with an issuer, and an open client has none."""
    if table.get("issuer") is None:
        for key in _ONLY_WITH_ISSUER:
            if key in table:
                yield Fault((key,), "an issuer beside it; a client without one is open and proves nothing")
    elif "jwks_url" not in table and "jwks_file" not in table:
        yield Fault(("issuer",), "jwks_url or jwks_file beside it")


def _name_faults(name: str) -> Iterator[Fault]:
    if not _NAME.fullmatch(name):
        yield Fault((), "1 to 40 letters, digits, '.', '_' or '-', beginning with a letter or digit")


def _issuer_faults(issuer: str) -> Iterator[Fault]:
    if not _URI.fullmatch(issuer) or "@" in issuer:
        yield Fault((), "an absolute URI without user-info, such as https://ehr.example")


def _jwks_url_faults(url: str) -> Iterator[Fault]:
    parts = _split(url)
    if parts is None or parts.scheme != "https" or "#" in url:
        yield Fault((), "an https address without user-info and fragment")


def _algorithm_faults(algorithms: Sequence[str]) -> Iterator[Fault]:
    if not algorithms:
        yield Fault((), f"at least one of {', '.join(ALGORITHMS)}")
    for position, algorithm in enumerate(algorithms):
        if algorithm.casefold() == "none":
            yield Fault((position,), "no 'none': that is a token without a signature")
        elif algorithm.upper() in ("HS256", "HS384", "HS512"):
            yield Fault((position,), f"no {algorithm.upper()}: who can check a shared secret can also sign")
        elif algorithm not in ALGORITHMS:
            yield Fault((position,), f"one of {', '.join(ALGORITHMS)}")


def _tenant_faults(tenants: Sequence[str]) -> Iterator[Fault]:
    for position, tenant in enumerate(tenants):
        if not tenant or tenant != tenant.strip() or not tenant.isprintable():
            yield Fault((position,), "a text on one line")


def _network_faults(networks: Iterable[str]) -> Iterator[Fault]:
    for position, text in enumerate(networks):
        network = ip_network(text) if isinstance(text, str) else None
        if network is None or not any(
            network.subnet_of(private)  # type: ignore[arg-type] # of the same version
            for private in _PRIVATE
            if private.version == network.version
        ):
            yield Fault((position,), "a private network in quotes, such as '10.20.0.0/16'")


def _role_faults(roles: Sequence[str]) -> Iterator[Fault]:
    for position, role in enumerate(roles):
        if not role or role != role.strip() or not role.isprintable() or "" in role.split("|"):
            yield Fault((position,), "words on one line, or system|code")


def _server_faults(table: Mapping[str, Any]) -> Iterator[Fault]:
    """A FHIR server that could not be asked, or that is not the one that its owner thinks it is."""
    seen: set[str] = set()
    networks = [ip_network(text) for text in table.get("private_networks", ()) if isinstance(text, str)]
    for position, url in enumerate(table.get("fhir_servers", ())):
        where = ("fhir_servers", position)
        parts = _split(url)
        if parts is None or parts.scheme not in ("https", "http") or not _is_base(url, parts):
            yield Fault(
                where, "an https base address without user-info, query, fragment and dots in its path"
            )
            continue
        yield from (Fault(where, expected) for expected in _reach_faults(parts, table, networks))
        if _is_seen(url.rstrip("/").casefold(), seen):
            yield Fault(where, "each server once")


def _is_base(url: str, parts: SplitResult) -> bool:
    segments = parts.path.split("/")
    return "?" not in url and "#" not in url and "%" not in parts.path and not {".", ".."} & set(segments)


def _reach_faults(parts: SplitResult, table: Mapping[str, Any], networks: Iterable[Any]) -> Iterator[str]:
    host = parts.hostname or ""
    address = _address(host)
    if is_loopback(host):
        if not table.get("loopback"):
            yield "a server that is not this machine, or loopback = true"
    elif parts.scheme == "http":
        yield "https; only a server on this machine may use http, with loopback = true"
    elif address is not None and not address.is_global and not any(address in one for one in networks):
        yield "a public address, or one of private_networks"


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own; no name but `localhost` is looked up."""
    address = _address(host)
    return host.casefold() == "localhost" if address is None else address.is_loopback


def _address(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _split(url: str) -> SplitResult | None:
    """The parts of an absolute address with a host that reads one way; None for any other."""
    if not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>^`{|}') or "@" in url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if port == 0 or parts.netloc.endswith(":") or not (_is_name(host) or _address(host) is not None):
        return None
    return parts


def _is_name(host: str) -> bool:
    """Whether it is a DNS name; one that ends in a number is an address that others read their own way."""
    labels = host.split(".")
    numeric = re.fullmatch(r"\d+|0[xX][0-9a-fA-F]*", labels[-1])
    return not numeric and all(map(_LABEL.fullmatch, labels))


_CHECKS: Mapping[str, Callable[[Any], Iterator[Fault]]] = {
    "name": _name_faults,
    "issuer": _issuer_faults,
    "jwks_url": _jwks_url_faults,
    "algorithms": _algorithm_faults,
    "tenants": _tenant_faults,
    "private_networks": _network_faults,
    "silent_roles": _role_faults,
}
