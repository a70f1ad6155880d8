"""The review pack holds what a clinical lead signs, one document a recommendation."""

import re
import sys
from dataclasses import replace
from datetime import datetime
from html import escape
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from markdown_it import MarkdownIt

from cds_service.__main__ import main
from cds_service.app import Services
from cds_service.feedback import KeepsNothing
from cds_service.guideline.content import Approval, Guideline, load_guideline
from cds_service.record.terminology import ValueSetCode
from cds_service.review import pack, render_pack
from cds_service.review.document import CardShown, Document, Folded, Form, Plain
from cds_service.review.html import as_html
from cds_service.review.markdown import as_markdown
from cds_service.review.pack import make_pack
from cds_service.settings import Settings
from tests.shipped import CARDS, shipped_guideline

NOW = datetime(2026, 6, 15, 10, tzinfo=ZoneInfo("Asia/Singapore"))
RECOMMENDATIONS = ("R1", "R2", "R3", "R4", "R5", "R6")


@pytest.fixture(scope="module")
def guideline() -> Guideline:
    return shipped_guideline()


@pytest.fixture(scope="module")
def documents(guideline: Guideline) -> dict[str, Document]:
    return {document.name: document for document in make_pack(guideline, NOW)}


@pytest.fixture(scope="module")
def texts(documents: dict[str, Document]) -> dict[str, str]:
    return {name: as_markdown(document) for name, document in documents.items()}


def few_codes(guideline: Guideline) -> Guideline:
    """The guideline with one code a value set, which makes documents quickly."""
    few = {name: rows[:1] for name, rows in guideline.terminology.value_sets.items()}
    return replace(guideline, terminology=replace(guideline.terminology, value_sets=few))


def section(text: str, title: str) -> str:
    """What stands under a heading of the second level."""
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_there_is_an_index_a_document_a_recommendation_and_one_for_the_rest(
    documents: dict[str, Document],
) -> None:
    assert tuple(documents) == ("index", *RECOMMENDATIONS, "general")


@pytest.mark.parametrize("name", RECOMMENDATIONS)
def test_a_document_states_the_recommendation_with_strength_and_certainty(
    name: str, texts: dict[str, str], guideline: Guideline
) -> None:
    found = guideline.recommendations[name]
    said = section(texts[name], "Statement")
    assert f"> {found.statement}." in said
    assert f"**{found.strength.capitalize()}** recommendation; **{found.certainty}** certainty" in said


@pytest.mark.parametrize("name", RECOMMENDATIONS)
def test_every_section_that_is_signed_is_there_in_order(name: str, texts: dict[str, str]) -> None:
    titles = re.findall(r"^## (.*)$", texts[name], re.MULTILINE)
    assert titles == [
        "Statement", "Criteria", "Numbers", "Cards", "Examples", "Open questions", "Sources",
        "Decision and signature", "Codes", "Words by which texts are read",
    ]  # fmt: skip


@pytest.mark.parametrize("name", RECOMMENDATIONS)
def test_no_blank_of_a_criterion_is_left(name: str, texts: dict[str, str]) -> None:
    assert not re.search(r"[$‹]", section(texts[name], "Criteria"))


@pytest.mark.parametrize("name", [*RECOMMENDATIONS, "general"])
def test_every_number_of_a_document_has_value_origin_source_and_owner(
    name: str, texts: dict[str, str], guideline: Guideline
) -> None:
    said = section(texts[name], "Numbers")
    uses = pack.uses_of_the_rest() if name == "general" else pack.uses_of_recommendation(name)
    for used in uses.thresholds:
        note = guideline.threshold_notes[used]
        (row,) = [line for line in said.splitlines() if line.endswith(f"| `{used}` |")]
        owner = "**owner: to be named**" if note.origin == "DESIGN" else "by its source"
        assert [note.meaning, note.origin, note.source, owner] == [
            cell for place, cell in enumerate(row.strip("| ").split(" | ")) if place not in (1, 5)
        ]


def test_every_answer_of_every_recommendation_has_an_example(texts: dict[str, str]) -> None:
    assert [name for name, text in texts.items() if "No example shows" in text] == []


@pytest.mark.parametrize(
    ("name", "outcomes"),
    [
        ("R1", ["Unclear", "Not indicated"]),
        ("R2", ["Unclear", "May be indicated"]),
        ("R3", ["Emergency", "Urgent", "Possible", "Unclear"]),
        ("R4", ["Emergency", "Urgent", "Possible", "Unclear"]),
        ("R5", ["Emergency", "Urgent", "Possible", "Unclear"]),
        ("R6", ["Emergency", "Urgent", "Indicated", "Possible", "Unclear"]),
    ],
)
def test_the_cards_stand_by_outcome_the_gravest_first(
    name: str, outcomes: list[str], documents: dict[str, Document]
) -> None:
    headings = [part for part in documents[name].parts if isinstance(part, str) and part.startswith("### ")]
    assert [each[4:] for each in headings if each[4:] in outcomes] == outcomes


