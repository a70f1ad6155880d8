"""The client of this call, before its body is read (SEC-7)."""

from __future__ import annotations

from flask import request

from cds_service.access.callers import Caller, identify_caller
from cds_service.errors import NotAuthenticated
from cds_service.web.call_log import note, printable
from cds_service.wiring import Services


def authenticate(services: Services, *paths: str) -> Caller:
    """Who calls; `paths` are those that its token may be made for. Raises NotAuthenticated.

    The address in a token is compared with the configured public one, never with what this process was
    called by: that is another behind a proxy, and what a Host header says is up to the caller (JWT-6).
    """
    audiences = [services.settings.base_url + path for path in paths]
    authorization = request.headers.get("Authorization")
    try:
        caller = identify_caller(
            authorization, audiences, services.clock(), services.clients, services.token_checks
        )
    except NotAuthenticated as error:
        note(not_authenticated=error.cause)
        raise
    note(client=caller.client.name)
    if caller.tenant is not None:
        note(tenant=printable(caller.tenant))
    if caller.token_id is not None:
        note(jti=printable(caller.token_id))
    return caller
