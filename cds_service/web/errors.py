"""Every error as an OperationOutcome in JSON, whoever raised it."""

from __future__ import annotations

import traceback
from pathlib import Path

import structlog
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from cds_service.errors import (
    CdsError,
    MethodNotAllowed,
    NotAuthenticated,
    NotFound,
    UnreadableBody,
    operation_outcome,
)
from cds_service.web.json_answer import json_answer

_log = structlog.get_logger()


def register(app: Flask) -> None:
    """Answer every error that leaves a request handler."""
    app.register_error_handler(CdsError, answer_refusal)
    app.register_error_handler(HTTPException, answer_http_exception)
    app.register_error_handler(RecursionError, answer_recursion)
    app.register_error_handler(Exception, answer_fault)


def answer_refusal(error: CdsError) -> Response:
    """The refusal as its status and OperationOutcome."""
    response = json_answer(error.outcome(), error.status)
    if isinstance(error, NotAuthenticated):
        response.headers["WWW-Authenticate"] = "Bearer"  # without the reason that RFC 6750 allows (SEC-5)
    if error.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def answer_http_exception(error: HTTPException) -> Response:
    """What Flask and Werkzeug refuse, in our words: theirs are HTML and may quote the request."""
    match error.code:
        case 404:
            where = "GET /cds-services lists the services, GET /fhir/metadata the FHIR resources."
            return answer_refusal(NotFound("There is nothing here.", where))
        case 405:
            response = answer_refusal(MethodNotAllowed("This address does not take that method."))
            response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
            return response
        case code:
            text = "The request cannot be answered."
            return json_answer(operation_outcome("processing", text), code or 500)


def answer_recursion(_: RecursionError) -> Response:
    """Only what was sent can nest without end, so the sender is told, not the operator."""
    return answer_refusal(UnreadableBody("The body nests too deep."))


def answer_fault(error: Exception) -> Response:
    """500 without internals; the log gets the kind of error and the code it passed, never its message.

    An exception's message can quote the record.
    """
    _log.error("fault", error=type(error).__name__, at=_code_locations(error))
    return json_answer(operation_outcome("exception", "The service failed. The fault was logged."), 500)


def _code_locations(error: Exception) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
