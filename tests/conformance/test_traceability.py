"""No rule of the reference is forgotten: each has a test, or a reason why not."""

import re
from pathlib import Path

from tests.conformance.lint import DISCOVERY_RULES, RESPONSE_RULES
from tests.conformance.rules import ALL_RULES, NOT_TESTED

_MARKERS = re.compile(r"mark\.rule\(([^)]*)\)")


def rules_with_a_test() -> set[str]:
    """Also outside of this folder: what needs a FHIR server that misbehaves is shown where one can be had."""
    marked = {
        rule
        for file in Path(__file__).parent.parent.rglob("test_*.py")
        for arguments in _MARKERS.findall(file.read_text(encoding="utf-8"))
        for rule in re.findall(r'"([A-Z]+-\d+)"', arguments)
    }
    return marked | set(RESPONSE_RULES) | set(DISCOVERY_RULES)


def test_every_rule_is_tested_or_has_a_reason() -> None:
    assert set(ALL_RULES) - rules_with_a_test() - set(NOT_TESTED) == set()


def test_no_rule_is_both_tested_and_excused() -> None:
    assert rules_with_a_test() & set(NOT_TESTED) == set()


def test_every_rule_that_is_named_is_in_the_reference() -> None:
    assert (rules_with_a_test() | set(NOT_TESTED)) - set(ALL_RULES) == set()
