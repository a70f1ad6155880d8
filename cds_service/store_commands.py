"""The commands for whoever runs the service: `backup` and `restore` of what it keeps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cds_service.command_options import read_settings

if TYPE_CHECKING:  # what copies takes most of a second to load
    from cds_service.store.sqlite_files import CopiedDatabase

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--force", is_flag=True, help="Replace FILE where it is there.")
def backup(file: Path, force: bool) -> None:
    """Copy the database of CDS_DATABASE_URL into FILE, while the service runs.

    The copy is checked, only its owner can read it, and it is whole or not there.
    This is for SQLite; a PostgreSQL server has pg_dump.
    """
    from cds_service.store.sqlite_files import NotCopied, back_up

    database = _sqlite_file("pg_dump")
    if file.exists() and not force:
        raise click.ClickException(f"{file} is there already; --force replaces it.")
    try:
        held = back_up(database, file)
    except NotCopied as error:
        raise click.ClickException(f"No backup was made: {error}.") from None
    click.echo(f"{file}: {_told(held)}.")


@click.command()
@click.argument("file", type=_FILE)
@click.option("--force", is_flag=True, help="Replace the database where it is there.")
def restore(file: Path, force: bool) -> None:
    """Put FILE, made by `backup`, in the place of the database of CDS_DATABASE_URL. Stop the service first.

    A broken file, one of a newer version and one of another program are refused, and so is a database
    that is in use. What stood in the database is lost.
    This is for SQLite; a PostgreSQL server has pg_restore.
    """
    from cds_service.store.sqlite_files import NotCopied, put_back

    database = _sqlite_file("pg_restore")
    if database.exists() and not force:
        raise click.ClickException(f"{database} is there already; --force replaces it.")
    try:
        held = put_back(file, database)
    except NotCopied as error:
        raise click.ClickException(f"Nothing was restored: {error}.") from None
    click.echo(f"{database}: {_told(held)}. The service brings it up to date when it starts.")


def _sqlite_file(program: str) -> Path:
    """The file of the database; where a server keeps it, ends by naming the program that copies it."""
    from cds_service.store.sqlite_files import NotCopied, database_file

    try:
        file = database_file(read_settings().database_url)
    except NotCopied as error:
        raise click.ClickException(f"{error}.") from None
    if file is None:
        raise click.ClickException(
            f"CDS_DATABASE_URL names a server. Use its own {program}: docs/deployment.md says how."
        )
    return file


def _told(held: CopiedDatabase) -> str:
    counted = ", ".join(f"{count:,} rows of {table}" for table, count in held.rows.items())
    return f"{counted or 'no table'}, after migration {held.migration}"
