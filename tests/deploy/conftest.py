"""What the server and the app say of themselves, for comparison with what is deployed."""

import pytest
from flask import Flask

from cds_service.app import Services, create_app
from cds_service.settings import Settings
from cds_service.web.server import _Server


@pytest.fixture(scope="session")
def app(services: Services) -> Flask:
    return create_app(services=services)


@pytest.fixture(scope="session")
def paths(app: Flask) -> set[str]:
    """Every path of the service, the parts that vary in angle brackets."""
    return {rule.rule for rule in app.url_map.iter_rules()}


@pytest.fixture(scope="session")
def graceful_seconds(app: Flask) -> int:
    """How long the server waits for calls in flight before it ends."""
    seconds: int = _Server(app, Settings(), announce=lambda: None).cfg.graceful_timeout
    return seconds
