"""A moment as a person types it on the command line."""

from __future__ import annotations

from datetime import datetime, tzinfo

import click

_FIRST_YEAR, _LAST_YEAR = 1970, 2199  # windows reach a hundred years back, and a calendar has to hold them


def read_moment(text: str, zone: tzinfo) -> datetime:
    """The moment; without an offset it is in the zone. Raises BadParameter for what is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("not an ISO 8601 date and time", param_hint="--now") from None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise click.BadParameter(f"a year from {_FIRST_YEAR} to {_LAST_YEAR}", param_hint="--now")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
