"""The guideline as it is shipped, and what its rules conclude beside what a test asks."""

import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from tests.guideline.lumbar_mri import ledger
from tests.shipped import shipped_guideline

_told: dict[str, dict[str, Any]] = defaultdict(dict)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--write-ledger` writes down what the rules conclude, instead of comparing it."""
    parser.addoption(
        "--write-ledger", action="store_true", help="Write what the rules conclude in each test."
    )


@pytest.fixture(scope="session")
def guideline() -> Guideline:
    return shipped_guideline()


@pytest.fixture(autouse=True)
def _conclusions(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compare all that the rules conclude in a test with the ledger."""
    module, test = request.module.__name__.rpartition(".")[2], request.node.name
    if not ledger.keeps(module):
        yield
        return
    told: list[Any] = []
    modules = [request.module]
    modules += [found for name, found in sys.modules.items() if name.endswith("lumbar_mri.decision_builders")]
    for each in modules:
        for name, rule in list(ledger.rules_in(each)):
            monkeypatch.setattr(each, name, ledger.listened(name, rule, told))
    yield
    if request.config.getoption("write_ledger", False):
        _told[module][test] = told
        return
    expected = ledger.written(module, test)
    assert expected is None or told == expected


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the ledger where it was asked for and every test passed."""
    if session.config.getoption("write_ledger", False) and exitstatus == pytest.ExitCode.OK:
        ledger.write(_told)
