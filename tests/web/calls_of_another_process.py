"""Calls of a service in a process of its own: `python -m tests.web.calls_of_another_process FOLDER ISSUER`.

Reads a token a line, calls the service with each, and prints the statuses.
The folder holds the issuer's key file and the database.
"""

import dataclasses
import sys
from pathlib import Path

from cds_service.access.clients import ClientProfile, Clients
from cds_service.app import build_services, configure_logging, create_app
from cds_service.settings import Settings
from tests.access.signers import BASE_URL
from tests.conftest import NOW
from tests.web.signed_calls import Recording, ShiftedClock, authenticating, call


def main(folder: Path, issuer: str) -> None:
    configure_logging("error")
    profile = ClientProfile(name="clinic", issuer=issuer, jwks_file=folder / "clinic-keys.json")
    settings = Settings(public_base_url=BASE_URL, database_url=f"sqlite:///{folder}/tokens.sqlite3")
    services = dataclasses.replace(
        build_services(settings), clients=Clients(client=(profile,)), clock=lambda: NOW
    )
    clock = ShiftedClock()
    client = create_app(services=authenticating(services, Recording(clock), clock)).test_client()
    for token in sys.stdin.read().split():
        print(call(client, token).status_code)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
