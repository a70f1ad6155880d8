"""What operators and passers-by ask: is it up, and what is it."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address

from flask import Blueprint, Request, Response, abort, request

from cds_service import __version__
from cds_service.access.networks import plain
from cds_service.errors import operation_outcome
from cds_service.guideline.review_state import ReviewState, review_state, review_warning
from cds_service.metrics import Content
from cds_service.protocol.discovery import SPECIFICATION_VERSION
from cds_service.web.json_answer import json_answer
from cds_service.web.readiness import Readiness
from cds_service.wiring import Services, current_services

# Each is a word of a proxy, or of a page in a browser: neither is who collects metrics.
NOT_FROM_A_COLLECTOR = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Via", "Origin")


def make_blueprint(services: Services) -> Blueprint:
    """The addresses of operators; what readiness remembers is of one app."""
    blueprint = Blueprint("operations", __name__)
    readiness = Readiness(services)

    def ready() -> Response:
        """Whether calls are answered, and what should be mended; see docs/operations.md."""
        status, told = readiness.report()
        return json_answer(told, status)

    blueprint.add_url_rule("/", "index", index)
    blueprint.add_url_rule("/healthz", "health", health)
    blueprint.add_url_rule("/readyz", "ready", ready)
    blueprint.add_url_rule("/metrics", "metrics", metrics)
    return blueprint


def index() -> Response:
    """What this is, and where to begin."""
    base_url = current_services().settings.base_url
    return json_answer(
        {
            "service": "Lumbar MRI decision support (CDS Hooks)",
            "version": __version__,
            "cdsHooks": SPECIFICATION_VERSION,
            "discovery": f"{base_url}/cds-services",
            "health": f"{base_url}/healthz",
            "fhir": f"{base_url}/fhir/metadata",
        }
    )


def health() -> Response:
    """200 while the process answers; the guideline was checked before it started to.

    An expired review is told and stops nothing: advice that nobody looked at again is still the signed one.
    """
    services = current_services()
    guideline = services.guideline
    today = services.clock().astimezone(guideline.zone).date()
    warning = review_warning(guideline, today)
    told = {
        "status": "ok",
        "guideline": {
            "id": guideline.id,
            "version": guideline.version,
            "digest": guideline.digest,
            "review": review_state(guideline, today).value,
        },
    }
    return json_answer(told | ({"warnings": [warning]} if warning else {}))


def metrics() -> Response:
    """What is counted, for a collector in a network that may read it; for all others it is not there."""
    services = current_services()
    if not _is_collector(request, services.settings.metrics_networks):
        abort(404)
    # Imported here because only this answer needs it.
    from prometheus_client import CONTENT_TYPE_LATEST

    guideline = services.guideline
    today = services.clock().astimezone(guideline.zone).date()
    expired = review_state(guideline, today) is ReviewState.EXPIRED
    text = services.metrics.render(Content(guideline.id, guideline.version, guideline.digest, expired))
    if not text:
        outcome = operation_outcome(
            "exception", "Nothing is counted: there was no place for it at the start."
        )
        return json_answer(outcome, 503)
    return Response(text, content_type=CONTENT_TYPE_LATEST)


def _is_collector(asked: Request, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Whether the other end of this connection may read, and asks for itself.

    A proxy stands in an allowed network itself, so its address alone would let everybody in.
    No header lets anybody in: each of these only keeps out.
    """
    if any(name in asked.headers for name in NOT_FROM_A_COLLECTOR):
        return False
    try:
        peer = plain(ip_address(asked.remote_addr or ""))
    except ValueError:
        return False
    return any(peer in network for network in networks)
