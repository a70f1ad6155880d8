"""A scorecard as JSON and as CSV; what is hidden is hidden in both."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from cds_service.evaluation.scorecard import IGNORED_AFTER_DAYS, Scorecard, UrgentFigures
from cds_service.evaluation.scorecard_words import (
    OUTCOMES,
    missing_words,
    not_recorded_words,
    reason_words,
    recommendation_words,
    silent_words,
)
from cds_service.evaluation.suppression import LEAST
from cds_service.guideline.words import Words

_HEADS = ("table", "name", "detail", "words", "figure", "value")
_HIDDEN = "hidden"
# A cell that begins so would be a formula in a spreadsheet.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_Row = tuple[str, str, str, str, str, object]


def scorecard_json(card: Scorecard) -> dict[str, Any]:
    """Every figure, ready for JSON; null: hidden, or of nothing."""
    return {
        "from": card.period.first.isoformat(),
        "to": card.period.last.isoformat(),
        "countedAt": card.counted_at.isoformat(timespec="seconds"),
        "ignoredAfterDays": IGNORED_AFTER_DAYS,
        "hiddenBelow": LEAST,
        "orders": {
            "all": card.orders,
            "notIndicated": card.not_indicated,
            "byOutcome": dict(card.outcomes),
            "withoutCard": dict(card.silent),
            "byMonth": [
                {"month": one.month, "orders": one.orders, "notIndicated": one.not_indicated}
                for one in card.months
            ],
        },
        "cards": [
            {
                "recommendation": one.code,
                "fired": one.fired,
                "accepted": one.accepted,
                "overridden": one.overridden,
                "ignored": one.ignored,
                "pending": one.pending,
                "confirming": one.confirming,
            }
            for one in card.cards
        ],
        "overrides": [asdict(one) for one in card.overrides],
        "urgentOrders": {outcome: _urgent_json(figures) for outcome, figures in card.urgent.items()},
        "undecided": {
            "orders": card.undecided,
            "byMissing": dict(card.missing),
            "notRecorded": dict(card.not_recorded),
            "unread": dict(card.unread),
        },
        "secondsFromCardToOutcome": {
            "cards": card.times.cards,
            "median": card.times.median,
            "ninetyPercent": card.times.ninety_percent,
            "beforeTheCard": card.times.before_card,
        },
        "comments": {
            "byLength": dict(card.comment_lengths),
            "ofOtherReasons": card.other_comments,
            "texts": [asdict(one) for one in card.comments],
        },
        "unmatchedReports": card.unmatched,
        "groups": {
            "months": list(card.group_months),
            **{
                table.kind: {
                    "hiddenGroups": table.hidden_groups,
                    "groups": [
                        {
                            "client": line.client,
                            "name": line.name,
                            "orders": line.orders,
                            "notIndicated": line.not_indicated,
                            "cards": line.cards,
                            "accepted": line.accepted,
                        }
                        for line in table.lines
                    ],
                }
                for table in card.groups
            },
        },
    }


def scorecard_csv(card: Scorecard, words: Words, reasons: Mapping[str, str]) -> str:
    """A line a figure, so that every table fits in one file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADS)
    writer.writerows([_as_text(cell) for cell in row] for row in _rows(card, words, reasons))
    return text.getvalue()


def _urgent_json(figures: UrgentFigures) -> dict[str, int]:
    return {
        "orders": figures.orders,
        "rightFromTheStart": figures.right,
        "notUrgentEnough": figures.lacking,
        "thenAccepted": figures.accepted,
        "thenChanged": figures.changed,
        "leftSo": figures.left,
    }


def _as_text(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _rows(card: Scorecard, words: Words, reasons: Mapping[str, str]) -> Iterator[_Row]:
    first, last = card.period.first.isoformat(), card.period.last.isoformat()
    yield "period", first, last, "", "counted at", card.counted_at.isoformat(timespec="seconds")
    for outcome, count in card.outcomes.items():
        yield "orders by outcome", outcome, "", OUTCOMES.get(outcome, outcome), "orders", count
    for month in card.months:
        yield "orders by month", month.month, "", "", "orders", month.orders
        yield "orders by month", month.month, "", "", "not indicated", month.not_indicated
    for reason, count in card.silent.items():
        yield "orders without a card", reason, "", silent_words(reason), "orders", count
    for one in card.cards:
        for figure in ("fired", "accepted", "overridden", "ignored", "pending", "confirming"):
            yield "cards", one.code, "", recommendation_words(one.code), figure, getattr(one, figure)
    for override in card.overrides:
        said = reason_words(override.reason, reasons)
        yield "overridden", override.recommendation, override.reason, said, "cards", override.cards
    for outcome, figures in card.urgent.items():
        for figure, value in _urgent_json(figures).items():
            yield "urgent orders", outcome, "", OUTCOMES[outcome], figure, value
    for code, count in card.missing.items():
        yield "undecided", code, "", missing_words(code), "orders", count
    for key, count in card.not_recorded.items():
        yield "undecided: not recorded", key, "", not_recorded_words(key, words), "orders", count
    for kind, count in card.unread.items():
        yield "undecided: not read", kind, "", "", "orders", count
    yield "seconds from card to outcome", "cards", "", "", "cards", card.times.cards
    yield "seconds from card to outcome", "before the card", "", "", "cards", card.times.before_card
    yield "seconds from card to outcome", "median", "", "", "seconds", card.times.median
    yield "seconds from card to outcome", "90 percent", "", "", "seconds", card.times.ninety_percent
    for length, count in card.comment_lengths.items():
        yield "comments", length, "", "characters at most", "cards", count
    yield "comments", "other or no reason", "", "", "cards", card.other_comments
    for comment in card.comments:
        yield "comment", comment.recommendation, comment.reason, comment.day, "text", comment.text
    yield "feedback", "unmatched", "", "", "reports", card.unmatched
    yield from _group_rows(card)


def _group_rows(card: Scorecard) -> Iterator[_Row]:
    for table in card.groups:
        for line in table.lines:
            for figure, value in (
                ("orders", line.orders),
                ("not indicated", line.not_indicated),
                ("cards", line.cards),
                ("accepted", line.accepted),
            ):
                yield table.kind, line.client, line.name, "", figure, _HIDDEN if value is None else value
        yield table.kind, "", "", "", "hidden groups", table.hidden_groups
