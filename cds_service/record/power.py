"""Muscle power: which muscle on which side, and how strong it is (specification 8.1.6, 8.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cds_service.record.answers import Answer, read_answer
from cds_service.record.exam import Exam, as_recorded, fact_of, value_words
from cds_service.record.facts import Certainty, Fact, PowerExam, Region, Side
from cds_service.record.findings import without_value
from cds_service.record.free_text import Muscle, Patterns
from cds_service.record.grades import FULL_POWER, Graded, read_worded_grades
from cds_service.record.quantities import read_number
from cds_service.record.reading import Reading

_FORCES = frozenset({"kg", "n", "lb", "kgf", "lbf", "nm", "[lb_av]", "n.m"})
_SCORES = frozenset({"mrc", "score", "grade", "/5", "mrc grade", "mrc score", "mrc scale"})
# A grade of a leg as a whole: its own group, so that with one of a muscle it makes no second one (8.5.5).
WHOLE_LEG = Muscle("leg", "leg", Region.LEG)
_OF_FIVE = re.compile(r"(?<![\d/.])[0-5] ?[+-]? ?/ ?5(?!\d)")
Items = list[PowerExam | Fact]


def read_power(exam: Exam, reading: Reading) -> Items:
    """What one exam says of power; empty where it is no exam of power.

    "Weak" without a grade, and a grade of an arm or of a part of a leg, are a weakness of that limb.
    An answer that cannot be used is told as such: it is never full power.
    """
    muscle = muscle_in(exam.texts, reading.patterns)
    limb = muscle.limb if muscle else _limb(exam, reading)
    if _is_a_force(exam):
        return []
    kind = _kind(exam, reading.patterns)
    if kind == "":
        return [] if muscle is None else _unnamed(muscle, exam, reading)
    if kind == "nothing":
        return []
    if limb is None:
        return _without_site(exam, reading, sure=kind == "motor")
    return _examined(muscle, limb, exam, reading)


def muscle_in(texts: tuple[str, ...], patterns: Patterns) -> Muscle | None:
    """The muscle or movement that the words name; the longest name wins."""
    spans = [span for text in texts for span in patterns.muscles.find(patterns.plain(text))]
    longest = max(spans, key=lambda span: span.end - span.start, default=None)
    return None if longest is None else patterns.muscle_named[longest.name]


def _limb(exam: Exam, reading: Reading) -> Region | None:
    region = reading.region(exam.coded.words, exam.sites, frozenset())
    return region if region in (Region.LEG, Region.ARM) else None


def _is_a_force(exam: Exam) -> bool:
    """A force measured with a dynamometer is no grade."""
    quantity = exam.seen.get("valueQuantity") or {}
    return any(str(quantity.get(name)).strip().lower() in _FORCES for name in ("unit", "code"))


def _kind(exam: Exam, patterns: Patterns) -> str:
    """What kind of power the words name (`[power]`); empty where they name none."""
    named = {name for text in exam.texts for name in patterns.power.names(patterns.plain(text))}
    return next((kind for kind in ("nothing", "motor", "exam", "power") if kind in named), "")


def _examined(muscle: Muscle | None, limb: Region, exam: Exam, reading: Reading) -> Items:
    grades = list(_grades(exam, reading))
    if grades:
        return [item for graded in grades for item in _items(muscle, limb, graded, exam, reading)]
    return _ungraded(limb, exam, reading)


def _unnamed(muscle: Muscle, exam: Exam, reading: Reading) -> Items:
    """A muscle without the word power: a grade of five tells it; "weak", or a bare number, only asks.

    Anything else may be a range of motion.
    """
    grades = list(_grades(exam, reading))
    if _is_of_five(exam, reading):
        return [item for graded in grades for item in _items(muscle, muscle.limb, graded, exam, reading)]
    if muscle.limb is Region.ARM or not (_says_weak(exam, reading) or _names_only_muscle(exam, reading)):
        return []
    weak = [side for side, grade in grades if grade is None or grade < FULL_POWER]
    return [_weakness(muscle.limb, side, Certainty.WORDS, exam, reading) for side in weak]


def _is_of_five(exam: Exam, reading: Reading) -> bool:
    quantity = exam.seen.get("valueQuantity")
    if quantity is not None:
        units = (str(quantity.get(name) or "").strip("{} []").lower() for name in ("unit", "code"))
        return not _SCORES.isdisjoint(units)
    return any(map(_OF_FIVE.search, value_words(exam, reading)))


def _says_weak(exam: Exam, reading: Reading) -> bool:
    return any("weak-power" in reading.patterns.answers_in(word) for word in value_words(exam, reading))


def _names_only_muscle(exam: Exam, reading: Reading) -> bool:
    """Whether the question is a muscle and perhaps a side, and the answer a number without a unit."""
    value = exam.seen.get("valueQuantity")
    if "valueInteger" not in exam.seen and (value is None or value.get("unit") or value.get("code")):
        return False
    plain = reading.patterns.plain(exam.coded.label)
    spans = reading.patterns.muscles.find(plain)
    rest = f"{plain[: spans[0].start]} {plain[spans[0].end :]}".split() if spans else [plain, plain]
    return not rest or (len(rest) == 1 and reading.patterns.side_in(rest[0]) is not None)


def _without_site(exam: Exam, reading: Reading, *, sure: bool) -> Items:
    """ "Motor examination" with "right EHL 3/5": the site is the answer's.

    Without any, words that are surely of muscles (`sure`) tell of a weakness: "Myotomes" with "weak".
    "Power" with "right weaker than left" only asks, and a bare number of it says nothing.
    """
    words = value_words(exam, reading)
    muscle = muscle_in(words, reading.patterns)
    region = muscle.limb if muscle else reading.region(words, (), frozenset())
    if region in (Region.LEG, Region.ARM):
        only = muscle if _names_one_group(words, reading.patterns) else None
        return _examined(only, region, exam, reading)
    grades = [grade for _, grade in _grades(exam, reading)]
    if all(grade == FULL_POWER for grade in grades) or not (sure or words):
        return []
    certainty = Certainty.KNOWN if sure else Certainty.WORDS
    return [fact_of(exam, frozenset({"weakness-without-site"}), certainty, reading)]


def _names_one_group(words: tuple[str, ...], patterns: Patterns) -> bool:
    """Whether a grade can only be of one root group; in "EHL 3/5, quads 5/5" it is of the leg."""
    spans = [span for word in words for span in patterns.muscles.find(patterns.plain(word))]
    return len({patterns.muscle_named[span.name].root_group for span in spans}) == 1


def _grades(exam: Exam, reading: Reading) -> Iterator[Graded]:
    """The grades of an answer, each with its side; None where it says "weak" without a grade."""
    side = reading.side(*exam.texts)
    quantity = exam.seen.get("valueQuantity")
    value: Any = exam.seen.get("valueInteger") if quantity is None else quantity.get("value")
    if value is None:
        words = next(iter(value_words(exam, reading)), "")
        yield from read_worded_grades(words, side, reading.patterns)
        return
    number = read_number(value)
    percent = quantity is not None and str(quantity.get("unit")).strip() == "%"
    if number is not None and not percent and 0 <= number <= FULL_POWER:
        yield side, number


def _items(
    muscle: Muscle | None, limb: Region, graded: Graded, exam: Exam, reading: Reading
) -> Iterator[PowerExam | Fact]:
    side, grade = graded
    if exam.preliminary and grade == FULL_POWER:
        return  # preliminary counts only against the patient's health (2.2)
    series = muscle
    if muscle is None and limb is Region.LEG and not _is_of_a_part(exam, reading):
        series = WHOLE_LEG
    if series is not None and grade is not None:
        text = as_recorded(exam, reading)
        yield PowerExam(series.name, series.root_group, limb, side, grade, exam.resource, text, exam.when)
    if series is None or grade is None or (series is WHOLE_LEG and grade == FULL_POWER):
        certainty = Certainty.DENIED if grade == FULL_POWER else Certainty.KNOWN
        yield _weakness(limb, side, certainty, exam, reading)


def _is_of_a_part(exam: Exam, reading: Reading) -> bool:
    """Whether the question names a part of the leg: the grades of two parts make no series of one leg."""
    return any("part-of-leg" in reading.patterns.sites_in(text) for text in exam.texts)


def _weakness(limb: Region, side: Side | None, certainty: Certainty, exam: Exam, reading: Reading) -> Fact:
    concept = "arm-weakness" if limb is Region.ARM else "leg-weakness"
    text = _with_number(exam, reading)
    return fact_of(exam, frozenset({concept}), certainty, reading, text=text, side=side, region=limb)


def _with_number(exam: Exam, reading: Reading) -> str:
    """The exam in the record's words, with its grade where that is a number."""
    number = exam.seen.get("valueInteger", (exam.seen.get("valueQuantity") or {}).get("value"))
    recorded = as_recorded(exam, reading)
    return recorded if number is None else f"{recorded}: {number}"


