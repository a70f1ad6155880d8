"""What loading refuses of tables, searches, orders, sources and stories is told whole, and what it takes is whole."""

import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from cds_service.guideline.content_codes import read_code_rows, read_code_systems
from cds_service.guideline.content_files import Table, digest_of, read_table, read_text
from cds_service.guideline.content_head import notes_of, read_head
from cds_service.guideline.content_queries import read_optional_queries, read_orders_out, read_queries
from cds_service.guideline.content_sources import check_sources, read_sources
from cds_service.guideline.content_types import CodeRow, Source
from cds_service.guideline.contradictions import check_contradictions
from cds_service.guideline.examples import Entry, Example, read_examples, unknown_codes
from cds_service.guideline.faults import Fault, TableError
from cds_service.guideline.folder_check import check_files
from cds_service.guideline.lumbar_mri.value_set_names import VALUE_SETS
from cds_service.guideline.number_check import check_numbers
from cds_service.guideline.problems import Problem
from cds_service.guideline.site import read_site
from cds_service.guideline.study_check import check_studies
from cds_service.guideline.thresholds import as_weeks, switch_words
from cds_service.guideline.words import read_words
from cds_service.record.terminology import CodeSystem, ValueSetCode, build_terminology
from tests.guideline.told import rewritten, told
from tests.shipped import shipped_guideline

ROOT = Path(__file__).parents[2]
SHIPPED, SITES = ROOT / "cards" / "lumbar-mri", ROOT / "sites"
HEAD, PREFETCH, ORDERS, PAIRS = "guideline.toml", "prefetch.toml", "orders_out.toml", "contradictions.toml"
COLUMNS, SNOMED = "system,code,display,match,provenance", "http://snomed.info/sct"


def copied(name: str, folder: Path) -> Path:
    return Path(shutil.copy(SHIPPED / name, folder / name))


def place_of(text: str, file: Path) -> str:
    """The file, and the line where the text first stands in it; without a text the file alone."""
    before, found, _ = file.read_text(encoding="utf-8").partition(text or "\0")
    assert bool(found) is bool(text), text
    line = f":{before.count(chr(10)) + 1}" if text else ""
    return f"{file.name}{line}"


