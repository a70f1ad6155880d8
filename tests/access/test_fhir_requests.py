"""A FHIR request is repeated where the server asks for patience, and never past the end of the call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from cds_service.access.fhir_requests import Asking, Effort, fetch
from cds_service.access.outgoing import Answer, NotFetched, Reach

NOW = datetime(2026, 6, 15, 2, tzinfo=UTC)
STARTED = 1_000.0
FOUND = Answer(200, {"content-type": "application/fhir+json; charset=utf-8"}, b'{"resourceType": "Bundle"}')


@dataclass
class Scripted:
    """Gives one answer after the other, each after so many seconds, and notes when it was asked and until when."""

    answers: list[Answer]
    takes: float = 0.0
    now: float = STARTED
    asked: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)

    def get(
        self, url: str, *, headers: Mapping[str, str], reach: Reach, ends: float, max_bytes: int
    ) -> Answer:
        self.asked.append(round(self.now - STARTED, 3))
        self.ends.append(round(ends - STARTED, 3))
        self.now += self.takes
        return self.answers.pop(0)

    def wait(self, seconds: float) -> None:
        self.now += seconds


def asking(outgoing: Scripted, seconds: float = 2.0) -> Asking:
    return Asking(
        outgoing=outgoing,
        headers={"Authorization": "Bearer secret"},
        reach=Reach(),
        ends=STARTED + seconds,
        request_seconds=1.0,
        max_bytes=1_000,
        depth_limit=64,
        stopwatch=lambda: outgoing.now,
        clock=lambda: NOW + timedelta(seconds=outgoing.now - STARTED),
        pause=outgoing.wait,
    )


def busy(retry_after: str | None = None, status: int = 503) -> Answer:
    return Answer(status, {} if retry_after is None else {"retry-after": retry_after}, b"")


def at(seconds: float) -> str:
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("answers", "asked_at"),
    [
        pytest.param([FOUND], [0.0], id="at once"),
        pytest.param([busy(), FOUND], [0.0, 0.1], id="once busy"),
        pytest.param([busy(), busy(), FOUND], [0.0, 0.1, 0.4], id="twice busy, with longer waits"),
        pytest.param([busy("1"), FOUND], [0.0, 1.0], id="in a second"),
        pytest.param([busy("0"), FOUND], [0.0, 0.1], id="at once again"),
        pytest.param([busy(" 1 "), FOUND], [0.0, 1.0], id="with space around"),
        pytest.param([busy(at(1)), FOUND], [0.0, 1.0], id="at a time of the day"),
        pytest.param([busy(at(-60)), FOUND], [0.0, 0.1], id="at a time that is over"),
        pytest.param([busy(at(1).replace("GMT", "-0000")), FOUND], [0.0, 1.0], id="at a time without a zone"),
        pytest.param([busy("soon"), FOUND], [0.0, 0.1], id="in words"),
        pytest.param([busy("-1"), FOUND], [0.0, 0.1], id="less than none"),
        pytest.param([busy("1.5"), FOUND], [0.0, 0.1], id="a fraction, which is none of the standard's"),
        pytest.param([busy("1"), busy(), FOUND], [0.0, 1.0, 1.3], id="a second, then the longer wait"),
    ],
)
def test_a_busy_server_is_asked_again(answers: list[Answer], asked_at: list[float]) -> None:
    outgoing, effort = Scripted(answers), Effort()
    assert fetch("https://x/fhir", asking(outgoing), effort) == {"resourceType": "Bundle"}
    assert outgoing.asked == asked_at
    assert (effort.requests, effort.retries) == (len(asked_at), len(asked_at) - 1)


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        pytest.param([busy(), busy(), busy(), FOUND], 3, id="busy three times"),
        pytest.param([busy("2"), FOUND], 1, id="until the call is over"),
        pytest.param([busy("3600"), FOUND], 1, id="an hour"),
        pytest.param([busy("9" * 5_000), FOUND], 1, id="for ever"),
        pytest.param([busy(at(2)), FOUND], 1, id="a moment when the call is over"),
        pytest.param([busy("Fri, 31 Dec 9999 23:59:59 GMT"), FOUND], 1, id="the end of time"),
        pytest.param([busy("1"), busy("1"), FOUND], 2, id="a second, twice"),
    ],
)
def test_a_server_that_asks_for_more_than_there_is_is_left_alone(answers: list[Answer], asked: int) -> None:
    outgoing = Scripted(answers)
    with pytest.raises(NotFetched, match="status 503"):
        fetch("https://x/fhir", asking(outgoing), Effort())
    assert len(outgoing.asked) == asked
    assert outgoing.now < STARTED + 2


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_these_statuses_are_worth_another_try(status: int) -> None:
    outgoing = Scripted([busy(None, status), FOUND])
    assert fetch("https://x/fhir", asking(outgoing), Effort())


@pytest.mark.parametrize("status", [201, 204, 301, 400, 401, 403, 404, 408, 410, 414, 422, 500, 501])
def test_any_other_status_is_final(status: int) -> None:
    outgoing = Scripted([busy("0", status), FOUND])
    with pytest.raises(NotFetched):
        fetch("https://x/fhir", asking(outgoing), Effort())
    assert len(outgoing.asked) == 1


@pytest.mark.parametrize(
    ("seconds", "takes", "ends"),
    [(2.0, 0.5, [1.0, 1.6, 2.0]), (0.4, 0.0, [0.4, 0.4]), (5.0, 0.9, [1.0, 2.0, 3.2])],
)
def test_a_request_ends_with_its_own_time_or_with_the_calls(
    seconds: float, takes: float, ends: list[float]
) -> None:
    outgoing = Scripted([busy()] * 3, takes)
    with pytest.raises(NotFetched):
        fetch("https://x/fhir", asking(outgoing, seconds), Effort())
    assert outgoing.ends == ends


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_nothing_is_sent_when_the_time_is_over(seconds: float) -> None:
    outgoing = Scripted([FOUND])
    with pytest.raises(NotFetched, match="too late"):
        fetch("https://x/fhir", asking(outgoing, seconds), Effort())
    assert outgoing.asked == []


@pytest.mark.parametrize(
    "media_type",
    [
        "application/fhir+json",
        "application/json",
        "APPLICATION/FHIR+JSON;charset=UTF-8",
        "application/json+fhir",
    ],
)
def test_fhir_as_json_is_read_under_each_of_its_names(media_type: str) -> None:
    outgoing = Scripted(
        [Answer(200, {"content-type": media_type}, b'\xef\xbb\xbf{"resourceType": "Bundle"}')]
    )
    assert fetch("https://x/fhir", asking(outgoing), Effort()) == {"resourceType": "Bundle"}


@pytest.mark.parametrize(("depth", "read"), [(64, True), (65, False)])
def test_an_answer_nests_no_deeper_than_a_request_may(depth: int, read: bool) -> None:
    inner = b"[" * (depth - 1) + b"]" * (depth - 1)
    body = b'{"resourceType": "Bundle", "entry": ' + inner + b"}"
    outgoing = Scripted([Answer(200, {"content-type": "application/json"}, body)])
    if read:
        assert fetch("https://x/fhir", asking(outgoing), Effort())
    else:
        with pytest.raises(NotFetched, match="nests too deep"):
            fetch("https://x/fhir", asking(outgoing), Effort())


def test_what_is_sent_is_not_shown() -> None:
    assert "secret" not in repr(asking(Scripted([])))
