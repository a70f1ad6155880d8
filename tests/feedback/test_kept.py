"""What is kept of feedback, and that nothing a client typed gets any further."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cds_service.feedback import FeedbackBatch
from cds_service.feedback.kept import KeptEntry, own_reasons, reduce_batch
from cds_service.protocol.feedback import read_feedback
from tests.feedback.reports import CARD, SUGGESTION, TIME_MS, accepted, overridden
from tests.shipped import shipped_guideline

OURS = "urn:lumbar-mri-cds:reason"
DISPLAYS = {"seen": "Seen by the spine team"}


def kept(
    entry: dict[str, Any], *, comments: bool = False, client: str = "a", service: str = "s", second: int = 1
) -> KeptEntry:
    received = datetime(1970, 1, 1, 0, 0, second, tzinfo=UTC)
    batch = FeedbackBatch(service, client, received, read_feedback({"feedback": [entry]}))
    (one,) = reduce_batch(batch, DISPLAYS, comments=comments)
    return one


def reason(code: str = "seen", **more: str) -> dict[str, Any]:
    return overridden(overrideReason={"reason": {"code": code, **more}})


def test_ids_and_times_are_kept() -> None:
    one = kept(accepted())
    assert (one.card, one.outcome, one.suggestions) == (CARD, "accepted", (SUGGESTION,))
    assert (one.received_ms, one.outcome_ms) == (1_000, TIME_MS)


@pytest.mark.parametrize(
    ("sent", "as_kept"),
    [
        (CARD.upper(), CARD),
        ("S1234567A", "other"),
        (f"{CARD} S1234567A", "other"),
        (CARD[:-1], "other"),
    ],
    ids=["capitals", "an identifier", "with more behind", "too short"],
)
def test_an_id_is_kept_only_in_the_form_of_ours(sent: str, as_kept: str) -> None:
    one = kept(accepted(sent, acceptedSuggestions=[{"id": sent}]))
    assert (one.card, one.suggestions) == (as_kept, (as_kept,))


@pytest.mark.parametrize(
    ("code", "as_kept"),
    [
        ("patient-preference", "patient-preference"),
        ("c" * 64, "c" * 64),
        ("c" * 65, "other"),
        ("Mr Tan", "other"),
        ("é", "other"),
    ],
)
def test_a_code_is_kept_only_in_the_form_of_a_code(code: str, as_kept: str) -> None:
    assert kept(reason(code)).reason_code == as_kept


@pytest.mark.parametrize(
    ("system", "as_kept"),
    [
        ("https://ehr.example/reasons", "https://ehr.example/reasons"),
        (OURS, OURS),
        ("Mr Tan", "other"),
        ("urn:" + "x" * 201, "other"),
        ("x" * 41 + ":y", "x" * 41 + ":y"),
        # A server's column would refuse it, and the client would send it for ever.
        ("x" * 42 + ":y", "other"),
    ],
)
def test_a_system_is_kept_only_in_the_form_of_an_address(system: str, as_kept: str) -> None:
    assert kept(reason(system=system)).reason_system == as_kept


@pytest.mark.parametrize(
    ("more", "display"),
    [
        ({"display": DISPLAYS["seen"]}, DISPLAYS["seen"]),
        ({"display": DISPLAYS["seen"], "system": OURS}, DISPLAYS["seen"]),
        ({"display": DISPLAYS["seen"], "system": "https://ehr.example/reasons"}, None),
        ({"display": "Mr Tan has seen them"}, None),
        ({}, None),
    ],
    ids=["ours", "ours with system", "another system", "other words", "none"],
)
def test_a_display_is_kept_only_where_it_is_ours(more: dict[str, str], display: str | None) -> None:
    assert kept(reason(**more)).reason_display == display


def test_of_a_comment_its_length_alone_is_kept() -> None:
    one = kept(overridden(overrideReason={"userComment": "Mr Tan"}))
    assert (one.comment_characters, one.comment) == (6, None)


def test_a_site_may_keep_the_words_of_a_comment() -> None:
    one = kept(overridden(overrideReason={"userComment": "Mr\0Tan"}), comments=True)
    assert (one.comment_characters, one.comment) == (6, "Mr Tan")
    assert "Tan" not in repr(one)


def test_a_plain_dismissal_has_neither_reason_nor_comment() -> None:
    one = kept(overridden())
    assert (one.reason_code, one.reason_system, one.comment_characters) == (None, None, None)


@pytest.mark.parametrize("timestamp", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_the_first_and_the_last_year_are_times_like_others(timestamp: str) -> None:
    assert kept(overridden(outcomeTimestamp=timestamp)).outcome_ms


@pytest.mark.rule("FB-7")
def test_the_same_report_has_the_same_digest_whenever_it_comes() -> None:
    assert kept(overridden()).digest == kept(overridden(), second=9).digest


@pytest.mark.rule("FB-7")
@pytest.mark.parametrize(
    "other",
    [
        kept(accepted()),
        kept(overridden(SUGGESTION)),
        kept(reason()),
        kept(overridden(outcomeTimestamp="2026-01-15T09:30:01Z")),
        kept(overridden(overrideReason={"userComment": "x"})),
        kept(overridden(), client="b"),
        kept(overridden(), service="t"),
    ],
    ids=["outcome", "card", "reason", "time", "comment", "client", "service"],
)
def test_another_report_has_another_digest(other: KeptEntry) -> None:
    assert other.digest != kept(overridden()).digest


def test_no_digest_tells_the_words_of_a_comment() -> None:
    one, other = (
        kept(overridden(overrideReason={"userComment": words}), comments=True) for words in ("yes", "not")
    )
    assert one.digest == other.digest


def test_own_reasons_are_those_that_cards_offer() -> None:
    assert own_reasons(shipped_guideline().words)["red-flag-cauda-equina"] == (
        "Red flag present, not coded: cauda equina"
    )
