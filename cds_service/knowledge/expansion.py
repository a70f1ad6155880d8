"""What to ask a terminology server about the value sets, and how its answers differ from them."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from cds_service.guideline.content import Guideline
from cds_service.guideline.expansions import SNOMED, Expansion
from cds_service.knowledge.canonical import Resource
from cds_service.record.terminology import ValueSetCode

CODES_A_QUESTION = 500
_OWN = "urn:lumbar-mri-cds:"
_OWN_WORDING = "[own wording]"
_TAG = re.compile(r" *\([^()]*\)$")
# A spreadsheet would run such a cell as a formula.
_FORMULA = ("=", "+", "-", "@", "\t")


class Change(StrEnum):
    """How the server and a value set differ about one code."""

    MISSING = "missing here"
    OUTSIDE = "not in the definition"
    INACTIVE = "inactive"
    UNKNOWN = "not known to the server"
    DISPLAY = "other display"


@dataclass(frozen=True, slots=True)
class ServerCode:
    """One code as the server tells it; `names` are its display and its other designations."""

    system: str
    code: str
    display: str
    names: tuple[str, ...]
    inactive: bool


@dataclass(frozen=True, slots=True)
class Expanded:
    """What a value set holds; where `complete` is False there is more, and no absence means anything."""

    codes: tuple[ServerCode, ...]
    editions: tuple[str, ...]  # of the code systems, as the server names them
    complete: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference, for a terminologist to judge; `also_in` names the other value sets with this code."""

    value_set: str
    change: Change
    system: str
    code: str
    here: str
    server: str
    also_in: tuple[str, ...] = ()
    edition: str = ""


def listed_codes(guideline: Guideline, names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The whole codes of the value sets by system, each once.

    A prefix is no code, and no server knows the systems that are our own or a site's.
    """
    local = {system.url for system in guideline.site.systems} if guideline.site else set()
    found: dict[str, dict[str, None]] = {}
    for name in names:
        for row in guideline.terminology.value_sets[name]:
            if _can_be_asked(row) and row.system not in local:
                found.setdefault(row.system, {})[row.code] = None
    return {system: tuple(codes) for system, codes in found.items()}


def listed_includes(system: str, codes: tuple[str, ...]) -> Iterator[Resource]:
    """The codes as parts of a value set that a server can expand: codes, and nothing else of ours."""
    for start in range(0, len(codes), CODES_A_QUESTION):
        part = codes[start : start + CODES_A_QUESTION]
        yield {"system": system, "concept": [{"code": code} for code in part]}


def defined_include(expansion: Expansion, guideline: Guideline) -> Resource:
    """The definition as part of a value set, in the form that FHIR gives to SNOMED expressions."""
    constraint = {"property": "constraint", "op": "=", "value": expansion.ecl}
    return {"system": guideline.terminology.systems[SNOMED].url, "filter": [constraint]}


def compare_listed(
    guideline: Guideline, names: Collection[str], system: str, answer: Expanded
) -> list[Difference]:
    """What the server says of the codes that the value sets list of one system."""
    told = {code.code: code for code in answer.codes if code.system == system}
    return [
        Difference(
            name,
            change,
            system,
            row.code,
            row.display,
            known.display if known else "",
            edition=_edition(answer),
        )
        for name in names
        for row in guideline.terminology.value_sets[name]
        if row.system == system and _can_be_asked(row)
        for known in [told.get(row.code)]
        for change in _changes(row, known, answer)
    ]


def compare_defined(
    guideline: Guideline, expansion: Expansion, answer: Expanded, retired: Collection[tuple[str, str]]
) -> list[Difference]:
    """What a value set lacks of its definition, and what it has besides.

    `retired` are the systems and codes that the server calls inactive or does not know: they stand in no
    definition, which is no news.
    """
    terminology = guideline.terminology
    name, system = expansion.value_set, terminology.systems[SNOMED].url
    told = {code.code: code for code in answer.codes if code.system == system}
    rows = {row.code: row for row in terminology.value_sets[name] if row.system == system}
    missing = [
        Difference(
            name, Change.MISSING, system, code, "", known.display,
            tuple(sorted(terminology.concepts_of(system, code) - {name})), edition=_edition(answer),
        )
        for code, known in told.items()
        if code not in rows and not known.inactive
    ]  # fmt: skip
    outside = [
        Difference(name, Change.OUTSIDE, system, code, row.display, "", edition=_edition(answer))
        for code, row in rows.items()
        if answer.complete and code not in told and (system, code) not in retired
    ]
    return missing + outside


def additions(differences: Iterable[Difference], guideline: Guideline) -> dict[str, list[ValueSetCode]]:
    """The rows that would complete the value sets, by name.

    A code that another value set holds, or that two definitions claim, is left to a person:
    it may belong there, and not here.
    """
    missing = [found for found in differences if found.change is Change.MISSING]
    claims = Counter((found.system, found.code) for found in missing)
    rows: dict[str, list[ValueSetCode]] = {}
    for found in missing:
        if not found.also_in and claims[found.system, found.code] == 1:
            ecl = guideline.expansions[found.value_set].ecl
            provenance = f"$expand of {ecl}; {found.edition or 'edition not told'}"
            row = ValueSetCode(found.system, found.code, found.server, False, provenance)
            rows.setdefault(found.value_set, []).append(row)
    return rows


_HEADS = (
    "value set",
    "change",
    "system",
    "code",
    "display here",
    "display of the server",
    "also in",
    "edition",
)


def as_csv(differences: Iterable[Difference]) -> str:
    """The differences as a table for a spreadsheet, in the order of value set, change and code."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_HEADS)
    for one in sorted(differences, key=lambda one: (one.value_set, one.change, one.system, one.code)):
        cells = (one.value_set, one.change, one.system, one.code, one.here, one.server)
        writer.writerow([_cell(cell) for cell in (*cells, "; ".join(one.also_in), one.edition)])
    return out.getvalue()


def _can_be_asked(row: ValueSetCode) -> bool:
    return not row.prefix and not row.system.startswith(_OWN)


def _edition(answer: Expanded) -> str:
    return "; ".join(answer.editions)


def _changes(row: ValueSetCode, known: ServerCode | None, answer: Expanded) -> Iterator[Change]:
    if known is None:
        if answer.complete:
            yield Change.UNKNOWN
        return
    if known.inactive:
        yield Change.INACTIVE
    if _differs(row.display, known):
        yield Change.DISPLAY


def _differs(display: str, known: ServerCode) -> bool:
    """Whether no name of the server is ours; words of our own and a server without names do not differ."""
    names = {_plain(name) for name in known.names if name}
    return bool(names) and bool(display) and _OWN_WORDING not in display and _plain(display) not in names


def _plain(name: str) -> str:
    return " ".join(_TAG.sub("", name).casefold().split())


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
