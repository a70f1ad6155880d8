"""A ValueSet holds exactly the codes that the service reads as its concept."""

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import pytest

from cds_service.guideline.content import Guideline, load_guideline
from cds_service.knowledge.library import Library, build_library
from cds_service.knowledge.value_sets import build_value_sets
from cds_service.record.terminology import CodeSystem, ValueSetCode, build_terminology
from tests.knowledge.conftest import NOW, SHIPPED
from tests.knowledge.membership import holds, whole_codes

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"


def value_sets_of(guideline: Guideline, rows: dict[str, list[tuple[str, bool]]]) -> dict[str, dict[str, Any]]:
    """The ValueSets of a guideline whose codes, all of ICD-10-CM, are these."""
    system = CodeSystem("icd-10-cm", ICD, dots=False)
    codes = {
        concept: tuple(ValueSetCode(ICD, code, "", prefix, "test") for code, prefix in listed)
        for concept, listed in rows.items()
    }
    terminology = build_terminology([system], codes)
    return build_value_sets(dataclasses.replace(guideline, terminology=terminology), "2026-06-15T10:00:00Z")


def test_every_concept_has_its_value_set(library: Library, shipped: Guideline) -> None:
    assert library.resources["ValueSet"].keys() == shipped.terminology.value_sets.keys()


def test_every_listed_code_is_held_by_the_value_sets_of_its_concepts_alone(
    library: Library, shipped: Guideline
) -> None:
    """Codes of systems with prefixes, and one invented code below every prefix, asked of every value set."""
    terminology = shipped.terminology
    mixed = {row.system for rows in terminology.value_sets.values() for row in rows if row.prefix}
    asked = {
        (row.system, code)
        for rows in terminology.value_sets.values()
        for row in rows
        if row.system in mixed
        for code in ((row.code, f"{row.code}ZZ") if row.prefix else (row.code,))
    }
    concerned = {
        name: resource
        for name, resource in library.resources["ValueSet"].items()
        if any(part["system"] in mixed for part in resource["compose"]["include"])
    }
    for name, resource in concerned.items():
        systems = {part["system"] for part in resource["compose"]["include"]}
        for system, code in asked:
            if system in systems:
                assert holds(resource, system, code) == (name in terminology.concepts_of(system, code)), (
                    name, system, code,
                )  # fmt: skip


def test_the_longest_listed_code_wins_in_the_value_set_too(shipped: Guideline) -> None:
    found = value_sets_of(shipped, {"disc": [("M51", True)], "cord": [("M51.0", True), ("M51.26", False)]})
    held = {code: holds(found["disc"], ICD, code) for code in ("M51", "M51.1", "M51.0", "M51.06", "M51.26")}
    assert held == {"M51": True, "M51.1": True, "M51.0": False, "M51.06": False, "M51.26": False}


def test_a_dot_is_a_dot_in_the_filter(shipped: Guideline) -> None:
    found = value_sets_of(shipped, {"pain": [("M54.5", True)]})
    assert not holds(found["pain"], ICD, "M5405")


def test_a_code_below_an_exclusion_is_not_lost(shipped: Guideline) -> None:
    found = value_sets_of(shipped, {"disc": [("M51", True), ("M51.06", False)], "cord": [("M51.0", True)]})
    assert holds(found["disc"], ICD, "M51.06")


def test_whole_codes_alone_have_an_expansion(library: Library, shipped: Guideline) -> None:
    for name, resource in library.resources["ValueSet"].items():
        rows = shipped.terminology.value_sets[name]
        if any(row.prefix for row in rows):
            assert "expansion" not in resource
        else:
            contained = [(entry["system"], entry["code"]) for entry in resource["expansion"]["contains"]]
            assert sorted(contained) == sorted(whole_codes(resource))
            assert resource["expansion"]["total"] == len(rows)


def test_every_code_says_where_it_comes_from(library: Library) -> None:
    said = [
        entry["extension"][0]["url"]
        for resource in library.resources["ValueSet"].values()
        for part in resource["compose"]["include"]
        for entry in (*part.get("concept", ()), *part.get("filter", ()))
    ]
    assert set(said) == {"urn:lumbar-mri-cds:provenance"}
    assert len(said) > 10_000


@pytest.mark.parametrize(
    ("value_set", "notice"),
    [
        pytest.param("cauda-equina", "SNOMED International", id="snomed"),
        pytest.param("esr", "Regenstrief", id="loinc"),
        pytest.param("lumbar-mri", "American Medical Association", id="cpt"),
    ],
)
def test_licensed_codes_travel_with_their_notice(library: Library, value_set: str, notice: str) -> None:
    assert notice in library.resources["ValueSet"][value_set]["copyright"]


def test_own_codes_need_no_notice(library: Library) -> None:
    assert "copyright" not in library.resources["ValueSet"]["reason-red-flag-cancer"]


def test_a_code_added_to_the_content_stands_in_value_set_and_concept_map(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "lumbar-mri"))
    before = build_library(load_guideline(folder), NOW)
    with (folder / "value_sets" / "fever.csv").open("a", encoding="utf-8") as file:
        file.write("http://hl7.org/fhir/sid/icd-10,R50.98,A new fever,exact,test\n")
    after = build_library(load_guideline(folder), NOW)
    system = "http://hl7.org/fhir/sid/icd-10"
    assert (system, "R50.98") in set(whole_codes(after.resources["ValueSet"]["fever"]))
    elements = after.resources["ConceptMap"]["icd-10"]["group"][0]["element"]
    assert [e["target"][0]["code"] for e in elements if e["code"] == "R50.98"] == ["fever"]
    assert after.edition != before.edition
