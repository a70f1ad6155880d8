"""On which line of a TOML file an entry stands.

`tomllib` forgets positions and `tomlkit` keeps none, so the text is walked again where something is wrong.
It is known to be valid TOML by then; the walk finds the places of keys and list entries, and reads no values.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from cds_service.guideline.faults import EntryPath

_TOKEN = re.compile(
    r'''(?P<blank>[ \t\r]+|\#[^\n]*)
      | (?P<text>"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*')
      | (?P<mark>[\[\]{},=.\n])
      | (?P<bare>[^\s\[\]{},=.#"']+)''',
    re.VERBOSE | re.DOTALL,
)


def line_of(text: str, path: EntryPath) -> int | None:
    """The line of the entry, or of the nearest one around it that is there; None: the whole file."""
    lines = _lines_of(text)
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)


def line_of_error(error: tomllib.TOMLDecodeError) -> int | None:
    """The line at which the text stops being TOML; None where only its end is missing."""
    found = re.search(r"line (\d+)", str(error))
    return int(found[1]) if found else None


@lru_cache(maxsize=4)  # asked for once a fault, and one broken file has many
def _lines_of(text: str) -> Mapping[EntryPath, int]:
    walk = _Walk(list(_tokens(text)))
    walk.document()
    return walk.lines


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or ""
        if kind != "blank":
            yield _Token(found[0] if kind == "mark" else kind, found[0], line)
        line += found[0].count("\n")
    yield _Token("\n", "\n", line)


@dataclass(slots=True)
class _Walk:
    """A walk over the tokens of one document; a value because a position moves through every step."""

    tokens: list[_Token]
    at: int = 0
    table: EntryPath = ()
    lines: dict[EntryPath, int] = field(default_factory=dict)
    tables_in_list: dict[EntryPath, int] = field(default_factory=dict)  # the last position of each [[list]]

    @property
    def kind(self) -> str:
        return self.tokens[self.at].kind if self.at < len(self.tokens) else ""

    def document(self) -> None:
        while self.kind:
            if self.kind == "[":
                self._header()
            elif self.kind in ("text", "bare"):
                self._entry(self.table)
            else:
                self.at += 1  # the end of a line or of a header

    def _header(self) -> None:
        line = self.tokens[self.at].line
        self.at += 1
        is_list = self.kind == "["
        self.at += is_list
        names = self._key()
        if is_list:
            whole = self._in_lists(names[:-1]) + names[-1:]
            self.tables_in_list[whole] = self.tables_in_list.get(whole, -1) + 1
        self.table = self._in_lists(names)
        self.lines.setdefault(self.table, line)
        self._note_parents(self.table, line)

    def _in_lists(self, names: EntryPath) -> EntryPath:
        """The path with the position of the latest entry behind the name of every list of tables."""
        path: EntryPath = ()
        for name in names:
            path = (*path, name)
            if path in self.tables_in_list:
                path = (*path, self.tables_in_list[path])
        return path

    def _note_parents(self, path: EntryPath, line: int) -> None:
        for end in range(1, len(path)):
            self.lines.setdefault(path[:end], line)

    def _entry(self, table: EntryPath) -> None:
        line = self.tokens[self.at].line
        path = table + self._key()
        self._note_parents(path, line)
        self.at += 1  # the equals sign
        self._value(path)
        self.lines[path] = line

    def _key(self) -> EntryPath:
        names: EntryPath = ()
        while self.kind in ("text", "bare", "."):
            token = self.tokens[self.at]
            if token.kind != ".":
                names = (*names, next(iter(tomllib.loads(f"{token.text} = 0"))))
            self.at += 1
        return names

    def _value(self, path: EntryPath) -> None:
        if self.at < len(self.tokens):
            self.lines.setdefault(path, self.tokens[self.at].line)
        match self.kind:
            case "[":
                self._list(path)
            case "{":
                self._inline_table(path)
            case _:
                while self.kind in ("text", "bare", "."):
                    self.at += 1

    def _list(self, path: EntryPath) -> None:
        self.at += 1
        position = 0
        while self.kind and self.kind != "]":
            if self.kind in (",", "\n"):
                position += self.kind == ","
                self.at += 1
            else:
                self._value((*path, position))
        self.at += 1

    def _inline_table(self, path: EntryPath) -> None:
        while self.kind and self.kind != "}":
            if self.kind in ("text", "bare"):
                self._entry(path)
            else:
                self.at += 1
        self.at += 1
