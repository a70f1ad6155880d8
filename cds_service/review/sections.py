"""The sections that review documents have in common, from numbers to the place to sign."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cds_service.example_cards import ToldExample
from cds_service.guideline.content import Guideline, Threshold, number_words
from cds_service.guideline.decision import Outcome
from cds_service.guideline.site import SiteChange
from cds_service.guideline.site_overlay import site_provenance
from cds_service.guideline.thresholds import switch_words
from cds_service.record.terminology import ValueSetCode
from cds_service.review.document import CardShown, Folded, Form, Part, Plain, table
from cds_service.review.page import ORIGINS_IN_WORDS, expected_of, phrases_of, record_of, source_list
from cds_service.review.uses import Uses

TO_BE_NAMED = "**owner: to be named**"
OWN_CHOICE = "DESIGN"
_NUMBERED = re.compile(r"\[(\d+(?:, *\d+)*)\]")  # on cards: "[18]", "[34, 35]"
_LETTERED = re.compile(r"\b[A-D]\d+\b")  # beside numbers and questions: "D7, D8"


def numbers(uses: Uses, guideline: Guideline) -> Iterator[Part]:
    """Every threshold in use, with unit, provenance tag, source and owner; a site's own value is marked."""
    yield "## Numbers"
    yield ORIGINS_IN_WORDS
    used = [note for note in guideline.threshold_notes.values() if note.name in uses.thresholds]
    yield table(
        ("Meaning", "Value", "Origin", "Source", "Owner", "Name"),
        [
            (
                note.meaning,
                _value(note, guideline),
                note.origin,
                note.source,
                owner_of(note, guideline),
                f"`{note.name}`",
            )
            for note in used
        ],
    )


def _value(note: Threshold, guideline: Guideline) -> str:
    changed = _site_change("threshold", note.name, guideline)
    value = f"**{number_words(note.value)}** {unit_words(note.unit)}"
    return f"{value} (changed by the site; the guideline has {changed.before})" if changed else value


def unit_words(unit: str) -> str:
    """A UCUM unit as it is read: "d" as "days", "{MRC grade}" without its braces."""
    words = {
        "d": "days",
        "a": "years",
        "Cel": "°C",
        "{score}": "points",
        "mL/min/{1.73_m2}": "mL/min/1.73 m²",
    }
    return words.get(unit, unit.strip("{}"))


def owner_of(note: Threshold, guideline: Guideline) -> str:
    """Who answers for a number; only our own choices need an owner, the others have their source."""
    changed = _site_change("threshold", note.name, guideline)
    if changed:
        return f"{changed.owner}, {changed.date}: {changed.reason}"
    return note.owner or (TO_BE_NAMED if note.origin == OWN_CHOICE else "by its source")


def _site_change(kind: str, name: str, guideline: Guideline) -> SiteChange | None:
    changes = guideline.site_changes
    return next((change for change in changes if (change.kind, change.name) == (kind, name)), None)


def codes(uses: Uses, guideline: Guideline) -> Iterator[Part]:
    """Every code of the value sets in use, folded; then the phrases by which texts are read."""
    used = {n: rows for n, rows in sorted(guideline.terminology.value_sets.items()) if n in uses.texts}
    yield "## Codes"
    total = sum(map(len, used.values()))
    yield f"{total} codes in {len(used)} value sets; each is one file, `value_sets/<name>.csv`."
    yield from _folded(used, guideline)
    concepts = guideline.patterns.as_written.concepts
    words = [(name, phrases_of(entry.words)) for name, entry in concepts.items() if name in uses.texts]
    if words:
        yield "## Words by which texts are read"
        yield Folded(f"{len(words)} lists of words", (table(("Name", "Words"), words),))


def unnamed_codes(used: frozenset[str], guideline: Guideline) -> Iterator[Part]:
    """The value sets that no rule asks for."""
    unnamed = {n: rows for n, rows in sorted(guideline.terminology.value_sets.items()) if n not in used}
    if unnamed:
        yield "### Value sets that no rule asks for"
        yield "A code stands here so that it is known, and is not read as what a shorter code would mean."
        yield from _folded(unnamed, guideline)


def _folded(value_sets: Mapping[str, Sequence[ValueSetCode]], guideline: Guideline) -> Iterator[Folded]:
    """One table a value set; a provenance that codes share stands once below, and they name its number.

    A site's codes say so themselves.
    """
    heads = ("System", "Code", "Display", "Match", "Provenance")
    of_site = site_provenance(guideline.site) if guideline.site else None
    for name, rows in value_sets.items():
        counts = Counter(row.provenance for row in rows if row.provenance != of_site)
        shared = [text for text, count in counts.items() if count > 1]
        numbers = {text: f"no. {place}" for place, text in enumerate(shared, start=1)}
        cells = tuple(
            (
                guideline.terminology.system_name(row.system) or row.system,
                row.code,
                row.display,
                "and all below" if row.prefix else "exact",
                numbers.get(row.provenance, row.provenance),
            )
            for row in rows
        )
        origins = Plain(("No.", "Provenance"), tuple((number, text) for text, number in numbers.items()))
        yield Folded(f"{name} ({len(rows)})", (Plain(heads, cells), *((origins,) if shared else ())))


