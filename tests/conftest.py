"""What every test may use: the service in one process, with its clock stopped."""

import dataclasses
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask.testing import FlaskClient

from cds_service.app import Services, build_services, create_app
from cds_service.local_service import running_service
from cds_service.settings import Settings


def _stay_on_this_machine(event: str, arguments: tuple[Any, ...]) -> None:
    """Stop every look-up of a name and every connection that would leave this machine."""
    match event, arguments:
        case "socket.getaddrinfo", (host, *_):
            asked = host
        case "socket.connect", (_, (host, *_)):
            asked = host
        case _:
            return
    name = asked.decode() if isinstance(asked, bytes) else asked
    assert name in (None, "", "localhost") or _is_loopback(name), "a test must not leave this machine"


def _is_loopback(name: str) -> bool:
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


sys.addaudithook(_stay_on_this_machine)

# The first writes the traceability list of the conformance rules wherever their tests run.
pytest_plugins = ["tests.conformance.traceability", "tests.databases"]

NOW = datetime(2026, 6, 15, 10, tzinfo=timezone(timedelta(hours=8)))


class ServedService(NamedTuple):
    """A service that runs: where it answers, and where it logs."""

    base_url: str
    log: Path


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--base-url` points the conformance tests at a service that runs already."""
    parser.addoption(
        "--base-url",
        default=None,
        help="Base URL of the service to test; without it one is started for the tests.",
    )


@pytest.fixture(scope="session", autouse=True)
def _database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No service that a test starts leaves its database where the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDS_DATABASE_URL", f"sqlite:///{tmp_path_factory.mktemp('store')}/store.sqlite3")
        yield


@pytest.fixture(scope="session")
def services() -> Services:
    """The shipped guideline, at 10 o'clock on 15 June 2026 in Singapore."""
    return dataclasses.replace(build_services(Settings()), clock=lambda: NOW)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedService]:
    """The service in a process of its own, served as in production, with the file that its log goes to."""
    log = tmp_path_factory.mktemp("served") / "log.jsonl"
    with running_service(log=log) as base_url:
        yield ServedService(base_url, log)


@pytest.fixture
def client(services: Services) -> FlaskClient:
    """An HTTP client of the service, without a network."""
    return create_app(services=services).test_client()
