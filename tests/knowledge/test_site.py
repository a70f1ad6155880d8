"""What a site adds stands in the resources too, and a ConceptMap of ours is a ConceptMap for a site."""

import dataclasses
import json
from pathlib import Path

import pytest

from cds_service.guideline.content import Guideline, load_guideline
from cds_service.guideline.site_codes import read_site_codes
from cds_service.knowledge.canonical import computer_name, edition_of, id_of
from cds_service.knowledge.expansion import listed_codes
from cds_service.knowledge.library import Library, build_library
from cds_service.record.terminology import CodeSystem, ValueSetCode, build_terminology
from tests.knowledge.conftest import NOW, SHIPPED

SITES = Path(__file__).parents[2] / "sites"


@pytest.fixture(scope="module", params=["polyclinic", "hospital"])
def guideline(request: pytest.FixtureRequest) -> Guideline:
    return load_guideline(SHIPPED, SITES / request.param)


def test_every_local_code_stands_in_its_value_set_and_in_the_map_of_its_system(guideline: Guideline) -> None:
    assert guideline.site
    library = build_library(guideline, NOW)
    for own in guideline.site.coded:
        value_set = library.resources["ValueSet"][id_of(own.value_set)]
        assert own.code in json.dumps(value_set["compose"])
    for system in guideline.site.systems:
        (group,) = library.resources["ConceptMap"][id_of(system.name)]["group"]
        assert group["source"] == system.url


def test_local_codes_are_not_sent_to_a_terminology_server(guideline: Guideline) -> None:
    assert guideline.site
    asked = listed_codes(guideline, sorted(guideline.terminology.value_sets))
    assert not asked.keys() & {system.url for system in guideline.site.systems}


def test_the_edition_of_a_site_is_its_own(guideline: Guideline, library: Library) -> None:
    assert edition_of(guideline) != library.edition


def test_a_map_of_ours_is_read_as_a_sites_map(library: Library, shipped: Guideline, tmp_path: Path) -> None:
    (tmp_path / "codes.json").write_text(
        json.dumps(library.resources["ConceptMap"]["loinc"]), encoding="utf-8"
    )
    read = {(row.system, row.code, row.value_set) for row in read_site_codes(tmp_path, {})}
    assert read == {
        (row.system, row.code, concept)
        for concept, rows in shipped.terminology.value_sets.items()
        for row in rows
        if row.system == "http://loinc.org"
    }


def test_a_system_may_have_a_name_that_is_no_fhir_id(shipped: Guideline) -> None:
    local = CodeSystem("our_own codes", "urn:local")
    rows = {"lumbar-mri": (ValueSetCode("urn:local", "1", "", False, "test"),)}
    small = dataclasses.replace(shipped, terminology=build_terminology([local], rows))
    assert list(build_library(small, NOW).resources["ConceptMap"]) == ["our-own-codes"]


@pytest.mark.parametrize(
    ("name", "said"), [("spinal-abscess", "SpinalAbscess"), ("our_own codes", "OurOwnCodes"), ("3d", "N3d")]
)
def test_a_name_for_machines_is_made_of_letters_and_digits(name: str, said: str) -> None:
    assert computer_name(name) == said