# --- files ---


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"\xff\xfe\x00", "x.toml: a readable UTF-8 file", id="no text"),
        pytest.param(b"a = 1\nb = = 2\n", "x.toml:2: valid TOML (Invalid value (at line 2, column 5))", id="no TOML"),
        pytest.param(b"a = 1\n[b", "x.toml: valid TOML (Expected ']' at the end of a table declaration (at end of document))",
                     id="no end"),
        pytest.param(b"a = " + b"9" * 5000, "x.toml: numbers of fewer digits", id="digits without end"),
        pytest.param(b"a = " + b"[" * 5000, "x.toml: lists and tables that nest less deep", id="lists in lists"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_is_told_whole(data: bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(data)
    assert told(lambda: read_table(tmp_path, "x.toml")) == [expected]


def test_a_file_that_is_not_there_is_told_whole(tmp_path: Path) -> None:
    assert told(lambda: read_text(tmp_path, "x.toml")) == ["x.toml: a readable UTF-8 file"]


@pytest.mark.parametrize(
    "suffixes",
    [pytest.param((".toml", ".csv", ".md"), id="content"), pytest.param((".json",), id="another suffix")],
)
def test_a_digest_is_one_of_the_files_that_are_named_by_it(suffixes: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    names = ["a.toml", "in/b.csv", "c.md", "d.json", "e.txt"]
    for name in names:
        (tmp_path / name).write_text("1", encoding="utf-8")
    before = digest_of(tmp_path, suffixes)
    changing = []
    for name in names:
        (tmp_path / name).write_text("2", encoding="utf-8")
        changing += [name] if digest_of(tmp_path, suffixes) != before else []
        (tmp_path / name).write_text("1", encoding="utf-8")
    assert changing == [name for name in names if name.endswith(suffixes)]


# --- guideline.toml ---


@pytest.mark.parametrize(
    ("changes", "near", "expected"),
    [
        pytest.param({'\nimproving = "[^"]*"': ""}, "[indicators]", "indicators.improving: info, warning or critical", id="no indicator"),
        pytest.param({r"\[recommendations.R6\]\n(?:.+\n)+": ""}, "[recommendations.R1]", "recommendations.R6: a recommendation", id="no recommendation"),
        pytest.param({r"\[thresholds.adult_age\]\n(?:.+\n)+": ""}, "[thresholds.pain_episode_gap_days]", "thresholds.adult_age: a value", id="no threshold"),
        pytest.param({r'recommendations = \["R5"\]': 'recommendations = ["R5", "R9"]'}, 'recommendations = ["R5", "R9"]',
                     "open_questions.4.recommendations: R9 is no recommendation", id="a question of no recommendation"),
        pytest.param({r"adult_age\]\nvalue = \d+": 'adult_age]\nvalue = "18"'}, 'value = "18"', "thresholds.adult_age.value: a number without quotes", id="a number in quotes"),
        pytest.param({r"crp_high_mg_l\]\nvalue = \d+": "crp_high_mg_l]\nvalue = 1000000"}, "value = 1000000",
                     "thresholds.crp_high_mg_l.value: a number below 1,000,000", id="a number too large"),
        pytest.param({r"care_min_days\]\nvalue = \d+": "care_min_days]\nvalue = 99"}, "value = 99", "thresholds.care_min_days.value: at most care_full_days", id="out of order"),
        pytest.param({'\ndate = ""': "\ndate = 2026-06-15"}, "date = 2026-06-15", "approval.date: a text in quotes", id="a day without quotes"),
    ],
)  # fmt: skip
def test_what_the_head_lacks_is_told_whole(
    changes: dict[str, str], near: str, expected: str, tmp_path: Path
) -> None:
    rewritten(copied(HEAD, tmp_path), changes)
    assert told(lambda: read_head(tmp_path)) == [f"{place_of(near, tmp_path / HEAD)}: {expected}"]


def test_the_largest_number_that_is_taken_is_below_a_million(tmp_path: Path) -> None:
    file = copied(HEAD, tmp_path)
    rewritten(file, {r"crp_high_mg_l\]\nvalue = \d+": "crp_high_mg_l]\nvalue = 999999.9"})
    head, _ = read_head(tmp_path)
    assert notes_of(head)["crp_high_mg_l"].value == Decimal("999999.9")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param("adult_age", 0, [], id="nothing"),
        pytest.param("adult_age", 150, [], id="the longest life"),
        pytest.param("prior_mri_days", 36_525, [], id="a century"),
        pytest.param("egfr_low_ml_min", Decimal(151), [], id="no days and no years"),
        pytest.param("care_full_days", 28, [], id="both alike"),
        pytest.param("prior_mri_days", -1, ["thresholds.prior_mri_days.value: 0 or more"], id="less than nothing"),
        pytest.param("prior_mri_days", 36_526, ["thresholds.prior_mri_days.value: at most 36525"], id="more than a century"),
        pytest.param("care_full_days", 27, ["thresholds.care_min_days.value: at most care_full_days"], id="the lower one is higher"),
    ],
)  # fmt: skip
def test_a_number_is_taken_up_to_its_bounds(name: str, value: int | Decimal, expected: list[str]) -> None:
    limits = replace(shipped_guideline().thresholds, **{name: value})  # type: ignore[arg-type]
    assert [str(fault) for fault in check_numbers(limits)] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("care_min_days", "care_min_weeks"), ("adult_age", None), ("_days_of_care_days", "_days_of_care_weeks")],
)
def test_days_have_a_blank_that_says_them_in_weeks(name: str, expected: str | None) -> None:
    assert as_weeks(name) == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "on"), (False, "off"), ("urgent", "urgent"), (("a", "b"), "a, b"), (["a"], "a"), ((), "none"),
    ],
)  # fmt: skip
def test_a_switch_is_written_as_it_is_read(value: object, words: str) -> None:
    assert switch_words(value) == words


# --- a site's days ---


@pytest.mark.parametrize("day", ['"2026-06-01"', "2026-06-01T08:00:00", "20260601"], ids=["in quotes", "with a time", "digits"])  # fmt: skip
def test_a_day_that_is_none_is_told_whole(day: str, tmp_path: Path) -> None:
    site = Path(shutil.copytree(SITES / "polyclinic", tmp_path / "site"))
    [line] = rewritten(site / "site.toml", {"\ndate = 2026-06-01": f"\ndate = {day}"})
    assert told(lambda: read_site(site)) == [f"site.toml:{line}: date: a date without quotes, as 2026-06-15"]


# --- searches ---

