"""Record text for cards: plain for summaries and labels, escaped for Markdown and HTML for details.

Clients render `detail` as GitHub Flavored Markdown, and some of them let raw HTML through, so a record must
not be able to write markup, a link or an image into a card.
"""

from __future__ import annotations

import re
import unicodedata

QUOTE_CHARACTERS = 120
ELLIPSIS = "…"

# Bidirectional controls can make a text read as something else; zero-width characters can hide one.
_INVISIBLE = frozenset("\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad") | {
    chr(code) for code in (*range(0x202A, 0x202F), *range(0x2061, 0x2070), *range(0xE0000, 0xE0080))
}
_SPACES = re.compile(r"\s+")
_MARKUP = re.compile(r"([\\`*_\[\]|~$])")
# Where a line of Markdown would begin a heading, list, rule or table.
_LINE_START = re.compile(r"^(?:([#+\-=:])|(\d+)([.)])(?=\s|$))")
# GitHub's autolinks are found after unescaping, so a backslash does not stop them; a space does.
_AUTOLINK = re.compile(r"(?i)(://)|\b(www)(\.)|(@)|\b(mailto|xmpp)(:)")
# Letters, digits and single blanks cannot be markup, nor can they hide anything: nearly every text.
# A number at the start could begin a list, and "www." a link.
_PLAIN = re.compile(
    r"(?:[^\W\d_]|\d+(?![\d.)]))(?:[^\W_]|[,;/()%-]|(?<=\d)\.(?=\d)|(?<![wW])\.(?= |$)| (?=\S))*"
)
_TAG_LIKE = re.compile(r"<(?=[A-Za-z/!?])")


def clean_text(text: str) -> str:
    """The text on one line, without control, bidirectional or invisible characters."""
    if text.isprintable():  # nearly every text: then nothing in it is invisible, and a blank is a blank
        return " ".join(text.split())
    kept = "".join(_visible(character) for character in text)
    return _SPACES.sub(" ", kept).strip()


def plain_text(text: str, limit: int = QUOTE_CHARACTERS) -> str:
    """The text for a summary, label or description: one line, cut at a word, no tag."""
    return cut_at_word(_TAG_LIKE.sub("< ", clean_text(text)), limit)


def escape_markdown(text: str, limit: int = QUOTE_CHARACTERS) -> str:
    """The text for `detail`: one line, cut at a word, and shown as the characters that it is.

    Links are broken by a space, which readers see; everything else looks as recorded once rendered.
    """
    if len(text) <= limit and _PLAIN.fullmatch(text):
        return text
    line = cut_at_word(clean_text(text), limit)
    if _PLAIN.fullmatch(line):
        return line
    line = _AUTOLINK.sub(_broken_link, line)
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LINE_START.sub(_escaped_start, _MARKUP.sub(r"\\\1", line))


def cut_at_word(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words and ended with an ellipsis; a number is never cut."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    if not text[limit - 1].isspace():
        words, space, _ = head.rpartition(" ")
        # One endless word has no better place; digits at the cut would read as another number.
        head = words if space else head.rstrip("0123456789.,")
    return head.rstrip(" ,;:(.-") + ELLIPSIS


def _visible(character: str) -> str:
    if character in "\t\n\r\v\f\x85":
        return " "
    hidden = unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") or character in _INVISIBLE
    return "" if hidden else character


def _broken_link(match: re.Match[str]) -> str:
    if match[1]:
        return ": //"
    if match[2]:
        return f"{match[2]} ."
    return " @ " if match[4] else f"{match[5]} :"


def _escaped_start(match: re.Match[str]) -> str:
    return f"\\{match[1]}" if match[1] else f"{match[2]}\\{match[3]}"
