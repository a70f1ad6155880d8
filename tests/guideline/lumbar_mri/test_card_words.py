"""The card files: complete, fillable, without a claim of safety, and with figures of the client's document only."""

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.lumbar_mri.card_words import CardWords
from cds_service.guideline.lumbar_mri.word_check import check_words
from cds_service.guideline.lumbar_mri.wording import (
    by_key,
    find,
    in_a_row,
    longest_unread,
    override_reasons,
)
from cds_service.guideline.words import Words, WordsError, read_words
from tests.guideline.lumbar_mri.decision_builders import cards_of, cauda_equina, device, fact, short_pain
from tests.guideline.lumbar_mri.test_render_summary import ALL_VARIANTS, decision_of

CARDS = Path(__file__).parents[3] / "cards" / "lumbar-mri"
CLAIMS = re.compile(r"\b(safe|excluded|ruled out|normal)\b", re.IGNORECASE)
MR_LABELS = re.compile(r"\bMR (safe|conditional|unsafe)\b")

# Every figure of the evidence, by the reference of the client's document that gives it.
# "48 hours" and "95%" say what was measured.
FIGURES: Mapping[str, frozenset[str]] = {
    "2": frozenset(),
    "3": frozenset({"3.99", "3.87", "1.48%", "0.12%", "35.1%", "28.6%", "8082", "5560", "0.001"}),
    "4": frozenset({"30", "40", "56.6%", "40%"}),
    "5": frozenset({"2.20", "95%", "1.61-3.01"}),
    "9": frozenset({"35"}),
    "10": frozenset(),
    "11": frozenset(),
    "16": frozenset({"14.97", "95%", "4.15-96.79"}),
    "17": frozenset({"26%", "24%", "13%", "31%"}),
    "18": frozenset({"0.19", "0.43", "0.62", "0.88"}),
    "20": frozenset(
        {"48", "3.45", "95%", "1.45-8.33", "9.09", "2.56-33.33", "2.50", "1.19-5.26", "2.13-33.3"}
    ),
    "21": frozenset({"48", "50.3%", "24.6%"}),
    "22": frozenset({"0.83", "0.93", "0.90", "0.97", "96%", "92%"}),
    "24": frozenset({"0.24", "0.57", "60", "70"}),
    "26": frozenset(),
    "27": frozenset({"48", "24.5", "58", "26"}),
    "31": frozenset({"92.3%", "95%", "83.0-97.5", "93.5%", "78.6-99.2"}),
    "32": frozenset({"71%", "95%", "51-87", "83%", "59-96"}),
    "34": frozenset({"96%", "100%"}),
    "35": frozenset({"96%", "100%"}),
    "37": frozenset({"80.1%"}),
}
NAMES_WITH_NUMBERS = re.compile(r"\bT2\b|\bEQ-5D\b")
FIGURE = re.compile(r"\d[\d.]*(?:-\d[\d.]*)?%?")
REFERENCE = re.compile(r"\[(\d+(?:, \d+)*)\]")


def evidence_lines(guideline: Guideline) -> list[str]:
    texts = [
        text
        for sections in guideline.words.sections.values()
        for section, text in sections.items()
        if section.startswith("evidence") and section != "evidence.other"
    ]
    return [line for text in texts for line in text.splitlines() if line.strip()]


def changed(words: Words, file: str, **sections: str | None) -> Words:
    """The words with some sections of one file replaced, added or (None) taken out."""
    named = {name.replace("__", "."): text for name, text in sections.items()}
    kept = {name: text for name, text in words.sections[file].items() if name not in named}
    return Words({**words.sections, file: kept | {n: t for n, t in named.items() if t is not None}})


def test_the_shipped_words_are_complete_and_fillable(guideline: Guideline) -> None:
    assert check_words(guideline.words) == []


def test_every_figure_of_the_evidence_stands_in_the_client_s_document_under_its_reference(
    guideline: Guideline,
) -> None:
    lines = evidence_lines(guideline)
    assert len(lines) > 15
    for line in lines:
        references = list(chain.from_iterable(found.split(", ") for found in REFERENCE.findall(line)))
        assert references, line
        said = NAMES_WITH_NUMBERS.sub("", REFERENCE.sub("", line))
        known = frozenset().union(*(FIGURES[reference] for reference in references))
        assert {figure.rstrip(".") for figure in FIGURE.findall(said)} <= known, line


def test_every_reference_is_a_numbered_source(guideline: Guideline) -> None:
    texts = [text for sections in guideline.words.sections.values() for text in sections.values()]
    cited = {n for text in texts for found in REFERENCE.findall(text) for n in found.split(", ")}
    assert cited >= {"3", "18", "20", "33"}
    assert cited <= guideline.sources.keys()


