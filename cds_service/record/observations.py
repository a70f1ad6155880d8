"""Observations: what was measured, examined, asked and found; components and contained members too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cds_service.record.exam import Exam, read_moments
from cds_service.record.facts import Fact, Measurement, PowerExam
from cds_service.record.findings import read_findings
from cds_service.record.measurements import read_measurement
from cds_service.record.power import read_power
from cds_service.record.projection import BrokenElement, Projection, Raw, Shape
from cds_service.record.reading import Reading, reference_name
from cds_service.record.statements import site_words
from cds_service.record.statuses import plain_status, status_of

COMPONENT = Shape(
    codes=("code", "valueCodeableConcept", "dataAbsentReason"),
    lists=("interpretation",),
    others={
        "valueQuantity": "Quantity",
        "valueString": "string",
        "valueBoolean": "boolean",
        "valueInteger": "integer",
    },
)
WHOLE = Shape(
    codes=("code", "bodySite"),
    dates=("effectiveDateTime", "effectiveInstant", "issued"),
    periods=("effectivePeriod",),
)
OBSERVATION = Shape(
    (*COMPONENT.codes, "bodySite"), COMPONENT.lists, WHOLE.dates, WHOLE.periods, COMPONENT.others
)
_COUNTS = frozenset({"final", "amended", "corrected", "preliminary"})
_DATED_BY = ("effectiveDateTime", "effectiveInstant", "effectivePeriod", "issued")
Item = Fact | Measurement | PowerExam


def has_other_parts(raw: Raw) -> bool:
    """Whether it could concern the guideline by more than its code, which in most results is all there is."""
    return "component" in raw or "valueCodeableConcept" in raw or "valueString" in raw or "contained" in raw


def read_observation(raw: Raw, reading: Reading) -> Iterator[Item]:
    """What one Observation says (2.2, 8.1.6, 8.2); raises BrokenElement."""
    concerns = _part_concerns(raw, reading)
    components = [
        part
        for part in _listed(raw.get("component"))
        if _part_concerns(part, reading) or (concerns and _is_a_side(part, reading))
    ]
    members = [part for part in _listed(raw.get("contained")) if _is_member(part)]
    if not (concerns or components or members) or status_of(raw) not in _COUNTS:
        return
    if concerns:
        yield from _read_exam(_whole_exam(raw, reading), reading)
    if components:
        yield from _read_components(raw, components, reading)
    for member in members:
        yield from read_observation(_with_inherited(member, raw), reading)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _part_concerns(part: Any, reading: Reading) -> bool:
    if not isinstance(part, dict) or reading.coded(part.get("code")).concerns:
        return True
    if "valueCodeableConcept" in part and reading.coded(part["valueCodeableConcept"]).concerns:
        return True
    text = part.get("valueString")
    return isinstance(text, str) and bool(reading.mentions(text))


def _is_a_side(part: Raw, reading: Reading) -> bool:
    """Whether a component only says which side of the whole it is: "Left"."""
    return reading.side(*reading.coded(part.get("code")).words) is not None


def _is_member(part: Any) -> bool:
    return isinstance(part, dict) and part.get("resourceType") == "Observation"


def _with_inherited(member: Raw, raw: Raw) -> Raw:
    """A contained Observation, named as the resource that holds it, and dated so where it has no date."""
    own = {name: value for name, value in member.items() if name != "contained"} | {"id": raw.get("id")}
    if not any(name in own for name in _DATED_BY):
        own |= {name: raw[name] for name in _DATED_BY if name in raw}
    own.setdefault("status", raw.get("status"))
    return own


def _whole_exam(raw: Raw, reading: Reading) -> Exam:
    seen = _with_other_values(raw, reading.project(raw, OBSERVATION))
    if not seen.get("code"):
        raise BrokenElement("code")
    when, problem, started = read_moments(seen, reading)
    return Exam(
        resource=reference_name(raw),
        coded=reading.coded(seen["code"]),
        seen=seen,
        sites=site_words(seen.get("bodySite"), reading),
        when=when,
        when_problem=problem,
        started=started,
        preliminary=plain_status(raw) == "preliminary",
        has_members=bool(raw.get("component") or raw.get("hasMember")),
        notes=raw.get("note"),
    )


def _with_other_values(raw: Raw, seen: Projection) -> Projection:
    """A value of a kind that nobody reads (a range, a time) is still an answer: an unknown one."""
    if any(name.startswith("value") and name not in seen for name in raw):
        return {**seen, "valueOther": True}
    return seen


def _read_components(raw: Raw, components: list[Any], reading: Reading) -> Iterator[Item]:
    whole = reading.project(raw, WHOLE)
    when, problem, started = read_moments(whole, reading)
    # The component of "Power, right leg" says only "Knee extension": it means the whole's side and scale.
    context = (*reading.coded(whole.get("code")).words, *site_words(whole.get("bodySite"), reading))
    for part in components:
        seen = _checked_component(part, reading)
        exam = Exam(
            resource=reference_name(raw),
            coded=reading.coded(seen["code"]),
            seen=seen,
            sites=context,
            when=when,
            when_problem=problem,
            started=started,
            preliminary=plain_status(raw) == "preliminary",
            has_members=False,
            notes=raw.get("note"),
        )
        yield from _read_exam(exam, reading)


def _checked_component(part: Any, reading: Reading) -> Projection:
    if not isinstance(part, dict):
        raise BrokenElement("component")
    try:
        seen = _with_other_values(part, reading.project(part, COMPONENT))
    except BrokenElement as broken:
        raise BrokenElement(f"component.{broken.element}") from None
    if not seen.get("code"):
        raise BrokenElement("component.code")
    return seen


def _read_exam(exam: Exam, reading: Reading) -> Iterator[Item]:
    measure = exam.coded.measure
    # A yes or no is no quantity: what it answers is a finding.
    if measure is not None and "valueBoolean" not in exam.seen:
        measured = read_measurement(measure, exam, reading)
        if measured:
            yield measured
    elif power := read_power(exam, reading):
        yield from power
    else:
        yield from read_findings(exam, reading)