_TOKENS = "{{context.patientId}}, {{context.encounterId}}, {{userPractitionerRoleId}}"
_NO_SEARCH = f"a FHIR search of {_TOKENS}, encoded as an address"
_NO_CODES = "$codes in the query where value sets are named, and only there"


@pytest.mark.parametrize(
    ("before", "after", "near", "expected"),
    [
        pytest.param(r"\[appointments\]", "[app-ointments]", "[app-oint", "app-ointments: a key of letters and digits", id="key"),
        pytest.param(r"\[devices\]", "[device]", "", "devices: a search for Device, because a rule reads this key", id="a key that a rule reads"),
        pytest.param(r'"Device\?patient', '"Devices?patient', '"Devices', "devices.query: a search for Device", id="type of a search"),
        pytest.param(r'"Patient/', '"Person/', '"Person', "patient.query: a search for Patient", id="type of one resource"),
        pytest.param(r'"Appointment\?patient', '"Appointment?actor', "?actor", f"appointments.query: {_NO_SEARCH}", id="a search about nobody"),
        pytest.param(r'"Appointment\?[^"]*', '"Appointment?patient={{context.patientId}}&code=$codes"\n# "', '"Appointment', f"appointments.query: {_NO_CODES}",
                     id="codes without value sets"),
        pytest.param("&code=[$]codes", "", '"Observation?', f"observations.query: {_NO_CODES}", id="value sets without codes"),
        pytest.param('"body-temperature", "crp"', '"body-temperature",\n"cpr"', '"cpr"', "observations.codes.1: the name of a value set, not cpr", id="value set"),
        pytest.param('"loinc", "snomed"', '"loinc",\n"snowmed"', '"snowmed"', "observations.systems.1: a system of code_systems.toml, not snowmed", id="system"),
        pytest.param('only_with = "[^"]*"', 'only_with = "never"', '"never"', "userRole.only_with: the name of a switch, not never", id="switch"),
    ],
)  # fmt: skip
def test_a_fault_of_the_searches_is_told_whole(
    before: str, after: str, near: str, expected: str, tmp_path: Path
) -> None:
    guideline = shipped_guideline()
    rewritten(copied(PREFETCH, tmp_path), {before: after})
    found = told(lambda: read_queries(tmp_path, guideline.terminology, guideline.switches))
    assert found == [f"{place_of(near, tmp_path / PREFETCH)}: {expected}"]


def searched(codes: dict[str, str], folder: Path, own: tuple[str, ...] = ()) -> str:
    """The search for the fevers of the systems, each with one code; `*` behind a code makes it a prefix."""
    file = copied(PREFETCH, folder)
    rewritten(
        file, {r"code=[$]codes&_count=1000": "code=$codes", r"codes = \[\n(?:.+\n)+?\]": 'codes = ["fever"]'}
    )
    shipped = shipped_guideline()
    systems = [*shipped.terminology.systems.values(), CodeSystem("ours", "urn:ours")]
    urls = {system.name: system.url for system in systems}
    rows = tuple(
        ValueSetCode(urls[name], code.rstrip("*"), "Fever", code.endswith("*"), "x")
        for name, code in codes.items()
    )
    terminology = build_terminology(systems, {**shipped.terminology.value_sets, "fever": rows})
    sites = [system for system in systems if system.name in own]
    return read_queries(folder, terminology, shipped.switches, sites).searches["observations"]


@pytest.mark.parametrize(
    ("codes", "own", "expected"),
    [
        pytest.param({"loinc": "8310-5", "snomed": "386661006"}, (), "8310-5,386661006", id="two systems"),
        pytest.param({"loinc": "8310-5", "icd-10": "R50.9"}, (), "8310-5", id="a system that is not asked for"),
        pytest.param({"loinc": "8310-5", "cpt": "99*"}, (), "8310-5", id="a prefix"),
        pytest.param({"loinc": "8310-5", "ours": "T 1/2"}, ("ours",), "8310-5,T%201%2F2", id="a blank and a slash of a site"),
        pytest.param({"ours": r"a,b|c$d\e"}, ("ours",), "a%5C%2Cb%5C%7Cc%5C%24d%5C%5Ce", id="what separates tokens"),
    ],
)  # fmt: skip
def test_a_search_names_whole_codes_of_its_systems_as_an_address_writes_them(
    codes: dict[str, str], own: tuple[str, ...], expected: str, tmp_path: Path
) -> None:
    assert searched(codes, tmp_path, own) == f"Observation?patient={{{{context.patientId}}}}&code={expected}"


