"""The guideline's content, read from `cards/` once at start and checked; broken content stops the start."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal, TypeVar, get_type_hints
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, ValidationError

from cds_service.guideline.decision import Indicator, Outcome
from cds_service.guideline.examples import Example, ExamplesError, read_examples
from cds_service.guideline.lumbar_mri.order_codes import OrderCodes, OrderCodesError, read_order_codes
from cds_service.guideline.lumbar_mri.order_patterns import (
    OrderPatterns,
    OrderPatternsError,
    read_order_patterns,
)
from cds_service.guideline.lumbar_mri.word_check import check_words
from cds_service.guideline.number_check import check_numbers
from cds_service.guideline.thresholds import Switches, Thresholds
from cds_service.guideline.words import Words, WordsError, read_words
from cds_service.record.facts import Measure
from cds_service.record.free_text import Patterns, PatternsError, read_patterns
from cds_service.record.quantities import CANONICAL, convert
from cds_service.record.terminology import (
    CodeSystem,
    Terminology,
    ValueSetCode,
    build_terminology,
    has_valid_check_digit,
)

T = TypeVar("T")
Folder = Path | Traversable


class ContentError(Exception):
    """Broken content: `file`, `line` (None where the whole file is meant) and what was expected."""

    def __init__(self, file: str, line: int | None, expected: str) -> None:
        super().__init__(f"{file}{f':{line}' if line else ''}: {expected}")
        self.file, self.line, self.expected = file, line, expected


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
class Approval:
    """Who signed this version, and when it is to be looked at again; empty texts: not signed."""

    approver: str
    date: str
    next_review: str


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
    patterns: Patterns
    words: Words
    order_patterns: OrderPatterns
    order_codes: OrderCodes
    prefetch: Mapping[str, str]  # key -> FHIR query, in the order of discovery
    prefetch_reasons: Mapping[str, str]
    examples: tuple[Example, ...]
    open_questions: tuple[OpenQuestion, ...]


def load_guideline(folder: Folder) -> Guideline:
    """The guideline of one folder under `cards/`; raises ContentError where anything is wrong."""
    head = _parsed(_Head, "guideline.toml", _toml(folder, "guideline.toml"))
    _check_head(head)
    notes = {name: _threshold(name, model) for name, model in head.thresholds.items()}
    thresholds = _thresholds(notes)
    switches = _switches(head.switches)
    sources = _read_sources(folder)
    words = _read_card_words(folder)
    terminology = _read_terminology(folder)
    prefetch = _read_prefetch(folder)
    return Guideline(
        id=head.id,
        title=head.title,
        version=head.version,
        status=head.status,
        approval=Approval(**head.approval.model_dump()),
        publisher=head.publisher,
        url=head.url,
        details_url=head.details_url,
        digest=_digest(folder),
        zone=ZoneInfo(head.time_zone),
        recommendations={k: Recommendation(k, **v.model_dump()) for k, v in head.recommendations.items()},
        thresholds=thresholds,
        threshold_notes=notes,
        switches=switches,
        indicators=_indicators(head.indicators),
        sources=sources,
        terminology=terminology,
        patterns=_read_patterns(folder),
        words=words,
        order_patterns=_read_order_patterns(folder),
        order_codes=_read_order_codes(folder, terminology),
        prefetch={key: _query(key, wanted, terminology) for key, wanted in prefetch.items()},
        prefetch_reasons={key: wanted.reason for key, wanted in prefetch.items()},
        examples=_read_examples(folder),
        open_questions=tuple(OpenQuestion(**asked.model_dump()) for asked in head.open_questions),
    )


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Recommendation(_Strict):
    statement: str
    strength: str
    certainty: str


class _Threshold(_Strict):
    value: Decimal
    unit: str
    origin: str
    source: str
    meaning: str
    owner: str = ""


class _OpenQuestion(_Strict):
    recommendations: tuple[str, ...] = ()
    question: str
    until_then: str


class _Approval(_Strict):
    approver: str
    date: str
    next_review: str


class _Head(_Strict):
    id: str
    title: str
    version: str
    status: Literal["draft", "active"]
    publisher: str
    url: str
    details_url: str
    time_zone: str
    approval: _Approval
    recommendations: dict[str, _Recommendation]
    switches: dict[str, Any]
    indicators: dict[str, Indicator]
    thresholds: dict[str, _Threshold]
    open_questions: tuple[_OpenQuestion, ...] = ()


class _Source(_Strict):
    citation: str
    url: str | None = None


class _Sources(_Strict):
    sources: dict[str, _Source]


class _CodeSystem(_Strict):
    url: str
    aliases: tuple[str, ...] = ()
    dots: bool = True
    check: str | None = None
    relative: str | None = None


class _Prefetch(_Strict):
    query: str
    reason: str
    codes: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()


def _text(folder: Folder, name: str) -> str:
    try:
        return folder.joinpath(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(name, None, "a readable UTF-8 file") from error


def _toml(folder: Folder, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(folder, name), parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ContentError(name, None, f"valid TOML ({error})") from error


def _parsed(model: type[T], name: str, data: Mapping[str, Any]) -> T:
    try:
        return model(**data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ContentError(name, None, f"{where}: {first['msg']}") from error


ORIGINS = frozenset({"SEED", "ACG", "OTHER", "DESIGN"})


def _check_head(head: _Head) -> None:
    """Raises ContentError where the identity, the approval or a link of the cards cannot be right."""
    if head.status == "active":
        _check_approval(head.approval)
    for asked in head.open_questions:
        for name in set(asked.recommendations) - head.recommendations.keys():
            raise ContentError("guideline.toml", None, f"open_questions: {name} is no recommendation")
    for name in ("url", "details_url"):
        if not _is_link(getattr(head, name), ("https",)):
            raise ContentError("guideline.toml", None, f"{name}: an absolute https address")
    try:
        ZoneInfo(head.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ContentError("guideline.toml", None, "time_zone: a time zone such as Asia/Singapore") from error


def _check_approval(approval: _Approval) -> None:
    if not approval.approver.strip():
        raise ContentError("guideline.toml", None, "approval.approver: a name, because the status is active")
    for name in ("date", "next_review"):
        try:
            date.fromisoformat(getattr(approval, name))
        except ValueError as error:
            expected = f"approval.{name}: a date as 2026-06-15, because the status is active"
            raise ContentError("guideline.toml", None, expected) from error
    if date.fromisoformat(approval.next_review) <= date.fromisoformat(approval.date):
        raise ContentError("guideline.toml", None, "approval.next_review: later than approval.date")


_NO_ADDRESS = re.compile(r"""[\s<>"\\^`{}|]""")


