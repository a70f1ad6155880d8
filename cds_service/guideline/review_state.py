"""Whether the content is signed, and whether it should have been looked at again by now."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from cds_service.guideline.content_types import Guideline


class ReviewState(StrEnum):
    """A draft is signed by nobody; an expired guideline still answers, and everybody is told."""

    DRAFT = "draft"
    CURRENT = "current"
    EXPIRED = "expired"


def review_state(guideline: Guideline, today: date) -> ReviewState:
    """The state on a day; the day of the next review itself is still in time."""
    if guideline.status != "active":
        return ReviewState.DRAFT
    due = date.fromisoformat(guideline.approval.next_review)
    return ReviewState.EXPIRED if due < today else ReviewState.CURRENT


def review_warning(guideline: Guideline, today: date) -> str | None:
    """What operators are to know of an expired review; None where there is nothing to say."""
    if review_state(guideline, today) is not ReviewState.EXPIRED:
        return None
    return f"the review of the guideline was due on {guideline.approval.next_review}"
