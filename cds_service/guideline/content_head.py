"""`guideline.toml`: identity, approval, recommendations, switches, indicators and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

from pydantic import Field

from cds_service.guideline.content_files import Folder, Line, Number, Strict, Table, parse_table, read_table
from cds_service.guideline.content_types import Approval, OpenQuestion, Threshold
from cds_service.guideline.decision import Indicator, Outcome
from cds_service.guideline.faults import EntryPath, Fault, TableError, faults_of, refuse_faults
from cds_service.guideline.links import is_link
from cds_service.guideline.number_check import check_numbers, unit_of
from cds_service.guideline.problems import refuse
from cds_service.guideline.thresholds import Switches, Thresholds
from cds_service.guideline.time_zones import is_time_zone

T = TypeVar("T")


class _Recommendation(Strict):
    statement: Line
    strength: Literal["strong", "conditional"]
    certainty: Line


class _Threshold(Strict):
    value: Number
    unit: str
    origin: str
    source: str
    meaning: str
    owner: str = ""


class _OpenQuestion(Strict):
    recommendations: tuple[str, ...] = ()
    question: Line
    until_then: Line


class _Approval(Strict):
    approver: str
    date: str
    next_review: str


class Head(Strict):
    """`guideline.toml` as it is written: the names are there, what they hold is not yet checked."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    title: Line
    version: Line
    status: Literal["draft", "active"]
    publisher: Line
    url: str
    details_url: str
    time_zone: str
    approval: _Approval
    recommendations: dict[str, _Recommendation]
    switches: dict[str, Any]
    indicators: dict[str, Indicator]
    thresholds: dict[str, _Threshold]
    open_questions: tuple[_OpenQuestion, ...] = ()


HEAD_FILE = "guideline.toml"
ORIGINS = frozenset({"SEED", "ACG", "OTHER", "DESIGN"})
RECOMMENDATIONS = frozenset({"R1", "R2", "R3", "R4", "R5", "R6"})
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
IMPROVING, ENDORSED = "improving", "endorsed"
_CHOICES = frozenset({Outcome.EMERGENCY, Outcome.URGENT, Outcome.INDICATED, Outcome.POSSIBLE})
# Cancer alone is no emergency: the words of that card speak of the nerves, too (2.11).
_CHOICES_OF = {"remote_cancer_outcome": frozenset({Outcome.URGENT, Outcome.POSSIBLE})}


def read_head(folder: Folder) -> tuple[Head, Table]:
    """The file and its table; raises ContentError with everything in it that cannot be right."""
    table = read_table(folder, HEAD_FILE)
    head = parse_table(Head, table)
    faults = [
        *_identity_faults(head),
        *_approval_faults(head),
        *_recommendation_faults(head),
        *_question_faults(head),
        *faults_of(lambda: thresholds_of(notes_of(head))),
        *faults_of(lambda: switches_of(head.switches)),
        *faults_of(lambda: indicators_of(head.indicators)),
    ]
    refuse(map(table.problem, faults))
    return head, table


def notes_of(head: Head) -> dict[str, Threshold]:
    """Every threshold with its unit, origin, source and meaning, by name."""
    return {name: Threshold(name, **model.model_dump()) for name, model in head.thresholds.items()}


def thresholds_of(notes: Mapping[str, Threshold]) -> Thresholds:
    """The numbers that the rules use; raises TableError, each fault under ("thresholds", name)."""
    refuse_faults(TableError, (fault for note in notes.values() for fault in _note_faults(note)))
    limits = _exactly(Thresholds, "thresholds", {name: note.value for name, note in notes.items()})
    refuse_faults(TableError, check_numbers(limits))
    return limits


def switches_of(found: Mapping[str, Any]) -> Switches:
    """The switches of the card policy; raises TableError, each fault under ("switches", name)."""
    switches = _exactly(Switches, "switches", found)
    choices = {name: _CHOICES_OF.get(name, _CHOICES) for name in found if name.endswith("_outcome")}
    refuse_faults(
        TableError,
        (
            Fault(("switches", name), f"one of {', '.join(sorted(allowed))}")
            for name, allowed in choices.items()
            if found[name] not in allowed
        ),
    )
    lists = {name: value for name, value in found.items() if isinstance(value, list)}
    refuse_faults(
        TableError,
        (
            Fault(("switches", name, place), "words on one line, or system|code")
            for name, texts in lists.items()
            for place, text in enumerate(texts)
            if not text or text != text.strip() or not text.isprintable() or "" in text.split("|")
        ),
    )
    return switches