def test_a_recommendation_without_an_example_says_so(guideline: Guideline) -> None:
    without = replace(few_codes(guideline), examples=())
    (r4,) = [document for document in make_pack(without, NOW) if document.name == "R4"]
    assert as_markdown(r4).count("**No example shows this outcome.**") == 4


def test_a_card_stands_as_the_service_sends_it(documents: dict[str, Document]) -> None:
    shown = {p.name: p.card for p in documents["R4"].parts if isinstance(p, CardShown)}
    card = shown["saddle-numbness"]
    assert card["summary"].startswith("Refer to ED now: suspected cauda equina, emergency MRI.")
    assert card["indicator"] == "critical"
    assert "overrideReasons" in card


def test_the_second_card_about_mri_safety_is_shown(texts: dict[str, str]) -> None:
    assert texts["general"].count("### Card of the example pacemaker\n") == 2


def test_an_example_that_differs_is_marked_in_its_document_and_in_the_index(guideline: Guideline) -> None:
    first = replace(guideline.examples[0], outcome="emergency")
    changed = replace(few_codes(guideline), examples=(first, *guideline.examples[1:]))
    made = {document.name: as_markdown(document) for document in make_pack(changed, NOW)}
    assert "**1 of " in section(made["R1"], "Examples")
    assert "| emergency (R1), warning | not-indicated (R1), warning | **DIFFERS** |" in made["R1"]
    assert "**short-pain differ**" in made["index"]
    assert "DIFFERS" not in made["R4"]


def test_every_code_of_every_value_set_stands_in_a_document(
    documents: dict[str, Document], guideline: Guideline
) -> None:
    listed: set[tuple[str, str]] = set()
    for folded in (part for one in documents.values() for part in one.parts if isinstance(part, Folded)):
        tables = [part.rows for part in folded.parts if isinstance(part, Plain)]
        shared = {row[0]: row[1] for row in tables[1]} if len(tables) > 1 else {}
        listed |= {(row[1], shared.get(row[4], row[4])) for row in (tables[0] if tables else ())}
    rows = [row for rows in guideline.terminology.value_sets.values() for row in rows]
    assert {(row.code, row.provenance) for row in rows} <= listed


def test_a_provenance_that_codes_share_stands_once(documents: dict[str, Document]) -> None:
    folded = {
        part.title.partition(" ")[0]: part for part in documents["R5"].parts if isinstance(part, Folded)
    }
    codes, origins = folded["cancer"].parts
    assert isinstance(codes, Plain)
    assert isinstance(origins, Plain)
    assert len(codes.rows) > 1000
    assert len(origins.rows) < 50
    assert len({text for _, text in origins.rows}) == len(origins.rows)


def test_a_new_code_stands_in_its_document(guideline: Guideline) -> None:
    few = few_codes(guideline)
    sets = few.terminology.value_sets
    new = ValueSetCode("http://snomed.info/sct", "123", "New words", False, "signed by the terminologist")
    grown = {**sets, "saddle-numbness": (*sets["saddle-numbness"], new)}
    made = make_pack(replace(few, terminology=replace(few.terminology, value_sets=grown)), NOW)
    with_it = [document.name for document in made if "signed by the terminologist" in as_markdown(document)]
    assert "R4" in with_it
    assert "R6" not in with_it


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("R1", "clock start"),
        ("R2", "clock start"),
        ("R4", "both legs alone an emergency"),
        ("R6", "spinal anaesthesia count"),
        ("general", "Were the feature lists of 2020 kept"),
    ],
)
def test_open_questions_stand_with_their_recommendation(name: str, asked: str, texts: dict[str, str]) -> None:
    assert asked in section(texts[name], "Open questions")
    assert "Were the feature lists of 2020 kept" in section(texts["R3"], "Open questions")
    assert "clock start" not in section(texts["R4"], "Open questions")


def test_every_item_of_the_checklist_stands_in_the_general_document(
    texts: dict[str, str], guideline: Guideline
) -> None:
    said = section(texts["general"], "The red-flag checklist")
    for item in guideline.checklist.items:
        assert f"| {item.number} | {item.text}" in said
        assert all(concept in said for concept in (*item.yes, *item.no))


def test_a_switch_stands_as_a_choice_to_confirm(texts: dict[str, str]) -> None:
    assert "| `bilateral_only_outcome` | urgent |" in section(texts["R4"], "Open questions")


