"""What each code stands for, in the form in which a site can hand in its own codes."""

from cds_service.guideline.content import Guideline
from cds_service.knowledge.library import Library

CONCEPT = "urn:lumbar-mri-cds:concept"


def test_the_maps_hold_every_code_of_every_value_set(library: Library, shipped: Guideline) -> None:
    mapped = {
        (group["source"], element["code"], target["code"])
        for resource in library.resources["ConceptMap"].values()
        for group in resource["group"]
        for element in group["element"]
        for target in element["target"]
    }
    assert mapped == {
        (row.system, row.code, concept)
        for concept, rows in shipped.terminology.value_sets.items()
        for row in rows
    }


def test_the_target_is_our_concepts_and_the_wider_of_the_two(library: Library) -> None:
    groups = [group for resource in library.resources["ConceptMap"].values() for group in resource["group"]]
    assert {group["target"] for group in groups} == {CONCEPT}
    targets = [target for group in groups for element in group["element"] for target in element["target"]]
    assert {target["equivalence"] for target in targets} == {"subsumes"}


def test_a_prefix_says_that_it_stands_for_the_codes_below(library: Library) -> None:
    (group,) = library.resources["ConceptMap"]["icd-10"]["group"]
    (element,) = (element for element in group["element"] if element["code"] == "G83.4")
    assert all("begins with" in target["comment"] for target in element["target"])
    (group,) = library.resources["ConceptMap"]["loinc"]["group"]
    assert not any("comment" in target for element in group["element"] for target in element["target"])


def test_a_code_stands_in_a_map_once(library: Library) -> None:
    for resource in library.resources["ConceptMap"].values():
        codes = [element["code"] for group in resource["group"] for element in group["element"]]
        assert len(set(codes)) == len(codes)
