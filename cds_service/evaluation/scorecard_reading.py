"""A scorecard of what is kept in the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from cds_service.evaluation.scorecard import IGNORED_AFTER_DAYS, CommentText, Scorecard, make_scorecard
from cds_service.evaluation.scorecard_counts import NO_REASON, NO_RECOMMENDATION
from cds_service.evaluation.scorecard_groups import tabulate_groups
from cds_service.evaluation.scorecard_period import Period

if TYPE_CHECKING:
    from cds_service.store.scorecard_rows import Comment, ScorecardRows


def read_scorecard(rows: ScorecardRows, period: Period, now: datetime, zone: tzinfo) -> Scorecard:
    """The scorecard of the period, as far as it is counted; raises StoreUnavailable."""
    today = now.astimezone(zone).date()
    # Of a month that goes on, two readings differ by a few orders, and would tell whose they were.
    months = period.whole_months(today)
    counted = rows.read(period, today - timedelta(days=IGNORED_AFTER_DAYS), months)
    return make_scorecard(
        period,
        _moment(counted.counted_ms, zone),
        counted.totals,
        counted.months,
        months,
        tabulate_groups(counted.groups),
        tuple(_comment(comment, zone) for comment in counted.comments),
    )


def _comment(comment: Comment, zone: tzinfo) -> CommentText:
    return CommentText(
        f"{_moment(comment.received_ms, zone):%Y-%m-%d}",
        comment.recommendation or NO_RECOMMENDATION,
        comment.reason or NO_REASON,
        comment.text,
    )


def _moment(milliseconds: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone(zone)
