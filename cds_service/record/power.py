"""Muscle power: which muscle on which side, and the MRC grade in its many spellings (specification 8.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from cds_service.record.exam import Exam, as_recorded, fact_of, value_words
from cds_service.record.facts import Certainty, Fact, PowerExam, Region, Side
from cds_service.record.free_text import Muscle, Patterns
from cds_service.record.quantities import read_number
from cds_service.record.reading import Reading

_GRADE = r"([0-5](?:\.\d+)?)\s*([+-])?(?:\s*/\s*5)?\s*([+-])?"
_WHOLE = re.compile(rf"\s*(?:mrc|grade|power|m)?[\s:=]*{_GRADE}(?:\s*[(,;].*)?\s*$", re.I)
_SIDED = re.compile(rf"\b(left|right|l|r|lt|rt)\b\W{{0,3}}{_GRADE}(?![\d.])", re.I)
_OF_FIVE = re.compile(r"(?<![\d/.])([0-5])\s*([+-])?\s*/\s*5\s*([+-])?(?!\d)")
_THIRD = Decimal("0.3")  # 4- is 3.7, 4+ is 4.3 (specification 2.7)
_FULL = Decimal(5)
_WORDS = (("no-power", 0), ("trace-power", 1), ("full-power", 5))
_FORCES = frozenset({"kg", "n", "lb", "kgf", "lbf", "nm", "[lb_av]", "n.m", "%"})
Graded = tuple[Side | None, Decimal | None]


def read_power(exam: Exam, reading: Reading) -> list[PowerExam | Fact]:
    """The grades of one exam; empty where it is no exam of power.

    "Weak" without a grade, and a grade of the whole leg, are a weakness of that limb.
    """
    muscle = muscle_in(exam, reading.patterns)
    limb = muscle.limb if muscle else _limb(exam, reading)
    value = _value(exam, reading)
    if limb is None or value is None or not _is_of_power(exam, value, muscle, reading.patterns):
        return []
    side = reading.side(*exam.texts)
    grades = read_grades(value, side, reading.patterns)
    return [item for graded in grades if (item := _item(muscle, limb, graded, exam, reading))]


def _item(
    muscle: Muscle | None, limb: Region, graded: Graded, exam: Exam, reading: Reading
) -> PowerExam | Fact | None:
    side, grade = graded
    if exam.preliminary and grade == _FULL:
        return None  # preliminary counts only against the patient's health (2.2)
    if muscle is None or grade is None:
        concept = "arm-weakness" if limb is Region.ARM else "leg-weakness"
        certainty = Certainty.DENIED if grade == _FULL else Certainty.KNOWN
        return fact_of(exam, frozenset({concept}), certainty, reading, side=side, region=limb)
    text = as_recorded(exam, reading)
    return PowerExam(muscle.name, muscle.root_group, muscle.limb, side, grade, exam.resource, text, exam.when)


def muscle_in(exam: Exam, patterns: Patterns) -> Muscle | None:
    """The muscle or movement that the words name; the longest name wins."""
    spans = [span for text in exam.texts for span in patterns.muscles.find(patterns.plain(text))]
    longest = max(spans, key=lambda span: span.end - span.start, default=None)
    return None if longest is None else patterns.muscle_named[longest.name]


def _limb(exam: Exam, reading: Reading) -> Region | None:
    region = reading.region(exam.coded.words, exam.sites, frozenset())
    return region if region in (Region.LEG, Region.ARM) else None


def _value(exam: Exam, reading: Reading) -> Any:
    quantity = exam.seen.get("valueQuantity")
    if quantity is not None:
        # A force measured with a dynamometer is no grade.
        return None if str(quantity.get("unit")).strip().lower() in _FORCES else quantity.get("value")
    return exam.seen.get("valueInteger", next(iter(value_words(exam, reading)), None))


def _is_of_power(exam: Exam, value: Any, muscle: Muscle | None, patterns: Patterns) -> bool:
    """Whether the words name power, strength or MRC; a grade of five beside a muscle says so too."""
    if any(patterns.power.find(patterns.plain(text)) for text in exam.texts):
        return True
    return muscle is not None and isinstance(value, str) and bool(_OF_FIVE.search(value))


def read_grades(value: Any, side: Side | None, patterns: Patterns) -> Iterator[Graded]:
    """The grades of an answer, each with its side; None where it says "weak" without a grade.

    Nothing where the answer is no grade at all.
    """
    if isinstance(value, str):
        yield from _worded_grades(value, side, patterns)
        return
    number = read_number(value)
    if number is not None and 0 <= number <= _FULL:
        yield side, number


def _worded_grades(text: str, side: Side | None, patterns: Patterns) -> Iterator[Graded]:
    sided = list(_SIDED.finditer(text))
    if sided:
        for found in sided:
            own = Side.LEFT if found[1].lower().startswith("l") else Side.RIGHT
            yield own, _grade(found[2], found[3] or found[4])
        return
    said_side = patterns.side_in(text) or side
    if whole := _WHOLE.match(text) or _OF_FIVE.search(text):
        yield said_side, _grade(whole[1], whole[2] or whole[3])
        return
    answers = patterns.answers_in(text)
    grade = next((grade for name, grade in _WORDS if name in answers), None)
    if "less-power" in answers:
        yield said_side, None
    elif grade is not None:
        yield said_side, Decimal(grade)


def _grade(digits: str, sign: str | None) -> Decimal:
    grade = Decimal(digits)
    if sign == "+":
        return min(grade + _THIRD, _FULL)
    return max(grade - _THIRD, Decimal(0)) if sign == "-" else grade