def cards(told: Sequence[ToldExample], outcomes: Iterable[str]) -> Iterator[Part]:
    """The cards as the doctor sees them, the gravest first, and what no example shows."""
    yield "## Cards"
    yield "Each card is the service's own answer to an example, for a routine order in a clinic."
    for outcome in outcomes:
        shown = [each for each in told if each.outcome == outcome]
        yield f"### {outcome.capitalize().replace('-', ' ')}"
        if not shown:
            yield "**No example shows this outcome.**"
        for each in shown:
            for card in each.cards:
                yield CardShown(each.example.id, each.example.story, card)


def examples(told: Sequence[ToldExample]) -> Iterator[Part]:
    """Each example with what must happen and what happened when this document was made."""
    yield "## Examples"
    differing = sum(not each.as_expected for each in told)
    yield (
        f"**{differing} of {len(told)} examples differ.**"
        if differing
        else (f"All {len(told)} examples give what is expected of them.")
    )
    yield table(
        ("Example", "Story", "Record", "Expected", "Actual", ""),
        [
            (
                each.example.id,
                each.example.story,
                record_of(each.example.record),
                expected_of(each.example),
                _actual(each),
                "as expected" if each.as_expected else "**DIFFERS**",
            )
            for each in told
        ],
    )


def _actual(told: ToldExample) -> str:
    if not told.cards:
        return "no card"
    named = ", ".join(told.recommendations) or "no recommendation"
    missing = f"; does not say: {'; '.join(told.unsaid)}" if told.unsaid else ""
    return f"{told.outcome} ({named}), {told.indicator}{missing}"


def open_questions(recommendation: str, uses: Uses, guideline: Guideline) -> Iterator[Part]:
    """What is not settled: questions to the owners, switches, and our own numbers without an owner."""
    yield "## Open questions"
    asked = [
        (question.question, question.until_then)
        for question in guideline.open_questions
        if not question.recommendations or recommendation in question.recommendations
    ]
    if asked:
        yield table(("Question", "Until it is answered"), asked)
    switched = sorted(uses.switches)
    if switched:
        yield "### Switches"
        yield "Each is a choice of the clinical owner, made in `guideline.toml`."
        yield table(("Switch", "Set to"), [(f"`{name}`", _switch(name, guideline)) for name in switched])
    own = [
        note
        for note in guideline.threshold_notes.values()
        if note.name in uses.thresholds and note.origin == OWN_CHOICE
    ]
    ownerless = [note for note in own if owner_of(note, guideline) == TO_BE_NAMED]
    if own:
        yield "### Our own numbers"
        yield f"{len(own)} numbers are our own choice; {len(ownerless)} of them have no named owner yet."
        yield table(
            ("Is this number right?", "Owner"),
            [
                (
                    f"{note.meaning}: **{number_words(note.value)} {unit_words(note.unit)}** (`{note.name}`)",
                    owner_of(note, guideline),
                )
                for note in own
            ],
        )


def _switch(name: str, guideline: Guideline) -> str:
    changed = _site_change("switch", name, guideline)
    value = switch_words(getattr(guideline.switches, name))
    return f"{value} (changed by the site; the guideline has {changed.before})" if changed else value


def cited(parts: Iterable[Part], guideline: Guideline) -> Iterator[Part]:
    """The references that the document names, on its cards and in their words too."""
    named: set[str] = set()
    for part in parts:
        if isinstance(part, str):
            named.update(_LETTERED.findall(part))
        for numbers_said in _NUMBERED.findall("\n".join(_texts(part))):
            named.update(number.strip() for number in numbers_said.split(","))
    found = [source for source in guideline.sources.values() if source.id in named]
    if found:
        yield "## Sources"
        yield source_list(found)


def _texts(part: Part) -> Iterator[str]:
    match part:
        case str():
            yield part
        case CardShown():
            yield part.card["detail"]
        case Folded():
            for inner in part.parts:
                yield from _texts(inner)


def signature(title: str) -> Iterator[Part]:
    """A place to sign."""
    yield "## Decision and signature"
    yield f"About: {title}."
    yield Form(
        (
            "Decision (approved, approved with changes, not approved)",
            "Changes asked for",
            "Name",
            "Role",
            "Date",
            "Signature",
        )
    )


def ranked_outcomes() -> tuple[str, ...]:
    """Every outcome, the gravest first."""
    return tuple(outcome.value for outcome in Outcome)
