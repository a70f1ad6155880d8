"""The line of every entry of a TOML file is found, in whatever of its ways the file is written."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cds_service.guideline.faults import EntryPath
from cds_service.guideline.toml_lines import line_of, line_of_error

FOLDER = Path(__file__).parents[2] / "cards" / "lumbar-mri"
FILES = sorted(FOLDER.glob("*.toml"))


def entries(value: Any, path: EntryPath = ()) -> Iterator[EntryPath]:
    if path:
        yield path
    if isinstance(value, dict):
        for name, within in value.items():
            yield from entries(within, (*path, name))
    elif isinstance(value, list):
        for position, within in enumerate(value):
            yield from entries(within, (*path, position))


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_every_named_entry_of_the_content_is_found_on_a_line_with_its_name(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    lines = text.split("\n")
    named = [path for path in entries(tomllib.loads(text)) if isinstance(path[-1], str)]
    found = {path: line_of(text, path) for path in named}
    assert named
    assert [
        path for path, line in found.items() if line is None or str(path[-1]) not in lines[line - 1]
    ] == []


TEXT = '''
# a comment with [brackets] and a = sign
title = "with # no comment and [no table]"
long = """
one
two""" # behind
plain = \'\'\'
a "quoted"
\'\'\'
dotted.key.below = 1
"quoted key" = { a = 1, "b c" = [1.5, 2026-06-15] }
list = [
  "first",  # why
  [ "second", "in it" ],
  { name = "third" },
]
[table . 'odd name']
x = -1.5e3
[[rows]]
id = "a"
[rows.expect]
says = ["1",
  "2"]
[[rows]]
id = "b"
expect = { outcome = "x" }
[[rows.parts]]
n = 1
[[rows.parts]]
n = 2
[[rows.parts.pieces]]
n = 3
[same]
same.key = { "a b" = [1,
  2], c = [ { d = 1 },
  3 ] }
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        pytest.param(("title",), 3, id="mark of a comment within a text"),
        pytest.param(("long",), 4, id="text of several lines"),
        pytest.param(("plain",), 7, id="literal text of several lines"),
        pytest.param(("dotted", "key", "below"), 10, id="dotted key"),
        pytest.param(("quoted key", "b c", 1), 11, id="date in a list in an inline table"),
        pytest.param(("list", 0), 13, id="first of a list"),
        pytest.param(("list", 1, 1), 14, id="list in a list"),
        pytest.param(("list", 2, "name"), 15, id="table in a list"),
        pytest.param(("table", "odd name", "x"), 18, id="quoted name of a table"),
        pytest.param(("rows", 0, "expect", "says", 1), 23, id="table of the first row"),
        pytest.param(("rows", 1, "expect", "outcome"), 26, id="second row"),
        pytest.param(("rows", 1, "story"), 24, id="missing: the row that lacks it"),
        pytest.param(("rows", 1, "parts", 1, "n"), 30, id="a list of tables within one"),
        pytest.param(("rows", 1, "parts", 1, "pieces", 0, "n"), 32, id="a list of tables within two"),
        pytest.param(("same", "same", "other"), 34, id="missing: an entry of its table's name"),
        pytest.param(("same", "same", "key", "a b", 1), 35, id="second line of a list in an inline table"),
        pytest.param(("same", "same", "key", "c", 0, "d"), 35, id="inline table in a list in one"),
        pytest.param(("same", "same", "key", "c", 1), 36, id="behind an inline table in a list"),
        pytest.param(("nobody", "x"), None, id="missing altogether: the whole file"),
    ],
)
def test_an_entry_is_found_however_it_is_written(path: EntryPath, line: int | None) -> None:
    assert list(entries(tomllib.loads(TEXT)))  # it is TOML
    assert line_of(TEXT, path) == line


def test_the_line_of_a_text_that_is_no_toml_is_told() -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads("a = 1\nb = = 2\n")
    assert line_of_error(caught.value) == 2
