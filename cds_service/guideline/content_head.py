"""`guideline.toml`: identity, approval, recommendations, switches, indicators and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeVar, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cds_service.guideline.content_files import Strict
from cds_service.guideline.content_types import Threshold
from cds_service.guideline.decision import Indicator, Outcome
from cds_service.guideline.links import is_link
from cds_service.guideline.number_check import check_numbers
from cds_service.guideline.problems import ContentError
from cds_service.guideline.thresholds import Switches, Thresholds

T = TypeVar("T")


class _Recommendation(Strict):
    statement: str
    strength: str
    certainty: str


class _Threshold(Strict):
    value: Decimal
    unit: str
    origin: str
    source: str
    meaning: str
    owner: str = ""


class _OpenQuestion(Strict):
    recommendations: tuple[str, ...] = ()
    question: str
    until_then: str


class _Approval(Strict):
    approver: str
    date: str
    next_review: str


class Head(Strict):
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


HEAD_FILE = "guideline.toml"
ORIGINS = frozenset({"SEED", "ACG", "OTHER", "DESIGN"})


def check_head(head: Head) -> None:
    """Raises ContentError where the identity, the approval or a link of the cards cannot be right."""
    if head.status == "active":
        _check_approval(head.approval)
    for asked in head.open_questions:
        for name in sorted(set(asked.recommendations) - head.recommendations.keys()):
            raise ContentError("guideline.toml", None, f"open_questions: {name} is no recommendation")
    for name in ("url", "details_url"):
        if not is_link(getattr(head, name), ("https",)):
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


def threshold_of(name: str, model: _Threshold) -> Threshold:
    if model.origin not in ORIGINS:
        raise ContentError("guideline.toml", None, f"thresholds.{name}.origin: one of {sorted(ORIGINS)}")
    if not model.source.strip() or not model.unit.strip():
        raise ContentError("guideline.toml", None, f"thresholds.{name}: a unit and a source")
    return Threshold(name, **model.model_dump())


def thresholds_of(notes: Mapping[str, Threshold], file: str = HEAD_FILE) -> Thresholds:
    """The numbers; raises ContentError, which names `file`."""
    limits = _exactly(Thresholds, {name: note.value for name, note in notes.items()}, file)
    problems = check_numbers(limits)
    if problems:
        raise ContentError(file, None, "; ".join(problems))
    return limits


_CHOICES = frozenset({Outcome.EMERGENCY, Outcome.URGENT, Outcome.INDICATED, Outcome.POSSIBLE})


def switches_of(found: Mapping[str, Any], file: str = HEAD_FILE) -> Switches:
    """The switches; raises ContentError, which names `file`."""
    switches = _exactly(Switches, found, file)
    for name, value in found.items():
        if name.endswith("_outcome") and value not in _CHOICES:
            raise ContentError(file, None, f"switches.{name}: one of {', '.join(sorted(_CHOICES))}")
    return switches


IMPROVING, ENDORSED = "improving", "endorsed"


def indicators_of(found: Mapping[str, Indicator]) -> Mapping[str, Indicator]:
    wanted = {*Outcome, IMPROVING, ENDORSED}
    for name in sorted(wanted ^ found.keys()):
        expected = "info, warning or critical" if name in wanted else "no such outcome"
        raise ContentError("guideline.toml", None, f"indicators.{name}: {expected}")
    return found


def _exactly(kind: type[T], values: Mapping[str, Any], file: str) -> T:
    """The dataclass with exactly its own fields, whole numbers as int; raises ContentError otherwise."""
    wanted = get_type_hints(kind)
    for name in wanted.keys() ^ values.keys():
        raise ContentError(file, None, f"{name}: {'a value' if name in wanted else 'no such name'}")
    return kind(**{name: _typed(name, values[name], hint, file) for name, hint in wanted.items()})


def _typed(name: str, value: Any, hint: Any, file: str) -> Any:
    if hint is int and value == int(value):
        return int(value)
    if hint is Decimal:
        return Decimal(value)
    if hint == tuple[str, ...] and isinstance(value, list):
        return tuple(value)
    if isinstance(hint, type) and isinstance(value, hint):
        return value
    raise ContentError(file, None, f"{name}: {getattr(hint, '__name__', hint)}")
