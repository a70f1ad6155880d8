"""A fault of content or of a site is told whole: its file, its line, the name of the entry and what belongs there."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from cds_service.guideline.content_codes import read_code_rows, read_code_systems
from cds_service.guideline.content_files import read_table, within
from cds_service.guideline.content_head import read_head
from cds_service.guideline.content_sources import read_sources
from cds_service.guideline.examples import read_examples
from cds_service.guideline.expansions import read_expansions
from cds_service.guideline.links import is_link
from cds_service.guideline.site import read_site
from cds_service.guideline.time_zones import is_time_zone
from cds_service.guideline.words import WordsError, read_words
from tests.guideline.told import rewritten, told
from tests.shipped import shipped_guideline

ROOT = Path(__file__).parents[2]
SHIPPED, POLYCLINIC = ROOT / "cards" / "lumbar-mri", ROOT / "sites" / "polyclinic"
HEAD, SITE, CODES, FEVER = "guideline.toml", "site.toml", "codes.csv", "value_sets/fever.csv"
ICD, SNOMED = "http://hl7.org/fhir/sid/icd-10", "http://snomed.info/sct"
ABOVE = "# a line above\n"


SIGNED = {
    'status = "draft"': 'status = "active"',
    'approver = ""': 'approver = "A"',
    '\ndate = ""': '\ndate = "2026-06-15"',
    'next_review = ""': 'next_review = "2027-06-15"',
}
NOT_SIGNED = "a date as 2026-06-15, because the status is active"
WORDS_OF_ROLE = "words on one line, or system|code"


@pytest.mark.parametrize(
    ("changes", "place", "expected"),
    [
        pytest.param({'\nurl = "[^"]*"': '\nurl = "http://x.example"'}, "url", "an absolute https address", id="url"),
        pytest.param({'details_url = "[^"]*"': 'details_url = "x"'}, "details_url", "an absolute https address", id="details_url"),
        pytest.param({'"Asia/Singapore"': '"Asia"'}, "time_zone", "a time zone such as Asia/Singapore", id="time zone"),
        pytest.param({r"\[recommendations.R6\]": "[recommendations.R7]\nstatement = \"s\"\nstrength = \"strong\"\ncertainty = \"c\"\n[recommendations.R6]"},
                     "recommendations.R7", "no such recommendation", id="another recommendation"),
        pytest.param({'\ninfo = "[^"]*"|\nendorsed = "[^"]*"': '\nfancy = "info"\nendorsed = "info"'}, "indicators.fancy", "no such outcome", id="another outcome"),
        pytest.param({'\nemergency = "critical"': '\nemergency = "info"'}, "indicators.emergency", "critical", id="emergency"),
        pytest.param({'needle_outcome = "[^"]*"': 'needle_outcome = "never"'}, "switches.needle_outcome",
                     "one of emergency, indicated, possible, urgent", id="outcome of a switch"),
        pytest.param({r"specialist_roles = \[\]": 'specialist_roles = ["a", " b"]'}, "switches.specialist_roles.1", WORDS_OF_ROLE, id="a blank before a role"),
        pytest.param({r"specialist_roles = \[\]": 'specialist_roles = ["a\\tb"]'}, "switches.specialist_roles.0", WORDS_OF_ROLE, id="a tab in a role"),
        pytest.param({r"specialist_roles = \[\]": 'specialist_roles = "x"'}, "switches.specialist_roles", "a list of texts", id="a text for a list"),
        pytest.param({r"specialist_roles = \[\]": "specialist_roles = [1]"}, "switches.specialist_roles", "a list of texts", id="numbers for texts"),
        pytest.param({r"contrast_advice = \w+": "contrast_advice = 1"}, "switches.contrast_advice", "true or false", id="a number for a choice"),
        pytest.param({r"contrast_advice = \w+": "contrast = true\ncontrast_advice = true"}, "switches.contrast", "no such name", id="another switch"),
    ],
)  # fmt: skip
def test_a_fault_of_the_head_is_told_whole(
    changes: dict[str, str], place: str, expected: str, tmp_path: Path
) -> None:
    file = Path(shutil.copy(SHIPPED / HEAD, tmp_path / HEAD))
    [line] = rewritten(file, changes)
    assert told(lambda: read_head(tmp_path)) == [f"{HEAD}:{line}: {place}: {expected}"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param("approver", 'approver = " "', "approval.approver: a name, because the status is active", id="no name"),
        pytest.param("date", 'date = ""', f"approval.date: {NOT_SIGNED}", id="no day"),
        pytest.param("next_review", 'next_review = "soon"', f"approval.next_review: {NOT_SIGNED}", id="no day of the review"),
        pytest.param("next_review", 'next_review = "2026-06-15"', "approval.next_review: later than approval.date", id="review on the same day"),
    ],
)  # fmt: skip
def test_a_fault_of_the_approval_is_told_whole(name: str, value: str, expected: str, tmp_path: Path) -> None:
    file = Path(shutil.copy(SHIPPED / HEAD, tmp_path / HEAD))
    rewritten(file, SIGNED)
    [line] = rewritten(file, {rf'(?<=\n){name} = "[^"]*"': value})
    assert told(lambda: read_head(tmp_path)) == [f"{HEAD}:{line}: {expected}"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param('origin = "[^"]*"', 'origin = "ME"', "origin: one of ACG, DESIGN, OTHER, SEED", id="origin"),
        pytest.param('unit = "[^"]*"', 'unit = "mo"', "unit: a: the rules calculate in the unit that the name ends with", id="unit"),
        pytest.param('source = "[^"]*"', 'source = " "', "source: a source", id="source"),
        pytest.param('meaning = "[^"]*"', 'meaning = " "', "meaning: a meaning", id="meaning"),
        pytest.param(r"value = \d+", "value = 18.5", "value: a whole number", id="value"),
        pytest.param(r"value = \d+", "value = -1", "value: 0 or more", id="below nothing"),
        pytest.param(r"value = \d+", "value = 151", "value: at most 150", id="beyond a life"),
    ],
)  # fmt: skip
def test_a_fault_of_a_threshold_is_told_whole(before: str, after: str, expected: str, tmp_path: Path) -> None:
    file = Path(shutil.copy(SHIPPED / HEAD, tmp_path / HEAD))
    head, own, rest = file.read_text(encoding="utf-8").partition("[thresholds.adult_age]\n")
    changed, count = re.subn(before, after, rest, count=1)
    assert count == 1
    file.write_text(head + own + changed, encoding="utf-8")
    line = (head + own + changed[: changed.index(after)]).count("\n") + 1
    assert told(lambda: read_head(tmp_path)) == [f"{HEAD}:{line}: thresholds.adult_age.{expected}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('[snomed]\nurl = "urn:s"\n[icd-10-cm]\nurl = "urn:c"\n', ["icd-10-pcs: a code system, because the rules name it"],
                     id="a system that the rules name"),
        pytest.param('[snomed]\nurl = "urn:s"\n[icd-10-cm]\nurl = "urn:c"\n[icd-10-pcs]\nurl = "urn:p"\nrelative = "icd-10-pcs"\n',
                     ["icd-10-pcs.relative: another system of this file"], id="its own relative"),
        pytest.param('[snomed]\nurl = "urn:s"\n[icd-10-cm]\nurl = "urn:c"\n[icd-10-pcs]\nurl = "urn:p"\nform = "("\n',
                     ["icd-10-pcs.form: a regular expression (missing ), unterminated subpattern at position 0)"], id="no expression"),
    ],
)  # fmt: skip
def test_a_fault_of_the_code_systems_is_told_whole(text: str, expected: list[str], tmp_path: Path) -> None:
    (tmp_path / "code_systems.toml").write_text(text, encoding="utf-8")
    found = [one.split(": ", 1)[1] for one in told(lambda: read_code_systems(tmp_path))]
    assert found == expected


ROW = f"{ICD},R50.9,Fever,exact,WHO"


@pytest.mark.parametrize(
    ("rows", "line", "expected"),
    [
        pytest.param([], 1, "a code; a value set without one recognises nothing", id="no row"),
        pytest.param(
            [ROW, "urn:x,1,Fever,exact,x"], 3, "system: the url of a system of code_systems.toml", id="system"
        ),
        pytest.param(
            [ROW, f"{ICD},R50.8,Fever,exact,"], 3, "a code, its display and its provenance", id="provenance"
        ),
        pytest.param([ROW, f"{ICD},R50.8,Fever,near,x"], 3, "match: exact or prefix", id="match"),
        pytest.param([ROW, ROW], 3, f"R50.9 only once; it stands in {FEVER}:2", id="twice"),
        pytest.param([ROW, f"{ICD},R50.8,Fever,exact"], 3, "5 columns", id="columns"),
        pytest.param([ROW, f"{ICD},R５0,Fever,exact,x"], 3, None, id="a wide digit"),
    ],
)
def test_a_fault_of_a_value_set_is_told_whole(
    rows: list[str], line: int, expected: str | None, tmp_path: Path
) -> None:
    (tmp_path / "value_sets").mkdir()
    lines = "\n".join(["system,code,display,match,provenance", *rows, ""])
    (tmp_path / FEVER).write_text(lines, encoding="utf-8")
    [found] = told(lambda: read_code_rows(tmp_path, read_code_systems(SHIPPED)))
    assert found.startswith(f"{FEVER}:{line}: ")
    assert expected is None or found == f"{FEVER}:{line}: {expected}"


def test_a_row_that_is_read_keeps_its_line_its_match_and_the_name_of_its_list(tmp_path: Path) -> None:
    wider = tmp_path / "value_sets" / "extended_snomed"
    wider.mkdir(parents=True)
    head = "system,code,display,match,provenance\n"
    (tmp_path / FEVER).write_text(f"{head}{ICD},R50,Fever,prefix,WHO\n{ROW}\n", encoding="utf-8")
    (wider / "fever.csv").write_text(f"{head}{SNOMED},386661006,Fever,exact,x\n", encoding="utf-8")
    read = read_code_rows(tmp_path, read_code_systems(SHIPPED))
    assert [(row.file, row.line, row.concept, row.code.prefix) for row in read] == [
        (FEVER, 2, "fever", True),
        (FEVER, 3, "fever", False),
        ("value_sets/extended_snomed/fever.csv", 2, "fever", False),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("## a\nx\n<!-- one\ntwo -->\n## a\ny\n", ["cancer.md:5: section a only once"], id="twice"),
        pytest.param("## a\n\n## b\ny\n", ["cancer.md:1: section a with text"], id="empty"),
        pytest.param("## a\nx\n$ y\n", ["cancer.md:3: section a with blanks as $name"], id="no name of a blank"),
        pytest.param("x\n## a\n$\n", ["cancer.md:1: text below a heading ## name", "cancer.md:3: section a with blanks as $name"],
                     id="two faults"),
        pytest.param("## a\nx\n###b\n", ["cancer.md:3: a heading as ## name"], id="heading"),
        pytest.param("## a\nx\n<!-- y\n", ["cancer.md:3: a comment that ends with -->"], id="comment"),
    ],
)  # fmt: skip
def test_a_fault_of_the_words_is_told_whole(text: str, expected: list[str]) -> None:
    with pytest.raises(WordsError) as caught:
        read_words({"cancer": text})
    assert [str(one) for one in caught.value.problems] == expected


def test_a_section_has_its_text_and_knows_the_line_of_what_it_names() -> None:
    words = read_words({"cancer": "# Title\n## a\n\none\ntwo $x\nthree $x\n\n## b\n100% plain\n"})
    assert words.sections == {"cancer": {"a": "one\ntwo $x\nthree $x", "b": "100% plain"}}
    assert [words.line_of("cancer", "a", naming) for naming in ("", "one", "$x", "four")] == [4, 4, 5, 4]
    assert (words.line_of("cancer", "b"), words.line_of("cancer", "c"), words.line_of("d", "a")) == (
        9,
        None,
        None,
    )
    assert words.say("cancer", "a", {"x": "%"}) == "one\ntwo %\nthree %"
    assert words.say("cancer", "b") == "100% plain"


@pytest.mark.parametrize(
    ("ecl", "place", "expected"),
    [
        pytest.param("<< 386661006 |Fever (finding)| OR ^ 386661006", ".ecl", "codes, <, <<, AND, OR, MINUS and brackets", id="language"),
        pytest.param("AND", ".ecl", "codes of SNOMED CT that stand in a value set", id="no code"),
        pytest.param("<< 386661006 OR << 386661007", ".ecl", "codes of SNOMED CT that stand in a value set", id="check digit"),
        pytest.param("<< 22298006", ".ecl", "codes of SNOMED CT that stand in a value set", id="a code of no value set"),
    ],
)  # fmt: skip
def test_a_fault_of_an_expansion_is_told_whole(ecl: str, place: str, expected: str, tmp_path: Path) -> None:
    text = f'{ABOVE}[fever]\norigin = "DESIGN"\nsource = "x"\necl = "{ecl}"\n'
    (tmp_path / "expansions.toml").write_text(text, encoding="utf-8")
    terminology = shipped_guideline().terminology
    assert told(lambda: read_expansions(tmp_path, terminology)) == [
        f"expansions.toml:5: fever{place}: {expected}"
    ]


def test_an_expansion_of_no_value_set_and_of_no_source_is_told_whole(tmp_path: Path) -> None:
    text = f'{ABOVE}[fevre]\norigin = "DESIGN"\nsource = " "\necl = "<< 386661006 |Fever|"\n'
    (tmp_path / "expansions.toml").write_text(text, encoding="utf-8")
    assert told(lambda: read_expansions(tmp_path, shipped_guideline().terminology)) == [
        "expansions.toml:2: fevre: the name of a value set",
        "expansions.toml:4: fevre.source: where the expression comes from",
    ]


STORY = '[[examples]]\nid = "a"\nstory = "s"\npatient = "50 F"\nrecord = [\n  {RECORD},\n]\nexpect = { outcome = "unclear", indicator = "info" }\n'
ENTRY = '{ kind = "problem", what = "x", days_ago = 3 }'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(STORY.replace("{RECORD}", ENTRY) * 2, "10: examples.1.id: a: only one story of this id", id="id"),
        pytest.param("examples = []\n", "1: examples: a story; without one nothing shows what the rules do", id="no story"),
        pytest.param(STORY.replace("{RECORD}", f"{ENTRY}, {ENTRY[:-2]}, until_days_ago = 4 }}"),
                     "6: examples.0.record.1.until_days_ago: at most days_ago (3); it ends before it begins", id="end"),
    ],
)  # fmt: skip
def test_a_fault_of_the_stories_is_told_whole(text: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "examples.toml").write_text(text, encoding="utf-8")
    found = told(lambda: within(read_table(tmp_path, "examples.toml"), read_examples))
    assert found == [f"examples.toml:{expected}"]


def test_an_address_of_a_source_that_nobody_can_follow_is_told_whole(tmp_path: Path) -> None:
    text = f'{ABOVE}[sources.C1]\ncitation = "c"\n[sources.C2]\ncitation = "c"\nurl = "x.example"\n'
    (tmp_path / "sources.toml").write_text(text, encoding="utf-8")
    assert told(lambda: read_sources(tmp_path)) == ["sources.toml:6: sources.C2.url: an absolute web address"]


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        ("https://x.example/a?b=c#d", True), ("https://x.example:443/", True), ("https://x.example/ä", False),
        ("https://x.example/a b", False), ("https://x.example:99999/", False), ("https://[x", False),
        ("https://a@x.example/", False), ("https:///a", False), ("http://x.example/", False), ("x.example", False),
    ],
)  # fmt: skip
def test_a_card_links_to_whole_addresses_only(address: str, is_one: bool) -> None:
    assert is_link(address, ("https",)) is is_one


@pytest.mark.parametrize(
    ("name", "is_one"), [("Asia/Singapore", True), ("Asia", False), ("Asia/Nowhere", False), ("../x", False)]
)
def test_a_time_zone_is_one_of_the_list(name: str, is_one: bool) -> None:
    assert is_time_zone(name) is is_one


@pytest.mark.parametrize(
    ("file", "before", "after", "expected"),
    [
        pytest.param(SITE, r"\[thresholds.care_cover_days\]", "[thresholds.care_days]", "thresholds.care_days: no such name", id="threshold"),
        pytest.param(SITE, "contrast_advice", "contrast", "switches.contrast: no such name", id="switch"),
        pytest.param(SITE, r"\[orders.emergency\]", "[orders.ambulance]", "orders.ambulance: no such name", id="order"),
        pytest.param(SITE, r"\[studies.lumbar-without\]", "[studies.lumbar]", "studies.lumbar: no such name", id="study"),
        pytest.param(SITE, 'leaflet_url = "[^"]*"', 'leaflet_url = "x"', "leaflet_url: an absolute web address", id="leaflet"),
        pytest.param(SITE, 'time_zone = "[^"]*"', 'time_zone = "Asia"', "time_zone: a time zone such as Asia/Singapore", id="zone"),
        pytest.param(SITE, 'code = "REF-ED"', 'code = "REF-PT"', "orders.emergency.code: REF-PT only once; orders.physiotherapy has it, too", id="one code for two"),
        pytest.param(SITE, 'code = "REF-ED"', 'code = " REF-ED"', "orders.emergency.code: a code without blanks around it", id="a blank"),
        pytest.param(CODES, "catalogue,OBS-PVR,[^,\n]*", "catalogue,OBS-PVR,", "a system, a code, its display and a value set", id="no display"),
        pytest.param(CODES, "catalogue,OBS-PVR", "catalogue,OBS|PVR", "OBS|PVR: a code without |", id="a version"),
        pytest.param(CODES, "catalogue,RAD-2211", "catalogue,RAD-2210", "RAD-2210 only once in lumbar-mri", id="twice"),
    ],
)  # fmt: skip
def test_a_fault_of_a_site_is_told_whole(
    file: str, before: str, after: str, expected: str, tmp_path: Path
) -> None:
    site = Path(shutil.copytree(POLYCLINIC, tmp_path / "site"))
    text = (site / file).read_text(encoding="utf-8")
    place = re.search(before, text)
    assert place
    (site / file).write_text(text[: place.start()] + after + text[place.end() :], encoding="utf-8")
    line = text[: place.start()].count("\n") + 1
    assert f"{file}:{line}: {expected}" in told(lambda: read_site(site))


TARGET = {"code": "cancer", "equivalence": "equal"}
HOLDS = "a code, and an equivalence of disjoint, equal, equivalent, subsumes, unmatched, wider"


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        pytest.param({"code": "q1", "target": [TARGET, {"equivalence": "unmatched"}]}, "q1: either value sets, or that it belongs to none", id="both"),
        pytest.param({"code": "q1", "target": [{**TARGET, "equivalence": "narrower"}]}, f"q1: {HOLDS}", id="narrower"),
        pytest.param({"code": "q1", "target": [{"equivalence": "equal"}]}, f"q1: {HOLDS}", id="no value set"),
        pytest.param({"code": "q1", "target": [{**TARGET, "product": [{"property": "http://x.example", "value": "a"}]}]},
                     "q1: a meaning that holds whatever else is recorded", id="product"),
        pytest.param({"code": "q1", "target": [{**TARGET, "modifierExtension": [{"url": "http://x.example", "valueBoolean": True}]}]},
                     "q1: a meaning that holds whatever else is recorded", id="modifier"),
    ],
)  # fmt: skip
def test_a_fault_of_a_map_is_told_whole(element: dict[str, Any], expected: str, tmp_path: Path) -> None:
    site = Path(shutil.copytree(ROOT / "sites" / "hospital", tmp_path / "site"))
    given = json.loads((site / "codes.json").read_text(encoding="utf-8"))
    group = {"source": "urn:x:y", "target": "urn:lumbar-mri-cds:concept", "element": [element]}
    text = json.dumps({**given, "group": [group]}, indent=1)
    (site / "codes.json").write_text(text, encoding="utf-8")
    line = text[: text.index('"q1"')].count("\n") + 1
    assert told(lambda: read_site(site)) == [f"codes.json:{line}: {expected}"]


@pytest.mark.parametrize("text", ["", "# Title\n"], ids=["empty", "a title alone"])
def test_a_file_without_a_section_is_read_and_holds_none(text: str) -> None:
    assert read_words({"cancer": text}).sections == {"cancer": {}}
