"""A span for every call of a service or of its feedback; watchers and discovery have none."""

from __future__ import annotations

from contextlib import ExitStack

from flask import Flask, Response, g, request

from cds_service.tracing import Span
from cds_service.wiring import current_services


def register(app: Flask) -> None:
    """Open the span before everything else of a call, and close it when its answer is made."""

    @app.before_request
    def begin() -> None:
        if request.blueprint == "hooks" and request.method == "POST":
            g.trace = ExitStack()
            # The name of the endpoint and its rule: never the address as it was typed.
            name = (request.endpoint or "").partition(".")[2]
            span: Span = g.trace.enter_context(
                current_services().traces.call(name, request.headers.get("traceparent"))
            )
            span.note(service=name, path=str(request.url_rule))
            g.span = span

    @app.after_request
    def tell(response: Response) -> Response:
        if "span" in g:
            g.span.note(status=response.status_code, **_outcomes())
            if response.status_code >= 500:
                g.span.failed()
        return response

    @app.teardown_request
    def end(_: BaseException | None) -> None:
        if trace := g.pop("trace", None):
            trace.close()


def _outcomes() -> dict[str, list[str]]:
    found = g.call.get("outcomes")
    return {"outcomes": found} if found else {}