def test_our_own_words_never_claim_safety(guideline: Guideline) -> None:
    for file, sections in guideline.words.sections.items():
        for section, text in sections.items():
            if section != "overrides":
                assert not CLAIMS.search(MR_LABELS.sub("", text)), f"{file}.{section}"


@pytest.mark.parametrize(("file", "variant"), ALL_VARIANTS)
def test_no_rendered_card_claims_safety(file: str, variant: str, guideline: Guideline) -> None:
    made = decision_of(file, variant, fact("x"))
    made = replace(made, safety=(device(), device("conditional"), device("hardware", own_card=False)))
    for card in cards_of(made, replace(made, endorsed=True, primary_care=False), guideline=guideline):
        labels = [s["label"] for s in card.get("suggestions", ())]
        descriptions = [a["description"] for s in card.get("suggestions", ()) for a in s["actions"]]
        for text in (card["summary"], card["detail"], *labels, *descriptions):
            assert not CLAIMS.search(MR_LABELS.sub("", text)), text


@pytest.mark.parametrize(("file", "variant"), ALL_VARIANTS)
def test_every_card_keeps_what_comes_before_the_evidence_short(
    file: str, variant: str, guideline: Guideline
) -> None:
    made = decision_of(file, variant, fact("Numbness of saddle area"), fact("Retention of urine"))
    made = replace(made, not_recorded=("bladder-bowel", "saddle", "leg-power", "fever", "weight", "cancer"))
    (card,) = cards_of(made, guideline=guideline)
    before = card["detail"].split("**Evidence**")[0].split("**Limits**")[0]
    assert len(before.split()) <= 165


def test_no_card_says_that_critical_findings_are_nil(guideline: Guideline) -> None:
    for made in (cauda_equina(), short_pain()):
        assert "0 critical" not in cards_of(made, guideline=guideline)[0]["detail"]


@pytest.mark.parametrize(
    ("file", "sections", "problem"),
    [
        pytest.param("cauda-equina", {"summary__emergency": None}, "a section summary.emergency", id="summary missing"),
        pytest.param("not-indicated", {"do__short": None}, "a section do.short", id="advice missing"),
        pytest.param("common", {"heading__why": None}, "a section heading.why", id="heading missing"),
        pytest.param("safety", {"do__unsafe": None}, "a section do.unsafe", id="safety missing"),
        pytest.param(
            "cancer", {"summary__urgnt": "Act now"}, "section summary.urgnt is read by no card", id="misspelled section"
        ),
        pytest.param(
            "cancer", {"summary__emergency-cord": "Refer now"},
            "section summary.emergency-cord is read by no card", id="summary that a pattern replaces",
        ),
        pytest.param(
            "cancer", {"summary__emergency-cord.hospital": "Call now"},
            "section summary.emergency-cord.hospital is read by no card", id="the same in hospital",
        ),
        pytest.param("cancer", {"name": None}, "a section name", id="name missing"),
        pytest.param("cancer", {"summary__default": None}, "a section summary.default", id="default missing"),
        pytest.param("common", {"check__gait": "gait"}, "section check.gait is read by no card", id="key of no rule"),
        pytest.param("common", {"missing__fever": None}, "a section missing.fever", id="key without words"),
        pytest.param("cancer", {"do__urgent": "Act in $dyas"}, "$dyas cannot be filled", id="misspelled blank"),
        pytest.param("cancer", {"do__default": "After $ago"}, "$ago cannot be filled", id="default with a blank"),
        pytest.param("cancer", {"summary__default": "After $ago ($features)"}, "$ago cannot be filled", id="default summary with a blank"),
        pytest.param("safety", {"summary__default": "Check $device"}, "$device cannot be filled", id="default summary with a device"),
        pytest.param("cancer", {"do__urgent": "See $features"}, "$features cannot be filled", id="features in advice"),
        pytest.param("cancer", {"evidence": "Cures 90% [22] $x"}, "$x cannot be filled", id="blank in evidence"),
        pytest.param("cancer", {"summary__urgent": "See $features now"}, "$features in brackets", id="features amid words"),
        pytest.param("cancer", {"do__urgent": "It is safe to wait"}, "other words than 'safe'", id="claim of safety"),
        pytest.param("cancer", {"do__urgent": "Normal gait"}, "other words than 'Normal'", id="claim in capitals"),
        pytest.param("cancer", {"evidence": "- Cures 90%."}, "a reference number in every line", id="no reference"),
        pytest.param("cancer", {"evidence": "- Cures 90% [38]."}, "a reference number", id="unknown reference"),
        pytest.param("cancer", {"overrides": "Already referred"}, "code: words", id="override without code"),
        pytest.param("cancer", {"overrides": "a: One\nb: Two\na: Three"}, "a only once", id="override code twice"),
        pytest.param("cancer", {"summary__urgent": "x" * 107}, "at most 106 characters", id="long summary"),
        pytest.param("cancer", {"summary__possible": "x" * 127}, "at most 126 characters", id="long question"),
        pytest.param("unclear", {"summary__unread": "x" * 70 + " $unread"}, "at most 126", id="long with its blank"),
        pytest.param("common", {"unread__default": "Some $what"}, "$what cannot be filled", id="blank in a part not read"),
        pytest.param("common", {"limits": "By $whom"}, "$whom cannot be filled", id="blank in shared words"),
    ],
)  # fmt: skip
def test_broken_words_are_named_with_file_and_section(
    file: str, sections: dict[str, str | None], problem: str, guideline: Guideline
) -> None:
    (found,) = [p for p in check_words(changed(guideline.words, file, **sections)) if problem in str(p)]
    assert found.file == f"{file}.md"


