"""A scorecard as a page to read and print, and as the one page that a practice pins to the wall.

Both need nothing from elsewhere and run nothing: the policy names the one style sheet by its hash, and images
that stand in the page itself.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader

from cds_service.evaluation import scorecard_words
from cds_service.evaluation.poster import Poster
from cds_service.evaluation.scorecard import IGNORED_AFTER_DAYS, Scorecard, share_of
from cds_service.evaluation.scorecard_charts import chart_cards, chart_months, chart_ranking
from cds_service.evaluation.scorecard_counts import COMMENT_LENGTHS
from cds_service.evaluation.scorecard_period import month_words
from cds_service.evaluation.suppression import LEAST
from cds_service.guideline.words import Words

_MOST_IN_CHART = 8
_MOST_REASONS = 20


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML page, and the Content-Security-Policy that it needs."""

    html: str
    policy: str


def scorecard_page(card: Scorecard, words: Words, reasons: Mapping[str, str], *, served: bool) -> Page:
    """The page; where it is `served` it has the form to choose another period."""
    said = [(scorecard_words.reason_words(code, reasons), count) for code, count in card.reasons.items()]
    missing = [(scorecard_words.missing_words(code), count) for code, count in card.missing.items()]
    recommended = [one for one in card.cards if one.asking]
    return _page(
        "scorecard.html",
        served=served,
        card=card,
        reasons=reasons,
        words=words,
        reason_table=_reason_table(card, reasons),
        charts={
            "months": chart_months(card.months) if card.months else None,
            "cards": chart_cards(recommended) if recommended else None,
            "reasons": chart_ranking(said[:_MOST_IN_CHART], "Reasons for overriding") if said else None,
            "missing": chart_ranking(missing[:_MOST_IN_CHART], "Missing facts") if missing else None,
        },
    )


@dataclass(frozen=True, slots=True)
class _ReasonRow:
    words: str
    cards: tuple[int, ...]

    @property
    def all(self) -> int:
        return sum(self.cards)


@dataclass(frozen=True, slots=True)
class _ReasonTable:
    recommendations: tuple[str, ...]
    rows: tuple[_ReasonRow, ...]


def _reason_table(card: Scorecard, reasons: Mapping[str, str]) -> _ReasonTable:
    """A row a reason, the most frequent first, and a column a recommendation; rare ones share a row."""
    recommendations = tuple(dict.fromkeys(one.recommendation for one in card.overrides))
    numbers = {(one.reason, one.recommendation): one.cards for one in card.overrides}
    rows = [
        _ReasonRow(
            scorecard_words.reason_words(reason, reasons),
            tuple(numbers.get((reason, code), 0) for code in recommendations),
        )
        for reason in card.reasons
    ]
    listed, rare = rows[:_MOST_REASONS], rows[_MOST_REASONS:]
    if rare:
        sums = tuple(sum(column) for column in zip(*(row.cards for row in rare), strict=True))
        listed.append(_ReasonRow(f"{len(rare)} other reasons", sums))
    return _ReasonTable(recommendations, tuple(listed))


def poster_page(poster: Poster) -> Page:
    """The poster: one sheet of A4."""
    return _page("poster.html", poster=poster, chart=chart_months(poster.months) if poster.months else None)


def _page(template: str, *, served: bool = False, **values: Any) -> Page:
    style = _environment().get_template("scorecard.css").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'self'"
    )
    html = _environment().get_template(template).render(
        style=style, policy=policy, served=served, **values
    )  # fmt: skip
    return Page(html, f"{policy}; frame-ancestors 'none'")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cds_service", "evaluation/templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=_percent, duration=_duration, day=_day, month=month_words, number=_number
    )
    environment.globals.update(
        said=scorecard_words,
        share_of=share_of,
        ignored_after=IGNORED_AFTER_DAYS,
        least=LEAST,
        comment_lengths=COMMENT_LENGTHS,
    )
    return environment


def _number(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.0f} %"


def _day(value: Any) -> str:
    return f"{value.day} {value:%B %Y}"


def _duration(seconds: int | None) -> str:
    """A time as one would say it: `50 seconds`, `3 minutes`."""
    if seconds is None:
        return "–"
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size * 2:
            return f"{seconds / size:.0f} {name}s"
    return f"{seconds} seconds" if seconds != 1 else "1 second"
