"""Value sets that cannot both hold of one code, as `contradictions.toml` lists them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from pydantic import Field

from cds_service.guideline.content_files import Folder, Strict, parse_table, read_table
from cds_service.guideline.content_types import CodeRow
from cds_service.guideline.faults import Fault
from cds_service.guideline.problems import Problem, refuse
from cds_service.record.terminology import CodeSystem, spell


class _Contradiction(Strict):
    sets: tuple[str, ...] = Field(min_length=2)
    because: str = Field(min_length=1)


class _File(Strict):
    contradictions: tuple[_Contradiction, ...]


def check_contradictions(folder: Folder, systems: Iterable[CodeSystem], rows: Sequence[CodeRow]) -> None:
    """Raises ContentError for every code that stands in two sets of one contradiction.

    A code is what the lookup compares: without dots for ICD, and a prefix and a whole code of the same
    spelling are the same, because the whole code then belongs to both sets.
    A longer code within a shorter prefix is none: the longer one decides, and so exceptions are written.
    """
    table = read_table(folder, "contradictions.toml")
    listed = parse_table(_File, table).contradictions
    known = {row.concept for row in rows}
    faults = [
        Fault(("contradictions", position, "sets", place), f"the name of a value set, not {concept}")
        for position, entry in enumerate(listed)
        for place, concept in enumerate(entry.sets)
        if concept not in known
    ]
    faults += [
        Fault(("contradictions", position, "sets"), "each value set once")
        for position, entry in enumerate(listed)
        if len(set(entry.sets)) < len(entry.sets)
    ]
    refuse(map(table.problem, faults))
    refuse(_in_two_sets(listed, {s.url: s for s in systems}, rows))


def _in_two_sets(
    listed: Iterable[_Contradiction], systems: dict[str, CodeSystem], rows: Iterable[CodeRow]
) -> Iterator[Problem]:
    by_set: dict[str, dict[tuple[str, str], CodeRow]] = {}
    for row in rows:
        key = (row.code.system, spell(row.code.code, systems[row.code.system]))
        by_set.setdefault(row.concept, {})[key] = row
    for entry in listed:
        for one, other in combinations(entry.sets, 2):
            first, second = by_set.get(one, {}), by_set.get(other, {})
            for key in sorted(first.keys() & second.keys()):
                there, here = first[key], second[key]
                place = there.file if there.line is None else f"{there.file}:{there.line}"
                expected = f"{here.code.code} in {one} or in {other}, not in both ({place}): {entry.because}"
                yield Problem(here.file, here.line, expected)
