"""The guideline as it is shipped, loaded once for every test of its rules."""

from pathlib import Path

import pytest

from cds_service.guideline.content import Guideline, load_guideline


@pytest.fixture(scope="session")
def guideline() -> Guideline:
    return load_guideline(Path(__file__).parents[3] / "cards" / "lumbar-mri")
