"""A site's local codes and what they mean: `codes.csv`, or a FHIR ConceptMap in its place.

The meaning is the name of one of the guideline's value sets; the target system of the map is `CONCEPTS`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from fhir.resources.R4B.conceptmap import ConceptMap
from pydantic import ValidationError

from cds_service.guideline.content_files import Folder, read_text
from cds_service.guideline.content_rows import read_rows
from cds_service.guideline.problems import ContentError, Problem, refuse

CSV_FILE, MAP_FILE = "codes.csv", "codes.json"
CONCEPTS = "urn:lumbar-mri-cds:concept"
_COLUMNS = ["system", "code", "display", "value_set"]
# Read from the local code to ours: every patient with the local code has what our name says.
_HOLDS = frozenset({"equivalent", "equal", "wider", "subsumes"})
_SAYS_NOTHING = frozenset({"unmatched", "disjoint"})
_CONDITIONS = frozenset({"dependsOn", "product", "modifierExtension"})


@dataclass(frozen=True, slots=True)
class SiteCode:
    """A local code, or a question of a local form by its linkId, and the value set that it belongs to."""

    system: str  # its address; for a question the form's canonical address
    code: str
    display: str
    value_set: str
    file: str
    line: int | None


def read_site_codes(folder: Folder, names: Mapping[str, str]) -> tuple[SiteCode, ...]:
    """The local codes of the folder; none where it has no such file.

    `names`: short names of systems and forms, which `codes.csv` may use in place of their addresses.
    Raises ContentError where a row cannot be read, comes twice, or both files are there.
    """
    present = {entry.name for entry in folder.iterdir()}
    if {CSV_FILE, MAP_FILE} <= present:
        raise ContentError(MAP_FILE, None, f"either {CSV_FILE} or {MAP_FILE}, not both")
    found: list[SiteCode | Problem] = []
    if CSV_FILE in present:
        found += _from_csv(folder, names)
    if MAP_FILE in present:
        found += _from_map(read_text(folder, MAP_FILE))
    codes = tuple(one for one in found if isinstance(one, SiteCode))
    refuse([*(one for one in found if isinstance(one, Problem)), *_repeated(codes)])
    return codes


def _repeated(codes: Iterable[SiteCode]) -> Iterator[Problem]:
    met: set[tuple[str, str, str]] = set()
    for row in codes:
        key = (row.system, row.code, row.value_set)
        if key in met:
            yield Problem(row.file, row.line, f"{row.code} only once in {row.value_set}")
        met.add(key)


def _from_csv(folder: Folder, names: Mapping[str, str]) -> Iterator[SiteCode | Problem]:
    for row in read_rows(folder, CSV_FILE, _COLUMNS):
        if isinstance(row, Problem):
            yield row
            continue
        if not all(row.fields):
            yield Problem(CSV_FILE, row.line, "a system, a code, its display and a value set")
            continue
        system, code, display, value_set = row.fields
        if "|" in code:  # clients put a version behind it, so it is cut off in a record
            yield Problem(CSV_FILE, row.line, f"{code}: a code without |")
            continue
        yield SiteCode(names.get(system, system), code, display, value_set, CSV_FILE, row.line)


def _from_map(text: str) -> Iterator[SiteCode | Problem]:
    raw = _concept_map(text)
    for number, group in enumerate(raw.get("group") or [], start=1):
        if group.get("target") != CONCEPTS or not group.get("source"):
            yield Problem(MAP_FILE, None, f"group {number}: a source, and the target {CONCEPTS}")
        elif "unmapped" in group:
            yield Problem(MAP_FILE, None, f"group {number}: every code by itself, and no rule for the others")
        else:
            for element in group["element"]:
                yield from _of_element(element, group["source"], text)


def _concept_map(text: str) -> Mapping[str, Any]:
    """The map as it is written; raises ContentError where it is no valid ConceptMap in use."""
    try:
        raw: Any = json.loads(text, object_pairs_hook=_without_repeats)
        ConceptMap.model_validate(raw)
    except json.JSONDecodeError as error:
        raise ContentError(MAP_FILE, error.lineno, "valid JSON") from error
    except ValidationError as error:
        where = ".".join(map(str, error.errors(include_input=False)[0]["loc"]))
        raise ContentError(MAP_FILE, None, f"a FHIR R4 ConceptMap; {where or 'resource'} is not") from error
    except RecursionError as error:
        raise ContentError(MAP_FILE, None, "JSON that nests less deep") from error
    except ValueError as error:  # an integer of more digits than Python reads, or a member that comes twice
        raise ContentError(MAP_FILE, None, f"valid JSON ({error})") from error
    if raw["status"] == "retired":
        raise ContentError(MAP_FILE, _line(text, "status"), "a map in use; this one is retired")
    if "modifierExtension" in raw:
        raise ContentError(
            MAP_FILE, _line(text, "modifierExtension"), "no extension that changes the meaning"
        )
    return cast(Mapping[str, Any], raw)


def _without_repeats(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(members)
    if len(read) < len(members):
        raise ValueError("a member stands twice in one object")
    return read


def _of_element(element: Mapping[str, Any], source: str, text: str) -> Iterator[SiteCode | Problem]:
    code = element.get("code")
    line = _line(text, code) if code else None
    targets = element.get("target") or []
    speaking = [target for target in targets if target["equivalence"] not in _SAYS_NOTHING]
    if speaking and len(speaking) < len(targets):
        yield Problem(MAP_FILE, line, f"{code}: either value sets, or that it belongs to none")
        return
    for target in speaking:
        # A target that is narrower than the local code would call a patient ill who may not be.
        if target["equivalence"] not in _HOLDS or not code or not target.get("code"):
            expected = f"{code}: a code, and an equivalence of {', '.join(sorted(_HOLDS | _SAYS_NOTHING))}"
            yield Problem(MAP_FILE, line, expected)
        elif _CONDITIONS & target.keys():
            yield Problem(MAP_FILE, line, f"{code}: a meaning that holds whatever else is recorded")
        else:
            display = element.get("display") or code
            yield SiteCode(source, code, display, target["code"], MAP_FILE, line)


def _line(text: str, word: str) -> int | None:
    """The first line that has the word as a JSON text; None where it is written in another way."""
    before, found, _ = text.partition(json.dumps(word, ensure_ascii=False))
    return before.count("\n") + 1 if found else None
