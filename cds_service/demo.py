"""The demonstration: a real service, a real call over HTTP, and the card as an EHR would show it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

import click
from rich.console import Console, Group, RenderableType
from rich.markdown import Markdown
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from cds_service.app import read_clock
from cds_service.example import example_request
from cds_service.local_service import ServiceDidNotStart, loopback_session, running_service
from cds_service.protocol.discovery import HOOK_SERVICES
from cds_service.settings import environment_with

_WIDTH_COLUMNS = 80
_CALL_TIMEOUT_SECONDS = 10
_COLOURS = {"info": "blue", "warning": "yellow", "critical": "red"}


def run_demo() -> None:
    """Serve on a free loopback port, post the example request, and draw the answer at 80 columns."""
    console = Console(width=_WIDTH_COLUMNS, highlight=False)
    body = example_request(read_clock())
    service = next(service for service in HOOK_SERVICES if service.hook == body["hook"])
    with _service() as base_url:
        url = f"{base_url}/cds-services/{service.id}"
        console.print(Text(f"POST {url}", style="dim"))
        answer = loopback_session().post(url, json=body, timeout=_CALL_TIMEOUT_SECONDS)
    console.print(
        Text(f"{answer.status_code} in {answer.elapsed.total_seconds() * 1000:.0f} ms", style="dim")
    )
    console.print()
    answer.raise_for_status()
    show_cards(console, answer.json())


def show_cards(console: Console, answer: dict[str, Any]) -> None:
    """Print each card as a panel with its words and buttons, and its links below; a line where there is none.

    A link is never wrapped: it stands on a line of its own, outside the panel, so that it can be copied.
    """
    if not answer["cards"]:
        console.print("No card: the service has nothing to say.")
    for card in answer["cards"]:
        console.print(_draw_card(card))
        for link in card.get("links", ()):
            console.print(Text(link["label"], style="underline"))
            console.print(Text(link["url"], style=f"link {link['url']}"), soft_wrap=True)
        console.print()


@contextmanager
def _service() -> Iterator[str]:
    try:
        # A demonstration leaves no file behind.
        with TemporaryDirectory() as folder:
            environment = environment_with(database_url=f"sqlite:///{folder}/demo.db")
            with running_service("--workers", "1", environment=environment) as base_url:
                yield base_url
    except ServiceDidNotStart as error:
        raise click.ClickException(str(error)) from None


def _draw_card(card: dict[str, Any]) -> Panel:
    colour = _COLOURS[card["indicator"]]
    parts: list[RenderableType] = [Text(card["summary"], style="bold")]
    if "detail" in card:
        parts += [Text(), Markdown(card["detail"])]
    for number, suggestion in enumerate(card.get("suggestions", ()), start=1):
        parts += [Text()] if number == 1 else []
        parts += _draw_suggestion(number, suggestion, colour)
    if "overrideReasons" in card:
        reasons = " · ".join(reason["display"] for reason in card["overrideReasons"])
        parts += [Text(), Text.assemble(("Dismiss, because: ", "bold"), reasons)]
    return Panel(
        Group(*parts),
        title=Text(card["indicator"].upper(), style=f"bold {colour}"),
        subtitle=Text(card["source"]["label"], style="dim"),
        border_style=colour,
        padding=(1, 2),
    )


def _draw_suggestion(number: int, suggestion: dict[str, Any], colour: str) -> Iterator[RenderableType]:
    """A numbered button, and under it what it would do."""
    recommended = "  (recommended)" if suggestion.get("isRecommended") else ""
    yield Text.assemble((f" [{number}] {suggestion['label']} ", f"bold reverse {colour}"), recommended)
    for action in suggestion.get("actions", ()):
        yield _indented(Text(f"- {action['description']}", style="dim"), 5)


def _indented(text: Text, columns: int) -> Padding:
    """A text whose every line, wrapped ones too, begins so many columns to the right."""
    return Padding(text, (0, 0, 0, columns))
