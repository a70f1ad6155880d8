"""`sources.toml`, and whether every source that a number or a figure names stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from cds_service.guideline.content_files import Folder, Line, Strict, Table, parse_table, read_table
from cds_service.guideline.content_types import Source, Threshold
from cds_service.guideline.faults import Fault
from cds_service.guideline.links import is_link
from cds_service.guideline.problems import Problem, refuse
from cds_service.guideline.words import Words

_NAMED = re.compile(r"\b[A-E]\d+\b")  # how a number names a source of sources.toml
_REFERENCE = re.compile(r"\[(\d+(?:, \d+)*)\]")  # how a figure of a card does


class _Source(Strict):
    citation: Line
    url: str | None = None


class _Sources(Strict):
    sources: dict[str, _Source]


def read_sources(folder: Folder) -> dict[str, Source]:
    """The sources by id; raises ContentError for an address that nobody can follow."""
    table = read_table(folder, "sources.toml")
    read = parse_table(_Sources, table).sources
    broken = (
        Fault(("sources", name, "url"), "an absolute web address")
        for name, source in read.items()
        if source.url is not None and not is_link(source.url, ("https", "http"))
    )
    refuse(map(table.problem, broken))
    return {name: Source(name, source.citation, source.url) for name, source in read.items()}


def check_sources(
    table: Table, notes: Mapping[str, Threshold], sources: Mapping[str, Source], words: Words
) -> None:
    """Raises ContentError where a number (of `table`) or a card names a source that is not listed."""
    refuse([*map(table.problem, _unlisted_of_numbers(notes, sources)), *_unlisted_of_cards(words, sources)])


def _unlisted_of_numbers(notes: Mapping[str, Threshold], sources: Mapping[str, Source]) -> Iterator[Fault]:
    for note in notes.values():
        named = _NAMED.findall(note.source)
        where = ("thresholds", note.name, "source")
        if note.origin == "OTHER" and not named:
            yield Fault(where, "a source of sources.toml such as C1, because the origin is OTHER")
        for name in named:
            if name not in sources:
                yield Fault(where, f"a source of sources.toml, which has no {name}")


def _unlisted_of_cards(words: Words, sources: Mapping[str, Source]) -> Iterator[Problem]:
    for file, sections in words.sections.items():
        for section, text in sections.items():
            for found in _REFERENCE.finditer(text):
                for number in found[1].split(", "):
                    if number not in sources:
                        line = words.line_of(file, section, found[0])
                        expected = f"section {section}: a reference of sources.toml, which has no {number}"
                        yield Problem(f"{file}.md", line, expected)
