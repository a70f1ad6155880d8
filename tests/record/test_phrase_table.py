"""The table of phrases, `phrases.csv`: what a text says of what it names (specification 8.1.9, 8.2).

    phrase      as a clinician writes it
    concept     what it names; empty: nothing, or nothing that anybody has
    verdict     affirmed, suspected (asked, to be ruled out), history, negated,
                hypothetical (advice, a condition, a risk), family, none
    blocks_r1   whether an order with this note does not get "not indicated" for ten days of back pain;
                of the whole phrase, so "no weakness, but a numb saddle" blocks in both of its rows

A verdict that is wrong belongs here first, then into `patterns.toml`; how it comes about stands in
`cds_service/record/assertion.py`. Where words are ambiguous, the row that asks is the right one.
"""

import csv
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.record.phrase_probe import blocks_r1, verdict_of

VERDICTS = ("affirmed", "suspected", "history", "negated", "hypothetical", "family", "none")


class Row(NamedTuple):
    phrase: str
    concept: str
    verdict: str
    blocks_r1: str


def _rows() -> list[Row]:
    with Path(__file__).with_name("phrases.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert tuple(head) == Row._fields
    return [Row(*row) for row in rows]


ROWS = _rows()
BLOCKING = {row.phrase: row.blocks_r1 for row in ROWS}


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"{row.phrase} ({row.concept or row.verdict})") for row in ROWS]
)
def test_a_phrase_says_what_the_table_says(row: Row) -> None:
    assert verdict_of(row.phrase, row.concept) == row.verdict


@pytest.mark.parametrize("phrase", BLOCKING)
def test_a_note_stops_not_indicated_where_the_table_says_so(phrase: str) -> None:
    assert blocks_r1(phrase) is (BLOCKING[phrase] == "yes")


def test_the_table_is_long_and_at_least_half_of_it_is_negated_asked_or_hypothetical() -> None:
    times = Counter(row.verdict for row in ROWS)
    assert times.keys() == set(VERDICTS)
    assert len(ROWS) >= 120
    assert 2 * (times["negated"] + times["suspected"] + times["hypothetical"]) >= len(ROWS)


def test_a_phrase_stands_once_for_each_thing_that_it_names_and_blocks_in_one_way() -> None:
    assert max(Counter((row.phrase, row.concept) for row in ROWS).values()) == 1
    assert all(row.blocks_r1 == BLOCKING[row.phrase] for row in ROWS)
    assert {row.blocks_r1 for row in ROWS} == {"yes", "no"}


@pytest.mark.parametrize("short", ["CES", "?CES", "SBI", "?SBI", "MSCC", "?MSCC", "FHx", "r/o", "IVDU"])
def test_the_table_holds_the_abbreviations_that_clinicians_use(short: str) -> None:
    assert any(short in row.phrase for row in ROWS)
