"""The command `scorecard`: what became of the advice, from the database, as HTML, CSV, JSON or a poster."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date

import click

from cds_service.app import read_clock
from cds_service.command_options import load_services, now_option, read_moment, read_settings
from cds_service.evaluation.scorecard import Scorecard
from cds_service.evaluation.scorecard_period import BadPeriod, Period, read_month, read_period
from cds_service.feedback.kept import milliseconds_of, own_reasons
from cds_service.guideline.content import Guideline
from cds_service.store import BadDatabaseUrl, StoreUnavailable


@click.command()
@click.option("--from", "first", metavar="DATE", help="First day, such as 2026-01-01.  [a year ago]")
@click.option("--to", "last", metavar="DATE", help="Last day.  [today]")
@click.option("--month", metavar="MONTH", help="A month such as 2026-10, in place of two days.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "csv", "json", "poster"]),
    default="html",
    show_default=True,
    help="poster: one page of a --month, for the wall.",
)
@click.option("--database", metavar="URL", help="Database in place of CDS_DATABASE_URL.")
@now_option
def scorecard(
    first: str | None, last: str | None, month: str | None, form: str, database: str | None, now: str | None
) -> None:
    """Print what became of the advice: orders, cards, answers, and what was missing.

    First it counts what came since the last time; figures of small groups are hidden.
    HTML is one file that needs nothing else.
    """
    # Imported here because SQLAlchemy and the charts take a second to load.
    from cds_service.evaluation.scorecard_reading import read_scorecard
    from cds_service.evaluation.scorecard_refresh import open_rows, read_poster

    services = load_services(read_settings())
    settings, guideline = services.settings, services.guideline
    moment = read_moment(now, guideline.zone) if now is not None else read_clock()
    period = _period(first, last, month, form, moment.astimezone(guideline.zone).date())
    reasons = own_reasons(guideline.words)
    try:
        url = database or settings.database_url
        _refuse_missing_file(url)
        rows = open_rows(url, guideline)
        rows.bring_up_to_date(milliseconds_of(moment), settings.decision_days)

        def read(wanted: Period) -> Scorecard:
            return read_scorecard(rows, wanted, moment, guideline.zone)

        if form == "poster":
            from cds_service.evaluation.scorecard_page import poster_page

            click.echo(poster_page(read_poster(read, period, reasons)).html)
        else:
            click.echo(_as_text(read(period), form, guideline), nl=False)
    except BadDatabaseUrl as error:
        raise click.ClickException(f"{error}.") from None
    except StoreUnavailable as error:
        raise click.ClickException(f"The database does not answer ({error.kind}).") from None


def _refuse_missing_file(url: str) -> None:
    """Ends where there is no such file: an empty one would be made, and its report say "nothing ordered"."""
    from cds_service.store.sqlite_files import NotCopied, database_file

    with suppress(NotCopied):  # what is wrong with an address says who opens it
        file = database_file(url)
        if file is not None and not file.is_file():
            raise click.ClickException(f"There is no database {file.name} in that folder.")


def _period(first: str | None, last: str | None, month: str | None, form: str, today: date) -> Period:
    if month and (first or last):
        raise click.UsageError("give --month, or --from and --to")
    if form == "poster" and not month:
        raise click.UsageError("a poster is of one --month")
    try:
        return read_month(month) if month else read_period(first, last, today)
    except BadPeriod as error:
        raise click.UsageError(str(error).replace("'from'", "--from").replace("'to'", "--to")) from None


def _as_text(card: Scorecard, form: str, guideline: Guideline) -> str:
    from cds_service.evaluation.scorecard_page import scorecard_page
    from cds_service.evaluation.scorecard_report import scorecard_csv, scorecard_json

    reasons = own_reasons(guideline.words)
    match form:
        case "json":
            return json.dumps(scorecard_json(card), indent=2, ensure_ascii=False) + "\n"
        case "csv":
            return scorecard_csv(card, guideline.words, reasons)
        case _:
            return scorecard_page(card, guideline.words, reasons, served=False).html + "\n"
