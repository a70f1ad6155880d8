"""What is counted and timed for `/metrics`, over all processes of the service.

Every label is a word of a fixed set: what is in none of them is counted as `other`.
So nothing that a client sends can become a label, and the number of series is bounded.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from cds_service.access.outgoing import REASONS
from cds_service.guideline.decision import Decision, Outcome
from cds_service.protocol.discovery import HOOK_SERVICES

if TYPE_CHECKING:  # takes a while to load, and only what serves needs it
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
    from prometheus_client.core import Metric

DropReason = Literal["full", "database", "fault", "audit-server"]
RefusalReason = Literal["malformed", "not authenticated", "database", "busy", "other"]

PREFIX = "lumbar_mri_cds"
OTHER = "other"
FEEDBACK_SERVICES = frozenset(f"{service.id}-feedback" for service in HOOK_SERVICES)
TIMED_SERVICES = frozenset(service.id for service in HOOK_SERVICES) | FEEDBACK_SERVICES
SERVICES = TIMED_SERVICES | {"discovery", "fhir", OTHER}
STATUSES = frozenset(
    {"200", "204", "400", "401", "404", "405", "406", "408", "412", "413", "415", "500", "503", OTHER}
)
FEEDBACK_OUTCOMES = ("accepted", "overridden")
# Why a read of a FHIR server brought no whole answer: what `access` says, and statuses by their hundred.
READ_FAILURES = frozenset(
    {
        *REASONS,
        *(f"status {hundred}xx" for hundred in (1, 2, 4, 5)),
        "redirect",
        "another content type",
        "not FHIR",
        "nests too deep",
        "OperationOutcome",
        "invalid JSON",
        "no Bundle",
        "a Bundle instead of a resource",
        "entries cannot be read",
        "too many pages",
        "next page elsewhere",
        "pages in a loop",
        "too many reads at once",
        "too late",
        "fault",
        OTHER,
    }
)
# Seconds. The half second is the target of the CDS Hooks specification.
BUCKETS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0)

# All that one process counts fits in; tests/test_metrics.py fills it.
_RESERVED_BYTES = {"counter": 131_072, "histogram": 65_536, "gauge_livesum": 4_096}


class Described(NamedTuple):
    """One metric: its name without the prefix, its kind, its labels, and what it says."""

    name: str
    kind: Literal["counter", "histogram", "gauge"]
    labels: tuple[str, ...]
    text: str

    @property
    def full_name(self) -> str:
        """The name under which it is shown; that of a counter ends in `_total`."""
        return f"{PREFIX}_{self.name}{'_total' if self.kind == 'counter' else ''}"


CALLS = Described("calls", "counter", ("service", "status"), "Calls, by service and HTTP status.")
SECONDS = Described(
    "call_seconds", "histogram", ("service",), "Time from the arrival of a call to its answer."
)
RUNNING = Described("calls_in_progress", "gauge", (), "Calls that are being answered now.")
DECISIONS = Described(
    "decisions",
    "counter",
    ("outcome", "card"),
    "Decisions about orders, by outcome and by whether a card was due.",
)
UNREAD = Described("unread", "counter", ("type",), "Calls for which resources of a FHIR type were not read.")
READ_SECONDS = Described("fhir_read_seconds", "histogram", (), "Time of the read of one prefetch key.")
READ_FAILED = Described(
    "fhir_read_failures", "counter", ("kind",), "Reads that brought no whole answer, by kind."
)
FEEDBACK = Described("feedback", "counter", ("outcome",), "Entries of feedback that were kept, by outcome.")
REFUSED = Described("feedback_refused", "counter", ("why",), "Batches of feedback that were refused.")
WRITTEN = Described("records_written", "counter", (), "Records of decisions that are in the database.")
DROPPED = Described("records_dropped", "counter", ("why",), "Records of decisions that were lost.")
CONTENT = Described(
    "guideline_info", "gauge", ("guideline", "version", "digest"), "The guideline that answers; always 1."
)
REVIEW = Described("guideline_review_expired", "gauge", (), "1 where the review of the guideline is overdue.")
METRICS = (
    CALLS,
    SECONDS,
    RUNNING,
    DECISIONS,
    UNREAD,
    READ_SECONDS,
    READ_FAILED,
    FEEDBACK,
    REFUSED,
    WRITTEN,
    DROPPED,
    CONTENT,
    REVIEW,
)


@dataclass(frozen=True, slots=True)
class Content:
    """What the answering guideline is, and whether its review is overdue."""

    guideline: str
    version: str
    digest: str
    expired: bool


@dataclass(frozen=True, slots=True)
class _Series:
    registry: CollectorRegistry
    calls: Counter
    seconds: Histogram
    running: Gauge
    decisions: Counter
    unread: Counter
    read_seconds: Histogram
    read_failed: Counter
    feedback: Counter
    refused: Counter
    written: Counter
    dropped: Counter


class Metrics:
    """The counts of this process; nothing is counted before `prepare` or `begin`.

    `types` are the FHIR types that the guideline reads.
    `folder` is where all processes of one service share their counts; None where there is one process.
    Where none is `wanted`, nothing is ever counted.
    """

    def __init__(
        self, types: Collection[str] = (), folder: Path | None = None, *, wanted: bool = True
    ) -> None:
        self._types = frozenset(types)
        self._folder = folder
        self._wanted = wanted
        self._series: _Series | None = None

    @property
    def folder(self) -> Path | None:
        """Where the processes share their counts."""
        return self._folder

    def prepare(self) -> None:
        """Count from now on, where this process is the only one; load what the others will need."""
        import prometheus_client  # noqa: F401 # once, before processes are forked

        if self._wanted and self._folder is None and self._series is None:
            self._series = _make_series(self._types)

    def begin(self, process_id: int) -> None:
        """Count from now on in this process of several; raises OSError, and then nothing is counted in it.

        The space is taken first: these files are written through memory, and to find the disk full there
        would end the process, and with it a card.
        """
        if self._folder is not None:
            _reserve(self._folder, process_id)
            self._series = _make_series(self._types)

    def of_all_processes(self, folder: Path | None) -> Metrics:
        """The same for one of several processes; without a folder nothing is counted."""
        return Metrics(self._types, folder, wanted=folder is not None)

    def end(self, process_id: int) -> None:
        """Forget what a process that is gone was doing; what it counted stays counted."""
        if self._folder is not None:
            from prometheus_client.multiprocess import mark_process_dead

            mark_process_dead(process_id, str(self._folder))  # type: ignore[no-untyped-call]

    def remove(self) -> None:
        """Remove the folder, when the service has ended."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def call_begins(self) -> None:
        """One call more is being answered."""
        if self._series is not None:
            self._series.running.inc()

    def call_ends(self) -> None:
        """One call fewer is being answered."""
        if self._series is not None:
            self._series.running.dec()

    def call(self, service: str, status: int, seconds: float) -> None:
        """Count one answer."""
        if self._series is not None:
            service = _one_of(SERVICES, service)
            self._series.calls.labels(service, _one_of(STATUSES, str(status))).inc()
            if service in TIMED_SERVICES:
                self._series.seconds.labels(service).observe(seconds)

    def decisions(self, decisions: Iterable[Decision]) -> None:
        """Count the decisions of one call, and what was unread for any of them."""
        if self._series is None:
            return
        unread: set[str] = set()
        for decision in decisions:
            card = "no" if decision.silent else "yes"
            self._series.decisions.labels(decision.outcome.value, card).inc()
            unread |= {_one_of(self._types, kind) for kind in decision.unread}
        for kind in unread:
            self._series.unread.labels(kind).inc()

    def fhir_reads(self, reads: Iterable[tuple[float, str]]) -> None:
        """Count the reads of one call: how long each took, and why it failed, or an empty text."""
        if self._series is None:
            return
        for seconds, reason in reads:
            self._series.read_seconds.observe(seconds)
            if reason:
                self._series.read_failed.labels(failure_kind(reason)).inc()

    def feedback(self, outcomes: Iterable[str]) -> None:
        """Count entries that are kept."""
        if self._series is not None:
            for outcome in outcomes:
                self._series.feedback.labels(_one_of(FEEDBACK_OUTCOMES, outcome)).inc()

    def feedback_refused(self, why: RefusalReason) -> None:
        """Count a batch that was refused."""
        if self._series is not None:
            self._series.refused.labels(why).inc()

    def records_written(self, number: int) -> None:
        """Count records of decisions that are in the database."""
        if self._series is not None:
            self._series.written.inc(number)

    def records_dropped(self, number: int, why: DropReason) -> None:
        """Count records of decisions that nobody will find, and why."""
        if self._series is not None:
            self._series.dropped.labels(why).inc(number)

    def records(self, number: int, why: str | None) -> None:
        """Count records that were written, or lost for a reason; the form in which the writer tells it."""
        match why:
            case None:
                self.records_written(number)
            case "full" | "database":
                self.records_dropped(number, why)
            case _:
                self.records_dropped(number, "fault")

    def audit_events(self, number: int, why: str | None) -> None:
        """The same for the server of AuditEvents, of which only what it lost is counted."""
        if why is not None:
            self.records_dropped(number, "audit-server")

    def dropped_records(self) -> int:
        """How many records were dropped since the start, in all processes."""
        if self._series is None:
            return 0
        named = (metric for metric in self._registry().collect() if metric.name == f"{PREFIX}_{DROPPED.name}")
        samples = (sample for metric in named for sample in metric.samples)
        return int(sum(sample.value for sample in samples if sample.name == DROPPED.full_name))

    def render(self, content: Content) -> bytes:
        """Everything in Prometheus' text format; empty where nothing is counted."""
        from prometheus_client import generate_latest

        if self._series is None:
            return b""
        registry = self._registry()
        shown = _ContentCollector(content)
        registry.register(shown)
        try:
            return generate_latest(registry)
        finally:
            registry.unregister(shown)

    def _registry(self) -> CollectorRegistry:
        from prometheus_client import CollectorRegistry
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        if self._folder is not None:
            MultiProcessCollector(registry, str(self._folder))  # type: ignore[no-untyped-call]
        elif self._series is not None:
            registry.register(self._series.registry)
        return registry


