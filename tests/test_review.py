"""The review page holds everything that a clinician signs, from the data and rules that run."""

import importlib
import pkgutil
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from markdown_it import MarkdownIt

from cds_service import record
from cds_service.guideline import lumbar_mri
from cds_service.guideline.content import Guideline, number_words
from cds_service.guideline.decision import Indicator
from cds_service.review import render_review
from tests.shipped import shipped_guideline


@pytest.fixture(scope="module")
def guideline() -> Guideline:
    return shipped_guideline()


@pytest.fixture(scope="module")
def page(guideline: Guideline) -> str:
    return render_review(guideline)


def test_the_page_names_the_version_that_is_signed(page: str, guideline: Guideline) -> None:
    assert page.startswith(f"# {guideline.title}\n")
    for identity in (guideline.version, guideline.status, guideline.digest, guideline.url):
        assert identity in page


@pytest.mark.parametrize("name", ["R1", "R2", "R3", "R4", "R5", "R6"])
def test_every_recommendation_stands_with_strength_and_certainty(
    name: str, page: str, guideline: Guideline
) -> None:
    found = guideline.recommendations[name]
    assert (
        f"**{name}.** {found.statement}. *{found.strength.capitalize()} recommendation, {found.certainty}"
        in page
    )


def criteria() -> list[tuple[str, str]]:
    """Every criterion of every rule module that there is."""
    modules = [
        importlib.import_module(f"{package.__name__}.{found.name}")
        for package in (lumbar_mri, record)
        for found in pkgutil.iter_modules(package.__path__)
    ]
    return [row for module in modules for row in getattr(module, "CRITERIA", ())]


def test_every_criterion_of_every_rule_is_on_the_page(page: str) -> None:
    rows = criteria()
    assert len(rows) > 80
    for tier, sentence in rows:
        pattern = re.escape(sentence.replace("|", "\\|"))
        pattern = re.sub(r"\\\$[a-z_0-9]+", lambda _: r"[\d.]+", pattern)
        assert re.search(rf"\| {re.escape(tier)} \| {pattern} \|", page), sentence


def test_every_blank_of_a_criterion_is_a_threshold(page: str) -> None:
    chapters = re.findall(r"### Criteria[^\n]*\n\n(.*?)\n\n", page, re.DOTALL)
    assert len(chapters) >= 7
    assert not [line for chapter in chapters for line in chapter.splitlines() if "$" in line or "‹" in line]


def test_a_changed_threshold_changes_the_page(guideline: Guideline, page: str) -> None:
    moved = replace(guideline, thresholds=replace(guideline.thresholds, crp_strong_mg_l=Decimal("77")))
    assert "77 mg/L" not in page
    assert "77 mg/L" in render_review(moved)


def test_every_threshold_has_its_unit_origin_source_and_meaning(page: str, guideline: Guideline) -> None:
    for note in guideline.threshold_notes.values():
        row = f"| {note.name} | {number_words(note.value)} | {note.unit} | {note.origin} | {note.source} |"
        assert row in page
        assert note.meaning in page


def test_every_value_set_has_its_count_and_first_codes(page: str, guideline: Guideline) -> None:
    for name, codes in guideline.terminology.value_sets.items():
        assert f"| {name} | {len(codes)} | " in page
        assert codes[0].code in page


def test_every_code_can_be_listed(guideline: Guideline, page: str) -> None:
    whole = render_review(guideline, all_codes=True)
    listed = set(re.split(r"[ …]", whole.split("## Codes")[1].split("## Words by which")[0]))
    assert {row.code for codes in guideline.terminology.value_sets.values() for row in codes} <= listed
    assert "`lumbar-mri-cds review --all-codes` lists all" in page


def rows_of(page: str, heading: str) -> list[str]:
    """The table rows under a heading."""
    return re.findall(r"^\| .*$", page.split(f"## {heading}\n")[1].split("\n## ")[0], re.MULTILINE)


def test_the_order_of_precedence_is_that_of_the_rules(page: str) -> None:
    rows = rows_of(page, "Precedence and indicators")
    answers = [row.split(" | ")[0].removeprefix("| ") for row in rows[2:10]]
    assert answers == [
        "emergency", "urgent", "indicated", "possible", "unclear", "may-be-indicated", "not-indicated", "outside",
    ]  # fmt: skip
    by_fever = {
        row.split(" | ")[0]: re.findall(r"R5 possible spinal (\w+)", row) for row in rows if "R4" in row
    }
    assert by_fever == {"| no fever": ["malignancy", "infection"], "| fever": ["infection", "malignancy"]}


def test_a_changed_indicator_changes_the_page(guideline: Guideline) -> None:
    moved = replace(guideline, indicators={**guideline.indicators, "possible": Indicator.WARNING})
    assert "| possible | 3 | warning |" in render_review(moved)


@pytest.mark.parametrize(
    ("answer", "priority", "said"),
    [
        ("emergency", "urgent", "no"),
        ("emergency", "stat", "yes, given a place in the emergency department"),
        ("urgent", "routine", "no"),
        ("urgent", "urgent", "yes, given no MR-unsafe implant"),
        ("indicated", "routine", "yes"),
    ],
)
def test_the_page_says_when_an_order_is_right_already(
    answer: str, priority: str, said: str, page: str
) -> None:
    (row,) = [
        row
        for row in rows_of(page, "When an order is right already")
        if row.startswith(f"| {answer} | {priority} |")
    ]
    assert row.startswith(f"| {answer} | {priority} | {said}")


