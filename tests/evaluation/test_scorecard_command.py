"""The command `scorecard`, as a report at the end of a month is made."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cds_service.__main__ import main
from tests.evaluation.generated_year import generate_year
from tests.evaluation.scorecard_stores import sqlite_at, store

NOW = "2026-12-30T12:00+08:00"
DAYS = ("--from", "2026-01-01", "--to", "2026-12-31")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("command")
    store(sqlite_at(folder), generate_year(1_500, seed=6))
    return f"sqlite:///{folder}/store.sqlite3"


def run(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["scorecard", "--database", url, "--now", NOW, *arguments])


def test_json_has_the_period_and_its_orders(url: str) -> None:
    result = run(url, *DAYS, "--format", "json")
    told = json.loads(result.output)
    assert result.exit_code == 0
    assert (told["from"], told["to"]) == ("2026-01-01", "2026-12-31")
    assert told["orders"]["all"] == sum(told["orders"]["byOutcome"].values()) > 900


def test_csv_has_a_figure_a_line(url: str) -> None:
    rows = list(csv.reader(io.StringIO(run(url, *DAYS, "--format", "csv").output)))
    assert rows[0] == ["table", "name", "detail", "words", "figure", "value"]
    assert {len(row) for row in rows} == {6}
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_csv_has_the_times_and_comments_of_json(url: str) -> None:
    told = json.loads(run(url, *DAYS, "--format", "json").output)
    rows = list(csv.reader(io.StringIO(run(url, *DAYS, "--format", "csv").output)))
    found = {tuple(row[:2]): int(row[5]) for row in rows[1:] if row[0].startswith(("seconds", "comments"))}
    seconds = told["secondsFromCardToOutcome"]
    assert found["seconds from card to outcome", "cards"] == seconds["cards"] > 0
    assert found["seconds from card to outcome", "before the card"] == seconds["beforeTheCard"] > 0
    assert found["comments", "other or no reason"] == told["comments"]["ofOtherReasons"] > 0


def test_html_is_one_file_without_a_form(url: str) -> None:
    page = run(url, *DAYS).output
    assert page.startswith("<!DOCTYPE html>")
    assert "Content-Security-Policy" in page
    assert "<form" not in page


def test_the_poster_is_of_a_month(url: str) -> None:
    assert "in October 2026" in run(url, "--month", "2026-10", "--format", "poster").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "poster"), "a poster is of one --month"),
        (("--month", "2026-10", "--to", "2026-10-31"), "give --month, or --from and --to"),
        (("--from", "2026-10-32"), "--from must be a day such as 2026-10-31"),
        (("--from", "2026-10-02", "--to", "2026-10-01"), "--from must not be after --to"),
        (("--month", "October"), "'month' must be a month"),
    ],
    ids=["poster-of-nothing", "both", "no-day", "turned-round", "no-month"],
)
def test_what_cannot_be_meant_is_refused(url: str, arguments: tuple[str, ...], said: str) -> None:
    result = run(url, *arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_a_database_that_is_not_there_is_said(tmp_path: Path) -> None:
    result = run(f"sqlite:///{tmp_path}/missing/store.sqlite3", *DAYS)
    assert result.exit_code == 1
    assert "no database store.sqlite3" in result.output


def test_a_mistyped_database_is_not_made_and_told_as_nothing_ordered(tmp_path: Path) -> None:
    result = run(f"sqlite:///{tmp_path}/mistyped.sqlite3", *DAYS)
    assert result.exit_code == 1
    assert not list(tmp_path.iterdir())
    assert str(tmp_path) not in result.output
