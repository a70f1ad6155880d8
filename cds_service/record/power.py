"""Muscle power: which muscle on which side, and the MRC grade in its many spellings (specification 8.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from cds_service.record.facts import Side
from cds_service.record.free_text import Muscle, Patterns
from cds_service.record.quantities import read_number

_GRADE = r"([0-5](?:\.\d+)?)\s*([+-])?(?:\s*/\s*5)?\s*([+-])?"
_WHOLE = re.compile(rf"\s*(?:mrc|grade|power|m)?[\s:=]*{_GRADE}(?:\s*[(,;].*)?\s*$", re.I)
_SIDED = re.compile(rf"\b(left|right|l|r|lt|rt)\b\W{{0,3}}{_GRADE}(?![\d.])", re.I)
_OF_FIVE = re.compile(r"(?<![\d/.])([0-5])\s*([+-])?\s*/\s*5\s*([+-])?(?!\d)")
_THIRD = Decimal("0.3")  # 4- is 3.7, 4+ is 4.3 (specification 2.7)
_WORDS = (("no-power", 0), ("trace-power", 1), ("full-power", 5))
_FORCE = frozenset({"kg", "n", "lb", "kgf", "lbf", "nm", "[lb_av]", "n.m", "%"})


def muscle_in(texts: Sequence[str], patterns: Patterns) -> Muscle | None:
    """The muscle or movement that the words name; the longest name wins."""
    spans = [span for text in texts for span in patterns.muscles.find(patterns.plain(text))]
    longest = max(spans, key=lambda span: span.end - span.start, default=None)
    return None if longest is None else patterns.muscle_named[longest.name]


def names_power(texts: Sequence[str], patterns: Patterns) -> bool:
    """Whether the words name power, strength or the MRC scale."""
    return any(patterns.power.find(patterns.plain(text)) for text in texts)


def read_grades(
    value: Any, side: Side | None, patterns: Patterns
) -> Iterator[tuple[Side | None, Decimal | None]]:
    """The grades of an answer, each with its side; None where the answer says "weak" without a grade.

    Nothing where the answer is no grade at all.
    """
    if isinstance(value, str):
        yield from _worded_grades(value, side, patterns)
        return
    number = read_number(value)
    if number is not None and 0 <= number <= 5:
        yield side, number


def is_force(unit: Any) -> bool:
    """Whether the unit is one of a dynamometer: a force is no grade."""
    return isinstance(unit, str) and unit.strip().lower() in _FORCE


def _worded_grades(
    text: str, side: Side | None, patterns: Patterns
) -> Iterator[tuple[Side | None, Decimal | None]]:
    sided = list(_SIDED.finditer(text))
    if sided:
        for found in sided:
            own = Side.LEFT if found[1].lower().startswith("l") else Side.RIGHT
            yield own, _graded(found[2], found[3] or found[4])
        return
    found_whole = _WHOLE.match(text) or _OF_FIVE.search(text)
    said_side = patterns.side_in(text) or side
    if found_whole:
        yield said_side, _graded(found_whole[1], found_whole[2] or found_whole[3])
        return
    answers = patterns.answers_in(text)
    grade = next((grade for name, grade in _WORDS if name in answers), None)
    if "less-power" in answers:
        yield said_side, None
    elif grade is not None:
        yield said_side, Decimal(grade)


def _graded(digits: str, sign: str | None) -> Decimal:
    grade = Decimal(digits)
    if sign == "+":
        return min(grade + _THIRD, Decimal(5))
    return max(grade - _THIRD, Decimal(0)) if sign == "-" else grade
