"""The codes of a guideline: its code systems, and the rows of its value sets."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from pydantic import RootModel, field_validator

from cds_service.guideline.content_files import Folder, Strict, parse_table, read_table, read_text
from cds_service.guideline.content_types import CodeRow
from cds_service.guideline.faults import Fault
from cds_service.guideline.problems import Problem, refuse
from cds_service.record.terminology import (
    CodeSystem,
    Terminology,
    ValueSetCode,
    build_terminology,
    has_valid_check_digit,
)

COLUMNS = ["system", "code", "display", "match", "provenance"]  # of every value set


class _CodeSystem(Strict):
    url: str
    aliases: tuple[str, ...] = ()
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
    unknown = (name for name, system in read.items() if system.relative and system.relative not in read)
    refuse(table.problem(Fault((name, "relative"), "another system of this file")) for name in unknown)
    return tuple(CodeSystem(name, **system.model_dump()) for name, system in read.items())


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
    reader = csv.DictReader(io.StringIO(read_text(folder, file)))
    if reader.fieldnames != COLUMNS:
        yield Problem(file, 1, f"the columns {','.join(COLUMNS)}")
        return
    for row in reader:
        expected = _expected_in(row, systems)
        if expected:
            yield Problem(file, reader.line_num, expected)
            continue
        prefix = row["match"] == "prefix"
        code = ValueSetCode(row["system"], row["code"], row["display"], prefix, row["provenance"])
        yield CodeRow(file, reader.line_num, concept, code)


def _expected_in(row: Mapping[str, str], systems: Mapping[str, CodeSystem]) -> str | None:
    """What a row lacks; None where it can be used."""
    # The reader keys what is too much by None, and fills what is too little with None.
    if None in row.values() or None in row:
        return f"{len(COLUMNS)} columns"
    system, code = systems.get(row["system"]), row["code"]
    if system is None:
        return "system: the url of a system of code_systems.toml"
    if not code.strip() or not row["provenance"].strip():
        return "a code and its provenance"
    if row["match"] not in ("exact", "prefix"):
        return "match: exact or prefix"
    if not has_valid_check_digit(code, system.check):
        return f"{code}: a code with a right check digit ({system.check})"
    if system.form and not re.fullmatch(system.form, code):
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
