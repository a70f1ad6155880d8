"""What is wrong with content: file, line and what was expected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of the content; `line` counts from 1, and None means the whole file."""

    file: str
    line: int | None
    expected: str

    def __str__(self) -> str:
        return f"{self.file}{f':{self.line}' if self.line else ''}: {self.expected}"


class ContentError(Exception):
    """Broken content: `problems`, and of the first `file`, `line` and what was `expected`."""

    def __init__(self, file: str, line: int | None, expected: str, *others: Problem) -> None:
        self.problems = (Problem(file, line, expected), *others)
        super().__init__("\n".join(map(str, self.problems)))
        self.file, self.line, self.expected = file, line, expected


def content_error(problems: Iterable[Problem]) -> ContentError:
    """The error that tells all of them, the same one once; there must be one at least."""
    first, *others = dict.fromkeys(problems)
    return ContentError(first.file, first.line, first.expected, *others)


def refuse(problems: Iterable[Problem]) -> None:
    """Raises ContentError where there is any problem."""
    found = tuple(problems)
    if found:
        raise content_error(found)
