"""The words of the cards: Markdown files of named sections with `$blanks`, no logic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from string import Template

from cds_service.guideline.problems import ContentError, Problem

_HEADING = re.compile(r"^## +(\S+) *$")
_COMMENT = re.compile(r"<!--.*?-->", re.S)


class WordsError(ContentError):
    """Card files that cannot be used: file, line and what was expected."""


@dataclass(frozen=True, slots=True)
class Words:
    """The sections of every card file: `sections["cauda-equina"]["summary.emergency"]`."""

    sections: Mapping[str, Mapping[str, str]]
    lines: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # where each section's text begins

    def has(self, file: str, section: str) -> bool:
        """Whether the file has the section."""
        return section in self.sections.get(file, {})

    def blanks(self, file: str, section: str) -> frozenset[str]:
        """The names of the section's blanks; KeyError where the section is missing."""
        return _blanks_of(self.sections[file][section])

    def line_of(self, file: str, section: str, naming: str = "") -> int | None:
        """The line of the section's text, of its first line that names something; None: not in the file."""
        start = self.lines.get(file, {}).get(section)
        text = self.sections.get(file, {}).get(section, "")
        if start is None or not naming or naming not in text:
            return start
        return start + text.partition(naming)[0].count("\n")

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
    """The words of the files, by stem; raises WordsError with every section told twice or left empty."""
    found = {stem: tuple(_sections(text)) for stem, text in files.items()}
    problems = [
        *(problem for stem, text in files.items() for problem in _lost_lines(stem, text)),
        *(problem for stem, sections in found.items() for problem in _section_problems(stem, sections)),
    ]
    if problems:
        raise WordsError(problems[0].file, problems[0].line, problems[0].expected, *problems[1:])
    return Words(
        {stem: {section.name: section.body for section in sections} for stem, sections in found.items()},
        {stem: {section.name: section.body_line for section in sections} for stem, sections in found.items()},
    )


@dataclass(frozen=True, slots=True)
class _Section:
    name: str
    line: int  # of the heading
    lines: tuple[str, ...]

    @property
    def body(self) -> str:
        return "\n".join(self.lines).strip()

    @property
    def body_line(self) -> int:
        """The first line with text; lines in front of it are blank."""
        blank = next((number for number, line in enumerate(self.lines) if line.strip()), -1)
        return self.line + 1 + blank


def _sections(text: str) -> Iterator[_Section]:
    lines = _COMMENT.sub(_keep_lines, text).splitlines()
    heads = [(number, found[1]) for number, line in enumerate(lines, 1) if (found := _HEADING.match(line))]
    ends = [number - 1 for number, _ in heads[1:]] + [len(lines)]
    for (number, name), end in zip(heads, ends, strict=False):  # without a heading there is an end alone
        yield _Section(name, number, tuple(lines[number:end]))


def _lost_lines(stem: str, text: str) -> Iterator[Problem]:
    """What no card would say: text above the first section, and behind a comment that nobody ends."""
    above = True
    for number, line in enumerate(_COMMENT.sub(_keep_lines, text).splitlines(), 1):
        is_heading = bool(_HEADING.match(line))
        above = above and not is_heading
        if "<!--" in line:
            yield Problem(f"{stem}.md", number, "a comment that ends with -->")
        elif line.startswith("##") and not is_heading:
            yield Problem(f"{stem}.md", number, "a heading as ## name")
        elif above and line.strip() and not line.startswith("# "):
            yield Problem(f"{stem}.md", number, "text below a heading ## name")


def _keep_lines(comment: re.Match[str]) -> str:
    return "\n" * comment[0].count("\n")


def _section_problems(stem: str, sections: Iterable[_Section]) -> Iterator[Problem]:
    seen: set[str] = set()
    for section in sections:
        if section.name in seen:
            yield Problem(f"{stem}.md", section.line, f"section {section.name} only once")
        seen.add(section.name)
        if not section.body:
            yield Problem(f"{stem}.md", section.line, f"section {section.name} with text")
        for number, line in enumerate(section.lines, section.line + 1):
            if not Template(line).is_valid():
                yield Problem(f"{stem}.md", number, f"section {section.name} with blanks as $name")
