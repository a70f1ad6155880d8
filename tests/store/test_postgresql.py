"""PostgreSQL that is stopped, killed, frozen, locked or read-only: bounded answers, and back by itself."""

from __future__ import annotations

import dataclasses
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from cds_service.access.used_tokens import SharedUsedTokens
from cds_service.app import Services, create_app
from cds_service.settings import Settings
from cds_service.store import StoreUnavailable
from cds_service.store.database import Database
from cds_service.store.postgresql import _MIGRATION_LOCK, POOL_SIZE
from cds_service.store.used_tokens import UsedTokenTable
from cds_service.wiring import keep_in_database
from tests.databases import GivenDatabase, started_server
from tests.feedback.reports import new_card, overridden
from tests.postgresql_server import PostgresServer
from tests.web.hook_calls import SELECT, knee_request

# What a call may take at most is 3.5 s; the rest is for a busy machine.
BOUND_SECONDS = 8.0


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    server = started_server()
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture
def server(own_server: PostgresServer) -> Iterator[PostgresServer]:
    """A server that runs, which the test may ill-treat."""
    yield own_server
    own_server.thaw()
    own_server.start()
    with own_server.connect() as connection:
        connection.execute("ALTER SYSTEM RESET ALL")
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture
def client(services: Services, server: PostgresServer) -> FlaskClient:
    """A service on this server, which has stored something already."""
    settings = Settings(database_url=server.url())
    made = create_app(services=keep_in_database(dataclasses.replace(services, settings=settings)))
    client = made.test_client()
    assert post(client).status_code == 200
    return client


def post(client: FlaskClient, card: str | None = None) -> TestResponse:
    return client.post(f"{SELECT}/feedback", json={"feedback": [overridden(card or new_card())]})


def assert_refused_in_time(client: FlaskClient) -> None:
    """503 with the time after which to try again; and a card call is answered."""
    began = time.monotonic()
    answer = post(client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert time.monotonic() - began < BOUND_SECONDS
    assert client.post(SELECT, json=knee_request()).get_json() == {"cards": []}


def assert_stored(client: FlaskClient, server: PostgresServer) -> None:
    """By itself, and with the first feedback."""
    card = new_card()
    assert post(client, card).status_code == 200
    with server.connect() as connection:
        found = connection.execute("SELECT count(*) FROM feedback WHERE card = %s", [card])
        assert found.fetchone() == (1,)


@pytest.mark.parametrize("end", [PostgresServer.stop, PostgresServer.kill], ids=["stopped", "killed"])
def test_a_server_that_is_gone_is_said_at_once_and_used_again_when_it_is_back(
    client: FlaskClient, server: PostgresServer, end: Callable[[PostgresServer], None]
) -> None:
    end(server)
    assert_refused_in_time(client)
    assert_refused_in_time(client)
    server.start()
    assert_stored(client, server)


@pytest.mark.parametrize("end", [PostgresServer.stop, PostgresServer.kill], ids=["stopped", "killed"])
def test_a_server_that_was_started_anew_between_two_calls_is_not_noticed(
    client: FlaskClient, server: PostgresServer, end: Callable[[PostgresServer], None]
) -> None:
    end(server)
    server.start()
    assert_stored(client, server)


def test_a_server_that_is_silent_gets_no_acknowledgement(client: FlaskClient, server: PostgresServer) -> None:
    server.freeze()
    assert_refused_in_time(client)
    assert_refused_in_time(client)
    server.thaw()
    assert_stored(client, server)


def test_many_calls_at_once_on_a_silent_server_wait_beside_and_not_behind_each_other(
    client: FlaskClient, server: PostgresServer
) -> None:
    server.freeze()
    began = time.monotonic()
    with ThreadPoolExecutor(12) as together:
        statuses = list(together.map(lambda _: post(client).status_code, range(12)))
    assert statuses == [503] * 12
    assert time.monotonic() - began < BOUND_SECONDS


def test_a_locked_table_gets_no_acknowledgement(client: FlaskClient, server: PostgresServer) -> None:
    with server.connect() as other, other.transaction():
        other.execute("LOCK TABLE feedback IN ACCESS EXCLUSIVE MODE")
        assert_refused_in_time(client)
    assert_stored(client, server)


def test_a_server_that_may_only_be_read_gets_no_acknowledgement(
    client: FlaskClient, server: PostgresServer
) -> None:
    let_only_read(server, "on")
    assert_refused_in_time(client)
    let_only_read(server, "off")
    assert_stored(client, server)


def let_only_read(server: PostgresServer, state: str) -> None:
    with server.connect() as other:
        other.execute(f"ALTER SYSTEM SET default_transaction_read_only = {state}")
    server.stop()
    server.start()


def test_a_connection_lost_in_the_middle_leaves_nothing_behind(server: PostgresServer) -> None:
    store = Database(server.url())
    store.migrate()
    with pytest.raises(StoreUnavailable):
        lose_connection_in_the_middle(store, server)
    with store.begin() as connection:
        found = connection.execute(text("SELECT count(*) FROM used_tokens WHERE mark LIKE 'lost%'"))
        assert found.scalar_one() == 0


def lose_connection_in_the_middle(store: Database, server: PostgresServer) -> None:
    with store.begin() as connection:
        connection.execute(text("INSERT INTO used_tokens VALUES ('lost', 1)"))
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with server.connect() as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        connection.execute(text("INSERT INTO used_tokens VALUES ('lost too', 1)"))


def test_an_acknowledgement_means_the_disk_though_the_server_is_set_otherwise(
    postgres_database: GivenDatabase,
) -> None:
    name = postgres_database.url.rsplit("/", 1)[1].split("?")[0]
    for server_says, here in (("off", "on"), ("remote_apply", "remote_apply"), ("on", "on")):
        postgres_database.change(f"ALTER DATABASE {name} SET synchronous_commit = {server_says}")
        with Database(postgres_database.url).begin() as connection:
            assert connection.execute(text("SHOW synchronous_commit")).scalar_one() == here


def test_a_statement_of_a_call_is_ended_and_one_that_no_call_waits_for_is_not(
    postgres_database: GivenDatabase,
) -> None:
    store, long = Database(postgres_database.url), text("SELECT pg_sleep(1.7)")
    with pytest.raises(StoreUnavailable, match="OperationalError"), store.begin() as connection:
        connection.execute(long)
    for unhurried in (store.begin_unhurried, store.read_unhurried):
        with unhurried() as connection:
            connection.execute(long)


def test_a_process_takes_few_connections_and_names_them(postgres_database: GivenDatabase) -> None:
    store = Database(postgres_database.url)
    with ExitStack() as stack:
        for _ in range(POOL_SIZE):
            stack.enter_context(store.begin())
        with pytest.raises(StoreUnavailable, match="TimeoutError"), store.begin():
            pass
        count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lumbar-mri-cds' AND datname = current_database()"
        assert postgres_database.rows(count) == [(POOL_SIZE,)]


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_an_address_needs_no_name_of_a_driver(postgres_database: GivenDatabase, scheme: str) -> None:
    Database(postgres_database.url.replace("postgresql+psycopg", scheme, 1)).migrate()


def test_what_the_address_says_of_the_connection_comes_first(postgres_database: GivenDatabase) -> None:
    sign = "&" if "?" in postgres_database.url else "?"
    with Database(f"{postgres_database.url}{sign}application_name=ward").begin() as connection:
        assert connection.execute(text("SHOW application_name")).scalar_one() == "ward"


def test_a_service_waits_a_bounded_time_for_another_that_changes_the_tables(
    postgres_database: GivenDatabase,
) -> None:
    first, second = Database(postgres_database.url), Database(postgres_database.url)
    with first.begin() as connection:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="OperationalError"):
            second.migrate()
        assert time.monotonic() - began < BOUND_SECONDS
    second.migrate()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Something that takes connections and says nothing."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        yield listener.getsockname()[1]


