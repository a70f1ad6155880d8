"""Every published resource is valid R4 and says which content it tells."""

import json
from dataclasses import replace
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement

from cds_service.guideline.content import Guideline
from cds_service.guideline.content_types import Approval
from cds_service.knowledge.capability import describe_api
from cds_service.knowledge.library import MODELS, TYPES, Library, build_library
from cds_service.knowledge.search import search
from tests.knowledge.conftest import NOW

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


def test_no_resource_claims_that_the_guideline_s_body_published_it(
    library: Library, shipped: Guideline
) -> None:
    told = {resource["publisher"] for by_id in library.resources.values() for resource in by_id.values()}
    assert told == {f"lumbar-mri-cds, after the {shipped.publisher}"}


def test_what_is_approved_says_when_and_until_when(shipped: Guideline) -> None:
    signed = replace(shipped, status="active", approval=Approval("A. Tan", "2026-06-01", "2027-06-01"))
    library = build_library(signed, NOW)
    assert {one["date"] for by_id in library.resources.values() for one in by_id.values()} == {"2026-06-01"}
    for name in ("PlanDefinition", "Questionnaire"):
        (one,) = library.resources[name].values()
        assert one["approvalDate"] == "2026-06-01"
        assert one["effectivePeriod"] == {"start": "2026-06-01", "end": "2027-06-01"}


def test_what_is_not_approved_has_no_date(library: Library) -> None:
    for by_id in library.resources.values():
        assert not any({"date", "approvalDate", "effectivePeriod"} & one.keys() for one in by_id.values())