def test_a_search_that_waits_for_a_switch_is_optional(tmp_path: Path) -> None:
    copied(PREFETCH, tmp_path)
    [(key, (query, reason))] = read_optional_queries(tmp_path).items()
    assert (key, query) == ("userRole", "PractitionerRole/{{userPractitionerRoleId}}")
    assert reason in (tmp_path / PREFETCH).read_text(encoding="utf-8")


# --- codes of orders ---


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param('code = "306170007"', 'code = "306170008"', "orders.physiotherapy.codes.snomed: snomed|306170008: a code of a value set", id="an order"),
        pytest.param('code = "30679-5"', 'code = "30679-4"', "studies.lumbar-without.codes.loinc: loinc|30679-4: a code of a value set", id="a study"),
        pytest.param('loinc = { code = "30679-5"', 'lonic = { code = "30679-5"', "studies.lumbar-without.codes.lonic: lonic|30679-5: a code of a value set", id="a system"),
    ],
)  # fmt: skip
def test_a_code_of_an_order_that_no_value_set_has_is_told_whole(
    before: str, after: str, expected: str, tmp_path: Path
) -> None:
    [line] = rewritten(copied(ORDERS, tmp_path), {before: after})
    found = told(lambda: read_orders_out(tmp_path, shipped_guideline().terminology))
    assert found == [f"{ORDERS}:{line}: {expected}"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(r'loinc = \{ code = "30679-5", display = "[^"]*"', 'loinc = { code = "30854-4", display = "MR spine WO contrast"',
                     "studies.lumbar-without.codes.loinc: 30854-4: a code of lumbar-mri", id="another region"),
        pytest.param(r'loinc = \{ code = "30679-5", display = "[^"]*"', 'loinc = { code = "24967-2", display = "MR Lumbar spine"',
                     "studies.lumbar-without.codes.loinc: 24967-2: a code of a study without contrast, not '{listed}'", id="its listed display"),
        pytest.param(r'loinc = \{ code = "30679-5", display = "[^"]*"', 'loinc = { code = "30679-5", display = "MR with contrast"',
                     "studies.lumbar-without.codes.loinc: 30679-5: a code of a study without contrast, not 'MR with contrast'", id="its own display"),
        pytest.param(r'loinc = \{ code = "24967-2", display = "[^"]*"', 'loinc = { code = "24967-2", display = "MR without contrast"',
                     "studies.lumbar-with-and-without.codes.loinc: 24967-2: a code of a study with-and-without contrast, not 'MR without contrast'", id="with and without"),
    ],
)  # fmt: skip
def test_a_study_of_another_region_or_contrast_is_told_whole(
    before: str, after: str, expected: str, tmp_path: Path
) -> None:
    guideline = shipped_guideline()
    [line] = rewritten(copied(ORDERS, tmp_path), {before: after})
    terms, patterns = guideline.terminology, guideline.order_patterns
    orders = read_orders_out(tmp_path, terms)
    [listed] = [row.display for row in terms.value_sets["lumbar-mri"] if row.code == "24967-2"]
    found = told(lambda: check_studies(tmp_path, orders, terms, patterns, None))
    assert found == [f"{ORDERS}:{line}: {expected.format(listed=listed)}"]


# --- sources ---


def sources_of(text: str, folder: Path) -> dict[str, Source]:
    (folder / "sources.toml").write_text(text, encoding="utf-8")
    return read_sources(folder)


def test_a_source_is_read_with_its_address(tmp_path: Path) -> None:
    text = (
        '[sources.C1]\ncitation = "a"\nurl = "http://x.example"\n'
        '[sources.C2]\ncitation = "b"\nurl = "https://x.example"\n[sources.1]\ncitation = "c"\n'
    )
    assert sources_of(text, tmp_path) == {
        "C1": Source("C1", "a", "http://x.example"),
        "C2": Source("C2", "b", "https://x.example"),
        "1": Source("1", "c", None),
    }


