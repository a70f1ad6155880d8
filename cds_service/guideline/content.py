"""The guideline's content, read from `cards/` once at start and checked; broken content stops the start."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

from cds_service.guideline.content_codes import query_of, read_orders_out, read_prefetch, read_terminology
from cds_service.guideline.content_files import Folder, Strict, digest_of, parse_table, read_text, read_toml
from cds_service.guideline.content_head import (
    ENDORSED,
    IMPROVING,
    ORIGINS,
    Head,
    check_head,
    indicators_of,
    switches_of,
    threshold_of,
    thresholds_of,
)
from cds_service.guideline.content_types import (
    Approval,
    Guideline,
    OpenQuestion,
    Recommendation,
    Source,
    Threshold,
)
from cds_service.guideline.decision import Pathway
from cds_service.guideline.examples import Example, ExamplesError, read_examples
from cds_service.guideline.expansions import read_expansions
from cds_service.guideline.links import is_link
from cds_service.guideline.lumbar_mri.order_patterns import (
    OrderPatterns,
    OrderPatternsError,
    read_order_patterns,
)
from cds_service.guideline.lumbar_mri.word_check import check_words
from cds_service.guideline.lumbar_mri.wording import DENIALS
from cds_service.guideline.problems import ContentError
from cds_service.guideline.site import SITE_FILE, Site, SiteChange, read_site
from cds_service.guideline.site_overlay import list_changes, own_numbers
from cds_service.guideline.words import Words, WordsError, read_words
from cds_service.record.checklist import Checklist, ChecklistError, read_checklist
from cds_service.record.facts import Measure
from cds_service.record.free_text import Patterns, PatternsError, read_patterns
from cds_service.record.quantities import CANONICAL, convert
from cds_service.record.terminology import Terminology

__all__ = [
    "ENDORSED", "IMPROVING", "ORIGINS", "Approval", "ContentError", "Folder", "Guideline", "OpenQuestion",
    "Recommendation", "Source",
    "Threshold", "load_guideline", "number_words", "resource_type_of",
]  # fmt: skip


def load_guideline(folder: Folder, site_folder: Folder | None = None) -> Guideline:
    """The guideline of one folder under `cards/`, with a site's overlay where one is given.

    Raises ContentError where anything is wrong; what only the overlay makes wrong is told as its fault.
    """
    head = parse_table(Head, "guideline.toml", read_toml(folder, "guideline.toml"))
    check_head(head)
    notes = {name: threshold_of(name, model) for name, model in head.thresholds.items()}
    thresholds = thresholds_of(notes)
    switches = switches_of(head.switches)
    changes: tuple[SiteChange, ...] = ()
    site = read_site(site_folder) if site_folder is not None else None
    if site is not None:
        changes = tuple(list_changes(site, notes, head.switches, head.time_zone))
        notes = own_numbers(notes, site)
        thresholds = thresholds_of(notes, SITE_FILE)
        switches = switches_of({**head.switches, **site.switches}, SITE_FILE)
    sources = _read_sources(folder)
    words = _read_card_words(folder)
    patterns = _with_questions(_read_patterns(folder), site)
    terminology = read_terminology(folder, site, patterns.concept_names)
    prefetch = {
        key: wanted
        for key, wanted in read_prefetch(folder).items()
        if not wanted.only_with or getattr(switches, wanted.only_with)
    }
    return Guideline(
        id=head.id,
        title=head.title,
        version=head.version,
        status=head.status,
        approval=Approval(**head.approval.model_dump()),
        publisher=head.publisher,
        url=head.url,
        details_url=head.details_url,
        digest=_digest(folder, site),
        zone=ZoneInfo((site and site.time_zone) or head.time_zone),
        recommendations={k: Recommendation(k, **v.model_dump()) for k, v in head.recommendations.items()},
        thresholds=thresholds,
        threshold_notes=notes,
        switches=switches,
        indicators=indicators_of(head.indicators),
        sources=sources,
        terminology=terminology,
        expansions=read_expansions(folder, terminology),
        patterns=patterns,
        checklist=_read_checklist(folder, terminology, patterns),
        words=words,
        order_patterns=_read_order_patterns(folder),
        order_codes=read_orders_out(folder, terminology, site),
        prefetch={key: query_of(key, wanted, terminology, site) for key, wanted in prefetch.items()},
        prefetch_reasons={key: wanted.reason for key, wanted in prefetch.items()},
        examples=_read_examples(folder),
        open_questions=tuple(OpenQuestion(**asked.model_dump()) for asked in head.open_questions),
        leaflet_url=site.leaflet_url if site else "",
        site=site,
        site_changes=changes,
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


class _Source(Strict):
    citation: str
    url: str | None = None


class _Sources(Strict):
    sources: dict[str, _Source]


def _read_sources(folder: Folder) -> dict[str, Source]:
    read = parse_table(_Sources, "sources.toml", read_toml(folder, "sources.toml"))
    for name, source in read.sources.items():
        if source.url is not None and not is_link(source.url, ("https", "http")):
            raise ContentError("sources.toml", None, f"sources.{name}.url: an absolute web address")
    return {name: Source(name, source.citation, source.url) for name, source in read.sources.items()}


def _read_patterns(folder: Folder) -> Patterns:
    try:
        patterns = read_patterns(read_toml(folder, "patterns.toml"))
    except PatternsError as error:
        raise ContentError("patterns.toml", None, str(error)) from error
    for measure, units in patterns.units_in_use.items():
        for unit in units:
            # Converting also loads the unit library now, which would keep the first patient waiting.
            if convert(Decimal(1), unit, CANONICAL[Measure(measure)]) is None:
                raise ContentError("patterns.toml", None, f"{measure}: {unit} as a UCUM unit of its kind")
    return patterns


def _read_checklist(folder: Folder, terminology: Terminology, patterns: Patterns) -> Checklist:
    """The red-flag checklist, of which every concept, pathway and gap must be one that some rule reads."""
    try:
        return read_checklist(
            read_toml(folder, "checklist.toml"),
            red_flags=patterns.pathway,
            concepts=patterns.concept_names | terminology.value_sets.keys(),
            pathways=frozenset(Pathway) - {Pathway.OTHER},
            gaps=DENIALS,
        )
    except ChecklistError as error:
        raise ContentError("checklist.toml", None, str(error)) from error


def _read_order_patterns(folder: Folder) -> OrderPatterns:
    try:
        return read_order_patterns(read_toml(folder, "orders.toml"))
    except OrderPatternsError as error:
        raise ContentError("orders.toml", None, str(error)) from error


def _read_examples(folder: Folder) -> tuple[Example, ...]:
    try:
        return read_examples(read_toml(folder, "examples.toml"))
    except ExamplesError as error:
        raise ContentError("examples.toml", None, str(error)) from error


def _read_card_words(folder: Folder) -> Words:
    names = sorted(e.name for e in folder.iterdir() if e.name.endswith(".md") and e.name[0].islower())
    try:
        words = read_words({name.removesuffix(".md"): read_text(folder, name) for name in names})
    except WordsError as error:
        raise ContentError(error.file, error.line, error.expected) from error
    problems = check_words(words)
    if problems:
        raise ContentError("*.md", None, "; ".join(problems))
    return words


def resource_type_of(query: str) -> str:
    """The resource type that a prefetch query asks for: "Observation" of "Observation?patient=..."."""
    return query.split("?", 1)[0].split("/", 1)[0]


def number_words(value: int | Decimal) -> str:
    """A threshold as it is read: 38.0 as "38", 0.7 as "0.7"."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
