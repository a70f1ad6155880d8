"""A review document as one HTML file that needs nothing else: to read, to print and to sign.

The Markdown of cards is rendered without raw HTML and without pictures, and the page carries a policy that
forbids scripts and everything from outside, so that nothing in the content can do more than be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, assert_never

from jinja2 import Environment, PackageLoader
from markdown_it import MarkdownIt
from markupsafe import Markup

from cds_service.review.document import CardShown, Document, Folded, Form, Part, Plain


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the second level, for the list at the top."""

    anchor: str
    title: str


def as_html(document: Document, siblings: Sequence[Document]) -> str:
    """The whole page, with links to its siblings in the same folder."""
    sections: list[Section] = []
    body = _joined(document.parts, sections)
    page = _environment().get_template("page.html")
    return page.render(document=document, siblings=siblings, sections=sections, body=body)


def _joined(parts: Iterable[Part], sections: list[Section]) -> Markup:
    return Markup("\n").join(_part(part, sections) for part in parts)


def _part(part: Part, sections: list[Section]) -> Markup:
    match part:
        case str():
            return _rendered(part, sections)
        case Plain():
            return _block("plain", table=part)
        case Form():
            return _block("form", labels=part.labels)
        case Folded():
            return _block("folded", title=part.title, body=_joined(part.parts, []))
        case CardShown():
            return _block("card", shown=part, card=part.card, detail=_rendered(part.card["detail"], []))
        case _:
            assert_never(part)


def _rendered(text: str, sections: list[Section]) -> Markup:
    """The Markdown as HTML; each heading of the second level gets an anchor and is noted."""
    markdown = _markdown()
    tokens = markdown.parse(text)
    for token, inline in pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            anchor = f"s{len(sections) + 1}"
            token.attrSet("id", anchor)
            sections.append(Section(anchor, inline.content))
    html: str = markdown.renderer.render(tokens, markdown.options, {})
    return Markup(html)  # noqa: S704 # nosec B704 # raw HTML in the Markdown is off


def _block(name: str, **values: Any) -> Markup:
    macro: Any = getattr(_environment().get_template("blocks.html").module, name)
    block: Markup = macro(**values)
    return block


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("cds_service", "review/templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
