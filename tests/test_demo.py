"""The demonstration shows a card as an EHR would: all that can be read or pressed, in 80 columns."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from cds_service.__main__ import main
from cds_service.demo import show_cards

CARD: dict[str, Any] = {
    "summary": "MRI not indicated: low back pain 10 days, no red flag found (ACE R1, strong).",
    "indicator": "warning",
    "source": {"label": "ACE Clinical Guideline"},
    "detail": "**Why you see this**\n\n- Low back pain since 5 Jun\n\nStay *active*.",
    "suggestions": [
        {
            "label": "Remove MRI, start conservative care",
            "isRecommended": True,
            "actions": [{"type": "delete", "description": "Remove the MRI order"}],
        },
        {"label": "Keep MRI and record the reason"},
    ],
    "overrideReasons": [{"display": "Red flag present, not coded"}, {"display": "Patient preference"}],
    "links": [{"label": "The guideline", "url": "https://example.org/guideline", "type": "absolute"}],
}


def drawn(*cards: dict[str, Any], width: int = 80) -> str:
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        show_cards(console, {"cards": list(cards)})
    return capture.get()


@pytest.mark.parametrize(
    "part",
    [
        "WARNING",
        "MRI not indicated",
        "Why you see this",
        "Low back pain since 5 Jun",
        "[1] Remove MRI, start conservative care",
        "(recommended)",
        "Remove the MRI order",
        "[2] Keep MRI and record the reason",
        "Red flag present, not coded",
        "The guideline",
        "https://example.org/guideline",
        "ACE Clinical Guideline",
    ],
)
def test_every_part_of_a_card_is_shown(part: str) -> None:
    assert part in drawn(CARD)


def test_no_line_is_wider_than_80_columns() -> None:
    assert max(len(line) for line in drawn(CARD).splitlines()) <= 80


def test_a_long_link_is_one_line_that_can_be_copied() -> None:
    url = "https://www.ace-hta.gov.sg/" + "when-to-order-mri-for-low-back-pain/" * 4
    linked = CARD | {"links": [{"label": "The guideline", "url": url, "type": "absolute"}]}
    lines = drawn(linked).splitlines()
    assert lines[lines.index("The guideline") + 1] == url
    assert max(len(line) for line in lines if line != url) <= 80


def test_the_least_card_can_be_drawn() -> None:
    least = {"summary": "Seen.", "indicator": "info", "source": {"label": "ACE"}}
    assert "Seen." in drawn(least)


def test_no_card_is_said_in_words() -> None:
    assert "No card" in drawn()


def test_the_demo_serves_posts_and_shows_an_emergency() -> None:
    result = CliRunner().invoke(main, ["demo"])
    assert result.exit_code == 0
    assert "CRITICAL" in result.output
    assert "200 in" in result.output


def test_the_demo_leaves_no_database_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_DATABASE_URL", f"sqlite:///{tmp_path / 'own.sqlite3'}")
    assert CliRunner().invoke(main, ["demo"]).exit_code == 0
    assert list(tmp_path.iterdir()) == []
