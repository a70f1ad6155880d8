"""What several commands take: settings, a folder, a moment, and the words for content that is broken."""

from __future__ import annotations

from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError
from pydantic_settings import SettingsError

from cds_service.access.client_file import ClientsError
from cds_service.app import Services, build_services
from cds_service.guideline.content import ContentError, Guideline, load_guideline
from cds_service.settings import ENV_PREFIX, Settings
from cds_service.store import BadDatabaseUrl

_EXIT_BROKEN_CONTENT = 1
_FIRST_YEAR, _LAST_YEAR = 1970, 2199  # windows reach a hundred years back, and a calendar has to hold them
EXISTING_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)

now_option = click.option(
    "--now", metavar="ISO", help="Answer as at this moment, such as 2026-06-15T10:00+08:00."
)


def read_moment(text: str, zone: tzinfo) -> datetime:
    """The moment that was typed; without an offset it is in the guideline's time zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("not an ISO 8601 date and time", param_hint="--now") from None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise click.BadParameter(f"a year from {_FIRST_YEAR} to {_LAST_YEAR}", param_hint="--now")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def load_content(folder: Path, option: str, exit_status: int, site: Path | None = None) -> Guideline:
    """The content of the folder that an option names, under the site's overlay where one is given.

    Prints what is wrong with it, and ends so.
    """
    try:
        return load_guideline(folder, site)
    except ContentError as error:
        tell_broken(f"The content of {option}", error)
        raise SystemExit(exit_status) from None


def tell_broken(what: str, error: ContentError | ClientsError) -> None:
    """Prints every problem, a line each, to standard error."""
    click.echo(f"{what} is broken.\n{error}", err=True)


def read_settings(**overrides: Any) -> Settings:
    """The settings of the environment, under what was typed as options; prints each fault, and ends so."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        faults = [(str(fault["loc"][0]), fault["msg"]) for fault in error.errors()]
        said = [
            f"{f'--{name}' if name in overrides else ENV_PREFIX + name.upper()}: {what}"
            for name, what in faults
        ]
        raise click.UsageError("; ".join(said)) from None
    except SettingsError as error:  # a file of a secret that this user may not read; names the field alone
        raise click.UsageError(f"{ENV_PREFIX}SECRETS_FOLDER: {error}") from None


def load_services(settings: Settings) -> Services:
    """The services as the settings want them; prints what is broken, and ends so."""
    try:
        return build_services(settings)
    except ContentError as error:
        tell_broken("The guideline's content", error)
        raise SystemExit(_EXIT_BROKEN_CONTENT) from None
    except ClientsError as error:
        tell_broken("The file of clients", error)
        raise SystemExit(_EXIT_BROKEN_CONTENT) from None
    except BadDatabaseUrl as error:
        raise click.ClickException(f"{error}.") from None
