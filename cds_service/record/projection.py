"""The elements of a resource that the rules use, checked; anything else in it may be as odd as it likes.

A resource is first cut down to the elements that somebody here reads, and only then checked against its
FHIR type, so that one odd element elsewhere does not cost the whole resource.
What comes back is the projection itself and not the model: FHIR's partial dates and the digits
of a decimal survive only as they were sent.

Two things are checked here and not by the model. Dates, because the model refuses a clock time without
a zone, which EHRs send. And codes that decide by themselves whether a resource counts (status, intent).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from pydantic import BaseModel, ValidationError

from cds_service.record.dates import is_date

Projection = dict[str, Any]
Raw = Mapping[str, Any]
_NOTHING: tuple[Any, ...] = (None, "", [], {})


class BrokenElement(Exception):
    """An element that the rules use and that cannot be read; it names the element, never its value."""

    def __init__(self, element: str) -> None:
        super().__init__(element)
        self.element = element


@dataclass(frozen=True, slots=True)
class Shape:
    """What is read of one resource type: its elements by kind, and what FHIR asks for besides."""

    model: type[BaseModel]
    elements: tuple[str, ...]
    codes: frozenset[str] = frozenset()  # elements that are CodeableConcepts or lists of them
    dates: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    required: Mapping[str, Any] = field(default_factory=dict)  # constants in the place of what nobody reads


def shape(
    resource_type: str,
    *elements: str,
    codes: Iterable[str] = (),
    dates: Iterable[str] = (),
    periods: Iterable[str] = (),
    required: Mapping[str, Any] | None = None,
) -> Shape:
    """The shape of this type; its model is imported by its full path, which loads no other type."""
    module = import_module(f"fhir.resources.R4B.{resource_type.lower()}")
    return Shape(
        getattr(module, resource_type),
        elements,
        frozenset(codes),
        tuple(dates),
        tuple(periods),
        required or {},
    )


def project(raw: Raw, shape: Shape) -> Projection:
    """The checked elements of a resource; raises BrokenElement for the first that cannot be read."""
    seen = {name: raw[name] for name in shape.elements if raw.get(name) not in _NOTHING}
    for name in shape.codes:
        if raw.get(name) not in _NOTHING:
            seen[name] = _narrowed(raw[name])
    check(seen, shape)
    for name in shape.dates:
        if raw.get(name) not in _NOTHING:
            seen[name] = _checked_date(raw[name], name)
    for name in shape.periods:
        if raw.get(name) not in _NOTHING:
            seen[name] = _checked_period(raw[name], name)
    return seen


def check(projection: Projection, shape: Shape) -> None:
    """Raises BrokenElement where the model of the type refuses the projection."""
    try:
        shape.model.model_validate({**shape.required, **projection})
    except ValidationError as error:
        place = error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"]
        raise BrokenElement(".".join(step for step in place if isinstance(step, str)) or "value[x]") from None


def _narrowed(value: Any) -> Any:
    """A CodeableConcept, or a list of them, with system, code, display and text only."""
    if isinstance(value, list):
        return [_narrowed_concept(one) for one in value]
    return _narrowed_concept(value)


def _narrowed_concept(value: Any) -> Any:
    if not isinstance(value, dict):
        return value  # the model says what is wrong with it
    codings = value.get("coding")
    narrow: Projection = {}
    if isinstance(codings, list):
        narrow["coding"] = [_narrowed_coding(coding) for coding in codings]
    elif codings not in _NOTHING:
        narrow["coding"] = codings
    if value.get("text") not in _NOTHING:
        narrow["text"] = value["text"]
    return narrow


def _narrowed_coding(coding: Any) -> Any:
    if not isinstance(coding, dict):
        return coding
    return {name: coding[name] for name in ("system", "code", "display") if coding.get(name) not in _NOTHING}


def _checked_date(value: Any, name: str) -> str:
    if not is_date(value):
        raise BrokenElement(name)
    return str(value)


def _checked_period(value: Any, name: str) -> Projection:
    if not isinstance(value, dict):
        raise BrokenElement(name)
    ends = {end: value[end] for end in ("start", "end") if value.get(end) not in _NOTHING}
    return {end: _checked_date(date, f"{name}.{end}") for end, date in ends.items()}
