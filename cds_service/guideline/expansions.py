"""Which value sets a SNOMED hierarchy defines, as `expansions.toml` says, for the command `expand`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cds_service.guideline.content_files import Folder, Strict, parse_table, read_toml
from cds_service.guideline.problems import ContentError
from cds_service.record.terminology import Terminology, has_valid_check_digit

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


def read_expansions(folder: Folder, terminology: Terminology) -> Mapping[str, Expansion]:
    """The definitions by value set; raises ContentError for one that names a code or set of no list."""
    found = {
        name: Expansion(name, **parse_table(_Expansion, FILE, table).model_dump())
        for name, table in read_toml(folder, FILE).items()
    }
    for expansion in found.values():
        _check(expansion, terminology)
    return found


def _check(expansion: Expansion, terminology: Terminology) -> None:
    name = expansion.value_set
    if name not in terminology.value_sets:
        raise ContentError(FILE, None, f"{name}: the name of a value set")
    if not expansion.source.strip():
        raise ContentError(FILE, None, f"{name}.source: where the expression comes from")
    plain = _TERM.sub(" ", expansion.ecl)
    if not _SIMPLE.fullmatch(plain):
        raise ContentError(FILE, None, f"{name}.ecl: codes, <, <<, AND, OR, MINUS and brackets")
    system = terminology.systems[SNOMED]
    codes = _CODE.findall(plain)
    known = [
        code
        for code in codes
        if has_valid_check_digit(code, system.check) and terminology.concepts_of(system.url, code)
    ]
    if not codes or known != codes:
        raise ContentError(FILE, None, f"{name}.ecl: codes of SNOMED CT that stand in a value set")
