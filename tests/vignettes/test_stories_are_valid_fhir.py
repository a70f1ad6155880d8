"""The stories themselves: all rows are there, as FHIR R4 resources in strictly valid CDS Hooks requests."""

import re
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest

from tests.builders import PREFETCH_TYPES, Resource
from tests.vignettes.stories import NOW, STORIES, Story

NUMBERS = (
    1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 14, 17, 18, 20, 21, 23, 24, 26, 28, 29, 30, 32, 34, 35, 36, 38,
    39, 40, 42, 45, 46, 47, 49, 51, 53, 54, 56, 57, 58, 60, 62, 64, 65, 66, 67, 68, 71, 73, 75, 77,
    79, 81, 83, 85, 87, 89, 91, 93, 94, 96, 97, 98, 99, 100, 101, 102, 104, 106, 107, 108, 110, 111,
    113, 115, 116, 117,
)  # fmt: skip
ROWS = [f"V{number:02d}" for number in NUMBERS]

every_story = pytest.mark.parametrize("told", STORIES.values(), ids=STORIES.keys())


def test_every_row_of_the_specification_has_a_story() -> None:
    assert [id for id in STORIES if id != "V47-select"] == ROWS


@every_story
def test_every_resource_of_a_story_is_valid_fhir_r4(told: Story) -> None:
    for resource in _top_level_resources(told.request(NOW)):
        name = resource["resourceType"]
        import_module(f"fhir.resources.R4B.{name.lower()}").__dict__[name].model_validate(resource)


@every_story
def test_every_request_is_strictly_valid_cds_hooks(told: Story) -> None:
    request = told.request(NOW)
    context = request["context"]
    assert request["hook"] == told.hook
    assert str(UUID(request["hookInstance"])) == request["hookInstance"]
    assert re.fullmatch(r"Practitioner/\S+", context["userId"])
    assert context["draftOrders"]["type"] == "collection"
    drafts = {
        f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in context["draftOrders"]["entry"]
    }
    assert set(context.get("selections", ())) <= drafts
    assert ("selections" in context) == (told.hook == "order-select")
    assert not list(_empty_members(request))


@every_story
def test_every_prefetch_key_is_answered_and_all_of_it_is_one_patient(told: Story) -> None:
    request = told.request(NOW)
    assert set(request["prefetch"]) == {"patient", "encounter", *PREFETCH_TYPES}
    for resource in _top_level_resources(request):
        owner = resource.get("subject") or resource.get("patient") or {"reference": "Patient/p1"}
        assert owner["reference"] == f"Patient/{request['context']['patientId']}"


@every_story
def test_a_story_moves_as_a_whole_with_its_clock(told: Story) -> None:
    moved = told.request(NOW + timedelta(days=400))
    assert _shape(moved) == _shape(told.request(NOW))
    assert moved != told.request(NOW)


@every_story
def test_resources_of_one_type_have_ids_of_their_own(told: Story) -> None:
    prefetch = told.request(NOW)["prefetch"]
    for key in PREFETCH_TYPES:
        ids = [entry["resource"]["id"] for entry in prefetch[key].get("entry", ())]
        assert len(ids) == len(set(ids))


def _top_level_resources(request: dict[str, Any]) -> Iterator[Resource]:
    """Each draft order and prefetch value, bundles with the resources inside them."""
    for value in (request["context"]["draftOrders"], *request["prefetch"].values()):
        yield value
        yield from (entry["resource"] for entry in value.get("entry", ()))


def _empty_members(value: Any, path: str = "") -> Iterator[str]:
    if value in (None, "", [], {}):
        yield path
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, child in children:
        yield from _empty_members(child, f"{path}/{name}")


def _shape(value: Any) -> Any:
    """The request without its dates, so that only they may differ."""
    if isinstance(value, dict):
        return {name: _shape(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_shape(child) for child in value]
    return "a date" if isinstance(value, str) and re.match(r"\d{4}(-\d{2}|$)", value) else value
