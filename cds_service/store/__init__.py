"""What the service keeps in a database.

Its modules are imported only where something is kept: SQLAlchemy and Alembic take a second to load.
"""


class StoreUnavailable(Exception):
    """The database is not there, locked, full or broken; `kind` names the error, and quotes nothing."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class BadDatabaseUrl(Exception):
    """The setting names no database, or one whose driver is not installed; the text quotes nothing of it."""
