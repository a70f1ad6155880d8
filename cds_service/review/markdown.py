"""A review document as Markdown, for diffs and for those who sign in a repository."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import assert_never

from cds_service.review.document import CardShown, Document, Folded, Form, Part, Plain, table

_MARKUP = re.compile(r"[\\`*_\[\]<>~#&]")  # a bar is the table's business


def as_markdown(document: Document) -> str:
    """The whole document; what HTML folds stands open here."""
    parts = [f"# {document.title}", *(text for part in document.parts for text in _part(part))]
    return "\n\n".join(parts) + "\n"


def _part(part: Part) -> Iterator[str]:
    match part:
        case str():
            yield part
        case Plain():
            yield table(part.heads, ([_plain(cell) for cell in row] for row in part.rows))
        case Form():
            yield table(("", ""), ((label, "") for label in part.labels))
        case Folded():
            yield f"### {part.title}"
            for inner in part.parts:
                yield from _part(inner)
        case CardShown():
            yield from _card(part)
        case _:
            assert_never(part)


def _plain(text: str) -> str:
    """The text as Markdown that shows its characters, all of them: nothing that is signed is cut."""
    return _MARKUP.sub(r"\\\g<0>", text)


def _card(shown: CardShown) -> Iterator[str]:
    card = shown.card
    lines = [f"**{_plain(card['summary'])}** ({card['indicator']})", "", *card["detail"].split("\n")]
    for heading, labels in (
        ("Suggestions", [choice["label"] for choice in card.get("suggestions", ())]),
        ("Override reasons", [reason["display"] for reason in card.get("overrideReasons", ())]),
        ("Links", [link["label"] for link in card.get("links", ())]),
    ):
        if labels:
            lines += ["", f"**{heading}:** {'; '.join(_plain(label) for label in labels)}"]
    yield f"### Card of the example {shown.name}"
    yield shown.story
    yield "\n".join(f"> {line}".rstrip() for line in lines)
