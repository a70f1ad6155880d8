"""Whose words a card borrows where its variant has none of its own, as the card itself looks them up."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.guideline.decision import Outcome
from cds_service.guideline.lumbar_mri.wording import HOSPITAL, SUMMARY_OF_PATTERN
from cds_service.guideline.words import Words

KINDS = {"summary": "Summary", "why": "Why", "do": "What to do"}
_DEFAULT = "default"


def borrowed_words(words: Words, file: str, kind: str, name: str) -> Iterator[str]:
    """A line that says where this part of the card has its words from; a second one for the hospital."""
    variant, _, where = name.partition(".")
    if variant == _DEFAULT:
        return
    if kind == "summary" and variant in SUMMARY_OF_PATTERN.get(file, ()):
        yield f"*{KINDS[kind]}: that of the pattern, which stands among the words that all cards share.*"
        return
    lender = _lender(words, file, kind, variant, where)
    if lender:
        yield f"*{KINDS[kind]}: as for {file}.{lender}.*"
    in_hospital = _lender(words, file, kind, variant, HOSPITAL)
    has_own = any(words.has(file, f"{part}.{variant}.{HOSPITAL}") for part in KINDS)
    if not where and not has_own and in_hospital not in (None, lender):
        yield f"*{KINDS[kind]}, in hospital: as for {file}.{in_hospital}.*"


def _lender(words: Words, file: str, kind: str, variant: str, where: str) -> str | None:
    """The name under which the words are found; None where the file has none."""
    names: tuple[str, ...] = (variant, _outcome_of(file, variant))
    if where:
        names = tuple(spoken for name in names for spoken in (f"{name}.{where}", name))
    return next((name for name in (*names, _DEFAULT) if words.has(file, f"{kind}.{name}")), None)


def _outcome_of(file: str, variant: str) -> str:
    """The outcome that a variant belongs to: by its own name, else by its file."""
    outcomes = {outcome.value for outcome in Outcome}
    own = variant.partition("-")[0]
    return next((name for name in (own, file) if name in outcomes), Outcome.UNCLEAR.value)
