"""What could be read in two ways is refused before anybody reads it."""

import json
from typing import Any

import pytest

from cds_service.errors import UnreadableBody
from cds_service.web.body import parse_json_object, refuse_deep_nesting


@pytest.mark.parametrize(
    ("body", "document"),
    [
        pytest.param(b'{"a": 1}', {"a": 1}, id="object"),
        pytest.param(b' \n{"a": 1}\r\n', {"a": 1}, id="white space around"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}', {"a": 1}, id="byte order mark"),
        pytest.param('{"a": "\u00e9\u4e2d"}'.encode(), {"a": "\u00e9\u4e2d"}, id="utf-8"),
        pytest.param(rb'{"a": "\ud83d\ude42"}', {"a": "\U0001f642"}, id="whole surrogate pair"),
        pytest.param(rb'{"a": "C:\\udata"}', {"a": "C:\\udata"}, id="escaped backslash before u"),
        pytest.param(b'{"a": 1, "a": 2}', {"a": 2}, id="the last of a repeated member"),
        pytest.param(b'{"a": 38.60}', {"a": 38.6}, id="decimal number"),
    ],
)
def test_a_json_object_is_read(body: bytes, document: dict[str, Any]) -> None:
    assert parse_json_object(body) == document


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" \n", id="white space"),
        pytest.param(b"{bad", id="not JSON"),
        pytest.param(b"{'a': 1}", id="single quotes"),
        pytest.param(b'{"a": 1,}', id="trailing comma"),
        pytest.param(b'{"a": 1} // why', id="comment"),
        pytest.param(b'{"a": 1}{"b": 2}', id="two documents"),
        pytest.param(b'{"a": 1', id="cut off"),
        pytest.param(b"[]", id="array"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"x"', id="string"),
        pytest.param(b"7", id="number"),
        pytest.param(b'{"a": NaN}', id="NaN"),
        pytest.param(b'{"a": Infinity}', id="Infinity"),
        pytest.param(b'{"a": -Infinity}', id="minus Infinity"),
        pytest.param(b'{"a": 1e999}', id="number beyond range"),
        pytest.param(b'{"a": ' + b"9" * 5000 + b"}", id="integer of 5000 digits"),
        pytest.param(rb'{"a": "\ud800"}', id="first half of a pair"),
        pytest.param(rb'{"a": "\uDC00x"}', id="second half of a pair"),
        pytest.param(rb'{"\ud800": 1}', id="half of a pair in a name"),
        pytest.param(b'{"a": "\xff"}', id="not UTF-8"),
        pytest.param(b'{"a": "\xed\xa0\x80"}', id="surrogate in UTF-8"),
        pytest.param('{"a": 1}'.encode("utf-16"), id="utf-16"),
        pytest.param(b'{"a": "\x00"}', id="control character"),
        pytest.param(b"\x00" * 10, id="zeros"),
        pytest.param(b"[" * 100_000, id="brackets without end"),
        pytest.param(b'{"a":' * 100_000, id="objects without end"),
    ],
)
def test_everything_else_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableBody) as refusal:
        parse_json_object(body)
    assert refusal.value.status == 400


def test_a_refusal_does_not_quote_the_body() -> None:
    with pytest.raises(UnreadableBody) as refusal:
        parse_json_object(b'{"name": "S1234567A" oops}')
    assert "S1234567A" not in json.dumps(refusal.value.outcome())


def nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth - 1):
        value = [value]
    return value


@pytest.mark.parametrize("value", ["x", 7, None, {}, nested(8), {"a": nested(7), "b": nested(2)}])
def test_nesting_up_to_the_limit_is_taken(value: Any) -> None:
    refuse_deep_nesting(value, 8)


@pytest.mark.parametrize("value", [nested(9), {"a": 1, "b": nested(8)}])
def test_nesting_beyond_the_limit_is_refused(value: Any) -> None:
    with pytest.raises(UnreadableBody):
        refuse_deep_nesting(value, 8)
