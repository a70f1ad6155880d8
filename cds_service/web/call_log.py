"""One structured line a call, and the word that nobody may keep an answer about a patient.

The line says what was asked, what was answered, from which state of the record, and how long it took.
It holds nothing of the patient: no id, no reference, no text of the record, and no address as it was typed.
"""

from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, Response, g, request

from cds_service.wiring import current_services

_log = structlog.get_logger()

_SENT_TEXT_LIMIT_CHARACTERS = 64
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})


def register(app: Flask) -> None:
    """Write a line for every request but health checks, and let no answer to a POST be kept."""

    @app.before_request
    def start() -> None:
        g.call = {}
        g.started = current_services().stopwatch()

    @app.after_request
    def finish(response: Response) -> Response:
        if request.method == "POST":
            # Advice is about one patient at one moment: nobody may keep a copy (RESP-11).
            response.headers["Cache-Control"] = "no-store"
        if request.endpoint != "operations.health":
            _write_line(response)
        return response


def call_started() -> float:
    """When this call arrived, as the stopwatch counts."""
    started: float = g.started
    return started


def note(**fields: Any) -> None:
    """Add fields to this call's line; none may hold anything of a patient."""
    g.call.update(fields)


def note_hook_instance(sent: object) -> None:
    """Add the hook instance."""
    if isinstance(sent, str):
        note(hook_instance=printable(sent))


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
