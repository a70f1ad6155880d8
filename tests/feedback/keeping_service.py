"""A service that keeps its decisions, and a look at what it has kept."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from cds_service.app import Services, create_app
from cds_service.settings import Settings
from cds_service.wiring import keep_in_database
from tests.access.fhir_services import FIXTURES
from tests.databases import GivenDatabase
from tests.web.hook_calls import SELECT, SIGN

STORIES = sorted(path.name.removesuffix(".request.json") for path in FIXTURES.glob("*.request.json"))


def sqlite_in(folder: Path) -> GivenDatabase:
    """A file in a folder of its own, where the kind of database does not matter."""
    folder.mkdir()
    return GivenDatabase("sqlite", f"sqlite:///{folder}/store.sqlite3")


class Kept:
    """A service on a database of its own, and what it has written there."""

    def __init__(self, services: Services, database: GivenDatabase, **settings: Any) -> None:
        self.database = database
        chosen = Settings(database_url=database.url, **settings)
        self.services = keep_in_database(dataclasses.replace(services, settings=chosen))
        self.client = create_app(services=self.services).test_client()

    def call(self, body: dict[str, Any]) -> dict[str, Any]:
        """The answer of the service for the body's hook."""
        answer = self.client.post(SIGN if body["hook"] == "order-sign" else SELECT, json=body)
        assert answer.status_code == 200
        return dict(answer.get_json())

    def rows(self, columns: str = "*") -> list[tuple[Any, ...]]:
        """These columns of every decision, once nothing waits any more."""
        self.services.decisions.close(10)
        return self.database.rows(f"SELECT {columns} FROM decisions ORDER BY id")  # noqa: S608

    def only(self, columns: str) -> tuple[Any, ...]:
        """The same of the one decision."""
        (row,) = self.rows(columns)
        return row
