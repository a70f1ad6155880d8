"""The red-flag checklist of `checklist.toml`: what its items ask, and what each answer means."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cds_service.guideline.faults import Fault, TableError, refuse_faults, validation_faults

Says = Literal["yes", "no", "unknown"]
SINCE = "since"  # the end of the link id of a question for the day


class ChecklistError(TableError):
    """What is wrong with `checklist.toml`: which entry, and what was expected."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer on offer; `means` and `finding` are those of a yes that says more than a plain one."""

    system: str
    code: str
    text: str
    says: Says
    worse: bool
    means: frozenset[str]
    finding: str | None


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One question; `number` is its place, by which a card names it."""

    number: int
    link_id: str
    text: str
    finding: str  # what a card says of a yes; of a treatment the question itself
    short: str
    choices: tuple[Choice, ...]
    yes: frozenset[str]
    no: frozenset[str]  # what a no denies
    gap: str | None  # the key of "not recorded" that an answer closes; None: no gap is named for it
    settles: tuple[str, ...]  # pathways
    since: str | None  # the text of the question for the day; None: not asked
    treatment: bool

    @property
    def since_link_id(self) -> str:
        """The link id of the question for the day."""
        return f"{self.link_id}-{SINCE}"

    @property
    def concepts(self) -> frozenset[str]:
        """Everything that an answer can assert or deny."""
        return self.yes.union(self.no, *(choice.means for choice in self.choices))


@dataclass(frozen=True, slots=True)
class Checklist:
    """The form: its canonical address, without version, and its items in order."""

    questionnaire: str
    title: str
    purpose: str
    unfinished: str  # what a card says of a yes in a form that is not finished
    items: tuple[ChecklistItem, ...]
    link_ids: frozenset[str]  # of the items and their questions for the day

    def link_id_of(self, sent: str) -> str | None:
        """The link id of ours that was sent, however it was spelled; None where it is none."""
        spelled = sent.strip().strip("/").casefold()
        return spelled if spelled in self.link_ids else None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=1)


class _Choice(_Strict):
    system: str
    code: str
    text: str
    says: Says
    worse: bool = False
    means: tuple[str, ...] = ()
    finding: str | None = None


class _Item(_Strict):
    link_id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    text: str
    finding: str | None = None
    short: str
    choices: tuple[str, ...]
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    gap: str | None = None
    settles: tuple[str, ...] = Field(min_length=1)
    since: str | None = None
    treatment: bool = False


class _File(_Strict):
    questionnaire: str
    title: str
    purpose: str
    unfinished: str
    choices: dict[str, _Choice]
    items: tuple[_Item, ...] = Field(min_length=1)


def read_checklist(
    content: Mapping[str, Any],
    *,
    red_flags: Collection[str],
    concepts: Collection[str],
    pathways: Collection[str],
    gaps: Collection[str],
) -> Checklist:
    """The checklist; raises ChecklistError where an entry is wrong or a name is not known.

    A yes must mean a red flag, which some rule reads; a no may deny any of the concepts.
    Every gap must have an item: a card that asks names the item to answer.
    """
    try:
        file = _File.model_validate(content)
    except ValidationError as error:
        raise ChecklistError(*validation_faults(error)) from error
    missing = sorted(set(gaps) - {item.gap for item in file.items})
    problems = [
        *_unknown_concepts(file, red_flags, concepts),
        *_unknown_names(file, pathways, gaps),
        *_incomplete(file),
        *_repeated(file),
        *(Fault(("items",), f"an item for the gap {gap}") for gap in missing),
    ]
    refuse_faults(ChecklistError, problems)
    items = tuple(_item(number, item, file.choices) for number, item in enumerate(file.items, start=1))
    link_ids = frozenset(name for item in items for name in (item.link_id, item.since_link_id))
    return Checklist(file.questionnaire, file.title, file.purpose, file.unfinished, items, link_ids)


def _item(number: int, item: _Item, choices: Mapping[str, _Choice]) -> ChecklistItem:
    offered = (choices[name] for name in item.choices)
    return ChecklistItem(
        number=number,
        link_id=item.link_id,
        text=item.text,
        finding=item.finding or item.text,
        short=item.short,
        choices=tuple(Choice(**(one.model_dump() | {"means": frozenset(one.means)})) for one in offered),
        yes=frozenset(item.yes),
        no=frozenset(item.no or item.yes),
        gap=item.gap,
        settles=item.settles,
        since=item.since,
        treatment=item.treatment,
    )


def _unknown_concepts(file: _File, red_flags: Collection[str], concepts: Collection[str]) -> Iterator[Fault]:
    for name, choice in file.choices.items():
        for concept in sorted(set(choice.means) - set(red_flags)):
            yield Fault(("choices", name, "means"), f"{concept} is no red flag")
    for place, item in enumerate(file.items):
        for concept in sorted(set(item.yes) - set(red_flags)):
            yield _at(place, item, "yes", f"{concept} is no red flag")
        for concept in sorted(set(item.no) - set(concepts)):
            yield _at(place, item, "no", f"{concept} is no concept")


def _unknown_names(file: _File, pathways: Collection[str], gaps: Collection[str]) -> Iterator[Fault]:
    for place, item in enumerate(file.items):
        for pathway in sorted(set(item.settles) - set(pathways)):
            yield _at(place, item, "settles", f"{pathway} is no pathway")
        for choice in sorted(set(item.choices) - file.choices.keys()):
            yield _at(place, item, "choices", f"{choice} is none of [choices]")
        if item.gap is not None and item.gap not in gaps:
            yield _at(place, item, "gap", f"{item.gap} is none of {', '.join(sorted(gaps))}")


def _incomplete(file: _File) -> Iterator[Fault]:
    for place, item in enumerate(file.items):
        offered = {file.choices[name].says for name in item.choices if name in file.choices}
        for missing in sorted({"yes", "no", "unknown"} - offered):
            yield _at(place, item, "choices", f"one that says {missing}")
        if not item.treatment and not (item.yes and item.finding):
            yield Fault(("items", place), f"item {item.link_id}: yes and finding, or treatment = true")
        if item.treatment and (item.yes or item.no or item.gap or item.finding):
            yield _at(place, item, "treatment", "neither yes, no, gap nor finding beside it")


def _repeated(file: _File) -> Iterator[Fault]:
    met: set[str] = set()
    for place, item in enumerate(file.items):
        for name in (item.link_id, *([f"{item.link_id}-{SINCE}"] if item.since else [])):
            if name in met:
                yield Fault(("items", place, "link_id"), f"link_id {name} only once")
            met.add(name)
    coded: set[tuple[str, str]] = set()
    for name, choice in file.choices.items():
        if (choice.system, choice.code) in coded:
            yield Fault(("choices", name, "code"), f"choices: the code {choice.code} only once")
        coded.add((choice.system, choice.code))


def _at(place: int, item: _Item, member: str, expected: str) -> Fault:
    return Fault(("items", place, member), f"item {item.link_id}: {member}: {expected}")
