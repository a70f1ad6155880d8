"""How much a request may hold: counts, and strings measured in the bytes as they were sent."""

import json
import random
from typing import Any

import pytest

from cds_service.errors import TooLarge
from cds_service.protocol.request_size import holds_long_string, refuse_long_strings, refuse_too_many

PATIENT_ID = "S1234567A"

RESOURCE = {"resourceType": "Condition"}


def bundle(size: int) -> dict[str, Any]:
    return {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Condition"}}] * size}


def body(*, drafts: int = 1, **prefetch: Any) -> dict[str, Any]:
    return {"context": {"draftOrders": bundle(drafts)}, "prefetch": prefetch}


@pytest.mark.parametrize(
    "request_body",
    [
        pytest.param(body(drafts=3), id="as many drafts as there may be"),
        pytest.param(body(a=bundle(5)), id="as many entries as there may be"),
        pytest.param(body(a=bundle(3), b=bundle(2), c=None), id="in two bundles"),
        pytest.param({}, id="nothing"),
        pytest.param({"context": [], "prefetch": []}, id="arrays"),
        pytest.param({"context": {"draftOrders": [1] * 9}, "prefetch": "x" * 9}, id="no bundles"),
        pytest.param(body(a=bundle(4), b=RESOURCE, c=bundle(0)), id="a resource without a bundle"),
        pytest.param(body(a=[1] * 9, b={"entry": {"a": 1}}, c="x" * 9), id="values that are no bundles"),
    ],
)
def test_what_fits_passes(request_body: dict[str, Any]) -> None:
    refuse_too_many(request_body, max_entries=5, max_draft_orders=3)


@pytest.mark.parametrize(
    ("request_body", "text"),
    [
        pytest.param(body(drafts=4), "'context.draftOrders' holds more than 3 entries.", id="drafts"),
        pytest.param(body(a=bundle(6)), "'prefetch' holds more than 5 entries.", id="one bundle"),
        pytest.param(
            body(a=bundle(3), b=bundle(3)), "'prefetch' holds more than 5 entries.", id="two bundles"
        ),
        pytest.param(body(a={"resource": bundle(6)}), "'prefetch' holds more than 5 entries.", id="wrapped"),
        pytest.param(
            body(a={"entry": [PATIENT_ID] * 6}), "'prefetch' holds more than 5 entries.", id="no resources"
        ),
        pytest.param(
            {"prefetch": {PATIENT_ID: bundle(6)}},
            "'prefetch' holds more than 5 entries.",
            id="undeclared key",
        ),
        pytest.param(
            {"prefetch": {f"{PATIENT_ID} {number}": RESOURCE for number in range(6)}},
            "'prefetch' holds more than 5 entries.",
            id="a key for each resource",
        ),
        pytest.param(
            {"prefetch": {f"{PATIENT_ID} {number}": {"resource": RESOURCE} for number in range(6)}},
            "'prefetch' holds more than 5 entries.",
            id="a key for each wrapped resource",
        ),
    ],
)
def test_one_more_is_refused_and_the_member_named(request_body: dict[str, Any], text: str) -> None:
    with pytest.raises(TooLarge) as refusal:
        refuse_too_many(request_body, max_entries=5, max_draft_orders=3)
    assert refusal.value.text == text
    assert PATIENT_ID not in str(refusal.value.outcome())


LIMIT = 10


@pytest.mark.parametrize(
    ("document", "found"),
    [
        pytest.param(b'{"a":"' + b"x" * 10 + b'"}', False, id="at the limit"),
        pytest.param(b'{"a":"' + b"x" * 11 + b'"}', True, id="one byte over"),
        pytest.param(b'{"' + b"x" * 11 + b'":1}', True, id="a name"),
        pytest.param(b'{"a":"b"' + b" " * 40 + b',"c":"d"}', False, id="white space between strings"),
        pytest.param(b'{"a":' + b"1" * 40 + b"}", False, id="a number"),
        pytest.param(
            b'{"a":"b","c":' + b"1" * 40 + b',"d":"' + b"x" * 11 + b'"}', True, id="a number before"
        ),
        pytest.param(b" " * 40 + b'{"a":"b"}' + b" " * 40, False, id="white space around"),
        pytest.param(b'{"a":"' + rb"\"" * 5 + b'"}', False, id="escaped quotes at the limit"),
        pytest.param(b'{"a":"' + rb"\"" * 6 + b'"}', True, id="escaped quotes over it"),
        pytest.param(b'{"a":"' + rb"\\" * 5 + b'","b":"c"}', False, id="escaped backslashes at the limit"),
        pytest.param(b'{"a":"' + rb"\\" * 5 + b'x"}', True, id="escaped backslashes over it"),
        pytest.param(b'{"a":"' + rb"\\\"" * 2 + b'xx"}', False, id="both at the limit"),
        pytest.param(b'{"a":"' + rb"\\\"" * 3 + b'"}', True, id="both over it"),
        pytest.param(b'{"a":"' + b"," * 11 + b'","b":"c"}', True, id="commas that look like structure"),
        pytest.param(b'{"a":["' + b'","' * 30 + b'"]}', False, id="many short strings"),
        pytest.param('{"a":"äääää"}'.encode(), False, id="ten bytes of five letters"),
        pytest.param('{"a":"ääääää"}'.encode(), True, id="twelve bytes of six letters"),
    ],
)
def test_a_string_is_as_long_as_its_bytes_between_the_quotes(document: bytes, found: bool) -> None:
    json.loads(document)
    assert holds_long_string(document, LIMIT) is found


def longest_by_the_letter(document: bytes) -> int:
    """The longest string of a JSON document, read byte by byte."""
    longest = length = 0
    inside = escaped = False
    for byte in document:
        if not inside:
            inside, length = byte == ord('"'), 0
        elif byte == ord('"') and not escaped:
            inside, longest = False, max(longest, length)
        else:
            length += 1
            escaped = byte == ord("\\") and not escaped
    return longest


def random_value(chance: random.Random, depth: int) -> Any:
    """A value whose strings are full of what makes reading them hard."""
    match chance.randrange(5 if depth else 3):
        case 0 | 1:
            return "".join(chance.choice('\\"\\",:{}[] xä\n') for _ in range(chance.randrange(24)))
        case 2:
            return chance.choice([None, True, 10**20, -1.5])
        case 3:
            return [random_value(chance, depth - 1) for _ in range(chance.randrange(5))]
        case _:
            return {f"{n}\\": random_value(chance, depth - 1) for n in range(chance.randrange(5))}


def test_jumping_finds_what_reading_byte_by_byte_finds() -> None:
    chance = random.Random(7)
    for _ in range(2_000):
        spaced = chance.choice([None, 1, 15])
        document = json.dumps({"v": random_value(chance, 3)}, indent=spaced).encode()
        longest = longest_by_the_letter(document)
        for limit in {max(1, longest - 1), longest, longest + 1, 3, 17}:
            assert holds_long_string(document, limit) is (longest > limit)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("context", "note"), "'context' holds a string of more than 10 bytes."),
        (("prefetch", "conditions"), "'prefetch.conditions' holds a string of more than 10 bytes."),
        (("prefetch", PATIENT_ID), "'prefetch' holds a string of more than 10 bytes."),
        (("fhirServer",), "'fhirServer' holds a string of more than 10 bytes."),
        ((PATIENT_ID,), "The body holds a string of more than 10 bytes."),
        ((PATIENT_ID + "x", PATIENT_ID), "The body holds a string of more than 10 bytes."),
    ],
)
def test_a_long_string_is_refused_by_the_name_of_its_member(path: tuple[str, ...], text: str) -> None:
    value: Any = PATIENT_ID * 2
    for name in reversed(path):
        value = {name: value}
    with pytest.raises(TooLarge) as refusal:
        refuse_long_strings(json.dumps(value).encode(), value, limit=LIMIT, prefetch_keys=("conditions",))
    assert refusal.value.text == text
    assert PATIENT_ID not in str(refusal.value.outcome())


def test_a_string_that_is_only_long_as_it_was_escaped_is_refused_too() -> None:
    sent = rb'{"context":"' + rb"\u0041" * 2 + b'"}'
    with pytest.raises(TooLarge, match="The body holds"):
        refuse_long_strings(sent, {"context": "AA"}, limit=LIMIT)
