"""One structured line a call, and the word that nobody may keep an answer about a patient.

The line says what was asked, what was answered, from which state of the record, and how long it took.
It holds nothing of the patient: no id, no reference, no text of the record, and no address as it was typed.
Every other line that is written during a call carries its `call_id`, and its hook instance once that is read:
a caller is identified before its body is looked at, and feedback has no hook instance.
"""

from __future__ import annotations

import secrets
from typing import Any

import structlog
from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from cds_service.wiring import current_services

_log = structlog.get_logger()

_SENT_TEXT_LIMIT_CHARACTERS = 64
# Asked every few seconds; only what went wrong is worth a line.
_WATCHED = frozenset({"operations.health", "operations.ready", "operations.metrics"})
_CALL_ID_BYTES = 8
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})


def register(app: Flask) -> None:
    """Write a line for every request but those of watchers, and let no answer to a POST be kept."""

    @app.before_request
    def start() -> None:
        clear_contextvars()  # of the call that this thread answered before
        bind_contextvars(call_id=secrets.token_hex(_CALL_ID_BYTES))
        g.call = {}
        g.started = current_services().stopwatch()

    @app.after_request
    def finish(response: Response) -> Response:
        if request.method == "POST":
            # Advice is about one patient at one moment: nobody may keep a copy (RESP-11).
            response.headers["Cache-Control"] = "no-store"
        if request.endpoint not in _WATCHED or response.status_code >= 400:
            _write_line(response)
        return response


def call_started() -> float:
    """When this call arrived, as the stopwatch counts."""
    started: float = g.started
    return started


def note(**fields: Any) -> None:
    """Add fields to this call's line; none may hold anything of a patient."""
    g.call.update(fields)


def was_noted(name: str) -> bool:
    """Whether this call's line has such a field."""
    return name in g.call


def note_hook_instance(sent: object) -> None:
    """Add the hook instance."""
    if isinstance(sent, str):
        note(hook_instance=printable(sent))
        bind_contextvars(hook_instance=printable(sent))


def printable(sent: str) -> str:
    """A client's text, bounded and without control characters."""
    start = sent[:_SENT_TEXT_LIMIT_CHARACTERS]
    return "".join(character for character in start if character.isprintable())


def _write_line(response: Response) -> None:
    milliseconds = (current_services().stopwatch() - g.started) * 1000
    _log.info(
        "call",
        endpoint=request.endpoint or "none",
        method=request.method if request.method in _METHODS else "other",  # which is typed, too
        status=response.status_code,
        total_ms=round(milliseconds, 1),
        **g.call,
    )
