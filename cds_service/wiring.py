"""The one value that holds everything a request handler depends on, and how a handler gets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from flask import Flask, current_app

from cds_service.access.clients import OPEN_DEMO, Clients
from cds_service.feedback import FeedbackSink
from cds_service.guideline.content import Guideline
from cds_service.settings import Settings

_EXTENSION = "cds_service"


@dataclass(frozen=True, slots=True)
class Services:
    """What the service runs with; a test replaces the whole value, never a part in place.

    `clock` gives the moment of evaluation, with a time zone.
    `new_uuid` gives a fresh card or suggestion uuid.
    `stopwatch` counts seconds from an arbitrary start, for the timings in the log.
    """

    settings: Settings
    guideline: Guideline
    clock: Callable[[], datetime]
    new_uuid: Callable[[], str]
    feedback: FeedbackSink
    stopwatch: Callable[[], float]
    clients: Clients = field(default=Clients(client=(OPEN_DEMO,)))


def install_services(app: Flask, services: Services) -> None:
    """Put the services where `current_services` finds them."""
    app.extensions[_EXTENSION] = services


def current_services() -> Services:
    """The services of the app that handles this request."""
    services: Services = current_app.extensions[_EXTENSION]
    return services
