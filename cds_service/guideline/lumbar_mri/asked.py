"""What was asked and denied, and what the checklist still asks, in the words of a card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from cds_service.guideline.decision import Decision, Denial
from cds_service.guideline.lumbar_mri.phrases import long_date
from cds_service.guideline.lumbar_mri.wording import SHARED, by_key
from cds_service.guideline.words import Words

_SHORTEST_RANGE = 3  # "items 1-3", yet "items 1, 2"


def denied_lines(decision: Decision, words: Words) -> Iterator[str]:
    """One line a day and kind: "Asked and denied on 15 Jun 2026: fever."; newest first."""
    newest_first = sorted(decision.denied, key=lambda denial: denial.when.last, reverse=True)
    ordered = sorted(newest_first, key=_section)
    for (section, date), denials in groupby(
        ordered, lambda denial: (_section(denial), long_date(denial.when))
    ):
        what = ", ".join(by_key(words, "denial", denial.key) for denial in denials)
        yield words.say(SHARED, section, {"date": date, "what": what})


def _section(denial: Denial) -> str:
    if not denial.fresh:
        return "denied.old"
    return "denied" if denial.asked else "denied.recorded"


def items_in_words(numbers: Sequence[int], words: Words) -> str:
    """ "item 10", "items 1, 2", "items 1-4, 9"."""
    spelled = ", ".join(
        words.say(SHARED, "items.range", {"first": str(run[0]), "last": str(run[-1])})
        if len(run) >= _SHORTEST_RANGE
        else ", ".join(map(str, run))
        for run in _runs(numbers)
    )
    return words.say(SHARED, "items.one" if len(numbers) == 1 else "items.several", {"numbers": spelled})


def _runs(numbers: Sequence[int]) -> Iterator[list[int]]:
    """The numbers in stretches without a gap."""
    placed = enumerate(sorted(numbers))
    for _, run in groupby(placed, lambda pair: pair[1] - pair[0]):
        yield [number for _, number in run]
