"""Feedback over HTTP into the database: whole or not at all, and never acknowledged without being there."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from cds_service.app import Services, create_app
from cds_service.protocol.feedback import COMMENT_LIMIT_CHARACTERS
from cds_service.settings import Settings
from cds_service.wiring import keep_in_database
from tests.databases import GivenDatabase
from tests.feedback.reports import CARD, SUGGESTION, accepted, new_card, overridden, stored
from tests.web.hook_calls import SELECT, SIGN, knee_request

COMMENT = "marked words of a comment"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store" / "store.sqlite3"


@pytest.fixture
def in_file(file: Path) -> GivenDatabase:
    """A file of SQLite in a folder that is not there yet."""
    return GivenDatabase("sqlite", f"sqlite:///{file}")


@pytest.fixture
def client(services: Services, database: GivenDatabase) -> FlaskClient:
    return keeping(services, database)


@pytest.fixture
def client_of_file(services: Services, in_file: GivenDatabase, file: Path) -> FlaskClient:
    file.parent.mkdir()
    return keeping(services, in_file)


def keeping(services: Services, database: GivenDatabase, **settings: Any) -> FlaskClient:
    """A service on this database, as another process would run it."""
    chosen = Settings(database_url=database.url, **settings)
    return create_app(services=keep_in_database(dataclasses.replace(services, settings=chosen))).test_client()


def post(client: FlaskClient, *entries: dict[str, Any], path: str = SELECT) -> TestResponse:
    return client.post(f"{path}/feedback", json={"feedback": list(entries)})


def assert_not_acknowledged(client: FlaskClient, entries: int = 1) -> None:
    """503 in our words, with the time after which to try again; and cards still go out."""
    with capture_logs() as lines:
        answer = post(client, *[overridden(overrideReason={"userComment": COMMENT})] * entries)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.get_json()["issue"][0]["code"] == "transient"
    (line,) = lines
    assert (line["status"], bool(line["feedback_not_kept"])) == (503, True)
    assert COMMENT not in answer.text + str(lines)
    assert CARD not in answer.text + str(lines)
    assert client.post(SELECT, json=knee_request()).get_json() == {"cards": []}


@pytest.mark.rule("FB-2")
def test_every_entry_of_a_batch_is_stored(client: FlaskClient, database: GivenDatabase) -> None:
    assert post(client, accepted(), overridden(SUGGESTION), path=SIGN).get_json() == {"accepted": 2}
    assert stored(database, "service, client, card, outcome, suggestions") == [
        ("lumbar-mri-order-sign", "open-demo", CARD, "accepted", json.dumps([SUGGESTION])),
        ("lumbar-mri-order-sign", "open-demo", SUGGESTION, "overridden", "[]"),
    ]


@pytest.mark.rule("FB-7")
def test_repeats_are_stored_and_can_be_counted_once(client: FlaskClient, database: GivenDatabase) -> None:
    assert [post(client, overridden()).status_code for _ in range(3)] == [200] * 3
    assert stored(database, "count(*), count(DISTINCT digest)") == [(3, 1)]


@pytest.mark.rule("FB-7")
def test_one_card_may_have_several_outcomes(client: FlaskClient, database: GivenDatabase) -> None:
    for entry in (overridden(), accepted()):
        assert post(client, entry).status_code == 200
    assert stored(database, "card, outcome") == [(CARD, "overridden"), (CARD, "accepted")]


@pytest.mark.rule("FB-11")
def test_feedback_on_a_card_that_nobody_knows_is_stored(client: FlaskClient, database: GivenDatabase) -> None:
    unknown = new_card()
    assert post(client, overridden(unknown)).status_code == 200
    assert stored(database, "card") == [(unknown,)]


@pytest.mark.rule("FB-3")
def test_one_malformed_entry_keeps_the_whole_batch_out(client: FlaskClient, database: GivenDatabase) -> None:
    assert post(client, overridden(), accepted(acceptedSuggestions=[])).status_code == 400
    assert stored(database) == []


def test_an_empty_batch_is_taken_and_stores_nothing(client: FlaskClient, database: GivenDatabase) -> None:
    assert post(client).get_json() == {"accepted": 0}
    assert stored(database) == []


@pytest.mark.rule("FB-14")
@pytest.mark.parametrize(("keep", "comment"), [(False, None), (True, COMMENT)], ids=["by default", "set so"])
def test_the_words_of_a_comment_are_stored_only_where_a_setting_says_so(
    services: Services, database: GivenDatabase, keep: bool, comment: str | None
) -> None:
    client = keeping(services, database, keep_comments=keep)
    assert post(client, overridden(overrideReason={"userComment": COMMENT})).status_code == 200
    assert stored(database, "comment_characters, comment") == [(len(COMMENT), comment)]
    assert (COMMENT.encode() in database.everything()) is keep


@pytest.mark.parametrize(
    ("typed", "status", "comments"),
    [
        ("a\0b", 200, [("a b",)]),
        ("𝄞 ß 腰痛\u202e\x7f", 200, [("𝄞 ß 腰痛\u202e\x7f",)]),
        ("' \" %s :x \\ --", 200, [("' \" %s :x \\ --",)]),
        ("x" * COMMENT_LIMIT_CHARACTERS, 200, [("x" * COMMENT_LIMIT_CHARACTERS,)]),
        ("\ud83d", 400, []),
    ],
    ids=["the character zero", "any script", "what a query would take amiss", "long", "half a pair"],
)
def test_any_comment_is_stored_or_refused_and_never_fails(
    services: Services, database: GivenDatabase, typed: str, status: int, comments: list[tuple[str]]
) -> None:
    client = keeping(services, database, keep_comments=True)
    assert post(client, overridden(overrideReason={"userComment": typed})).status_code == status
    assert stored(database, "comment") == comments


@pytest.mark.parametrize(
    ("time", "seconds"),
    [("0001-01-01T00:00:00+14:00", -62_135_647_200), ("9999-12-31T23:59:59-14:00", 253_402_351_199)],
)
def test_the_first_and_the_last_year_are_stored(
    client: FlaskClient, database: GivenDatabase, time: str, seconds: int
) -> None:
    assert post(client, overridden(outcomeTimestamp=time)).status_code == 200
    assert stored(database, "outcome_ms") == [(seconds * 1_000,)]


@pytest.mark.rule("FB-14")
def test_nothing_that_a_client_typed_is_in_the_database_or_the_log(
    client: FlaskClient, database: GivenDatabase
) -> None:
    reason = {"code": "Tan Ah Kow", "system": "born 1949-04-01", "display": "Tan Ah Kow, S1234567A"}
    typed = overridden("S1234567A", overrideReason={"reason": reason, "userComment": COMMENT})
    taken = accepted(acceptedSuggestions=["Tan Ah Kow"], patient={"birthDate": "1949-04-01"})
    with capture_logs() as lines:
        answer = client.post(
            f"{SELECT}/feedback",
            json={"feedback": [typed, taken]},
            headers={"Authorization": "Bearer marked.secret.token"},
        )
    assert answer.status_code == 200
    seen = database.everything() + str(lines).encode() + answer.data
    for marked in ("Tan Ah Kow", "S1234567A", "1949-04-01", COMMENT, "marked.secret.token"):
        assert marked.encode() not in seen
    assert len(stored(database)) == 2


def test_two_processes_on_one_database_store_side_by_side(
    client: FlaskClient, services: Services, database: GivenDatabase
) -> None:
    other = keeping(services, database)
    assert [post(one, overridden(new_card())).status_code for one in (client, other) * 5] == [200] * 10
    assert stored(database, "count(DISTINCT card)") == [(10,)]


def test_a_folder_that_is_missing_delays_feedback_until_it_is_there(
    services: Services, file: Path, in_file: GivenDatabase
) -> None:
    with capture_logs() as lines:
        client_of_file = keeping(services, in_file)
    assert [line["event"] for line in lines] == ["feedback-not-kept"]
    assert_not_acknowledged(client_of_file)
    file.parent.mkdir()
    assert post(client_of_file, overridden()).status_code == 200
    assert len(stored(in_file)) == 1


@pytest.fixture
def locked(client_of_file: FlaskClient, file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield other


def test_a_locked_database_gets_no_acknowledgement(
    client_of_file: FlaskClient, locked: sqlite3.Connection, in_file: GivenDatabase
) -> None:
    assert_not_acknowledged(client_of_file)
    locked.execute("ROLLBACK")
    assert post(client_of_file, overridden()).status_code == 200
    assert len(stored(in_file)) == 1


def test_a_full_database_gets_no_acknowledgement(
    services: Services, client_of_file: FlaskClient, in_file: GivenDatabase
) -> None:
    def no_more_pages(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA max_page_count=1")  # SQLite takes the number of those that are there

    event.listen(Engine, "connect", no_more_pages)
    try:
        full = keeping(services, in_file)
        statuses = [post(full, *(overridden(new_card()) for _ in range(20))).status_code for _ in range(50)]
        assert set(statuses) == {200, 503}
        assert_not_acknowledged(full, entries=100)
    finally:
        event.remove(Engine, "connect", no_more_pages)
    # Every batch that was acknowledged, whole, and nothing of the others.
    assert len(stored(in_file)) == 20 * statuses.count(200)


def test_a_database_that_cannot_be_written_gets_no_acknowledgement(
    services: Services, client_of_file: FlaskClient, in_file: GivenDatabase
) -> None:
    def read_only(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA query_only=1")

    event.listen(Engine, "connect", read_only)
    try:
        assert_not_acknowledged(keeping(services, in_file))
    finally:
        event.remove(Engine, "connect", read_only)
    assert stored(in_file) == []


def test_a_file_that_is_no_database_gets_no_acknowledgement(
    services: Services, file: Path, in_file: GivenDatabase
) -> None:
    file.parent.mkdir()
    file.write_text("this is no database " * 100)
    assert_not_acknowledged(keeping(services, in_file))


def test_feedback_never_goes_into_a_file_that_was_removed(
    client_of_file: FlaskClient, file: Path, in_file: GivenDatabase
) -> None:
    assert post(client_of_file, overridden()).status_code == 200
    shutil.rmtree(file.parent)
    assert_not_acknowledged(client_of_file)
    file.parent.mkdir()
    assert post(client_of_file, overridden()).status_code == 200
    assert len(stored(in_file)) == 1


def test_the_tables_of_an_older_service_are_brought_up_to_date(
    services: Services, file: Path, in_file: GivenDatabase
) -> None:
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as old:
        old.executescript(
            "CREATE TABLE used_tokens (mark VARCHAR(64) PRIMARY KEY, until BIGINT NOT NULL);"
            "CREATE INDEX ix_used_tokens_until ON used_tokens (until);"
            "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY);"
            "INSERT INTO alembic_version VALUES ('0001'); INSERT INTO used_tokens VALUES ('m', 1);"
        )
    assert post(keeping(services, in_file), overridden()).status_code == 200
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT mark FROM used_tokens").fetchall() == [("m",)]
