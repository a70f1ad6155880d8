"""The files of a content folder: their text, their tables and their digest."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError

from cds_service.guideline.faults import Fault, TableError, validation_faults
from cds_service.guideline.problems import ContentError, Problem, content_error
from cds_service.guideline.toml_lines import line_of, line_of_error

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
Folder = Path | Traversable


class Strict(BaseModel):
    """A table of a content file: a member that nobody knows is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("a text on one line")
    return text


def _number(value: object) -> object:
    """TOML has numbers, so that a text which only looks like one is a slip of the hand."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("a number without quotes")
    if not Decimal(value).is_finite() or value >= _TOO_LARGE:
        raise ValueError(f"a number below {_TOO_LARGE:,}")
    return value


def _day(value: object) -> object:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("a date without quotes, as 2026-06-15")
    return value


_TOO_LARGE = 1_000_000  # more than any limit of medicine, and few enough days and digits to calculate with
Line = Annotated[str, AfterValidator(_line)]
Number = Annotated[Decimal, BeforeValidator(_number)]
Day = Annotated[date, BeforeValidator(_day)]


@dataclass(frozen=True, slots=True)
class Table:
    """A TOML file: what it holds, and its text, in which the line of a fault is looked up."""

    file: str
    content: Mapping[str, Any]
    text: str

    def problem(self, fault: Fault) -> Problem:
        """The fault with its file and line."""
        return Problem(self.file, line_of(self.text, fault.path), str(fault))


def read_text(folder: Folder, name: str) -> str:
    """The text of a file; raises ContentError where there is none.

    The mark that some editors and spreadsheets put in front of UTF-8 is no part of it.
    """
    try:
        return folder.joinpath(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(name, None, "a readable UTF-8 file") from error


def read_table(folder: Folder, name: str) -> Table:
    """A TOML file, its numbers exact; raises ContentError where it is none."""
    text = read_text(folder, name)
    try:
        return Table(name, tomllib.loads(text, parse_float=Decimal), text)
    except tomllib.TOMLDecodeError as error:
        raise ContentError(name, line_of_error(error), f"valid TOML ({error})") from error
    except ValueError as error:  # an integer of more digits than Python reads
        raise ContentError(name, None, "numbers of fewer digits") from error
    except RecursionError as error:
        raise ContentError(name, None, "lists and tables that nest less deep") from error


def parse_table(model: type[M], table: Table) -> M:
    """The table as the model has it; raises ContentError with every fault."""
    try:
        return model.model_validate(table.content)
    except ValidationError as error:
        raise content_error(map(table.problem, validation_faults(error))) from error


def within(table: Table, read: Callable[[Mapping[str, Any]], T]) -> T:
    """What the reader makes of the table; its faults become a ContentError with their lines."""
    try:
        return read(table.content)
    except TableError as error:
        raise content_error(map(table.problem, error.faults)) from error


CONTENT_FILES = (".toml", ".csv", ".md")


def digest_of(folder: Folder, suffixes: tuple[str, ...] = CONTENT_FILES) -> str:
    """A sha256 over name and bytes of every content file, the same in a checkout and in a wheel."""
    total = hashlib.sha256()
    for name, data in sorted(content_files(folder, suffixes)):
        total.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
    return f"sha256:{total.hexdigest()}"


def content_files(
    folder: Folder, suffixes: tuple[str, ...] = CONTENT_FILES, prefix: str = ""
) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every file that belongs to the content, folders in the folder included."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from content_files(entry, suffixes, f"{prefix}{entry.name}/")
        elif entry.name.endswith(suffixes):
            yield f"{prefix}{entry.name}", entry.read_bytes()
