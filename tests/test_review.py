"""The review page holds everything that a clinician signs, from the data and rules that run."""

import importlib
import pkgutil
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from cds_service.guideline import lumbar_mri
from cds_service.guideline.content import Guideline, load_guideline, number_words
from cds_service.review import render_review


@pytest.fixture(scope="module")
def guideline() -> Guideline:
    return load_guideline(Path(__file__).parents[1] / "cards" / "lumbar-mri")


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
        importlib.import_module(f"{lumbar_mri.__name__}.{found.name}")
        for found in pkgutil.iter_modules(lumbar_mri.__path__)
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
    chapters = re.findall(r"### Criteria\n\n(.*?)\n\n", page, re.DOTALL)
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
