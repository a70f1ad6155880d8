"""Two thousand real requests, each broken at random in a few places: the answer is JSON below 500.

The mutations are seeded, so that a red run is red again; a failure names its seed, and `mutant(seed)` is the body.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.app import Services, create_app
from tests.bench_records import make_prefetch_request
from tests.vignettes.stories import NOW, STORIES

MUTANTS = 2_000
BATCHES = 20
FIXTURES = Path(__file__).parents[2] / "fhir_fixtures"

# Words that send the readers down their paths: statuses, codes, units, dates, red flags.
WORDS = (
    *("", " ", "x", "null", "true", "0", "-1", "5/5", "4+", "NaN", "1e999", "2026", "2026-06", "2026-06-15"),
    *("2026-02-31", "0000-00-00", "9999-12-31T23:59:59-14:00", "entered-in-error", "active", "draft", "final"),
    *("order-sign", "Patient/p2", "Patient/p1", "#contained", "urn:uuid:1", "http://snomed.info/sct", "449813001"),
    *("G83.4", "mg/dL", "[degF]", "mL", "10*3", "? cauda equina", "no saddle numbness", "left leg weakness"),
    *("Bundle", "OperationOutcome", "Condition", "QuestionnaireResponse", "\u0000", "\u202e", "e\u0301" * 50),
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 5, 1.5, 10**30, 1.7e308, -0.0, [], {}, [None], [[]], [{}], {"": None}),
    *({"value": "x"}, {"coding": 5}, {"coding": [{}]}, {"coding": [None]}, {"reference": 5}, {"resourceType": "Bundle"}),
    *({"start": 5, "end": []}, {"text": ["x"]}, ["x", 5, None, {}], {"value": 10**30, "unit": 5}),
)  # fmt: skip


def mutant(seed: int) -> tuple[str, bytes]:
    """The address and the body of one mutated request."""
    random = Random(seed)
    body = json.loads(random.choice(bases()))
    path = f"/cds-services/lumbar-mri-{body['hook']}"
    for _ in range(random.choice((1, 1, 2, 3, 8, 40))):
        mutate(body, random)
    encoded = json.dumps(body).encode()
    return path, mutate_bytes(encoded, random) if random.random() < 0.2 else encoded


@cache
def bases() -> tuple[str, ...]:
    """The requests that are broken: all stories, the fixtures, and records of 30 resources."""
    stories = [told.request(NOW) for told in STORIES.values()]
    fixtures = [json.loads(file.read_text("utf-8")) for file in sorted(FIXTURES.glob("*.request.json"))]
    records = [make_prefetch_request(30, seed) for seed in range(10)]
    return tuple(json.dumps(request) for request in (*stories, *fixtures, *records))


def mutate(body: Any, random: Random) -> None:
    """Break one node somewhere in the document, in place."""
    places = list(_places(body))
    if not places:
        return
    holder, name = random.choice(places)
    value = holder[name]
    match random.choice(("delete", "value", "word", "swap", "duplicate", "nest", "retype", "rename")):
        case "delete":
            del holder[name]
        case "value":
            holder[name] = deepcopy(random.choice(VALUES))
        case "word":
            holder[name] = random.choice(WORDS)
        case "swap":
            # Another part of the same request in this place: always plausible, often wrong.
            other_holder, other_name = random.choice(places)
            holder[name] = deepcopy(other_holder[other_name])
        case "duplicate" if isinstance(holder, list):
            holder.insert(random.randrange(len(holder) + 1), deepcopy(value))
        case "nest" | "duplicate":
            holder[name] = random.choice(([value], {"x": value}, [[value], value], {str(name): value}))
        case "retype":
            holder[name] = _retyped(value)
        case "rename":
            if isinstance(holder, dict):
                holder[random.choice(WORDS)] = holder.pop(name)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member and element of the document, as its container and its name there."""
    names = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for name in names:
        yield value, name
        yield from _places(value[name])


def _retyped(value: Any) -> Any:
    """The same value as a client of another mind would send it."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str():
            return int(value) if value.isascii() and value.isdigit() else list(value)
        case list():
            return dict(enumerate(value))
        case dict():
            return list(value.items())
    return "null"


def mutate_bytes(body: bytes, random: Random) -> bytes:
    """The encoded body with some bytes lost, doubled, changed or cut off."""
    at = random.randrange(len(body))
    length = random.choice((1, 1, 1, 2, 10, 1000))
    match random.choice(("cut", "lose", "double", "flip", "noise")):
        case "cut":
            return body[:at]
        case "lose":
            return body[:at] + body[at + length :]
        case "double":
            return body[: at + length] + body[at:]
        case "flip":
            return body[:at] + bytes([body[at] ^ (1 << random.randrange(8))]) + body[at + 1 :]
    return body[:at] + random.randbytes(length) + body[at + length :]


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_mutated_request_gets_json_below_500_and_the_next_one_is_served(
    services: Services, batch: int
) -> None:
    client = create_app(services=services).test_client()
    before = _answer(client, *sound_request())
    seeds = range(batch, MUTANTS, BATCHES)
    assert [complaint for seed in seeds for complaint in _complaints(client, seed)] == []
    assert _answer(client, *sound_request()) == before


def _complaints(client: FlaskClient, seed: int) -> Iterator[str]:
    path, body = mutant(seed)
    answer = client.post(path, data=body, content_type="application/json")
    if answer.status_code >= 500:
        yield f"seed {seed}: {answer.status_code}"
    said = json.loads(answer.get_data())
    if not ("cards" in said if answer.status_code == 200 else said.get("resourceType") == "OperationOutcome"):
        yield f"seed {seed}: neither cards nor an OperationOutcome"


def sound_request() -> tuple[str, bytes]:
    """A request that nobody broke: an emergency."""
    return "/cds-services/lumbar-mri-order-select", json.dumps(STORIES["V28"].request(NOW)).encode()


def _answer(client: FlaskClient, path: str, body: bytes) -> list[tuple[str, str]]:
    cards = json.loads(client.post(path, data=body, content_type="application/json").get_data())["cards"]
    assert cards
    return [(card["summary"], card["detail"]) for card in cards]
