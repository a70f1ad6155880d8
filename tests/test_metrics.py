"""Metrics: labels of fixed sets, and room for all that can be counted."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import prometheus_client.values
import pytest

from cds_service.guideline.decision import Decision, Outcome
from cds_service.metrics import (
    FEEDBACK_OUTCOMES,
    METRICS,
    OTHER,
    READ_FAILURES,
    SERVICES,
    STATUSES,
    Content,
    DropReason,
    Metrics,
    RefusalReason,
    failure_kind,
)
from cds_service.settings import share_metrics_in
from tests.conftest import NOW
from tests.web.metrics_text import labels_of, value

ACCESS = Path(__file__).parent.parent / "cds_service" / "access"
CONTENT = Content("lumbar-mri", "1.0.0", "sha256:0", expired=False)
TYPES = frozenset({"Condition", "Observation", "Patient", *(f"Type{number}" for number in range(15))})
TYPED = "Tan Ah Kow"


@pytest.fixture
def metrics() -> Metrics:
    made = Metrics(TYPES)
    made.prepare()
    return made


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Metrics:
    """Metrics that count into files, as those of a service in several processes."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")  # so that it is gone afterwards
    share_metrics_in(tmp_path)
    in_files = prometheus_client.values.MultiProcessValue()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(prometheus_client.values, "ValueClass", in_files)
    return Metrics(TYPES, tmp_path)


def text_of(metrics: Metrics) -> str:
    return metrics.render(CONTENT).decode()


def decision(outcome: Outcome = Outcome.UNCLEAR, unread: tuple[str, ...] = (), silent: str = "") -> Decision:
    from dataclasses import replace

    from cds_service.guideline.decision import Indicator, MriOrder, Plan

    order = MriOrder("ServiceRequest/1", {}, "MRI", "lumbar", None, "routine")
    plain = Decision(order, outcome, (), (), Indicator.INFO, False, Plan(), "unclear", NOW, NOW.date())
    return replace(plain, unread=unread, silent=silent)


def test_no_word_that_was_sent_becomes_a_label(metrics: Metrics) -> None:
    before = labels_of(text_of(metrics))
    metrics.call(TYPED, 299, 0.1)
    metrics.decisions([decision(unread=(TYPED,))])
    metrics.fhir_reads([(0.1, TYPED), (0.1, f"status {TYPED}"), (0.1, "status 299")])
    metrics.feedback([TYPED])
    assert labels_of(text_of(metrics)) == before
    text = text_of(metrics)
    assert value(text, "calls_total", service=OTHER, status=OTHER) == 1
    assert value(text, "unread_total", type=OTHER) == 1
    assert value(text, "feedback_total", outcome=OTHER) == 1
    assert value(text, "fhir_read_failures_total", kind=OTHER) == 2
    assert value(text, "fhir_read_failures_total", kind="status 2xx") == 1


def test_a_type_is_unread_once_a_call_and_a_decision_counted_with_its_card(metrics: Metrics) -> None:
    metrics.decisions([decision(unread=("Observation",)), decision(unread=("Observation", "Patient"))])
    metrics.decisions([decision(Outcome.INDICATED, silent="concordant")])
    text = text_of(metrics)
    assert value(text, "unread_total", type="Observation") == value(text, "unread_total") - 1 == 1
    assert value(text, "decisions_total", outcome="unclear", card="yes") == 2
    assert value(text, "decisions_total", outcome="indicated", card="no") == 1


def test_records_of_decisions_are_counted_by_what_became_of_them(metrics: Metrics) -> None:
    metrics.records_written(3)
    metrics.records_dropped(2, "full")
    metrics.records_dropped(1, "database")
    text = text_of(metrics)
    assert value(text, "records_written_total") == 3
    assert value(text, "records_dropped_total", why="full") == 2
    assert value(text, "records_dropped_total", why="database") == 1
    assert metrics.dropped_records() == 3


@pytest.mark.parametrize("expired", [True, False])
def test_the_content_and_its_review_are_told(metrics: Metrics, expired: bool) -> None:
    text = metrics.render(Content("lumbar-mri", "1.0.0", "sha256:0", expired)).decode()
    assert value(text, "guideline_info", guideline="lumbar-mri", version="1.0.0", digest="sha256:0") == 1
    assert value(text, "guideline_review_expired") == int(expired)


def test_what_alerts_are_made_of_is_there_before_it_happens(metrics: Metrics) -> None:
    text = text_of(metrics)
    for name in METRICS:
        assert f"# HELP {name.full_name} " in text
    for why in get_args(DropReason):
        assert f'records_dropped_total{{why="{why}"}} 0.0' in text
    for why in get_args(RefusalReason):
        assert f'feedback_refused_total{{why="{why}"}} 0.0' in text
    assert 'outcome="emergency"} 0.0' in text


