"""The guideline's content, read from `cards/` once at start and checked; broken content stops the start."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from cds_service.guideline.content_codes import (
    read_code_rows,
    read_code_systems,
    terminology_of,
)
from cds_service.guideline.content_files import Folder, digest_of, read_table, read_text, within
from cds_service.guideline.content_head import (
    ENDORSED,
    IMPROVING,
    ORIGINS,
    Head,
    approval_of,
    indicators_of,
    notes_of,
    questions_of,
    read_head,
)
from cds_service.guideline.content_queries import Queries, read_orders_out, read_queries
from cds_service.guideline.content_sources import check_sources, read_sources
from cds_service.guideline.content_types import (
    Approval,
    Guideline,
    OpenQuestion,
    Recommendation,
    Source,
    Threshold,
)
from cds_service.guideline.contradictions import check_contradictions
from cds_service.guideline.decision import Pathway
from cds_service.guideline.examples import EXAMPLES_FILE, Example, read_examples, unknown_codes
from cds_service.guideline.expansions import Expansion, read_expansions
from cds_service.guideline.faults import Fault
from cds_service.guideline.folder_check import check_files
from cds_service.guideline.lumbar_mri.order_codes import OrderCodes
from cds_service.guideline.lumbar_mri.order_patterns import OrderPatterns, read_order_patterns
from cds_service.guideline.lumbar_mri.value_set_names import VALUE_SETS
from cds_service.guideline.lumbar_mri.word_check import check_words
from cds_service.guideline.lumbar_mri.wording import DENIALS
from cds_service.guideline.problems import ContentError, Problem, content_error, refuse
from cds_service.guideline.site import Site, read_site
from cds_service.guideline.site_numbers import Numbers, lay_over
from cds_service.guideline.site_overlay import own_rows, own_systems
from cds_service.guideline.study_check import check_studies
from cds_service.guideline.words import Words, read_words
from cds_service.record.checklist import Checklist, read_checklist
from cds_service.record.facts import Measure
from cds_service.record.free_text import Patterns, read_patterns
from cds_service.record.quantities import CANONICAL, convert
from cds_service.record.terminology import Terminology

__all__ = [
    "ENDORSED", "IMPROVING", "ORIGINS", "Approval", "ContentError", "Folder", "Guideline", "OpenQuestion",
    "Problem", "Recommendation", "Source", "Threshold", "check_content", "load_guideline", "number_words",
    "resource_type_of",
]  # fmt: skip

P = ParamSpec("P")
T = TypeVar("T")


def load_guideline(folder: Folder, site_folder: Folder | None = None) -> Guideline:
    """The guideline of one folder under `cards/`, with a site's overlay where one is given.

    Raises ContentError with everything that is wrong; what only the overlay makes wrong is told as its fault.
    """
    found: list[Problem] = []
    parts = _read_parts(folder, site_folder, found)
    if found or parts is None:
        raise content_error(found)
    return _put_together(folder, parts)


def check_content(folder: Folder, site_folder: Folder | None = None) -> tuple[Problem, ...]:
    """Everything that stops `load_guideline`; what depends on a broken part is not looked at yet."""
    found: list[Problem] = []
    _read_parts(folder, site_folder, found)
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _Parts:
    """Everything that was read, before it is one guideline."""

    head: Head
    numbers: Numbers
    sources: Mapping[str, Source]
    words: Words
    patterns: Patterns
    checklist: Checklist
    terminology: Terminology
    expansions: Mapping[str, Expansion]
    order_patterns: OrderPatterns
    order_codes: OrderCodes
    queries: Queries
    examples: tuple[Example, ...]
    site: Site | None


def _read_parts(folder: Folder, site_folder: Folder | None, found: list[Problem]) -> _Parts | None:
    """Every part, or None where one cannot be read; every problem of every part goes into `found`."""
    _attempt(found, check_files, folder, VALUE_SETS)
    head_and_table = _attempt(found, read_head, folder)
    sources = _attempt(found, read_sources, folder)
    words = _attempt(found, _read_card_words, folder)
    patterns = _attempt(found, _read_patterns, folder)
    order_patterns = _attempt(found, _read_order_patterns, folder)
    examples = _attempt(found, _read_examples, folder)
    site = _attempt(found, read_site, site_folder) if site_folder is not None else None
    terminology = _read_terminology(folder, patterns, site, found)
    numbers = head_and_table and _attempt(found, lay_over, head_and_table[0], site)
    order_codes = expansions = checklist = queries = None
    if terminology:
        order_codes = _attempt(found, read_orders_out, folder, terminology, site)
        if order_codes and order_patterns:
            _attempt(found, check_studies, folder, order_codes, terminology, order_patterns, site)
        expansions = _attempt(found, read_expansions, folder, terminology)
    if terminology and examples is not None:
        _attempt(found, _check_codes_of_examples, folder, examples, terminology)
    if terminology and patterns:
        checklist = _attempt(found, _read_checklist, folder, terminology, patterns)
    if terminology and numbers:
        own = site.systems if site else ()
        queries = _attempt(found, read_queries, folder, terminology, numbers.switches, own)
    if head_and_table and sources is not None and words:
        head, table = head_and_table
        _attempt(found, check_sources, table, notes_of(head), sources, words)
    # A file without entries is empty, and not unreadable: what it lacks is told where it is asked for.
    if not (
        head_and_table and numbers and sources is not None and words and patterns and checklist
        and terminology and expansions is not None and order_patterns and order_codes and queries
        and examples is not None
    ):  # fmt: skip
        return None
    return _Parts(
        head_and_table[0], numbers, sources, words, patterns, checklist, terminology, expansions,
        order_patterns, order_codes, queries, examples, site,
    )  # fmt: skip


def _read_terminology(
    folder: Folder, patterns: Patterns | None, site: Site | None, found: list[Problem]
) -> Terminology | None:
    """The codes of the value sets, with the site's own where its overlay is read."""
    systems = _attempt(found, read_code_systems, folder)
    if systems is None:
        return None
    rows = _attempt(found, read_code_rows, folder, systems)
    if site and rows is not None and patterns:
        systems = _attempt(found, own_systems, systems, site)
        if systems is None:
            return None
        rows = _attempt(found, own_rows, rows, systems, patterns.concept_names, site)
    if rows is None:
        return None
    _attempt(found, check_contradictions, folder, systems, rows)
    return terminology_of(systems, rows)


