"""A pytest plugin for `make mutants` and `make trace`, which run the tests in forks of one process.

The guideline is loaded before the forks; tests that load content themselves still do so in their own process.
"""

import gc
import os

import pytest

from tests.guideline.lumbar_mri.ledger import WRITERS
from tests.shipped import shipped_guideline
from tests.vignettes.asking import services_of_the_stories

# The tests of a module that has no file of its own.
_NEAREST: dict[str, str | tuple[str, ...]] = {
    "cancer_treatment": "test_malignancy.py",
    "care_items": "test_conservative_care.py",
    "coded_infections": ("test_infection.py", "test_boundaries.py"),
    "inflammation": ("test_infection.py", "test_boundaries.py"),
    "interventions": ("test_procedures.py", "test_boundaries.py"),
    "pain_after": ("test_procedures.py", "test_boundaries.py"),
    "procedure_findings": ("test_procedures.py", "test_boundaries.py"),
    "weak_symptoms": "test_malignancy.py",
}

# A mutant that so many tests do not notice is left alive: fewer tests never count a mutant as killed.
_MOST_TESTS = 500


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Under a mutant the tests that are nearest to its module come first, and whole requests last."""
    mutant = os.environ.get("MUTANT_UNDER_TEST", "")
    if "__mutmut_" not in mutant:
        return
    module = mutant.split(".")[-2]
    writes = module in WRITERS
    loads = ".lumbar_mri." not in mutant

    def distance(item: pytest.Item) -> tuple[bool, ...]:
        file = item.nodeid.partition("::")[0]
        return (
            not file.endswith(f"test_{module}.py"),
            not file.endswith(_NEAREST.get(module, "-")),
            loads and "lumbar_mri" in file,
            writes or not file.endswith("test_pairs.py"),
            "vignettes" in file,
            ("test_render" in file) is not writes,
        )

    items.sort(key=distance)
    del items[_MOST_TESTS:]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Load what the tests of a session share; in a fork of a process that did so it costs nothing."""
    if session.items:
        shipped_guideline()
        services_of_the_stories()
        gc.freeze()  # pytest collects garbage at its end, which here is most of the time of a fork
