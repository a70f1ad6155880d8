"""The guideline as one readable page, from the data and the rules that run: nothing is kept in step by hand.

A clinician reads, checks and signs it: each recommendation with its criteria, card words and examples, then
every number with its origin, every code list and every source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from string import Template
from typing import Any

from cds_service.guideline.content import Guideline, Source, number_words
from cds_service.guideline.examples import Entry, Example
from cds_service.guideline.lumbar_mri import (
    cauda_equina,
    conservative_care,
    decision,
    infection,
    malignancy,
    mri_safety,
    neurology,
    order,
    outside,
    pain,
    procedures,
    record_gaps,
    weak_symptoms,
)
from cds_service.guideline.lumbar_mri.card_words import threshold_fills
from cds_service.guideline.lumbar_mri.wording import ENDORSED, SAFETY, SHARED, VARIANTS, override_reasons
from cds_service.guideline.thresholds import switch_words
from cds_service.record import quantities, reading
from cds_service.record.terminology import ValueSetCode
from cds_service.review.borrowed import KINDS, borrowed_words
from cds_service.review.document import table
from cds_service.review.policy import adequacy_rows, precedence_rows, target_rows, tie_rows

CODES_SHOWN = 5
ALL_CODES = "lumbar-mri-cds review --all-codes"
_BLANK = re.compile(r"\$([a-z][a-z_]*)")
ORIGINS_IN_WORDS = (
    "Origin: SEED the client's document; ACG the guideline's body; OTHER another guideline or study; "
    "DESIGN our own choice, which a named owner must confirm."
)
Criteria = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Chapter:
    """One chapter: the recommendations, the rules' criteria and the card files that belong together."""

    title: str
    recommendations: tuple[str, ...]
    criteria: Mapping[str, Criteria]  # by the disease that they belong to, where there are several
    files: tuple[str, ...]


_CHAPTERS = (
    _Chapter("Which orders are looked at", (), {"": order.CRITERIA}, ()),
    _Chapter(
        "Non-specific low back pain",
        ("R1", "R2"),
        {"": (*pain.CRITERIA, *conservative_care.CRITERIA)},
        ("not-indicated", "may-be-indicated"),
    ),
    _Chapter("Progressive neurology", ("R3",), {"": neurology.CRITERIA}, ("neurology",)),
    _Chapter("Suspected cauda equina syndrome", ("R4",), {"": cauda_equina.CRITERIA}, ("cauda-equina",)),
    _Chapter(
        "Cancer or infection",
        ("R5",),
        {"cancer": malignancy.CRITERIA, "infection": infection.CRITERIA},
        ("cancer", "infection"),
    ),
    _Chapter("After an invasive procedure", ("R6",), {"": procedures.CRITERIA}, ("procedure",)),
    _Chapter("Outside the six recommendations", (), {"": outside.CRITERIA}, ("outside",)),
    _Chapter("Which answer leads", (), {"": decision.CRITERIA}, ()),
    _Chapter("Not enough data", (), {}, ("unclear",)),
    _Chapter("What the record does not tell", (), {"": record_gaps.CRITERIA}, ()),
    _Chapter("How values and dates are read", (), {"": (*quantities.CRITERIA, *reading.CRITERIA)}, ()),
    _Chapter("Orders that are right already", (), {}, (ENDORSED,)),
    _Chapter("MRI safety", (), {"": mri_safety.CRITERIA}, (SAFETY,)),
)


def render_review(guideline: Guideline, *, all_codes: bool = False) -> str:
    """The whole guideline as Markdown; of each value set the first codes, or all of them."""
    parts = [
        *_identity(guideline),
        *(line for chapter in _CHAPTERS for line in _chapter(chapter, guideline)),
        "## Words that all cards share",
        *card_words(SHARED, guideline),
        *policy(guideline),
        *_thresholds(guideline),
        *steroids(guideline),
        *_switches(guideline),
        *_codes(guideline, all_codes),
        *checklist(guideline),
        *words_of_records(guideline),
        *suggested_orders(guideline),
        *_examples("## All examples", guideline.examples),
        *sources(guideline),
    ]
    return "\n\n".join(parts) + "\n"


def _identity(guideline: Guideline) -> Iterator[str]:
    yield f"# {guideline.title}"
    yield table(
        ("Guideline", ""),
        [
            ("Identity", guideline.id),
            ("Version", guideline.version),
            ("Status", guideline.status),
            ("Publisher", guideline.publisher),
            ("Page", guideline.url),
            ("Time zone of calendar days", str(guideline.zone)),
            ("Content digest", guideline.digest),
        ],
    )


def _chapter(chapter: _Chapter, guideline: Guideline) -> Iterator[str]:
    yield f"## {chapter.title}"
    for name in chapter.recommendations:
        found = guideline.recommendations[name]
        yield (
            f"**{found.id}.** {found.statement}. "
            f"*{found.strength.capitalize()} recommendation, {found.certainty} certainty of evidence.*"
        )
    yield from criteria_tables(chapter.criteria, guideline)
    for file in chapter.files:
        yield f"### Card words: {file}.md"
        yield from card_words(file, guideline)
    named = [e for e in guideline.examples if set(e.recommendations) & set(chapter.recommendations)]
    yield from _examples("### Examples", named)