def failure_kind(reason: str) -> str:
    """The word under which a failed read is counted."""
    if reason.startswith("status ") and len(reason) == len("status 500"):
        reason = f"{reason[:8]}xx"
    return _one_of(READ_FAILURES, reason)


class _ContentCollector:
    """What is known when it is asked for, and not counted."""

    def __init__(self, content: Content) -> None:
        self._content = content

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        content = self._content
        info = GaugeMetricFamily(CONTENT.full_name, CONTENT.text, labels=CONTENT.labels)
        info.add_metric([content.guideline, content.version, content.digest], 1)
        yield info
        yield GaugeMetricFamily(REVIEW.full_name, REVIEW.text, value=int(content.expired))


def _one_of(words: Collection[str], word: str) -> str:
    return word if word in words else OTHER


def _reserve(folder: Path, process_id: int) -> None:
    """Write the files of a process in full, so that their space is theirs; one that is there goes on."""
    for kind, size in _RESERVED_BYTES.items():
        file = folder / f"{kind}_{process_id}.db"
        if not file.exists():
            file.write_bytes(bytes(size))


def _make_series(types: Collection[str]) -> _Series:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

    registry = CollectorRegistry()

    def counter(one: Described) -> Counter:
        return Counter(f"{PREFIX}_{one.name}", one.text, one.labels, registry=registry)

    def histogram(one: Described) -> Histogram:
        return Histogram(one.full_name, one.text, one.labels, registry=registry, buckets=BUCKETS)

    series = _Series(
        registry=registry,
        calls=counter(CALLS),
        seconds=histogram(SECONDS),
        running=Gauge(RUNNING.full_name, RUNNING.text, registry=registry, multiprocess_mode="livesum"),
        decisions=counter(DECISIONS),
        unread=counter(UNREAD),
        read_seconds=histogram(READ_SECONDS),
        read_failed=counter(READ_FAILED),
        feedback=counter(FEEDBACK),
        refused=counter(REFUSED),
        written=counter(WRITTEN),
        dropped=counter(DROPPED),
    )
    _begin_at_zero(series, types)
    return series


def _begin_at_zero(series: _Series, types: Collection[str]) -> None:
    """Show what alerts are made of from the start: a series that appears with its first fault has no rise."""
    for service in TIMED_SERVICES:
        series.seconds.labels(service)
        for status in ("200", "500", "503"):
            series.calls.labels(service, status)
    for outcome in Outcome:
        for card in ("yes", "no"):
            series.decisions.labels(outcome.value, card)
    for kind in (*types, OTHER):
        series.unread.labels(kind)
    for failure in READ_FAILURES:
        series.read_failed.labels(failure)
    for feedback in FEEDBACK_OUTCOMES:
        series.feedback.labels(feedback)
    for refusal in get_args(RefusalReason):
        series.refused.labels(refusal)
    for why in get_args(DropReason):
        series.dropped.labels(why)
