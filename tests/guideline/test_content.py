"""Broken content stops the start, and says in which file and what was expected."""

import re
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from cds_service.guideline.content import ContentError, load_guideline, number_words, resource_type_of

SHIPPED = Path(__file__).parents[2] / "cards" / "lumbar-mri"
HEAD, SOURCES, PATTERNS = "guideline.toml", "sources.toml", "patterns.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped content, to be broken."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "lumbar-mri"))


def rewrite(file: Path, before: str, after: str) -> None:
    """Replaces the one place that the pattern finds; a pattern that finds none would test nothing."""
    text, count = re.subn(before, lambda _: after, file.read_text(encoding="utf-8"), count=1)
    assert count == 1, before
    file.write_text(text, encoding="utf-8")


def set_threshold(folder: Path, name: str, value: str) -> None:
    rewrite(folder / HEAD, rf"\[thresholds\.{name}\]\nvalue = .+", f"[thresholds.{name}]\nvalue = {value}")


def approve(
    folder: Path, approver: str = "Dr A", date: str = "2026-06-01", review: str = "2027-06-01"
) -> None:
    rewrite(folder / HEAD, 'status = "draft"', 'status = "active"')
    for name, value in (("approver", approver), ("date", date), ("next_review", review)):
        rewrite(folder / HEAD, f'{name} = ""', f'{name} = "{value}"')


def refusal(folder: Path) -> tuple[str, str]:
    with pytest.raises(ContentError) as caught:
        load_guideline(folder)
    return caught.value.file, caught.value.expected


@pytest.mark.parametrize(
    ("file", "before", "after", "expected"),
    [
        pytest.param(HEAD, 'status = "draft"', 'status = "final"', "status: ", id="no such status"),
        pytest.param(HEAD, "Asia/Singapore", "Asia/Atlantis", "time_zone: a time zone", id="no such zone"),
        pytest.param(HEAD, 'emergency = "critical"', 'emergency = "red"', "indicators.emergency: ", id="indicator"),
        pytest.param(HEAD, 'improving = "info"\n', "", "indicators.improving: ", id="an indicator missing"),
        pytest.param(HEAD, 'improving = "info"', 'better = "info"', "indicators.", id="an indicator too many"),
        pytest.param(
            HEAD, 'remote_cancer_outcome = "possible"', 'remote_cancer_outcome = "posible"',
            "switches.remote_cancer_outcome: one of possible, urgent", id="no such outcome",
        ),
        pytest.param(
            HEAD, 'remote_cancer_outcome = "possible"', 'remote_cancer_outcome = "emergency"',
            "switches.remote_cancer_outcome: one of possible, urgent", id="cancer alone an emergency",
        ),
        pytest.param(
            HEAD, 'needle_outcome = "possible"', 'needle_outcome = "unclear"',
            "switches.needle_outcome: one of emergency, indicated, possible, urgent", id="an outcome not on offer",
        ),
        pytest.param(HEAD, 'origin = "SEED"', 'origin = "seed"', ".origin: one of", id="no such origin"),
        pytest.param(SOURCES, 'citation = "CRP cut-offs, first', 'title = "CRP cut-offs, first', "D5.", id="misspelt"),
        pytest.param(PATTERNS, r'origin = "DESIGN", ', "", "steroids.prednisolone.origin", id="a factor without origin"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_refused(
    file: str, before: str, after: str, expected: str, folder: Path
) -> None:
    rewrite(folder / file, before, after)
    named, said = refusal(folder)
    assert (named, expected in said) == (file, True), said


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({"approver": " "}, "approval.approver: a name", id="no approver"),
        pytest.param({"date": ""}, "approval.date: a date", id="no date"),
        pytest.param({"review": ""}, "approval.next_review: a date", id="no next review"),
        pytest.param({"date": "1 June 2026"}, "approval.date: a date", id="no date that can be read"),
        pytest.param({"review": "2026-06-01"}, "approval.next_review: later", id="review not later"),
    ],
)
def test_an_active_guideline_is_signed(changed: dict[str, str], expected: str, folder: Path) -> None:
    approve(folder, **changed)
    named, said = refusal(folder)
    assert (named, said.startswith(expected)) == (HEAD, True), said


def test_a_signed_guideline_is_served(folder: Path) -> None:
    approve(folder)
    assert load_guideline(folder).status == "active"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param("lab_days", "-1", "thresholds.lab_days.value: 0 or more", id="negative"),
        pytest.param("lab_days", "1.5", "thresholds.lab_days.value: a whole number", id="half a day"),
        pytest.param("crp_strong_mg_l", "9", "thresholds.crp_weak_mg_l.value: at most crp_strong_mg_l", id="CRP"),
        pytest.param("esr_strong_mm_h", "19", "thresholds.esr_weak_mm_h.value: at most esr_strong_mm_h", id="ESR"),
        pytest.param("care_full_days", "27", "thresholds.care_min_days.value: at most care_full_days", id="care"),
        pytest.param(
            "cauda_subacute_days", "13", "thresholds.cauda_acute_days.value: at most cauda_subacute_days", id="cauda equina"
        ),
        pytest.param("fever_cel", "50", "thresholds.fever_cel.value: at most temperature_high_cel", id="fever"),
        pytest.param("weight_high_kg", "10", "thresholds.weight_low_kg.value: at most weight_high_kg", id="weight"),
    ],
)  # fmt: skip
def test_a_number_that_cannot_be_right_is_refused(name: str, value: str, expected: str, folder: Path) -> None:
    set_threshold(folder, name, value)
    named, said = refusal(folder)
    assert (named, expected in said) == (HEAD, True), said


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("www.ace-hta.gov.sg/page", id="no scheme"),
        pytest.param("/page", id="relative"),
        pytest.param("http://www.ace-hta.gov.sg/page", id="not encrypted"),
        pytest.param("https:///page", id="no host"),
        pytest.param("https://www.ace-hta.gov.sg/a page", id="a blank"),
        pytest.param("https://[www.ace-hta.gov.sg/page", id="a broken host"),
        pytest.param("javascript:alert(1)", id="a script"),
        pytest.param("", id="nothing"),
    ],
)
@pytest.mark.parametrize("name", ["url", "details_url"])
def test_a_link_of_the_cards_is_an_absolute_https_address(name: str, address: str, folder: Path) -> None:
    rewrite(folder / HEAD, rf'\n{name} = ".+"', f'\n{name} = "{address}"')
    assert refusal(folder) == (HEAD, f"{name}: an absolute https address")


