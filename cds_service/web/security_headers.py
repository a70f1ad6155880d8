"""What every answer says to browsers: nothing here is a page, a frame, a script or a picture.

A page that needs more sets its own Content-Security-Policy on its response, and that one stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from flask import Flask

from cds_service.settings import Settings

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    # Stops `<script src>` and `<img src>` of other sites. What CORS allows, it does not touch.
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
# A year, of this host alone: its neighbours are the site's business.
_TLS_ONLY = ("Strict-Transport-Security", "max-age=31536000")


def security_headers(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Names and values; a browser is bound to TLS only where clients reach the service by TLS."""
    by_tls = settings.public_base_url.startswith("https://")
    return (*_ALWAYS, _TLS_ONLY) if by_tls else _ALWAYS


def register(app: Flask, settings: Settings) -> None:
    """Put the headers on every answer, errors included, where the answer has none of its own."""
    app.wsgi_app = _with_headers(app.wsgi_app, security_headers(settings))  # type: ignore[method-assign, assignment]


def _with_headers(inner: WSGIApplication, headers: Sequence[tuple[str, str]]) -> WSGIApplication:
    """The application with headers added as plain pairs: to set them by Flask takes ten times as long."""
    lowered = [(name.lower(), (name, value)) for name, value in headers]

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, told: list[tuple[str, str]], *fault: Any) -> Any:
            own = {name.lower() for name, _ in told}
            return start_response(status, told + [pair for name, pair in lowered if name not in own], *fault)

        return inner(environ, start)

    return answer
