"""Puts the service together; with `settings.py` the only reader of environment and clock."""

from __future__ import annotations

import logging
import sys
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import structlog
from flask import Flask

from cds_service.access.client_file import load_clients
from cds_service.access.clients import Clients
from cds_service.access.fhir_reads import FhirReader
from cds_service.access.guarded_get import GuardedOutgoing
from cds_service.access.read_pool import ReadPool
from cds_service.content_check import failing_examples
from cds_service.feedback import KeepsNothing
from cds_service.guideline.content import Folder, Guideline, load_guideline, resource_type_of
from cds_service.guideline.content_queries import read_optional_queries
from cds_service.guideline.problems import refuse
from cds_service.guideline.review_state import review_warning
from cds_service.metrics import Metrics
from cds_service.record.users import USER_ROLE
from cds_service.settings import Settings
from cds_service.web import (
    call_log,
    call_metrics,
    call_traces,
    cors,
    errors,
    fhir_api,
    hooks_api,
    operations,
    scorecard,
    security_headers,
)
from cds_service.wiring import Services, install_services, keep_in_database, make_token_checks

__all__ = ["Services", "build_services", "cards_folder", "configure_logging", "create_app", "read_clock"]

GUIDELINE_FOLDER = "lumbar-mri"


def create_app(settings: Settings | None = None, services: Services | None = None) -> Flask:
    """The WSGI application, of these services or of new ones that keep what they are told.

    Raises what `build_services` and `keep_in_database` raise.
    """
    services = services or keep_in_database(build_services(settings or Settings()))
    app = Flask("cds_service", static_folder=None)
    # Flask would redirect or merge odd paths; a POST is never redirected (DISC-18).
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    install_services(app, services)
    _warn_of_expired_review(services)
    if services.token_checks is not None:
        services.token_checks.used_tokens.prepare()
    services.metrics.prepare()
    call_log.register(app)
    call_metrics.register(app)
    call_traces.register(app)
    cors.register(app, services.settings.cors_origins)
    security_headers.register(app, services.settings)
    errors.register(app)
    app.register_blueprint(operations.make_blueprint(services))
    app.register_blueprint(hooks_api.make_blueprint(services))
    app.register_blueprint(fhir_api.make_blueprint(services))
    app.register_blueprint(scorecard.make_blueprint(services))
    return app


def build_services(settings: Settings) -> Services:
    """The services as production runs them: the shipped guideline, the real clock, random uuids.

    They keep nothing yet: that is for `keep_in_database`.

    Raises ContentError where the guideline or the site's overlay is broken,
    or where an example of the guideline, without the overlay, ends otherwise than its owner wrote.
    Raises ClientsError where the file of clients, or a key file that it names, is broken,
    and BadDatabaseUrl where no database can be meant by the setting, and one is needed.
    """
    clients = load_clients(settings.clients)
    folder = cards_folder() / GUIDELINE_FOLDER
    guideline = load_guideline(folder, settings.site)
    refuse(failing_examples(folder, guideline if settings.site is None else load_guideline(folder)))
    outgoing = GuardedOutgoing()
    guideline = _asking_for_roles(folder, guideline, clients)
    return Services(
        settings=settings,
        guideline=guideline,
        metrics=Metrics(types={resource_type_of(query) for query in guideline.prefetch.values()}),
        clock=read_clock,
        new_uuid=lambda: str(uuid.uuid4()),
        feedback=KeepsNothing(),
        stopwatch=time.monotonic,  # what the ends of outgoing requests are counted in, too
        fhir=FhirReader(
            outgoing=outgoing,
            pool=ReadPool(settings.fhir_threads),
            stopwatch=time.monotonic,
            clock=read_clock,
            pause=time.sleep,
            request_seconds=settings.fhir_read_seconds,
            max_bytes=settings.fhir_max_bytes,
            depth_limit=settings.json_depth_limit,
        ),
        clients=clients,
        token_checks=make_token_checks(clients, settings, outgoing, time.monotonic),
    )


def _asking_for_roles(folder: Folder, guideline: Guideline, clients: Clients) -> Guideline:
    """The guideline that also asks for the user's role where only a client, and not the site, names roles.

    Discovery is one list for all clients, so all are asked for it.
    """
    if USER_ROLE in guideline.prefetch or not any(client.silent_roles for client in clients.client):
        return guideline
    query, reason = read_optional_queries(folder)[USER_ROLE]
    return replace(
        guideline,
        prefetch={**guideline.prefetch, USER_ROLE: query},
        prefetch_reasons={**guideline.prefetch_reasons, USER_ROLE: reason},
    )


def _warn_of_expired_review(services: Services) -> None:
    guideline = services.guideline
    warning = review_warning(guideline, services.clock().astimezone(guideline.zone).date())
    if warning:
        structlog.get_logger().warning("review expired", guideline=guideline.id, warning=warning)


def read_clock() -> datetime:
    """This moment; the only look at the wall clock in the service."""
    return datetime.now(UTC)


def cards_folder() -> Traversable:
    """The folder of guideline content: inside the installed package, or beside it in a checkout."""
    shipped = files("cds_service") / "cards"
    if shipped.is_dir():
        return shipped
    return Path(__file__).resolve().parent.parent / "cards"


def configure_logging(level: str) -> None:
    """Send one JSON object a line to standard error, from `level` upwards."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
