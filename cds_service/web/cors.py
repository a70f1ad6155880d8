"""Cross-origin access for clients that run in a browser, on every answer.

Written here and not taken from a library: the headers must also be on errors, on unknown addresses and on
preflights to them, and credentials must never be allowed.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, Response, request

_ANY_ORIGIN = "*"
_METHODS = "GET, HEAD, POST, OPTIONS"
_HEADERS = "Accept, Authorization, Content-Type"
_PREFLIGHT_VALID_SECONDS = "600"


def register(app: Flask, origins: Sequence[str]) -> None:
    """Answer preflights on every address, and let `origins` read every answer."""
    allowed = frozenset(origins)

    @app.before_request
    def answer_preflight() -> Response | None:
        # Before routing, so that unknown addresses have one too, and before any authentication:
        # a preflight carries no credentials (CORS-2).
        if request.method != "OPTIONS":
            return None
        response = Response(status=204, headers={"Allow": _METHODS})
        del response.headers["Content-Type"]
        return response

    @app.after_request
    def add_headers(response: Response) -> Response:
        if _ANY_ORIGIN not in allowed:
            response.vary.add("Origin")
        origin = _allowed_origin(request.headers.get("Origin"), allowed)
        if origin is None:
            return response
        response.headers["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = _METHODS
            response.headers["Access-Control-Allow-Headers"] = _HEADERS
            response.headers["Access-Control-Max-Age"] = _PREFLIGHT_VALID_SECONDS
        return response


def _allowed_origin(origin: str | None, allowed: frozenset[str]) -> str | None:
    """The value of Access-Control-Allow-Origin, or None where the origin may not read the answer."""
    if _ANY_ORIGIN in allowed:
        return _ANY_ORIGIN
    return origin if origin in allowed else None
