"""The rows of a CSV file, each with the line where it begins."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cds_service.guideline.content_files import Folder, read_text
from cds_service.guideline.problems import Problem


@dataclass(frozen=True, slots=True)
class Row:
    """The fields of a row in the order of the columns, without blanks around them."""

    line: int
    fields: tuple[str, ...]


def read_rows(folder: Folder, file: str, columns: Sequence[str]) -> Iterator[Row | Problem]:
    """Every row, and a Problem for each that cannot be read; empty lines are none.

    A quotation mark that nobody closes would swallow the rows below it, so no field goes over a line's end.
    Raises ContentError where the file is none.
    """
    reader = csv.reader(io.StringIO(read_text(folder, file)), strict=True)
    line = 1
    try:
        if next(reader, None) != list(columns):
            yield Problem(file, 1, f"the columns {','.join(columns)}")
            return
        line += 1
        for found in reader:
            if found:
                yield _row(file, line, found, columns)
            line = reader.line_num + 1
    except csv.Error as error:
        yield Problem(file, line, f"a row of a CSV file ({error})")


def _row(file: str, line: int, found: Sequence[str], columns: Sequence[str]) -> Row | Problem:
    fields = tuple(field.strip() for field in found)
    if not all(field.isprintable() for field in fields):
        return Problem(file, line, "fields on one line, without control characters")
    if len(fields) != len(columns):
        return Problem(file, line, f"{len(columns)} columns")
    return Row(line, fields)
