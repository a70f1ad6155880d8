"""The codes of a concept, from the value sets that the service itself is shipped with."""

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.vignettes.well_formed import CLAIMS_OF_SAFETY

_FOLDER = Path(__file__).parents[2] / "cards" / "lumbar-mri" / "value_sets"
_SIDE = re.compile(r"\b(left|right)\b", re.IGNORECASE)


class Code(NamedTuple):
    """One row of a value set."""

    system: str
    code: str
    display: str


@cache
def codes_of(concept: str) -> tuple[Code, ...]:
    """Every code of a concept whose display a card may quote without seeming to claim safety."""
    codes = tuple(row for row in _rows(concept) if not CLAIMS_OF_SAFETY.search(row.display))
    assert codes, concept
    return codes


def _rows(concept: str) -> Iterator[Code]:
    for file in (_FOLDER / f"{concept}.csv", _FOLDER / "extended_snomed" / f"{concept}.csv"):
        if file.exists():
            with file.open(encoding="utf-8", newline="") as lines:
                for row in csv.DictReader(lines):
                    yield Code(row["system"], row["code"], row["display"])


@cache
def other_side() -> dict[tuple[str, str], Code | None]:
    """Each code whose display names a side, with its twin of the other side; None where there is no twin."""
    sided: dict[tuple[str, str], Code] = {}
    for file in sorted(_FOLDER.glob("*.csv")):
        for row in _rows(file.stem):
            if _SIDE.search(row.display):
                sided[row.system, swap_sides(row.display).casefold()] = row
    return {(row.system, row.code): sided.get((row.system, row.display.casefold())) for row in sided.values()}


def swap_sides(text: str) -> str:
    """The text with left and right exchanged, each keeping its capitals."""
    return _SIDE.sub(lambda found: _SWAPPED[found[0].lower()](found[0]), text)


def _like(word: str, model: str) -> str:
    if model.isupper():
        return word.upper()
    return word.capitalize() if model[0].isupper() else word


_SWAPPED = {"left": lambda word: _like("right", word), "right": lambda word: _like("left", word)}
