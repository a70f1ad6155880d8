"""What a reader of content tells where it refuses, and files rewritten to make it refuse."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from cds_service.guideline.content import ContentError


def told(read: Callable[[], object]) -> list[str]:
    """The whole message of every fault that the reader tells."""
    with pytest.raises(ContentError) as caught:
        read()
    assert str(caught.value) == "\n".join(map(str, caught.value.problems))
    return [str(problem) for problem in caught.value.problems]


def rewritten(file: Path, changes: Mapping[str, str]) -> list[int]:
    """Rewrites the first place of each pattern; the line of each rewritten text in the finished file."""
    text = file.read_text(encoding="utf-8")
    for before, after in changes.items():
        text, count = re.subn(before, after.replace("\\", r"\\"), text, count=1)
        assert count == 1, before
    file.write_text(text, encoding="utf-8")
    return [text[: text.index(after.lstrip("\n"))].count("\n") + 1 for after in changes.values()]
