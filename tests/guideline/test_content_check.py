"""Every way in which content can be broken is told with file, line and what was expected."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cds_service.guideline.content import ContentError, Problem, check_content, load_guideline

SHIPPED = Path(__file__).parents[2] / "cards" / "lumbar-mri"
HEAD, CODES, ORDERS, ORDERS_OUT = "guideline.toml", "code_systems.toml", "orders.toml", "orders_out.toml"
PATTERNS, PREFETCH, SOURCES, EXAMPLES = "patterns.toml", "prefetch.toml", "sources.toml", "examples.toml"
PAIRS = "contradictions.toml"
CANCER, FEVER = "value_sets/cancer.csv", "value_sets/fever.csv"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped content, to be broken."""
    # The wider SNOMED lists are most of the codes and nothing here is about them.
    return Path(
        shutil.copytree(SHIPPED, tmp_path / "lumbar-mri", ignore=shutil.ignore_patterns("extended_snomed"))
    )


def rewrite(file: Path, before: str, after: str) -> None:
    """Replaces the one place that the pattern finds; a pattern that finds none would test nothing."""
    text, count = re.subn(before, lambda _: after, file.read_text(encoding="utf-8"), count=1)
    assert count == 1, before
    file.write_text(text, encoding="utf-8")


def told(folder: Path, file: str, expected: str) -> Problem:
    """The one problem of a file that says so."""
    problems = check_content(folder)
    found = [one for one in problems if one.file == file and expected in one.expected]
    assert len(found) == 1, problems
    return found[0]


def line_text(folder: Path, problem: Problem) -> str:
    assert problem.line is not None, problem
    return (folder / problem.file).read_text(encoding="utf-8").split("\n")[problem.line - 1]