def test_a_source_has_a_whole_address_or_none(folder: Path) -> None:
    rewrite(folder / SOURCES, 'url = "https://read.qxmd.com/read/32538336/"', 'url = "read.qxmd.com"')
    assert refusal(folder) == (SOURCES, "sources.D5.url: an absolute web address")


def test_words_that_cannot_be_used_are_refused_with_their_file(folder: Path) -> None:
    rewrite(folder / "cancer.md", r"## overrides\n\n", "## overrides\n\nother: Other\n")
    assert refusal(folder) == ("cancer.md", "section overrides: other only once")


def test_every_other_source_of_a_number_is_one_that_is_listed() -> None:
    guideline = load_guideline(SHIPPED)
    for note in guideline.threshold_notes.values():
        if note.origin == "OTHER":
            named = re.findall(r"\b[A-E]\d+\b", note.source)
            assert named, note.name
            assert set(named) <= guideline.sources.keys(), note.name


def test_a_number_says_where_it_comes_from_in_words() -> None:
    for note in load_guideline(SHIPPED).threshold_notes.values():
        assert not re.match(r"[\d.]+", note.source), note.name


def test_no_two_sources_share_an_address() -> None:
    addresses = [source.url for source in load_guideline(SHIPPED).sources.values() if source.url]
    assert len(addresses) == len(set(addresses))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        pytest.param(Decimal("38.0"), "38", id="no decimals of nought"),
        pytest.param(Decimal("0.7"), "0.7", id="decimals"),
        pytest.param(Decimal("0.70"), "0.7", id="the last nought of them"),
        pytest.param(Decimal("200"), "200", id="noughts of a whole decimal"),
        pytest.param(Decimal("2E+2"), "200", id="no exponent"),
        pytest.param(90, "90", id="a whole number"),
    ],
)
def test_a_number_is_written_as_it_is_read(value: int | Decimal, words: str) -> None:
    assert number_words(value) == words


@pytest.mark.parametrize(
    ("query", "type_"),
    [
        ("Observation?patient={{context.patientId}}&code=a/b", "Observation"),
        ("Patient/{{context.patientId}}", "Patient"),
        ("Device?patient=1?2", "Device"),
    ],
)
def test_a_query_asks_for_the_type_before_its_conditions(query: str, type_: str) -> None:
    assert resource_type_of(query) == type_


@pytest.mark.parametrize(
    ("line", "text"),
    [
        pytest.param(3, "orders.toml:3: a code", id="a line"),
        pytest.param(None, "orders.toml: a code", id="no line"),
    ],
)
def test_an_error_says_file_line_and_what_was_expected(line: int | None, text: str) -> None:
    assert str(ContentError("orders.toml", line, "a code")) == text


def test_a_checklist_that_means_nothing_that_a_rule_reads_is_refused(folder: Path) -> None:
    rewrite(folder / "checklist.toml", r'yes = \["saddle-numbness"\]', 'yes = ["osteoporosis"]')
    assert refusal(folder) == ("checklist.toml", "items.2.yes: item saddle: yes: osteoporosis is no red flag")