def test_a_port_that_says_nothing_is_given_up(silent_port: int) -> None:
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        Database(f"postgresql://u:secret@127.0.0.1:{silent_port}/d").migrate()
    assert time.monotonic() - began < BOUND_SECONDS


@pytest.mark.parametrize(
    "rest",
    [
        "127.0.0.1:1/d",
        "127.0.0.1:1/d?connect_timeout=secret",
        "127.0.0.1:1/d?sslmode=secret",
        "/d?host=/secret",
    ],
    ids=["nobody there", "a time that is none", "a mode that is none", "a folder that is none"],
)
def test_nothing_of_an_address_is_in_the_log_or_the_answer(services: Services, rest: str) -> None:
    settings = Settings(database_url=f"postgresql://u:secret@{rest}")
    with capture_logs() as lines:
        client = create_app(
            services=keep_in_database(dataclasses.replace(services, settings=settings))
        ).test_client()
        answer = post(client)
    assert answer.status_code == 503
    assert {line["event"] for line in lines} >= {"feedback-not-kept", "call"}
    assert "secret" not in answer.text + str(lines)


def test_tokens_are_good_once_in_this_process_while_the_server_is_silent(server: PostgresServer) -> None:
    used = SharedUsedTokens(UsedTokenTable(Database(server.url())))
    used.prepare()
    name = new_card()
    server.freeze()
    began = time.monotonic()
    with capture_logs() as lines:
        told = [used.is_first_use("a", name, until=time.time() + 60, now=100.0) for _ in range(20)]
        told += [used.is_first_use("a", new_card(), until=400, now=100.0) for _ in range(20)]
    assert time.monotonic() - began < BOUND_SECONDS
    assert told == [True, *[False] * 19, *[True] * 20]
    assert len(lines) == 1
    server.thaw()
    again = new_card()
    assert used.is_first_use("a", again, until=400, now=105.0)
    other = SharedUsedTokens(UsedTokenTable(Database(server.url())))
    assert not other.is_first_use("a", again, until=400, now=105.0)
