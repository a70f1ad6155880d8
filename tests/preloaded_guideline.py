"""A pytest plugin for `make mutants` and `make trace`, which run the tests in forks of one process.

The guideline is loaded before the forks; tests that load content themselves still do so in their own process.
"""

import gc

import pytest

from tests.record.records import shipped_guideline
from tests.vignettes.asking import services_of_the_stories


def pytest_collection_finish(session: pytest.Session) -> None:
    """Load what the tests of a session share; in a fork of a process that did so it costs nothing."""
    if session.items:
        shipped_guideline()
        services_of_the_stories()
        gc.freeze()  # pytest collects garbage at its end, which here is most of the time of a fork
