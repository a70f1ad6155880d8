"""A review that is overdue is told: at start, by the health page and by `check`; it stops nothing."""

import dataclasses
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from structlog.testing import capture_logs

from cds_service.app import Services, create_app
from cds_service.guideline.content import Approval, Guideline
from cds_service.guideline.review_state import ReviewState, review_state, review_warning

DUE = date(2026, 6, 15)


def signed(guideline: Guideline, status: str = "active") -> Guideline:
    return dataclasses.replace(
        guideline, status=status, approval=Approval("Dr A", "2025-06-15", DUE.isoformat())
    )


def at(services: Services, guideline: Guideline, moment: datetime) -> Services:
    return dataclasses.replace(services, guideline=guideline, clock=lambda: moment)


@pytest.mark.parametrize(
    ("status", "today", "state"),
    [
        pytest.param("draft", DUE + timedelta(days=1), ReviewState.DRAFT, id="draft"),
        pytest.param("active", DUE - timedelta(days=1), ReviewState.CURRENT, id="the day before"),
        pytest.param("active", DUE, ReviewState.CURRENT, id="the day itself"),
        pytest.param("active", DUE + timedelta(days=1), ReviewState.EXPIRED, id="the day after"),
    ],
)
def test_a_review_is_overdue_from_the_day_after(
    status: str, today: date, state: ReviewState, services: Services
) -> None:
    guideline = signed(services.guideline, status)
    assert review_state(guideline, today) is state
    assert (review_warning(guideline, today) is not None) is (state is ReviewState.EXPIRED)


def test_the_health_page_tells_version_and_state(services: Services) -> None:
    body = create_app(services=services).test_client().get("/healthz").get_json()
    guideline = services.guideline
    told = {"id": guideline.id, "version": guideline.version, "digest": guideline.digest, "review": "draft"}
    assert body == {"status": "ok", "guideline": told}


def test_an_overdue_review_is_a_warning_and_the_service_goes_on(services: Services) -> None:
    later = datetime(2026, 6, 16, 10, tzinfo=timezone(timedelta(hours=8)))
    answer = (
        create_app(services=at(services, signed(services.guideline), later)).test_client().get("/healthz")
    )
    body = answer.get_json()
    assert (answer.status_code, body["status"], body["guideline"]["review"]) == (200, "ok", "expired")
    assert body["warnings"] == ["the review of the guideline was due on 2026-06-15"]


def test_the_day_is_the_guideline_s_own_and_not_the_server_s(services: Services) -> None:
    """Eight in the evening of the 15th in Greenwich is the 16th in Singapore."""
    evening = datetime(2026, 6, 15, 20, tzinfo=UTC)
    body = (
        create_app(services=at(services, signed(services.guideline), evening)).test_client().get("/healthz")
    )
    assert body.get_json()["guideline"]["review"] == "expired"


@pytest.mark.parametrize(("days", "lines"), [(0, 0), (1, 1)], ids=["in time", "overdue"])
def test_an_overdue_review_is_a_line_of_the_log_at_start(days: int, lines: int, services: Services) -> None:
    moment = datetime(2026, 6, 15, 10, tzinfo=timezone(timedelta(hours=8))) + timedelta(days=days)
    with capture_logs() as logged:
        create_app(services=at(services, signed(services.guideline), moment))
    assert [line["event"] for line in logged] == ["review expired"] * lines
    assert all(line["log_level"] == "warning" for line in logged)
