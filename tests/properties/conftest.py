"""How hard the properties are looked at: `quick` within `make test`, `long` when there is time.

`HYPOTHESIS_PROFILE=long pytest tests/properties`, or `pytest tests/properties --hypothesis-profile=long`.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

# A whole record is much to generate, and the first answer of a process loads the guideline.
settings.register_profile(
    "patient",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
_PATIENT = settings.get_profile("patient")

# Derandomized, so that a red run is red again; no database, so that no run depends on another.
settings.register_profile(
    "quick",
    _PATIENT,
    max_examples=30,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
settings.register_profile("long", _PATIENT, max_examples=3000)


def pytest_configure(config: pytest.Config) -> None:
    """Load the profile that the environment names, unless the command line names one."""
    if not config.getoption("--hypothesis-profile", default=None):
        settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
