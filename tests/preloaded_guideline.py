"""A pytest plugin for `make mutants` and `make trace`, which run the tests in forks of one process.

The guideline is loaded before the forks; tests that load content themselves still do so in their own process.
"""

import gc
import os

import pytest

from tests.guideline.lumbar_mri.ledger import WRITERS
from tests.shipped import shipped_guideline
from tests.vignettes.asking import services_of_the_stories

# The nearest tests of a module that has no file of its own, or more than that.
_CARDS = (
    "test_card_words.py", "test_render.py", "test_render_safety.py", "test_render_suggestions.py",
    "test_render_summary.py",
)  # fmt: skip
_LOADING = (
    "test_told_faults.py", "test_told_loading.py", "test_loaded_whole.py", "test_odd_content.py",
    "test_site_overlay.py",
)  # fmt: skip
_NEAREST: dict[str, str | tuple[str, ...]] = {
    "asked": "test_render.py",
    "cancer_treatment": "test_malignancy.py",
    "card_limit": "test_client_profiles.py",
    "card_sections": ("test_card_words.py", "test_content_check.py"),
    "care_items": "test_conservative_care.py",
    "clues": ("test_infection.py", "test_malignancy.py"),
    "coded_infections": ("test_infection.py", "test_boundaries.py"),
    "criteria": "test_example_cards.py",
    "imaging_tab": ("test_client_profiles.py", "test_shipped_profiles.py"),
    "immunosuppression": ("test_infection.py", "test_boundaries.py"),
    "inflammation": ("test_infection.py", "test_boundaries.py"),
    "interventions": ("test_procedures.py", "test_boundaries.py"),
    "pain_after": ("test_procedures.py", "test_boundaries.py"),
    "procedure_findings": ("test_procedures.py", "test_boundaries.py"),
    "rating": ("test_client_profiles.py", "test_shipped_profiles.py"),
    "red_flag_questions": "test_checklist_on_cards.py",
    "weak_symptoms": "test_malignancy.py",
    "word_check": ("test_card_words.py", "test_content_check.py"),
}

# A mutant that so many tests do not notice is left alive, but none of the nearest is ever cut off.
_MOST_TESTS = 500


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Under a mutant the tests that are nearest to its module come first, and whole requests last."""
    mutant = os.environ.get("MUTANT_UNDER_TEST", "")
    if "__mutmut_" not in mutant:
        return
    module = mutant.split(".")[-2]
    writes = module in WRITERS
    loads = ".lumbar_mri." not in mutant
    nearest = _NEAREST.get(module, _LOADING if loads else _CARDS if writes else "-")

    def distance(item: pytest.Item) -> tuple[bool, ...]:
        file = item.nodeid.partition("::")[0]
        return (
            not file.endswith(f"test_{module}.py"),
            not file.endswith(nearest),
            loads and "lumbar_mri" in file,
            writes or not file.endswith("test_pairs.py"),
            "vignettes" in file,
            ("test_render" in file) is not writes,
        )

    items.sort(key=distance)
    near = sum(not all(distance(item)[:2]) for item in items)
    del items[max(_MOST_TESTS, near) :]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Load what the tests of a session share; in a fork of a process that did so it costs nothing."""
    if session.items:
        shipped_guideline()
        services_of_the_stories()
        gc.freeze()  # pytest collects garbage at its end, which here is most of the time of a fork
