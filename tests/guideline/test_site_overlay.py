"""An overlay is read whole, laid whole over the guideline, and what is wrong with it is told whole."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cds_service.guideline.content import ContentError
from cds_service.guideline.content_codes import read_code_rows, read_code_systems
from cds_service.guideline.content_head import Head, notes_of, read_head
from cds_service.guideline.content_types import CodeRow
from cds_service.guideline.lumbar_mri.order_codes import Code
from cds_service.guideline.site import OwnCode, Site, SiteChange, SiteThreshold, read_site
from cds_service.guideline.site_codes import CONCEPTS, SiteCode
from cds_service.guideline.site_numbers import lay_over
from cds_service.guideline.site_overlay import list_changes, own_order_codes, own_rows, own_systems
from cds_service.record.terminology import CodeSystem, ValueSetCode
from tests.shipped import CARDS, shipped_guideline

SITE, CODES, MAP = "site.toml", "codes.csv", "codes.json"
CATALOGUE, FORM = "https://clinic.example/Catalogue", "https://clinic.example/Questionnaire/form"
WORDS_ALONE = frozenset({"red-flags"})  # a concept that has words and no code of its own
DAY = date(2026, 6, 1)

SITE_TEXT = f"""\
name = "Clinic"
owner = "Dr A"
date = 2026-06-01
time_zone = "Asia/Tokyo"
leaflet_url = "http://clinic.example/leaflet"

[thresholds.care_cover_days]
value = 21
owner = "Dr B"
date = 2026-06-02
reason = "Three weeks"

[switches]
contrast_advice = false

[code_systems.cat]
url = "{CATALOGUE}"
aliases = ["CLINIC"]

[questionnaires]
form = "{FORM}"

[studies.lumbar-without]
system = "cat"
code = "MR1"
display = "MRI lumbar"
says = "without contrast"

[orders.physiotherapy]
system = "snomed"
code = "80891009"
display = "To physiotherapy"