# file, what stands there, what is written in its place, a piece of the line that is named, what is expected
BROKEN_TABLES = [
    pytest.param(HEAD, "\nversion = ", "\nverison = ", "verison", "verison: no such name", id="guideline: unknown key"),
    pytest.param(CODES, "\ncheck = \"mod10\"", "\nchekc = \"mod10\"", "chekc", "loinc.chekc: no such name", id="code systems: unknown key"),
    pytest.param(ORDERS, "\nthoracic = ", "\nthoracik = ", "thoracik", "words.thoracik: no such table", id="orders: unknown key"),
    pytest.param(ORDERS_OUT, "\ncategory = ", "\ncategroy = ", "categroy", "categroy: no such name", id="orders out: unknown key"),
    pytest.param(PATTERNS, r"\nenough = true", "\nenuogh = true", "enuogh", "enuogh: no such name", id="patterns: unknown key"),
    pytest.param(PREFETCH, r"\nsystems = ", "\nsytems = ", "sytems", "observations.sytems: no such name", id="prefetch: unknown key"),
    pytest.param(SOURCES, r"\nurl = ", "\nulr = ", "ulr", "sources.1.ulr: no such name", id="sources: unknown key"),
    pytest.param(EXAMPLES, r"\nstory = ", "\nstroy = ", "stroy", "examples.0.stroy: no such name", id="examples: unknown key"),
    pytest.param(PAIRS, r"\nbecause = ", "\nbecuase = ", "becuase", "becuase: no such name", id="contradictions: unknown key"),
    pytest.param(HEAD, r"unit = \"a\"\n", "", "[thresholds.adult_age]", "adult_age.unit: a value", id="threshold without unit"),
    pytest.param(HEAD, r"unit = \"a\"", 'unit = " "', 'unit = " "', "adult_age.unit: a unit", id="threshold with a blank unit"),
    pytest.param(HEAD, r'source = "C1"\n', "", "[thresholds.pain_episode_gap_days]", "source: a value", id="threshold without source"),
    pytest.param(HEAD, r'source = "C1"', 'source = ""', 'source = ""', "pain_episode_gap_days.source: a source", id="threshold with an empty source"),
    pytest.param(HEAD, r'origin = "SEED"', 'origin = "SEEDS"', '"SEEDS"', "origin: one of ACG, DESIGN, OTHER, SEED", id="threshold with a wrong tag"),
    pytest.param(HEAD, r"\[thresholds\.adult_age\]\nvalue = 18", '[thresholds.adult_age]\nvalue = "18"', '"18"', "a number without quotes", id="threshold in quotes"),
    pytest.param(HEAD, r"\[thresholds\.adult_age\]\nvalue = 18", "[thresholds.adult_age]\nvalue = true", "value = true", "a number without quotes", id="threshold that is no number"),
    pytest.param(HEAD, r"\[thresholds\.adult_age\]\nvalue = 18", "[thresholds.adult_age]\nvalue = 17.5", "value = 17.5", "adult_age.value: a whole number", id="half a year"),
    pytest.param(HEAD, r"\[thresholds\.care_full_days\]\nvalue = \d+", "[thresholds.care_full_days]\nvalue = 3", "value = 28", "care_min_days.value: at most care_full_days", id="thresholds out of order"),
    pytest.param(HEAD, r"\[thresholds\.adult_age\]", "[thresholds.adlut_age]", "[thresholds.adlut_age]", "thresholds.adlut_age: no such name", id="unknown threshold"),
    pytest.param(HEAD, r'source = "C1"', 'source = "C99"', '"C99"', "a source of sources.toml, which has no C99", id="threshold with an unknown source"),
    pytest.param(HEAD, r'source = "C1"', 'source = "a paper"', '"a paper"', "because the origin is OTHER", id="number of others without a source"),
    pytest.param(HEAD, r"\[recommendations\.R6\]", "[recommendations.R7]", "[recommendations.R7]", "R7: no such recommendation", id="unknown recommendation"),
    pytest.param(HEAD, r'"AMB", "VR"', '"AMB", 5', "primary_care_classes", "a list of texts", id="switch of another kind"),
    pytest.param(HEAD, r"\nemergency = \"critical\"\n", "\n", "[indicators]", "indicators.emergency: info, warning or critical", id="outcome without indicator"),
    pytest.param(HEAD, r'\nurl = "https', '\nurl = "http', "http://", "url: an absolute https address", id="link that is not encrypted"),
    pytest.param(SOURCES, 'url = "https://read.qxmd.com/read/32538336/"', 'url = "read.qxmd.com"', "read.qxmd.com", "sources.D5.url: an absolute web address", id="broken address of a source"),
    pytest.param(CODES, r'relative = "icd-10-cm"', 'relative = "icd-11"', "icd-11", "icd-10.relative: another system", id="unknown relative"),
    pytest.param(CODES, r"form = '\\d\{6,18\}'", "form = '('", "form = '('", "a regular expression", id="broken form of a code"),
    pytest.param(CODES, r'check = "verhoeff"', 'check = "mod11"', "mod11", "snomed.check", id="unknown check digit"),
    pytest.param(ORDERS, r"'\\bwrists\?\\b'", "'wrist('", "wrist(", "is no regular expression", id="broken expression"),
    pytest.param(ORDERS_OUT, '"306170007"', '"306170008"', "306170008", "306170008: a code of a value set", id="suggested code of no value set"),
    pytest.param(PREFETCH, '"crp", "crp-high', '"cpr", "crp-high', '"cpr"', "the name of a value set, not cpr", id="query for no value set"),
    pytest.param(PREFETCH, r"code=\$codes&", "", "query = \"Observation", "$codes in the query", id="query without its codes"),
    pytest.param(PATTERNS, r'\nwords = \["', '\nwords = ["[very] ', '"[very] ', "a phrase begins with a word", id="phrase that is none"),
    pytest.param(PATTERNS, r'in_use = \["Cel"', 'in_use = ["kg"', 'in_use = ["kg"', "a UCUM unit of its kind, not kg", id="unit of another kind"),
    pytest.param(EXAMPLES, r'outcome = "not-indicated"', 'outcome = "not-needed"', "not-needed", "examples.0.expect.outcome", id="example with no outcome"),
    pytest.param(EXAMPLES, r'recommendations = \["R1"\]', 'recommendations = ["R7"]', '["R7"]', "recommendations.0", id="example with an unknown recommendation"),
    pytest.param(EXAMPLES, "snomed 279039007", "snomed 279039008", "279039008", "a code of a value set", id="example with an unknown code"),
    pytest.param(EXAMPLES, r'id = "no-treatment-yet"', 'id = "short-pain"', 'id = "short-pain"', "only one story of this id", id="story told twice"),
    pytest.param(PAIRS, '"device-mr-safe"', '"device-safe"', '"device-safe"', "the name of a value set, not device-safe", id="contradiction of an unknown set"),
    pytest.param("checklist.toml", r"\nshort = ", "\nshrot = ", "shrot", "shrot: no such name", id="checklist: unknown key"),
    pytest.param("checklist.toml", r'yes = \["saddle-numbness"\]', 'yes = ["osteoporosis"]', "osteoporosis", "osteoporosis is no red flag", id="answer that no rule reads"),
    pytest.param("expansions.toml", r"\necl = ", "\nelc = ", "elc", "elc: no such name", id="expansions: unknown key"),
    pytest.param("expansions.toml", "<< 192970008", "<< 192970009", "192970009", "cauda-equina.ecl: codes of SNOMED CT", id="expansion with an unknown code"),
    pytest.param(HEAD, r"\[approval\]", "[approval", "[approval", "valid TOML", id="no TOML"),
]  # fmt: skip