def _is_link(text: str, schemes: Collection[str]) -> bool:
    """Whether a client can follow it as it stands: absolute, with a host, and every odd character encoded."""
    if _NO_ADDRESS.search(text) or not text.isascii():
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname)


def _threshold(name: str, model: _Threshold) -> Threshold:
    if model.origin not in ORIGINS:
        raise ContentError("guideline.toml", None, f"thresholds.{name}.origin: one of {sorted(ORIGINS)}")
    if not model.source.strip() or not model.unit.strip():
        raise ContentError("guideline.toml", None, f"thresholds.{name}: a unit and a source")
    return Threshold(name, **model.model_dump())


def _thresholds(notes: Mapping[str, Threshold]) -> Thresholds:
    limits = _exactly(Thresholds, {name: note.value for name, note in notes.items()})
    problems = check_numbers(limits)
    if problems:
        raise ContentError("guideline.toml", None, "; ".join(problems))
    return limits


_CHOICES = frozenset({Outcome.EMERGENCY, Outcome.URGENT, Outcome.INDICATED, Outcome.POSSIBLE})


def _switches(found: Mapping[str, Any]) -> Switches:
    switches = _exactly(Switches, found)
    for name, value in found.items():
        if name.endswith("_outcome") and value not in _CHOICES:
            raise ContentError(
                "guideline.toml", None, f"switches.{name}: one of {', '.join(sorted(_CHOICES))}"
            )
    return switches


IMPROVING, ENDORSED = "improving", "endorsed"


