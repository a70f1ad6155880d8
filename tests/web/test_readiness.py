"""`/readyz`: what keeps every card away is 503, and what costs less is told with 200."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from cds_service.access.clients import PLAIN_CLIENT, ClientProfile, Clients
from cds_service.app import Services, create_app
from cds_service.metrics import Metrics
from cds_service.settings import Settings
from cds_service.store import StoreUnavailable
from cds_service.web.readiness import WAIT_SECONDS, BoundedCheck
from cds_service.wiring import keep_in_database
from tests.access.bad_server import silent
from tests.web.hook_calls import SELECT, knee_request
from tests.web.signed_calls import World, authenticating, call, world

MARGIN_SECONDS = 5.0
SECRETS = ("hospital", "clinic", "127.0.0.1", "sqlite", "OperationalError")


def ready(client: FlaskClient) -> tuple[int, dict[str, Any]]:
    answer = client.get("/readyz")
    assert not [secret for secret in SECRETS if secret in answer.text]
    return answer.status_code, answer.get_json()


def with_database(services: Services, file: Path) -> Services:
    return keep_in_database(
        dataclasses.replace(services, settings=Settings(database_url=f"sqlite:///{file}"), metrics=Metrics())
    )


def test_a_service_with_all_its_parts_is_ready(services: Services, tmp_path: Path) -> None:
    client = create_app(services=with_database(services, tmp_path / "store.sqlite3")).test_client()
    told = {
        "status": "ready",
        "database": "ok",
        "guideline": "draft",
        "keySets": "not used",
        "droppedRecords": 0,
    }
    assert ready(client) == (200, told)


def test_a_service_that_keeps_nothing_is_ready(client: FlaskClient) -> None:
    status, told = ready(client)
    assert (status, told["status"], told["database"]) == (200, "ready", "not used")


def test_without_its_database_a_service_is_degraded_and_still_sends_cards(
    services: Services, tmp_path: Path
) -> None:
    client = create_app(
        services=with_database(services, tmp_path / "nowhere" / "store.sqlite3")
    ).test_client()
    status, told = ready(client)
    assert (status, told["status"], told["database"]) == (200, "degraded", "unavailable")
    assert client.post(SELECT, json=knee_request()).status_code == 200


def test_a_database_without_its_tables_is_not_there(services: Services, tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite3"
    client = create_app(services=with_database(services, file)).test_client()
    file.unlink()
    assert ready(client)[1]["database"] == "unavailable"


def test_a_database_that_comes_back_is_seen(services: Services) -> None:
    seconds = [0.0]
    gone = True

    def check() -> None:
        if gone:
            raise StoreUnavailable("OperationalError")

    client = create_app(
        services=dataclasses.replace(services, database_check=check, stopwatch=lambda: seconds[0])
    ).test_client()
    assert ready(client)[1]["database"] == "unavailable"
    gone = False
    seconds[0] = 3.0
    assert ready(client)[1]["database"] == "ok"


def test_an_overdue_review_is_degraded(services: Services) -> None:
    guideline = dataclasses.replace(
        services.guideline,
        status="active",
        approval=dataclasses.replace(services.guideline.approval, next_review="2026-06-14"),
    )
    status, told = ready(
        create_app(services=dataclasses.replace(services, guideline=guideline)).test_client()
    )
    assert (status, told["status"], told["guideline"]) == (200, "degraded", "expired")


def test_records_that_were_dropped_are_a_number(services: Services) -> None:
    changed = dataclasses.replace(services, metrics=Metrics())
    client = create_app(services=changed).test_client()
    changed.metrics.records_dropped(3, "full")
    status, told = ready(client)
    assert (status, told["status"], told["droppedRecords"]) == (200, "ready", 3)


# --- Key sets -------------------------------------------------------------------------------------------------


def test_key_sets_are_fetched_before_the_first_call(services: Services, tmp_path: Path) -> None:
    with world(services, tmp_path) as known:
        assert ready(known.client)[1]["keySets"] == "ok"
        assert known.outgoing.urls == [known.keys_url]
        assert call(known.client, known.token()).status_code == 200
        assert known.outgoing.urls == [known.keys_url]


def test_one_client_without_keys_leaves_the_others_served(services: Services, tmp_path: Path) -> None:
    with world(services, tmp_path, hospital={"jwks_url": "http://127.0.0.1:9/jwks.json"}) as known:
        status, told = ready(known.client)
    assert (status, told["status"], told["keySets"]) == (200, "degraded", "some missing")


def known_alone(known: World, others: tuple[ClientProfile, ...] = (), **changes: Any) -> FlaskClient:
    """A service of the client whose keys have to be fetched, so that without them nobody else can call."""
    hospital = tuple(client for client in known.services.clients.client if client.name == "hospital")
    clients = Clients(client=(*hospital, *others))
    changed = dataclasses.replace(known.services, clients=clients, metrics=Metrics(), **changes)
    return create_app(services=authenticating(changed, known.outgoing, known.clock)).test_client()


def test_where_no_client_can_prove_who_it_is_the_service_is_not_ready(
    services: Services, tmp_path: Path
) -> None:
    with world(services, tmp_path) as known:
        known.published["keys"].clear()
        alone = known_alone(known)
        assert ready(alone) == (
            503,
            {
                "status": "unavailable",
                "database": "not used",
                "guideline": "draft",
                "keySets": "missing",
                "droppedRecords": 0,
            },
        )


def test_where_anybody_may_call_missing_keys_keep_no_card_away(services: Services, tmp_path: Path) -> None:
    with world(services, tmp_path) as known:
        known.published["keys"].clear()
        status, told = ready(known_alone(known, others=(PLAIN_CLIENT,)))
    assert (status, told["status"], told["keySets"]) == (200, "degraded", "missing")


def test_a_key_server_that_answers_later_makes_the_service_ready(services: Services, tmp_path: Path) -> None:
    with world(services, tmp_path) as known:
        keys = list(known.published["keys"])
        known.published["keys"].clear()
        seconds = [0.0]
        alone = known_alone(known, stopwatch=lambda: seconds[0])
        assert ready(alone)[0] == 503
        known.published["keys"] += keys
        known.clock.shift = seconds[0] = 61.0
        assert ready(alone)[0] == 200


def test_a_slow_key_server_is_not_waited_for(services: Services, tmp_path: Path) -> None:
    with (
        silent() as port,
        world(services, tmp_path, hospital={"jwks_url": f"http://127.0.0.1:{port}/"}) as known,
    ):
        begun = time.monotonic()
        status, told = ready(known.client)
        assert time.monotonic() - begun < WAIT_SECONDS + MARGIN_SECONDS
    assert (status, told["status"]) == (200, "degraded")


# --- Checks that are waited for no longer than a second -------------------------------------------------------


def counting(seconds: list[float]) -> tuple[list[int], BoundedCheck[int]]:
    made: list[int] = []

    def check() -> int:
        made.append(1)
        return len(made)

    return made, BoundedCheck(check, -1, lambda: seconds[0])


@pytest.mark.parametrize(("later", "found"), [(1.9, 1), (2.0, 2)])
def test_a_result_is_kept_for_two_seconds_however_many_ask(later: float, found: int) -> None:
    seconds = [10.0]
    made, check = counting(seconds)
    assert [check.result() for _ in range(50)] == [1] * 50
    seconds[0] += later
    assert check.result() == found
    assert len(made) == found


def hanging() -> tuple[Callable[[], int], threading.Event, list[int]]:
    let_go, made = threading.Event(), list[int]()

    def check() -> int:
        made.append(1)
        let_go.wait(30)
        return 1

    return check, let_go, made


def test_a_check_that_hangs_is_made_once_and_costs_later_askers_no_time() -> None:
    check, let_go, made = hanging()
    bounded = BoundedCheck(check, -1, time.monotonic)
    begun = time.monotonic()
    assert [bounded.result() for _ in range(20)] == [-1] * 20
    assert time.monotonic() - begun < WAIT_SECONDS + MARGIN_SECONDS
    assert len(made) == 1
    let_go.set()
    assert bounded.result() in (-1, 1)


def test_a_check_that_breaks_is_a_check_without_a_result() -> None:
    def breaks() -> int:
        raise RuntimeError("postgresql://user:secret@host/db")

    with capture_logs() as lines:
        assert BoundedCheck(breaks, -1, lambda: 0.0).result() == -1
    assert lines == [{"event": "fault in a readiness check", "error": "RuntimeError", "log_level": "error"}]


def test_health_stays_what_it_was(services: Services, tmp_path: Path) -> None:
    client = create_app(services=with_database(services, tmp_path / "nowhere" / "x.sqlite3")).test_client()
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_json()["status"]) == (200, "ok")
