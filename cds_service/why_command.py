"""The command `why`: the decision behind a card, long after it was sent."""

from __future__ import annotations

import json
from typing import Literal

import click

from cds_service.command_options import load_services, read_settings
from cds_service.evaluation.why import Reported, explain, explanation_lines
from cds_service.feedback.kept import KeptEntry, moment_of
from cds_service.store import BadDatabaseUrl, StoreUnavailable

_EXIT_UNKNOWN = 1
_EXIT_UNUSABLE = 2


@click.command()
@click.argument("card", metavar="CARD_UUID", type=click.UUID)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def why(card: object, form: Literal["text", "json"]) -> None:
    """Explain the decision behind a card, from the database of CDS_DATABASE_URL.

    Prints the rules that spoke, the thresholds in force, and each fact by its kind and age:
    what it said of the patient is not kept.
    Exit status: 0 with an explanation, 1 where no such card is known, 2 where the database cannot be read.
    """
    # Imported here because SQLAlchemy takes long to load, and other commands need none.
    from cds_service.store.database import Database
    from cds_service.store.decisions import DecisionRows
    from cds_service.store.feedback import FeedbackRows

    services = load_services(read_settings())
    try:
        database = Database(services.settings.database_url)
        record = DecisionRows(database).find(str(card))
        reports = FeedbackRows(database).on_card(str(card), record.client) if record else ()
    except (BadDatabaseUrl, StoreUnavailable) as error:
        click.echo(f"The database cannot be read: {error}.", err=True)
        raise SystemExit(_EXIT_UNUSABLE) from None
    if record is None:
        click.echo(
            "No decision with this card is on record here: it is older than what is kept, or lost.", err=True
        )
        raise SystemExit(_EXIT_UNKNOWN)
    told = explain(record, tuple(map(_reported, reports)), services.guideline)
    if form == "json":
        click.echo(json.dumps(told.to_json(), indent=2))
        return
    for line in explanation_lines(told):
        click.echo(line)


def _reported(entry: KeptEntry) -> Reported:
    return Reported(entry.outcome, entry.reason_display or entry.reason_code, moment_of(entry.outcome_ms))
