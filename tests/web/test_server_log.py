"""Gunicorn's own lines: JSON like all others, and nothing of what was sent."""

from __future__ import annotations

from typing import Any

import pytest
from gunicorn.config import Config
from structlog.testing import capture_logs

from cds_service.web.server_log import JsonLog

TYPED = "/Patient/S1234567A"


@pytest.mark.parametrize(
    ("method", "arguments", "line"),
    [
        pytest.param("critical", ("WORKER TIMEOUT (pid:%s)", 7), {"log_level": "error", "said": "WORKER TIMEOUT (pid:%s)", "values": [7]}, id="numbers"),
        pytest.param("error", ("Worker (pid:%s) was sent %s!", 7, "SIGKILL"), {"log_level": "error", "said": "Worker (pid:%s) was sent %s!", "values": [7, "SIGKILL"]}, id="signals"),
        pytest.param("exception", ("Error handling request %s", TYPED), {"log_level": "error", "said": "Error handling request %s"}, id="an address"),
        pytest.param("exception", (ValueError(TYPED),), {"log_level": "error", "said": "ValueError"}, id="an exception"),
        pytest.param("warning", ("Exception during worker exit:\n%s", TYPED), {"log_level": "warning", "said": "Exception during worker exit:\n%s"}, id="a trace"),
    ],
)  # fmt: skip
def test_a_line_has_the_words_of_the_server_and_not_those_that_were_sent(
    method: str, arguments: tuple[Any, ...], line: dict[str, Any]
) -> None:
    with capture_logs() as lines:
        getattr(JsonLog(Config()), method)(*arguments)
    assert lines == [{"event": "server", **line}]


def test_starts_and_ends_of_processes_are_not_told() -> None:
    with capture_logs() as lines:
        JsonLog(Config()).info("Booting worker with pid: %s", 7)
        JsonLog(Config()).debug("GET %s", TYPED)
    assert lines == []
