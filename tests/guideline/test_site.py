"""A broken overlay stops the start and says where; a right one changes what it names and nothing else."""

import json
import shutil
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cds_service.guideline.content import ContentError, load_guideline

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "cards" / "lumbar-mri"
POLYCLINIC, HOSPITAL = ROOT / "sites" / "polyclinic", ROOT / "sites" / "hospital"
SITE, CODES, MAP = "site.toml", "codes.csv", "codes.json"


def copy_of(site: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(site, tmp_path / site.name))


def rewrite(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(before) >= 1, before
    file.write_text(text.replace(before, after, 1), encoding="utf-8")


def refusal(folder: Path) -> ContentError:
    with pytest.raises(ContentError) as caught:
        load_guideline(SHIPPED, folder)
    return caught.value


@pytest.mark.parametrize(
    ("file", "before", "after", "expected"),
    [
        pytest.param(SITE, "[thresholds.care_cover_days]", "[thresholds.care_days]",
                     "thresholds.care_days: no such name", id="unknown threshold"),
        pytest.param(SITE, 'owner = "Clinical lead, Example polyclinic"\ndate = 2026-06-01\nreason',
                     "date = 2026-06-01\nreason", "owner", id="a number that nobody answers for"),
        pytest.param(SITE, "value = 21", "value = -1", "thresholds.care_cover_days.value: 0 or more", id="below zero"),
        pytest.param(SITE, "value = 21", 'value = "three weeks"', "value", id="no number"),
        pytest.param(SITE, "contrast_advice = false", "contrast = false", "switches.contrast: no such name",
                     id="unknown switch"),
        pytest.param(SITE, "contrast_advice = false", 'contrast_advice = "no"', "contrast_advice",
                     id="a switch of another kind"),
        pytest.param(SITE, "[switches]", '[switches]\nneedle_outcome = "never"', "switches.needle_outcome: one of",
                     id="no such outcome"),
        pytest.param(SITE, "Asia/Singapore", "Asia/Atlantis", "time_zone: a time zone", id="no such zone"),
        pytest.param(SITE, "https://polyclinic.example/leaflets", "javascript:alert(1)//", "leaflet_url",
                     id="no web address"),
        pytest.param(SITE, "[orders.emergency]", "[orders.ambulance]", "orders.ambulance: no such name",
                     id="unknown order"),
        pytest.param(SITE, '[orders.emergency]\nsystem = "catalogue"', '[orders.emergency]\nsystem = "other"',
                     "orders.emergency: the short name of a code system", id="an order in no system"),
        pytest.param(SITE, "[code_systems.catalogue]", "[code_systems.snomed]", "code_systems.snomed",
                     id="the name of another system"),
        pytest.param(SITE, "https://polyclinic.example/catalogue", "http://loinc.org", "code_systems.catalogue",
                     id="the address of another system"),
        pytest.param(SITE, 'code = "RAD-2210"', 'code = "RAD-1"', "catalogue|RAD-1: a code of a value set",
                     id="a study that would not be known again"),
        pytest.param(SITE, "[switches]", "[rules]\n[switches]", "rules", id="unknown table"),
        pytest.param(CODES, "system,code,display,value_set", "system,code,value_set", "the columns", id="columns"),
        pytest.param(CODES, "lumbar-mri", "lumbar", "lumbar: a value set of the guideline", id="unknown value set"),
        pytest.param(CODES, "catalogue,RAD-2211", "radiology,RAD-2211", "a system or questionnaire",
                     id="unknown system"),
        pytest.param(CODES, "catalogue,RAD-2211", "catalogue,RAD-2210", "RAD-2210 only once in lumbar-mri",
                     id="a code twice"),
        pytest.param(CODES, "catalogue,RAD-2211,MRI lumbar spine with and without contrast",
                     "snomed,394451000119107,MRI", "a code with a right check digit", id="check digit"),
        pytest.param(CODES, "catalogue,RAD-2211", "snomed,394451000119106", "a code that the guideline does not know; it is in lumbar-mri",
                     id="a code that the guideline has"),
        pytest.param(CODES, "catalogue,RAD-2211", "catalogue,", "a system, a code and a value set", id="no code"),
    ],
)  # fmt: skip
def test_a_broken_overlay_is_refused(
    tmp_path: Path, file: str, before: str, after: str, expected: str
) -> None:
    site = copy_of(POLYCLINIC, tmp_path)
    rewrite(site / file, before, after)
    error = refusal(site)
    assert error.file == file
    assert expected in error.expected


def test_a_wrong_row_is_told_with_its_line(tmp_path: Path) -> None:
    site = copy_of(POLYCLINIC, tmp_path)
    rewrite(site / CODES, "whole-spine-mri", "spine")
    assert refusal(site).line == 4


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"resourceType": "ValueSet"}, "a FHIR R4 ConceptMap", id="no ConceptMap"),
        pytest.param({"group": [{"source": "urn:x"}]}, "group.0.element", id="no element"),
        pytest.param({"group": [{"source": "urn:x", "target": "urn:y",
                     "element": [{"code": "1", "target": [{"code": "cancer", "equivalence": "equal"}]}]}]},
                     "group 1: a source, and the target urn:lumbar-mri-cds:concept", id="another target"),
        pytest.param({"group": [{"source": "urn:oid:1.2.3.4.5.6.7", "target": "urn:lumbar-mri-cds:concept",
                     "element": [{"code": "1", "target": [{"code": "cancer", "equivalence": "narrower"}]}]}]},
                     "1: a code, and an equivalence of", id="a meaning that not every patient has"),
    ],
)  # fmt: skip
def test_a_broken_map_is_refused(tmp_path: Path, change: dict[str, Any], expected: str) -> None:
    site = copy_of(HOSPITAL, tmp_path)
    given = json.loads((site / MAP).read_text(encoding="utf-8"))
    (site / MAP).write_text(json.dumps(given | change), encoding="utf-8")
    error = refusal(site)
    assert error.file == MAP
    assert expected in error.expected


