"""The words by which a draft order is read, and what of their table is refused."""

from dataclasses import fields
from typing import Any

import pytest

from cds_service.guideline.faults import Fault
from cds_service.guideline.lumbar_mri.order_patterns import (
    OrderPatterns,
    OrderPatternsError,
    plain,
    read_order_patterns,
)

NAMES = [field.name for field in fields(OrderPatterns)]


def content(**change: Any) -> dict[str, Any]:
    """A table of words that can be used, but for the change; None takes a name out."""
    tables = {name: ["x"] for name in NAMES} | change
    return {"words": {name: table for name, table in tables.items() if table is not None}}


def refused(mapping: dict[str, Any]) -> list[Fault]:
    with pytest.raises(OrderPatternsError) as caught:
        read_order_patterns(mapping)
    return list(caught.value.faults)


def test_text_is_compared_in_small_letters_single_blanks_and_plain_dashes() -> None:
    assert plain("  MRI_Lumbar\n L4–5 ") == "mri lumbar l4-5"


def test_each_expression_of_a_list_is_looked_for() -> None:
    lumbar = read_order_patterns(content(lumbar=[r"\bl\S?spine\b", "back|loin"])).lumbar
    assert [text for text in ("lspine", "back", "loin", "lspineback", "x") if lumbar.fullmatch(text)] == [
        "lspine",
        "back",
        "loin",
    ]


@pytest.mark.parametrize(
    ("mapping", "path", "expected"),
    [
        pytest.param({}, ("words",), "a table [words]", id="no words"),
        pytest.param(content() | {"wrods": {}}, ("wrods",), "no such table", id="unknown table of the file"),
        pytest.param(content(lumbar=None), ("words", "lumbar"), "a list", id="table missing"),
        pytest.param(content(extra=["x"]), ("words", "extra"), "no such table", id="unknown table"),
        *(
            pytest.param(content(lumbar=table), ("words", "lumbar"), "a list of regular expressions", id=name)
            for name, table in {"a text": "lumbar", "empty": [], "a number": [5]}.items()
        ),
    ],
)
def test_a_table_that_is_none_is_told_by_its_name(
    mapping: dict[str, Any], path: tuple[str, ...], expected: str
) -> None:
    assert refused(mapping) == [Fault(path, expected)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("(", "'(' is no regular expression", id="broken"),
        pytest.param("x*", "'x*' matches an empty text", id="matches everything"),
        pytest.param("^$", "'^$' matches an empty text", id="matches nothing else"),
        pytest.param("(?P<a>x)", "without names and numbers of groups, not '(?P<a>x)'", id="a named group"),
        pytest.param(
            "MRI", "small letters, because the text is read in small letters; not 'MRI'", id="capitals"
        ),
    ],
)
def test_an_expression_that_cannot_be_used_is_told_by_its_place(expression: str, expected: str) -> None:
    (fault,) = refused(content(lumbar=["x", expression]))
    assert fault.path == ("words", "lumbar", 1)
    assert expected in fault.expected


def test_every_table_that_is_broken_is_told() -> None:
    faults = refused(content(lumbar=[], pain=["x*"]))
    assert [fault.path for fault in faults] == [("words", "lumbar"), ("words", "pain", 0)]