@pytest.mark.parametrize(
    ("origin", "source", "expected"),
    [
        pytest.param("OTHER", "C1; C2", [], id="listed"),
        pytest.param("DESIGN", "our own", [], id="a choice of ours"),
        pytest.param("OTHER", "a paper", ["a source of sources.toml such as C1, because the origin is OTHER"], id="none"),
        pytest.param("DESIGN", "C1, C9 and D7", [f"a source of sources.toml, which has no {name}" for name in ("C9", "D7")], id="unlisted"),
    ],
)  # fmt: skip
def test_a_source_of_a_number_is_listed_or_told_whole(
    origin: str, source: str, expected: list[str], tmp_path: Path
) -> None:
    notes = {
        "adult_age": replace(shipped_guideline().threshold_notes["adult_age"], origin=origin, source=source)
    }
    text = '# above\n[thresholds.adult_age]\nvalue = 18\nsource = "x"\n'
    table = Table(HEAD, {}, text)
    listed = sources_of('[sources.C1]\ncitation = "a"\n[sources.C2]\ncitation = "b"\n', tmp_path)
    if not expected:
        check_sources(table, notes, listed, read_words({}))
        return
    found = told(lambda: check_sources(table, notes, listed, read_words({})))
    assert found == [f"{HEAD}:4: thresholds.adult_age.source: {one}" for one in expected]


def test_a_reference_of_a_card_that_no_source_has_is_told_whole(tmp_path: Path) -> None:
    words = read_words({"cancer": "## a\n\n12, 13 [1]\ntwo [12, 13]\n\n## b\nthree [1]\n"})
    listed = sources_of('[sources.1]\ncitation = "a"\n', tmp_path)
    assert told(lambda: check_sources(Table(HEAD, {}, ""), {}, listed, words)) == [
        f"cancer.md:4: section a: a reference of sources.toml, which has no {number}" for number in (12, 13)
    ]


# --- contradictions ---

URL = "urn:s"


def row(concept: str, code: str, line: int | None, system: str = URL) -> CodeRow:
    return CodeRow(f"{concept}.csv", line, concept, ValueSetCode(system, code, "x", False, "x"))


def contradicted(sets: list[str], rows: list[CodeRow], folder: Path) -> None:
    text = f'# above\n[[contradictions]]\nbecause = "why"\nsets = {sets}\n'
    (folder / PAIRS).write_text(text, encoding="utf-8")
    check_contradictions(folder, [CodeSystem("s", URL, dots=False), CodeSystem("t", "urn:t")], rows)


ROWS = [row("a", "1.2", 2), row("a", "3", 3), row("b", "12", 5), row("c", "3", None), row("d", "9", 7), row("d", "12", 8, "urn:t")]  # fmt: skip


@pytest.mark.parametrize(
    ("sets", "expected"),
    [
        pytest.param(["a", "z"], [f"{PAIRS}:4: contradictions.0.sets.1: the name of a value set, not z"], id="no set"),
        pytest.param(["a", "b", "a"], [f"{PAIRS}:4: contradictions.0.sets: each value set once"], id="a set twice"),
        pytest.param(["z", "z"], [f"{PAIRS}:4: contradictions.0.sets.{place}: the name of a value set, not z" for place in (0, 1)]
                     + [f"{PAIRS}:4: contradictions.0.sets: each value set once"], id="no set twice"),
        pytest.param(["a", "b"], ["b.csv:5: 12 in a or in b, not in both (a.csv:2): why"], id="a code of ICD in two sets"),
        pytest.param(["a", "d", "c"], ["c.csv: 3 in a or in c, not in both (a.csv:3): why"], id="a code without a line"),
        pytest.param(["c", "a"], ["a.csv:3: 3 in c or in a, not in both (c.csv): why"], id="the first without a line"),
    ],
)  # fmt: skip
def test_a_contradiction_is_told_whole(sets: list[str], expected: list[str], tmp_path: Path) -> None:
    assert told(lambda: contradicted(sets, ROWS, tmp_path)) == expected


def test_sets_that_share_no_code_of_one_system_contradict_in_nothing(tmp_path: Path) -> None:
    contradicted(["b", "c", "d"], ROWS, tmp_path)


# --- words ---


def test_a_section_ends_where_the_next_heading_stands() -> None:
    words = read_words({"cancer": "## a\none\ntwo\n## b\nthree"})
    assert words.sections == {"cancer": {"a": "one\ntwo", "b": "three"}}


# --- stories ---

STORY = {"id": "a", "story": "s", "patient": "50 F", "expect": {"outcome": "unclear", "indicator": "info"}}


