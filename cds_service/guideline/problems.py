"""What is wrong with content: file, line and what was expected."""

from __future__ import annotations


class ContentError(Exception):
    """Broken content: `file`, `line` (None where the whole file is meant) and what was expected."""

    def __init__(self, file: str, line: int | None, expected: str) -> None:
        super().__init__(f"{file}{f':{line}' if line else ''}: {expected}")
        self.file, self.line, self.expected = file, line, expected