def general_chapters(guideline: Guideline) -> Iterator[str]:
    """The chapters that belong to no recommendation, with the words that all cards share."""
    for chapter in _CHAPTERS:
        if not chapter.recommendations:
            yield from _chapter(chapter, guideline)
    yield "## Words that all cards share"
    yield from card_words(SHARED, guideline)


def criteria_tables(criteria: Mapping[str, Criteria], guideline: Guideline) -> Iterator[str]:
    """A table for each disease, then what counts for all of them alike."""
    shared = weak_symptoms.CRITERIA if len(criteria) > 1 else ()
    own = {name: [row for row in rows if row not in shared] for name, rows in criteria.items()}
    for name, rows in (own | ({" and ".join(own): shared} if shared else {})).items():
        yield f"### Criteria{f': {name}' if name else ''}"
        yield table(
            ("Tier", "When"), [(tier, with_thresholds(sentence, guideline)) for tier, sentence in rows]
        )


def card_words(file: str, guideline: Guideline) -> Iterator[str]:
    """The words of each variant as a card has them, then evidence and override reasons."""
    sections = guideline.words.sections[file]
    if file not in VARIANTS:
        yield from _by_section(sections, guideline)
        return
    names = dict.fromkeys(n for kind, _, n in (s.partition(".") for s in sections) if kind in KINDS)
    for name in names:
        yield f"#### {file}.{name}"
        for kind in KINDS:
            if f"{kind}.{name}" in sections:
                text = with_thresholds(sections[f"{kind}.{name}"], guideline)
                yield f"> {text}" if kind == "summary" else text
            else:
                yield from borrowed_words(guideline.words, file, kind, name)
    rest = {n: text for n, text in sections.items() if n.partition(".")[0] not in (*KINDS, "overrides")}
    yield from _by_section(rest, guideline)
    reasons = override_reasons(guideline.words, file)
    if reasons:
        yield f"#### {file}: override reasons"
        yield table(("Code", "Words"), reasons)


def _by_section(sections: Mapping[str, str], guideline: Guideline) -> Iterator[str]:
    filled = {name: with_thresholds(text, guideline) for name, text in sections.items()}
    short = [(name, text) for name, text in filled.items() if "\n" not in text]
    if short:
        yield table(("Section", "Words"), short)
    for name, text in filled.items():
        if "\n" in text:
            yield f"*{name}*"
            yield text


def policy(guideline: Guideline) -> Iterator[str]:
    """Which answer leads, when an order is right already, and what it should become."""
    yield "## Precedence and indicators"
    yield "The answer of a higher rank leads; outside has a place of its own, which the criteria above name."
    yield table(("Answer", "Rank", "Indicator"), precedence_rows(guideline))
    yield "Among findings of one rank leads:"
    yield table(("Where", "Order"), tie_rows(guideline))
    yield "## When an order is right already"
    yield table(("Answer", "Priority of the order", "Right already"), adequacy_rows())
    yield "## What an order should become"
    yield table(
        ("Finding", "Priority", "Region", "Contrast (radiology decides)", "Referral in primary care"),
        target_rows(guideline),
    )


def steroids(guideline: Guideline) -> Iterator[str]:
    """How much prednisolone one milligram of each steroid is."""
    yield "## Steroids as prednisolone"
    yield table(
        ("Name", "mg of prednisolone for 1 mg", "Origin", "Source"),
        [
            (name, number_words(steroid.prednisolone_factor), steroid.origin, steroid.source)
            for name, steroid in guideline.patterns.as_written.steroids.items()
        ],
    )


def checklist(guideline: Guideline) -> Iterator[str]:
    """The red-flag form: what is asked, what a yes asserts and a no denies."""
    yield "## The red-flag checklist"
    yield guideline.checklist.purpose
    yield table(
        ("Item", "Question", "Answers", "A yes is", "A no denies", "Settles"),
        [
            (
                str(item.number),
                f"{item.text}{f' ({item.since})' if item.since else ''}",
                "; ".join(choice.text for choice in item.choices),
                ", ".join(sorted(item.yes)),
                ", ".join(sorted(item.no)),
                ", ".join(item.settles),
            )
            for item in guideline.checklist.items
        ],
    )


