"""The CDS Hooks endpoints: discovery, the services and their feedback."""

from __future__ import annotations

from flask import Blueprint, Response, request

from cds_service.answer import answer_hook
from cds_service.protocol.discovery import HOOK_SERVICES, HookService, describe_services
from cds_service.protocol.feedback import read_feedback
from cds_service.protocol.request import HookRequest, read_hook_request
from cds_service.web.body import read_json_body, refuse_deep_nesting
from cds_service.web.call_log import note, note_hook_instance
from cds_service.web.json_answer import json_answer
from cds_service.wiring import current_services


def make_blueprint() -> Blueprint:
    """One route a service, so that an unknown id is an unknown address, whatever the method."""
    blueprint = Blueprint("hooks", __name__)
    blueprint.add_url_rule("/cds-services", "discovery", discover)
    for service in HOOK_SERVICES:
        path = f"/cds-services/{service.id}"
        defaults = {"service": service}
        blueprint.add_url_rule(path, service.id, call_service, methods=["POST"], defaults=defaults)
        blueprint.add_url_rule(
            f"{path}/feedback", f"{service.id}-feedback", take_feedback, methods=["POST"], defaults=defaults
        )
    return blueprint


def discover() -> Response:
    """Every service, with the prefetch that it asks for."""
    return json_answer(describe_services(current_services().guideline.prefetch))


def call_service(service: HookService) -> Response:
    """The cards for one hook call."""
    services = current_services()
    note(service=service.id)
    hook_request = _read_request(service)
    read_at = services.stopwatch()
    answer = answer_hook(
        hook_request,
        now=services.clock(),
        guideline=services.guideline,
        new_uuid=services.new_uuid,
        base_url=services.settings.base_url,
    )
    note(answer_ms=round((services.stopwatch() - read_at) * 1000, 1), **answer.log)
    return json_answer(answer.response)


def take_feedback(service: HookService) -> Response:
    """How many entries of feedback were taken: all of them, or the batch was refused."""
    note(service=service.id)
    entries = read_feedback(read_json_body(request))
    current_services().feedback.keep(service.id, entries)
    note(feedback_entries=len(entries))
    return json_answer({"accepted": len(entries)})


def _read_request(service: HookService) -> HookRequest:
    services = current_services()
    body = read_json_body(request)
    note_hook_instance(body.get("hookInstance"))
    refuse_deep_nesting(body.get("context"), services.settings.json_depth_limit)
    return read_hook_request(body, service.hook, services.guideline.prefetch)
