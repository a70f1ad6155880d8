"""Counts every request for `/metrics`, by the service that it was for and the status of its answer."""

from __future__ import annotations

from flask import Flask, Response, g, request

from cds_service.errors import FeedbackNotKept
from cds_service.metrics import FEEDBACK_SERVICES, OTHER, TIMED_SERVICES, RefusalReason
from cds_service.web.call_log import call_started, was_noted
from cds_service.wiring import current_services

_REFUSALS: dict[int, RefusalReason] = {
    400: "malformed",
    401: "not authenticated",
    FeedbackNotKept.status: "busy",
}


def register(app: Flask) -> None:
    """Count requests, but not those of the watchers themselves; call it after `call_log.register`."""

    @app.before_request
    def begin() -> None:
        # One that arrives as something else than a POST is refused at once, or a preflight.
        if request.method == "POST" and _service() in TIMED_SERVICES:
            g.counted = True
            current_services().metrics.call_begins()

    @app.after_request
    def count(response: Response) -> Response:
        if request.blueprint != "operations":
            _count(response.status_code)
        return response

    @app.teardown_request
    def end(_: BaseException | None) -> None:
        if g.pop("counted", False):
            current_services().metrics.call_ends()


def _count(status: int) -> None:
    services, service = current_services(), _service()
    services.metrics.call(service, status, services.stopwatch() - call_started())
    if service in FEEDBACK_SERVICES and request.method == "POST" and status >= 400:
        not_kept = was_noted("feedback_not_kept")
        services.metrics.feedback_refused("database" if not_kept else _REFUSALS.get(status, "other"))


def _service() -> str:
    """The service of this request's address, which is one of ours and never what was typed."""
    match (request.endpoint or "").split("."):
        case ["hooks", "discover" | "discovery"]:
            return "discovery"
        case ["hooks", name]:
            return name
        case ["fhir", _]:
            return "fhir"
        case _:
            return OTHER
