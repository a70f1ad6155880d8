"""What an answer advises, apart from what is fresh in every answer."""

import json
import re
from typing import Any

from tests.conformance.service import Answer

DECISION = "org.lumbar-mri-cds.decision"

_FRESH = re.compile(r'"(uuid|evaluatedAt|authoredOn)": "[^"]*"')


def advice(answer: Answer) -> str:
    """The cards as text without uuids and moments, so that two answers can be compared."""
    return _FRESH.sub("", json.dumps(answer.cards, sort_keys=True))


def decision(card: dict[str, Any]) -> dict[str, Any]:
    """The decision that a card carries."""
    carried: dict[str, Any] = card["extension"][DECISION]
    return carried


def outcomes(answer: Answer) -> list[str]:
    """The outcome of every guideline card, in order."""
    return [decision(card)["outcome"] for card in answer.cards if DECISION in card.get("extension", {})]


def uuids(answer: Answer) -> list[str]:
    """Every uuid of an answer."""
    return re.findall(r'"uuid":\s*"([^"]+)"', answer.text)


def actions(answer: Answer) -> list[dict[str, Any]]:
    """Every action of every suggestion."""
    return [action for card in answer.cards for action in actions_of(card)]


def actions_of(card: dict[str, Any]) -> list[dict[str, Any]]:
    """Every action of every suggestion of one card."""
    return [action for suggestion in card.get("suggestions", ()) for action in suggestion.get("actions", ())]
