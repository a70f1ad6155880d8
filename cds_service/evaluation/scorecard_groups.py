"""The figures by client, organisation and practitioner, with what must be hidden of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cds_service.evaluation.suppression import LEAST, NOTHING, Pair, Shown, show_groups

CLIENTS, ORGANISATIONS, PRACTITIONERS = "clients", "organisations", "practitioners"
_Path = tuple[str, str]


class GroupFigures(Protocol):
    """The figures of a client, an organisation and a practitioner; empty names: not kept."""

    @property
    def client(self) -> str: ...
    @property
    def organisation(self) -> str: ...
    @property
    def practitioner(self) -> str: ...
    @property
    def orders(self) -> int: ...
    @property
    def not_indicated(self) -> int: ...
    @property
    def cards(self) -> int: ...
    @property
    def accepted(self) -> int: ...


@dataclass(frozen=True, slots=True)
class GroupLine:
    """What may be told of a group; None: hidden. `name` is empty for clients, and where it is not kept."""

    client: str
    name: str
    orders: int | None
    not_indicated: int | None
    cards: int | None
    accepted: int | None


@dataclass(frozen=True, slots=True)
class GroupTable:
    """The groups of one kind of which anything may be told, and how many others there are."""

    kind: str
    lines: tuple[GroupLine, ...]
    hidden_groups: int


@dataclass(frozen=True, slots=True)
class _Sums:
    orders: Pair
    cards: Pair


_NAMES: Mapping[str, Callable[[GroupFigures], str]] = {
    CLIENTS: lambda row: "",
    ORGANISATIONS: lambda row: row.organisation,
    PRACTITIONERS: lambda row: row.practitioner,
}


def tabulate_groups(rows: Iterable[GroupFigures], least: int = LEAST) -> tuple[GroupTable, ...]:
    """A table for each kind of group of which there are several; nothing where there are too few orders."""
    kept = list(rows)
    everybody = _sum(kept)
    tables = []
    for kind, name_of in _NAMES.items():
        groups = defaultdict[_Path, list[GroupFigures]](list)
        for row in kept:
            groups[row.client, name_of(row)].append(row)
        if len(groups) < 2 or (kind != CLIENTS and not any(name for _, name in groups)):
            continue  # the only one's figures are everybody's; and without pseudonyms there are none
        sums = {path: _sum(members) for path, members in groups.items()}
        tables.append(_tabulate(kind, everybody, _clients(kept), sums, least))
    return tuple(tables)


def _sum(rows: Sequence[GroupFigures]) -> _Sums:
    return _Sums(
        Pair(sum(row.orders for row in rows), sum(row.not_indicated for row in rows)),
        Pair(sum(row.cards for row in rows), sum(row.accepted for row in rows)),
    )


def _clients(rows: Iterable[GroupFigures]) -> dict[str, _Sums]:
    groups = defaultdict[str, list[GroupFigures]](list)
    for row in rows:
        groups[row.client].append(row)
    return {client: _sum(members) for client, members in groups.items()}


def _tabulate(
    kind: str, everybody: _Sums, clients: Mapping[str, _Sums], groups: Mapping[_Path, _Sums], least: int
) -> GroupTable:
    orders = _shown(
        everybody.orders,
        {client: sums.orders for client, sums in clients.items()},
        {path: sums.orders for path, sums in groups.items()},
        kind,
        least,
    )
    cards = _shown(
        everybody.cards,
        {client: sums.cards for client, sums in clients.items()},
        {path: sums.cards for path, sums in groups.items()},
        kind,
        least,
    )
    lines = [
        GroupLine(
            *path, orders[path].whole, orders[path].part, cards[path].whole, cards[path].part
        )
        for path in groups
        if orders[path] != NOTHING or cards[path] != NOTHING
    ]  # fmt: skip
    lines.sort(key=lambda line: (-(line.orders or 0), -(line.cards or 0), line.client, line.name))
    return GroupTable(kind, tuple(lines), len(groups) - len(lines))


def _shown(
    everybody: Pair,
    clients: Mapping[str, Pair],
    groups: Mapping[_Path, Pair],
    kind: str,
    least: int,
) -> dict[_Path, Shown]:
    top = show_groups(everybody, Shown(everybody.whole, everybody.part), clients, least)
    if kind == CLIENTS:
        return {(client, ""): shown for client, shown in top.items()}
    return dict(_below(clients, top, groups, least))


def _below(
    clients: Mapping[str, Pair], top: Mapping[str, Shown], groups: Mapping[_Path, Pair], least: int
) -> Iterator[tuple[_Path, Shown]]:
    members = defaultdict[str, dict[_Path, Pair]](dict)
    for path, pair in groups.items():
        members[path[0]][path] = pair
    for client, own in members.items():
        yield from show_groups(clients[client], top[client], own, least).items()