def indicators_of(found: Mapping[str, Indicator]) -> Mapping[str, Indicator]:
    """The indicator of every answer; raises TableError for an answer that is missing or unknown."""
    wanted = {*Outcome, IMPROVING, ENDORSED}
    refuse_faults(
        TableError,
        (
            Fault(
                ("indicators", str(name)),
                "info, warning or critical" if name in wanted else "no such outcome",
            )
            for name in sorted(wanted ^ found.keys())
        ),
    )
    if found[Outcome.EMERGENCY] != Indicator.CRITICAL:
        raise TableError(Fault(("indicators", Outcome.EMERGENCY.value), "critical"))
    return found


def approval_of(head: Head) -> Approval:
    """Who signed and until when; a draft need not be signed."""
    return Approval(**head.approval.model_dump())


def questions_of(head: Head) -> tuple[OpenQuestion, ...]:
    """What only the guideline's owners can answer."""
    return tuple(OpenQuestion(**asked.model_dump()) for asked in head.open_questions)


def _identity_faults(head: Head) -> Iterator[Fault]:
    for name in ("url", "details_url"):
        if not is_link(getattr(head, name), ("https",)):
            yield Fault((name,), "an absolute https address")
    if not is_time_zone(head.time_zone):
        yield Fault(("time_zone",), "a time zone such as Asia/Singapore")


def _recommendation_faults(head: Head) -> Iterator[Fault]:
    for name in sorted(head.recommendations.keys() ^ RECOMMENDATIONS):
        expected = "a recommendation" if name in RECOMMENDATIONS else "no such recommendation"
        yield Fault(("recommendations", name), expected)


def _question_faults(head: Head) -> Iterator[Fault]:
    for place, asked in enumerate(head.open_questions):
        for name in sorted(set(asked.recommendations) - RECOMMENDATIONS):
            yield Fault(("open_questions", place, "recommendations"), f"{name} is no recommendation")


def _approval_faults(head: Head) -> Iterator[Fault]:
    if head.status != "active":
        return
    approval = approval_of(head)
    if not approval.approver.strip():
        yield Fault(("approval", "approver"), "a name, because the status is active")
    signed, review = _day(approval.date), _day(approval.next_review)
    for name, day in (("date", signed), ("next_review", review)):
        if day is None:
            yield Fault(("approval", name), "a date as 2026-06-15, because the status is active")
    if signed and review and review <= signed:
        yield Fault(("approval", "next_review"), "later than approval.date")


def _day(text: str) -> date | None:
    if not _DAY.fullmatch(text):  # Python reads the day of a week, too
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _note_faults(note: Threshold) -> Iterator[Fault]:
    where = ("thresholds", note.name)
    if note.origin not in ORIGINS:
        yield Fault((*where, "origin"), f"one of {', '.join(sorted(ORIGINS))}")
    for name in ("unit", "source", "meaning"):
        if not getattr(note, name).strip():
            yield Fault((*where, name), f"a {name}")
    unit = unit_of(note.name)
    if unit and note.unit != unit:
        yield Fault((*where, "unit"), f"{unit}: the rules calculate in the unit that the name ends with")


def _exactly(kind: type[T], table: str, values: Mapping[str, Any]) -> T:
    """The dataclass with exactly its own fields, whole numbers as int; raises TableError otherwise."""
    wanted = get_type_hints(kind)
    refuse_faults(
        TableError,
        (
            Fault((table, name), "a value" if name in wanted else "no such name")
            for name in sorted(wanted.keys() ^ values.keys())
        ),
    )
    typed = {name: _typed(values[name], hint) for name, hint in wanted.items()}
    refuse_faults(
        TableError,
        (
            Fault(_place(table, name), _TYPE_WORDS[wanted[name]])
            for name, value in typed.items()
            if value is None
        ),
    )
    return kind(**typed)


def _place(table: str, name: str) -> EntryPath:
    """Where the value stands: a threshold is a table of its own."""
    return (table, name, "value") if table == "thresholds" else (table, name)


_TYPE_WORDS: Mapping[Any, str] = {
    int: "a whole number",
    Decimal: "a number",
    bool: "true or false",
    str: "a text in quotes",
    tuple[str, ...]: "a list of texts",
}


def _typed(value: Any, hint: Any) -> Any:
    """The value as the field holds it; None where it is of another kind."""
    if hint == tuple[str, ...]:
        texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
        return tuple(value) if texts else None
    if hint in (int, Decimal):  # a number by now: no switch is one, and a threshold is read as one
        return None if hint is int and value != int(value) else hint(value)
    return value if isinstance(value, hint) else None
