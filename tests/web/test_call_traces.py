"""Spans of calls: what happened and how long it took, and nothing of a patient."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pytest
from flask.testing import FlaskClient
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from structlog.testing import capture_logs

from cds_service.app import Services, create_app
from cds_service.settings import Settings
from cds_service.tracing import NoTraces, OpenTelemetryTraces, TracingNotInstalled, traces_to
from cds_service.web import observed as observing
from tests.access.bad_server import bad_server, fhir
from tests.access.fhir_services import TOKEN, Record, ask, fixture, lacking, offering
from tests.access.fhir_services import service as reading_service
from tests.feedback.reports import accepted
from tests.web.hook_calls import HOOK_INSTANCE, PATIENT_ID, SELECT, knee_request

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
SERVICE = "lumbar-mri-order-select"


class Traced(NamedTuple):
    services: Services
    exporter: InMemorySpanExporter

    @property
    def client(self) -> FlaskClient:
        return create_app(services=self.services).test_client()

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        return self.exporter.get_finished_spans()

    def named(self, name: str) -> ReadableSpan:
        (found,) = (span for span in self.spans if span.name == name)
        return found


@pytest.fixture
def traced(services: Services) -> Iterator[Traced]:
    exporter = InMemorySpanExporter()

    def make_provider() -> TracerProvider:
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        return provider

    traces = OpenTelemetryTraces(make_provider)
    traces.begin()
    yield Traced(dataclasses.replace(services, traces=traces), exporter)
    traces.close()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_call_is_a_span_with_its_service_status_and_outcomes(traced: Traced) -> None:
    traced.client.post(f"{SELECT}?name={PATIENT_ID}", json=fixture("r4-cauda-equina"))
    span = traced.named(SERVICE)
    assert attributes(span) == {
        "cds.service": SERVICE,
        "cds.path": SELECT,
        "cds.status": 200,
        "cds.outcomes": ("emergency",),
    }
    assert (span.kind, span.parent, span.status.status_code) == (SpanKind.SERVER, None, StatusCode.UNSET)


def test_deciding_and_reading_are_spans_of_their_call(traced: Traced) -> None:
    body = fixture("r1-not-indicated")
    record = Record(body, traced.services.guideline.prefetch)
    record.instead = {"observations": fhir({}, 500)}
    with bad_server(record) as server, reading_service(traced.services) as client:
        ask(client, offering(lacking(body, "observations", "conditions"), f"{server.url}/fhir"))
    call, decide, read = traced.named(SERVICE), traced.named("decide"), traced.named("read record")
    assert decide.parent is not None
    assert read.parent is not None
    assert (decide.parent.span_id, read.parent.span_id) == (call.context.span_id, decide.context.span_id)
    assert attributes(read) == {"cds.reads": 2, "cds.read_failures": ("status 5xx",)}
    assert attributes(decide) == {}


def test_the_trace_of_the_caller_is_taken_over(traced: Traced) -> None:
    headers = {
        "traceparent": TRACEPARENT,
        "tracestate": f"a={PATIENT_ID}",
        "baggage": f"patient={PATIENT_ID}",
    }
    traced.client.post(SELECT, json=knee_request(), headers=headers)
    span = traced.named(SERVICE)
    assert span.parent is not None
    assert f"{span.parent.trace_id:032x}-{span.parent.span_id:016x}" == f"{TRACE}-{PARENT}"
    assert len(span.context.trace_state) == 0


@pytest.mark.parametrize(
    "sent",
    ["", "00", PATIENT_ID, f"00-{'0' * 32}-{PARENT}-01", f"ff-{TRACE}-{PARENT}-01", TRACEPARENT + "0" * 9000],
    ids=["empty", "short", "text", "no trace", "unknown version", "long"],
)
def test_a_traceparent_that_is_none_begins_a_new_trace(traced: Traced, sent: str) -> None:
    assert traced.client.post(SELECT, json=knee_request(), headers={"traceparent": sent}).status_code == 200
    assert traced.named(SERVICE).parent is None


def test_one_call_is_not_the_parent_of_the_next_in_its_thread(traced: Traced) -> None:
    client = traced.client
    client.post(SELECT, json=knee_request())
    client.post(f"{SELECT}/feedback", json={"feedback": [accepted()]})
    assert [span.parent for span in traced.spans if span.kind is SpanKind.SERVER] == [None, None]
    assert len({span.context.trace_id for span in traced.spans}) == 2


@pytest.mark.parametrize(
    ("broken", "status", "code"), [(True, 500, StatusCode.ERROR), (False, 400, StatusCode.UNSET)]
)
def test_only_a_fault_of_the_service_is_an_error(
    traced: Traced, broken: bool, status: int, code: StatusCode
) -> None:
    def fails() -> str:
        raise RuntimeError(PATIENT_ID)

    changed = dataclasses.replace(traced.services, new_uuid=fails)
    body = fixture("r4-cauda-equina") if broken else {"hook": "order-select"}
    assert create_app(services=changed).test_client().post(SELECT, json=body).status_code == status
    span = traced.named(SERVICE)
    assert (attributes(span)["cds.status"], span.status.status_code) == (status, code)


def test_nothing_of_a_patient_is_in_a_span(traced: Traced) -> None:
    body = offering(fixture("r4-cauda-equina"), "https://ehr.example/fhir")
    body["hookInstance"] = HOOK_INSTANCE
    client = traced.client
    client.post(f"{SELECT}?patient={PATIENT_ID}", json=body, headers={"Authorization": f"Bearer {TOKEN}"})
    client.post(SELECT, data=PATIENT_ID)
    client.get(f"/Patient/{PATIENT_ID}")
    client.get(f"/fhir/metadata?{PATIENT_ID}")
    text = "".join(span.to_json() for span in traced.spans)
    for secret in (
        PATIENT_ID,
        body["context"]["patientId"],
        HOOK_INSTANCE,
        TOKEN,
        "ehr.example",
        "exception",
    ):
        assert secret not in text


def test_watchers_and_unknown_addresses_are_not_traced(traced: Traced) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/cds-services", "/nothing"):
        traced.client.get(path)
    assert traced.spans == ()


def test_a_failing_exporter_costs_no_card(services: Services) -> None:
    def make_provider() -> TracerProvider:
        class Breaks(InMemorySpanExporter):
            def export(self, spans: Any) -> Any:
                raise RuntimeError

        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(Breaks()))
        return provider

    traces = OpenTelemetryTraces(make_provider)
    traces.begin()
    client = create_app(services=dataclasses.replace(services, traces=traces)).test_client()
    assert client.post(SELECT, json=knee_request()).status_code == 200


# --- Switched on and off --------------------------------------------------------------------------------------

ENDPOINT = "http://127.0.0.1:9/v1/traces"


@pytest.fixture
def nothing_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("opentelemetry")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)


@pytest.mark.usefixtures("nothing_wanted")
def test_nothing_is_traced_unless_it_is_switched_on() -> None:
    assert isinstance(observing.traces_of(Settings()), NoTraces)


@pytest.mark.usefixtures("nothing_wanted")
@pytest.mark.parametrize(
    "name", ["CDS_TRACES", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]
)
def test_an_address_switches_traces_on(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, ENDPOINT)
    assert isinstance(observing.traces_of(Settings()), OpenTelemetryTraces)


@pytest.mark.usefixtures("nothing_wanted", "without_the_extra")
def test_without_the_extra_the_service_says_how_to_get_it() -> None:
    with pytest.raises(TracingNotInstalled, match=r"pip install 'lumbar-mri-cds\[tracing\]'"):
        observing.traces_of(Settings(traces=ENDPOINT))


@pytest.mark.usefixtures("nothing_wanted", "without_the_extra")
def test_without_the_extra_a_variable_of_the_machine_keeps_no_service_from_starting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", ENDPOINT)
    with capture_logs() as lines:
        assert isinstance(observing.traces_of(Settings()), NoTraces)
    assert [line["event"] for line in lines] == ["traces-off"]


def test_a_collector_that_does_not_answer_is_not_waited_for(
    services: Services, capfd: pytest.CaptureFixture[str]
) -> None:
    traces = traces_to(ENDPOINT)
    traces.begin()
    client = create_app(services=dataclasses.replace(services, traces=traces)).test_client()
    assert client.post(SELECT, json=knee_request()).status_code == 200
    begun = time.monotonic()
    with capture_logs() as lines:
        traces.close()
    assert time.monotonic() - begun < 2.0 + 5.0
    assert {line["event"] for line in lines} <= {"traces-not-sent"}
    assert ENDPOINT not in str(lines)
    assert capfd.readouterr().err == ""
