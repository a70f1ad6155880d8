"""The red-flag checklist as a FHIR R4 Questionnaire."""

import json
from dataclasses import replace
from typing import Any

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire

from cds_service.knowledge.questionnaire import build_questionnaire
from tests.checklists import CODES, QUESTIONNAIRE, RED_FLAGS
from tests.record.records import shipped_guideline


def built() -> dict[str, Any]:
    return build_questionnaire(shipped_guideline())


def items() -> dict[str, dict[str, Any]]:
    return {item["linkId"]: item for item in built()["item"]}


def test_it_is_a_valid_questionnaire_and_comes_back_as_it_was() -> None:
    model = Questionnaire.model_validate(built())
    assert json.loads(model.model_dump_json()) == built()


def test_it_has_its_address_and_the_guideline_s_version_and_status() -> None:
    active = build_questionnaire(replace(shipped_guideline(), version="2.1.0", status="active"))
    assert (active["url"], active["version"], active["status"]) == (QUESTIONNAIRE, "2.1.0", "active")


def test_its_items_are_those_of_the_checklist_numbered_as_the_cards_name_them() -> None:
    assert [*items()] == [*RED_FLAGS, "treatment"]
    assert [item["prefix"] for item in items().values()] == [str(number) for number in range(1, 11)]


def test_the_link_ids_are_unique_at_every_depth() -> None:
    names = [name for item in built()["item"] for name in (item["linkId"], *(i["linkId"] for i in item.get("item", ())))]  # fmt: skip
    assert len(names) == len(set(names)) > 10


@pytest.mark.parametrize("item", RED_FLAGS)
def test_every_red_flag_can_be_denied_and_left_open(item: str) -> None:
    offered = [
        (option["valueCoding"]["system"], option["valueCoding"]["code"])
        for option in items()[item]["answerOption"]
    ]
    assert {CODES["no"], CODES["unknown"]} <= {*offered}
    assert items()[item]["repeats"] is False


def test_only_a_yes_asks_since_when() -> None:
    (day,) = items()["bladder"]["item"]
    asked = {(when["question"], when["answerCoding"]["code"]) for when in day["enableWhen"]}
    assert asked == {("bladder", "Y"), ("bladder", "yes-worse")}
    assert (day["linkId"], day["type"], day["enableBehavior"]) == ("bladder-since", "date", "any")


def test_several_treatments_can_be_ticked() -> None:
    assert items()["treatment"]["repeats"] is True


def test_what_the_owner_writes_is_what_the_form_asks() -> None:
    checklist = shipped_guideline().checklist
    first = replace(checklist.items[0], text="Trouble with the waterworks?", since=None)
    asked = replace(shipped_guideline(), checklist=replace(checklist, items=(first, *checklist.items[1:])))
    item = build_questionnaire(asked)["item"][0]
    assert item["text"] == "Trouble with the waterworks?"
    assert "item" not in item
