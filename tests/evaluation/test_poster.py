"""The monthly report: what it says, and the one thing that it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from cds_service.evaluation.poster import make_poster
from cds_service.evaluation.scorecard import Scorecard, make_scorecard
from cds_service.evaluation.scorecard_counts import DayCount
from cds_service.evaluation.scorecard_page import poster_page
from cds_service.evaluation.scorecard_period import read_month

NOW = datetime(2026, 11, 2, tzinfo=UTC)
MONTHS = [("2025-11", "not-indicated", 20), ("2025-11", "urgent", 60), ("2026-10", "not-indicated", 99)]
REASONS = {
    "care-6-weeks": "Care completed elsewhere",
    "red-flag-cancer": "Red flag: cancer",
    "other": "Other",
}


def scorecard(*counts: tuple[str, str, str, int], months: Sequence[tuple[str, str, int]] = ()) -> Scorecard:
    return make_scorecard(
        read_month("2026-10"), NOW, [DayCount("", *count) for count in counts], months, (), ()
    )


def orders(**outcomes: int) -> list[tuple[str, str, str, int]]:
    return [("order", outcome.replace("_", "-"), "", number) for outcome, number in outcomes.items()]


CALM = orders(indicated=99, not_indicated=1)
LATE = [("urgent", "emergency", "left", 2), ("urgent", "emergency", "right", 8)]


@pytest.mark.parametrize(
    ("counts", "asks"),
    [
        (CALM, "Keep it up"),
        (orders(indicated=90, not_indicated=10), "begin with 4 to 6 weeks of care"),
        (orders(indicated=36, not_indicated=4), "No one thing stands out"),
        ([*CALM, *LATE], "Order emergency and urgent scans as such"),
        ([*CALM, LATE[0], ("urgent", "emergency", "right", 9)], "No one thing stands out"),
        ([*CALM, ("missing", "care-unknown", "", 20)], "Please record the treatment"),
        ([*CALM, ("missing", "care-unknown", "", 19)], "Keep it up"),
        ([*CALM, ("missing", "foreign", "", 30), ("missing", "care-unknown", "", 1)], "No one thing stands out"),
        ([*CALM, ("override", "R1", "care-6-weeks", 5)], "Treatment was often given elsewhere"),
        ([*CALM, ("override", "R1", "care-6-weeks", 4)], "Keep it up"),
        ([*CALM, ("override", "R1", "none", 50), ("override", "R1", "red-flag-cancer", 5)], "Code red flags"),
        ([*CALM, *LATE, ("missing", "care-unknown", "", 90)], "Order emergency and urgent scans as such"),
    ],
    ids=[
        "calm", "tenth-not-indicated", "too-few-to-tell", "fifth-left-late", "fewer-left-late", "fifth-undecided",
        "fewer-undecided", "another-gap", "care-elsewhere", "too-few-reasons", "no-reason-is-none", "late-harms-most",
    ],
)  # fmt: skip
def test_it_asks_for_one_thing(counts: list[tuple[str, str, str, int]], asks: str) -> None:
    poster = make_poster(scorecard(*counts), scorecard(), REASONS)
    assert asks in poster.to_do
    assert poster.to_do.count(".") == 1


def test_the_month_is_held_against_the_twelve_before_it() -> None:
    poster = make_poster(scorecard(*orders(not_indicated=1, indicated=3)), scorecard(months=MONTHS), REASONS)
    assert (poster.share, poster.share_before) == (0.25, 0.25)
    assert [one.month for one in poster.months] == ["2025-11", "2026-10"]
    assert "In the month before it was 25 %." in poster_page(poster).html


def test_it_has_the_three_most_frequent_reasons_and_facts() -> None:
    counts = [
        ("override", "R1", reason, n) for n, reason in enumerate(("other", "care-6-weeks", "a", "b"), 1)
    ]
    poster = make_poster(scorecard(*CALM, *counts, ("override", "R2", "other", 9)), scorecard(), REASONS)
    assert poster.reasons == (("Other", 10), ("b", 4), ("a", 3))


def test_without_orders_it_says_so() -> None:
    page = poster_page(make_poster(scorecard(), scorecard(), REASONS)).html
    assert "Nothing was ordered in this month." in page
    assert "For the next month" not in page


def test_it_names_no_client_site_or_practitioner() -> None:
    page = poster_page(make_poster(scorecard(*CALM), scorecard(months=MONTHS), REASONS)).html
    assert not [
        word for word in ("client", "site", "practitioner") if word in page.lower().partition("<main")[2]
    ]
