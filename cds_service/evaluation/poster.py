"""The monthly report of one page: few figures, plain words, and one thing to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cds_service.evaluation.scorecard import Month, Scorecard, UrgentFigures, share_of
from cds_service.evaluation.scorecard_counts import NO_REASON
from cds_service.evaluation.scorecard_words import REMEDIES, missing_words, reason_words

_MOST_REASONS = 3
# From these shares on, what the poster asks for concerns them.
_TOO_OFTEN = 0.2
_TOO_MANY_NOT_INDICATED = 0.1
# A share of fewer orders says little, and a sentence should not be made of it.
_FEWEST = 5
_OWN_RECORD = {
    "care-4-6-weeks": "Treatment was often given elsewhere: record it, and its weeks, before ordering.",
    "care-6-weeks": "Treatment was often given elsewhere: record it, and its weeks, before ordering.",
}
_RED_FLAG = "red-flag-"


@dataclass(frozen=True, slots=True)
class Poster:
    """What stands on the page; shares are None where there was nothing to count."""

    month: str
    counted_at: datetime
    orders: int
    not_indicated: int
    share: float | None
    share_before: float | None  # of the months before, twelve where there are so many
    months_before: int
    months: tuple[Month, ...]  # the last twelve and this one
    urgent: UrgentFigures
    reasons: tuple[tuple[str, int], ...]
    missing: tuple[tuple[str, int], ...]
    undecided: int
    to_do: str


def make_poster(month: Scorecard, year: Scorecard, reasons: Mapping[str, str]) -> Poster:
    """The poster of a month, beside the twelve months before, which are in `year` with it."""
    name = f"{month.period.first:%Y-%m}"
    given = {code: count for code, count in month.reasons.items() if code != NO_REASON}
    before = [one for one in year.months if one.month < name]
    return Poster(
        month=name,
        counted_at=month.counted_at,
        orders=month.orders,
        not_indicated=month.not_indicated,
        share=share_of(month.not_indicated, month.orders),
        share_before=share_of(sum(one.not_indicated for one in before), sum(one.orders for one in before)),
        months_before=len(before),
        months=year.months,
        urgent=month.all_urgent,
        reasons=tuple((reason_words(code, reasons), count) for code, count in given.items())[:_MOST_REASONS],
        missing=tuple(
            (missing_words(code), count) for code, count in list(month.missing.items())[:_MOST_REASONS]
        ),
        undecided=month.undecided,
        to_do=_what_to_do(month),
    )


def _what_to_do(month: Scorecard) -> str:
    """One sentence: a scan that comes too late harms most, then what a record lacks, then too many scans."""
    urgent = month.all_urgent
    if urgent.left and urgent.left / urgent.orders >= _TOO_OFTEN:
        return (
            "Order emergency and urgent scans as such: some were not, and stayed so although a card said it."
        )
    many = max(_FEWEST, _TOO_OFTEN * month.orders)
    mended = {code: count for code, count in month.missing.items() if code in REMEDIES}
    if sum(mended.values()) >= many:
        remedy = REMEDIES[next(iter(mended))]
        return f"Please {remedy}: without it the service cannot say whether a scan is indicated."
    reason = next((code for code in month.reasons if code != NO_REASON), "")
    if month.reasons.get(reason, 0) >= _FEWEST:
        if reason in _OWN_RECORD:
            return _OWN_RECORD[reason]
        if reason.startswith(_RED_FLAG):
            return (
                "Code red flags in the record: cards were overridden because a flag was known and not coded."
            )
    share = share_of(month.not_indicated, month.orders) or 0
    if share >= _TOO_MANY_NOT_INDICATED and month.not_indicated >= _FEWEST:
        return "Back pain without red flags: begin with 4 to 6 weeks of care, and scan only if it lasts."
    if share >= _TOO_MANY_NOT_INDICATED or urgent.left or month.undecided >= many:
        return "No one thing stands out: talk about the figures above."
    return "Keep it up: few orders were not indicated, and nothing stands out."
