"""The floor: the same server and Flask, which parse the same JSON body and answer one constant card."""

from __future__ import annotations

import json

from flask import Flask, Response, request

from cds_service.settings import Settings
from cds_service.web.server import run_server

_CARD = {
    "uuid": "0b9f2c1e-64d3-4b7a-8f11-5d0e9a7c3321",
    "summary": "A constant card",
    "indicator": "info",
    "source": {"label": "The floor of the benchmark"},
}


def create_floor() -> Flask:
    """A Flask app that does nothing but what every such service must do."""
    app = Flask("floor", static_folder=None)

    @app.post("/cds-services/lumbar-mri-order-select")
    def answer() -> Response:
        json.loads(request.get_data())
        return Response(json.dumps({"cards": [_CARD]}), content_type="application/json")

    return app


def main() -> None:
    """Serve the floor where the settings say."""
    run_server(create_floor(), Settings(), announce=lambda: None)


if __name__ == "__main__":
    main()
