"""What every card must be, whatever it says: complaints about one, empty where it is well formed."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
CLAIMS_OF_SAFETY = re.compile(r"\b(safe|excluded|ruled out|normal)\b", re.IGNORECASE)
DEVICE_LABELS = re.compile(r"\bMR[ -](safe|conditional|unsafe)\b", re.IGNORECASE)


def complaints(card: dict[str, Any]) -> list[str]:
    """Everything that is wrong with the form of this card, in words."""
    return [
        *_members(card),
        *_suggestions(card),
        *_links(card),
        *(f"{path} is empty" for path in _empty_members(card)),
        *(f"claims safety: {claim!r}" for claim in _claims_of_safety(card)),
    ]


def _members(card: dict[str, Any]) -> Iterator[str]:
    if not 1 <= len(card["summary"].strip()) <= 139:
        yield "summary is not 1 to 139 characters"
    if not UUID.fullmatch(card.get("uuid", "")):
        yield "no card uuid"
    if card["indicator"] not in {"info", "warning", "critical"}:
        yield "unknown indicator"
    source = card["source"]
    if not source["label"].strip() or not _is_absolute(source["url"]):
        yield "source has no label or no absolute url"
    if not {"system", "code"} <= source["topic"].keys():
        yield "topic is no Coding"
    for reason in card.get("overrideReasons", ()):
        if not {"system", "code", "display"} <= reason.keys():
            yield "override reason is no complete Coding"


def _suggestions(card: dict[str, Any]) -> Iterator[str]:
    suggestions = card.get("suggestions", [])
    if bool(suggestions) != ("selectionBehavior" in card):
        yield "selectionBehavior goes with suggestions"
    if card.get("selectionBehavior", "any") not in {"any", "at-most-one"}:
        yield "unknown selectionBehavior"
    recommended = [suggestion for suggestion in suggestions if suggestion.get("isRecommended")]
    if len(recommended) > 1 and card["selectionBehavior"] != "any":
        yield "several recommended suggestions"
    for suggestion in suggestions:
        if not suggestion["label"].strip() or not UUID.fullmatch(suggestion.get("uuid", "")):
            yield "suggestion without label or uuid"
        for action in suggestion.get("actions", ()):
            yield from _action(action)


def _action(action: dict[str, Any]) -> Iterator[str]:
    if not action["description"].strip():
        yield "action without description"
    match action["type"]:
        case "create" | "update":
            if "resourceType" not in action["resource"] or "resourceId" in action:
                yield "create and update carry the whole resource"
        case "delete":
            if not re.fullmatch(r"[A-Z]\w+/\S+", action["resourceId"]) or "resource" in action:
                yield "delete names Type/id only"
        case other:
            yield f"unknown action {other}"


def _links(card: dict[str, Any]) -> Iterator[str]:
    links = card.get("links", [])
    if not links:
        yield "no link"
    for link in links:
        if link["type"] != "absolute" or not _is_absolute(link["url"]) or not link["label"].strip():
            yield "link is not absolute or has no label"


def _is_absolute(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def _empty_members(value: Any, path: str = "card") -> Iterator[str]:
    if value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip()):
        yield path
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, child in children:
        yield from _empty_members(child, f"{path}.{name}")


def _claims_of_safety(card: dict[str, Any]) -> Iterator[str]:
    """Banned words in our own text; the stories' records hold none, so every hit is ours."""
    for text in our_words(card):
        yield from (hit.group() for hit in CLAIMS_OF_SAFETY.finditer(DEVICE_LABELS.sub("", text)))


def our_words(card: dict[str, Any]) -> Iterator[str]:
    """Summary, detail, labels and descriptions; the override reasons are the clinician's words."""
    yield card["summary"]
    yield card.get("detail", "")
    for suggestion in card.get("suggestions", ()):
        yield suggestion["label"]
        yield from (action["description"] for action in suggestion.get("actions", ()))