def _indicators(found: Mapping[str, Indicator]) -> Mapping[str, Indicator]:
    wanted = {*Outcome, IMPROVING, ENDORSED}
    for name in sorted(wanted ^ found.keys()):
        expected = "info, warning or critical" if name in wanted else "no such outcome"
        raise ContentError("guideline.toml", None, f"indicators.{name}: {expected}")
    return found


def _exactly(kind: type[T], values: Mapping[str, Any]) -> T:
    """The dataclass with exactly its own fields, whole numbers as int; raises ContentError otherwise."""
    wanted = get_type_hints(kind)
    for name in wanted.keys() ^ values.keys():
        raise ContentError(
            "guideline.toml", None, f"{name}: {'a value' if name in wanted else 'no such name'}"
        )
    return kind(**{name: _typed(name, values[name], hint) for name, hint in wanted.items()})


def _typed(name: str, value: Any, hint: Any) -> Any:
    if hint is int and value == int(value):
        return int(value)
    if hint is Decimal:
        return Decimal(value)
    if hint == tuple[str, ...] and isinstance(value, list):
        return tuple(value)
    if isinstance(hint, type) and isinstance(value, hint):
        return value
    raise ContentError("guideline.toml", None, f"{name}: {getattr(hint, '__name__', hint)}")


def _read_sources(folder: Folder) -> dict[str, Source]:
    read = _parsed(_Sources, "sources.toml", _toml(folder, "sources.toml"))
    for name, source in read.sources.items():
        if source.url is not None and not _is_link(source.url, ("https", "http")):
            raise ContentError("sources.toml", None, f"sources.{name}.url: an absolute web address")
    return {name: Source(name, source.citation, source.url) for name, source in read.sources.items()}


def _read_terminology(folder: Folder) -> Terminology:
    raw = _toml(folder, "code_systems.toml")
    systems = [
        CodeSystem(name, **_parsed(_CodeSystem, "code_systems.toml", v).model_dump())
        for name, v in raw.items()
    ]
    by_url = {system.url: system for system in systems}
    value_sets: dict[str, tuple[ValueSetCode, ...]] = {}
    for path, concept in _value_set_files(folder):
        codes = tuple(_read_value_set(folder, path, by_url))
        value_sets[concept] = value_sets.get(concept, ()) + codes
    _refuse_duplicates(value_sets)
    return build_terminology(systems, value_sets)


def _value_set_files(folder: Folder) -> Iterator[tuple[str, str]]:
    """Path and concept of every value set; the wider SNOMED lists add to the concept of the same name."""
    for base in ("value_sets", "value_sets/extended_snomed"):
        where = folder.joinpath(base)
        if where.is_dir():
            names = sorted(entry.name for entry in where.iterdir() if entry.name.endswith(".csv"))
            yield from ((f"{base}/{name}", name.removesuffix(".csv")) for name in names)


_COLUMNS = ["system", "code", "display", "match", "provenance"]


def _read_value_set(folder: Folder, path: str, systems: Mapping[str, CodeSystem]) -> Iterator[ValueSetCode]:
    reader = csv.DictReader(io.StringIO(_text(folder, path)))
    if reader.fieldnames != _COLUMNS:
        raise ContentError(path, 1, f"the columns {','.join(_COLUMNS)}")
    for line, row in enumerate(reader, start=2):
        system = systems.get(row["system"] or "")
        if None in row.values() or None in row:
            raise ContentError(path, line, f"{len(_COLUMNS)} columns")
        if system is None:
            raise ContentError(path, line, "a system of code_systems.toml")
        if not has_valid_check_digit(row["code"], system.check):
            raise ContentError(path, line, f"a code with a right check digit ({system.check})")
        if row["match"] not in ("exact", "prefix"):
            raise ContentError(path, line, "match: exact or prefix")
        if not row["code"].strip() or not row["provenance"].strip():
            raise ContentError(path, line, "a code and its provenance")
        yield ValueSetCode(
            row["system"], row["code"], row["display"], row["match"] == "prefix", row["provenance"]
        )


