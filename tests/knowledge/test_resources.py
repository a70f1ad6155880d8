"""Every published resource is valid R4 and says which content it tells."""

import json
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement

from cds_service.guideline.content import Guideline
from cds_service.knowledge.capability import describe_api
from cds_service.knowledge.library import MODELS, TYPES, Library
from cds_service.knowledge.search import search

BASE = "https://cds.example/fhir"


def asked(
    library: Library, resource_type: str, *pairs: tuple[str, str], strict: bool = False
) -> dict[str, Any]:
    return search(library, resource_type, pairs, strict=strict, base=BASE)


@pytest.mark.parametrize("name", TYPES)
def test_every_resource_survives_the_fhir_models_unchanged(library: Library, name: str) -> None:
    for resource in library.resources[name].values():
        assert json.loads(MODELS[name].model_validate(resource).model_dump_json()) == resource


@pytest.mark.parametrize("name", TYPES)
def test_every_resource_names_version_status_and_digest(
    library: Library, shipped: Guideline, name: str
) -> None:
    for resource_id, resource in library.resources[name].items():
        assert resource["id"] == resource_id
        assert (resource["version"], resource["status"]) == (shipped.version, shipped.status)
        assert [tag["code"] for tag in resource["meta"]["tag"]] == [shipped.digest]


def test_canonical_addresses_and_names_are_each_there_once(library: Library) -> None:
    every = [resource for kind in library.resources.values() for resource in kind.values()]
    addresses = [resource["url"] for resource in every]
    assert len(set(addresses)) == len(addresses)
    assert all(resource["name"].isalnum() and resource["name"][0].isupper() for resource in every)


def test_no_date_is_invented(library: Library) -> None:
    assert not any("date" in resource for kind in library.resources.values() for resource in kind.values())


def test_the_capability_statement_is_valid_and_lists_every_type() -> None:
    statement = describe_api(BASE, "2026-06-15T10:00:00+08:00", cross_origin=True)
    assert json.loads(CapabilityStatement.model_validate(statement).model_dump_json()) == statement
    assert [resource["type"] for resource in statement["rest"][0]["resource"]] == list(TYPES)


@pytest.mark.parametrize("name", TYPES)
def test_every_listed_search_parameter_works(library: Library, name: str) -> None:
    statement = describe_api(BASE, "2026-06-15T10:00:00+08:00", cross_origin=True)
    (listed,) = (one for one in statement["rest"][0]["resource"] if one["type"] == name)
    for parameter in listed["searchParam"]:
        bundle = asked(library, name, (parameter["name"], "no-such-value"), strict=True)
        assert bundle["total"] == 0, parameter


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("summary", ["true", "count", "false"])
def test_every_search_answers_a_valid_bundle(library: Library, name: str, summary: str) -> None:
    bundle = asked(library, name, ("_summary", summary), ("_count", "3"), ("colour", "red"))
    assert json.loads(Bundle.model_validate(bundle).model_dump_json()) == bundle
    assert bundle["total"] == len(library.resources[name])
