"""Which value sets a SNOMED hierarchy defines, as `expansions.toml` says, for the command `expand`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import RootModel

from cds_service.guideline.content_files import Folder, Strict, parse_table, read_table
from cds_service.guideline.faults import Fault
from cds_service.guideline.problems import refuse
from cds_service.record.terminology import Terminology

FILE = "expansions.toml"
SNOMED = "snomed"

_TERM = re.compile(r"\|[^|]*\|")
_CODE = re.compile(r"\d+")
# No more of the language than a clinician can read: codes, what is below them, and, or, without.
_SIMPLE = re.compile(r"(?:\d+|<<?|AND|OR|MINUS|[()\s])+")


@dataclass(frozen=True, slots=True)
class Expansion:
    """The definition of one value set in SNOMED's Expression Constraint Language."""

    value_set: str
    ecl: str
    origin: str
    source: str


class _Expansion(Strict):
    ecl: str
    origin: Literal["SEED", "ACG", "OTHER", "DESIGN"]
    source: str


class _Expansions(RootModel[dict[str, _Expansion]]):
    pass


def read_expansions(folder: Folder, terminology: Terminology) -> Mapping[str, Expansion]:
    """The definitions by value set; raises ContentError for each that names a code or set of no list."""
    table = read_table(folder, FILE)
    read = parse_table(_Expansions, table).root
    found = {name: Expansion(name, **expansion.model_dump()) for name, expansion in read.items()}
    refuse(table.problem(fault) for one in found.values() for fault in _faults(one, terminology))
    return found


def _faults(expansion: Expansion, terminology: Terminology) -> Iterator[Fault]:
    name = expansion.value_set
    if name not in terminology.value_sets:
        yield Fault((name,), "the name of a value set")
    if not expansion.source.strip():
        yield Fault((name, "source"), "where the expression comes from")
    plain = _TERM.sub(" ", expansion.ecl)
    if not _SIMPLE.fullmatch(plain):
        yield Fault((name, "ecl"), "codes, <, <<, AND, OR, MINUS and brackets")
        return
    system = terminology.systems[SNOMED]
    codes = _CODE.findall(plain)
    if not codes or not all(terminology.concepts_of(system.url, code) for code in codes):
        yield Fault((name, "ecl"), "codes of SNOMED CT that stand in a value set")
