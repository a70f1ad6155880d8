"""Facts and dates as a card says them."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from cds_service.guideline.decision import Evidence
from cds_service.guideline.lumbar_mri.escaping import clean_text, escape_markdown, plain_text
from cds_service.guideline.words import Words
from cds_service.record.dates import Interval

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ONE = re.compile(r"(?<![\d.,])1 (day|week|month|year)s\b")
FEATURE_CHARACTERS = 60
_WITHOUT_DATE = ("Patient", "ServiceRequest")  # an age, and what the order says today


def long_date(when: Interval) -> str:
    """ "14 Jun 2026", "May 2026", "2019", or both ends of any other interval."""
    first, last = when.first, when.last
    if first == last:
        return f"{_day(first)} {first.year}"
    if _is_whole_year(when):
        return str(first.year)
    if _is_whole_month(when):
        return f"{_MONTHS[first.month - 1]} {first.year}"
    return f"{_day(first)} {first.year} to {_day(last)} {last.year}"


def short_date(when: Interval, today: date) -> str:
    """ "14 Jun" in this year, else as the long form."""
    if when.first == when.last and when.first.year == today.year:
        return _day(when.first)
    return long_date(when)


def fhir_date(when: Interval) -> str:
    """The date as FHIR writes it, as whole or partial as it is known: 2026-06-14, 2026-05, 2019."""
    if when.first == when.last:
        return when.first.isoformat()
    if _is_whole_year(when):
        return f"{when.first.year:04d}"
    return when.first.isoformat()[:7] if _is_whole_month(when) else when.last.isoformat()


@dataclass(frozen=True, slots=True)
class Feature:
    """A fact in a few words for a summary; plain text, not escaped."""

    text: str  # "saddle numbness"
    dated: str  # "saddle numbness 14 Jun"; the text alone where no date is known


def feature_of(evidence: Evidence, today: date) -> Feature:
    """The fact for a summary."""
    text = plain_text(evidence.short or evidence.text, FEATURE_CHARACTERS)
    if text[1:2].islower():  # "Retention of urine" within a line; "HIV" and "L4/5" stay
        text = text[:1].lower() + text[1:]
    if evidence.when is None:
        return Feature(text, text)
    # "power 5 to 3 in 13 days to 14 Jun": a stretch of days ends on its day.
    between = " to " if text.endswith((" day", " days")) else " on " if text[-1:] in "0123456789+-" else " "
    return Feature(text, f"{text}{between}{short_date(evidence.when, today)}")


def statement(evidence: Evidence, words: Words) -> str:
    """One fact with date and record type, escaped: "Saddle numbness, 14 Jun 2026 (Condition)"."""
    text = escape_markdown(named(evidence))
    dated = ", ".join(_dated(evidence, words))
    if dated:
        text = f"{text}, {dated}"
    if evidence.resource:
        text = f"{text} ({_record_type(evidence.resource, words)})"
    return f"{text}; {escape_markdown(evidence.note)}" if clean_text(evidence.note) else text


def _dated(evidence: Evidence, words: Words) -> Iterator[str]:
    """The date, and what is wrong with the recorded one: a fact without a day says so (8.1.4)."""
    if evidence.when:
        yield long_date(evidence.when)
    if evidence.date_problem:
        yield words.say("common", f"undated.{evidence.date_problem}")
    elif evidence.when is None and evidence.resource and not evidence.resource.startswith(_WITHOUT_DATE):
        yield words.say("common", "undated")


def speaker(words: Words) -> Callable[[Evidence], str]:
    """`statement` for one card, which often says a fact in several places."""
    return cache(lambda evidence: statement(evidence, words))


def statements(
    evidence: Iterable[Evidence],
    words: Words,
    limit: int,
    but: Iterable[str] = (),
    say: Callable[[Evidence], str] | None = None,
) -> list[str]:
    """The facts, each said once; over `limit` the rest is counted, not listed.

    `but` holds statements that stand on the card already; `say` is the card's speaker.
    """
    known = frozenset(but)
    say = say or speaker(words)
    said = [fact for fact in dict.fromkeys(map(say, evidence)) if fact not in known]
    if len(said) <= limit:
        return said
    return [*said[: limit - 1], words.say("common", "more", {"count": str(len(said) - limit + 1)})]


def in_singular(text: str) -> str:
    """The text with "1 days" as "1 day"."""
    return _ONE.sub(r"1 \1", text)


def capitalised(text: str) -> str:
    """The text with a capital at its start, the rest as it is."""
    return text[:1].upper() + text[1:]


def named(evidence: Evidence) -> str:
    """The text; a bare value with what it is: "Residual volume 450 mL (recorded as 0.45 L)"."""
    if not evidence.text[:1].isdigit() or not evidence.short:
        return evidence.text
    name = capitalised(evidence.short)
    return name if evidence.text in name else f"{name} (recorded as {evidence.text})"


def _record_type(resource: str, words: Words) -> str:
    kind = clean_text(resource.partition("/")[0])
    section = f"type.{kind}"
    return words.say("common", section) if words.has("common", section) else escape_markdown(kind, 40)


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]}"


def _is_whole_year(when: Interval) -> bool:
    return (when.first, when.last) == (date(when.first.year, 1, 1), date(when.first.year, 12, 31))


def _is_whole_month(when: Interval) -> bool:
    first, last = when.first, when.last
    length = calendar.monthrange(first.year, first.month)[1]
    return first.day == 1 and (last.year, last.month, last.day) == (first.year, first.month, length)
