"""The one value that holds everything a request handler depends on, and how a handler gets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from flask import Flask, current_app

from cds_service.access.clients import OPEN_DEMO, Clients
from cds_service.access.fhir_reads import FhirReader
from cds_service.access.outgoing import Outgoing
from cds_service.feedback import FeedbackSink
from cds_service.feedback.decision_keeper import DecisionKeeper, KeepsInSeveral, KeepsNoDecisions
from cds_service.feedback.pseudonyms import Pseudonyms
from cds_service.guideline.content import Guideline
from cds_service.metrics import Metrics
from cds_service.settings import Settings
from cds_service.tracing import NoTraces, Traces

if TYPE_CHECKING:  # what checks tokens takes long to load, and only some services need it
    from cds_service.access.tokens import TokenChecks
    from cds_service.feedback.memory import OverrideMemory
    from cds_service.store.database import Database

# What waits to be written has so long when a process ends: the server stops within ten seconds in all.
_CLOSE_SECONDS = 2.0
_EXTENSION = "cds_service"


@dataclass(frozen=True, slots=True)
class Services:
    """What the service runs with; a test replaces the whole value, never a part in place.

    `clock` gives the moment of evaluation, with a time zone.
    `new_uuid` gives a fresh card or suggestion uuid.
    `stopwatch` counts seconds from an arbitrary start, for the timings in the log and the ends of FHIR reads.
    `token_checks` is None where no client has to prove who it is.
    `decisions` keeps a record of each decision, and `pseudonyms` hashes the names in it; None: without a key.
    `overrides` remembers what clinicians answered to earlier cards; None: without a key, too.
    `fhir` reads what a call's prefetch lacks; None means that nothing is read from FHIR servers.
    `metrics` counts what becomes of calls.
    `database_check` raises StoreUnavailable where nothing can be stored; None where nothing is.
    `traces` makes spans of calls.
    `closers` are called in each process once its last call is answered; each must end within a second or two.
    """

    settings: Settings
    guideline: Guideline
    clock: Callable[[], datetime]
    new_uuid: Callable[[], str]
    feedback: FeedbackSink
    stopwatch: Callable[[], float]
    clients: Clients = field(default=Clients(client=(OPEN_DEMO,)))
    fhir: FhirReader | None = None
    decisions: DecisionKeeper = field(default_factory=KeepsNoDecisions)
    pseudonyms: Pseudonyms | None = None
    overrides: OverrideMemory | None = None
    token_checks: TokenChecks | None = None
    metrics: Metrics = field(default_factory=Metrics)
    traces: Traces = field(default_factory=NoTraces)
    database_check: Callable[[], None] | None = None
    closers: tuple[Callable[[], None], ...] = ()


def make_token_checks(
    clients: Clients, settings: Settings, outgoing: Outgoing, monotonic: Callable[[], float]
) -> TokenChecks | None:
    """What the tokens of these clients are checked with; None where none of them has to prove who it is.

    `monotonic` counts seconds on the clock that `outgoing` takes its ends from.
    Raises ClientsError and BadDatabaseUrl.
    """
    if all(client.issuer is None for client in clients.client):
        return None
    # Imported here because cryptography and SQLAlchemy take most of a second to load.
    from cds_service.access.key_sets import KeySets
    from cds_service.access.tokens import TokenChecks
    from cds_service.access.used_tokens import SharedUsedTokens
    from cds_service.store.used_tokens import UsedTokenTable

    return TokenChecks(
        keys=KeySets(clients, outgoing, monotonic, settings.key_set_max_age_seconds),
        used_tokens=SharedUsedTokens(UsedTokenTable(_shared_database(settings.database_url))),
        leeway_seconds=settings.token_leeway_seconds,
        max_seconds=settings.token_max_seconds,
    )


def keep_in_database(services: Services) -> Services:
    """The same services, which keep what they are told; where no database opens they start and say so.

    Its records are counted by the metrics that the services have now.
    Only what serves calls this: commands need no database, and it takes most of a second to load.
    Raises BadDatabaseUrl.
    """
    from cds_service.access.audit_server import AuditServer
    from cds_service.feedback.decision_writer import DecisionWriter
    from cds_service.feedback.kept import milliseconds_of, own_reasons
    from cds_service.feedback.memory import OverrideMemory
    from cds_service.feedback.retention import carry_out, retention_for
    from cds_service.feedback.stored import StoredFeedback
    from cds_service.store.decisions import DecisionRows
    from cds_service.store.feedback import FeedbackRows
    from cds_service.store.overrides import OverrideRows

    settings = services.settings
    database = _shared_database(settings.database_url)
    feedback = StoredFeedback(
        FeedbackRows(database), own_reasons(services.guideline.words), comments=settings.keep_comments
    )
    feedback.prepare()
    rows = DecisionRows(database)
    retention = retention_for(settings.decision_days, services.guideline.thresholds.repeat_override_days)
    decisions: DecisionKeeper = DecisionWriter(
        rows,
        stopwatch=services.stopwatch,
        tidy=lambda: carry_out(rows, retention, milliseconds_of(services.clock())),
        told=services.metrics.records,
    )
    if settings.audit_url:
        audit = AuditServer(settings.audit_url, settings.audit_token)
        decisions = KeepsInSeveral(
            (
                decisions,
                DecisionWriter(
                    audit,
                    stopwatch=services.stopwatch,
                    name="audit-server",
                    told=services.metrics.audit_events,
                ),
            )
        )
    key = settings.pseudonym_key.get_secret_value()
    services = replace(
        services,
        feedback=feedback,
        decisions=decisions,
        database_check=database.check,
        closers=(*services.closers, lambda: decisions.close(_CLOSE_SECONDS)),
    )
    if not key:
        return services
    pseudonyms = Pseudonyms(key.encode())
    overrides = OverrideMemory(
        OverrideRows(database), pseudonyms, services.guideline, stopwatch=services.stopwatch
    )
    return replace(
        services,
        pseudonyms=pseudonyms,
        overrides=overrides,
        closers=(*services.closers, overrides.close),
    )


@cache
def _shared_database(url: str) -> Database:
    """One engine a process for everything that is kept. Raises BadDatabaseUrl."""
    from cds_service.store.database import Database

    return Database(url)


def install_services(app: Flask, services: Services) -> None:
    """Put the services where `current_services` finds them."""
    app.extensions[_EXTENSION] = services


def current_services() -> Services:
    """The services of the app that handles this request."""
    return services_of(current_app)


def services_of(app: Flask) -> Services:
    """The services of an app."""
    services: Services = app.extensions[_EXTENSION]
    return services
