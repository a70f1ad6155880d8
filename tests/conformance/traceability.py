"""A pytest plugin that writes which rule was shown by which test, and with what result.

The list goes to `build/conformance.tsv`: rule, result, test or reason.
Every process of a distributed run reports to the first one, which writes.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.rules import ALL_RULES, NOT_TESTED

LIST = Path("build") / "conformance.tsv"
_PROPERTY = "conformance-rules"
_WORST_FIRST = ("failed", "skipped", "passed")

_results: dict[str, dict[str, str]] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Send the rules of a test along with its result."""
    rules = [rule for marker in item.iter_markers("rule") for rule in marker.args]
    if rules and not any(name == _PROPERTY for name, _ in item.user_properties):
        item.user_properties.append((_PROPERTY, " ".join(rules)))
    return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember the worst result of each test for each of its rules."""
    if report.when != "call" and report.outcome == "passed":
        return
    for name, rules in report.user_properties:
        if name == _PROPERTY:
            for rule in str(rules).split():
                _results.setdefault(rule, {})[report.nodeid] = report.outcome


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write the list and print one line about it, where conformance tests ran at all."""
    if not _results:
        return
    rows = [row for rule in ALL_RULES for row in _rows(rule)]
    path = config.rootpath / LIST
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join("\t".join(row) + "\n" for row in [("rule", "result", "shown by"), *rows]))
    terminalreporter.write_line(f"conformance: {_count()}; the list is in {LIST}")


def _rows(rule: str) -> Iterator[tuple[str, str, str]]:
    if rule in _results:
        yield from ((rule, result, test) for test, result in sorted(_results[rule].items()))
    else:
        yield (rule, *_without_a_test(rule))


def _without_a_test(rule: str) -> tuple[str, str]:
    reason = NOT_TESTED.get(rule)
    return (
        ("not offered" if reason.startswith("not offered") else "no test", reason)
        if reason
        else ("not run", "")
    )


def _count() -> str:
    """How many rules there are of each result; a rule counts by its worst test."""
    worst = Counter(
        next(result for result in _WORST_FIRST if result in _results[rule].values())
        if rule in _results
        else _without_a_test(rule)[0]
        for rule in ALL_RULES
    )
    return f"{len(ALL_RULES)} rules, " + ", ".join(
        f"{count} {result}" for result, count in sorted(worst.items())
    )