def _refuse_duplicates(value_sets: Mapping[str, tuple[ValueSetCode, ...]]) -> None:
    for concept, codes in value_sets.items():
        seen: set[tuple[str, str]] = set()
        for row in codes:
            if (row.system, row.code) in seen:
                raise ContentError(f"value_sets/{concept}.csv", None, f"{row.code} only once")
            seen.add((row.system, row.code))


def _read_prefetch(folder: Folder) -> dict[str, _Prefetch]:
    raw = _toml(folder, "prefetch.toml")
    return {key: _parsed(_Prefetch, "prefetch.toml", wanted) for key, wanted in raw.items()}


def _query(key: str, wanted: _Prefetch, terminology: Terminology) -> str:
    """The search with the codes of its value sets; whole codes only: a search cannot match a prefix."""
    unknown = [concept for concept in wanted.codes if concept not in terminology.value_sets]
    if unknown or ("$codes" in wanted.query) != bool(wanted.codes):
        raise ContentError("prefetch.toml", None, f"{key}: $codes and the names of value sets")
    codes = {
        row.code: None
        for concept in wanted.codes
        for row in terminology.value_sets[concept]
        if not row.prefix and terminology.system_name(row.system) in wanted.systems
    }
    return wanted.query.replace("$codes", ",".join(codes))


def _read_patterns(folder: Folder) -> Patterns:
    try:
        patterns = read_patterns(_toml(folder, "patterns.toml"))
    except PatternsError as error:
        raise ContentError("patterns.toml", None, str(error)) from error
    for measure, units in patterns.units_in_use.items():
        for unit in units:
            # Converting also loads the unit library now, which would keep the first patient waiting.
            if convert(Decimal(1), unit, CANONICAL[Measure(measure)]) is None:
                raise ContentError("patterns.toml", None, f"{measure}: {unit} as a UCUM unit of its kind")
    return patterns


def _read_order_patterns(folder: Folder) -> OrderPatterns:
    try:
        return read_order_patterns(_toml(folder, "orders.toml"))
    except OrderPatternsError as error:
        raise ContentError("orders.toml", None, str(error)) from error


def _read_order_codes(folder: Folder, terminology: Terminology) -> OrderCodes:
    """The codes of suggested orders, each of which must stand in a value set."""
    try:
        read = read_order_codes(_toml(folder, "orders_out.toml"))
    except OrderCodesError as error:
        raise ContentError("orders_out.toml", None, str(error)) from error
    for order in (*read.studies.values(), *read.orders.values()):
        for system, code in order.codes.items():
            known = terminology.systems.get(system)
            if known is None or not terminology.concepts_of(known.url, code.code):
                raise ContentError("orders_out.toml", None, f"{system}|{code.code}: a code of a value set")
    return read


def _read_examples(folder: Folder) -> tuple[Example, ...]:
    try:
        return read_examples(_toml(folder, "examples.toml"))
    except ExamplesError as error:
        raise ContentError("examples.toml", None, str(error)) from error


def _read_card_words(folder: Folder) -> Words:
    names = sorted(e.name for e in folder.iterdir() if e.name.endswith(".md") and e.name[0].islower())
    try:
        words = read_words({name.removesuffix(".md"): _text(folder, name) for name in names})
    except WordsError as error:
        raise ContentError(error.file, error.line, error.expected) from error
    problems = check_words(words)
    if problems:
        raise ContentError("*.md", None, "; ".join(problems))
    return words


def _digest(folder: Folder) -> str:
    """A sha256 over name and bytes of every content file, the same in a checkout and in a wheel."""
    total = hashlib.sha256()
    for name, data in sorted(_all_files(folder, "")):
        total.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
    return f"sha256:{total.hexdigest()}"


def _all_files(folder: Folder, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _all_files(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith((".toml", ".csv", ".md")):
            yield f"{prefix}{entry.name}", entry.read_bytes()


def resource_type_of(query: str) -> str:
    """The resource type that a prefetch query asks for: "Observation" of "Observation?patient=..."."""
    return query.split("?", 1)[0].split("/", 1)[0]


def number_words(value: int | Decimal) -> str:
    """A threshold as it is read: 38.0 as "38", 0.7 as "0.7"."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
