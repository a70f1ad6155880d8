"""The clinical stories of a guideline, as its owner writes them in `examples.toml`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cds_service.guideline.decision import Outcome
from cds_service.guideline.faults import Fault, TableError, refuse_faults, validation_faults
from cds_service.record.terminology import Terminology

Kind = Literal["problem", "result", "procedure", "treatment", "medicine", "answer", "device"]


_A_LIFE_DAYS = 43_830
EXAMPLES_FILE = "examples.toml"


class ExamplesError(TableError):
    """What is wrong with `examples.toml`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a record; days are counted back from today, and None means that it is not said."""

    kind: Kind
    what: str
    days_ago: int
    code: tuple[str, str] | None  # system name and code
    value: str | None
    site: str | None
    until_days_ago: int | None
    certainty: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Example:
    """A story in plain words, its record, and what the card must be and say."""

    id: str
    story: str
    patient: str  # age and sex: "36 F"
    record: tuple[Entry, ...]
    outcome: str
    recommendations: tuple[str, ...]
    indicator: str
    says: tuple[str, ...]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, str_min_length=1)


class _Entry(_Strict):
    kind: Kind
    what: str
    days_ago: int = Field(ge=0, le=_A_LIFE_DAYS)
    code: str | None = Field(None, pattern=r"^[a-z0-9-]+ \S+$")
    value: str | None = None
    site: str | None = None
    until_days_ago: int | None = Field(None, ge=-_A_LIFE_DAYS, le=_A_LIFE_DAYS)
    certainty: Literal["confirmed", "provisional", "differential", "refuted"] | None = None
    reason: str | None = Field(None, alias="for")


class _Expect(_Strict):
    outcome: Outcome
    recommendations: tuple[Literal["R1", "R2", "R3", "R4", "R5", "R6"], ...] = ()
    indicator: Literal["info", "warning", "critical"]
    says: tuple[str, ...] = ()


class _Example(_Strict):
    id: str = Field(pattern=r"^[a-z0-9-]+$")
    story: str
    patient: str = Field(pattern=r"^1?\d?\d [FM]$")
    record: tuple[_Entry, ...]
    expect: _Expect


class _File(_Strict):
    examples: tuple[_Example, ...]


def read_examples(content: Mapping[str, Any]) -> tuple[Example, ...]:
    """The stories of the parsed TOML; raises ExamplesError for what is missing, unknown or told twice."""
    try:
        file = _File.model_validate(content)
    except ValidationError as error:
        raise ExamplesError(*validation_faults(error)) from error
    ids = [example.id for example in file.examples]
    twice = ((position, id) for position, id in enumerate(ids) if id in ids[:position])
    refuse_faults(
        ExamplesError,
        (Fault(("examples", position, "id"), f"{id}: only one story of this id") for position, id in twice),
    )
    if not file.examples:
        raise ExamplesError(Fault(("examples",), "a story; without one nothing shows what the rules do"))
    refuse_faults(ExamplesError, _ended_before_begun(file))
    return tuple(_example(example) for example in file.examples)


def _ended_before_begun(file: _File) -> Iterator[Fault]:
    for position, example in enumerate(file.examples):
        for place, entry in enumerate(example.record):
            if entry.until_days_ago is not None and entry.until_days_ago > entry.days_ago:
                where = ("examples", position, "record", place, "until_days_ago")
                yield Fault(where, f"at most days_ago ({entry.days_ago}); it ends before it begins")


def unknown_codes(examples: Iterable[Example], terminology: Terminology) -> Iterator[Fault]:
    """Every code of a story that no value set has, so that it could decide nothing."""
    for position, example in enumerate(examples):
        for place, entry in enumerate(example.record):
            system = terminology.systems.get(entry.code[0]) if entry.code else None
            if entry.code and not (system and terminology.concepts_of(system.url, entry.code[1])):
                expected = f"{' '.join(entry.code)}: a code of a value set"
                yield Fault(("examples", position, "record", place, "code"), expected)


def _example(model: _Example) -> Example:
    expect = model.expect
    return Example(
        id=model.id,
        story=model.story,
        patient=model.patient,
        record=tuple(_entry(entry) for entry in model.record),
        outcome=expect.outcome.value,
        recommendations=expect.recommendations,
        indicator=expect.indicator,
        says=expect.says,
    )


def _entry(model: _Entry) -> Entry:
    system, _, code = (model.code or "").partition(" ")
    return Entry(
        kind=model.kind,
        what=model.what,
        days_ago=model.days_ago,
        code=(system, code) if code else None,
        value=model.value,
        site=model.site,
        until_days_ago=model.until_days_ago,
        certainty=model.certainty,
        reason=model.reason,
    )
