"""Feedback as clients send it, and a look at what is stored of it."""

from __future__ import annotations

import uuid
from typing import Any

from tests.databases import GivenDatabase

CARD = "5e0b9c2a-6a53-4f3e-9f0e-0d9a4c1f2b11"
SUGGESTION = "0c9d6f7e-2f6c-4a77-8f0b-1f4f4d0f9a22"
TIME = "2026-01-15T09:30:00Z"
TIME_MS = 1_768_469_400_000


def new_card() -> str:
    return str(uuid.uuid4())


def overridden(card: str = CARD, **changes: Any) -> dict[str, Any]:
    return {"card": card, "outcome": "overridden", "outcomeTimestamp": TIME, **changes}


def accepted(card: str = CARD, **changes: Any) -> dict[str, Any]:
    return {**overridden(card), "outcome": "accepted", "acceptedSuggestions": [{"id": SUGGESTION}], **changes}


def stored(database: GivenDatabase, columns: str = "*") -> list[tuple[Any, ...]]:
    """These columns of every row of feedback, the oldest first where they are no counts."""
    order = "" if "count(" in columns else " ORDER BY id"
    return database.rows(f"SELECT {columns} FROM feedback{order}")  # noqa: S608
