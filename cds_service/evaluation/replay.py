"""Two versions of the content over the same requests: which answers and which words would change.

The report names files, orders and parts of a card; a text of a card may be the patient's, so none is in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cds_service.answer import answer_hook
from cds_service.errors import CdsError, NothingReadable
from cds_service.evaluation.content_diff import Difference, content_differences
from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Outcome
from cds_service.guideline.lumbar_mri.render import DECISION_EXTENSION
from cds_service.protocol.discovery import service_of
from cds_service.protocol.request import read_hook_request

NO_CARD, NO_ANSWER = "no card", "no answer"
NO_RECOMMENDATION = "none"
_NO_UUID = "00000000-0000-4000-8000-000000000000"  # the same for all: a fresh one would look like a change
_DIGEST_SHOWN = len("sha256:") + 12
_PARTS = {
    "indicator": "indicator",
    "summary": "summary",
    "detail": "detail",
    "suggestions": "suggestions",
    "selectionBehavior": "suggestions",
    "overrideReasons": "override reasons",
    "links": "links",
    "source": "source",
}


@dataclass(frozen=True, slots=True)
class SavedRequest:
    """A request by the name of its file; `body` is None where it could not be read, and `error` says why."""

    file: str
    body: Mapping[str, Any] | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one version says of one order; `parts` are the texts of its cards, which are only compared."""

    outcome: str
    recommendations: tuple[str, ...] = ()
    parts: Mapping[str, str] | None = None

    def __str__(self) -> str:
        return " ".join((self.outcome, *self.recommendations))


@dataclass(frozen=True, slots=True)
class Change:
    """An order that the two versions answer differently."""

    recommendation: str  # the leading one, of the old answer if that has one
    file: str
    order: str  # as Type/id
    before: str
    after: str
    parts: tuple[str, ...]  # of the card: "summary", "safety card: detail", ...
    emergency_lost: bool

    @property
    def is_of_outcome(self) -> bool:
        """Whether the answer itself changed, and not only its words."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Replay:
    """What changes between two versions, over some requests."""

    old: str
    new: str
    requests: int
    orders: int  # with a card, or an answer that failed, in one of the versions
    without_card: int  # requests that neither version has a card for
    changes: tuple[Change, ...]
    unreadable: tuple[SavedRequest, ...]
    differences: tuple[Difference, ...]

    @property
    def outcome_changes(self) -> tuple[Change, ...]:
        """Orders with another answer."""
        return tuple(change for change in self.changes if change.is_of_outcome)

    @property
    def word_changes(self) -> tuple[Change, ...]:
        """Orders with the same answer in other words."""
        return tuple(change for change in self.changes if not change.is_of_outcome)

    @property
    def lost_emergencies(self) -> tuple[Change, ...]:
        """Orders that were an emergency and no longer are."""
        return tuple(change for change in self.changes if change.emergency_lost)


def replay_requests(
    requests: Iterable[SavedRequest], old: Guideline, new: Guideline, clock: Callable[[], datetime]
) -> Replay:
    """Every request answered by both versions at the same moment, which `clock` gives."""
    changes: list[Change] = []
    unreadable: list[SavedRequest] = []
    read = orders = without_card = 0
    for request in requests:
        try:
            before, after = _answers(request, (old, new), clock())
        except _Unreadable as error:
            unreadable.append(SavedRequest(request.file, None, str(error)))
            continue
        read += 1
        references = _orders_of(before, after)
        orders += len(references)
        without_card += not references
        for reference in references:
            change = _compare(request.file, reference, _said(before, reference), _said(after, reference))
            changes += [change] if change else []
    return Replay(
        _name_of(old), _name_of(new), read, orders, without_card, tuple(changes), tuple(unreadable),
        content_differences(old, new),
    )  # fmt: skip


class _Unreadable(Exception):
    """Why a request cannot be asked of any version."""


def _answers(request: SavedRequest, versions: Sequence[Guideline], now: datetime) -> list[dict[str, Answer]]:
    if request.body is None:
        raise _Unreadable(request.error)
    try:
        hook = service_of(request.body).hook
        return [_answers_of(request.body, hook, version, now) for version in versions]
    except CdsError as error:
        raise _Unreadable(error.text) from error


def _answers_of(body: Mapping[str, Any], hook: str, guideline: Guideline, now: datetime) -> dict[str, Answer]:
    """The answer by order; one for no order in particular where nothing of the record could be read."""
    request = read_hook_request(body, hook, guideline.prefetch)
    try:
        response = answer_hook(request, now=now, guideline=guideline, new_uuid=lambda: _NO_UUID).response
    except NothingReadable:
        return {"": Answer(NO_ANSWER)}
    return _by_order(response)


def _by_order(response: Mapping[str, Any]) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    beside = {name: value for name, value in response.items() if name != "cards"}
    # A card about the scanner names its orders, too, and follows the card with the answer.
    for card in response["cards"]:
        for name, described in card["extension"].items():
            is_answer = name == DECISION_EXTENSION
            texts = _parts(card, "" if is_answer else "safety card: ")
            for order in described["orders"]:
                known = answers.get(order, Answer(NO_CARD))
                answer = _answer_in(described) if is_answer else known
                parts = {**(known.parts or {}), **texts, "system actions": _as_text(beside)}
                answers[order] = Answer(answer.outcome, answer.recommendations, parts)
    return answers


def _answer_in(described: Mapping[str, Any]) -> Answer:
    return Answer(described["outcome"], tuple(described.get("recommendations", ())))


def _parts(card: Mapping[str, Any], before: str) -> dict[str, str]:
    """The texts of a card by their names; what the card calls itself and its evaluation is left out."""
    texts: dict[str, str] = {}
    for member, name in _PARTS.items():
        texts[before + name] = texts.get(before + name, "") + _as_text(card.get(member))
    return texts


def _as_text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _orders_of(before: Mapping[str, Answer], after: Mapping[str, Answer]) -> tuple[str, ...]:
    """Every order that a version speaks of; none in particular where all that there is are failures."""
    named = dict.fromkeys((*before, *after))
    return tuple(order for order in named if order) or tuple(named)


def _said(answers: Mapping[str, Answer], order: str) -> Answer:
    """What a version says of an order: its card, or that it has none, or that it could not answer."""
    return answers.get(order) or answers.get("") or Answer(NO_CARD)


def _compare(file: str, order: str, before: Answer, after: Answer) -> Change | None:
    old, new = before.parts or {}, after.parts or {}
    parts = tuple(name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name))
    if str(before) == str(after) and not parts:
        return None
    emergency = Outcome.EMERGENCY.value
    return Change(
        recommendation=next(iter((*before.recommendations, *after.recommendations)), NO_RECOMMENDATION),
        file=file,
        order=order,
        before=str(before),
        after=str(after),
        parts=parts,
        emergency_lost=before.outcome == emergency != after.outcome,
    )


def _name_of(guideline: Guideline) -> str:
    return f"{guideline.id} {guideline.version} {guideline.digest[:_DIGEST_SHOWN]}"
