"""Which words one card uses: its file, its variant, and the values of its blanks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import lru_cache

from cds_service.guideline.content import Guideline, number_words
from cds_service.guideline.decision import Decision, Pathway
from cds_service.guideline.lumbar_mri.escaping import escape_markdown, plain_text
from cds_service.guideline.lumbar_mri.phrases import FEATURE_CHARACTERS, in_singular
from cds_service.guideline.lumbar_mri.wording import ENDORSED, find, unread_in_short
from cds_service.guideline.thresholds import Thresholds, as_weeks
from cds_service.guideline.words import Words


@dataclass(frozen=True, slots=True)
class CardWords:
    """The words of one card.

    `file` and `names` say where they stand: the names of variants, the most special first.
    `subject` is the file of the disease in question, which an endorsed order's card has besides its own.
    """

    words: Words
    file: str
    subject: str
    names: tuple[str, ...]
    subject_names: tuple[str, ...]
    fills: Mapping[str, str]  # of this decision, not escaped
    thresholds: Mapping[str, str]  # every number of the guideline; digits need no escape

    def plain(self, kind: str) -> str | None:
        """The section of this kind with its blanks filled as plain text; None where the file has none."""
        # A dollar sign of the record must not become a blank of ours.
        plain = {name: plain_text(v.replace("$", ""), FEATURE_CHARACTERS) for name, v in self.fills.items()}
        return self._find(kind, {**self.thresholds, **plain, "features": "$features"})

    def markdown(self, kind: str) -> str | None:
        """The section of this kind with its blanks escaped for Markdown; None where the file has none."""
        return self._find(kind, self.escaped)

    @property
    def escaped(self) -> dict[str, str]:
        """The values of the blanks, escaped for Markdown."""
        return {**self.thresholds, **{name: escape_markdown(v) for name, v in self.fills.items()}}

    def _find(self, kind: str, fills: Mapping[str, str]) -> str | None:
        found = find(self.words, self.file, kind, self.names, fills)
        return in_singular(found) if found else None


def words_for(decision: Decision, guideline: Guideline) -> CardWords:
    """The words of the card that this decision asks for."""
    subject, _, variant = decision.reason.partition(".")
    names = _names(variant, decision)
    device = any(line.own_card and line.kind == "unsafe" for line in decision.safety)
    return CardWords(
        words=guideline.words,
        file=ENDORSED if decision.endorsed else subject,
        subject=subject,
        names=(("device",) if device else ()) + (decision.outcome.value,) if decision.endorsed else names,
        subject_names=names,
        fills=_fills(decision, guideline),
        thresholds=threshold_fills(guideline),
    )


def name_of(pathway: Pathway, words: Words) -> str:
    """The pathway in plain words: "possible spinal infection"."""
    return words.say(pathway.value, "name") if words.has(pathway.value, "name") else pathway.value


def _names(variant: str, decision: Decision) -> tuple[str, ...]:
    outcome = decision.outcome.value
    named = tuple(dict.fromkeys(name for name in (variant, outcome) if name))
    if decision.pregnant:
        named = tuple(spoken for name in named for spoken in (f"{name}.pregnant", name))
    if decision.primary_care:
        return named
    return tuple(spoken for name in named for spoken in (f"{name}.hospital", name))


def _fills(decision: Decision, guideline: Guideline) -> dict[str, str]:
    fills = {"unread": unread_in_short(decision.unread, guideline.words), **decision.fills}
    if decision.leading:
        fills |= decision.leading.fills
    return fills


def threshold_fills(guideline: Guideline) -> Mapping[str, str]:
    """Every threshold by name, as it is read; days in weeks, too."""
    return _said(guideline.thresholds)


@lru_cache(maxsize=4)  # asked for by every card, and the same for all of them
def _said(thresholds: Thresholds) -> Mapping[str, str]:
    numbers = {field.name: getattr(thresholds, field.name) for field in fields(thresholds)}
    weeks = {as_weeks(name): round(Decimal(number) / 7, 1) for name, number in numbers.items()}
    return {name: number_words(number) for name, number in (numbers | weeks).items() if name}
