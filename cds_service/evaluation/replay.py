"""Two versions of the content over the same requests: which answers and which words would change.

The report names files, orders and parts of a card; a text of a card may be the patient's, so none is in it.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cds_service.answer import HookAnswer, answer_hook
from cds_service.errors import CdsError, NothingReadable
from cds_service.evaluation.content_diff import Difference, content_differences
from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Outcome
from cds_service.guideline.lumbar_mri.render import DECISION_EXTENSION
from cds_service.protocol.discovery import service_of
from cds_service.protocol.request import read_hook_request

NO_CARD, NO_ANSWER = "no card", "no answer"
NO_RECOMMENDATION = "none"
NO_ID = "ServiceRequest/(no FHIR id)"  # what stands in its place may be anything, a patient's name, too
_REFERENCE = re.compile(r"ServiceRequest/[A-Za-z0-9.-]{1,64}")
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
    """What one version says of one order; `parts` are the texts of its cards, which are only compared.

    Two drafts may have one id, so that an order may have two outcomes; none of them hides the other.
    """

    outcomes: tuple[str, ...] = ()
    recommendations: tuple[str, ...] = ()
    failed: bool = False
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_card(self) -> bool:
        """Whether a card is about the order."""
        return bool(self.parts)

    @property
    def emergency(self) -> int:
        """2 for an emergency that a card tells of, 1 for one that is decided without a card, else 0."""
        return (1 + self.has_card) if Outcome.EMERGENCY in self.outcomes else 0

    def __str__(self) -> str:
        if self.failed:
            return NO_ANSWER
        said = " ".join((" and ".join(self.outcomes), *self.recommendations)).strip()
        if self.has_card:
            return said
        return f"{NO_CARD} ({said})" if said else NO_CARD


@dataclass(frozen=True, slots=True)
class Change:
    """An order that the two versions answer differently."""

    recommendation: str  # the leading one, of the old answer if that has one
    file: str
    order: str  # as Type/id; empty: none in particular
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
    orders: int  # with a card, a failed answer or a change in one of the versions
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
        told = 0
        for reference in _orders_of(before, after):
            old_answer, new_answer = _said(before, reference), _said(after, reference)
            change = _compare(request.file, reference, old_answer, new_answer)
            changes += [change] if change else []
            told += bool(change) or any(one.has_card or one.failed for one in (old_answer, new_answer))
        orders += told
        without_card += not told
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
        answers = [_answers_of(request.body, hook, version, now) for version in versions]
    except CdsError as error:
        raise _Unreadable(error.text) from error
    if all(isinstance(answer, Exception) for answer in answers):
        raise _Unreadable(f"No version can answer it ({type(answers[0]).__name__}).")
    return [{"": Answer(failed=True)} if isinstance(one, Exception) else one for one in answers]


def _answers_of(
    body: Mapping[str, Any], hook: str, guideline: Guideline, now: datetime
) -> dict[str, Answer] | Exception:
    """The answer by order; one for no order in particular where nothing of the record could be read.

    A fault of ours is an answer, too: it must not end the replay of thousands, or pass for another exit.
    """
    request = read_hook_request(body, hook, guideline.prefetch)
    try:
        answer = answer_hook(request, now=now, guideline=guideline, new_uuid=lambda: _NO_UUID)
    except NothingReadable:
        return {"": Answer(failed=True)}
    except CdsError:
        raise
    except Exception as error:  # its message may hold what a record says, so that only its kind is told
        return error
    return _by_order(answer)


def _by_order(answer: HookAnswer) -> dict[str, Answer]:
    parts = _parts_by_order(answer.response)
    answers: dict[str, Answer] = {}
    for decision in answer.decisions:
        known = answers.get(decision.order.reference, Answer())
        answers[decision.order.reference] = Answer(
            tuple(dict.fromkeys((*known.outcomes, decision.outcome.value))),
            tuple(dict.fromkeys((*known.recommendations, *decision.recommendations))),
            parts=parts.get(decision.order.reference, {}),
        )
    return answers


def _parts_by_order(response: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The texts of every card that names the order; a card about the scanner names its orders, too."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    beside = _as_text({name: value for name, value in response.items() if name != "cards"})
    for card in response["cards"]:
        for name, described in card["extension"].items():
            texts = _parts(card, "" if name == DECISION_EXTENSION else "safety card: ")
            for order in described["orders"]:
                own = found[order]
                for part, text in texts.items():
                    own[part] = own.get(part, "") + text
                own["system actions"] = beside
    return found


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
    return answers.get(order) or answers.get("") or Answer()


def _compare(file: str, order: str, before: Answer, after: Answer) -> Change | None:
    names = dict.fromkeys((*before.parts, *after.parts))
    parts = tuple(name for name in names if before.parts.get(name) != after.parts.get(name))
    if str(before) == str(after) and not parts:
        return None
    return Change(
        recommendation=next(iter((*before.recommendations, *after.recommendations)), NO_RECOMMENDATION),
        file=file,
        order=order if not order or _REFERENCE.fullmatch(order) else NO_ID,
        before=str(before),
        after=str(after),
        parts=parts,
        emergency_lost=after.emergency < before.emergency,
    )


def _name_of(guideline: Guideline) -> str:
    return f"{guideline.id} {guideline.version} {guideline.digest[:_DIGEST_SHOWN]}"
