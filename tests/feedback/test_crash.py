"""Acknowledged feedback survives the death of every process; ten rounds of `python -m tests.crash`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash import Cards, Sent, compare, missing, run_rounds
from tests.databases import KINDS, GivenDatabase, started_server

ROUNDS = 10
SEED = 5


@pytest.mark.parametrize("kind", KINDS)
def test_acknowledged_feedback_survives_kills_under_load(kind: str, tmp_path: Path) -> None:
    server = started_server(fsync=True) if kind == "postgresql" else None
    url = server.url() if server else f"sqlite:///{tmp_path}/store.sqlite3"
    try:
        report = run_rounds(ROUNDS, SEED, GivenDatabase(kind, url), server, tmp_path)
    finally:
        if server:
            server.remove()
    assert report.faults == ()
    assert report.kills.total() == ROUNDS
    # Far more when nothing else runs; without any load the rounds would show nothing.
    assert report.acknowledged > 5 * ROUNDS


ONE, TWO = ("one",), ("two", "three")


def sent(acknowledged: list[Cards], unknown: list[Cards]) -> Sent:
    made = Sent(batches=[ONE, TWO])
    made.acknowledged.update(acknowledged)
    made.unknown.update(unknown)
    return made


@pytest.fixture
def feedback(tmp_path: Path) -> GivenDatabase:
    """A table of nothing but cards, which is all that the comparison reads."""
    made = GivenDatabase("sqlite", f"sqlite:///{tmp_path}/cards.sqlite3")
    made.change("CREATE TABLE feedback (card TEXT)")
    return made


@pytest.mark.parametrize(
    ("acknowledged", "unknown", "stored", "faults"),
    [
        ([ONE, TWO], [], "one two three", 0),
        ([ONE, ONE, TWO], [], "one one two three", 0),
        ([ONE], [TWO], "one", 0),
        ([ONE], [TWO], "one two three", 0),
        ([ONE, TWO], [], "one", 1),
        ([ONE, TWO], [], "one two", 1),
        ([ONE], [TWO], "one two", 1),
        ([ONE, TWO], [], "one one two three", 1),
        ([ONE, ONE, TWO], [], "one two three", 1),
        ([ONE, TWO], [], "one two three four", 1),
    ],
    ids=[
        "all",
        "a repeat twice",
        "without an answer and not there",
        "without an answer and there",
        "lost",
        "half",
        "half and without an answer",
        "doubled",
        "a repeat once",
        "never sent",
    ],
)
def test_the_comparison_sees(
    acknowledged: list[Cards], unknown: list[Cards], stored: str, faults: int, feedback: GivenDatabase
) -> None:
    for card in stored.split():
        feedback.change(f"INSERT INTO feedback VALUES ('{card}')")  # noqa: S608
    assert len(compare(sent(acknowledged, unknown), feedback)[0]) == faults


def test_the_look_after_each_round_sees_what_is_not_there(feedback: GivenDatabase) -> None:
    feedback.change("INSERT INTO feedback VALUES ('one')")
    assert missing(sent([ONE], []), [ONE, TWO], feedback, "now") == []
    assert missing(sent([ONE, TWO], []), [ONE, TWO], feedback, "now") == [
        "now: 1 acknowledged batches are not there"
    ]
