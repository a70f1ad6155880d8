"""Asks the whole service over HTTP: Flask's test client, an injected clock and countable uuids."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache
from itertools import count
from typing import Any

from cds_service.app import Services, build_services, create_app
from cds_service.settings import Settings


def ask(request: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The body of the 200 answer; raises AssertionError with the OperationOutcome on any other status."""
    services = replace(services_of_the_stories(), clock=lambda: now, new_uuid=numbered_uuids())
    path = f"/cds-services/lumbar-mri-{request['hook']}"
    answer = create_app(services=services).test_client().post(path, json=request)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body: dict[str, Any] = json.loads(answer.get_data())
    return body


def numbered_uuids() -> Callable[[], str]:
    """A maker of well-formed uuids that count from 1, so that an answer can be compared."""
    numbers = count(1)
    return lambda: f"00000000-0000-4000-8000-{next(numbers):012d}"


@cache
def services_of_the_stories() -> Services:
    """The shipped guideline, loaded once for all stories; their record is what they send, and no server has more."""
    return replace(build_services(Settings()), fhir=None)
