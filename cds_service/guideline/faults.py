"""What is wrong within a table of content: the path of an entry and what was expected there.

A reader of tables knows no files; who read the file finds the line of the path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydantic import ValidationError

EntryPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry that cannot be right; positions in lists count from 0, as TOML has no other name for them."""

    path: EntryPath
    expected: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))}: {self.expected}" if self.path else self.expected


class TableError(Exception):
    """A table that cannot be used, with every fault that was found."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


_OWN_WORDS = {
    "extra_forbidden": "no such name",
    "missing": "a value",
    "string_type": "a text in quotes",
    "string_too_short": "a text",
    "bool_type": "true or false",
}
_OWN_ERROR = "Value error, "  # what pydantic puts before the words of a validator of ours


def validation_faults(error: ValidationError) -> tuple[Fault, ...]:
    """The faults that pydantic found, without what stood there."""
    return tuple(
        Fault(found["loc"], _OWN_WORDS.get(found["type"], found["msg"].removeprefix(_OWN_ERROR)))
        for found in error.errors(include_input=False, include_url=False)
    )


def faults_of(build: Callable[[], object]) -> tuple[Fault, ...]:
    """What a build refuses; empty where it succeeds."""
    try:
        build()
    except TableError as error:
        return error.faults
    return ()


def refuse_faults(kind: type[TableError], faults: Iterable[Fault]) -> None:
    """Raises the error where there is any fault."""
    found = tuple(faults)
    if found:
        raise kind(*found)