@pytest.mark.parametrize("name", ["index", *RECOMMENDATIONS, "general"])
def test_every_document_has_a_place_to_sign(name: str, documents: dict[str, Document]) -> None:
    (form,) = [part for part in documents[name].parts if isinstance(part, Form)]
    assert {"Name", "Role", "Date", "Signature"} <= set(form.labels)


def test_the_index_says_what_is_signed(texts: dict[str, str], guideline: Guideline) -> None:
    for said in (guideline.version, guideline.status, guideline.digest, "**not signed**", "15 Jun 2026"):
        assert said in texts["index"]
    signed = replace(
        few_codes(guideline), approval=Approval("A. Tan", "2026-06-01", "2027-06-01"), examples=()
    )
    index = as_markdown(make_pack(signed, NOW)[0])
    assert "A. Tan, 2026-06-01; next review 2027-06-01" in index


@pytest.fixture(scope="module")
def at_a_site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The documents of a site with a number, a switch and a code of its own."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "site.toml").write_text(SITE, encoding="utf-8")
    (folder / "codes.csv").write_text(
        "system,code,display,value_set\nours,BS1,Bladder scan,residual-volume\n", encoding="utf-8"
    )
    own = load_guideline(CARDS, folder)
    few = {name: rows[-1:] for name, rows in own.terminology.value_sets.items()}
    quick = replace(own, terminology=replace(own.terminology, value_sets=few))
    return {document.name: as_markdown(document) for document in make_pack(quick, NOW)}


SITE = """
name = "Example clinic"
owner = "C. Lee, lead"
date = 2026-06-02
[thresholds.residual_volume_ml]
value = 150
owner = "B. Lim, urology"
date = 2026-06-01
reason = "local scanner"
[switches]
bilateral_only_outcome = "emergency"
[code_systems.ours]
url = "http://clinic.example/codes"
"""


def test_the_index_lists_what_a_site_changed(at_a_site: dict[str, str]) -> None:
    said = section(at_a_site["index"], "What the site changed")
    assert "Example clinic; C. Lee, lead, 2026-06-02." in said
    assert "| `residual_volume_ml` | 200 mL | 150 mL | B. Lim, urology | 2026-06-01 | local scanner |" in said
    assert "| residual-volume | http://clinic.example/codes | BS1 | Bladder scan |" in said


def test_a_document_marks_what_a_site_changed(at_a_site: dict[str, str]) -> None:
    numbers, questions = section(at_a_site["R4"], "Numbers"), section(at_a_site["R4"], "Open questions")
    assert "**150** mL (changed by the site; the guideline has 200 mL)" in numbers
    assert "B. Lim, urology, 2026-06-01: local scanner" in numbers
    assert "| emergency (changed by the site; the guideline has urgent) |" in questions
    assert "| BS1 | Bladder scan | exact | site: Example clinic |" in section(at_a_site["R4"], "Codes")


def test_only_what_the_site_changed_is_marked(at_a_site: dict[str, str]) -> None:
    assert "changed by the site" not in at_a_site["R1"]


def test_the_shipped_guideline_says_that_no_site_changed_it(texts: dict[str, str]) -> None:
    assert "Nothing: this is the guideline as it is shipped." in texts["index"]


def test_a_document_is_markdown_without_html(texts: dict[str, str]) -> None:
    for text in (texts["R1"], texts["index"]):
        tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
        kinds = {t.type for t in tokens} | {c.type for t in tokens for c in t.children or ()}
        assert not kinds & {"html_block", "html_inline", "fence", "code_block"}


