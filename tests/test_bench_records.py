"""The generated records are of the wanted size, valid, repeatable and do not drown the story."""

from importlib import import_module

import pytest

from bench.floor import create_floor
from cds_service.settings import Settings
from cds_service.web.server import server_options
from cds_service.wiring import services_of
from tests.bench_records import make_prefetch_request, prefetch_size
from tests.builders import PREFETCH_TYPES
from tests.vignettes.stories import NOW, STORIES


@pytest.mark.parametrize("size", [30, 300, 3000])
def test_a_record_has_the_wanted_number_of_resources(size: int) -> None:
    assert prefetch_size(make_prefetch_request(size, seed=1)) == size


def test_the_same_seed_gives_the_same_record_and_another_seed_another() -> None:
    assert make_prefetch_request(300, seed=7) == make_prefetch_request(300, seed=7)
    assert make_prefetch_request(300, seed=7) != make_prefetch_request(300, seed=8)


def test_the_resources_of_the_story_are_kept_as_they_were() -> None:
    told = STORIES["V28"].request(NOW)["prefetch"]
    grown = make_prefetch_request(300, seed=3, story="V28")["prefetch"]
    for key in PREFETCH_TYPES:
        entries = told[key].get("entry", [])
        assert grown[key].get("entry", [])[: len(entries)] == entries


def test_a_story_larger_than_the_wanted_size_is_refused() -> None:
    with pytest.raises(ValueError, match="V62"):
        make_prefetch_request(3, seed=1, story="V62")


def test_every_resource_of_a_large_record_is_valid_fhir_and_of_the_patient() -> None:
    prefetch = make_prefetch_request(600, seed=5)["prefetch"]
    for key, name in PREFETCH_TYPES.items():
        model = import_module(f"fhir.resources.R4B.{name.lower()}").__dict__[name]
        ids = [entry["resource"]["id"] for entry in prefetch[key].get("entry", ())]
        assert len(ids) == len(set(ids)) == prefetch[key]["total"]
        for entry in prefetch[key].get("entry", ()):
            model.model_validate(entry["resource"])


def test_the_floor_is_served_as_the_service_is() -> None:
    floor = create_floor()
    options = server_options(Settings(), services_of(floor), announce=lambda: None)
    assert options["worker_class"].__name__ == "Worker"
    body = {"hook": "order-select"}
    assert floor.test_client().post("/cds-services/lumbar-mri-order-select", json=body).get_json()["cards"]