def test_codes_stand_in_one_file_only(tmp_path: Path) -> None:
    site = copy_of(HOSPITAL, tmp_path)
    shutil.copy(POLYCLINIC / CODES, site / CODES)
    assert "not both" in refusal(site).expected


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nobody").file == SITE


def test_an_overlay_changes_what_it_names_and_nothing_else() -> None:
    shipped, site = load_guideline(SHIPPED), load_guideline(SHIPPED, POLYCLINIC)
    changed = {
        field.name
        for field in fields(shipped.thresholds)
        if getattr(shipped.thresholds, field.name) != getattr(site.thresholds, field.name)
    }
    assert changed == {"care_cover_days"}
    assert site.thresholds.care_cover_days == 21
    assert site.threshold_notes["care_cover_days"].unit == shipped.threshold_notes["care_cover_days"].unit
    assert (site.switches.contrast_advice, shipped.switches.contrast_advice) == (False, True)
    assert site.recommendations == shipped.recommendations
    assert site.words == shipped.words
    lost = {
        row
        for concept, rows in shipped.terminology.value_sets.items()
        for row in rows
        if row not in site.terminology.value_sets[concept]
    }
    assert not lost, "a site adds codes and takes none away"
    assert site.digest != shipped.digest


def test_every_change_is_listed_with_what_it_was_and_who_answers() -> None:
    changes = {change.name: change for change in load_guideline(SHIPPED, POLYCLINIC).site_changes}
    care = changes["care_cover_days"]
    assert (care.kind, care.before, care.after) == ("threshold", "14 d", "21 d")
    assert (care.owner, care.date.isoformat()) == ("Clinical lead, Example polyclinic", "2026-06-01")
    assert care.reason
    assert (changes["contrast_advice"].before, changes["contrast_advice"].after) == ("on", "off")
    assert changes["lumbar-without"].after == "catalogue RAD-2210"
    assert set(changes) == {
        "care_cover_days", "contrast_advice", "specialist_roles", "time_zone", "leaflet_url",
        "lumbar-without", "physiotherapy", "emergency",
    }  # fmt: skip


def test_the_digest_follows_every_file_of_the_overlay(tmp_path: Path) -> None:
    site = copy_of(HOSPITAL, tmp_path)
    before = load_guideline(SHIPPED, site).digest
    rewrite(site / MAP, "MRI knee", "MRI of knee")
    assert load_guideline(SHIPPED, site).digest != before


def test_a_local_code_with_odd_characters_is_one_token_of_the_search(tmp_path: Path) -> None:
    site = copy_of(POLYCLINIC, tmp_path)
    rewrite(site / CODES, "OBS-PVR", "OBS|PVR 1&2")
    query = load_guideline(SHIPPED, site).prefetch["observations"]
    assert "OBS%5C%7CPVR%201%262" in query


def test_a_threshold_may_be_a_fraction(tmp_path: Path) -> None:
    site = copy_of(POLYCLINIC, tmp_path)
    rewrite(site / SITE, "[thresholds.care_cover_days]\nvalue = 21", "[thresholds.fever_cel]\nvalue = 37.8")
    assert load_guideline(SHIPPED, site).thresholds.fever_cel == Decimal("37.8")
