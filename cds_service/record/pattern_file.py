"""What `patterns.toml` may hold; a misspelt or missing member stops the start."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cds_service.record.facts import Measure, Region


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ConceptWords(_Strict):
    words: tuple[str, ...]
    question_words: tuple[str, ...] = ()
    pathway: str | None = None
    enough: bool = False
    asked_as: str | None = None
    vague: bool = False  # a yes to it only asks: "any red flags?"


class MuscleWords(_Strict):
    words: tuple[str, ...]
    root_group: str
    limb: Region


class ExamWords(_Strict):
    words: tuple[str, ...]
    finding: str
    asks: bool = False


class SiteRule(_Strict):
    concept: str
    site: str
    gives: str


class KnownQuestion(_Strict):
    questionnaire: str
    link_id: str
    concept: str


class UnitWords(_Strict):
    in_use: tuple[str, ...] = ()
    spellings: dict[str, str] = Field(default_factory=dict)


class SteroidWords(_Strict):
    words: tuple[str, ...]
    prednisolone_factor: Decimal
    origin: Literal["SEED", "ACG", "OTHER", "DESIGN"]
    source: str = Field(min_length=1)


WordLists = dict[str, tuple[str, ...]]


class PatternFile(_Strict):
    abbreviations: dict[str, str]
    concepts: dict[str, ConceptWords]
    services: WordLists
    drugs: WordLists
    implants: WordLists
    device_safety: WordLists
    measures: WordLists
    note_values: WordLists
    imaging: WordLists
    report: WordLists
    cues: WordLists
    trends: WordLists
    sides: WordLists
    sites: WordLists
    muscles: dict[str, MuscleWords]
    answers: WordLists
    exams: dict[str, ExamWords]
    treatment: WordLists
    power: WordLists
    steroids: dict[str, SteroidWords]
    regions: dict[str, Region]
    at_site: tuple[SiteRule, ...]
    questions: tuple[KnownQuestion, ...] = ()
    units: dict[Measure, UnitWords]
