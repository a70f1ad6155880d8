"""Which files a content folder holds: one that nobody reads is misspelled, and its owner believes in it."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.guideline.content_files import CONTENT_FILES, Folder, content_files
from cds_service.guideline.problems import Problem, refuse

_TABLES = frozenset(
    {
        "checklist.toml", "code_systems.toml", "contradictions.toml", "examples.toml", "expansions.toml",
        "guideline.toml", "orders.toml", "orders_out.toml", "patterns.toml", "prefetch.toml", "sources.toml",
    }
)  # fmt: skip
_FOR_PEOPLE = frozenset({"CHANGELOG.md", "NOTICE.md", "README.md"})
_ONLY_WIDER = frozenset({"arm-weakness"})  # keeps a paresis of the arm from being read as one of the leg
_VALUE_SETS = ("value_sets", "value_sets/extended_snomed")


def check_files(folder: Folder, value_sets: frozenset[str]) -> None:
    """Raises ContentError for every file that is read by nobody, and every value set that is missing.

    `value_sets`: the names that rules look for.
    A value set that is gone would take its red flags with it, and no other check would notice.
    """
    names = tuple(name for name, _ in content_files(folder, (*CONTENT_FILES, *map(str.upper, CONTENT_FILES))))
    present = {name.removeprefix("value_sets/").removesuffix(".csv") for name in names}
    missing = (f"value_sets/{name}.csv" for name in sorted(value_sets - present))
    unread = (problem for name in sorted(names) for problem in _unread(name, value_sets))
    refuse([*(Problem(name, None, "this value set, because a rule reads it") for name in missing), *unread])


def _unread(name: str, value_sets: frozenset[str]) -> Iterator[Problem]:
    parent, _, file = name.rpartition("/")
    stem, _, kind = file.rpartition(".")
    match kind:
        case _ if name.startswith(".") or "/." in name or file in _FOR_PEOPLE:
            return
        case "md" if not parent and stem[:1].islower():
            return  # whether a card reads it is told section by section
        case "toml" if name in _TABLES:
            return
        case "csv" if parent in _VALUE_SETS:
            if stem not in value_sets | _ONLY_WIDER:
                yield Problem(name, None, "the name of a value set that a rule reads")
        case _:
            yield Problem(name, None, "no such file: nobody reads it")
