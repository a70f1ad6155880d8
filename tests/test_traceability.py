"""The table that traces the rules is complete, and what it names exists.

That a test fails without its function is shown by `make trace`, which takes minutes.
"""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from cds_service.traceability import TracedRule, traceability_rows
from tests.knock_out import find_function, put_in, stand_ins
from tests.specification_rules import rules_of_the_specification

ROWS = traceability_rows()
FUNCTIONS = sorted({name for row in ROWS for name in row.functions})
# How many rules each section of the specification holds; `python -m tests.traceability --spec FILE` counts anew.
SECTIONS = {
    "2.1": 25, "2.2": 27, "2.3": 7, "2.4": 6, "2.5": 1, "2.6": 6, "2.7": 5, "2.8": 7, "2.9": 13, "2.10": 8,
    "2.11": 21, "2.12": 13, "2.13": 8, "2.14": 7, "2.15": 11, "2.16": 26,
    "8.1": 11, "8.2": 8, "8.3": 9, "8.4": 6, "8.5": 9, "8.6": 5, "8.7": 5, "8.8": 10, "8.9": 7,
}  # fmt: skip


def test_every_rule_of_the_specification_has_its_row_in_order() -> None:
    assert [row.rule for row in ROWS] == [
        f"{section}.{number + 1}" for section, count in SECTIONS.items() for number in range(count)
    ]


@pytest.mark.parametrize("row", ROWS, ids=[row.rule for row in ROWS])
def test_a_rule_has_words_and_either_functions_with_tests_or_a_reason(row: TracedRule) -> None:
    assert row.words
    assert bool(row.functions) != bool(row.reason)
    assert row.tests or not row.functions


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_the_table_exists(name: str) -> None:
    assert callable(find_function(name))


def test_every_test_of_the_table_exists() -> None:
    named = {test for row in ROWS for test in row.tests}
    files = sorted({test.partition("::")[0] for test in named})
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *files],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    there = set(collected.stdout.splitlines())
    there |= {line.partition("[")[0] for line in there}
    assert named - there == set()


def test_rules_are_counted_on_from_the_numbered_ones() -> None:
    text = """
### 2.0 Not rules

- a
### 2.1 First

1. one
2. two
   goes on

| head | head |
| --- | --- |
| row | row |

A paragraph.
### 8.1 Second

```yaml
a: 1
b: 2
```
Rules: (1) one; (2) two.
## 9 Other

- nothing
"""
    counted = Counter(rule.rpartition(".")[0] for rule in rules_of_the_specification(text))
    assert counted == {"2.1": 4, "8.1": 4}


def _names(limit: int) -> tuple[str, ...]:
    return ("a",) * limit


def _holds(limit: int) -> bool:
    return limit > 1


def _pair(limit: int) -> tuple[str, int]:
    return "a", limit


def test_a_knocked_out_function_gives_the_empty_value_of_its_type() -> None:
    assert [stand_in() for stand_in in stand_ins(_names)] == [()]
    assert [stand_in() for stand_in in stand_ins(_holds)] == [False, True]
    with pytest.raises(AssertionError, match="knocked out"):
        stand_ins(_pair)[0]()


def test_a_function_is_knocked_out_wherever_it_is_used() -> None:
    def doubled(number: int) -> int | None:
        return 2 * number

    kept_elsewhere = {"doubled": doubled}
    put_in(doubled, stand_ins(doubled)[0])
    assert kept_elsewhere["doubled"](3) is None
