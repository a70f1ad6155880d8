"""What a call leaves behind: a record of each decision."""

from __future__ import annotations

import structlog

from cds_service.access.clients import ClientProfile
from cds_service.answer import HookAnswer
from cds_service.feedback.decision_record import Call, describe_advice
from cds_service.protocol.discovery import HookService
from cds_service.record.users import organisation_of
from cds_service.wiring import Services

_log = structlog.get_logger()


def keep_decisions(
    services: Services, answer: HookAnswer, service: HookService, client: ClientProfile, answer_ms: float
) -> None:
    """Hand on a record of each decision; whatever goes wrong with it, the answer is sent."""
    if not answer.advice:
        return
    try:
        call = _describe_call(services, answer, service, client, answer_ms)
        services.decisions.keep(describe_advice(answer.advice, call, services.guideline))
    except Exception as error:  # no fault here is worth a card
        _log.error("decisions-not-kept", records=len(answer.advice), why="fault", error=type(error).__name__)


def _describe_call(
    services: Services, answer: HookAnswer, service: HookService, client: ClientProfile, answer_ms: float
) -> Call:
    """The circumstances; who ordered, and where, only as a pseudonym, and without a key not at all."""
    pseudonyms, user = services.pseudonyms, answer.request.user_id
    if pseudonyms is None:
        return Call(service.id, client.name, answer_ms)
    organisation = organisation_of(answer.request.prefetch, user)
    return Call(
        service.id,
        client.name,
        answer_ms,
        organisation=pseudonyms.organisation(client.name, organisation) if organisation else None,
        practitioner=pseudonyms.practitioner(client.name, user) if user else None,
    )
