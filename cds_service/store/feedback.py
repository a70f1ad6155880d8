"""The table of feedback."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from cds_service.feedback.kept import KeptEntry, columns_of, entry_of
from cds_service.store import StoreUnavailable
from cds_service.store.database import Database
from cds_service.store.tables import feedback


class FeedbackRows:
    """Entries of feedback, each time they came."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def prepare(self) -> None:
        """Make the table where it is not there; raises StoreUnavailable."""
        self._database.migrate()

    def add(self, entries: Sequence[KeptEntry]) -> None:
        """Store all entries in one transaction; raises StoreUnavailable."""
        try:
            with self._database.begin() as connection:
                connection.execute(insert(feedback), [columns_of(entry) for entry in entries])
        # No entry can break a rule of the table, but a table restored without its counter breaks its own.
        except IntegrityError as error:
            raise StoreUnavailable(type(error).__name__) from None

    def on_card(self, card: str, client: str) -> tuple[KeptEntry, ...]:
        """What this client reported of the card, the same report once, in the order in which they came.

        What another client says of a card that it was not given is none of it (FB-13).
        Raises StoreUnavailable.
        """
        told = select(feedback).where(feedback.c.card == card, feedback.c.client == client)
        with self._database.read() as connection:
            rows = connection.execute(told.order_by(feedback.c.id)).mappings().all()
        return tuple({row["digest"]: entry_of(dict(row)) for row in reversed(rows)}.values())[::-1]
