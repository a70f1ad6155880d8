"""A number is typed once: changed in `guideline.toml`, it stands changed in sentence, table and card."""

import ast
import re
import shutil
from collections.abc import Iterator
from dataclasses import fields, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from string import Template

import pytest

from cds_service.guideline import lumbar_mri
from cds_service.guideline.content import Guideline, load_guideline, number_words
from cds_service.guideline.lumbar_mri.card_words import threshold_fills
from cds_service.guideline.thresholds import Thresholds, as_weeks
from cds_service.review import pack, render_review, sections
from tests.guideline.lumbar_mri.decision_builders import answer, card_of
from tests.guideline.lumbar_mri.facts_builders import pain
from tests.guideline.number_edges import edges
from tests.shipped import CARDS, shipped_guideline
from tests.test_review import criteria

NAMES = [field.name for field in fields(Thresholds)]
MOVED = {edge.name: Decimal(edge.moved) for edge in edges()}


@pytest.fixture(scope="module")
def guideline() -> Guideline:
    return shipped_guideline()


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Guideline:
    """The guideline of a folder in which every number is another one, and nothing else is."""
    folder = tmp_path_factory.mktemp("cards") / "lumbar-mri"
    shutil.copytree(CARDS, folder)
    head = folder / "guideline.toml"
    text = head.read_text(encoding="utf-8")
    for name, value in MOVED.items():
        text, found = re.subn(rf"(\[thresholds\.{name}\]\nvalue = )\S+", rf"\g<1>{value}", text)
        assert found == 1
    head.write_text(text, encoding="utf-8")
    return load_guideline(folder)


def test_every_number_can_be_changed_in_one_file(moved: Guideline, guideline: Guideline) -> None:
    for name in NAMES:
        assert getattr(moved.thresholds, name) == MOVED[name] != getattr(guideline.thresholds, name)


@pytest.mark.parametrize("name", NAMES)
def test_a_sentence_of_the_criteria_says_the_number(name: str) -> None:
    assert [text for _, text in all_criteria() if name in Template(text).get_identifiers()]


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_number_changes_sentence_and_table(
    name: str, moved: Guideline, page_of_moved: str, numbers_of_moved: str
) -> None:
    said = number_words(MOVED[name])
    sentences = [text for _, text in all_criteria() if name in Template(text).get_identifiers()]
    for sentence in sentences:
        assert Template(sentence).substitute(threshold_fills(moved)) in page_of_moved
    assert re.search(rf"\| \*\*{re.escape(said)}\*\* .* \| `{name}` \|", numbers_of_moved)


@pytest.fixture(scope="module")
def page_of_moved(moved: Guideline) -> str:
    return render_review(moved).replace("\\|", "|")


@pytest.fixture(scope="module")
def numbers_of_moved(moved: Guideline) -> str:
    uses = [*map(pack.uses_of_recommendation, ("R1", "R2", "R3", "R4", "R5", "R6")), pack.uses_of_the_rest()]
    return "\n".join(str(part) for use in uses for part in sections.numbers(use, moved))


@cache
def all_criteria() -> tuple[tuple[str, str], ...]:
    return tuple(criteria())


def words_with_numbers() -> Iterator[tuple[str, str, str]]:
    """Every section of the card words that says a number, with the number's name."""
    names = {blank: name for name in NAMES for blank in (name, as_weeks(name)) if blank}
    for file, texts in shipped_guideline().words.sections.items():
        for section, text in texts.items():
            for blank in Template(text).get_identifiers():
                if blank in names:
                    yield file, section, blank


@pytest.mark.parametrize(("file", "section", "blank"), list(words_with_numbers()))
def test_a_changed_number_changes_the_words_of_the_cards(
    file: str, section: str, blank: str, moved: Guideline, guideline: Guideline
) -> None:
    before, after = threshold_fills(guideline)[blank], threshold_fills(moved)[blank]
    text = moved.words.sections[file][section]
    assert before != after
    assert f"${blank}" in text
    assert after in Template(text).safe_substitute(threshold_fills(moved))


def test_a_card_says_the_changed_number(moved: Guideline, guideline: Guideline) -> None:
    for each, weeks in ((guideline, "4 to 6 weeks"), (moved, "5 to 7.1 weeks")):
        assert weeks in card_of(answer(each, pain(10)), each)["detail"]