def words_of_records(guideline: Guideline) -> Iterator[str]:
    """The phrases of `patterns.toml`, by which texts of a record are read."""
    written = guideline.patterns.as_written
    yield "## Words by which texts are read"
    yield "How a phrase is written, the head of `patterns.toml` says."
    yield "### Findings, diseases and operations"
    yield table(
        ("Name", "Asks for", "In words alone", "Words", "Further words of questions"),
        [
            (
                name,
                entry.pathway or "",
                "proof" if entry.enough else "asks only" if entry.pathway else "",
                phrases_of(entry.words),
                phrases_of(entry.question_words),
            )
            for name, entry in written.concepts.items()
        ],
    )
    for section in type(written).model_fields:
        lists = _word_lists(getattr(written, section)) if section != "concepts" else {}
        if lists:
            yield f"### {section.replace('_', ' ').capitalize()}"
            yield table(("Name", "Words"), [(name, phrases_of(words)) for name, words in lists.items()])


def _word_lists(entries: Any) -> dict[str, tuple[str, ...]]:
    """The phrases of a section by name; empty where it holds none."""
    if not isinstance(entries, dict):
        return {}
    found = {name: getattr(entry, "words", entry) for name, entry in entries.items()}
    return {name: words for name, words in found.items() if isinstance(words, tuple)}


def phrases_of(phrases: Iterable[str]) -> str:
    """The phrases in one line, as they are written."""
    return "; ".join(f"`{phrase}`" for phrase in phrases)


def _thresholds(guideline: Guideline) -> Iterator[str]:
    yield "## Thresholds"
    yield (
        f"{ORIGINS_IN_WORDS} "
        "A source such as C1 stands in the list at the end; what the guideline specification is, "
        "`cards/README.md` says."
    )
    yield table(
        ("Name", "Value", "Unit", "Origin", "Source", "Meaning"),
        [
            (note.name, number_words(note.value), note.unit, note.origin, note.source, note.meaning)
            for note in guideline.threshold_notes.values()
        ],
    )


def _switches(guideline: Guideline) -> Iterator[str]:
    values: Any = guideline.switches
    yield "## Switches"
    yield table(
        ("Name", "Value"),
        [(field.name, switch_words(getattr(values, field.name))) for field in fields(values)],
    )


def _codes(guideline: Guideline, all_codes: bool) -> Iterator[str]:
    value_sets = guideline.terminology.value_sets
    total = sum(len(codes) for codes in value_sets.values())
    yield "## Codes"
    shown = None if all_codes else CODES_SHOWN
    which = "All of them" if all_codes else f"The first {CODES_SHOWN} of each"
    yield (
        f"{total} codes in {len(value_sets)} value sets. {which} stand here; `{ALL_CODES}` lists all, "
        "and the files are `value_sets/<name>.csv` and `value_sets/extended_snomed/<name>.csv`."
    )
    rows = [
        (name, str(len(codes)), "; ".join(_code(code, guideline) for code in codes[:shown]))
        for name, codes in sorted(value_sets.items())
    ]
    yield table(("Value set", "Codes", "All codes" if all_codes else "First codes"), rows)


def _code(row: ValueSetCode, guideline: Guideline) -> str:
    system = guideline.terminology.system_name(row.system)
    return f"{system} {row.code}{'…' if row.prefix else ''} {row.display}"


def suggested_orders(guideline: Guideline) -> Iterator[str]:
    """The orders of `orders_out.toml` with their codes."""
    yield "## Orders that a card can suggest"
    entries = {**guideline.order_codes.studies, **guideline.order_codes.orders}
    yield table(
        ("Name", "Words", "Codes"),
        [
            (
                name,
                entry.text,
                "; ".join(f"{s} {c.code} {c.display}" for s, c in entry.codes.items()) or "no verified code",
            )
            for name, entry in entries.items()
        ],
    )


def _examples(heading: str, examples: Iterable[Example]) -> Iterator[str]:
    told = [(e.id, e.story, record_of(e.record), expected_of(e)) for e in examples]
    if told:
        yield heading
        yield table(("Example", "Story", "Record", "What must happen"), told)


def record_of(entries: Iterable[Entry]) -> str:
    """The record of an example in one line: what, and how long ago."""
    return "; ".join(
        f"{entry.what}{f' = {entry.value}' if entry.value else ''}, {_ago(entry.days_ago)}"
        for entry in entries
    )


def _ago(days: int) -> str:
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")


def expected_of(example: Example) -> str:
    """The answer that an example's owner expects: "emergency (R4), critical"."""
    recommendations = ", ".join(example.recommendations) or "no recommendation"
    return f"{example.outcome} ({recommendations}), {example.indicator}"


def sources(guideline: Guideline) -> Iterator[str]:
    """Every source of `sources.toml`."""
    yield "## Sources"
    yield source_list(guideline.sources.values())


def source_list(sources: Iterable[Source]) -> str:
    """A line a source, with its id and its address."""
    return "\n".join(
        f"- [{source.id}] {source.citation}{f' <{source.url}>' if source.url else ''}" for source in sources
    )


def with_thresholds(text: str, guideline: Guideline) -> str:
    """The text with the thresholds in force; what only a record can fill stands in angle quotes."""
    known = Template(text).safe_substitute(threshold_fills(guideline))
    return _BLANK.sub(lambda blank: f"‹{blank[1].replace('_', ' ')}›", known)
