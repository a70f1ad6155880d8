"""The six recommendations as actions, in the words of the rules that run."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cds_service.guideline.content import Guideline, load_guideline
from cds_service.guideline.lumbar_mri.criteria import criteria_of, thresholds_in
from cds_service.knowledge.library import Library
from cds_service.knowledge.plan_definition import build_plan_definition
from cds_service.review import render_review
from tests.knowledge.conftest import SHIPPED

RECOMMENDATIONS = [f"R{number}" for number in range(1, 7)]
STRENGTH = "http://hl7.org/fhir/StructureDefinition/cqf-strengthOfRecommendation"
QUALITY = "http://hl7.org/fhir/StructureDefinition/cqf-qualityOfEvidence"


def action_of(plan: dict[str, Any], recommendation: str) -> dict[str, Any]:
    (found,) = (action for action in plan["action"] if action["id"] == recommendation)
    return dict(found)


def conditions(action: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The tier and the words of every condition below the action."""
    for below in action.get("action", ()):
        yield from ((below["title"], c["expression"]["description"]) for c in below.get("condition", ()))
        yield from conditions(below)


@pytest.fixture(scope="module")
def plan(library: Library) -> dict[str, Any]:
    return library.resources["PlanDefinition"]["lumbar-mri"]


def test_there_is_one_action_a_recommendation(plan: dict[str, Any], shipped: Guideline) -> None:
    assert {a["id"]: a["title"] for a in plan["action"]} == {
        name: found.statement for name, found in shipped.recommendations.items()
    }


def test_every_criterion_is_a_sentence_of_the_review_page(plan: dict[str, Any], shipped: Guideline) -> None:
    page = render_review(shipped)
    for recommendation in RECOMMENDATIONS:
        told = list(conditions(action_of(plan, recommendation)))
        assert told
        assert all(f"| {tier} | {words} |".replace("\n", " ") in page for tier, words in told)


def test_no_criterion_of_a_recommendation_is_left_out(plan: dict[str, Any]) -> None:
    for recommendation in RECOMMENDATIONS:
        rows = [row for rows in criteria_of(recommendation).values() for row in rows]
        assert len(list(conditions(action_of(plan, recommendation)))) == len(rows)


def test_a_criterion_is_an_action_of_its_own(plan: dict[str, Any]) -> None:
    """The conditions of one action must all hold, and these are alternatives."""
    assert all(len(action.get("condition", ())) <= 1 for top in plan["action"] for action in top["action"])


def test_neither_r1_nor_r2_tells_the_answer_of_the_other(plan: dict[str, Any]) -> None:
    tiers = {name: {tier for tier, _ in conditions(action_of(plan, name))} for name in ("R1", "R2")}
    assert not any(tier.startswith("may be") for tier in tiers["R1"])
    assert not any(tier.startswith("not indicated") for tier in tiers["R2"])


@pytest.mark.parametrize(
    ("recommendation", "strength", "quality"),
    [
        ("R1", ("strong", "strong"), ("moderate", "moderate")),
        ("R2", ("weak", "conditional"), (None, "low to moderate")),
        ("R6", ("strong", "strong"), ("low", "low")),
    ],
)
def test_strength_and_certainty_are_told_in_codes_where_there_is_one(
    plan: dict[str, Any], recommendation: str, strength: tuple[str, str], quality: tuple[str | None, str]
) -> None:
    graded = {
        e["url"]: (
            e["valueCodeableConcept"].get("coding", [{"code": None}])[0]["code"],
            e["valueCodeableConcept"]["text"],
        )
        for e in action_of(plan, recommendation)["extension"]
    }
    assert graded == {STRENGTH: strength, QUALITY: quality}


def test_the_evidence_of_a_recommendation_is_what_its_card_cites(
    plan: dict[str, Any], shipped: Guideline
) -> None:
    cited = [document["label"] for document in action_of(plan, "R4")["documentation"]]
    numbers = re.findall(r"\[(\d+)\]", shipped.words.say("cauda-equina", "evidence"))
    assert set(numbers) <= set(cited)
    assert len(set(cited)) == len(cited)


def test_a_threshold_that_is_changed_stands_in_the_condition(tmp_path: Path, shipped: Guideline) -> None:
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "lumbar-mri"))
    head = folder / "guideline.toml"
    text = head.read_text(encoding="utf-8")
    changed = re.sub(r"(\[thresholds\.residual_volume_ml\]\nvalue = )\d+", r"\g<1>317", text)
    assert changed != text
    head.write_text(changed, encoding="utf-8")
    action = action_of(build_plan_definition(load_guideline(folder)), "R4")
    told = [words for _, words in conditions(action) if "317" in words]
    (sentence,) = (
        text for _, text in criteria_of("R4")[""] if thresholds_in(text)[:1] == ("residual_volume_ml",)
    )
    assert len(told) == 1
    assert told[0].startswith(sentence.split("$")[0])


def test_both_hooks_set_every_recommendation_off(plan: dict[str, Any]) -> None:
    assert all(
        [trigger["name"] for trigger in action["trigger"]] == ["order-select", "order-sign"]
        for action in plan["action"]
    )
