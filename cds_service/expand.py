"""Asks a terminology server about the value sets, tells the differences, and adds codes on request."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cds_service.access.terminology_server import TerminologyServer, TerminologyServerError, expand
from cds_service.guideline.content import Guideline, load_guideline
from cds_service.guideline.content_codes import COLUMNS
from cds_service.knowledge.canonical import Resource
from cds_service.knowledge.expansion import (
    Change,
    Difference,
    Expanded,
    compare_defined,
    compare_listed,
    defined_include,
    listed_codes,
    listed_includes,
)
from cds_service.record.terminology import ValueSetCode

_ADDED_TO = Path("value_sets", "extended_snomed")


@dataclass(frozen=True, slots=True)
class Report:
    """What was found; `unanswered` says, a line each, what the server did not answer, or not wholly."""

    differences: tuple[Difference, ...]
    asked: tuple[str, ...]
    unanswered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    about: str
    answer: Expanded
    problem: str  # empty where all was answered


def ask_server(server: TerminologyServer, guideline: Guideline, names: Collection[str]) -> Report:
    """The differences of these value sets; a question that fails is told, and the others are still asked."""
    told: list[_Told] = []
    differences: list[Difference] = []
    for system, codes in listed_codes(guideline, names).items():
        told.append(_ask(server, f"{len(codes)} codes of {system}", listed_includes(system, codes)))
        differences += compare_listed(guideline, names, system, told[-1].answer)
    gone = {(d.system, d.code) for d in differences if d.change in (Change.INACTIVE, Change.UNKNOWN)}
    for expansion in (guideline.expansions[name] for name in names if name in guideline.expansions):
        include = defined_include(expansion, guideline)
        told.append(_ask(server, f"the definition of {expansion.value_set}", [include]))
        differences += compare_defined(guideline, expansion, told[-1].answer, gone)
    return Report(
        tuple(differences),
        tuple(one.about for one in told),
        tuple(f"{one.about}: {one.problem}" for one in told if one.problem),
    )


def add_codes(folder: Path, rows: Mapping[str, Iterable[ValueSetCode]]) -> list[Path]:
    """Add the rows to the value sets of a content folder; gives the files that changed.

    The whole content is read with them first: where it would be broken, ContentError, and nothing changes.
    Nothing is ever removed or renamed: a code that is gone today still stands in old records.
    """
    files = {_ADDED_TO / f"{name}.csv": list(added) for name, added in rows.items()}
    with tempfile.TemporaryDirectory() as place:
        trial = Path(shutil.copytree(folder, Path(place, folder.name)))
        for file, added in files.items():
            _add_rows(trial / file, added)
        load_guideline(trial)
        for file in files:
            (folder / file).parent.mkdir(exist_ok=True)
            shutil.copyfile(trial / file, folder / file)
    return [folder / file for file in files]


def _ask(server: TerminologyServer, about: str, includes: Iterable[Resource]) -> _Told:
    """The answers to several parts of one question as one; a part that fails leaves it incomplete."""
    answers: list[Expanded] = []
    problems: dict[str, None] = {}
    for include in includes:
        try:
            answers.append(expand(server, include))
        except TerminologyServerError as error:
            problems[str(error)] = None
    whole = Expanded(
        tuple(code for answer in answers for code in answer.codes),
        tuple(dict.fromkeys(edition for answer in answers for edition in answer.editions)),
        not problems and all(answer.complete for answer in answers),
    )
    if problems:
        return _Told(about, whole, "; ".join(problems))
    if not whole.codes:
        # Not one known code is no finding about each of them.
        return _Told(about, replace(whole, complete=False), "the server lists no code; is the system there?")
    return _Told(about, whole, "" if whole.complete else "the server lists only a part of them")


def _add_rows(file: Path, added: Iterable[ValueSetCode]) -> None:
    file.parent.mkdir(exist_ok=True)
    before = list(_rows(file))
    after = [(row.system, row.code, row.display, "exact", row.provenance) for row in added]
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(sorted([*before, *after]))


def _rows(file: Path) -> Iterator[tuple[str, ...]]:
    if file.exists():
        with file.open(encoding="utf-8", newline="") as lines:
            yield from map(tuple, list(csv.reader(lines))[1:])
