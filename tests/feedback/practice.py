"""A practice that calls the service, answers its cards and calls again, on a database that others may share."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from structlog.testing import capture_logs

from cds_service.access.clients import ClientProfile, Clients
from cds_service.app import Services, create_app
from cds_service.feedback.memory import OverrideMemory
from cds_service.settings import Settings
from cds_service.wiring import keep_in_database
from tests.databases import GivenDatabase
from tests.feedback.reports import SUGGESTION
from tests.vignettes.stories import NOW, STORIES
from tests.web.hook_calls import SELECT, SIGN

Request = dict[str, Any]
Card = dict[str, Any]

KEY = "a key of the site that is long enough"
OWN = "urn:lumbar-mri-cds:reason"
DECISION = "org.lumbar-mri-cds.decision"
PATIENCE_SECONDS = 20.0  # a busy machine is no fault of the database
_WAIT_SECONDS = 20.0


class Practice:
    """One client of one service process; `now` is the clock, and may be turned."""

    def __init__(
        self, services: Services, database: GivenDatabase, *, client: str = "practice", key: str = KEY
    ) -> None:
        self.database, self.now = database, NOW
        profile = ClientProfile(name=client, loopback=True, fhir_without_token=True)
        settings = Settings(database_url=database.url, pseudonym_key=key)
        services = keep_in_database(
            dataclasses.replace(
                services,
                settings=settings,
                clock=lambda: self.now,
                clients=Clients(client=(profile,)),
                fhir=None,
            )
        )
        if services.overrides is not None:
            services = dataclasses.replace(services, overrides=_patient(services))
        self.services = services
        self.client = create_app(services=services).test_client()
        self.line: dict[str, Any] = {}

    def call(self, body: Request) -> list[Card]:
        """The cards; what was decided is in the database when this returns."""
        before = self._decisions()
        with capture_logs() as lines:
            answer = self.client.post(SIGN if body["hook"] == "order-sign" else SELECT, json=body)
        assert answer.status_code == 200, answer.text
        self.line = dict(next(line for line in lines if line["event"] == "call"))
        self._wait_until(lambda: self._decisions() > before)
        return list(answer.get_json()["cards"])

    def answer(self, card: Card, *reasons: dict[str, Any] | None, accept: bool = False) -> None:
        """An override for each reason, None being a bare dismissal, and acceptance first where it is said."""
        entries = [self._entry(card, "accepted", acceptedSuggestions=[{"id": SUGGESTION}])] if accept else []
        for reason in reasons:
            said = {"overrideReason": {"reason": reason}} if reason else {}
            entries.append(self._entry(card, "overridden", **said))
        self.post(*entries)

    def post(self, *entries: dict[str, Any]) -> None:
        answer = self.client.post(f"{SELECT}/feedback", json={"feedback": list(entries)})
        assert answer.status_code == 200, answer.text

    def override(self, body: Request, code: str) -> Card:
        """The guideline's card for this call, which is overridden with this reason of our own."""
        card = self.call(body)[0]
        self.answer(card, own(code))
        return card

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def silent(self) -> list[str]:
        """Why the last call's decisions were not told."""
        return list(self.line["silent"])

    def _entry(self, card: Card, outcome: str, **more: Any) -> dict[str, Any]:
        moment: datetime = self.now
        return {"card": card["uuid"], "outcome": outcome, "outcomeTimestamp": moment.isoformat(), **more}

    def _decisions(self) -> int:
        try:
            ((count,),) = self.database.rows("SELECT count(*) FROM decisions")
            return int(count)
        except SQLAlchemyError:  # the database is away, which some tests want
            return -1

    def _wait_until(self, done: Callable[[], bool]) -> None:
        ends = time.monotonic() + _WAIT_SECONDS
        while not done() and self._decisions() >= 0:
            assert time.monotonic() < ends, "the decision was not stored"
            time.sleep(0.01)


def _patient(services: Services) -> OverrideMemory:
    from cds_service.store.database import Database
    from cds_service.store.overrides import OverrideRows

    assert services.pseudonyms is not None
    return OverrideMemory(
        OverrideRows(Database(services.settings.database_url)),
        services.pseudonyms,
        services.guideline,
        stopwatch=services.stopwatch,
        patience_seconds=PATIENCE_SECONDS,
    )


def own(code: str) -> dict[str, Any]:
    return {"code": code, "system": OWN}


def story(id: str, hook: str = "") -> Request:
    """The hook request of a row of the specification, as selected or as signed."""
    request = STORIES[id].request(NOW)
    return as_signed(request) if hook == "order-sign" else request


def as_signed(request: Request) -> Request:
    context = {name: value for name, value in request["context"].items() if name != "selections"}
    return request | {"hook": "order-sign", "context": context}
