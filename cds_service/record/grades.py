"""MRC grades in the words of an answer: "4+/5", "3 - against gravity", "5/5 left and 3/5 right" (8.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from cds_service.record.facts import Side
from cds_service.record.free_text import Patterns

FULL_POWER = Decimal(5)
Graded = tuple[Side | None, Decimal | None]  # None as grade: weak, and nobody said how weak

_THIRD = Decimal("0.3")  # 4- is 3.7, 4+ is 4.3 (specification 2.7)
_JUST_WEAK = FULL_POWER - _THIRD / 2  # where a weakness without a grade stands among graded ones
_WORDS = (
    ("no-power", 0), ("trace-power", 1), ("gravity-eliminated", 2), ("against-gravity", 3),
    ("against-resistance", 4), ("full-power", 5),
)  # fmt: skip
_WEAK = frozenset({"weak-power", "less-power"})
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "0": 0}

_SIGN = r"[+-](?![\w>])"  # of 4+ and 4-, and not the dash of "3 - against gravity" or of an arrow
_DIGIT = r"[0-5](?:\.\d+)?"
_NAME = r"\b(?:mrc|grade|power|strength|m)\W{0,3}(?:grade\W{0,3})?"
_DIVIDER = re.compile(r"[,;\n]|\.(?!\d)|\b(?:and(?! (?:\w+ )?resistance)|but|except|while|otherwise)\b", re.I)
_TOKEN = re.compile(
    "|".join(
        (
            r"(?P<from>(?<![\w/.])[0-5])\s?-\s?(?P<to>[0-5])(?:\s?/\s?5)?(?![\d./-])",  # 4-5, 3-4/5
            rf"(?<![\d/.])(?P<five>{_DIGIT})\s?(?P<sign>[+-])?\s?(?:/|out of)\s?5"
            rf"(?P<last_sign>{_SIGN})?(?![\d/])",  # 3/5, 4+/5, 4/5+, 4 out of 5
            r"\b(?P<roman>IV|V|I{1,3}|0)\s?/\s?V\b",
            rf"{_NAME}(?P<named_roman>IV|V|I{{1,3}})\b",
            rf"{_NAME}(?P<named>{_DIGIT})(?P<named_sign>{_SIGN})?(?![\d./])",
            r"\b(?P<side>left|right|lt|rt|l|r)\b"
            rf"(?:\W{{0,3}}(?P<sided>{_DIGIT})(?P<sided_sign>{_SIGN})?(?! ?[\d./-]| out\b))?",  # R 5, L 3
        )
    ),
    re.I,
)
# "3 - active movement against gravity", and not "3 weeks", "0 to 20 degrees".
_BARE = re.compile(
    rf"(?P<bare>{_DIGIT})(?P<bare_sign>{_SIGN})?(?= ?(?:$|[-:=(] ?[^\d ]|[a-z]))"
    r"(?! ?(?:days?|weeks?|wks?|months?|years?|yrs?|hours?|times|x|reps?|deg\w*)\b)"
    r"(?! ?(?:kg|n|nm|lbs?|cm|mm|out|of|to)\b)",
    re.I,
)
# "Left weaker than right": what stands behind it is only what the weak side is compared with.
_COMPARED = re.compile(r"\b(?:than|compared (?:with|to)|vs|versus)\b", re.I)
_ONLY_ROMAN = re.compile(r"(IV|V|I{1,3})$", re.I)
_LONGEST = 1000  # characters: what is longer is a letter
_SAID_BY_A_SIDE = frozenset({"there"})  # "left" alone tells that something is there
_ONE_SIDE = frozenset({Side.LEFT, Side.RIGHT})
_FEW_WORDS = 3  # "left", "the right leg": a part that may only name the side of the next


def read_worded_grades(text: str, side: Side | None, patterns: Patterns) -> Iterator[Graded]:
    """The lowest grade that the words give each side; nothing where they give none.

    `side` is the side of the question, which the words may overrule.
    Of "was 5/5, now 3/5" the lowest counts, too: the words are not searched for what was when.
    """
    found: list[Graded] = []
    waiting: list[Side] = []  # "left" in "left and right 4/5"
    equal = False
    plain = text[:_LONGEST].replace("\N{EN DASH}", "-").replace("\N{MINUS SIGN}", "-")
    plain = plain.replace("vs.", "vs")
    for number, part in enumerate(_DIVIDER.split(plain)):
        part = _without_compared(" ".join(part.split()), patterns)
        own = _side_in(part, patterns)
        equal = equal or "equal-power" in patterns.answers_in(part)
        graded = list(_grades_of(part, own, first=number == 0, patterns=patterns))
        if graded:
            last = found[-1][0] if found else None
            found += [(s or side or last, grade) for s, grade in graded]
            found += [(s, grade) for s in waiting for _, grade in graded]
            waiting = []
        elif own and len(part.split()) <= _FEW_WORDS and not patterns.answers_in(part) - _SAID_BY_A_SIDE:
            waiting.append(own)
    found += [(s, found[-1][1]) for s in waiting if found]  # "4/5 left and right"
    if equal and not found:
        found.append((side, FULL_POWER))
    yield from _lowest(found)


def _without_compared(part: str, patterns: Patterns) -> str:
    """The part up to a comparison with the other side, which says nothing more of that side."""
    compared = _COMPARED.search(part)
    if compared is None:
        return part
    other = part[compared.end() :]
    only_a_side = not (patterns.answers_in(other) - _SAID_BY_A_SIDE or any(map(str.isdigit, other)))
    return part[: compared.start()].strip() if only_a_side and patterns.side_in(other) in _ONE_SIDE else part


def _side_in(part: str, patterns: Patterns) -> Side | None:
    if side := patterns.side_in(part):
        return side
    letters = {hit["side"][0].lower() for hit in _TOKEN.finditer(part) if hit["side"]}
    return _side_of(letters.pop()) if len(letters) == 1 else None


def _side_of(word: str) -> Side:
    return Side.LEFT if word[0].lower() == "l" else Side.RIGHT


def _grades_of(part: str, side: Side | None, *, first: bool, patterns: Patterns) -> Iterator[Graded]:
    """The grades of one part: each of the side beside it, or all of the only side."""
    hits = list(_TOKEN.finditer(part))
    graded = [(hit, grade) for hit in hits if (grade := _grade_of(hit)) is not None]
    sides = [hit for hit in hits if hit["side"]]
    if len({_side_of(hit["side"]) for hit in sides}) > 1 and graded:
        yield from ((_beside(hit, hits), grade) for hit, grade in graded)
    elif graded:
        yield from ((side, grade) for _, grade in graded)
    elif first and (bare := _BARE.match(part) or _ONLY_ROMAN.match(part)):
        yield side, _bare_grade(bare)
    else:
        yield from ((side, grade) for grade in _grades_in_words(part, patterns))


def _beside(graded: re.Match[str], hits: list[re.Match[str]]) -> Side:
    """The side of a grade among several: the one before it, or after it where grades come first."""
    before = [hit for hit in hits if hit["side"] and hit.start() <= graded.start()]
    after = [hit for hit in hits if hit["side"] and hit.start() > graded.start()]
    nearest = before[-1] if before and (hits[0]["side"] or not after) else after[0]
    return _side_of(nearest["side"])


def _grade_of(hit: re.Match[str]) -> Decimal | None:
    if hit["from"]:
        return min(Decimal(hit["from"]), Decimal(hit["to"]))
    if roman := hit["roman"] or hit["named_roman"]:
        return Decimal(_ROMAN[roman.upper()])
    for digits, sign in (
        (hit["five"], hit["sign"] or hit["last_sign"]),
        (hit["named"], hit["named_sign"]),
        (hit["sided"], hit["sided_sign"]),
    ):
        if digits:
            return _signed(digits, sign)
    return None


def _bare_grade(bare: re.Match[str]) -> Decimal:
    if bare.re is _ONLY_ROMAN:
        return Decimal(_ROMAN[bare[1].upper()])
    return _signed(bare["bare"], bare["bare_sign"])


def _signed(digits: str, sign: str | None) -> Decimal:
    grade = Decimal(digits)
    if sign == "+":
        return min(grade + _THIRD, FULL_POWER)
    return max(grade - _THIRD, Decimal(0)) if sign == "-" else min(grade, FULL_POWER)


def _grades_in_words(part: str, patterns: Patterns) -> Iterator[Decimal | None]:
    answers = patterns.answers_in(part)
    worded = [Decimal(grade) for name, grade in _WORDS if name in answers]
    if worded and min(worded) < FULL_POWER:
        yield min(worded)
    elif not _WEAK.isdisjoint(answers):
        yield None
    elif worded:
        yield FULL_POWER


def _lowest(found: Iterable[Graded]) -> Iterator[Graded]:
    """One grade a side; both sides are told as one only where no side is told alone."""
    graded = list(found)
    sides = {side for side, _ in graded}
    alone = not sides.isdisjoint({Side.LEFT, Side.RIGHT})
    lowest: dict[Side | None, Decimal | None] = {}
    for side, grade in graded:
        if side is None and alone and grade == FULL_POWER:
            continue  # "5/5 throughout except right 3/5" says of the left only what was not looked at alone
        for each in (Side.LEFT, Side.RIGHT) if side is Side.BOTH and alone else (side,):
            if each not in lowest or _rank(grade) < _rank(lowest[each]):
                lowest[each] = grade
    yield from lowest.items()


def _rank(grade: Decimal | None) -> Decimal:
    return _JUST_WEAK if grade is None else grade
