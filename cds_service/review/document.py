"""A document as its readers see it, before it is Markdown or HTML: pure values, and one order of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plain:
    """A table whose cells are plain text: codes and displays, of which nothing may be read as Markdown."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A table to write in by hand: the first column is printed, the second left free."""

    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CardShown:
    """A card as a client draws it, under the name and the story of its example."""

    name: str
    story: str
    card: Json = field(repr=False)


@dataclass(frozen=True, slots=True)
class Folded:
    """What may be folded away on a screen; on paper it stands open."""

    title: str
    parts: tuple[Part, ...]


Part = str | Plain | Form | CardShown | Folded  # a str is Markdown


@dataclass(frozen=True, slots=True)
class Document:
    """One document that can be signed by itself; `name` is its file name without the ending."""

    name: str
    title: str
    parts: tuple[Part, ...]


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; its cells are Markdown of one line."""
    head = tuple(heads)
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