def test_a_story_is_read_whole() -> None:
    whole = {
        "kind": "problem", "what": "w", "days_ago": 9, "until_days_ago": 9, "code": "snomed 386661006", "value": "v",
        "site": "t", "certainty": "refuted", "for": "r",
    }  # fmt: skip
    bare = {"kind": "answer", "what": "x", "days_ago": 0}
    expect = {"outcome": "unclear", "indicator": "info", "recommendations": ["R1"], "says": ["y"]}
    assert read_examples({"examples": [{**STORY, "record": [whole, bare], "expect": expect}]}) == (
        Example(
            "a", "s", "50 F",
            (
                Entry("problem", "w", 9, ("snomed", "386661006"), "v", "t", 9, "refuted", "r"),
                Entry("answer", "x", 0, None, None, None, None, None, None),
            ),
            "unclear", ("R1",), "info", ("y",),
        ),
    )  # fmt: skip


def test_a_code_of_a_story_that_no_value_set_has_is_told_whole() -> None:
    entry = {"kind": "problem", "what": "x", "days_ago": 3}
    record = [
        entry,
        {**entry, "code": "snomed 386661006"},
        {**entry, "code": "snomed 386661007"},
        {**entry, "code": "snowmed 386661006"},
        {**entry, "code": "loinc 386661006"},
    ]
    examples = read_examples({"examples": [{**STORY, "record": []}, {**STORY, "id": "b", "record": record}]})
    assert [str(fault) for fault in unknown_codes(examples, shipped_guideline().terminology)] == [
        "examples.1.record.2.code: snomed 386661007: a code of a value set",
        "examples.1.record.3.code: snowmed 386661006: a code of a value set",
        "examples.1.record.4.code: loinc 386661006: a code of a value set",
    ]


# --- value sets ---


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["system;code"], [f"1: the columns {COLUMNS}"], id="other columns"),
        pytest.param([COLUMNS, f"{SNOMED},1", f"{SNOMED},386661006,Fever,exact,x", f"{SNOMED},2"], ["2: 5 columns", "4: 5 columns"], id="two rows"),
        pytest.param([COLUMNS, f'{SNOMED},386661006,"a\nb",exact,x'], ["2: fields on one line, without control characters"], id="over two lines"),
        pytest.param([COLUMNS, f'{SNOMED},386661006,"a,exact,x'], ["2: a row of a CSV file (unexpected end of data)"], id="an open quotation mark"),
    ],
)  # fmt: skip
def test_every_row_that_cannot_be_read_is_told_whole(
    lines: list[str], expected: list[str], tmp_path: Path
) -> None:
    (tmp_path / "value_sets").mkdir()
    (tmp_path / "value_sets" / "fever.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = told(lambda: read_code_rows(tmp_path, read_code_systems(SHIPPED)))
    assert found == [f"value_sets/fever.csv:{one}" for one in expected]


# --- the folder and what a message is made of ---


def test_a_file_that_nobody_reads_or_misses_is_told_whole(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "content"))
    (folder / "value_sets" / "fever.csv").unlink()
    (folder / "value_sets" / "extended_snomed" / "fever.csv").unlink(missing_ok=True)
    for name in (
        "Cancer2.md",
        "value_sets/cancer.md",
        "value_sets/fevre.csv",
        "new.toml",
        "x.y.csv",
        "a.b.toml",
        "mR1.md",
        "cancer.v2.md",
    ):
        (folder / name).write_text("x\n", encoding="utf-8")
    for name in (".hidden.toml", "value_sets/.hidden.csv", "value_sets/README.md"):
        (folder / name).write_text("x\n", encoding="utf-8")
    nobody = "no such file: nobody reads it"
    assert told(lambda: check_files(folder, VALUE_SETS)) == [
        "value_sets/fever.csv: this value set, because a rule reads it",
        f"Cancer2.md: {nobody}",
        f"a.b.toml: {nobody}",
        f"new.toml: {nobody}",
        f"value_sets/cancer.md: {nobody}",
        "value_sets/fevre.csv: the name of a value set that a rule reads",
        f"x.y.csv: {nobody}",
    ]


def test_a_fault_of_the_whole_table_has_no_path() -> None:
    assert [str(Fault(path, "x")) for path in ((), ("a", 0))] == ["x", "a.0: x"]
    assert str(TableError(Fault(("a",), "x"), Fault((), "y"))) == "a: x; y"


def test_a_problem_has_the_line_that_is_known() -> None:
    assert [str(Problem("a.toml", line, "x")) for line in (3, None)] == ["a.toml:3: x", "a.toml: x"]
