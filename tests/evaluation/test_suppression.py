"""No hidden figure of a small group can be reckoned back: tried by going through every table that fits."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from cds_service.evaluation.scorecard_groups import (
    CLIENTS,
    ORGANISATIONS,
    GroupLine,
    GroupTable,
    tabulate_groups,
)
from cds_service.evaluation.suppression import LEAST, Pair, Shown, show_groups

SMALL = 3  # in place of ten, so that all tables that fit can be tried
HIDDEN = Shown()

Groups = dict[str, Pair]
Known = Mapping[str, Shown]


class Row(NamedTuple):
    """A row as the store gives it."""

    client: str
    organisation: str
    orders: int
    not_indicated: int
    practitioner: str = ""
    cards: int = 0
    accepted: int = 0


@dataclass(frozen=True)
class Seen:
    """All that a reader can know of a hidden figure: the numbers that it may be."""

    values: frozenset[int]
    least: int

    @property
    def gives_it_away(self) -> bool:
        return len(self.values) == 1 or max(self.values) < self.least


def tables_that_fit(parent: Pair, told: Known) -> Iterator[dict[str, Pair]]:
    """Every table with what is shown, whose wholes and parts add up to the parent's."""
    names = list(told)
    wholes = [
        [shown.whole] if shown.whole is not None else range(parent.whole + 1) for shown in told.values()
    ]
    for sizes in itertools.product(*wholes):
        if sum(sizes) != parent.whole:
            continue
        parts = [
            [shown.part] if shown.part is not None else range(min(size, parent.part) + 1)
            for shown, size in zip(told.values(), sizes, strict=True)
        ]
        for chosen in itertools.product(*parts[:-1]):
            rest = parent.part - sum(chosen)
            if rest in parts[-1]:
                yield dict(zip(names, map(Pair, sizes, (*chosen, rest)), strict=True))


def what_is_known(parent: Pair, told: Known, least: int) -> dict[tuple[str, str], Seen]:
    """Of each hidden whole, part and rest, what it may be."""
    seen = defaultdict[tuple[str, str], set[int]](set)
    for table in tables_that_fit(parent, told):
        for name, pair in table.items():
            for figure in ("whole", "part", "rest"):
                seen[name, figure].add(getattr(pair, figure))
    hidden = {
        (name, figure): Seen(frozenset(values), least)
        for (name, figure), values in seen.items()
        if (told[name].whole if figure == "whole" else told[name].part) is None
    }
    assert seen, "what is shown must fit at least the table that it is of"
    return hidden


def small_tables() -> Iterator[tuple[Pair, Groups]]:
    """Every table of two and of three groups with up to four in each, and a sample of larger ones."""
    pairs = [Pair(whole, part) for whole in range(5) for part in range(whole + 1)]
    for size in (2, 3):
        for chosen in itertools.combinations_with_replacement(pairs, size):
            yield totalled(chosen)
    rng = random.Random(4)
    for _ in range(150):
        sizes = [rng.choice((0, 1, 2, 3, 4, 5, 6, 8)) for _ in range(rng.choice((3, 4)))]
        yield totalled([Pair(size, rng.randint(0, size)) for size in sizes])


def totalled(pairs: Iterable[Pair]) -> tuple[Pair, Groups]:
    groups = {f"g{place}": pair for place, pair in enumerate(pairs)}
    return Pair(sum(p.whole for p in groups.values()), sum(p.part for p in groups.values())), groups


def test_no_hidden_figure_of_any_small_table_can_be_reckoned_back() -> None:
    tried = hidden_figures = 0
    for parent, groups in small_tables():
        told = show_groups(parent, Shown(parent.whole, parent.part), groups, SMALL)
        if min(parent.part, parent.rest) < SMALL:
            # Then everybody's own figure says of each group that it is small; but no more than that.
            assert all(shown.part is None for shown in told.values())
            continue
        known = what_is_known(parent, told, SMALL)
        assert [key for key, seen in known.items() if seen.gives_it_away] == [], (groups, told)
        tried, hidden_figures = tried + 1, hidden_figures + len(known)
    assert tried > 300
    assert hidden_figures > 1_000


def test_nothing_below_the_least_is_shown_in_any_small_table() -> None:
    for parent, groups in small_tables():
        for name, shown in show_groups(parent, Shown(parent.whole, parent.part), groups, SMALL).items():
            assert shown.whole is None or shown.whole == groups[name].whole >= SMALL
            assert (
                shown.part is None or SMALL <= shown.part == groups[name].part <= groups[name].whole - SMALL
            )