@pytest.mark.parametrize(
    ("told", "why"), [("full", "full"), ("database", "database"), ("fault", "fault"), (TYPED, "fault")]
)
def test_what_the_writer_of_decisions_tells_is_counted(metrics: Metrics, told: str, why: str) -> None:
    metrics.records(5, None)
    metrics.records(2, told)
    metrics.audit_events(5, None)
    metrics.audit_events(1, told)
    text = text_of(metrics)
    assert value(text, "records_written_total") == 5
    assert value(text, "records_dropped_total", why=why) == 2
    assert value(text, "records_dropped_total", why="audit-server") == 1


def test_before_it_is_prepared_nothing_is_counted_and_nothing_breaks() -> None:
    metrics = Metrics(TYPES)
    count_everything(metrics)
    assert metrics.render(CONTENT) == b""
    assert metrics.dropped_records() == 0


def test_where_there_is_no_place_nothing_is_counted_and_calls_go_on(tmp_path: Path) -> None:
    metrics = Metrics(TYPES, tmp_path / "gone")
    with pytest.raises(OSError, match="gone"):
        metrics.begin(1)
    count_everything(metrics)
    assert metrics.render(CONTENT) == b""
    nowhere = metrics.of_all_processes(None)
    nowhere.prepare()
    nowhere.begin(1)
    assert nowhere.render(CONTENT) == b""


def test_all_that_can_be_counted_has_its_place_from_the_start(shared: Metrics) -> None:
    """These files grow in memory, and where the disk is full that ends the process: so they must not grow."""
    import os

    shared.begin(os.getpid())
    folder = shared.folder
    assert folder is not None
    sizes = {file.name: file.stat().st_size for file in folder.glob("*.db")}
    blocks = {file.name: file.stat().st_blocks * 512 for file in folder.glob("*.db")}
    assert len(sizes) == 3
    count_everything(shared)
    assert {file.name: file.stat().st_size for file in folder.glob("*.db")} == sizes
    assert all(blocks[name] >= size for name, size in sizes.items())
    text = text_of(shared)
    assert value(text, "calls_total") == len(SERVICES) * len(STATUSES)
    assert shared.dropped_records() == len(get_args(DropReason))


def test_a_process_that_gets_the_number_of_a_dead_one_goes_on_counting(shared: Metrics) -> None:
    import os

    shared.begin(os.getpid())
    shared.records_written(2)
    shared.call_begins()
    prometheus_client.values.ValueClass.close_all_files()
    shared.end(os.getpid())
    shared.begin(os.getpid())
    shared.records_written(3)
    assert value(text_of(shared), "records_written_total") == 5
    assert value(text_of(shared), "calls_in_progress") == 0


def count_everything(metrics: Metrics) -> None:
    metrics.call_begins()
    metrics.call_ends()
    for service, status in itertools.product(SERVICES, STATUSES):
        metrics.call(service, int(status) if status != OTHER else 299, 0.1)
    metrics.decisions(
        decision(outcome, (*TYPES, TYPED), silent)
        for outcome, silent in itertools.product(Outcome, ("", "hospice"))
    )
    metrics.fhir_reads((0.1, kind) for kind in READ_FAILURES)
    metrics.feedback((*FEEDBACK_OUTCOMES, TYPED))
    for refusal in get_args(RefusalReason):
        metrics.feedback_refused(refusal)
    metrics.records_written(1)
    for why in get_args(DropReason):
        metrics.records_dropped(1, why)


def reasons_in(path: Path) -> Iterator[str]:
    """Every reason for a read without a whole answer that a module writes as a plain text."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id="NotFetched"), args=[ast.Constant(value=str(reason))]):
                yield reason
            case ast.Assign(targets=[ast.Attribute(attr="ending")], value=ast.Constant(value=str(reason))):
                yield reason
            case ast.Assign(
                targets=[ast.Name(id="BUSY" | "TOO_LATE")], value=ast.Constant(value=str(reason))
            ):
                yield reason


def test_every_reason_of_a_failed_read_is_a_word_of_its_own() -> None:
    found = {reason for path in ACCESS.glob("*.py") for reason in reasons_in(path)} - {""}
    assert len(found) > 15
    assert {reason for reason in found if failure_kind(reason) != reason} == set()


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("status 503", "status 5xx"),
        ("status 404", "status 4xx"),
        ("status 999", OTHER),
        ("status 5xx1", OTHER),
    ],
)
def test_statuses_are_counted_by_their_hundred(reason: str, kind: str) -> None:
    assert failure_kind(reason) == kind
