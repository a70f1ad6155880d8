"""A broken overlay stops the start and says where; a right one changes what it names and nothing else."""

import json
import shutil
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cds_service.guideline.content import ContentError, load_guideline
from cds_service.guideline.site import read_site

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
        pytest.param(CODES, "catalogue,RAD-2211", "catalogue,", "a system, a code, its display and a value set", id="no code"),
        pytest.param(SITE, "value = 21", 'value = "21"', "a number without quotes", id="a number in quotes"),
        pytest.param(SITE, "value = 21", "value = 1e999999", "a number below", id="a number without end"),
        pytest.param(SITE, "value = 21", "value = 100000000", "a number below", id="more days than time has"),
        pytest.param(SITE, "date = 2026-06-01", 'date = "2026-06-01"', "a date without quotes", id="a date in quotes"),
        pytest.param(SITE, "date = 2026-06-01", "date = 20260601", "a date without quotes", id="a date as a number"),
        pytest.param(SITE, 'reason = "Our', 'reason = " " # "', "a text on one line", id="no reason"),
        pytest.param(SITE, 'name = "Example polyclinic"', 'name = " "', "a text on one line", id="no name"),
        pytest.param(SITE, 'Asia/Singapore', 'Asia', "a time zone", id="a folder of zones"),
        pytest.param(SITE, "https://polyclinic.example/leaflets", "https://a:b@polyclinic.example/leaflets", "leaflet_url",
                     id="an address with a name before the host"),
        pytest.param(SITE, "https://polyclinic.example/leaflets", "https://polyclinic.example:99999/leaflets", "leaflet_url",
                     id="an address with no port"),
        pytest.param(SITE, "Orthopaedic surgery", "", "specialist_roles.1", id="a role of no words"),
        pytest.param(SITE, 'aliases = ["POLYCAT"]', 'aliases = ["loinc"]', "code_systems.catalogue", id="an alias that is a name"),
        pytest.param(SITE, "[code_systems.catalogue]", '[code_systems.two]\nurl = "urn:two"\naliases = ["polycat"]\n[code_systems.catalogue]',
                     "only once", id="an alias twice"),
        pytest.param(SITE, "https://polyclinic.example/catalogue", "my catalogue", "an absolute address", id="no address of a system"),
        pytest.param(SITE, "[code_systems.catalogue]", '[questionnaires]\ncatalogue = "urn:form"\n[code_systems.catalogue]',
                     "catalogue only once", id="a form with the name of a system"),
        pytest.param(SITE, "[code_systems.catalogue]", '[questionnaires]\nsnomed = "urn:form"\n[code_systems.catalogue]',
                     "a name and address of no other system", id="a form with the name of a system of the guideline"),
        pytest.param(SITE, "[code_systems.catalogue]", '[questionnaires]\nform = "http://snomed.info/sct"\n[code_systems.catalogue]',
                     "a name and address of no other system", id="a form with the address of a system"),
        pytest.param(SITE, "[code_systems.catalogue]", '[questionnaires]\nform = "https://x.example/Q|1"\n[code_systems.catalogue]',
                     "an absolute address without a version", id="a form with a version"),
        pytest.param(SITE, 'code = "REF-ED"', 'code = "REF-PT"', "REF-PT only once; orders.physiotherapy has it", id="one code for two orders"),
        pytest.param(SITE, 'code = "REF-ED"', 'code = "RAD-2210"', "RAD-2210 only once", id="one code for an order and a study"),
        pytest.param(SITE, 'code = "REF-ED"', 'code = "VIS-PT"', "a code of its own for the emergency referral; it is in physical-therapy",
                     id="an emergency referral that means something else"),
        pytest.param(SITE, 'code = "REF-ED"', 'code = " REF-ED "', "a code without blanks", id="a code with blanks"),
        pytest.param(SITE, 'display = "Referral to emergency department"', 'display = " "', "a text on one line", id="no display"),
        pytest.param(SITE, 'code = "RAD-2210"', 'code = "RAD-2290"', "RAD-2290: a code of lumbar-mri", id="a study of another region"),
        pytest.param(SITE, 'code = "RAD-2210"', 'code = "VIS-PT"', "VIS-PT: a code of lumbar-mri", id="a study that is none"),
        pytest.param(SITE, 'code = "RAD-2210"', 'code = "RAD-2211"', "a study without contrast, not 'MRI lumbar spine with and without",
                     id="a study of another contrast"),
        pytest.param(CODES, "catalogue,OBS-PVR", '"catalogue",OBS|PVR', "a code without |", id="a code that is cut in a record"),
        pytest.param(CODES, "catalogue,OBS-PVR", "icd-10,R50x9", "as icd-10 spells it", id="a code as nobody spells it"),
        pytest.param(CODES, "catalogue,OBS-PVR", "icd-10,C61", "it is in cancer-high-risk", id="another meaning of a red flag"),
        pytest.param(CODES, "catalogue,OBS-PVR", "icd-10,C61.0", "a code", id="a whole code that would win over a prefix"),
        pytest.param(CODES, "catalogue,OBS-PVR", 'catalogue,"OBS\nPVR"', "on one line", id="a code over two lines"),
        pytest.param(CODES, "catalogue,OBS-PVR,Bladder", 'catalogue,OBS-PVR,"Bladder', "a row of a CSV file", id="an open quotation mark"),
        pytest.param(CODES, "RAD-2290,MRI whole spine without contrast", "RAD-2290,", "its display", id="no words for a code"),
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
        pytest.param({"status": "retired"}, "a map in use", id="retired"),
        pytest.param({"modifierExtension": [{"url": "http://x.example", "valueBoolean": True}]}, "changes the meaning",
                     id="an extension that changes the meaning"),
        pytest.param({"group": [{"source": "urn:oid:1.2.3.4.5.6.7", "target": "urn:lumbar-mri-cds:concept",
                     "element": [{"code": "1"}], "unmapped": {"mode": "fixed", "code": "cancer"}}]},
                     "no rule for the others", id="a rule for all other codes"),
        pytest.param({"group": [{"source": "urn:oid:1.2.3.4.5.6.7", "target": "urn:lumbar-mri-cds:concept",
                     "element": [{"code": "1", "target": [{"code": "cancer", "equivalence": "equal",
                                  "dependsOn": [{"property": "http://x.example", "value": "child"}]}]}]}]},
                     "whatever else is recorded", id="a meaning on a condition"),
        pytest.param({"group": [{"source": "urn:oid:1.2.3.4.5.6.7", "target": "urn:lumbar-mri-cds:concept",
                     "element": [{"code": "1", "target": [{"equivalence": "unmatched"},
                                  {"code": "cancer", "equivalence": "equal"}]}]}]},
                     "or that it belongs to none", id="a meaning and none"),
    ],
)  # fmt: skip
def test_a_broken_map_is_refused(tmp_path: Path, change: dict[str, Any], expected: str) -> None:
    site = copy_of(HOSPITAL, tmp_path)
    given = json.loads((site / MAP).read_text(encoding="utf-8"))
    (site / MAP).write_text(json.dumps(given | change), encoding="utf-8")
    error = refusal(site)
    assert error.file == MAP
    assert expected in error.expected