def test_the_page_says_what_an_order_should_become(page: str) -> None:
    rows = rows_of(page, "What an order should become")
    assert (
        "| R4 suspected cauda equina syndrome, emergency | stat | lumbosacral spine | without contrast "
        "| Refer to emergency department now |"
    ) in rows
    assert any("and R5 possible spinal malignancy, emergency | stat | whole spine" in row for row in rows)
    for recommendation in ("R3", "R4", "R5", "R6"):
        assert any(row.startswith(f"| {recommendation} ") for row in rows)


def test_every_emergency_is_referred_where_the_card_refers_it(page: str) -> None:
    emergencies = [row for row in rows_of(page, "What an order should become") if ", emergency" in row]
    assert len(emergencies) > 8
    assert all(row.endswith("| Refer to emergency department now |") for row in emergencies)


def test_cancer_is_no_emergency_by_itself(page: str) -> None:
    assert "| R5 possible spinal malignancy, emergency" not in page


@pytest.mark.parametrize("row", ["urgent, fever", "indicated, fever", "indicated, after surgery"])
def test_no_circumstance_stands_beside_an_answer_that_it_cannot_have(row: str, page: str) -> None:
    assert f"| R6 pain after a spinal procedure, {row} |" not in page


def test_every_steroid_stands_with_its_factor_origin_and_source(page: str, guideline: Guideline) -> None:
    for name, steroid in guideline.patterns.as_written.steroids.items():
        factor = number_words(steroid.prednisolone_factor)
        assert f"| {name} | {factor} | {steroid.origin} | {steroid.source} |" in page


def test_the_words_by_which_records_are_read_are_on_the_page(page: str, guideline: Guideline) -> None:
    written = guideline.patterns.as_written
    for name, concept in written.concepts.items():
        assert f"| {name} | {concept.pathway or ''} |" in page
        for phrase in (*concept.words, *concept.question_words):
            assert f"`{phrase}`".replace("|", "\\|") in page
    for words in (*written.drugs.values(), *written.implants.values(), *written.cues.values()):
        for phrase in words:
            assert f"`{phrase}`".replace("|", "\\|") in page


def test_no_source_holds_a_note_to_ourselves(page: str) -> None:
    assert not re.search(r"not read|stored copy|demo service|repository|seed", page.split("## Sources")[1])


def test_the_words_of_every_card_are_on_the_page(page: str, guideline: Guideline) -> None:
    for sections in guideline.words.sections.values():
        for section, text in sections.items():
            for line in text.splitlines() if section != "overrides" else ():
                said = re.sub(r"\\\$[a-z_]+", r".+", re.escape(line))
                assert re.search(said, page), line


def test_a_variant_s_summary_stands_above_its_advice(page: str) -> None:
    (text,) = re.findall(r"#### cauda-equina\.emergency\n\n(.*?)\n\n####", page, re.DOTALL)
    assert text.startswith(
        "> Refer to ED now: suspected cauda equina, emergency MRI. ‹features›\n\n- Refer to the"
    )


def test_each_disease_has_criteria_of_its_own(page: str) -> None:
    cancer, infection, both = (
        page.split(f"### Criteria: {name}\n")[1].split("\n#")[0]
        for name in ("cancer", "infection", "cancer and infection")
    )
    assert "| urgent | One strong fact |" in infection
    assert "One strong fact" not in cancer
    assert "Weight loss" in both
    assert "Weight loss" not in cancer + infection


@pytest.mark.parametrize(
    ("variant", "said"),
    [
        pytest.param("infection.emergency-sepsis", "What to do: as for infection.emergency.", id="of the outcome"),
        pytest.param(
            "infection.emergency-sepsis.hospital", "What to do: as for infection.emergency.hospital.", id="in hospital"
        ),
        pytest.param("infection.urgent-known.hospital", "What to do: as for infection.urgent.hospital.", id="hospital alone"),
        pytest.param("infection.urgent-weak", "What to do: as for infection.urgent.", id="weak facts"),
        pytest.param("neurology.emergency-bilateral", "What to do: as for neurology.emergency.", id="both legs"),
        pytest.param("cancer.emergency-cord", "Summary: that of the pattern, which stands among", id="pattern"),
    ],
)  # fmt: skip
def test_a_variant_without_words_of_its_own_says_whose_it_uses(variant: str, said: str, page: str) -> None:
    assert f"*{said}" in page.split(f"#### {variant}\n")[1].split("\n#")[0]


def test_the_words_show_the_numbers_that_are_in_force(page: str) -> None:
    assert "this adult guideline starts at 18 years" in page


def test_every_example_is_told_with_what_must_happen(page: str, guideline: Guideline) -> None:
    for example in guideline.examples:
        assert f"| {example.id} | {example.story} |" in page
    assert "emergency (R4), critical" in page


def test_every_source_is_listed(page: str, guideline: Guideline) -> None:
    for name in guideline.sources:
        assert f"\n- [{name}] " in page


def test_the_page_is_markdown_without_html(page: str) -> None:
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(page)
    kinds = {token.type for token in tokens} | {c.type for token in tokens for c in token.children or ()}
    assert "table_open" in kinds
    assert not kinds & {"html_block", "html_inline", "fence", "code_block"}


@pytest.mark.parametrize(("value", "said"), [("38.0", "38"), ("0.7", "0.7"), ("10", "10"), ("100", "100")])
def test_numbers_are_written_as_they_are_read(value: str, said: str) -> None:
    assert number_words(Decimal(value)) == said
