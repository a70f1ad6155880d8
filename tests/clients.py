"""Asks the whole service as one client, over HTTP."""

import json
from dataclasses import replace
from typing import Any

from structlog.testing import capture_logs

from cds_service.access.clients import ClientProfile, Clients
from cds_service.app import Services, create_app
from tests.conftest import NOW
from tests.vignettes.asking import numbered_uuids, services_of_the_stories

Answered = dict[str, Any]


def profile(**switches: Any) -> ClientProfile:
    """An open client, so that no call needs a token."""
    return ClientProfile(**{"name": "tested", **switches})


def services_for(client: ClientProfile, services: Services | None = None) -> Services:
    """The service as this client alone may call it."""
    return replace(
        services or services_of_the_stories(),
        clients=Clients(client=(client,)),
        clock=lambda: NOW,
        new_uuid=numbered_uuids(),
    )


def ask_as(
    client: ClientProfile, request: dict[str, Any], *, status: int = 200, services: Services | None = None
) -> Answered:
    """The body of the answer, whose status must be this one."""
    app = create_app(services=services_for(client, services))
    answer = app.test_client().post(f"/cds-services/lumbar-mri-{request['hook']}", json=request)
    assert answer.status_code == status, answer.get_data(as_text=True)
    body: Answered = json.loads(answer.get_data())
    return body


def logged_as(client: ClientProfile, request: dict[str, Any]) -> dict[str, Any]:
    """The line that the call left in the log."""
    with capture_logs() as lines:
        ask_as(client, request)
    (line,) = (line for line in lines if line["event"] == "call")
    return dict(line)


def actions_of(answer: Answered) -> list[dict[str, Any]]:
    """Every action of every suggestion."""
    choices = [choice for card in answer["cards"] for choice in card.get("suggestions", ())]
    return [action for choice in choices for action in choice["actions"]]


def suggested_orders(answer: Answered) -> list[dict[str, Any]]:
    """Every order that a suggestion makes or changes."""
    return [action["resource"] for action in actions_of(answer) if action["type"] != "delete"]


def outcomes(answer: Answered) -> list[str]:
    """The outcome of every guideline card, in order."""
    carried = [card.get("extension", {}).get("org.lumbar-mri-cds.decision") for card in answer["cards"]]
    return [one["outcome"] for one in carried if one]