[orders.emergency]
system = "cat"
code = "ED 1"
display = "To ED"
"""
CODES_TEXT = """\
system,code,display,value_set
cat,MR1,MRI lumbar,lumbar-mri
form,q1,Any red flag?,red-flags
snomed,84114007,Of SNOMED,fever
http://loinc.org,2345-7,Of LOINC,fever
"""


def folder_of(tmp_path: Path, site: str = SITE_TEXT, codes: str = CODES_TEXT) -> Path:
    (tmp_path / SITE).write_text(site, encoding="utf-8")
    (tmp_path / CODES).write_text(codes, encoding="utf-8")
    return tmp_path


def with_map(tmp_path: Path, text: str) -> Path:
    (tmp_path / SITE).write_text(SITE_TEXT, encoding="utf-8")
    (tmp_path / MAP).write_text(text, encoding="utf-8")
    return tmp_path


def changed(text: str, before: str, after: str) -> str:
    assert text.count(before) >= 1, before
    return text.replace(before, after, 1)


def map_of(*groups: dict[str, Any], **more: Any) -> str:
    return json.dumps(
        {"resourceType": "ConceptMap", "status": "active", "group": list(groups), **more},
        indent=1,
        ensure_ascii=False,
    )


def group(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"source": CATALOGUE, "target": CONCEPTS, "element": list(elements), **more}


def element(code: str, *value_sets: str, equivalence: str = "equal", **more: Any) -> dict[str, Any]:
    targets = [{"code": name, "equivalence": equivalence} for name in value_sets]
    return {"code": code, "target": targets, **more}


@dataclass(frozen=True, slots=True)
class Shipped:
    """The parts of the guideline that an overlay is laid over."""

    head: Head
    systems: tuple[CodeSystem, ...]
    rows: tuple[CodeRow, ...]


@cache
def shipped() -> Shipped:
    systems = read_code_systems(CARDS)
    return Shipped(read_head(CARDS)[0], tuple(systems), tuple(read_code_rows(CARDS, systems)))


def rows_laid(site: Site) -> tuple[CodeRow, ...]:
    return own_rows(shipped().rows, own_systems(shipped().systems, site), WORDS_ALONE, site)


def told(read: Callable[[], object]) -> list[str]:
    with pytest.raises(ContentError) as caught:
        read()
    return [str(problem) for problem in caught.value.problems]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


# What is read


def test_a_site_is_read_whole(tmp_path: Path) -> None:
    site = read_site(folder_of(tmp_path))
    assert site == Site(
        name="Clinic",
        owner="Dr A",
        date=DAY,
        time_zone="Asia/Tokyo",
        leaflet_url="http://clinic.example/leaflet",
        thresholds={
            "care_cover_days": SiteThreshold(Decimal(21), "Dr B", date(2026, 6, 2), "Three weeks"),
        },
        switches={"contrast_advice": False},
        systems=(CodeSystem("cat", CATALOGUE, ("CLINIC",)),),
        questionnaires={"form": FORM},
        studies={"lumbar-without": OwnCode("cat", Code("MR1", "MRI lumbar", "without contrast"))},
        orders={
            "physiotherapy": OwnCode("snomed", Code("80891009", "To physiotherapy", "")),
            "emergency": OwnCode("cat", Code("ED 1", "To ED", "")),
        },
        codes=(
            SiteCode(CATALOGUE, "MR1", "MRI lumbar", "lumbar-mri", CODES, 2),
            SiteCode(FORM, "q1", "Any red flag?", "red-flags", CODES, 3),
            SiteCode("snomed", "84114007", "Of SNOMED", "fever", CODES, 4),
            SiteCode("http://loinc.org", "2345-7", "Of LOINC", "fever", CODES, 5),
        ),
        digest=site.digest,
        table=site.table,
    )
    assert site.answers == {(FORM, "q1"): "red-flags"}
    assert [row.code for row in site.coded] == ["MR1", "84114007", "2345-7"]


def test_a_site_may_change_nothing(tmp_path: Path) -> None:
    (tmp_path / SITE).write_text('name = "Clinic"\nowner = "Dr A"\ndate = 2026-06-01\n', encoding="utf-8")
    site = read_site(tmp_path)
    assert (site.time_zone, site.leaflet_url, site.codes) == (None, "", ())
    assert rows_laid(site) == shipped().rows
    assert lay_over(shipped().head, site) == lay_over(shipped().head, None)


def test_a_map_is_read_whole(tmp_path: Path) -> None:
    text = map_of(
        group(
            element("ä1", "fever", "cancer", equivalence="wider", display="Hot"),
            element("b2", "fever"),
            element("c3", "fever", equivalence="unmatched"),
            element("d4"),
            {"code": "e5"},
        ),
        group(element("b2", "cancer", display="Again", equivalence="subsumes"), source=FORM),
    )
    read = read_site(with_map(tmp_path, text)).codes
    assert read == (
        SiteCode(CATALOGUE, "ä1", "Hot", "fever", MAP, line_of(text, '"ä1"')),
        SiteCode(CATALOGUE, "ä1", "Hot", "cancer", MAP, line_of(text, '"ä1"')),
        SiteCode(CATALOGUE, "b2", "b2", "fever", MAP, line_of(text, '"b2"')),
        SiteCode(FORM, "b2", "Again", "cancer", MAP, line_of(text, '"b2"')),
    )


def test_a_code_that_the_map_spells_with_escapes_has_no_line(tmp_path: Path) -> None:
    text = map_of(group(element("a1", "fever"))).replace('"a1"', '"\\u00611"')
    (row,) = read_site(with_map(tmp_path, text)).codes
    assert (row.code, row.line) == ("a1", None)


def test_a_map_without_a_group_holds_no_code(tmp_path: Path) -> None:
    text = json.dumps({"resourceType": "ConceptMap", "status": "active"})
    assert read_site(with_map(tmp_path, text)).codes == ()


@pytest.mark.parametrize(
    ("name", "counts"),
    [(SITE, True), (CODES, True), (MAP, True), ("README.md", False), (".swap.txt", False)],
)
def test_the_digest_is_that_of_the_files_which_are_read(name: str, counts: bool, tmp_path: Path) -> None:
    folder = with_map(tmp_path, map_of()) if name == MAP else folder_of(tmp_path)
    before = read_site(folder).digest
    file = folder / name
    given = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(f"{given}\n", encoding="utf-8")
    assert (read_site(folder).digest != before) is counts


# What is laid over the guideline


def test_the_codes_of_a_site_stand_behind_those_of_the_guideline(tmp_path: Path) -> None:
    site = read_site(folder_of(tmp_path))
    systems = own_systems(shipped().systems, site)
    rows = rows_laid(site)
    url = {system.name: system.url for system in systems}

    def row(line: int | None, concept: str, system: str, code: str, display: str) -> CodeRow:
        return CodeRow(
            CODES if line else SITE,
            line,
            concept,
            ValueSetCode(url[system], code, display, False, "site: Clinic"),
        )

    assert systems == (*shipped().systems, CodeSystem("cat", CATALOGUE, ("CLINIC",)))
    assert rows[: len(shipped().rows)] == shipped().rows
    assert rows[len(shipped().rows) :] == (
        row(2, "lumbar-mri", "cat", "MR1", "MRI lumbar"),
        row(4, "fever", "snomed", "84114007", "Of SNOMED"),
        row(5, "fever", "loinc", "2345-7", "Of LOINC"),
        row(None, "order-physiotherapy", "snomed", "80891009", "To physiotherapy"),
        row(None, "order-emergency", "cat", "ED 1", "To ED"),
    )


def test_the_site_s_code_of_an_order_comes_first_and_takes_the_place_of_one_of_its_system(
    tmp_path: Path,
) -> None:
    site = read_site(folder_of(tmp_path))
    systems = {system.name: system for system in own_systems(shipped().systems, site)}
    given = shipped_guideline().order_codes
    own = own_order_codes(given, systems, site)
    lumbar = given.studies["lumbar-without"]
    assert list(own.studies["lumbar-without"].codes.items()) == [
        ("cat", Code("MR1", "MRI lumbar", "without contrast")),
        *lumbar.codes.items(),
    ]
    assert own.studies == {
        **given.studies,
        "lumbar-without": replace(lumbar, codes=own.studies["lumbar-without"].codes),
    }
    assert "snomed" in given.orders["physiotherapy"].codes
    assert own.orders == {
        **given.orders,
        "physiotherapy": replace(
            given.orders["physiotherapy"], codes={"snomed": Code("80891009", "To physiotherapy", "")}
        ),
        "emergency": replace(given.orders["emergency"], codes={"cat": Code("ED 1", "To ED", "")}),
    }


def test_every_change_is_listed_whole_and_what_is_only_repeated_is_none(tmp_path: Path) -> None:
    text = changed(SITE_TEXT, "[switches]", "[switches]\nendorse = true")
    again = '[thresholds.adult_age]\nvalue = 18\nowner = "x"\ndate = 2026-06-01\nreason = "x"\n\n'
    text = changed(text, "[thresholds.care_cover_days]", f"{again}[thresholds.care_cover_days]")
    site, head = read_site(folder_of(tmp_path, text)), shipped().head
    assert (head.switches["endorse"], head.time_zone) == (True, "Asia/Singapore")

    def change(kind: str, name: str, before: str, after: str) -> SiteChange:
        return SiteChange(kind, name, before, after, "Dr A", DAY, "")

    listed = (
        SiteChange("threshold", "care_cover_days", "14 d", "21 d", "Dr B", date(2026, 6, 2), "Three weeks"),
        change("switch", "contrast_advice", "on", "off"),
        change("time zone", "time_zone", "Asia/Singapore", "Asia/Tokyo"),
        change("leaflet", "leaflet_url", "none", "http://clinic.example/leaflet"),
        change("order code", "lumbar-without", "", "cat MR1"),
        change("order code", "physiotherapy", "", "snomed 80891009"),
        change("order code", "emergency", "", "cat ED 1"),
    )
    assert lay_over(head, site).changes == listed
    here = tuple(list_changes(site, notes_of(head), head.switches, "Asia/Tokyo"))
    assert here == tuple(one for one in listed if one.kind != "time zone")


def test_the_numbers_of_a_site_hold_in_the_rules_and_in_the_notes(tmp_path: Path) -> None:
    alone = lay_over(shipped().head, None)
    laid = lay_over(shipped().head, read_site(folder_of(tmp_path)))
    assert alone.changes == ()
    assert laid.thresholds == replace(alone.thresholds, care_cover_days=21)
    assert laid.switches == replace(alone.switches, contrast_advice=False)
    cover = alone.notes["care_cover_days"]
    assert laid.notes == {**alone.notes, "care_cover_days": replace(cover, value=Decimal(21))}


# What is wrong

ADDRESS = "an absolute address without a version, such as https://... or urn:oid:..."
UNKNOWN_SYSTEM = f"a system or questionnaire of {SITE} or code_systems.toml"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(f'url = "{CATALOGUE}"', 'url = "catalogue"', f"code_systems.cat: {ADDRESS}", id="no address of a system"),
        pytest.param(f'form = "{FORM}"', 'form = "form"', f"questionnaires.form: {ADDRESS}", id="no address of a form"),
        pytest.param(f'form = "{FORM}"', f'form = "{CATALOGUE}/"',
                     f"questionnaires.form: {CATALOGUE}/ only once; code_systems.cat has it, too", id="one address for two"),
        pytest.param(f'form = "{FORM}"', f'clinic = "{FORM}"',
                     "questionnaires.clinic: clinic only once; code_systems.cat has it, too", id="one name for two"),
        pytest.param('code = "MR1"', 'code = " MR1"', "studies.lumbar-without.code: a code without blanks around it", id="a blank before a code"),
        pytest.param('code = "ED 1"', 'code = "MR1"',
                     "orders.emergency.code: MR1 only once; studies.lumbar-without has it, too", id="one code for two"),
    ],
)  # fmt: skip
def test_a_fault_within_a_site_is_told_whole(before: str, after: str, expected: str, tmp_path: Path) -> None:
    text = changed(SITE_TEXT, before, after)
    found = told(lambda: read_site(folder_of(tmp_path, text)))
    place = line_of(SITE_TEXT, "[code_systems.cat]" if expected.startswith("code_systems") else before)
    assert found == [f"{SITE}:{place}: {expected}"]


def test_a_code_belongs_to_its_system_and_may_stand_in_two(tmp_path: Path) -> None:
    text = changed(SITE_TEXT, 'system = "snomed"\ncode = "80891009"', 'system = "loinc"\ncode = "MR1"')
    assert read_site(folder_of(tmp_path, text)).orders["physiotherapy"].code.code == "MR1"


def test_a_file_that_nobody_reads_is_told_whole(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    for name in ("code.csv", "a.txt", ".codes.csv", "notes.docx"):
        (folder / name).write_text("x\n", encoding="utf-8")
    expected = "no such file; an overlay is site.toml, codes.csv, codes.json, README.md"
    assert told(lambda: read_site(folder)) == [f"a.txt: {expected}", f"code.csv: {expected}"]


def test_codes_in_two_files_are_told_whole(tmp_path: Path) -> None:
    (folder_of(tmp_path) / MAP).write_text(map_of(), encoding="utf-8")
    assert told(lambda: read_site(tmp_path)) == [f"{MAP}: either {CODES} or {MAP}, not both"]


def test_every_wrong_row_of_the_codes_is_told(tmp_path: Path) -> None:
    rows = "cat,A\ncat,B\ncat,C,,fever\ncat,D,,fever\ncat,E|1,E,fever\ncat,F|1,F,fever\ncat,G,G,fever\ncat,G,H,fever\n"
    folder = folder_of(tmp_path, codes=f"system,code,display,value_set\n{rows}")
    lacking = "a system, a code, its display and a value set"
    assert told(lambda: read_site(folder)) == [
        f"{CODES}:2: 4 columns",
        f"{CODES}:3: 4 columns",
        f"{CODES}:4: {lacking}",
        f"{CODES}:5: {lacking}",
        f"{CODES}:6: E|1: a code without |",
        f"{CODES}:7: F|1: a code without |",
        f"{CODES}:9: G only once in fever",
    ]


MAP_OF_ONE = map_of(group(element("a1", "fever")))


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        pytest.param("{\n]", 2, "valid JSON", id="no JSON"),
        pytest.param("[" * 100_000, None, "JSON that nests less deep", id="lists in lists"),
        pytest.param("[]", None, "a FHIR R4 ConceptMap; resource is not", id="a list"),
        pytest.param(map_of({"source": CATALOGUE}), None, "a FHIR R4 ConceptMap; group.0.element is not", id="no element"),
        pytest.param('{"status": "active", "status": "active"}', None, "valid JSON (a member stands twice in one object)", id="twice"),
        pytest.param(changed(MAP_OF_ONE, '"active"', '"retired"'), 3, "a map in use; this one is retired", id="retired"),
        pytest.param(map_of(modifierExtension=[{"url": "http://x.example", "valueBoolean": True}]), 5,
                     "no extension that changes the meaning", id="an extension"),
        pytest.param(map_of(group(element("a1", "fever")), group(element("b2", "fever"), target="urn:x")), None,
                     f"group 2: a source, and the target {CONCEPTS}", id="another target"),
        pytest.param(map_of({"target": CONCEPTS, "element": [element("a1", "fever")]}), None,
                     f"group 1: a source, and the target {CONCEPTS}", id="no source"),
        pytest.param(map_of(group(element("a1", "fever"), unmapped={"mode": "fixed", "code": "fever"})), None,
                     "group 1: every code by itself, and no rule for the others", id="a rule for the others"),
        pytest.param(map_of(group(element("a1", "fever"), element("a1", "fever"))), 10, "a1 only once in fever", id="a code twice"),
    ],
)  # fmt: skip
def test_a_fault_of_a_whole_map_is_told_whole(
    text: str, line: int | None, expected: str, tmp_path: Path
) -> None:
    place = MAP if line is None else f"{MAP}:{line}"
    assert told(lambda: read_site(with_map(tmp_path, text))) == [f"{place}: {expected}"]


def test_every_wrong_group_and_element_of_a_map_is_told(tmp_path: Path) -> None:
    wrong = group(element("a1", "fever"), target="urn:x")
    text = map_of(wrong, wrong, group(element("b2", "fever", equivalence="narrower"), {"target": []}))
    holds = "disjoint, equal, equivalent, subsumes, unmatched, wider"
    assert told(lambda: read_site(with_map(tmp_path, text))) == [
        f"{MAP}: group 1: a source, and the target {CONCEPTS}",
        f"{MAP}: group 2: a source, and the target {CONCEPTS}",
        f"{MAP}:{line_of(text, chr(34) + 'b2')}: b2: a code, and an equivalence of {holds}",
    ]


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        pytest.param("[code_systems.cat]", "[code_systems.snomed]", "code_systems.snomed", id="its name"),
        pytest.param(f'url = "{CATALOGUE}"', 'url = "HTTP://loinc.org/"', "code_systems.cat", id="its address"),
        pytest.param('aliases = ["CLINIC"]', 'aliases = ["CLINIC", "sct"]', "code_systems.cat", id="another name of it"),
        pytest.param(f'form = "{FORM}"', f'cpt = "{FORM}"', "questionnaires.cpt", id="its name for a form"),
        pytest.param(f'form = "{FORM}"', 'form = "http://snomed.info/sct"', "questionnaires.form", id="its address for a form"),
    ],
)  # fmt: skip
def test_what_another_system_has_is_told_whole(before: str, after: str, place: str, tmp_path: Path) -> None:
    text = changed(SITE_TEXT, before, after)
    site = read_site(folder_of(tmp_path, text))
    line = line_of(text, f"[{place}]" if place.startswith("code_systems") else after)
    assert told(lambda: own_systems(shipped().systems, site)) == [
        f"{SITE}:{line}: {place}: a name and address of no other system"
    ]


def test_every_code_that_does_not_fit_is_told_whole(tmp_path: Path) -> None:
    rows = (
        "cat,MR1,MRI,lumbar",
        "form,q1,Any?,red-flag",
        "form,q2,Ill?,fever",
        "form,q2,Ill?,cancer",
        "form,q2,Ill?,red-flags",
        "shop,1,One,fever",
        "shop,2,Two,fever",
        "loinc,2345-6,Sugar,fever",
        "icd-10,C90.0,Myeloma,fever",
        "icd-10,R50.9,Fever,cancer",
    )
    site = read_site(folder_of(tmp_path, codes="\n".join(("system,code,display,value_set", *rows, ""))))
    known = "a code that the guideline does not know; it is in"
    assert told(lambda: rows_laid(site)) == [
        f"{CODES}:2: lumbar: a value set of the guideline",
        f"{CODES}:3: red-flag: a value set of the guideline",
        f"{CODES}:5: q2: one meaning for a question; it asks for fever",
        f"{CODES}:6: q2: one meaning for a question; it asks for fever",
        f"{CODES}:7: {UNKNOWN_SYSTEM}",
        f"{CODES}:8: {UNKNOWN_SYSTEM}",
        f"{CODES}:9: 2345-6: a code with a right check digit (mod10)",
        f"{CODES}:10: C90.0: {known} cancer-high-risk, spinal-tumour",
        f"{CODES}:11: R50.9: {known} fever",
    ]


def test_a_code_of_the_emergency_referral_with_another_meaning_is_told_whole(tmp_path: Path) -> None:
    codes = f"{CODES_TEXT}cat,ED 1,One,fever\ncat,ED 1,One,cancer\n"
    site = read_site(folder_of(tmp_path, codes=codes))
    expected = "a code of its own for the emergency referral; it is in cancer, fever"
    assert told(lambda: rows_laid(site)) == [
        f"{SITE}:{line_of(SITE_TEXT, 'code = ' + chr(34) + 'ED 1')}: orders.emergency.code: {expected}"
    ]


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        pytest.param('"cat"\ncode = "MR1"', '"shop"\ncode = "MR1"', "studies.lumbar-without", id="a study of no system"),
        pytest.param('"cat"\ncode = "MR1"', '"snomed"\ncode = "1"', "studies.lumbar-without", id="a study by no code"),
        pytest.param('"cat"\ncode = "ED 1"', '"shop"\ncode = "ED 1"', "orders.emergency", id="an order of no system"),
        pytest.param('"snomed"\ncode = "80891009"', '"snomed"\ncode = "80891008"', "orders.physiotherapy", id="an order by no code"),
    ],
)  # fmt: skip
def test_an_order_by_no_code_of_a_system_is_told_whole(
    before: str, after: str, place: str, tmp_path: Path
) -> None:
    text = changed(SITE_TEXT, before, after)
    site = read_site(folder_of(tmp_path, text))
    systems = {system.name: system for system in own_systems(shipped().systems, site)}
    expected = (
        f"{SITE}:{line_of(text, f'[{place}]')}: {place}: the short name of a code system, and a code of it"
    )
    assert told(lambda: own_order_codes(shipped_guideline().order_codes, systems, site)) == [expected]
    if place.startswith("orders"):
        assert told(lambda: rows_laid(site)) == [expected]


def test_numbers_and_switches_that_cannot_be_are_told_together(tmp_path: Path) -> None:
    text = changed(SITE_TEXT, "value = 21", "value = 0.5")
    text = changed(text, "contrast_advice = false", 'contrast_advice = "no"')
    site = read_site(folder_of(tmp_path, text))
    assert told(lambda: lay_over(shipped().head, site)) == [
        f"{SITE}:{line_of(text, 'value = 0.5')}: thresholds.care_cover_days.value: a whole number",
        f"{SITE}:{line_of(text, 'contrast_advice')}: switches.contrast_advice: true or false",
    ]
