"""The words of the cards: Markdown files of named sections with `$blanks`, no logic."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from string import Template

_HEADING = re.compile(r"^## +(\S+) *$")
_COMMENT = re.compile(r"<!--.*?-->", re.S)


class WordsError(Exception):
    """A card file that cannot be used: file, line and what was expected."""

    def __init__(self, file: str, line: int | None, expected: str) -> None:
        super().__init__(expected)
        self.file, self.line, self.expected = file, line, expected


@dataclass(frozen=True, slots=True)
class Words:
    """The sections of every card file: `sections["cauda-equina"]["summary.emergency"]`."""

    sections: Mapping[str, Mapping[str, str]]

    def has(self, file: str, section: str) -> bool:
        """Whether the file has the section."""
        return section in self.sections.get(file, {})

    def blanks(self, file: str, section: str) -> frozenset[str]:
        """The names of the section's blanks; KeyError where the section is missing."""
        return _blanks_of(self.sections[file][section])

    def say(self, file: str, section: str, fills: Mapping[str, str] | None = None) -> str:
        """The section with its blanks filled; KeyError where the section or a fill is missing."""
        text = self.sections[file][section]
        return _format_of(text) % (fills or {}) if "$" in text else text


@cache  # asked for every card; there are as many texts as sections
def _format_of(text: str) -> str:
    """The text as a format of `%`, which fills blanks many times faster than a Template."""

    def written(blank: re.Match[str]) -> str:
        return "$" if blank["escaped"] else f"%({blank['named'] or blank['braced']})s"

    return Template.pattern.sub(written, text.replace("%", "%%"))


@cache
def _blanks_of(text: str) -> frozenset[str]:
    return frozenset(Template(text).get_identifiers())


def read_words(files: Mapping[str, str]) -> Words:
    """The words of the files, by stem; raises WordsError for a section named twice or left empty."""
    return Words({stem: _read_sections(stem, text) for stem, text in files.items()})


def _read_sections(stem: str, text: str) -> dict[str, str]:
    sections: dict[str, list[str]] = {}
    current: list[str] | None = None
    for number, line in enumerate(_COMMENT.sub(_keep_lines, text).splitlines(), start=1):
        heading = _HEADING.match(line)
        if heading:
            if heading[1] in sections:
                raise WordsError(f"{stem}.md", number, f"section {heading[1]} only once")
            current = sections[heading[1]] = []
        elif current is not None:
            current.append(line)
    return {name: _body(stem, name, lines) for name, lines in sections.items()}


def _keep_lines(comment: re.Match[str]) -> str:
    return "\n" * comment[0].count("\n")


def _body(stem: str, name: str, lines: list[str]) -> str:
    body = "\n".join(lines).strip()
    if not body:
        raise WordsError(f"{stem}.md", None, f"section {name} with text")
    if not Template(body).is_valid():
        raise WordsError(f"{stem}.md", None, f"section {name} with blanks as $name")
    return body
