"""Which function carries out each rule of the guideline's specification, and which tests fail without it.

The table is data, so that the review page can show it. `python -m tests.traceability` proves it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files

TABLE = files("cds_service.guideline.lumbar_mri") / "traceability.toml"


@dataclass(frozen=True, slots=True)
class TracedRule:
    """One rule of sections 2 and 8; `reason` says why it has no function, and is empty where it has one."""

    rule: str  # the number in the specification; rows and paragraphs of a section are counted from its top
    words: str
    functions: tuple[str, ...]  # module:qualified name
    tests: tuple[str, ...]  # pytest node ids, without parameters: every row of the test
    reason: str


def traceability_rows() -> tuple[TracedRule, ...]:
    """Every rule in the order of the specification; raises KeyError or TypeError on a broken table."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return tuple(
        TracedRule(
            rule=row["id"],
            words=row["words"],
            functions=tuple(row.get("functions", ())),
            tests=tuple(row.get("tests", ())),
            reason=row.get("reason", ""),
        )
        for row in table["rule"]
    )
