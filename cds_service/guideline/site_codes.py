"""A site's local codes and what they mean: `codes.csv`, or a FHIR ConceptMap in its place.

The meaning is the name of one of the guideline's value sets; the target system of the map is `CONCEPTS`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fhir.resources.R4B.conceptmap import ConceptMap
from pydantic import ValidationError

from cds_service.guideline.content_files import Folder, read_text
from cds_service.guideline.problems import ContentError

CSV_FILE, MAP_FILE = "codes.csv", "codes.json"
CONCEPTS = "urn:lumbar-mri-cds:concept"
_COLUMNS = ["system", "code", "display", "value_set"]
# Read from the local code to ours: every patient with the local code has what our name says.
_HOLDS = frozenset({"equivalent", "equal", "wider", "subsumes"})
_SAYS_NOTHING = frozenset({"unmatched", "disjoint"})


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
    codes: list[SiteCode] = []
    if CSV_FILE in present:
        codes += _from_csv(read_text(folder, CSV_FILE), names)
    if MAP_FILE in present:
        codes += _from_map(read_text(folder, MAP_FILE))
    met: set[tuple[str, str, str]] = set()
    for row in codes:
        key = (row.system, row.code, row.value_set)
        if key in met:
            raise ContentError(row.file, row.line, f"{row.code} only once in {row.value_set}")
        met.add(key)
    return tuple(codes)


def _from_csv(text: str, names: Mapping[str, str]) -> Iterator[SiteCode]:
    reader = csv.DictReader(io.StringIO(text))
    if reader.fieldnames != _COLUMNS:
        raise ContentError(CSV_FILE, 1, f"the columns {','.join(_COLUMNS)}")
    for row in reader:
        line = reader.line_num
        if None in row or None in row.values():
            raise ContentError(CSV_FILE, line, f"{len(_COLUMNS)} columns")
        system, code, display, value_set = (row[name].strip() for name in _COLUMNS)
        if not (system and code and value_set):
            raise ContentError(CSV_FILE, line, "a system, a code and a value set")
        yield SiteCode(names.get(system, system), code, display, value_set, CSV_FILE, line)


def _from_map(text: str) -> Iterator[SiteCode]:
    try:
        raw: Any = json.loads(text)
        ConceptMap.model_validate(raw)
    except json.JSONDecodeError as error:
        raise ContentError(MAP_FILE, error.lineno, "valid JSON") from error
    except ValidationError as error:
        where = ".".join(map(str, error.errors(include_input=False)[0]["loc"]))
        raise ContentError(MAP_FILE, None, f"a FHIR R4 ConceptMap; {where or 'resource'} is not") from error
    for number, group in enumerate(raw.get("group") or [], start=1):
        if group.get("target") != CONCEPTS or not group.get("source"):
            raise ContentError(MAP_FILE, None, f"group {number}: a source, and the target {CONCEPTS}")
        for element in group["element"]:
            yield from _of_element(element, group["source"])


def _of_element(element: Mapping[str, Any], source: str) -> Iterator[SiteCode]:
    code = element.get("code")
    for target in element.get("target") or []:
        meaning = target["equivalence"]
        if meaning in _SAYS_NOTHING:
            continue
        # A target that is narrower than the local code would call a patient ill who may not be.
        if meaning not in _HOLDS or not code or not target.get("code"):
            expected = f"{code}: a code, and an equivalence of {', '.join(sorted(_HOLDS | _SAYS_NOTHING))}"
            raise ContentError(MAP_FILE, None, expected)
        yield SiteCode(source, code, element.get("display") or "", target["code"], MAP_FILE, None)
