"""The guideline as it is shipped, loaded once for every test of its rules."""

import pytest

from cds_service.guideline.content import Guideline
from tests.record.records import shipped_guideline


@pytest.fixture(scope="session")
def guideline() -> Guideline:
    return shipped_guideline()
