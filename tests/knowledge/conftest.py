"""The shipped guideline, and its resources as they were built at one moment."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from cds_service.guideline.content import Guideline, load_guideline
from cds_service.knowledge.library import Library, build_library

SHIPPED = Path(__file__).parents[2] / "cards" / "lumbar-mri"
NOW = datetime(2026, 6, 15, 10, tzinfo=timezone(timedelta(hours=8)))


@pytest.fixture(scope="session")
def shipped() -> Guideline:
    return load_guideline(SHIPPED)


@pytest.fixture(scope="session")
def library(shipped: Guideline) -> Library:
    return build_library(shipped, NOW)