def test_a_wrong_element_of_a_map_is_told_with_its_line(tmp_path: Path) -> None:
    site = copy_of(HOSPITAL, tmp_path)
    rewrite(site / MAP, '"code": "residual-volume"', '"code": "residual"')
    assert refusal(site).line == 14


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("[" * 100_000, "nests less deep", id="lists in lists"),
        pytest.param('{"x": ' + "9" * 5000 + "}", "valid JSON", id="digits without end"),
        pytest.param('{"status": "draft", "status": "active"}', "a member stands twice", id="a member twice"),
        pytest.param("", "valid JSON", id="empty"),
        pytest.param("[]", "a FHIR R4 ConceptMap", id="a list"),
    ],
)
def test_a_map_that_is_no_object_to_read_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    site = copy_of(HOSPITAL, tmp_path)
    (site / MAP).write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=expected):
        read_site(site)


@pytest.mark.parametrize("name", ["code.csv", "codes.CSV", "thresholds.toml", "cancer.md", "more/codes.csv"])
def test_a_file_that_nobody_reads_is_refused(tmp_path: Path, name: str) -> None:
    site = copy_of(HOSPITAL, tmp_path)
    (site / name).parent.mkdir(exist_ok=True)
    (site / name).write_text("x\n", encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        read_site(site)
    assert caught.value.file == name


@pytest.mark.parametrize("file", [SITE, CODES])
def test_the_mark_of_a_windows_editor_is_taken(tmp_path: Path, file: str) -> None:
    site = copy_of(POLYCLINIC, tmp_path)
    text = (site / file).read_bytes().replace(b"\n", b"\r\n")
    (site / file).write_bytes(b"\xef\xbb\xbf" + text)
    assert read_site(site).codes == read_site(POLYCLINIC).codes


def test_the_address_of_a_system_may_end_with_a_slash(tmp_path: Path) -> None:
    site = copy_of(POLYCLINIC, tmp_path)
    rewrite(site / SITE, "polyclinic.example/catalogue", "polyclinic.example/catalogue/")
    known = load_guideline(SHIPPED, site).terminology.concepts_of
    assert "lumbar-mri" in known("https://polyclinic.example/catalogue", "RAD-2210")


def test_a_question_has_one_meaning(tmp_path: Path) -> None:
    site = copy_of(HOSPITAL, tmp_path)
    again = '{ "code": "q7", "target": [{ "code": "fever", "equivalence": "equal" }] },'
    rewrite(site / MAP, '{ "code": "q8"', again + '{ "code": "q8"')
    assert "q7: one meaning for a question" in refusal(site).expected


def test_what_an_overlay_only_repeats_is_no_change(tmp_path: Path) -> None:
    site = copy_of(POLYCLINIC, tmp_path)
    rewrite(site / SITE, "value = 21", "value = 14")
    rewrite(site / SITE, "contrast_advice = false", "contrast_advice = true")
    names = {change.name for change in load_guideline(SHIPPED, site).site_changes}
    assert names.isdisjoint({"care_cover_days", "contrast_advice", "time_zone"})


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
        "care_cover_days", "contrast_advice", "specialist_roles", "leaflet_url",
        "lumbar-without", "physiotherapy", "emergency",
    }  # fmt: skip


def test_the_digest_follows_every_file_of_the_overlay(tmp_path: Path) -> None:
    site = copy_of(HOSPITAL, tmp_path)
    before = load_guideline(SHIPPED, site).digest
    rewrite(site / MAP, "MRI knee", "MRI of knee")
    assert load_guideline(SHIPPED, site).digest != before


def test_a_local_code_with_odd_characters_is_one_token_of_the_search(tmp_path: Path) -> None:
    site = copy_of(POLYCLINIC, tmp_path)
    rewrite(site / CODES, "OBS-PVR", '"OBS,PVR $1&2"')
    query = load_guideline(SHIPPED, site).prefetch["observations"]
    assert "OBS%5C%2CPVR%20%5C%241%262" in query


def test_a_threshold_may_be_a_fraction(tmp_path: Path) -> None:
    site = copy_of(POLYCLINIC, tmp_path)
    rewrite(site / SITE, "[thresholds.care_cover_days]\nvalue = 21", "[thresholds.fever_cel]\nvalue = 37.8")
    assert load_guideline(SHIPPED, site).thresholds.fever_cel == Decimal("37.8")