def test_no_card_types_a_number_of_days_or_weeks() -> None:
    """What the guideline's own statement says, and the names of codes, are no numbers of the rules."""
    typed = [
        f"{file}.{section}: {found[0]}"
        for file, texts in shipped_guideline().words.sections.items()
        for section, text in texts.items()
        if section not in ("evidence", "evidence.other", "overrides", "topic.R2")
        for found in re.finditer(r"\b\d+ (?:days?|weeks?|months?|years?)\b", text)
    ]
    assert typed == []


def test_no_query_holds_a_number_of_the_rules(guideline: Guideline) -> None:
    """Queries ask for everything and leave the windows to the rules, so that no number stands in them."""
    for query in guideline.prefetch.values():
        asked = re.sub(r"code=[^&]*", "", query.replace("_count=1000", ""))
        assert not re.search(r"\d", asked)


# Every number in a rule module above one, and why it is none of the guideline's. Indices are not looked at.
HARMLESS = {
    ("asked", 3): "items in a row that are told as a range",
    ("card_limit", 60): "characters",
    ("card_words", 4): "guidelines kept in a cache",
    ("card_words", 7): "days of a week",
    ("clues", 60): "characters",
    ("conservative_care", 7): "days of a week",
    ("decision", 2): "order among equals",
    ("decision", 3): "order among equals",
    ("decision", 4): "order among equals",
    ("detail", 4): "lines shown",
    ("escaping", 120): "characters",
    ("muscle_power", 5): "the highest MRC grade",
    ("order_patterns", 40): "characters",
    ("order_patterns", 500): "characters",
    ("pain", 2): "a comparison needs two scores",
    ("pain", 100): "percent",
    ("phrases", 12): "months",
    ("phrases", 31): "days of December",
    ("phrases", 40): "characters",
    ("phrases", 60): "characters",
    ("procedures", 12): "months of a year",
    ("procedures", 24): "from when on years are said and not months",
    ("red_flag_questions", 2): "a comparison needs two weights",
    ("red_flag_questions", 5): "the highest MRC grade",
    ("render", 300): "characters",
    ("safety_card", 6): "lines shown",
    ("suggested_actions", 60): "characters",
    ("summary", 2): "more than one order",
    ("summary", 12): "characters",
    ("summary", 30): "characters",
    ("weak_symptoms", 100): "percent",
    ("why", 2): "more than one order",
    ("why", 3): "lines shown",
    ("why", 4): "lines shown",
    ("why", 6): "lines shown",
    ("word_check", 20): "characters",
    ("wording", 2): "names shown",
}
UNICODE = 0x2000  # code points that the escaping names


def test_no_rule_holds_a_number_of_its_own() -> None:
    found = {
        (path.stem, number)
        for path in Path(lumbar_mri.__file__).parent.glob("*.py")
        for number in numbers_in(ast.parse(path.read_text(encoding="utf-8")))
        if 1 < number < UNICODE
    }
    assert found == HARMLESS.keys()


def numbers_in(tree: ast.Module) -> Iterator[float]:
    nodes = list(ast.walk(tree))
    indices = {id(part) for node in nodes if isinstance(node, ast.Subscript) for part in ast.walk(node.slice)}
    for node in nodes:
        if isinstance(node, ast.Constant) and type(node.value) in (int, float) and id(node) not in indices:
            yield abs(float(str(node.value)))
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and re.fullmatch(r"\d+\.\d+", node.value)
        ):
            yield float(node.value)


def test_a_number_in_a_rule_is_found() -> None:
    assert list(numbers_in(ast.parse("if days > 14 and parts[2] and grade < Decimal('3.7'): pass"))) == [
        14,
        3.7,
    ]


def test_the_owner_of_a_number_stands_beside_it(guideline: Guideline) -> None:
    note = guideline.threshold_notes["adult_age"]
    assert sections.owner_of(note, guideline) == sections.TO_BE_NAMED
    assert sections.owner_of(replace(note, owner="A. Tan, lead"), guideline) == "A. Tan, lead"
    assert sections.owner_of(guideline.threshold_notes["lab_days"], guideline) == sections.TO_BE_NAMED
    assert sections.owner_of(guideline.threshold_notes["care_min_days"], guideline) == "by its source"
