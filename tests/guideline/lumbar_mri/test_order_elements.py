"""The elements of a draft order, however oddly they are written."""

from typing import Any

import pytest

from cds_service.guideline.lumbar_mri.order_elements import objects_of, reference_of, text_of, words_of


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        pytest.param("Condition/c1", "Condition/c1", id="relative"),
        pytest.param("https://ehr.example/fhir/Condition/c1", "Condition/c1", id="absolute"),
        pytest.param("Condition/c1/_history/2", "Condition/c1", id="of a version"),
        pytest.param(
            "https://ehr.example/fhir/Condition/c1/_history/2", "Condition/c1", id="absolute, of a version"
        ),
        pytest.param(" Condition/c1 ", "Condition/c1", id="blanks around it"),
        pytest.param("c1", "c1", id="an id alone"),
        pytest.param(" ", None, id="blank"),
        pytest.param(7, None, id="a number"),
        pytest.param(None, None, id="missing"),
    ],
)
def test_a_reference_is_type_and_id(reference: Any, expected: str | None) -> None:
    assert reference_of({"reference": reference}) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param([{"a": 1}, "text", {"b": 2}], [{"a": 1}, {"b": 2}], id="a list"),
        pytest.param({"a": 1}, [{"a": 1}], id="one object in its place"),
        pytest.param("text", [], id="a text"),
        pytest.param(None, [], id="nothing"),
    ],
)
def test_only_objects_are_read(value: Any, expected: list[dict[str, int]]) -> None:
    assert list(objects_of(value)) == expected


def test_a_text_has_no_blanks_around_it_and_is_never_empty() -> None:
    assert [text_of(value) for value in (" MRI ", "  ", "", 7, None)] == ["MRI", None, None, None, None]


def test_the_words_of_a_concept_are_its_text_and_then_its_displays_once_each() -> None:
    coding = [{"display": "Lumbar MRI"}, {"display": "MRI"}, {"code": "1"}, {"display": " MRI "}]
    assert words_of({"text": "MRI", "coding": coding}) == ["MRI", "Lumbar MRI"]
    assert words_of({"coding": coding}) == ["Lumbar MRI", "MRI"]
    assert words_of("MRI") == []
