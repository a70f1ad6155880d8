"""The answer as a client of CDS Hooks 1.0 or 1.1 reads it.

What such a client does not know and ignores stays: uuids, override reasons, topics, recommendations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def as_version_1(response: Mapping[str, Any]) -> dict[str, Any]:
    """The response with the members that the older versions write in another way."""
    return {**response, "cards": [_card(card) for card in response["cards"]]}


def _card(card: Mapping[str, Any]) -> dict[str, Any]:
    if "suggestions" not in card:
        return dict(card)
    suggestions = [
        {**choice, "actions": [_action(action) for action in choice["actions"]]}
        for choice in card["suggestions"]
    ]
    # The only value of 1.0, where any other makes the whole card an error (CARD-6).
    return {**card, "suggestions": suggestions, "selectionBehavior": "at-most-one"}


def _action(action: Mapping[str, Any]) -> dict[str, Any]:
    """A removal names the order in `resource`; `resourceId` came with 2.0 (ACT-5)."""
    return {("resource" if name == "resourceId" else name): value for name, value in action.items()}