def _ungraded(limb: Region, exam: Exam, reading: Reading) -> Items:
    """What an answer without a grade comes to by 8.1.6; a question that is a finding itself is read as that.

    Of an arm only what speaks for a weakness: an untested grip is no question about the back.
    """
    if exam.coded.known or reading.all_mentions(exam.coded.words):
        return []
    certainty = _certainty(exam, reading)
    if not certainty.positive and (exam.preliminary or limb is Region.ARM):
        return []
    if certainty in (Certainty.UNKNOWN, Certainty.VALUELESS) and not _asks_itself(exam, reading):
        return []
    return [_weakness(limb, reading.side(*exam.texts), certainty, exam, reading)]


def _certainty(exam: Exam, reading: Reading) -> Certainty:
    match read_answer(exam.seen, reading):
        case Answer.ABNORMAL:
            return Certainty.KNOWN
        case Answer.INTACT:
            return Certainty.DENIED
        case Answer.NONE:
            return without_value(exam)
    return Certainty.UNKNOWN


def _asks_itself(exam: Exam, reading: Reading) -> bool:
    """Whether the answer belongs here: not in a panel's parts, and not in a remark beside a grade."""
    if exam.has_members:
        return False
    own = exam.coded.words
    named = any(reading.patterns.power.find(reading.patterns.plain(word)) for word in own)
    return named or muscle_in(own, reading.patterns) is not None or reading.side(*own) is not None
