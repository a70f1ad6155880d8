"""The guideline owner's stories, each through the whole service on three different days."""

import json
from datetime import timedelta
from typing import Any

import pytest

from cds_service.example_cards import request_of
from cds_service.guideline.examples import Example, ExamplesError, read_examples
from tests.shipped import shipped_guideline
from tests.vignettes.asking import ask
from tests.vignettes.story import NOW

GUIDELINE = shipped_guideline()
EXAMPLES = GUIDELINE.examples


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.id for example in EXAMPLES])
@pytest.mark.parametrize("later", [0, 17, 400], ids=["today", "in weeks", "in a year"])
def test_what_the_owner_expects_is_what_happens(example: Example, later: int) -> None:
    now = NOW + timedelta(days=later)
    card = ask(request_of(example, now, GUIDELINE), now)["cards"][0]
    decision = card["extension"]["org.lumbar-mri-cds.decision"]
    answered = (decision["outcome"], tuple(decision.get("recommendations", ())), card["indicator"])
    assert answered == (example.outcome, example.recommendations, example.indicator)
    text = f"{card['summary']}\n{card['detail']}"
    assert [said for said in example.says if said not in text] == []


def test_each_of_the_six_recommendations_has_an_example() -> None:
    named = {name for example in EXAMPLES for name in example.recommendations}
    assert named == {"R1", "R2", "R3", "R4", "R5", "R6"}


def test_there_are_a_dozen_stories_or_more() -> None:
    assert len(EXAMPLES) >= 12


def test_every_code_of_a_story_is_one_of_the_value_sets() -> None:
    systems, concepts_of = GUIDELINE.terminology.systems, GUIDELINE.terminology.concepts_of
    codes = [entry.code for example in EXAMPLES for entry in example.record if entry.code]
    assert [code for system, code in codes if not concepts_of(systems[system].url, code)] == []


ONE: dict[str, Any] = {
    "id": "a",
    "story": "s",
    "patient": "30 F",
    "record": [{"kind": "problem", "what": "Low back pain", "days_ago": 1}],
    "expect": {"outcome": "unclear", "indicator": "info"},
}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        pytest.param({"expect": {"outcome": "x"}}, "examples.0.expect.indicator", id="no indicator"),
        pytest.param({"patient": "a woman"}, "examples.0.patient", id="patient in words"),
        pytest.param(
            {"record": [{"kind": "story", "what": "x", "days_ago": 1}]}, "record.0.kind", id="unknown kind"
        ),
        pytest.param({"record": [{"kind": "problem", "what": "x"}]}, "record.0.days_ago", id="no day"),
        pytest.param(
            {"record": [{"kind": "problem", "what": "x", "days_ago": 1, "code": "279039007"}]},
            "record.0.code",
            id="code without its system",
        ),
        pytest.param({"outcome": "x"}, "examples.0.outcome", id="unknown member"),
    ],
)
def test_a_broken_example_names_what_is_wrong(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(ExamplesError, match=named.replace(".", r"\.")):
        read_examples(json.loads(json.dumps({"examples": [{**ONE, **wrong}]})))


def test_a_story_is_told_once() -> None:
    with pytest.raises(ExamplesError, match="a: only one story"):
        read_examples({"examples": [ONE, ONE]})
