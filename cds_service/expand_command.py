"""The command `expand` as a person sees it: what it prints, what it writes and how it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click

from cds_service.access.terminology_server import TerminologyServerError, open_server
from cds_service.command_options import load_content
from cds_service.expand import Report, add_codes, ask_server
from cds_service.guideline.content import ContentError, Guideline
from cds_service.knowledge.expansion import Change, additions, as_csv

TABLE = "differences.csv"
PACKAGE = Path(__file__).resolve().parent
_EXIT_BROKEN_CONTENT = 1
_EXIT_LEFT_OPEN = 1


def run_expand(
    url: str, names: tuple[str, ...], output: Path, content: Path | None, embedded: Callable[[], Guideline]
) -> None:
    """Ask, write the table, and add codes to `content` where given; SystemExit if a question stays open."""
    guideline = embedded() if content is None else _load(content)
    unknown = sorted(set(names) - guideline.terminology.value_sets.keys())
    if unknown:
        raise click.BadParameter(f"no value set is called {', '.join(unknown)}", param_hint="--value-set")
    try:
        server = open_server(url)
    except TerminologyServerError as error:
        raise click.BadParameter(str(error), param_hint="--server") from None
    report = ask_server(server, guideline, names or sorted(guideline.terminology.value_sets))
    output.mkdir(parents=True, exist_ok=True)
    (output / TABLE).write_text(as_csv(report.differences), encoding="utf-8")
    _print_report(report, output / TABLE)
    if content is not None:
        _add(content, report, guideline)
    if report.unanswered:
        raise SystemExit(_EXIT_LEFT_OPEN)


def _load(content: Path) -> Guideline:
    if PACKAGE in content.resolve().parents:
        raise click.BadParameter("the installed content is not changed; give a copy", param_hint="--write")
    return load_content(content, "--write", _EXIT_BROKEN_CONTENT)


def _print_report(report: Report, table: Path) -> None:
    click.echo(f"Asked: {len(report.asked)} questions.")
    counts = Counter(one.change for one in report.differences)
    for change in Change:
        click.echo(f"  {change.value:<24}{counts[change]:>6}")
    for line in report.unanswered:
        click.echo(f"Not answered: {line}", err=True)
    click.echo(f"Every difference stands in {table}.")


def _add(content: Path, report: Report, guideline: Guideline) -> None:
    rows = additions(report.differences, guideline)
    if not rows:
        click.echo("No code to add.")
        return
    try:
        changed = add_codes(content, rows)
    except ContentError as error:
        raise click.ClickException(f"Nothing was changed: the content would be broken. {error}") from None
    for file in changed:
        click.echo(f"Added {len(rows[file.stem])} codes to {file}.")
    click.echo("Read them, raise the version, and say in CHANGELOG.md who now gets a card.")