@pytest.mark.parametrize(
    ("file", "section", "text", "line", "expected"),
    [
        ("cancer", "do.urgnt", "x", "x", "section do.urgnt is read by no card"),
        ("cancer", "do.urgent", "One\nAfter $ago\nTwo $dyas", "Two $dyas", "section do.urgent: $dyas cannot be filled"),
        (
            "cancer", "summary.urgent", "One\n$features now", "$features now",
            "section summary.urgent: $features in brackets, or last behind : or .",
        ),
        ("common", "order", "The order", "The order", "section order: a blank $order"),
        ("safety", "line.unsafe", "A device", "A device", "section line.unsafe: a blank $fact"),
        ("unclear", "summary.unread", "Check", "Check", "section summary.unread: a blank $unread"),
        ("cancer", "do.urgent", "One\nruled out", "ruled out", "section do.urgent: other words than 'ruled out'"),
        (
            "cancer", "evidence", "- A [22].\n\n- B.", "- B.",
            "section evidence: a reference number in every line",
        ),
        ("cancer", "overrides", "a: One\n\nTwo", "Two", "section overrides: a line a reason, as code: words"),
        ("cancer", "overrides", "a: One\nb: Two\nb: Three", "b: Two", "section overrides: b only once"),
        (
            "cancer", "do.urgent", "One\nsee [x](www.x.org)", "see [x](www.x.org)",
            "section do.urgent: an absolute https address, not www.x.org",
        ),
        (
            "cancer", "do.urgent", "One\nsee http://x.org/XX.", "see http://x.org/XX.",
            "section do.urgent: an absolute https address, not http://x.org/XX",
        ),
    ],
)  # fmt: skip
def test_a_problem_of_the_words_is_told_in_full_with_its_line(
    file: str, section: str, text: str, line: str, expected: str, guideline: Guideline
) -> None:
    texts = {name: (CARDS / f"{name}.md").read_text(encoding="utf-8") for name in guideline.words.sections}
    kept = re.sub(rf"(?ms)^## {re.escape(section)}\n.*?(?=^## |\Z)", "", texts[file])
    texts[file] = f"{kept.rstrip()}\n\n## {section}\n\n{text}\n"
    (found,) = check_words(read_words(texts))
    assert (found.file, found.expected) == (f"{file}.md", expected)
    assert found.line is not None
    assert texts[file].split("\n")[found.line - 1] == line


@pytest.mark.parametrize(
    ("file", "section", "room"),
    [
        pytest.param("cancer", "summary.urgent", 106, id="strong"),
        pytest.param("cancer", "summary.urgent.hospital", 106, id="in hospital"),
        pytest.param("cancer", "summary.possible", 126, id="possible"),
        pytest.param("neurology", "summary.value-unknown", 126, id="unknown value"),
        pytest.param("infection", "summary.unclear", 126, id="unclear disease"),
        pytest.param("unclear", "summary.care-unknown", 126, id="unclear"),
        pytest.param("outside", "summary.child", 126, id="outside"),
    ],
)
@pytest.mark.parametrize(
    ("rest", "characters"),
    [
        pytest.param("", 0, id="no blank"),
        pytest.param(" ($features)", 0, id="features in brackets"),
        pytest.param(". $features", 0, id="features behind"),
        pytest.param(" $fever_days", 6, id="a number"),
    ],
)
def test_a_summary_may_be_as_long_as_its_blanks_and_tag_leave_room(
    file: str, section: str, room: int, rest: str, characters: int, guideline: Guideline
) -> None:
    fits = "x" * (room - characters) + rest
    assert check_words(changed(guideline.words, file, **{section: fits})) == []
    (found,) = check_words(changed(guideline.words, file, **{section: f"x{fits}"}))
    assert found.expected == f"section {section}: at most {room} characters with its blanks filled"


