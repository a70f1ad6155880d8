"""The answered questions of a form, whatever their depth, as a reader meets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cds_service.record.dates import Interval
from cds_service.record.projection import BrokenElement, Raw

_TYPES: dict[str, tuple[type, ...]] = {
    "valueBoolean": (bool,), "valueString": (str,), "valueCoding": (dict,), "valueInteger": (int,),
    "valueDecimal": (int, float, str, Decimal), "valueQuantity": (dict,),
    "valueDate": (str,), "valueDateTime": (str,),
}  # fmt: skip
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """One answered question, with the headings above it."""

    link_id: str
    question: str
    headings: tuple[str, ...]
    answers: tuple[Raw, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """The form that a response answers: its own name, the questionnaire's address, its day."""

    resource: str
    questionnaire: str
    when: Interval | None


def questions(items: Any, headings: tuple[str, ...] = (), depth: int = 0) -> Iterator[Asked]:
    """Every answered question below these items; raises BrokenElement where nobody knows what was asked."""
    if items is None:
        return
    if not isinstance(items, list) or depth > _DEEPEST:
        raise BrokenElement("item")
    for item in items:
        if not isinstance(item, dict):
            raise BrokenElement("item")
        text, link_id = item.get("text"), item.get("linkId")
        for part, value in (("text", text), ("linkId", link_id)):
            if value is not None and not isinstance(value, str):  # then nobody knows what was asked
                raise BrokenElement(f"item.{part}")
        answers = _answers(item.get("answer"))
        name = text if isinstance(text, str) else ""
        if answers:
            yield Asked(link_id if isinstance(link_id, str) else "", name, headings, answers)
        below = (*headings, name) if name else headings
        yield from questions(item.get("item"), below, depth + 1)
        for answer in answers:
            yield from questions(answer.get("item"), below, depth + 1)


def readable_items(items: Any, is_known: Callable[[str], bool], depth: int = 0) -> list[Raw]:
    """These items without what nobody can read: one odd answer must not cost the others.

    `is_known` tells of a link id whether it says what was asked where no text does.
    """
    listed = [items] if isinstance(items, dict) else items
    if not isinstance(listed, list) or depth > _DEEPEST:
        return []
    return [_readable_item(item, is_known, depth) for item in listed if isinstance(item, dict)]


def _readable_item(item: Raw, is_known: Callable[[str], bool], depth: int) -> Raw:
    names = {name: item[name] for name in ("linkId", "text") if isinstance(item.get(name), str)}
    as_sent = all(item.get(name) is None or name in names for name in ("linkId", "text"))
    given = item.get("answer")
    listed = [given] if isinstance(given, dict) else given if isinstance(given, list) else []
    answers = [answer for answer in listed if isinstance(answer, dict)]
    below = [
        one
        for items in (item.get("item"), *(answer.get("item") for answer in answers))
        for one in readable_items(items, is_known, depth + 1)
    ]
    if not as_sent or not (names.get("text") or is_known(names.get("linkId", ""))):
        return names | {"item": below}  # nobody knows what its own answers answer
    values = [{name: value for name, value in one.items() if _is_readable(name, value)} for one in answers]
    return names | ({"answer": values} if values else {}) | {"item": below}


def _is_readable(name: str, value: Any) -> bool:
    return name != "item" and _fits(name, value)


def _fits(name: str, value: Any) -> bool:
    return value is None or name not in _TYPES or isinstance(value, _TYPES[name])


def _answers(value: Any) -> tuple[Raw, ...]:
    """The answers, with their values checked by type; the model would take 60 microseconds a question."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(answer, dict) for answer in value):
        raise BrokenElement("item.answer")
    for answer in value:
        for name in _TYPES:
            if not _fits(name, answer.get(name)):
                raise BrokenElement(f"item.answer.{name}")
    return tuple(value)
