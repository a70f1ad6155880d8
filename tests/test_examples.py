"""The guideline owner's stories, each through the whole service on three different days."""

import json
import tomllib
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cds_service.guideline.content import load_guideline
from cds_service.guideline.examples import Entry, Example, ExamplesError, read_examples
from tests import builders
from tests.builders import Resource, concept
from tests.vignettes import codings
from tests.vignettes.asking import ask
from tests.vignettes.story import NOW

FILE = Path(__file__).parents[1] / "cards" / "lumbar-mri" / "examples.toml"
EXAMPLES = read_examples(tomllib.loads(FILE.read_text(encoding="utf-8")))
SYSTEMS = {"snomed": "snomed", "loinc": "loinc", "icd-10": "icd10", "icd-10-cm": "icd10cm", "cpt": "cpt"}


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.id for example in EXAMPLES])
@pytest.mark.parametrize("later", [0, 17, 400], ids=["today", "in weeks", "in a year"])
def test_what_the_owner_expects_is_what_happens(example: Example, later: int) -> None:
    now = NOW + timedelta(days=later)
    card = ask(request_of(example, now), now)["cards"][0]
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
    terminology = load_guideline(FILE.parent).terminology
    systems, concepts_of = terminology.systems, terminology.concepts_of
    codes = [entry.code for example in EXAMPLES for entry in example.record if entry.code]
    assert [code for system, code in codes if not concepts_of(systems[system].url, code)] == []


def request_of(example: Example, now: datetime) -> Resource:
    """The order-select call that the story tells."""
    age, sex = example.patient.split()
    born = now.date() - timedelta(days=round((int(age) + 0.4) * 365.25))
    subject = builders.patient(born.isoformat(), {"F": "female", "M": "male"}[sex])
    visit = builders.encounter(now.isoformat(), kind="AMB", id="visit-today")
    form = _form([entry for entry in example.record if entry.kind == "answer"], now)
    record = [_resource(entry, now) for entry in example.record if entry.kind != "answer"]
    return builders.hook_request(
        "order-select",
        hook_instance="5c1e3c6a-0000-4000-8000-000000000001",
        draft_orders=[builders.service_request(codings.MRI_LUMBAR)],
        prefetch=builders.prefetch_of(subject, [*record, *form], visit),
    )


def _resource(entry: Entry, now: datetime) -> Resource:
    code = concept(entry.what, **({SYSTEMS[entry.code[0]]: entry.code[1]} if entry.code else {}))
    when = _day(entry.days_ago, now)
    match entry.kind:
        case "problem":
            ended = entry.until_days_ago
            return builders.condition(
                code,
                onset=when,
                recorded=when,
                abated=None if ended is None else _day(ended, now),
                clinical="active" if ended is None else "resolved",
                verification=entry.certainty or "confirmed",
            )
        case "result":
            return builders.observation(code, _value(entry.value or ""), effective=when)
        case "procedure" | "treatment":
            return builders.procedure(code, performed=when, site=entry.site)
        case "medicine":
            reason = concept(entry.reason) if entry.reason else None
            return builders.medication_request(code, authored=when, reason=reason)
        case _:
            return builders.device(code)


def _form(answers: Iterable[Entry], now: datetime) -> list[Resource]:
    given = [(entry.what, entry.value or "yes") for entry in answers]
    return [builders.questionnaire_response(given, authored=now.isoformat())] if given else []


def _value(text: str) -> Any:
    """A number with its UCUM unit, a whole number, or words."""
    number, _, unit = text.partition(" ")
    try:
        return builders.quantity(float(number), unit) if unit else int(number)
    except ValueError:
        return text


def _day(days_ago: int, now: datetime) -> str:
    return (now.date() - timedelta(days=days_ago)).isoformat()


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