BROKEN_WORDS = [
    pytest.param("cancer.md", "- MRI of the whole spine, priority stat.", "- MRI within $dyas.", "$dyas", "$dyas cannot be filled", id="blank that cannot be filled"),
    pytest.param("common.md", r"\$others", "others", "others", "section duplicates: a blank $others", id="blank missing"),
    pytest.param("safety.md", r"device: \$fact\.", "device.", "device.", ": a blank $fact", id="blank of a fact missing"),
    pytest.param("cancer.md", r"\$features", "$features now", "$features now", "$features in brackets", id="blank at the wrong place"),
    pytest.param("cancer.md", "possible spinal malignancy", "possible $ malignancy", "possible $", "with blanks as $name", id="broken blank"),
    pytest.param("cancer.md", "## summary.urgent-weak", "## summary.urgent-waek", "Make MRI urgent: back pain with several", "section summary.urgent-waek is read by no card", id="misspelled section"),
    pytest.param("cancer.md", "Refer to ED now, whole-spine MRI", "Refer to the emergency department at once for an MRI of the whole spine, of every part", "Refer to the emergency", "characters with its blanks filled", id="summary too long"),
    pytest.param("unclear.md", r"## summary.unread\n\n", "## summary.unread\n\n" + "x" * 60 + " ", "x" * 60, "at most 126 characters with its blanks filled", id="summary too long with its longest blank"),
    pytest.param("cancer.md", r"## overrides\n\n", "## overrides\n\nnot a reason\n", "not a reason", "a line a reason, as code: words", id="override without code"),
    pytest.param("cancer.md", r"\[22\]", "[88]", "[88]", "evidence", id="reference of no source"),
    pytest.param("cancer.md", "call the spine team on call", "see [advice](www.example.org)", "(www.example.org)", "an absolute https address, not www.example.org", id="broken link"),
    pytest.param("cancer.md", "call the spine team on call", "see http://example.org/a", "http://example.org/a", "an absolute https address, not http://example.org/a", id="bare link that is not encrypted"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "before", "after", "at", "expected"), [*BROKEN_TABLES, *BROKEN_WORDS])
def test_what_is_broken_is_told_with_its_line(
    file: str, before: str, after: str, at: str, expected: str, folder: Path
) -> None:
    rewrite(folder / file, before, after)
    assert at in line_text(folder, told(folder, file, expected))


@pytest.mark.parametrize(
    ("emptied", "text", "told_in", "expected"),
    [
        pytest.param(SOURCES, "[sources]\n", HEAD, "a source of sources.toml, which has no D7", id="sources"),
        pytest.param(CODES, "", CODES, "snomed: a code system, because the rules name it", id="code systems"),
    ],
)
def test_what_an_empty_file_lacks_is_told_where_it_is_asked_for(
    emptied: str, text: str, told_in: str, expected: str, folder: Path
) -> None:
    (folder / emptied).write_text(text, encoding="utf-8")
    assert [one for one in check_content(folder) if one.file == told_in and expected in one.expected]
    with pytest.raises(ContentError):
        load_guideline(folder)


def test_a_section_that_is_missing_is_told_with_its_file(folder: Path) -> None:
    rewrite(folder / "common.md", r"## heading.why\n\n.*\n", "")
    assert told(folder, "common.md", "a section heading.why").line is None


ROW = "\nhttp://snomed.info/sct,{code},A name,{match},a source\n"
ICD = "\nhttp://hl7.org/fhir/sid/icd-10,{code},A name,prefix,a source\n"
BROKEN_ROWS = [
    pytest.param(FEVER, ROW.format(code="386661007", match="exact"), "386661007: a code with a right check digit (verhoeff)", id="check digit"),
    pytest.param(FEVER, ROW.format(code="363346000", match="like"), "match: exact or prefix", id="no way to match"),
    pytest.param(FEVER, ROW.format(code="", match="exact"), "a code, its display and its provenance", id="no code"),
    pytest.param(FEVER, "\nhttp://snomed.info/sct,363346000\n", "5 columns", id="columns missing"),
    pytest.param(FEVER, "\nhttp://example.org,1,A name,exact,a source\n", "system: the url of a system", id="unknown system"),
    pytest.param(FEVER, ICD.format(code="R5O"), "R5O: a code as icd-10 spells it", id="prefix with a letter for a nought"),
    pytest.param(FEVER, ICD.format(code="R50.123"), "this matches nothing", id="prefix longer than any code"),
    pytest.param(FEVER, ICD.format(code="50"), "this matches nothing", id="prefix without its letter"),
    pytest.param(FEVER, ROW.format(code="386661006", match="exact"), "386661006 only once", id="code twice"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "row", "expected"), BROKEN_ROWS)
