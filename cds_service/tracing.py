"""Spans of calls for a collector of the site's own; nothing of a patient, an address or a header is in one.

OpenTelemetry is an extra: without it, or without a setting, nothing is traced and nothing loaded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Thread
from typing import TYPE_CHECKING, Protocol

import structlog

from cds_service import __version__

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span as OpenTelemetrySpan
    from opentelemetry.trace import SpanKind, Tracer

_log = structlog.get_logger()

_CLOSE_SECONDS = 2.0

Attribute = str | int | bool | Sequence[str]


class TracingNotInstalled(Exception):
    """Traces are wanted, and the extra is not installed; the text says how to install it."""


class Span(Protocol):
    """One step that takes time."""

    def note(self, **attributes: Attribute) -> None:
        """Add words of ours to it; the names get the prefix `cds.`."""

    def failed(self) -> None:
        """Mark it as failed by this service."""


class Traces(Protocol):
    """Makes spans."""

    def begin(self) -> None:
        """Make ready in a process that will not be forked."""

    def close(self) -> None:
        """Send what was not sent yet, for a second or two at most."""

    def call(self, name: str, traceparent: str | None) -> AbstractContextManager[Span]:
        """The span of one call, under that of the caller where `traceparent` names one."""

    def step(self, name: str) -> AbstractContextManager[Span]:
        """The span of a step of the call that this thread answers."""


class _NoSpan:
    def note(self, **attributes: Attribute) -> None:
        pass

    def failed(self) -> None:
        pass


class NoTraces:
    """Traces nothing."""

    def begin(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def call(self, name: str, traceparent: str | None) -> AbstractContextManager[Span]:
        """A span that is forgotten."""
        return nullcontext(_NO_SPAN)

    def step(self, name: str) -> AbstractContextManager[Span]:
        """A span that is forgotten."""
        return nullcontext(_NO_SPAN)


_NO_SPAN = _NoSpan()


class OpenTelemetryTraces:
    """Spans of OpenTelemetry; nothing is traced before `begin`, which makes the provider."""

    def __init__(self, make_provider: Callable[[], TracerProvider]) -> None:
        self._make_provider = make_provider
        self._provider: TracerProvider | None = None
        self._tracer: Tracer | None = None

    def begin(self) -> None:
        """Make the provider, whose thread would not survive a fork."""
        self._provider = self._make_provider()
        self._tracer = self._provider.get_tracer("cds_service", __version__)

    def close(self) -> None:
        """Send what is left; a collector that does not answer is not waited for longer than two seconds."""
        if self._provider is not None:
            sending = Thread(target=self._provider.shutdown, daemon=True)
            sending.start()
            sending.join(_CLOSE_SECONDS)

    def call(self, name: str, traceparent: str | None) -> AbstractContextManager[Span]:
        """A server span.

        Of the caller's context only ids are taken: `tracestate` and `baggage` are free text.
        """
        from opentelemetry.context import Context
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier = {} if traceparent is None else {"traceparent": traceparent}
        parent = TraceContextTextMapPropagator().extract(carrier, context=Context())
        return self._span(name, SpanKind.SERVER, parent)

    def step(self, name: str) -> AbstractContextManager[Span]:
        """A span under the one that is open in this thread."""
        from opentelemetry.trace import SpanKind

        return self._span(name, SpanKind.INTERNAL, None)

    @contextmanager
    def _span(self, name: str, kind: SpanKind, parent: Context | None) -> Iterator[Span]:
        if self._tracer is None:
            yield _NO_SPAN
            return
        # An exception is never recorded: its text can quote the record.
        with self._tracer.start_as_current_span(
            name, parent, kind, record_exception=False, set_status_on_exception=False
        ) as span:
            yield _Noted(span)


class _Noted:
    def __init__(self, span: OpenTelemetrySpan) -> None:
        self._span = span

    def note(self, **attributes: Attribute) -> None:
        for name, value in attributes.items():
            self._span.set_attribute(f"cds.{name}", value)

    def failed(self) -> None:
        from opentelemetry.trace import StatusCode

        self._span.set_status(StatusCode.ERROR)


class _Retelling(logging.Handler):
    """Tells that a part of OpenTelemetry complains, and not its words, which may quote addresses."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            _log.warning("traces-not-sent", part=record.name)


def traces_to(endpoint: str) -> OpenTelemetryTraces:
    """Traces that are sent to an address, or to that of OpenTelemetry's own variables where it is empty.

    Raises TracingNotInstalled.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise TracingNotInstalled(
            "traces are wanted, but OpenTelemetry is not installed: pip install 'lumbar-mri-cds[tracing]'"
        ) from None

    telling = logging.getLogger("opentelemetry")
    telling.handlers, telling.propagate = [_Retelling()], False

    def make_provider() -> TracerProvider:
        resource = Resource.create({"service.name": "lumbar-mri-cds", "service.version": __version__})
        # Its own exit would wait for a collector that does not answer; `close` does not.
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint or None)))
        return provider

    return OpenTelemetryTraces(make_provider)
