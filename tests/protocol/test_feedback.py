"""Feedback is taken in every form that real clients send, or the whole batch is refused by name."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cds_service.errors import BadRequest, InvalidMember, MissingMember, TooLarge
from cds_service.protocol.feedback import (
    COMMENT_LIMIT_CHARACTERS,
    MOST_ENTRIES,
    MOST_SUGGESTIONS,
    FeedbackEntry,
    read_feedback,
)

ACCEPTED: dict[str, Any] = {
    "card": "0b9f2c1e-64d3-4b7a-8f11-5d0e9a7c3321",
    "outcome": "accepted",
    "acceptedSuggestions": [{"id": "a6c0d0f4-0d1b-4a7e-9a55-77f1f0b6c210"}],
    "outcomeTimestamp": "2026-01-15T09:30:00Z",
}
OVERRIDDEN: dict[str, Any] = {
    "card": "5f7d1d0a-0a8e-4b1e-9c0a-3c9a2b1d4e55",
    "outcome": "overridden",
    "outcomeTimestamp": "2026-01-15T09:31:12.250Z",
}


def read(*entries: Any) -> tuple[FeedbackEntry, ...]:
    return read_feedback({"feedback": list(entries)})


def without(entry: dict[str, Any], name: str) -> dict[str, Any]:
    return {member: value for member, value in entry.items() if member != name}


def test_a_batch_is_read_in_order() -> None:
    first, second = read(ACCEPTED, OVERRIDDEN)
    assert [suggestion.id for suggestion in first.accepted_suggestions] == [
        "a6c0d0f4-0d1b-4a7e-9a55-77f1f0b6c210"
    ]
    assert first.outcome_timestamp == datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
    assert (second.outcome, second.override_reason) == ("overridden", None)


@pytest.mark.parametrize(
    "reason",
    [
        pytest.param({"reason": {"code": "c", "system": "s", "display": "d"}}, id="whole"),
        pytest.param({"reason": {"code": "c", "system": "s"}}, id="sandbox: no display"),
        pytest.param({"reason": {"code": "c"}}, id="no system"),
        pytest.param({"userComment": "Seen by the spine team."}, id="comment alone"),
        pytest.param({"reason": {"code": "c"}, "userComment": ""}, id="empty comment"),
        pytest.param(
            {"reason": {"code": "c", "system": "", "display": None}}, id="empty system, null display"
        ),
        pytest.param({"reason": None, "userComment": "Seen."}, id="null reason"),
        pytest.param({}, id="empty"),
        pytest.param(None, id="null"),
    ],
)
def test_every_form_of_an_override_reason_is_taken(reason: Any) -> None:
    assert len(read({**OVERRIDDEN, "overrideReason": reason})) == 1


def test_a_card_may_be_reported_again_and_otherwise() -> None:
    entries = read(OVERRIDDEN, OVERRIDDEN, {**ACCEPTED, "card": OVERRIDDEN["card"]})
    assert [entry.outcome for entry in entries] == ["overridden", "overridden", "accepted"]


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_an_override_may_carry_suggestions_that_are_none(empty: Any) -> None:
    assert read({**OVERRIDDEN, "acceptedSuggestions": empty})[0].accepted_suggestions == ()


def test_suggestions_as_plain_strings_are_taken() -> None:
    (entry,) = read({**ACCEPTED, "acceptedSuggestions": ["a6c0"]})
    assert entry.accepted_suggestions[0].id == "a6c0"


@pytest.mark.parametrize(
    "timestamp",
    [
        "2026-01-15T09:30:00Z",
        "2026-01-15T09:20:50.52Z",
        "2026-01-15T09:30:00+02:00",
        "2026-01-15t09:30:00z",
        "2026-01-15T09:30:00.123456789Z",
    ],
)
def test_rfc_3339_timestamps_are_taken(timestamp: str) -> None:
    assert len(read({**OVERRIDDEN, "outcomeTimestamp": timestamp})) == 1


@pytest.mark.parametrize(
    "timestamp", ["yesterday", "2026-01-15", "2026-01-15T09:30:00", 1768469400, "2026-13-01T00:00:00Z"]
)
def test_other_timestamps_are_refused(timestamp: Any) -> None:
    with pytest.raises(InvalidMember, match=r"feedback\[0\]\.outcomeTimestamp"):
        read({**OVERRIDDEN, "outcomeTimestamp": timestamp})


@pytest.mark.parametrize("member", ["card", "outcome", "outcomeTimestamp", "acceptedSuggestions"])
def test_a_missing_member_refuses_the_batch_and_is_named(member: str) -> None:
    with pytest.raises(MissingMember, match=rf"feedback\[1\]\.{member}"):
        read(OVERRIDDEN, without(ACCEPTED, member))


def test_accepted_without_any_suggestion_is_refused() -> None:
    with pytest.raises(MissingMember):
        read({**ACCEPTED, "acceptedSuggestions": []})


def test_an_unknown_outcome_is_refused_and_not_quoted() -> None:
    with pytest.raises(InvalidMember) as refusal:
        read({**OVERRIDDEN, "outcome": "secret"})
    assert "secret" not in refusal.value.text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"feedback": None},
        {"feedback": OVERRIDDEN},
        {"feedback": ["x"]},
        {"feedback": [None]},
        {"feedback": [[]]},
    ],
)
def test_a_body_of_another_shape_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        read_feedback(body)


def test_no_entries_are_no_fault() -> None:
    assert read() == ()


def test_a_comment_is_bounded_and_does_not_show() -> None:
    comment = "x" * COMMENT_LIMIT_CHARACTERS
    (entry,) = read({**OVERRIDDEN, "overrideReason": {"userComment": comment}})
    assert "xxx" not in repr(entry)
    with pytest.raises(TooLarge):
        read({**OVERRIDDEN, "overrideReason": {"userComment": comment + "x"}})


def test_unknown_members_are_ignored() -> None:
    assert len(read({**OVERRIDDEN, "more": 1, "extension": {"a": 1}})) == 1


def test_a_batch_is_bounded() -> None:
    assert len(read(*[OVERRIDDEN] * MOST_ENTRIES)) == MOST_ENTRIES
    with pytest.raises(TooLarge, match="'feedback' holds more than"):
        read(*[OVERRIDDEN] * (MOST_ENTRIES + 1))


def test_the_suggestions_of_an_entry_are_bounded_before_any_is_looked_at() -> None:
    several = {**ACCEPTED, "acceptedSuggestions": [{"id": "a"}] * MOST_SUGGESTIONS}
    assert len(read(several)[0].accepted_suggestions) == MOST_SUGGESTIONS
    with pytest.raises(TooLarge, match=r"'feedback\[0\].acceptedSuggestions' holds more than"):
        read({**ACCEPTED, "acceptedSuggestions": [5] * (MOST_SUGGESTIONS + 1)})
