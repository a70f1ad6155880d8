"""The patterns as content: what breaks the start, and what the shipped file holds."""

import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cds_service.record.free_text import PatternsError, read_patterns
from cds_service.record.reading import DRUGS, IMPLANTS, MEASURES, TREATMENTS
from tests.record.records import shipped_guideline

FILE = Path(__file__).parents[2] / "cards" / "lumbar-mri" / "patterns.toml"


def shipped() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"), parse_float=Decimal)


def without_cues(content: dict[str, Any]) -> None:
    del content["cues"]


def with_an_unknown_cue(content: dict[str, Any]) -> None:
    content["cues"]["maybe-before"] = ["perhaps"]


def without_a_cue(content: dict[str, Any]) -> None:
    del content["cues"]["denied-before"]


def with_a_misspelt_report_name(content: dict[str, Any]) -> None:
    content["report"]["limitted"] = content["report"].pop("limited")


def with_a_wrong_region(content: dict[str, Any]) -> None:
    content["regions"]["foot-drop"] = "foot"


def with_a_phrase_that_is_none(content: dict[str, Any]) -> None:
    content["concepts"]["fever"]["words"].append("(fever)")


def with_a_misspelt_member(content: dict[str, Any]) -> None:
    content["concepts"]["fever"]["enuogh"] = True


def with_a_factor_that_is_no_number(content: dict[str, Any]) -> None:
    content["steroids"]["prednisone"]["prednisolone_factor"] = "one"


@pytest.mark.parametrize(
    ("change", "names"),
    [
        pytest.param(without_cues, "cues", id="a table missing"),
        pytest.param(with_an_unknown_cue, "cues", id="a cue that nobody reads"),
        pytest.param(without_a_cue, "cues", id="a cue missing"),
        pytest.param(with_a_misspelt_report_name, "report", id="a report name that nobody reads"),
        pytest.param(with_a_wrong_region, "regions.foot-drop", id="no region"),
        pytest.param(with_a_phrase_that_is_none, "(fever)", id="no phrase"),
        pytest.param(with_a_misspelt_member, "concepts.fever.enuogh", id="a misspelt member"),
        pytest.param(with_a_factor_that_is_no_number, "steroids.prednisone", id="no number"),
    ],
)
def test_broken_patterns_are_refused_by_name(change: Callable[[dict[str, Any]], None], names: str) -> None:
    content = shipped()
    change(content)
    with pytest.raises(PatternsError, match=names.replace("(", r"\(").replace(")", r"\)")):
        read_patterns(content)


def test_the_shipped_patterns_name_only_what_the_reader_knows() -> None:
    content = shipped()
    assert set(content["drugs"]) <= DRUGS
    assert set(content["implants"]) <= IMPLANTS | {"nothing"}
    assert set(content["services"]) <= TREATMENTS
    assert set(content["measures"]) - {"nothing"} == {measure.value for measure in MEASURES.values()}


def test_every_exam_of_the_shipped_patterns_gives_a_concept_that_words_name_too() -> None:
    patterns = shipped_guideline().patterns
    assert set(patterns.exam_findings.values()) <= patterns.concept_names


def test_a_general_concept_of_a_question_is_one_of_the_words() -> None:
    patterns = shipped_guideline().patterns
    specific = {general for general in patterns.asked_as.values() if general not in patterns.concept_names}
    assert specific <= {"spinal-procedure"}


def test_texts_are_remembered_for_one_request_only() -> None:
    patterns = shipped_guideline().patterns
    assert patterns.for_one_request().plain("?CES") == patterns.plain("?CES")
    assert patterns._met is None
