"""The code lists of `cards/` as FHIR ValueSets, which hold exactly the codes that the service reads so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cds_service.guideline.content import Guideline
from cds_service.knowledge.canonical import DISPLAY, PROVENANCE, Resource, extension, heading, title_of
from cds_service.record.terminology import Terminology, ValueSetCode, spell


@dataclass(frozen=True, slots=True)
class _Listed:
    """One code as it stands in some value set, and every concept that it stands for."""

    system: str
    code: str
    spelled: str
    prefix: bool
    concepts: frozenset[str]


def build_value_sets(guideline: Guideline, built_at: str) -> dict[str, Resource]:
    """A ValueSet for each concept of the content, by id; `built_at` is the moment of their expansions."""
    listed = _listed(guideline.terminology)
    return {
        concept: _value_set(concept, rows, guideline, listed, built_at)
        for concept, rows in sorted(guideline.terminology.value_sets.items())
    }


def _value_set(
    concept: str,
    rows: tuple[ValueSetCode, ...],
    guideline: Guideline,
    listed: Mapping[str, list[_Listed]],
    built_at: str,
) -> Resource:
    excluded = list(_excluded(concept, rows, guideline.terminology, listed))
    title = title_of(concept)
    resource = heading("ValueSet", "value-set", concept, title, guideline)
    resource["description"] = _description(title, rows, guideline.terminology)
    notices = _notices(rows, guideline.terminology)
    if notices:
        resource["copyright"] = "\n\n".join(notices)
    resource["compose"] = {"include": [*_whole(rows), *(_prefix(row) for row in rows if row.prefix)]}
    if excluded:
        resource["compose"]["exclude"] = excluded
    # A prefix stands for codes that only the code system's owner can list.
    if not any(row.prefix for row in rows):
        resource["expansion"] = {
            "timestamp": built_at,
            "total": len(rows),
            "contains": [_coding(row) for row in rows],
        }
    return resource


def _description(title: str, rows: Iterable[ValueSetCode], terminology: Terminology) -> str:
    said = [f"The codes that the service reads as '{title}'."]
    if any(row.prefix for row in rows):
        said.append("A code listed as a prefix stands for itself and for every code that begins with it.")
    names = {terminology.system_name(row.system) for row in rows}
    pairs = {
        f"A code sent as {system.name} that no list holds is looked up as {system.relative}."
        for system in terminology.systems.values()
        if system.relative in names
    }
    return " ".join([*said, *sorted(pairs)])


def _notices(rows: Iterable[ValueSetCode], terminology: Terminology) -> list[str]:
    """The licence notice of every code system used, in the order in which the systems first stand."""
    names = dict.fromkeys(terminology.system_name(row.system) for row in rows)
    return [terminology.systems[name].notice for name in names if name and terminology.systems[name].notice]


def _whole(rows: Iterable[ValueSetCode]) -> Iterator[Resource]:
    by_system: dict[str, list[Resource]] = {}
    for row in rows:
        if not row.prefix:
            concept = {"extension": [extension(PROVENANCE, row.provenance)], "code": row.code}
            by_system.setdefault(row.system, []).append(concept | _display(row))
    yield from ({"system": system, "concept": concepts} for system, concepts in by_system.items())


def _prefix(row: ValueSetCode) -> Resource:
    extensions = [extension(PROVENANCE, row.provenance)]
    if row.display:
        extensions.append(extension(DISPLAY, row.display))
    return {"system": row.system, "filter": [{"extension": extensions, **_begins_with(row.code)}]}


def _begins_with(code: str) -> Resource:
    """A filter for a code and every code below it; FHIR's regular expressions match the whole code."""
    return {"property": "code", "op": "regex", "value": f"{re.escape(code)}.*"}


def _display(row: ValueSetCode) -> Resource:
    return {"display": row.display} if row.display else {}


def _coding(row: ValueSetCode) -> Resource:
    return {"system": row.system, "code": row.code, **_display(row)}


def _listed(terminology: Terminology) -> dict[str, list[_Listed]]:
    """Every code of the content once, by system."""
    found: dict[tuple[str, str, bool], tuple[str, str, set[str]]] = {}
    for concept, rows in terminology.value_sets.items():
        for row in rows:
            name = terminology.system_name(row.system) or row.system
            spelled = spell(row.code, terminology.systems[name])
            found.setdefault((name, spelled, row.prefix), (row.system, row.code, set()))[2].add(concept)
    by_system: dict[str, list[_Listed]] = {}
    for (name, spelled, prefix), (system, code, concepts) in found.items():
        above = found.get((name, spelled, True))
        all_concepts = frozenset(concepts | above[2] if above else concepts)
        by_system.setdefault(name, []).append(_Listed(system, code, spelled, prefix, all_concepts))
    return by_system


def _excluded(
    concept: str,
    rows: Iterable[ValueSetCode],
    terminology: Terminology,
    listed: Mapping[str, list[_Listed]],
) -> Iterator[Resource]:
    """What lies below a prefix of this set and is listed for something else: the longest listed code wins.

    A code that has one of this set's own below it stays in, because FHIR cannot take back an exclusion.
    """
    for row in rows:
        name = terminology.system_name(row.system) or row.system
        start = spell(row.code, terminology.systems[name])
        below = [
            other
            for other in (listed[name] if row.prefix else ())
            if other.spelled != start and other.spelled.startswith(start)
        ]
        for other in below:
            own = any(more.spelled.startswith(other.spelled) and concept in more.concepts for more in below)
            if not own and not other.prefix:
                yield {"system": other.system, "concept": [{"code": other.code}]}
            elif not own:
                yield {"system": other.system, "filter": [_begins_with(other.code)]}
