"""What differs between two versions of the content: numbers, switches, texts of cards, codes and phrases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from cds_service.guideline.content import Guideline, number_words


@dataclass(frozen=True, slots=True)
class Difference:
    """One entry of the content, as it was and as it would be; empty: there was none, or will be none."""

    kind: str  # "threshold", "card text", "code", ...
    name: str
    before: str
    after: str


def content_differences(old: Guideline, new: Guideline) -> tuple[Difference, ...]:
    """Every entry that differs, in the order of the files that clinicians know."""
    return tuple(
        Difference(kind, name, before, after)
        for kind, was, becomes in (
            ("recommendation", _recommendations(old), _recommendations(new)),
            ("switch", _switches(old), _switches(new)),
            ("indicator", dict(old.indicators), dict(new.indicators)),
            ("threshold", _thresholds(old), _thresholds(new)),
            ("card text", _card_texts(old), _card_texts(new)),
            ("code", dict(_codes(old)), dict(_codes(new))),
            ("query", dict(old.prefetch), dict(new.prefetch)),
            ("order code", dict(_order_codes(old)), dict(_order_codes(new))),
            ("question", dict(_questions(old)), dict(_questions(new))),
            ("setting", _settings(old), _settings(new)),
            ("words", dict(_words(old)), dict(_words(new))),
        )
        for name, before, after in _differing(was, becomes)
    )


def _differing(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name, ""), new.get(name, "")
        if before != after:
            yield name, before, after


def _recommendations(guideline: Guideline) -> dict[str, str]:
    known = guideline.recommendations
    return {name: f"{one.statement} ({one.strength}; {one.certainty})" for name, one in known.items()}


def _switches(guideline: Guideline) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(guideline.switches).items()}


def _thresholds(guideline: Guideline) -> dict[str, str]:
    notes = guideline.threshold_notes
    return {name: f"{number_words(note.value)} {note.unit}" for name, note in notes.items()}


def _card_texts(guideline: Guideline) -> dict[str, str]:
    files = guideline.words.sections.items()
    return {f"{file}.md {name}": text for file, sections in files for name, text in sections.items()}


def _codes(guideline: Guideline) -> Iterator[tuple[str, str]]:
    terminology = guideline.terminology
    for concept, rows in terminology.value_sets.items():
        for row in rows:
            match = "prefix" if row.prefix else "code"
            yield (
                f"{concept} {terminology.system_name(row.system)} {match} {row.code}",
                row.display or row.code,
            )


def _order_codes(guideline: Guideline) -> Iterator[tuple[str, str]]:
    known = guideline.order_codes
    for table, orders in (("studies", known.studies), ("orders", known.orders)):
        for name, order in orders.items():
            yield f"{table} {name}", order.text
            for system, code in order.codes.items():
                yield f"{table} {name} {system}", f"{code.code} {code.display}"


def _questions(guideline: Guideline) -> Iterator[tuple[str, str]]:
    for (form, link_id), concept in guideline.patterns.questions.items():
        yield f"{form} {link_id}", concept
    for item in guideline.checklist.items:
        means = "; ".join(
            f"{name}: {', '.join(sorted(said))}" for name, said in (("yes", item.yes), ("no", item.no))
        )
        yield f"checklist.toml {item.link_id}", f"{item.text}\n{means}"


def _settings(guideline: Guideline) -> dict[str, str]:
    return {"time_zone": guideline.zone.key, "leaflet_url": guideline.leaflet_url}


def _words(guideline: Guideline) -> Iterator[tuple[str, str]]:
    for table, entries in guideline.patterns.as_written.model_dump(mode="json").items():
        named = entries.items() if isinstance(entries, dict) else enumerate(entries, start=1)
        for name, words in named:
            yield f"patterns.toml {table} {name}", str(words)
    for field in guideline.order_patterns.__slots__:
        yield f"orders.toml {field}", getattr(guideline.order_patterns, field).pattern
