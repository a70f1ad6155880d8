"""The words by which a draft order is read, compiled once from `cards/lumbar-mri/orders.toml`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from cds_service.guideline.faults import Fault, TableError, refuse_faults

# Far more than any order says; a longer text is cut, so that no text can keep a worker busy.
LONGEST_TEXT = 500
_NEAR = 40  # characters before a word in which a negation denies it
_BLANKS = re.compile(r"[\s_ ]+")
_NUMBERED = re.compile(r"\(\?P|\(\?\(|\\[1-9]")
_ESCAPED = re.compile(r"\\.")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-")


class OrderPatternsError(TableError):
    """A table of words that cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class OrderPatterns:
    """One expression a table of `[words]`; all match plain lower-case text as `plain` gives it."""

    magnetic_resonance: re.Pattern[str]
    lumbar: re.Pattern[str]
    back_pain: re.Pattern[str]
    whole_spine: re.Pattern[str]
    thoracic: re.Pattern[str]
    cervical: re.Pattern[str]
    other_region: re.Pattern[str]
    other_study: re.Pattern[str]
    computed_tomography: re.Pattern[str]
    not_the_order: re.Pattern[str]
    with_and_without_contrast: re.Pattern[str]
    without_contrast: re.Pattern[str]
    with_contrast: re.Pattern[str]
    other_indication: re.Pattern[str]
    pain: re.Pattern[str]
    negation: re.Pattern[str]
    emergency_department: re.Pattern[str]

    def names_lumbar_spine(self, text: str) -> bool:
        """Whether the text names the lumbar spine, alone or with other regions (2.1.3, 8.9.5)."""
        words = self.without_asides(text)
        if self.lumbar.search(words) or self.whole_spine.search(words):
            return True
        return bool(self.back_pain.search(words)) and not self.other_region.search(words)

    def names_other_region(self, text: str) -> bool:
        """Whether the text names a part of the body other than the lumbar spine."""
        return bool(self.other_region.search(self.without_asides(text)))

    def names_magnetic_resonance(self, text: str) -> bool:
        """Whether the text orders an MRI: what it names first is what was ordered."""
        words = self.without_asides(text)
        mri, other = self.magnetic_resonance.search(words), self.other_study.search(words)
        return mri is not None and (other is None or mri.start() < other.start())

    def names_computed_tomography(self, text: str) -> bool:
        """Whether the text orders a CT."""
        words = plain(text)
        mri, ct = self.magnetic_resonance.search(words), self.computed_tomography.search(words)
        return ct is not None and (mri is None or ct.start() < mri.start())

    def without_asides(self, text: str) -> str:
        """The plain text without what names an MRI or the lumbar region but does not order it."""
        return self.not_the_order.sub(" ", plain(text))

    def contrast_of(self, text: str) -> str | None:
        """ "with-and-without", "without", "with", or None where the text does not say."""
        words = plain(text)
        if self.with_and_without_contrast.search(words):
            return "with-and-without"
        if self.without_contrast.search(words):
            return "without"
        return "with" if self.with_contrast.search(words) else None

    def says(self, expression: re.Pattern[str], text: str) -> bool:
        """Whether the text names it without a negation shortly before."""
        return any(
            not self.negation.search(text, max(0, match.start() - _NEAR), match.start())
            for match in expression.finditer(text)
        )


def plain(text: str) -> str:
    """Lower case, single blanks, plain dashes."""
    return _BLANKS.sub(" ", text[:LONGEST_TEXT].translate(_DASHES)).strip().lower()


def read_order_patterns(mapping: Mapping[str, Any]) -> OrderPatterns:
    """The compiled words; raises OrderPatternsError where a table is missing, unknown or not usable."""
    tables = mapping.get("words")
    if not isinstance(tables, dict):
        raise OrderPatternsError(Fault(("words",), "a table [words]"))
    wanted = [field.name for field in fields(OrderPatterns)]
    refuse_faults(OrderPatternsError, _faults(mapping, tables, wanted))
    return OrderPatterns(**{name: _compiled(tables[name]) for name in wanted})


def _compiled(expressions: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{expression})" for expression in expressions))


def _faults(
    mapping: Mapping[str, Any], tables: Mapping[str, Any], wanted: Collection[str]
) -> Iterator[Fault]:
    for name in sorted(mapping.keys() - {"words"}):
        yield Fault((name,), "no such table")
    for name in sorted(tables.keys() ^ set(wanted)):
        yield Fault(("words", name), "a list" if name in wanted else "no such table")
    for name, expressions in tables.items():
        if (
            not isinstance(expressions, list)
            or not expressions
            or not all(isinstance(e, str) for e in expressions)
        ):
            yield Fault(("words", name), "a list of regular expressions")
            continue
        for position, expression in enumerate(expressions):
            wrong = _wrong_with(expression)
            if wrong:
                yield Fault(("words", name, position), wrong)


def _wrong_with(expression: str) -> str | None:
    try:
        matches_nothing = re.compile(f"(?:{expression})").search("") is not None
    except (re.error, RecursionError, OverflowError) as error:
        return f"a regular expression; {expression!r} is no regular expression ({error})"
    # Many expressions become one, in which groups have other numbers, and a name may come twice.
    if _NUMBERED.search(expression):
        return f"an expression without names and numbers of groups, not {expression!r}"
    if any(letter.isupper() for letter in _ESCAPED.sub("", expression)):
        return f"small letters, because the text is read in small letters; not {expression!r}"
    return (
        f"an expression that names something; {expression!r} matches an empty text"
        if matches_nothing
        else None
    )
