"""The floor: the same server and Flask, which parse the same JSON body and answer one constant card."""

from __future__ import annotations

import json
from pathlib import Path

from flask import Flask, Response, request

from cds_service.app import build_services
from cds_service.settings import Settings
from cds_service.web.server import run_server
from cds_service.wiring import install_services

# A real answer, so that the floor sends as many bytes as the service does.
_ANSWER = Path(__file__).parent.parent / "fhir_fixtures" / "r2-persistent-pain.response.json"


def create_floor() -> Flask:
    """A Flask app that does nothing but what every such service must do."""
    app = Flask("floor", static_folder=None)
    install_services(app, build_services(Settings()))  # the server asks for them; no call does
    constant = json.loads(_ANSWER.read_text(encoding="utf-8"))

    @app.post("/cds-services/lumbar-mri-order-select")
    def answer() -> Response:
        json.loads(request.get_data())
        return Response(json.dumps(constant), content_type="application/json")

    return app


def main() -> None:
    """Serve the floor where the settings say."""
    run_server(create_floor(), Settings(), announce=lambda: None)


if __name__ == "__main__":
    main()
