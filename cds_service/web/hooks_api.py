"""The CDS Hooks endpoints: discovery, the services and their feedback."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request

from cds_service.access.clients import ClientProfile
from cds_service.access.fhir_reads import Completed, complete_prefetch
from cds_service.access.prefetch import Prefetched
from cds_service.answer import Complete, HookAnswer, answer_hook, as_sent
from cds_service.errors import FeedbackNotKept
from cds_service.feedback import FeedbackBatch
from cds_service.metrics import failure_kind
from cds_service.protocol.discovery import HOOK_SERVICES, HookService, describe_services
from cds_service.protocol.feedback import read_feedback
from cds_service.protocol.request import HookRequest, read_hook_request
from cds_service.protocol.request_size import refuse_too_many
from cds_service.web.authentication import authenticate
from cds_service.web.body import read_json_body, refuse_deep_nesting
from cds_service.web.call_limits import at_most, ends_late
from cds_service.web.call_log import call_started, note, note_hook_instance
from cds_service.web.decision_log import keep_decisions
from cds_service.web.json_answer import json_answer
from cds_service.wiring import Services, current_services

_DISCOVERY = "/cds-services"


def make_blueprint(services: Services) -> Blueprint:
    """One route a service, so that an unknown id is an unknown address, whatever the method.

    Calls and feedback share the number of calls at once; discovery is not counted.
    """
    blueprint = Blueprint("hooks", __name__)
    limited = at_most(services.settings.concurrent_calls)
    blueprint.add_url_rule(_DISCOVERY, "discovery", discover)
    for service in HOOK_SERVICES:
        for path, name, handle in (
            (_path(service), service.id, call_service),
            (_feedback_path(service), f"{service.id}-feedback", take_feedback),
        ):
            blueprint.add_url_rule(
                path, name, limited(handle), methods=["POST"], defaults={"service": service}
            )
    return blueprint


def discover() -> Response:
    """Every service, with the prefetch that it asks for.

    Open by default, as it holds nothing of a patient; then a token that came along is not looked at.
    """
    services = current_services()
    if services.clients.protect_discovery:
        authenticate(services, _DISCOVERY)
    return json_answer(describe_services(services.guideline.prefetch))


def call_service(service: HookService) -> Response:
    """The cards for one hook call."""
    services = current_services()
    note(service=service.id)
    caller = authenticate(services, _path(service))
    body = read_json_body(request, services.settings, services.guideline.prefetch)
    parsed_at = services.stopwatch()
    note_hook_instance(body.get("hookInstance"))
    complete = _completing(services, caller.client, call_started())
    with services.traces.step("decide"):
        answer = answer_call(body, service, services, caller.client, complete, ends_late(services))
    services.metrics.decisions(answer.decisions)
    answer_ms = round((services.stopwatch() - parsed_at) * 1000, 1)
    note(answer_ms=answer_ms, **answer.log)
    response = json_answer(answer.response)
    keep_decisions(services, answer, service, caller.client, answer_ms)
    return response


def answer_call(
    body: dict[str, Any],
    service: HookService,
    services: Services,
    client: ClientProfile,
    complete: Complete = as_sent,
    checkpoint: Callable[[], None] = lambda: None,
) -> HookAnswer:
    """The answer to one parsed call of a service; HTTP and the command line both come through here.

    `checkpoint` may end the call between two steps; the command line lets it take its time.
    """
    settings = services.settings
    refuse_deep_nesting(body.get("context"), settings.json_depth_limit)
    refuse_too_many(body, max_entries=settings.max_entries, max_draft_orders=settings.max_draft_orders)
    return answer_hook(
        read_hook_request(
            body,
            service.hook,
            services.guideline.prefetch,
            null_is_unknown=client.null_means == "unknown",
            all_drafts_selected=client.all_drafts_selected,
        ),
        now=services.clock(),
        guideline=services.guideline,
        new_uuid=services.new_uuid,
        form=client.answer_form,
        complete=complete,
        checkpoint=checkpoint,
    )


def _completing(services: Services, client: ClientProfile, started: float) -> Complete:
    """What reads the rest of a call's record from its FHIR server, in what is left of the call's time."""

    reader = services.fhir
    if reader is None:
        return as_sent

    def complete(request: HookRequest, orders: Sequence[Mapping[str, Any]]) -> Mapping[str, Prefetched]:
        ends = started + services.settings.fhir_call_seconds
        templates = services.guideline.prefetch
        with services.traces.step("read record") as span:
            completed = complete_prefetch(request, orders, templates, client, reader, ends=ends)
            span.note(**_told_of_reads(completed))
        services.metrics.fhir_reads(completed.reads)
        note(**completed.log)  # here, because a call without anything readable ends in an error
        return completed.prefetch

    return complete


def _told_of_reads(completed: Completed) -> dict[str, int | list[str]]:
    """What a span may know of reads: how many there were, and of what kinds the failures."""
    failures = sorted({failure_kind(reason) for _, reason in completed.reads if reason})
    return {"reads": len(completed.reads), "read_failures": failures}


def take_feedback(service: HookService) -> Response:
    """How many entries of feedback are kept: all of them, or the batch was refused."""
    services = current_services()
    note(service=service.id)
    # The service's own address too: some clients make one token for both (FB-12).
    caller = authenticate(services, _feedback_path(service), _path(service))
    entries = read_feedback(read_json_body(request, services.settings))
    batch = FeedbackBatch(service.id, caller.client.name, services.clock(), entries)
    try:
        services.feedback.keep(batch)
    except FeedbackNotKept as error:
        note(feedback_not_kept=error.cause)
        raise
    services.metrics.feedback(entry.outcome for entry in entries)
    note(feedback_entries=len(entries))
    return json_answer({"accepted": len(entries)})


def _path(service: HookService) -> str:
    return f"{_DISCOVERY}/{service.id}"


def _feedback_path(service: HookService) -> str:
    return f"{_path(service)}/feedback"
