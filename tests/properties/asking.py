"""Asks the guideline in one process and keeps what a property compares: the decisions, spoken or not."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from cds_service.answer import answer_hook
from cds_service.app import build_services
from cds_service.errors import NothingReadable
from cds_service.guideline.content import Guideline
from cds_service.protocol.request import HookRequest, read_hook_request
from cds_service.settings import Settings
from tests.vignettes.asking import numbered_uuids
from tests.vignettes.story import NOW

RANKS = {
    "emergency": 6,
    "urgent": 5,
    "indicated": 4,
    "possible": 3,
    "unclear": 3,
    "may-be-indicated": 2,
    "not-indicated": 1,
    "outside": 0,
}
RED_FLAGS = frozenset({"emergency", "urgent", "indicated"})
CLEARED = frozenset({"not-indicated", "may-be-indicated"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the guideline decided for each order, whether or not a card says so, and the cards."""

    outcomes: tuple[str, ...]
    recommendations: tuple[tuple[str, ...], ...]
    reasons: tuple[str, ...]
    silent: tuple[str, ...]
    cards: tuple[dict[str, Any], ...]

    @property
    def rank(self) -> int:
        """The highest rank among the decisions."""
        return max(RANKS[outcome] for outcome in self.outcomes)

    @property
    def decided(self) -> tuple[Any, ...]:
        """What an equivalent record must get as well; the words of the cards may quote the record."""
        indicators = tuple(card["indicator"] for card in self.cards)
        return self.outcomes, self.recommendations, self.reasons, self.silent, indicators


# The service answers 412 where it could read nothing and the order decides nothing: no more than unclear.
REFUSED = Answer(("unclear",), ((),), ("refused",), ("refused",), ())


def answer(request: Mapping[str, Any], now: datetime = NOW) -> Answer:
    """The answer of the service to this request, in the outcomes of its decisions and not only its cards.

    An order may be decided and yet get no card (hospice, a child at order-select),
    so ranks are read from the decisions that the log names.
    """
    return answer_read(read(request), now)


def read(request: Mapping[str, Any]) -> HookRequest:
    """The request as the protocol layer hands it on."""
    return read_hook_request(request, request["hook"], guideline().prefetch)


def answer_read(request: HookRequest, now: datetime = NOW) -> Answer:
    """The answer to a request that was read already."""
    try:
        answered = answer_hook(
            request,
            now=now,
            guideline=guideline(),
            new_uuid=numbered_uuids(),
        )
    except NothingReadable:
        return REFUSED
    log = answered.log
    return Answer(
        outcomes=tuple(log.get("outcomes", ())),
        recommendations=tuple(map(tuple, log.get("recommendations", ()))),
        reasons=tuple(log.get("reasons", ())),
        silent=tuple(log.get("silent", ())),
        cards=tuple(json.loads(json.dumps(answered.response, allow_nan=False))["cards"]),
    )


def without_uuids(value: Any) -> Any:
    """The same without the uuids of cards and suggestions, which are fresh in every answer."""
    match value:
        case dict():
            return {name: without_uuids(member) for name, member in value.items() if name != "uuid"}
        case list() | tuple():
            return [without_uuids(member) for member in value]
    return value


def without_reads(request: HookRequest, prefetch: Mapping[str, Any]) -> HookRequest:
    """The request with another prefetch in the place of its own."""
    return replace(request, prefetch=prefetch)


@cache
def guideline() -> Guideline:
    """The shipped guideline, loaded once."""
    return build_services(Settings()).guideline
