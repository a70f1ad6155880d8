"""What is seen of a service that runs in several processes: its counts and its traces."""

from __future__ import annotations

from dataclasses import replace

import structlog

from cds_service.settings import Settings, share_metrics_in, standard_traces_wanted
from cds_service.tracing import NoTraces, Traces, TracingNotInstalled, traces_to
from cds_service.web.metrics_folder import make_metrics_folder
from cds_service.wiring import Services

_log = structlog.get_logger()


def observed(services: Services) -> Services:
    """The same services, which count over all processes, and trace where that is wanted.

    Must come before prometheus-client is loaded for the first time.
    Raises TracingNotInstalled where the service's own setting wants traces and they cannot be had.
    """
    try:
        folder = make_metrics_folder()
        share_metrics_in(folder)
    except OSError as error:
        # No disk is so full that no card is sent.
        _log.warning("metrics-off", error=type(error).__name__)
        folder = None
    metrics = services.metrics.of_all_processes(folder)
    return replace(services, metrics=metrics, traces=traces_of(services.settings))


def traces_of(settings: Settings) -> Traces:
    """The traces that are wanted; raises TracingNotInstalled, as `observed` does."""
    if settings.traces:
        return traces_to(settings.traces)
    if not standard_traces_wanted():
        return NoTraces()
    try:
        return traces_to("")
    except TracingNotInstalled:
        # That variable may have been set for everything on a machine, so it is no reason not to start.
        _log.warning("traces-off", error="TracingNotInstalled")
        return NoTraces()
