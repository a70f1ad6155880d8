"""The codes of a guideline: its code systems, and the rows of its value sets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from pydantic import RootModel, field_validator

from cds_service.guideline.content_files import Folder, Line, Strict, parse_table, read_table
from cds_service.guideline.content_rows import read_rows
from cds_service.guideline.content_types import CodeRow
from cds_service.guideline.faults import Fault
from cds_service.guideline.problems import Problem, refuse
from cds_service.record.terminology import (
    CodeSystem,
    Terminology,
    ValueSetCode,
    build_terminology,
    has_valid_check_digit,
    plain_address,
)

# SNOMED hierarchies are expanded; an address that only contains "icd-10" is read as one of the two others.
NAMED_BY_RULES = frozenset({"snomed", "icd-10-cm", "icd-10-pcs"})
COLUMNS = ["system", "code", "display", "match", "provenance"]  # of every value set


class _CodeSystem(Strict):
    url: Line
    aliases: tuple[Line, ...] = ()
    dots: bool = True
    check: Literal["verhoeff", "mod10"] | None = None
    form: str | None = None
    relative: str | None = None
    notice: str = ""

    @field_validator("form")
    @classmethod
    def _is_an_expression(cls, form: str | None) -> str | None:
        try:
            re.compile(form or "")
        except re.error as error:
            raise ValueError(f"a regular expression ({error})") from error
        return form


class _CodeSystems(RootModel[dict[str, _CodeSystem]]):
    pass


def terminology_of(systems: Iterable[CodeSystem], rows: Iterable[CodeRow]) -> Terminology:
    """The lookup over all rows."""
    value_sets: dict[str, list[ValueSetCode]] = {}
    for row in rows:
        value_sets.setdefault(row.concept, []).append(row.code)
    return build_terminology(systems, {concept: tuple(codes) for concept, codes in value_sets.items()})


def read_code_systems(folder: Folder) -> tuple[CodeSystem, ...]:
    """The code systems that value sets may use."""
    table = read_table(folder, "code_systems.toml")
    read = parse_table(_CodeSystems, table).root
    refuse(map(table.problem, _system_faults(read)))
    return tuple(CodeSystem(name, **system.model_dump()) for name, system in read.items())


def _system_faults(read: Mapping[str, _CodeSystem]) -> Iterator[Fault]:
    for name in sorted(NAMED_BY_RULES - read.keys()):
        yield Fault((name,), "a code system, because the rules name it")
    spelled: dict[str, str] = {}
    for name, system in read.items():
        if system.relative and (system.relative not in read or system.relative == name):
            yield Fault((name, "relative"), "another system of this file")
        for address in (system.url, *system.aliases):
            owner = spelled.setdefault(plain_address(address), name)
            if owner != name:
                yield Fault((name,), f"addresses and aliases of its own; {owner} has {address}, too")


def read_code_rows(folder: Folder, systems: Iterable[CodeSystem]) -> tuple[CodeRow, ...]:
    """Every row of every value set; raises ContentError with all that cannot be used."""
    by_url = {system.url: system for system in systems}
    rows: list[CodeRow] = []
    problems: list[Problem] = []
    for file, concept in _value_set_files(folder):
        for found in _read_value_set(folder, file, concept, by_url):
            if isinstance(found, Problem):
                problems.append(found)
            else:
                rows.append(found)
    refuse([*problems, *_repeated(rows)])
    return tuple(rows)


def _value_set_files(folder: Folder) -> Iterator[tuple[str, str]]:
    """Path and concept of every value set; the wider SNOMED lists add to the concept of the same name."""
    for base in ("value_sets", "value_sets/extended_snomed"):
        where = folder.joinpath(base)
        if where.is_dir():
            names = sorted(entry.name for entry in where.iterdir() if entry.name.endswith(".csv"))
            yield from ((f"{base}/{name}", name.removesuffix(".csv")) for name in names)


def _read_value_set(
    folder: Folder, file: str, concept: str, systems: Mapping[str, CodeSystem]
) -> Iterator[CodeRow | Problem]:
    has_rows = False
    for row in read_rows(folder, file, COLUMNS):
        has_rows = True
        if isinstance(row, Problem):
            yield row
            continue
        system, code, display, match, provenance = row.fields
        expected = _expected_in(row.fields, systems.get(system))
        if expected:
            yield Problem(file, row.line, expected)
        else:
            listed = ValueSetCode(system, code, display, match == "prefix", provenance)
            yield CodeRow(file, row.line, concept, listed)
    if not has_rows:
        yield Problem(file, 1, "a code; a value set without one recognises nothing")


def _expected_in(fields: Sequence[str], system: CodeSystem | None) -> str | None:
    """What a row lacks; None where it can be used."""
    _, code, display, match, provenance = fields
    if system is None:
        return "system: the url of a system of code_systems.toml"
    if not (code and display and provenance):
        return "a code, its display and its provenance"
    if match not in ("exact", "prefix"):
        return "match: exact or prefix"
    if match == "prefix" and system.check:
        return f"match: exact; no two codes of {system.name} begin with another whole one"
    return expected_of_code(code, system)


def expected_of_code(code: str, system: CodeSystem) -> str | None:
    """What is wrong with the code as its system writes codes; None: nothing."""
    if not has_valid_check_digit(code, system.check):
        return f"{code}: a code with a right check digit ({system.check})"
    if system.form and not re.fullmatch(system.form, code, re.ASCII):
        return f"{code}: a code as {system.name} spells it ({system.form}); this matches nothing"
    return None


def _repeated(rows: Sequence[CodeRow]) -> Iterator[Problem]:
    seen: dict[tuple[str, str, str], CodeRow] = {}
    for row in rows:
        first = seen.setdefault((row.concept, row.code.system, row.code.code), row)
        if first is not row:
            yield Problem(
                row.file, row.line, f"{row.code.code} only once; it stands in {first.file}:{first.line}"
            )
