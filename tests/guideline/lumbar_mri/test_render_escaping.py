"""Record text stays text: no markup, link or hidden character of a record lives in a card."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from cds_service.guideline.lumbar_mri.escaping import clean_text, cut_at_word, escape_markdown, plain_text

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
# What GitHub links without any markup, looked for in the text that is shown (GFM 6.9).
AUTOLINK = re.compile(r"(?i)(?:https?|ftp)://\S|\bwww\.\S|\b(?:mailto|xmpp):\S|[\w.+-]+@[\w-]+\.")
HARMLESS = {"paragraph_open", "paragraph_close", "inline", "text", "bullet_list_open", "bullet_list_close",
            "list_item_open", "list_item_close", "softbreak", "hardbreak", "text_special"}  # fmt: skip

HOSTILE = [
    pytest.param("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;", id="script"),
    pytest.param("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;", id="image tag"),
    pytest.param("a < b > c", "a &lt; b &gt; c", id="comparison"),
    pytest.param("[x](javascript:alert(1))", r"\[x\](javascript:alert(1))", id="link"),
    pytest.param("![x](data:text/html,1)", r"!\[x\](data:text/html,1)", id="image"),
    pytest.param("[x]: http://evil.example", r"\[x\]: http: //evil.example", id="link definition"),
    pytest.param("`code` and ```fence", r"\`code\` and \`\`\`fence", id="backticks"),
    pytest.param("a*b_c ~~d~~", r"a\*b\_c \~\~d\~\~", id="emphasis"),
    pytest.param("a | b", r"a \| b", id="pipe"),
    pytest.param(r"a\b", r"a\\b", id="backslash"),
    pytest.param("&lt;b&gt; &copy;", "&amp;lt;b&amp;gt; &amp;copy;", id="entities"),
    pytest.param("# heading", r"\# heading", id="heading"),
    pytest.param("- item", r"\- item", id="list"),
    pytest.param("1. item", r"1\. item", id="numbered list"),
    pytest.param("12) item", r"12\) item", id="numbered list with a bracket"),
    pytest.param("=== rule", r"\=== rule", id="underline of a heading"),
    pytest.param("see www.1", "see www .1", id="www and a digit"),
    pytest.param("see www.evil.example/x", "see www .evil.example/x", id="www"),
    pytest.param("HTTPS://evil.example", "HTTPS: //evil.example", id="scheme in capitals"),
    pytest.param("mail a.b@evil.example", "mail a.b @ evil.example", id="e-mail"),
    pytest.param("mailto:x", "mailto :x", id="mailto"),
    pytest.param("two\nlines\r\n\r\n# x", "two lines # x", id="newlines"),
    pytest.param("tab\there", "tab here", id="tab"),
    pytest.param("a\x00b\x1bc\x7f", "abc", id="control characters"),
    pytest.param("MRX\x00 L5", "MRX L5", id="letters beside control characters"),
    pytest.param("a\u2028b\u2029c\x85d", "a b c d", id="line separators"),
    pytest.param("abc\u202ecba\u2066\u200f", "abccba", id="bidirectional controls"),
    pytest.param("one\u2028two\u2029three\tfour\x85five", "one two three four five", id="every kind of new line"),
    pytest.param("pri\ue000vate\u0378", "private", id="characters of no standard"),
    pytest.param("pass\u200bword\ufeff\u2060", "password", id="invisible characters"),
    pytest.param("lone \ud800 surrogate", "lone surrogate", id="lone surrogate"),
    pytest.param("  padded  text ", "padded text", id="spaces"),
    pytest.param("", "", id="empty"),
    pytest.param("腰痛 mit Übelkeit", "腰痛 mit Übelkeit", id="other scripts stay"),
    pytest.param("CRP 42 mg/L (4.2 mg/dL)", "CRP 42 mg/L (4.2 mg/dL)", id="values stay"),
    pytest.param("L4/5 discectomy - left", "L4/5 discectomy - left", id="ordinary punctuation stays"),
]  # fmt: skip


@pytest.mark.parametrize(("recorded", "escaped"), HOSTILE)
def test_hostile_text_is_escaped(recorded: str, escaped: str) -> None:
    assert escape_markdown(recorded) == escaped


@pytest.mark.parametrize(("recorded", "escaped"), HOSTILE)
def test_hostile_text_is_shown_as_text_in_a_list(recorded: str, escaped: str) -> None:
    assert _kinds(f"- {escape_markdown(recorded)}") <= HARMLESS


def test_very_long_text_is_cut_at_a_word() -> None:
    escaped = escape_markdown("severe pain " * 40)
    assert escaped.endswith("severe pain…")
    assert len(escaped) <= 120


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        pytest.param("one two", 7, "one two", id="fits"),
        pytest.param("one two", 6, "one…", id="one over"),
        pytest.param("one two", 4, "one…", id="at the space"),
        pytest.param("CRP 123.45 mg/L", 9, "CRP…", id="inside a number"),
        pytest.param("CRP 42 mg/L", 8, "CRP 42…", id="behind a number"),
        pytest.param("x" * 20, 10, "x" * 9 + "…", id="one endless word"),
        pytest.param("X" * 20, 10, "X" * 9 + "…", id="one endless word in capitals"),
        pytest.param("ab1234567890", 8, "ab…", id="endless word with a number"),
        pytest.param("pain, worse", 7, "pain…", id="no comma at the end"),
    ],
)
def test_a_cut_falls_between_words(text: str, limit: int, cut: str) -> None:
    assert cut_at_word(text, limit) == cut


def test_plain_text_opens_no_tag_and_keeps_comparisons() -> None:
    assert plain_text("<b>CRP < 5</b>") == "< b>CRP < 5< /b>"


@given(st.text(max_size=300))
def test_no_text_brings_markup_into_a_card(recorded: str) -> None:
    line = f"- {escape_markdown(recorded)}, 14 Jun 2026 (Condition)"
    assert _kinds(line) <= HARMLESS


@given(
    st.lists(
        st.sampled_from([*"<>[]()`*_~|\\#!&-+=.:;/@\n\t 1a", "www.", "http://", "](", "\u202e"]), max_size=60
    )
)
def test_no_mixture_of_markup_brings_markup_into_a_card(parts: list[str]) -> None:
    line = f"- {escape_markdown(''.join(parts))}"
    shown = _shown(line)
    assert _kinds(line) <= HARMLESS
    assert not AUTOLINK.search(shown)
    assert not re.search(r"<[A-Za-z/!?]", line)


@given(st.text(max_size=100))
def test_what_is_shown_is_what_was_recorded(recorded: str) -> None:
    shown = _shown(f"- x {escape_markdown(recorded)}")
    assert _without_spaces(shown) == _without_spaces(f"x{clean_text(recorded)}")


def _tokens(markdown: str) -> list[Token]:
    return [t for block in MARKDOWN.parse(markdown) for t in (block, *(block.children or ()))]


def _kinds(markdown: str) -> set[str]:
    return {token.type for token in _tokens(markdown)}


def _shown(markdown: str) -> str:
    return "".join(t.content for t in _tokens(markdown) if t.type in ("text", "text_special"))


def _without_spaces(text: str) -> str:
    return re.sub(r"\s", "", text)
