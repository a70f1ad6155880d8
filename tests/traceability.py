"""Proves the table of `cds_service/traceability.py`: without its function, a test of each rule fails.

    python -m tests.traceability                every function of every rule, each in a fork of its own
    python -m tests.traceability 8.5.1 2.7.4    only these rules
    python -m tests.traceability --spec FILE    whether the table holds every rule of the specification

The first form prints what the tests did not notice and ends with 1; it takes some minutes.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from cds_service.traceability import TracedRule, traceability_rows
from tests.guideline.lumbar_mri import ledger
from tests.knock_out import find_function, put_in, stand_ins
from tests.specification_rules import rules_of_the_specification

_QUIET = ("-q", "-p", "no:cacheprovider", "-p", "tests.preloaded_guideline", "--tb=no")


def unnoticed(rows: Sequence[TracedRule]) -> Iterator[str]:
    """A line for each function of a rule that no test of that rule misses."""
    _collect(rows)
    yield from _failing_already(rows)
    for name in dict.fromkeys(name for row in rows for name in row.functions):
        of_this = [row for row in rows if name in row.functions]
        tests = tuple(dict.fromkeys(test for row in of_this for test in row.tests))
        missing = list(of_this)
        for choice in range(len(stand_ins(find_function(name)))):
            failed = _failing(name, choice, tests)
            missing = [row for row in missing if not any(_is_of(test, row.tests) for test in failed)]
            if not missing:
                break
        yield from (f"{row.rule}: no test fails without {name}" for row in missing)


def _collect(rows: Sequence[TracedRule]) -> None:
    """Import the tests and load the guideline, once for all forks; no test is run here, for it would leave
    conclusions behind that the forks then find.
    """
    ledger.close()
    files = dict.fromkeys(test.partition("::")[0] for row in rows for test in row.tests)
    with _silence():
        status = pytest.main([*_QUIET, "--collect-only", *files])
    if status != pytest.ExitCode.OK:
        raise SystemExit("The tests of the table cannot be collected.")


def _failing_already(rows: Sequence[TracedRule]) -> Iterator[str]:
    tests = dict.fromkeys(test for row in rows for test in row.tests)
    yield from (f"{test}: fails as the code stands" for test in _failing("", 0, tuple(tests)))


def _failing(name: str, choice: int, tests: Sequence[str]) -> list[str]:
    """The tests that fail in a fork in which a stand-in has the place of this function, if one is named."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _run_and_tell(name, choice, tests, writing)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as told:
        found = told.read()
    os.waitpid(child, 0)
    if not found:
        raise SystemExit(f"The tests broke off without {name or 'any change'}.")
    failed: list[str] = json.loads(found)
    return failed


def _run_and_tell(name: str, choice: int, tests: Sequence[str], writing: int) -> None:
    recorder = _Failures()
    try:
        with _silence():
            if name:
                function = find_function(name)
                put_in(function, stand_ins(function)[choice])
            status = pytest.main([*_QUIET, *tests], plugins=[recorder])
        if status in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            os.write(writing, json.dumps(recorder.failed).encode())
    finally:
        os._exit(0)


class _Failures:
    def __init__(self) -> None:
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


def _is_of(test: str, named: Iterable[str]) -> bool:
    return any(test == name or test.startswith(f"{name}[") for name in named)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        yield


def main(arguments: Sequence[str]) -> int:
    """Status 1 where something is not as the table says."""
    rows = traceability_rows()
    if arguments[:1] == ["--spec"]:
        wanted = rules_of_the_specification(Path(arguments[1]).read_text(encoding="utf-8"))
        wrong = sorted({*wanted} ^ {row.rule for row in rows})
        print(*(f"{rule}: not in both" for rule in wrong), f"{len(wanted)} rules", sep="\n")
        return bool(wrong)
    chosen = [row for row in rows if row.functions and (not arguments or row.rule in arguments)]
    started = time.monotonic()
    found = 0
    for line in unnoticed(chosen):
        print(line, flush=True)
        found += 1
    functions = {name for row in chosen for name in row.functions}
    print(
        f"{len(chosen)} rules, {len(functions)} functions, {found} unnoticed, {time.monotonic() - started:.0f} s"
    )
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
