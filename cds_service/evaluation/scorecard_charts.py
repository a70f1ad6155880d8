"""The charts of a scorecard as SVG, without scripts, for `<img>`: an image runs and loads nothing."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import fromstring, tostring  # nosec B405 # reads only what pygal drew

import pygal  # type: ignore[import-untyped]
from pygal.style import Style  # type: ignore[import-untyped]

from cds_service.evaluation.scorecard import CardFigures, Month
from cds_service.evaluation.scorecard_period import month_words

_LEFT_OUT = frozenset("{http://www.w3.org/2000/svg}" + name for name in ("script", "title", "desc"))
_BLUE, _ORANGE, _GREY, _PALE, _GREEN = "#2f6f9f", "#c2701c", "#8a949e", "#c3cbd3", "#2e7d5b"
# Readable on white and on black: the page may be either, and paper is white.
_DARK = """
@media (prefers-color-scheme: dark) {
  text, .title { fill: #e4e8ec !important; }
  .guides .guide.line, .axis .line, .axis .guide.line { stroke: #3c4650 !important; }
}
"""
_LONGEST_LABEL = {True: 52, False: 26}
_MOST_WRITTEN = 13


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as addresses of images, for wide and for narrow windows, and what it shows in words."""

    wide: str
    narrow: str
    alt: str


def chart_months(months: Sequence[Month]) -> Chart:
    """The share of orders that were not indicated, month by month."""

    def draw(wide: bool) -> str:
        top = _top_percent(max((one.share or 0 for one in months), default=0))
        chart = pygal.Bar(
            **_options(wide, 290, [_BLUE]),
            show_legend=False,
            range=(0, top / 100),
            value_formatter=lambda value: f"{value:.0%}",
            print_values=wide and len(months) <= _MOST_WRITTEN,
            print_values_position="center",
            x_label_rotation=0 if wide and len(months) <= _MOST_WRITTEN else 60,
        )
        chart.x_labels = [month_words(one.month) for one in months]
        chart.y_labels = [percent / 100 for percent in range(0, top + 1, 20 if top > 50 else 10)]
        chart.add("Not indicated", [one.share for one in months])
        return _address(chart)

    alt = "Share of orders not indicated, month by month; the table has the figures."
    return Chart(draw(True), draw(False), alt)


def chart_cards(cards: Sequence[CardFigures]) -> Chart:
    """What became of the cards of each recommendation."""

    def draw(wide: bool) -> str:
        chart = pygal.HorizontalStackedBar(
            **_options(wide, 110 + 34 * len(cards), [_GREEN, _ORANGE, _GREY, _PALE]),
            legend_at_bottom=True,
            legend_at_bottom_columns=4 if wide else 2,
            legend_box_size=12,
        )
        chart.x_labels = [one.code for one in reversed(cards)]
        for name in ("accepted", "overridden", "ignored", "pending"):
            chart.add(name.capitalize(), [getattr(one, name) for one in reversed(cards)])
        return _address(chart)

    return Chart(draw(True), draw(False), "Cards by recommendation and result; the table has the figures.")


def chart_ranking(rows: Sequence[tuple[str, int]], what: str) -> Chart:
    """Counts by their names, the most frequent at the top."""

    def draw(wide: bool) -> str:
        chart = pygal.HorizontalBar(
            **_options(wide, 60 + 30 * len(rows), [_BLUE]),
            show_legend=False,
            truncate_label=_LONGEST_LABEL[wide] + 10,
        )
        # A number inside a short bar could not be read.
        chart.x_labels = [
            f"{_shortened(name, _LONGEST_LABEL[wide])}  {count:,}" for name, count in reversed(rows)
        ]
        chart.add("", [count for _, count in reversed(rows)])
        return _address(chart)

    return Chart(draw(True), draw(False), f"{what}; the table has the figures.")


def _options(wide: bool, height: int, colors: Sequence[str]) -> dict[str, object]:
    font = 13
    return {
        "width": 860 if wide else 420,
        "height": height,
        "margin": 6,
        "explicit_size": True,
        "js": (),
        "css": ["file://style.css", "file://graph.css", f"inline:{_DARK}"],
        "no_prefix": True,
        "spacing": 8,
        "show_y_guides": True,
        "max_scale": 8 if wide else 5,
        "style": Style(
            background="transparent",
            plot_background="transparent",
            foreground="#1c2126",
            foreground_strong="#1c2126",
            foreground_subtle="#57606a",
            guide_stroke_color="#d3d9df",
            major_guide_stroke_color="#d3d9df",
            opacity="1",
            opacity_hover="1",
            transition="none",
            colors=tuple(colors),
            value_colors=("#ffffff",) * len(colors),
            font_family="system-ui, sans-serif",
            label_font_size=font,
            major_label_font_size=font,
            value_font_size=font,
            value_label_font_size=font,
            legend_font_size=font,
            no_data_font_size=font,
        ),
    }


def _address(chart: pygal.graph.graph.Graph) -> str:
    """The drawing as an address; what pygal adds for scripts and for pointers is left out."""
    # Through its text, because pygal draws with lxml where that happens to be installed.
    text = chart.render(is_unicode=True).partition("?>")[2]
    root = fromstring(text)  # noqa: S314 # nosec B314 # our own drawing
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in _LEFT_OUT:
                parent.remove(child)
    return f"data:image/svg+xml;base64,{base64.b64encode(tostring(root)).decode()}"


def _top_percent(share: float) -> int:
    """The next ten percent above the share, so that the axis ends with a line."""
    return min(100, int(share * 10) * 10 + 10)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
