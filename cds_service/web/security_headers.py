"""What every answer says to browsers: nothing here is a page, a frame, a script or a picture.

A page that needs more sets its own Content-Security-Policy on its response, and that one stays.
"""

from __future__ import annotations

from flask import Flask, Response

from cds_service.settings import Settings

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
    headers = security_headers(settings)

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in headers:
            response.headers.setdefault(name, value)
        return response
