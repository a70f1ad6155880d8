"""What operators and passers-by ask: is it up, and what is it."""

from __future__ import annotations

from flask import Blueprint, Response

from cds_service import __version__
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
    """200 while the process answers; the guideline was checked before it started to."""
    return json_answer({"status": "ok"})
