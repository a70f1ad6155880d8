"""What a guideline consists of, once its content is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from cds_service.guideline.decision import Indicator
from cds_service.guideline.examples import Example
from cds_service.guideline.expansions import Expansion
from cds_service.guideline.lumbar_mri.order_codes import OrderCodes
from cds_service.guideline.lumbar_mri.order_patterns import OrderPatterns
from cds_service.guideline.site import Site, SiteChange
from cds_service.guideline.thresholds import Switches, Thresholds
from cds_service.guideline.words import Words
from cds_service.record.checklist import Checklist
from cds_service.record.free_text import Patterns
from cds_service.record.terminology import Terminology, ValueSetCode


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number with its unit (UCUM), provenance tag, source and meaning."""

    name: str
    value: Decimal
    unit: str
    origin: str
    source: str
    meaning: str
    owner: str = ""  # who confirmed a number of our own; empty: nobody yet


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """What only the guideline's owners can answer, and what the rules do until they have."""

    recommendations: tuple[str, ...]  # empty: all of them
    question: str
    until_then: str


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One of the six recommendations, with strength and certainty of evidence."""

    id: str
    statement: str
    strength: str
    certainty: str


@dataclass(frozen=True, slots=True)
class Source:
    """A reference that a figure or a number names."""

    id: str
    citation: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Approval:
    """Who signed this version, and when it is to be looked at again; empty texts: not signed.

    In an active guideline both dates are dates as 2026-06-15.
    """

    approver: str
    date: str
    next_review: str


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One code of a value set, and where it stands; a row of a ConceptMap has no line."""

    file: str
    line: int | None
    concept: str
    code: ValueSetCode


@dataclass(frozen=True, slots=True)
class Guideline:
    """One guideline, whole: numbers, switches, codes, patterns, words and sources."""

    id: str
    title: str
    version: str
    status: str
    approval: Approval
    publisher: str
    url: str
    details_url: str
    digest: str  # "sha256:..." over every content file
    zone: ZoneInfo
    recommendations: Mapping[str, Recommendation]
    thresholds: Thresholds
    threshold_notes: Mapping[str, Threshold]
    switches: Switches
    indicators: Mapping[str, Indicator]  # by outcome, and for `improving` and `endorsed`
    sources: Mapping[str, Source]
    terminology: Terminology
    expansions: Mapping[str, Expansion]  # by value set; only the command `expand` asks for them
    patterns: Patterns
    checklist: Checklist
    words: Words
    order_patterns: OrderPatterns
    order_codes: OrderCodes
    prefetch: Mapping[str, str]  # key -> FHIR query, in the order of discovery
    prefetch_reasons: Mapping[str, str]
    examples: tuple[Example, ...]
    open_questions: tuple[OpenQuestion, ...]
    leaflet_url: str = ""  # a page for patients; empty: the site names none
    site: Site | None = None  # whose overlay is laid over it; None: the guideline as it is
    site_changes: tuple[SiteChange, ...] = ()
