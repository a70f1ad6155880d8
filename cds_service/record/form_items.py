"""The answered questions of a form, whatever their depth, as a reader meets them."""

from __future__ import annotations

from collections.abc import Iterator
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


def _answers(value: Any) -> tuple[Raw, ...]:
    """The answers, with their values checked by type; the model would take 60 microseconds a question."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(answer, dict) for answer in value):
        raise BrokenElement("item.answer")
    for answer in value:
        for name, types in _TYPES.items():
            given = answer.get(name)
            if given is not None and not isinstance(given, types):
                raise BrokenElement(f"item.answer.{name}")
    return tuple(value)
