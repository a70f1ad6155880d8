"""The commands for whoever owns content: `check` a folder, and `replay` two versions over requests."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from cds_service.app import GUIDELINE_FOLDER, cards_folder, read_clock
from cds_service.command_options import EXISTING_FOLDER, load_content, now_option, read_moment
from cds_service.content_check import CheckReport, check_folder
from cds_service.errors import CdsError
from cds_service.evaluation.replay import SavedRequest, replay_requests
from cds_service.evaluation.replay_report import report_json, report_lines
from cds_service.guideline.content import Folder
from cds_service.guideline.content_head import HEAD_FILE
from cds_service.guideline.site import SITE_FILE
from cds_service.icd_lists import installed_lists
from cds_service.web.body import parse_json_object, refuse_deep_nesting

_WIDTH_COLUMNS = 80
_DEEPEST = 200  # as deep as the setting json_depth_limit allows at most
_EXIT_PROBLEMS = 1
_EXIT_EMERGENCY_LOST = 1
_EXIT_UNUSABLE = 2


@click.command()
@click.option(
    "--site",
    metavar="FOLDER",
    type=EXISTING_FOLDER,
    help="Folder of a site's overlay, to be checked over the content.",
)
@click.argument("folder", required=False, type=EXISTING_FOLDER)
def check(folder: Path | None, site: Path | None) -> None:
    """Check the content of FOLDER, such as cards/lumbar-mri; without it, the content that is served.

    Prints file, line and what was expected for every problem.
    Exit status: 0 with nothing wrong, warnings or none; 1 with a problem: the service would not start;
    2 where FOLDER holds no guideline.
    """
    content: Folder = folder or cards_folder() / GUIDELINE_FOLDER
    _refuse_other_folders(content, HEAD_FILE, "FOLDER")
    if site is not None:
        _refuse_other_folders(site, SITE_FILE, "--site")
    report = check_folder(content, read_clock(), installed_lists(), site)
    for problem in report.problems:
        click.echo(_wrapped(str(problem)))
    for change in report.site_changes:
        click.echo(_wrapped(f"At this site: {change}"))
    for warning in report.warnings:
        click.echo(_wrapped(f"Warning: {warning}"))
    if report.problems:
        count = len(report.problems)
        click.echo(f"\n{count} problem{'s' * (count > 1)}: a service with this content does not start.")
        raise SystemExit(_EXIT_PROBLEMS)
    click.echo(_wrapped(_looked_at(report)))


@click.command()
@click.option("--old", required=True, metavar="FOLDER", type=EXISTING_FOLDER, help="The content as it is.")
@click.option(
    "--new", required=True, metavar="FOLDER", type=EXISTING_FOLDER, help="The content as it would be."
)
@click.option("--old-site", metavar="FOLDER", type=EXISTING_FOLDER, help="The overlay over --old.")
@click.option("--new-site", metavar="FOLDER", type=EXISTING_FOLDER, help="The overlay over --new.")
@now_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.argument("requests", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def replay(
    old: Path,
    new: Path,
    old_site: Path | None,
    new_site: Path | None,
    now: str | None,
    form: str,
    requests: tuple[Path, ...],
) -> None:
    """Show what a change of content would change, over saved hook requests.

    Give the same folder twice and --new-site to see what an overlay changes.

    REQUESTS are files, or folders of *.json files (of *.request.json files where there are any).
    The report names files and orders, and holds no text of a patient.

    Exit status: 1 where an emergency outcome is lost; 2 where a folder or a request cannot be used;
    else 0, whatever else changes.
    """
    before = load_content(old, "--old", _EXIT_UNUSABLE, old_site)
    after = load_content(new, "--new", _EXIT_UNUSABLE, new_site)
    moment = read_moment(now, before.zone) if now is not None else None
    files = list(_files(requests))
    if not files:
        raise click.UsageError("No request was found: a folder needs *.json files.")
    saved = (_saved(file, name) for file, name in files)  # one at a time: a folder may hold thousands
    found = replay_requests(saved, before, after, read_clock if moment is None else lambda: moment)
    if form == "json":
        click.echo(json.dumps(report_json(found), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(report_lines(found)))
    if found.lost_emergencies:
        raise SystemExit(_EXIT_EMERGENCY_LOST)
    if found.unreadable:
        raise SystemExit(_EXIT_UNUSABLE)


def _refuse_other_folders(folder: Folder, name: str, option: str) -> None:
    """One line for a folder that is none of ours, and not a problem for every file that it lacks."""
    if not folder.joinpath(name).is_file():
        raise click.BadParameter(f"a folder with {name}", param_hint=option)


def _files(paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Every file, and its name as it was given or within the folder that was given."""
    for path in paths:
        if path.is_dir():
            found = sorted(path.rglob("*.request.json")) or sorted(path.rglob("*.json"))
            yield from ((file, _printable(str(file.relative_to(path)))) for file in found)
        else:
            yield path, _printable(path.name)


def _printable(name: str) -> str:
    """The name without what would steer a terminal, or cannot be written at all."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _saved(file: Path, name: str) -> SavedRequest:
    try:
        body = parse_json_object(file.read_bytes())
        refuse_deep_nesting(body.get("context"), _DEEPEST)
    except OSError:
        return SavedRequest(name, None, "The file cannot be read.")
    except CdsError as error:
        return SavedRequest(name, None, error.text)
    return SavedRequest(name, body)


def _looked_at(report: CheckReport) -> str:
    counted = [f"{count:,} {name}" for name, count in report.counts.items()]
    return f"Nothing wrong in {', '.join(counted[:-1])} and {counted[-1]}."


def _wrapped(line: str) -> str:
    return textwrap.fill(
        line, _WIDTH_COLUMNS, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
