"""What `checklist.toml` may hold."""

import copy
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cds_service.record.checklist import Checklist, ChecklistError, read_checklist
from tests.record.records import shipped_guideline

FILE = Path(__file__).parents[2] / "cards" / "lumbar-mri" / "checklist.toml"
GAPS = ("bladder", "bowel", "saddle", "leg-power", "both-legs", "fever", "weight", "cancer", "procedure")


@cache
def shipped() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def read(content: dict[str, Any]) -> Checklist:
    patterns = shipped_guideline().patterns
    return read_checklist(
        content,
        red_flags=patterns.pathway,
        concepts=patterns.concept_names,
        pathways=("cauda-equina", "neurology", "infection", "cancer", "procedure", "pain"),
        gaps=GAPS,
    )


def changed(place: str, name: str, value: Any) -> dict[str, Any]:
    """The shipped file with one member of an item or choice set, or (None) left out."""
    content = copy.deepcopy(shipped())
    item = next((one for one in content["items"] if one["link_id"] == place), None)
    target = content["choices"][place] if item is None else item
    target[name] = value
    if value is None:
        del target[name]
    return content


def test_the_shipped_checklist_asks_about_ten_things() -> None:
    assert [item.number for item in read(shipped()).items] == list(range(1, 11))


def test_a_no_denies_what_a_yes_means_unless_the_item_says_more() -> None:
    items = {item.link_id: item for item in read(shipped()).items}
    assert items["saddle"].no == items["saddle"].yes
    assert items["bladder"].no > items["bladder"].yes


@pytest.mark.parametrize(
    ("place", "name", "value", "expected"),
    [
        pytest.param("saddle", "yes", ["saddle-numness"], "item saddle: yes: saddle-numness is no red flag", id="concept"),
        pytest.param("saddle", "yes", ["osteoporosis"], "osteoporosis is no red flag", id="concept that no rule asks for"),
        pytest.param("saddle", "no", ["saddle-numness"], "item saddle: no: saddle-numness is no concept", id="denied concept"),
        pytest.param("operation", "means", ["back-op"], "choices.operation.means: back-op is no red flag", id="meaning"),
        pytest.param("saddle", "settles", ["cauda"], "item saddle: settles: cauda is no pathway", id="pathway"),
        pytest.param("saddle", "choices", ["yes", "nope", "no", "unknown"], "nope is none of [choices]", id="choice"),
        pytest.param("saddle", "choices", ["yes", "no"], "item saddle: choices: one that says unknown", id="no way to say not known"),
        pytest.param("saddle", "choices", ["yes", "unknown"], "item saddle: choices: one that says no", id="no way to say no"),
        pytest.param("saddle", "gap", "sadle", "item saddle: gap: sadle is none of", id="gap"),
        pytest.param("saddle", "gap", "fever", "an item for the gap saddle", id="a gap that no item closes"),
        pytest.param("saddle", "gap", None, "an item for the gap saddle", id="no gap"),
        pytest.param("saddle", "yes", None, "item saddle: yes and finding", id="no meaning"),
        pytest.param("saddle", "finding", None, "item saddle: yes and finding", id="no words for a yes"),
        pytest.param("treatment", "gap", "fever", "neither yes, no, gap nor finding", id="a treatment that closes a gap"),
        pytest.param("saddle", "link_id", "bowel", "link_id bowel only once", id="link id twice"),
        pytest.param("saddle", "link_id", "bowel-since", "link_id bowel-since only once", id="link id of a day"),
        pytest.param("saddle", "link_id", "Saddle 1", "items.2.link_id", id="link id that is none"),
        pytest.param("none", "code", "manual", "choices: the code manual only once", id="code twice"),
        pytest.param("yes", "says", "maybe", "choices.yes.says", id="what a choice says"),
        pytest.param("saddle", "onset", True, "items.2.onset", id="unknown member"),
        pytest.param("saddle", "text", "", "items.2.text", id="empty text"),
    ],
)  # fmt: skip
def test_a_checklist_that_cannot_be_right_is_refused(
    place: str, name: str, value: Any, expected: str
) -> None:
    with pytest.raises(ChecklistError) as caught:
        read(changed(place, name, value))
    assert expected in str(caught.value)


def test_a_yes_in_words_would_mean_the_same_in_a_form_that_lost_its_address() -> None:
    """An EHR that drops the questionnaire's address still sends the questions."""
    patterns = shipped_guideline().patterns
    for item in read(shipped()).items:
        if not item.treatment:
            named = {mention.concept for mention in patterns.asked_in(item.text)}
            known = named | {patterns.asked_as[concept] for concept in named if concept in patterns.asked_as}
            assert item.yes <= known, item.link_id
