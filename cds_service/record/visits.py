"""Visits: encounters, kept appointments, and what care plans and messages say of advice given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cds_service.record.facts import Certainty, Fact, Origin, VisitFact
from cds_service.record.projection import Projection, Raw, Shape
from cds_service.record.reading import PAIN, Coded, Reading, reference_name
from cds_service.record.reasons import has_reason, reason_concepts
from cds_service.record.statements import placed_concepts, read_place, read_statements
from cds_service.record.statuses import status_of
from cds_service.record.terminology import NOTHING

ENCOUNTER = Shape(codes=("serviceType",), lists=("type", "reasonCode"), periods=("period",))
APPOINTMENT = Shape(
    codes=("appointmentType",),
    lists=("serviceType", "serviceCategory", "specialty", "reasonCode"),
    dates=("start",),
    others={"description": "string"},
)
CARE_PLAN = Shape(periods=("period",))
COMMUNICATION = Shape(codes=("topic",), lists=("reasonCode",), dates=("sent", "received"))
_ATTENDED = frozenset({"finished", "in-progress", "arrived", "triaged"})


def read_encounter(raw: Raw, reading: Reading) -> Iterator[Fact | VisitFact]:
    """The visit, and its reasons as facts of its day; raises BrokenElement."""
    if not (_treats(_codes(raw, ("type", "serviceType"), reading)) or _gives_reason(raw, reading)):
        return
    if status_of(raw) not in _ATTENDED:
        return
    seen = reading.project(raw, ENCOUNTER)
    when = reading.day(seen.get("period", {}).get("start"))
    codes = _codes(seen, ("type", "serviceType"), reading)
    if kinds := _kinds(codes):
        yield _visit(kinds, raw, seen, codes, when, reading)
    for reason in _codes(seen, ("reasonCode",), reading):
        if reason.is_reason:
            yield from _reason_facts(reason, raw, when, reading)


def _treats(codes: Sequence[Coded]) -> bool:
    """Whether one names a treatment, or is broken and must be looked at."""
    return any(coded.treatments or coded.broken for coded in codes)


def _gives_reason(raw: Raw, reading: Reading) -> bool:
    return any(coded.is_reason or coded.broken for coded in _codes(raw, ("reasonCode",), reading))


def _reason_facts(coded: Coded, raw: Raw, when: Any, reading: Reading) -> Iterator[Fact]:
    """Somebody came with it: the pain itself is known, anything else is what they came to find out."""
    for stated in read_statements(coded, reading):
        place = read_place(stated.concepts, coded.names, (), reading)
        concepts = placed_concepts(stated.concepts, place, reading, worded=not coded.known)
        certainty = stated.certainty
        if certainty is Certainty.KNOWN and concepts.isdisjoint(PAIN):
            certainty = Certainty.SUSPECTED
        yield Fact(
            concepts=concepts,
            certainty=certainty,
            origin=Origin.ENCOUNTER,
            resource=reference_name(raw),
            text=stated.text,
            history=stated.history,
            recorded=when,
            started_is_minimum=not concepts.isdisjoint(PAIN),
            side=place.side,
            region=place.region,
            code_systems=coded.systems,
        )


def read_appointment(raw: Raw, reading: Reading) -> Iterator[VisitFact]:
    """An appointment that was kept; missed and cancelled ones prove nothing. Raises BrokenElement."""
    names = ("serviceType", "serviceCategory", "specialty", "appointmentType")
    codes = _codes(raw, names, reading)
    told = raw.get("description")
    description = reading.services(told) if isinstance(told, str) else NOTHING
    if not (_treats(codes) or description) or status_of(raw) != "fulfilled":
        return
    seen = reading.project(raw, APPOINTMENT)
    kinds = _kinds(_codes(seen, names, reading)) | description
    if kinds:
        yield _visit(kinds, raw, seen, codes, reading.day(seen.get("start")), reading)


def read_care_plan(raw: Raw, reading: Reading) -> Iterator[VisitFact]:
    """Advice and education that a care plan says were given or are under way."""
    if raw.get("status") not in ("active", "completed", "on-hold") or not isinstance(
        raw.get("activity"), list
    ):
        return
    details = [part.get("detail") for part in raw["activity"] if isinstance(part, dict)]
    done = [d for d in details if isinstance(d, dict) and d.get("status") in ("completed", "in-progress")]
    codes = [reading.coded(detail.get("code")) for detail in done]
    kinds = _kinds(codes) | _kinds_of_texts([detail.get("description") for detail in done], reading)
    if kinds:
        seen = reading.project(raw, CARE_PLAN)
        # Exercise on a plan is advice; only a visit or procedure proves treatment.
        when = reading.day(seen.get("period", {}).get("start"))
        yield _visit(frozenset({"self-management"}), raw, seen, codes, when, reading)


def read_communication(raw: Raw, reading: Reading) -> Iterator[VisitFact]:
    """Advice and education that were sent or told."""
    if raw.get("status") != "completed":
        return
    codes = _codes(raw, ("topic", "reasonCode"), reading)
    payload = raw.get("payload")
    parts = payload if isinstance(payload, list) else ()
    texts = [part.get("contentString") for part in parts if isinstance(part, dict)]
    if _kinds(codes) | _kinds_of_texts(texts, reading):
        seen = reading.project(raw, COMMUNICATION)
        when = reading.day(seen.get("sent") or seen.get("received"))
        yield _visit(frozenset({"self-management"}), raw, seen, codes, when, reading)


def _codes(raw: Raw, elements: Sequence[str], reading: Reading) -> list[Coded]:
    found: list[Coded] = []
    for name in elements:
        value = raw.get(name)
        if isinstance(value, list):
            found += map(reading.coded, value)
        elif value:
            found.append(reading.coded(value))
    return found


def _kinds(codes: Sequence[Coded]) -> frozenset[str]:
    """The treatments that codes or their words name."""
    return NOTHING.union(*(coded.treatments for coded in codes))


def _kinds_of_texts(texts: Sequence[Any], reading: Reading) -> frozenset[str]:
    return NOTHING.union(*(reading.services(text) for text in texts if isinstance(text, str)))


def _visit(
    kinds: frozenset[str], raw: Raw, seen: Projection, codes: Sequence[Coded], when: Any, reading: Reading
) -> VisitFact:
    label = next((coded.label for coded in codes if coded.label), str(seen.get("description", "")))
    return VisitFact(
        kinds, reference_name(raw), label, when, reason_concepts(seen, raw, reading), has_reason(seen, raw)
    )


def encounter_class(raw: Raw) -> str | None:
    """The class of an encounter, given as a Coding or as a plain code; None where it is not said."""
    found = raw.get("class")
    code = found.get("code") if isinstance(found, dict) else found
    return code.upper() if isinstance(code, str) and code else None