def test_the_general_document_traces_rules_to_functions_and_tests(
    guideline: Guideline, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced = SimpleNamespace(
        rule="2.8", words="what it says", functions=("cds_service.guideline.lumbar_mri.pain:read_pain",),
        tests=("tests/guideline/lumbar_mri/test_pain.py::test_it",), reason="",
    )  # fmt: skip
    said_only = SimpleNamespace(rule="2.9", words="b", functions=(), tests=(), reason="about people")
    there = SimpleNamespace(traceability_rows=lambda: (traced, said_only))
    monkeypatch.setitem(sys.modules, "cds_service.traceability", there)
    general = as_markdown(make_pack(few_codes(guideline), NOW)[-1])
    assert "| 2.8 | what it says | `pain:read_pain` | `test_pain.py::test_it` |" in general
    assert "| 2.9 | b | about people |  |" in general


@pytest.fixture(scope="module")
def page(documents: dict[str, Document]) -> str:
    return as_html(documents["R4"], tuple(documents.values()))


def test_a_page_needs_nothing_from_outside_and_runs_nothing(page: str) -> None:
    assert not re.search(r"<script|<img|<link|<iframe|@import|url\(|src=|\son\w+=", page)
    assert "default-src 'none'" in page


def test_a_page_links_to_the_other_documents(page: str) -> None:
    assert re.findall(r'<a href="(\w+)\.html"', page) == ["index", *RECOMMENDATIONS, "general"]
    assert '<a href="R4.html" aria-current="page">' in page


def test_every_heading_in_the_list_of_a_page_exists(page: str) -> None:
    anchors = re.findall(r'<a href="#(s\d+)">', page)
    assert len(anchors) == 10
    assert anchors == re.findall(r'<h2 id="(s\d+)">', page)


def test_a_page_shows_the_card_with_its_colour_and_choices(page: str) -> None:
    assert '<article class="card critical">' in page
    assert "<strong>What to do</strong>" in page
    assert '<span class="choice">' in page


def test_plain_cells_are_shown_in_markdown_as_the_characters_that_they_are() -> None:
    odd = "a*b*c _d_ [e](f) <b> `g` | \\h &amp; ~~i~~ # j"
    page = as_markdown(Document("x", "X", (Plain(("head",), ((odd,),)),)))
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(page)
    assert f"<td>{escape(odd, quote=False)}</td>" in html


@pytest.mark.parametrize("style", ["prefers-color-scheme: dark", "@media print", "@media (max-width"])
def test_a_page_has_a_style_for_dark_paper_and_phone(style: str, page: str) -> None:
    assert style in page


HOSTILE = '<img src=x onerror="alert(1)"> ![p](http://x/p.png) [go](javascript:alert(1))'


def test_nothing_in_the_content_becomes_more_than_text() -> None:
    card = {
        "summary": HOSTILE, "detail": HOSTILE, "indicator": "info", "source": {"label": HOSTILE},
        "suggestions": [{"label": HOSTILE}], "overrideReasons": [{"display": HOSTILE}], "links": [{"label": HOSTILE}],
    }  # fmt: skip
    parts = (
        HOSTILE, Plain((HOSTILE,), ((HOSTILE,),)), Form((HOSTILE,)), Folded(HOSTILE, (HOSTILE,)),
        CardShown(HOSTILE, HOSTILE, card),
    )  # fmt: skip
    page = as_html(Document("x", HOSTILE, parts), ())
    assert not re.search(r'<img|href="javascript|<[^>]*\sonerror', page)
    assert page.count("&lt;img") >= 10


@pytest.fixture
def few_loaded(guideline: Guideline, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command loads a guideline of few codes, which is written quickly."""
    few = Services(
        Settings(), few_codes(guideline), clock=lambda: NOW, new_uuid=lambda: "", feedback=KeepsNothing(),
        stopwatch=lambda: 0.0,
    )  # fmt: skip
    monkeypatch.setattr("cds_service.__main__.load_services", lambda _: few)


@pytest.mark.usefixtures("few_loaded")
@pytest.mark.parametrize(
    ("options", "ending"),
    [(["--format", "html"], "html"), (["--format", "md"], "md"), (["--output", "review"], "html")],
)
def test_the_command_writes_every_document(
    options: list[str], ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(main, ["review", *options])
    assert said.exit_code == 0, said.output
    assert f"8 documents in review; begin with review/index.{ending}." in said.output
    names = {f"{name}.{ending}" for name in ("index", *RECOMMENDATIONS, "general")}
    assert {path.name for path in (tmp_path / "review").iterdir()} == names


@pytest.mark.usefixtures("few_loaded")
@pytest.mark.parametrize("options", [[], ["--output", "-"]])
def test_the_command_without_documents_prints_the_one_page(options: list[str]) -> None:
    printed = CliRunner().invoke(main, ["review", *options])
    assert printed.output.startswith("# When to order MRI for low back pain\n")


@pytest.mark.usefixtures("few_loaded")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    said = CliRunner().invoke(main, ["review", "--output", str(tmp_path / "taken")])
    assert said.exit_code == 1
    assert "taken" in said.output
    assert "Traceback" not in said.output


def test_the_same_guideline_gives_the_same_pack(guideline: Guideline) -> None:
    few = few_codes(guideline)
    assert render_pack(few, NOW, "html") == render_pack(few, NOW, "html")


@pytest.mark.parametrize("name", RECOMMENDATIONS)
def test_every_reference_of_a_card_can_be_looked_up_in_its_document(
    documents: dict[str, Document], texts: dict[str, str], name: str
) -> None:
    details = [part.card["detail"] for part in documents[name].parts if isinstance(part, CardShown)]
    said = re.findall(r"\[(\d+(?:, *\d+)*)\]", "\n".join(details).replace("\\", ""))
    numbers = {number.strip() for group in said for number in group.split(",")}
    assert numbers
    assert numbers <= set(re.findall(r"(?m)^- \[(\d+)\]", section(texts[name], "Sources")))