@pytest.mark.parametrize(
    "text",
    [
        "See https://example.org/a).",
        "See (https://example.org/a); then [b](https://example.org/b).",
        "See https://example.org/X!",
    ],
)
def test_a_link_may_stand_within_a_sentence(text: str, guideline: Guideline) -> None:
    assert check_words(changed(guideline.words, "cancer", do__urgent=text)) == []


@pytest.mark.parametrize("words", ["MR safe", "MR conditional", "MR unsafe"])
def test_the_labels_of_devices_are_no_claims(words: str, guideline: Guideline) -> None:
    assert check_words(changed(guideline.words, "safety", do__unsafe=f"- The device is {words}.")) == []


def test_override_reasons_are_the_clinician_s_words(guideline: Guideline) -> None:
    assert ("excluded-on-imaging", "Cauda equina syndrome excluded on imaging") in override_reasons(
        guideline.words, "cauda-equina"
    )


def test_a_section_speaks_only_where_all_its_blanks_have_a_value() -> None:
    words = read_words({"f": "## do.a\n\nSay $x\n\n## do.default\n\nSay nothing"})
    assert find(words, "f", "do", ("a",), {"x": "this"}) == "Say this"
    assert find(words, "f", "do", ("a",), {"x": ""}) == "Say nothing"
    assert find(words, "f", "do", ("a",), {}) == "Say nothing"
    assert find(words, "f", "why", ("a",), {}) is None


@pytest.mark.parametrize(
    ("kinds", "longest"),
    [
        pytest.param({"default": "a part"}, "a part", id="one"),
        pytest.param({"A": "aa", "C": "c", "B": "bbbb"}, "bbbb and 2 more parts", id="one and a count"),
        pytest.param({"C": "c", "A": "a" * 30, "B": "b" * 20}, f"{'a' * 30} and {'b' * 20}", id="two"),
    ],
)
def test_the_longest_list_of_what_was_not_read_is_known_in_advance(
    kinds: dict[str, str], longest: str
) -> None:
    text = "".join(f"## unread.{kind}\n\n{name}\n\n" for kind, name in kinds.items())
    words = read_words({"common": f"{text}## unread-more\n\n$what and $count more parts"})
    assert longest_unread(words) == len(longest)


def test_names_are_said_in_a_row() -> None:
    assert in_a_row([]) == ""
    assert in_a_row(["a"]) == "a"
    assert in_a_row(["a", "b"]) == "a and b"
    assert in_a_row(["a", "b", "c"]) == "a, b and c"


def test_a_display_of_a_reason_may_have_a_colon() -> None:
    words = read_words({"f": "## overrides\n\na: One: two\n\n b : Three"})
    assert override_reasons(words, "f") == (("a", "One: two"), ("b", "Three"))


def test_a_text_of_the_record_stands_cut_and_plain_in_a_summary_and_is_no_blank() -> None:
    words = read_words({"f": "## summary.a\n\nAfter $x. $features"})
    recorded = "$$1 <b> of $features and " + "more " * 20
    said = CardWords(words, "f", "f", ("a",), ("a",), {"x": recorded}, {})
    assert said.plain("summary") == f"After 1 < b> of features and {'more ' * 6}more…. $features"


def test_a_key_without_words_is_read_as_it_is_spelled() -> None:
    assert by_key(read_words({"common": "## check.gait\n\nthe gait"}), "check", "gait") == "the gait"
    assert by_key(read_words({"common": "## check.gait\n\nthe gait"}), "check", "anal-tone") == "anal tone"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("## a\n\nx\n\n## a\n\ny", 5, id="section twice"),
        pytest.param("## a\n\n## b\n\ny", 1, id="empty section"),
        pytest.param("## a\n\n100 $", 3, id="broken blank"),
    ],
)
def test_a_card_file_that_cannot_be_read_names_the_place(text: str, line: int | None) -> None:
    with pytest.raises(WordsError) as caught:
        read_words({"f": text})
    assert (caught.value.file, caught.value.line) == ("f.md", line)


def test_comments_are_for_the_authors() -> None:
    assert read_words({"f": "## a\n\n<!-- why:\n## not a section -->\nx"}).say("f", "a") == "x"
