"""What operators and passers-by ask: is it up, and what is it."""

from __future__ import annotations

from flask import Blueprint, Response

from cds_service import __version__
from cds_service.guideline.review_state import review_state, review_warning
from cds_service.protocol.discovery import SPECIFICATION_VERSION
from cds_service.web.json_answer import json_answer
from cds_service.wiring import current_services

blueprint = Blueprint("operations", __name__)


@blueprint.get("/")
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


@blueprint.get("/healthz")
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
