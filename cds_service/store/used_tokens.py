"""The table of used tokens."""

from __future__ import annotations

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from cds_service.store.database import Database
from cds_service.store.tables import used_tokens


class UsedTokenTable:
    """Marks of used tokens, each with the last second in which its token could come back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def prepare(self) -> None:
        """Make the table where it is not there; raises StoreUnavailable."""
        self._database.migrate()

    def add(self, mark: str, until: int) -> bool:
        """Whether the mark was not there before; raises StoreUnavailable."""
        try:
            with self._database.begin() as connection:
                connection.execute(insert(used_tokens).values(mark=mark, until=until))
        except IntegrityError:
            return False
        return True

    def remove_expired(self, now: int) -> None:
        """Drop what no token can come back for; raises StoreUnavailable."""
        with self._database.begin() as connection:
            connection.execute(delete(used_tokens).where(used_tokens.c.until < now))