def test_a_broken_row_of_a_value_set_is_told_with_its_line(
    file: str, row: str, expected: str, folder: Path
) -> None:
    path = folder / file
    path.write_text(path.read_text(encoding="utf-8").rstrip("\n") + row, encoding="utf-8")
    problem = told(folder, file, expected)
    assert line_text(folder, problem) == row.strip()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("device-mr-safe", "device-mr-unsafe", id="labels of a device"),
        pytest.param("coded-acute", "coded-chronic", id="new and old"),
        pytest.param("cancer-high-risk", "benign-neoplasm", id="cancer and benign"),
        pytest.param("urinary-retention", "retention-drug", id="with and without a cause of its own"),
    ],
)
def test_a_code_in_two_sets_that_contradict_is_told_with_both_places(
    first: str, second: str, folder: Path
) -> None:
    taken = (folder / "value_sets" / f"{first}.csv").read_text(encoding="utf-8").splitlines()[1]
    path = folder / "value_sets" / f"{second}.csv"
    path.write_text(path.read_text(encoding="utf-8").rstrip("\n") + f"\n{taken}\n", encoding="utf-8")
    place = f"value_sets/{first}.csv:2"
    problems = [one for one in check_content(folder) if place in one.expected]
    assert problems
    assert {one.file for one in problems} == {f"value_sets/{second}.csv"}
    assert {line_text(folder, one) for one in problems} == {taken}


def test_a_prefix_and_a_whole_code_of_one_spelling_contradict(folder: Path) -> None:
    """C50 as a prefix among the cancers and C50 as a code among the benign: the code would be both."""
    path = folder / "value_sets" / "benign-neoplasm.csv"
    row = "http://hl7.org/fhir/sid/icd-10-cm,C50,A name,exact,a source"
    path.write_text(path.read_text(encoding="utf-8").rstrip("\n") + f"\n{row}\n", encoding="utf-8")
    assert line_text(folder, told(folder, "value_sets/benign-neoplasm.csv", "C50 in cancer")) == row


def test_a_longer_code_within_a_shorter_prefix_is_an_exception_and_no_contradiction(folder: Path) -> None:
    path = folder / "value_sets" / "benign-neoplasm.csv"
    row = "http://hl7.org/fhir/sid/icd-10-cm,C50.9,A name,exact,a source"
    path.write_text(path.read_text(encoding="utf-8").rstrip("\n") + f"\n{row}\n", encoding="utf-8")
    assert check_content(folder) == ()


def test_the_shipped_content_has_no_problem() -> None:
    assert check_content(SHIPPED) == ()


def test_everything_that_is_wrong_is_told_at_once_and_stops_the_start(folder: Path) -> None:
    breaks: list[tuple[str, str, str]] = [
        (HEAD, r'origin = "SEED"', 'origin = "X"'),
        (HEAD, r"unit = \"a\"", 'unit = ""'),
        ("cancer.md", r"\$features", "$feature"),
        ("safety.md", "Give the model", "It is quite safe: give the model"),
        (FEVER, "386661006", "386661007"),
        (ORDERS, "'lendenwirbel'", "'('"),
        (SOURCES, r"\nurl = ", "\nulr = "),
    ]
    for file, before, after in breaks:
        rewrite(folder / file, before, after)
    problems = check_content(folder)
    assert {one.file for one in problems} == {file for file, _, _ in breaks}
    with pytest.raises(ContentError) as caught:
        load_guideline(folder)
    assert caught.value.problems == problems
    assert str(caught.value).splitlines() == [str(one) for one in problems]


@pytest.mark.parametrize(
    "remove",
    [
        pytest.param(lambda folder: (folder / "sources.toml").unlink(), id="no file"),
        pytest.param(lambda folder: (folder / "sources.toml").write_bytes(b"\xff\xfe\x00"), id="no text"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(remove: Callable[[Path], object], folder: Path) -> None:
    remove(folder)
    assert told(folder, SOURCES, "a readable UTF-8 file").line is None