def test_what_can_be_shown_is_shown() -> None:
    """Without this, hiding everything would pass."""
    groups = {"a": Pair(50, 20), "b": Pair(40, 15), "c": Pair(12, 3), "d": Pair(11, 2)}
    told = show_groups(Pair(113, 40), Shown(113, 40), groups)
    assert told == {"a": Shown(50, 20), "b": Shown(40), "c": Shown(12), "d": Shown(11)}


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        ({"a": Pair(100, 50), "b": Pair(9, 4)}, {"a": HIDDEN, "b": HIDDEN}),
        ({"a": Pair(100, 50), "b": Pair(10, 5)}, {"a": Shown(100), "b": Shown(10)}),
        (
            {"a": Pair(100, 50), "b": Pair(9, 4), "c": Pair(1, 1)},
            {"a": Shown(100, 50), "b": HIDDEN, "c": HIDDEN},
        ),
        (
            {"a": Pair(100, 50), "b": Pair(9, 4), "c": Pair(0, 0)},
            {"a": HIDDEN, "b": HIDDEN, "c": HIDDEN},
        ),
    ],
    ids=["two-one-small", "ten-is-not-small", "two-small-of-ten", "two-small-of-nine"],
)
def test_what_is_hidden_beside_a_small_group(groups: Groups, told: Known) -> None:
    parent = totalled(groups.values())[0]
    if groups.get("c") == Pair(1, 1):
        # The two small ones hold ten orders, but only five that were not indicated.
        told = dict(told) | {"a": Shown(100)}
    assert show_groups(parent, Shown(parent.whole, parent.part), groups) == told


def test_below_a_hidden_group_nothing_is_shown() -> None:
    assert show_groups(Pair(60, 30), HIDDEN, {"a": Pair(30, 15), "b": Pair(30, 15)}) == {
        "a": HIDDEN,
        "b": HIDDEN,
    }


def test_below_a_group_whose_part_is_hidden_no_part_is_shown() -> None:
    told = show_groups(Pair(60, 30), Shown(60), {"a": Pair(30, 15), "b": Pair(30, 15)})
    assert told == {"a": Shown(30), "b": Shown(30)}


def test_no_figure_of_a_site_can_be_reckoned_from_the_clients() -> None:
    rng, tried = random.Random(9), 0
    while tried < 60:
        rows = [
            Row(client, f"{client}{site}", size, rng.randint(0, size))
            for client in "ab"
            for site in range(rng.choice((1, 2, 2)))
            for size in [rng.choice((1, 2, 3, 4, 5, 6))]
        ]
        everybody = Pair(sum(row.orders for row in rows), sum(row.not_indicated for row in rows))
        tables = {table.kind: table for table in tabulate_groups(rows, SMALL)}
        if min(everybody.part, everybody.rest) < SMALL or ORGANISATIONS not in tables:
            continue
        tried += 1
        assert [
            name for name, seen in nested_knowledge(rows, tables, everybody).items() if seen.gives_it_away
        ] == []


def nested_knowledge(
    rows: list[Row], tables: Mapping[str, GroupTable], everybody: Pair
) -> dict[tuple[str, str], Seen]:
    """What may be known of the sites by who knows which client each belongs to, from both tables together."""
    of_clients, of_sites = (shown_in(tables[kind]) for kind in (CLIENTS, ORGANISATIONS))
    told = {row.organisation: of_sites.get(row.organisation, HIDDEN) for row in rows}
    client_of = {row.organisation: row.client for row in rows}
    seen = defaultdict[tuple[str, str], set[int]](set)
    for table in tables_that_fit(everybody, told):
        sums = defaultdict[str, list[Pair]](list)
        for site, pair in table.items():
            sums[client_of[site]].append(pair)
        if not all(
            fits(totalled(pairs)[0], of_clients.get(client, HIDDEN)) for client, pairs in sums.items()
        ):
            continue
        for site, pair in table.items():
            for figure in ("whole", "part", "rest"):
                seen[site, figure].add(getattr(pair, figure))
        for client, pairs in sums.items():
            for figure in ("whole", "part", "rest"):
                seen[client, figure].add(getattr(totalled(pairs)[0], figure))
    told = {**told, **{row.client: of_clients.get(row.client, HIDDEN) for row in rows}}
    return {
        key: Seen(frozenset(values), SMALL)
        for key, values in seen.items()
        if (told[key[0]].whole if key[1] == "whole" else told[key[0]].part) is None
    }


def fits(pair: Pair, shown: Shown) -> bool:
    return shown.whole in (None, pair.whole) and shown.part in (None, pair.part)


def shown_in(table: GroupTable) -> dict[str, Shown]:
    return {line.name or line.client: Shown(line.orders, line.not_indicated) for line in table.lines}


def test_a_table_of_one_group_is_left_out() -> None:
    assert tabulate_groups([Row("a", "a1", 90, 40)]) == ()


def test_without_pseudonyms_there_is_no_table_of_sites() -> None:
    tables = tabulate_groups([Row("a", "", 90, 40), Row("b", "", 90, 40)])
    assert [table.kind for table in tables] == [CLIENTS]
    assert tables[0].lines == (GroupLine("a", "", 90, 40, None, None), GroupLine("b", "", 90, 40, None, None))


def test_a_hidden_group_is_counted_and_not_named() -> None:
    rows = [Row("a", "a1", 90, 40), Row("a", "a2", 6, 3), Row("a", "a3", 6, 3), Row("b", "b1", 50, 20)]
    tables = {table.kind: table for table in tabulate_groups(rows)}
    table = tables[ORGANISATIONS]
    assert {line.name for line in table.lines} == {"a1", "b1"}
    assert table.hidden_groups == 2


def test_ten_is_the_least() -> None:
    assert LEAST == 10
