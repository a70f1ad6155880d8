"""The command line: `lumbar-mri-cds`, also `python -m cds_service`."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any, BinaryIO, Literal

import click

from cds_service import __version__
from cds_service.access.client_file import PROFILES, shipped_profiles
from cds_service.access.clients import PLAIN_CLIENT, ClientProfile
from cds_service.app import Services, configure_logging, create_app, read_clock
from cds_service.command_options import load_services, now_option, read_moment, read_settings
from cds_service.content_commands import check, replay
from cds_service.errors import CdsError, UnreadableBody
from cds_service.example import example_request
from cds_service.protocol.discovery import HOOK_SERVICES, service_of
from cds_service.scorecard_command import scorecard
from cds_service.settings import ENV_PREFIX, Settings, settings_table
from cds_service.start_check import UnsafeStart, check_start
from cds_service.store import BadDatabaseUrl
from cds_service.store_commands import backup, restore
from cds_service.tracing import TracingNotInstalled
from cds_service.web.body import parse_json_object
from cds_service.web.hooks_api import answer_call
from cds_service.why_command import why
from cds_service.wiring import keep_in_database

_EXIT_BROKEN_CONTENT = 1
_EXIT_BAD_REQUEST = 2
_EXIT_NOTHING_READABLE = 3


def _setting_help(name: str) -> str:
    """The words, variable and default of a setting, for the option that wins over it."""
    setting = Settings.model_fields[name]
    return f"{setting.description}  [{ENV_PREFIX}{name.upper()}, default {setting.default}]"


@click.group()
@click.version_option(__version__)
def main() -> None:
    """Decision support for lumbar spine MRI orders, as a CDS Hooks service."""


@main.command()
@click.option("--host", help=_setting_help("host"))
@click.option("--port", type=int, help=_setting_help("port"))
@click.option("--workers", type=int, help=_setting_help("workers"))
@click.option("--threads", type=int, help=_setting_help("threads"))
def serve(**options: Any) -> None:
    """Serve the hooks with gunicorn. The command `settings` lists what else can be set."""
    # Imported here because gunicorn runs on Unix alone, and the other commands run anywhere.
    from cds_service.web.observed import observed
    from cds_service.web.server import CannotListen, check_address, run_server

    settings = read_settings(**{name: value for name, value in options.items() if value is not None})
    services = load_services(settings)
    try:
        check_start(settings, services.clients)
        check_address(settings)
    except (UnsafeStart, CannotListen) as error:
        raise click.ClickException(f"The service cannot start: {error}.") from None
    configure_logging(settings.log_level)
    try:
        app = create_app(services=keep_in_database(observed(services)))
    except (BadDatabaseUrl, TracingNotInstalled) as error:
        raise click.ClickException(f"{error}.") from None
    run_server(app, settings, announce=lambda: _print_addresses(settings))


@main.command()
@click.argument("request_file", metavar="REQUEST.json", type=click.File("rb"))
@now_option
@click.option("--client", "name", metavar="NAME", help="Answer as this client of CDS_CLIENTS would get it.")
def card(request_file: BinaryIO, now: str | None, name: str | None) -> None:
    """Print the answer to one hook request; `-` reads standard input.

    Exit status: 0 with a response, 2 where HTTP would answer 400, 3 where it would answer 412.
    """
    services = load_services(read_settings())
    if now is not None:
        moment = read_moment(now, services.guideline.zone)
        services = dataclasses.replace(services, clock=lambda: moment)
    try:
        body = parse_json_object(request_file.read())
        answer = answer_call(body, service_of(body), services, _client_named(name, services))
    except RecursionError:
        _exit_with(UnreadableBody("The body nests too deep."))
    except CdsError as error:
        _exit_with(error)
    else:
        click.echo(_as_text(answer.response))


@main.command()
def demo() -> None:
    """Start a service, post an example request to it, and show the card as an EHR would."""
    # Imported here because it draws with libraries that no other command needs.
    from cds_service.demo import run_demo

    run_demo()


@main.command()
def example() -> None:
    """Print an example hook request, its dates moved to today."""
    click.echo(_as_text(example_request(read_clock())))


@main.command()
@click.option("--all-codes", is_flag=True, help="On the one page, list every code of every value set.")
@click.option("--format", "form", type=click.Choice(["html", "md"]), help="Write documents.  [html]")
@click.option("--output", metavar="FOLDER", help="Where to write documents; - prints one page.  [review]")
def review(all_codes: bool, form: Literal["html", "md"] | None, output: str | None) -> None:
    """Print the guideline as one page to read, or write one document a recommendation to sign.

    Without --format and --output it prints the page, in Markdown.
    """
    # Imported here because no other command needs it.
    from cds_service.review import render_pack, render_review

    services = load_services(read_settings())
    if output == "-" or (form is None and output is None):
        click.echo(render_review(services.guideline, all_codes=all_codes))
        return
    folder, form = Path(output or "review"), form or "html"
    files = render_pack(services.guideline, services.clock(), form)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{folder}: {error.strerror}.") from None
    click.echo(f"{len(files)} documents in {folder}; begin with {folder / f'index.{form}'}.")


@main.command()
@click.option("--server", "url", required=True, metavar="URL", help="FHIR base of the terminology server.")
@click.option("--value-set", "names", multiple=True, metavar="NAME", help="Only this value set; repeatable.")
@click.option(
    "--output",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("expansion"),
    show_default=True,
    help="Folder for the table of differences.",
)
@click.option(
    "--write",
    "content",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Compare this content folder, such as cards/lumbar-mri, and add what it lacks.",
)
def expand(url: str, names: tuple[str, ...], output: Path, content: Path | None) -> None:
    """Ask a terminology server about the value sets, and write what differs for the terminologist.

    Retired and unknown codes, other displays, and what the SNOMED definitions of expansions.toml hold.
    Only codes are sent. Nothing is changed without --write, which adds codes and removes none.

    Exit status: 0 where all was answered, 1 where the server left something open.
    """
    # Imported here because no other command talks to a server.
    from cds_service.expand_command import run_expand

    run_expand(url, names, output, content, lambda: load_services(read_settings()).guideline)


@main.command()
@click.argument("name", required=False, type=click.Choice(shipped_profiles()))
def clients(name: str | None) -> None:
    """Print a shipped file of client profiles, to copy; without NAME, list the clients that may call."""
    if name:
        click.echo((PROFILES / f"{name}.toml").read_text(encoding="utf-8"), nl=False)
        return
    for client in load_services(read_settings()).clients.client:
        click.echo(f"{client.name:<20} {client.issuer or 'open: no proof is asked for'}")
    click.echo(f"Shipped: {', '.join(shipped_profiles())}. {ENV_PREFIX}CLIENTS names one, or a file.")


@main.command("settings")
def print_settings() -> None:
    """Print every setting as a Markdown table: environment variable, default, meaning."""
    click.echo(render_settings_table())


for command in (backup, check, replay, restore, scorecard, why):
    main.add_command(command)


def render_settings_table() -> str:
    """The settings as the Markdown table that the documentation shows."""
    rows = [
        f"| `{name}` | {f'`{default}`' if default else ''} | {text} |"
        for name, default, text in settings_table()
    ]
    return "\n".join(["| Variable | Default | Meaning |", "| --- | --- | --- |", *rows])


def _client_named(name: str | None, services: Services) -> ClientProfile:
    """The client of that name; without one the open client, or one that wants nothing special."""
    if name is None:
        return services.clients.open or PLAIN_CLIENT
    found = next((one for one in services.clients.client if one.name == name), None)
    if found is None:
        raise click.BadParameter("no client of that name", param_hint="--client")
    return found


def _exit_with(error: CdsError) -> None:
    click.echo(_as_text(error.outcome()))
    raise SystemExit(_EXIT_NOTHING_READABLE if error.status == 412 else _EXIT_BAD_REQUEST)


def _as_text(payload: dict[str, Any]) -> str:
    return json.dumps(payload, indent=2, ensure_ascii=False, allow_nan=False)


def _print_addresses(settings: Settings) -> None:
    base_url = settings.base_url
    select, command = HOOK_SERVICES[0], _own_command()
    lines = [
        f"Discovery    {base_url}/cds-services",
        *(f"{service.hook:<12} {base_url}/cds-services/{service.id}" for service in HOOK_SERVICES),
        f"Health       {base_url}/healthz",
        "",
        "A first card, in another terminal in this folder:",
        f"  {command} example |",
        f"    curl -s -H 'Content-Type: application/json' -d @- {base_url}/cds-services/{select.id}",
        "",
        "Ctrl-C stops the service.",
    ]
    click.echo("\n".join(lines))


def _own_command() -> str:
    """How this program was called, so that what is printed can be pasted."""
    called_as = Path(sys.argv[0])
    return "python -m cds_service" if called_as.suffix == ".py" else str(called_as)


if __name__ == "__main__":
    main(prog_name="lumbar-mri-cds")
