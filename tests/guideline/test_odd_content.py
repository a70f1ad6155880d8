"""Content as editors, spreadsheets and slips of the hand really break it: told with its line, never a traceback."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cds_service.guideline.content import ContentError, Problem, check_content
from cds_service.guideline.content_codes import read_code_rows, read_code_systems
from cds_service.guideline.content_head import read_head
from cds_service.guideline.content_queries import KEYS, read_queries
from cds_service.guideline.content_types import CodeRow
from cds_service.guideline.examples import ExamplesError, read_examples
from cds_service.guideline.folder_check import check_files
from cds_service.guideline.lumbar_mri.order_patterns import OrderPatternsError, read_order_patterns
from cds_service.guideline.lumbar_mri.value_set_names import VALUE_SETS
from cds_service.guideline.number_check import unit_of
from cds_service.guideline.words import WordsError, read_words
from tests.shipped import shipped_guideline

SHIPPED = Path(__file__).parents[2] / "cards" / "lumbar-mri"
HEAD, SYSTEMS, FEVER = "guideline.toml", "code_systems.toml", "value_sets/fever.csv"
COLUMNS = "system,code,display,match,provenance\n"
ICD, SNOMED, LOINC = "http://hl7.org/fhir/sid/icd-10", "http://snomed.info/sct", "http://loinc.org"
Fault = tuple[int | None, str]


def copy_of(name: str, folder: Path) -> Path:
    return Path(shutil.copy(SHIPPED / name, folder / name))


def rewrite(file: Path, before: str, after: str) -> None:
    text, count = re.subn(before, lambda _: after, file.read_text(encoding="utf-8"), count=1)
    assert count == 1, before
    file.write_text(text, encoding="utf-8")


def problems_of(read: Callable[[], object]) -> tuple[Problem, ...]:
    with pytest.raises(ContentError) as caught:
        read()
    return caught.value.problems


def rows_of(folder: Path, data: bytes) -> tuple[CodeRow, ...]:
    (folder / "value_sets").mkdir()
    (folder / FEVER).write_bytes(data)
    return read_code_rows(folder, read_code_systems(SHIPPED))


def csv(*rows: str) -> bytes:
    return (COLUMNS + "".join(f"{row}\n" for row in rows)).encode()


GOOD = f"{ICD},R50.9,Fever,exact,WHO"


@pytest.mark.parametrize(
    ("data", "line", "expected"),
    [
        pytest.param(csv(), 1, "a code", id="header only"),
        pytest.param(b"", 1, "the columns", id="empty"),
        pytest.param(csv(GOOD).replace(b",", b";"), 1, "the columns", id="semicolons"),
        pytest.param(csv(GOOD).decode().encode("utf-16"), None, "UTF-8", id="UTF-16"),
        pytest.param(csv(f"{ICD},R50,Fi\xe8vre,exact,WHO").decode().encode("latin-1"), None, "UTF-8", id="Latin-1"),
        pytest.param(csv(GOOD, f'{ICD},R50,"Fever,exact,WHO', GOOD), 3, "a row of a CSV file", id="open quote"),
        pytest.param(csv(GOOD, f'{ICD},R50,Fever,exact,"WHO'), 3, "a row of a CSV file", id="open quote in the last field"),
        pytest.param(csv(GOOD, f'{ICD},R50,"a\nb",exact,WHO'), 3, "on one line", id="field over two lines"),
        pytest.param(csv(GOOD, f"{ICD},R50\x00,Fever,exact,WHO"), 3, "control characters", id="NUL"),
        pytest.param(csv(f"{ICD},R50,{'x' * 200_000},exact,WHO"), 2, "a row of a CSV file", id="huge field"),
        pytest.param(csv(GOOD, "", "", f"{ICD},R5,Fever,exact,WHO"), 5, "as icd-10 spells it", id="line behind blank lines"),
        pytest.param(csv(f"{ICD},R50,,exact,WHO"), 2, "its display", id="no display"),
        pytest.param(csv(f"{SNOMED},３８６６６１００６,Fever,exact,x"), 2, "a right check digit", id="wide digits"),
        pytest.param(csv(f"{SNOMED},²²²²²²,Fever,exact,x"), 2, "a right check digit", id="small digits"),
        pytest.param(csv(f"{LOINC},²²-2,Fever,exact,x"), 2, "a right check digit", id="small digits of LOINC"),
        pytest.param(csv(f"{SNOMED},3.86661E+08,Fever,exact,x"), 2, "a right check digit", id="as a spreadsheet rounds"),
        pytest.param(csv(f"{LOINC},8310-5,Temperature,prefix,x"), 2, "match: exact", id="prefix of a system with check digits"),
    ],
)  # fmt: skip
def test_a_value_set_that_cannot_be_read_is_told_with_its_line(
    data: bytes, line: int | None, expected: str, tmp_path: Path
) -> None:
    [problem] = problems_of(lambda: rows_of(tmp_path, data))
    assert (problem.file, problem.line) == (FEVER, line)
    assert expected in problem.expected


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xef\xbb\xbf" + csv(GOOD), id="mark in front of UTF-8"),
        pytest.param(csv(GOOD).replace(b"\n", b"\r\n"), id="lines of Windows"),
        pytest.param(csv("", GOOD, ""), id="blank lines"),
        pytest.param(csv(f" {ICD} , R50.9 , Fever , exact , WHO "), id="blanks around the fields"),
    ],
)
def test_what_a_spreadsheet_adds_to_a_value_set_is_taken(data: bytes, tmp_path: Path) -> None:
    [row] = rows_of(tmp_path, data)
    assert (row.code.code, row.code.display) == ("R50.9", "Fever")


VALUE = r"\[thresholds\.adult_age\]\nvalue = \d+"


@pytest.mark.parametrize(
    ("before", "after", "place", "expected"),
    [
        pytest.param(VALUE, "[thresholds.adult_age]\nvalue = 1e999999", "adult_age.value", "below 1,000,000", id="endless number"),
        pytest.param(VALUE, "[thresholds.adult_age]\nvalue = nan", "adult_age.value", "below 1,000,000", id="no number"),
        pytest.param(VALUE, "[thresholds.adult_age]\nvalue = 151", "adult_age.value", "at most 150", id="an age of nobody"),
        pytest.param(r"\[thresholds\.prior_mri_days\]\nvalue = \d+", "[thresholds.prior_mri_days]\nvalue = 36526",
                     "prior_mri_days.value", "at most 36525", id="days beyond the calendar"),
        pytest.param(r'unit = "mL"', 'unit = "L"', ".unit", "mL: the rules calculate", id="another unit than the rules'"),
        pytest.param('id = "lumbar-mri"', 'id = ""', "id", "pattern", id="no id"),
        pytest.param(r'version = "[^"]*"', 'version = " "', "version", "a text on one line", id="no version"),
        pytest.param(r'statement = "[^"]*"', 'statement = ""', "recommendations.R1.statement", "a text", id="no statement"),
        pytest.param('strength = "strong"', 'strength = "superb"', "strength", "'strong' or 'conditional'", id="no such strength"),
        pytest.param('time_zone = "Asia/Singapore"', 'time_zone = "Asia"', "time_zone", "a time zone", id="a folder of zones"),
        pytest.param('\nemergency = "critical"', '\nemergency = "info"', "indicators.emergency", "critical", id="an emergency in passing"),
        pytest.param(r"specialist_roles = \[\]", 'specialist_roles = [""]', "specialist_roles.0", "words", id="a role of no words"),
        pytest.param(r"specialist_roles = \[\]", 'specialist_roles = ["|spine"]', "specialist_roles.0", "system|code", id="a role of no system"),
        pytest.param('\ndate = ""', "\ndate = 2026-01-01", "approval.date", "a text in quotes", id="a date without quotes"),
    ],
)  # fmt: skip
def test_an_identity_or_number_that_cannot_be_is_refused(
    before: str, after: str, place: str, expected: str, tmp_path: Path
) -> None:
    rewrite(copy_of(HEAD, tmp_path), before, after)
    [problem] = problems_of(lambda: read_head(tmp_path))
    assert problem.line is not None
    assert place in problem.expected
    assert expected in problem.expected


@pytest.mark.parametrize("day", ["2026-W01-1", "20260101", "2026-02-31", "٢٠٢٦-01-01"])
def test_an_approval_has_a_day_of_the_calendar(day: str, tmp_path: Path) -> None:
    file = copy_of(HEAD, tmp_path)
    for before, after in (
        ('status = "draft"', 'status = "active"'),
        ('approver = ""', 'approver = "A"'),
        ('\ndate = ""', f'\ndate = "{day}"'),
        ('next_review = ""', 'next_review = "2027-01-01"'),
    ):
        rewrite(file, before, after)
    assert ["approval.date: a date" in one.expected for one in problems_of(lambda: read_head(tmp_path))] == [
        True
    ]


def test_every_number_whose_name_tells_a_unit_has_it() -> None:
    told = {name: unit_of(name) for name in shipped_guideline().threshold_notes}
    silent = {"pain_score_high", "weak_facts_for_urgent", "procedure_alarm_score"}
    assert {name for name, unit in told.items() if unit is None} <= {
        *silent, "residual_volume_ml_high", "crp_high_mg_l", "weak_facts_for_urgent",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"x = {'9' * 5000}\n", "fewer digits", id="digits without end"),
        pytest.param(f"x = {'[' * 5000}{']' * 5000}\n", "nest less deep", id="lists in lists"),
        pytest.param(f"x = {'{a=' * 3000}1{'}' * 3000}\n", "nest less deep", id="tables in tables"),
        pytest.param("[x]\n[x]\n", "valid TOML", id="a table twice"),
        pytest.param("", "a code system", id="empty"),
        pytest.param('[x]\nurl = ""\n', "x.url: a text on one line", id="no address"),
        pytest.param('[x]\nurl = "u"\nrelative = "x"\n', "another system", id="its own relative"),
        pytest.param('[x]\nurl = "urn:x"\n[y]\nurl = "URN:X/"\n', "x has URN:X/, too", id="one address twice"),
        pytest.param('[x]\nurl = "urn:x"\n[y]\nurl = "y"\naliases = ["urn:x"]\n', "x has urn:x, too", id="an alias of another"),
    ],
)  # fmt: skip
def test_code_systems_that_cannot_be_used_are_refused(text: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / SYSTEMS).write_text(text, encoding="utf-8")
    assert any(expected in one.expected for one in problems_of(lambda: read_code_systems(tmp_path)))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(r"\[observations\]", "[observatoins]", "observations: a search for Observation", id="a key that a rule reads"),
        pytest.param(r'"Condition\?patient', '"Observation?patient', "conditions.query: a search for Condition", id="another type"),
        pytest.param(r'"Condition\?patient', '"https://x.example/Condition?patient', "a FHIR search", id="another server"),
        pytest.param(r"Procedure\?patient=\{\{context.patientId\}\}", "Procedure?patient=1", "a FHIR search", id="somebody else's record"),
        pytest.param(r"Procedure\?patient=\{\{context.patientId\}\}", "Procedure?patient={{context.pateintId}}", "a FHIR search", id="no such token"),
        pytest.param(r"Procedure\?patient", "Procedure?code=a b&patient", "a FHIR search", id="a blank in an address"),
        pytest.param(r'reason = "The same', 'reason = ""\n# "', "a text on one line", id="no reason"),
    ],
)  # fmt: skip
def test_a_search_that_no_client_could_make_is_refused(
    before: str, after: str, expected: str, tmp_path: Path
) -> None:
    rewrite(copy_of("prefetch.toml", tmp_path), before, after)
    problems = problems_of(
        lambda: read_queries(tmp_path, shipped_guideline().terminology, shipped_guideline().switches)
    )
    assert any(expected in one.expected for one in problems)


def test_every_key_that_a_rule_reads_is_asked_for() -> None:
    assert KEYS.keys() - {"userRole"} <= shipped_guideline().prefetch.keys()


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("(?P<a>x)", id="a named group"),
        pytest.param("(?i)x", id="a flag"),
        pytest.param(r"(y)\1", id="a number of a group"),
        pytest.param("Thorax", id="a capital letter"),
        pytest.param("(", id="no expression"),
    ],
)
def test_words_of_orders_that_would_match_otherwise_than_written_are_refused(expression: str) -> None:
    words = {name: ["x"] for name in shipped_guideline().order_patterns.__slots__}
    with pytest.raises(OrderPatternsError) as caught:
        read_order_patterns({"words": {**words, "thoracic": ["t", expression]}})
    assert [fault.path for fault in caught.value.faults] == [("words", "thoracic", 1)]


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        pytest.param("# Title\nlost words\n\n## name\nx\n", 2, "text below a heading", id="text above the first section"),
        pytest.param("## name\nx\n### summary.urgent\ny\n", 3, "a heading as ## name", id="three marks"),
        pytest.param("## name\nx\n## summary urgent\ny\n", 3, "a heading as ## name", id="two words"),
        pytest.param("## name\nx\n<!-- open\n## do\ny\n", 3, "a comment that ends", id="an open comment"),
    ],
)  # fmt: skip
def test_words_that_no_card_would_say_are_told(text: str, line: int, expected: str) -> None:
    with pytest.raises(WordsError) as caught:
        read_words({"cancer": text})
    assert [one.line for one in caught.value.problems if expected in one.expected] == [line]


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        pytest.param({"days_ago": 999_999_999}, "days_ago", id="before everybody's birth"),
        pytest.param({"days_ago": 3, "until_days_ago": 9}, "until_days_ago", id="ends before it begins"),
    ],
)
def test_a_story_of_no_life_is_refused(entry: dict[str, int], place: str) -> None:
    told = {
        "id": "a", "story": "s", "patient": "50 F", "record": [{"kind": "problem", "what": "x", **entry}],
        "expect": {"outcome": "unclear", "indicator": "info"},
    }  # fmt: skip
    with pytest.raises(ExamplesError) as caught:
        read_examples({"examples": [told]})
    assert [fault.path[-1] for fault in caught.value.faults] == [place]


def test_a_guideline_without_any_story_is_refused() -> None:
    with pytest.raises(ExamplesError):
        read_examples({"examples": []})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(
        shutil.copytree(SHIPPED, tmp_path / "lumbar-mri", ignore=shutil.ignore_patterns("extended_snomed"))
    )


@pytest.mark.parametrize(
    "name",
    [
        "thresholds.toml", "fever.csv", "Cancer2.md", "value_sets/fevre.csv", "value_sets/new/fever.csv",
        "value_sets/fever.CSV", "value_sets/extended_snomed/fevre.csv",
    ],
)  # fmt: skip
def test_a_file_that_nobody_reads_is_told(name: str, folder: Path) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("x\n", encoding="utf-8")
    assert [one.file for one in problems_of(lambda: check_files(folder, VALUE_SETS))] == [name]


@pytest.mark.parametrize("concept", ["fever", "cauda-equina", "spinal-metastasis", "benign-neoplasm"])
def test_a_value_set_that_is_gone_is_told(concept: str, folder: Path) -> None:
    assert concept in VALUE_SETS
    (folder / f"value_sets/{concept}.csv").unlink()
    assert f"value_sets/{concept}.csv" in {one.file for one in check_content(folder)}


def test_content_without_value_sets_is_told(folder: Path) -> None:
    shutil.rmtree(folder / "value_sets")
    assert len(check_content(folder)) >= len(VALUE_SETS)


def test_the_shipped_folder_holds_what_is_read_and_nothing_else() -> None:
    check_files(SHIPPED, VALUE_SETS)
