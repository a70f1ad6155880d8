"""The guideline as it is shipped, loaded once for every test that only reads it."""

from functools import cache
from pathlib import Path

from cds_service.guideline.content import Guideline, load_guideline

CARDS = Path(__file__).parents[1] / "cards" / "lumbar-mri"


@cache
def shipped_guideline() -> Guideline:
    """The same value for all: it is frozen, and a test that needs another replaces what it changes."""
    return load_guideline(CARDS)