def _put_together(folder: Folder, parts: _Parts) -> Guideline:
    head, numbers, site = parts.head, parts.numbers, parts.site
    return Guideline(
        id=head.id,
        title=head.title,
        version=head.version,
        status=head.status,
        approval=approval_of(head),
        publisher=head.publisher,
        url=head.url,
        details_url=head.details_url,
        digest=_digest(folder, site),
        zone=ZoneInfo((site and site.time_zone) or head.time_zone),
        recommendations={k: Recommendation(k, **v.model_dump()) for k, v in head.recommendations.items()},
        thresholds=numbers.thresholds,
        threshold_notes=numbers.notes,
        switches=numbers.switches,
        indicators=indicators_of(head.indicators),
        sources=parts.sources,
        terminology=parts.terminology,
        expansions=parts.expansions,
        patterns=_with_questions(parts.patterns, site),
        checklist=parts.checklist,
        words=parts.words,
        order_patterns=parts.order_patterns,
        order_codes=parts.order_codes,
        prefetch=parts.queries.searches,
        prefetch_reasons=parts.queries.reasons,
        examples=parts.examples,
        open_questions=questions_of(head),
        leaflet_url=site.leaflet_url if site else "",
        site=site,
        site_changes=numbers.changes,
    )


def _digest(folder: Folder, site: Site | None) -> str:
    """The digest of the content; with a site's overlay, of both."""
    own = digest_of(folder)
    return own if site is None else f"sha256:{hashlib.sha256(f'{own} {site.digest}'.encode()).hexdigest()}"


def _with_questions(patterns: Patterns, site: Site | None) -> Patterns:
    """The patterns that also know the questions of the site's own forms."""
    if site is None or not site.answers:
        return patterns
    return replace(patterns, questions={**patterns.questions, **site.answers})


def _attempt(found: list[Problem], read: Callable[P, T], *args: P.args, **named: P.kwargs) -> T | None:
    try:
        return read(*args, **named)
    except ContentError as error:
        found.extend(error.problems)
        return None


def _read_card_words(folder: Folder) -> Words:
    names = sorted(e.name for e in folder.iterdir() if e.name.endswith(".md") and e.name[0].islower())
    words = read_words({name.removesuffix(".md"): read_text(folder, name) for name in names})
    refuse(check_words(words))
    return words


def _read_patterns(folder: Folder) -> Patterns:
    table = read_table(folder, "patterns.toml")
    patterns = within(table, read_patterns)
    refuse(
        table.problem(Fault(("units", measure, "in_use", position), f"a UCUM unit of its kind, not {unit}"))
        for measure, units in patterns.units_in_use.items()
        for position, unit in enumerate(units)
        # Converting also loads the unit library now, which would keep the first patient waiting.
        if convert(Decimal(1), unit, CANONICAL[Measure(measure)]) is None
    )
    return patterns


def _read_checklist(folder: Folder, terminology: Terminology, patterns: Patterns) -> Checklist:
    """The red-flag checklist, of which every concept, pathway and gap must be one that some rule reads."""
    return within(
        read_table(folder, "checklist.toml"),
        lambda content: read_checklist(
            content,
            red_flags=patterns.pathway,
            concepts=patterns.concept_names | terminology.value_sets.keys(),
            pathways=frozenset(Pathway) - {Pathway.OTHER},
            gaps=DENIALS,
        ),
    )


def _read_order_patterns(folder: Folder) -> OrderPatterns:
    return within(read_table(folder, "orders.toml"), read_order_patterns)


def _read_examples(folder: Folder) -> tuple[Example, ...]:
    return within(read_table(folder, EXAMPLES_FILE), read_examples)


def _check_codes_of_examples(folder: Folder, examples: tuple[Example, ...], terminology: Terminology) -> None:
    refuse(map(read_table(folder, EXAMPLES_FILE).problem, unknown_codes(examples, terminology)))


def resource_type_of(query: str) -> str:
    """The resource type that a prefetch query asks for: "Observation" of "Observation?patient=..."."""
    return query.partition("?")[0].partition("/")[0]


def number_words(value: int | Decimal) -> str:
    """A threshold as it is read: 38.0 as "38", 0.7 as "0.7"."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
