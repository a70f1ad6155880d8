"""The files of `fhir_fixtures/` are what its script would write now, and are as rich as they claim."""

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from fhir_fixtures import build
from fhir_fixtures.people import FIXTURES, Fixture
from tests.builders import PREFETCH_TYPES
from tests.vignettes.asking import ask
from tests.vignettes.story import NOW

FOLDER = Path(build.__file__).parent
SYSTEMS = {
    "http://snomed.info/sct",
    "http://hl7.org/fhir/sid/icd-10",
    "http://hl7.org/fhir/sid/icd-10-cm",
    "http://loinc.org",
    "http://www.ama-assn.org/go/cpt",
}
LEADING = {
    "r1-not-indicated": ("not-indicated", "R1"),
    "r2-persistent-pain": ("may-be-indicated", "R2"),
    "r3-progressive-weakness": ("emergency", "R3"),
    "r4-cauda-equina": ("emergency", "R4"),
    "r5-infection": ("urgent", "R5"),
    "r6-after-surgery": ("urgent", "R6"),
}

every_fixture = pytest.mark.parametrize("fixture", FIXTURES, ids=[fixture.name for fixture in FIXTURES])


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


@every_fixture
def test_the_request_is_what_the_script_writes(fixture: Fixture) -> None:
    text = (FOLDER / f"{fixture.name}.request.json").read_text(encoding="utf-8")
    assert text == build.as_text(build.request_of(fixture))


@every_fixture
def test_the_service_answers_exactly_what_the_file_says(fixture: Fixture) -> None:
    text = (FOLDER / f"{fixture.name}.response.json").read_text(encoding="utf-8")
    assert build.as_text(ask(read(f"{fixture.name}.request.json"), NOW)) == text


@every_fixture
def test_the_answer_leads_with_the_recommendation_in_its_name(fixture: Fixture) -> None:
    decision = read(f"{fixture.name}.response.json")["cards"][0]["extension"]["org.lumbar-mri-cds.decision"]
    assert (decision["outcome"], decision["recommendations"][0]) == LEADING[fixture.name]


@every_fixture
def test_a_record_mixes_code_systems_amid_a_hundred_unrelated_resources(fixture: Fixture) -> None:
    text = (FOLDER / f"{fixture.name}.request.json").read_text(encoding="utf-8")
    used = set(re.findall(r'"system": "([^"]+)"', text))
    assert used >= SYSTEMS
    assert len(set(re.findall(r'"id": "(history-\d+)"', text))) >= 100


@every_fixture
def test_every_resource_of_a_record_is_the_same_patients(fixture: Fixture) -> None:
    text = (FOLDER / f"{fixture.name}.request.json").read_text(encoding="utf-8")
    assert set(re.findall(r'"Patient/([^"]+)"', text)) == {fixture.person["id"]}


@every_fixture
def test_every_resource_of_the_request_is_valid_fhir(fixture: Fixture) -> None:
    prefetch = read(f"{fixture.name}.request.json")["prefetch"]
    for key, name in PREFETCH_TYPES.items():
        model = import_module(f"fhir.resources.R4B.{name.lower()}").__dict__[name]
        for entry in prefetch[key].get("entry", ()):
            model.model_validate(entry["resource"])


def test_the_index_lists_the_files_that_are_there() -> None:
    assert read("index.json") == build.index()
    named = {entry[kind] for entry in build.index()["fixtures"] for kind in ("request", "response")}
    assert {path.name for path in FOLDER.glob("r*.json")} == named
