"""`python -m tests.web.service_with_a_closer --port PORT`: a service that has something to close.

Each process writes a line beside the database when it ends.
"""

import dataclasses
import sys
from pathlib import Path

from sqlalchemy import make_url

from cds_service.app import build_services, configure_logging, create_app
from cds_service.settings import Settings
from cds_service.web.observed import observed
from cds_service.web.server import run_server
from cds_service.wiring import keep_in_database

CLOSED = "closed.txt"


def main(port: int) -> None:
    settings = Settings(port=port, workers=2)
    configure_logging(settings.log_level)
    closed = Path(make_url(settings.database_url).database or "").parent / CLOSED

    def breaks() -> None:
        raise RuntimeError("nothing of this is logged")

    def close() -> None:
        with closed.open("a") as lines:
            lines.write("closed\n")

    services = keep_in_database(observed(build_services(settings)))
    services = dataclasses.replace(services, closers=(breaks, *services.closers, close))
    run_server(create_app(services=services), settings, announce=lambda: None)


if __name__ == "__main__":
    main(int(sys.argv[sys.argv.index("--port") + 1]))
