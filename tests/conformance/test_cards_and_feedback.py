"""What stands on a card, what a suggestion does, and what becomes of feedback: sections 9 to 14."""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.conformance.advice import actions
from tests.conformance.conftest import Ask
from tests.conformance.requests_ import ORDER, back_pain, mri_order, saddle_numbness
from tests.conformance.service import Answer, Service

MARKUP = "MRI *lumbar* <script>alert(1)</script> [here](https://evil.example) | `x` " + "very long " * 30
ACCEPTED = {
    "card": str(uuid4()),
    "outcome": "accepted",
    "acceptedSuggestions": [{"id": str(uuid4())}],
    "outcomeTimestamp": "2026-01-15T09:30:00Z",
}
OVERRIDDEN = {"card": str(uuid4()), "outcome": "overridden", "outcomeTimestamp": "2026-01-15T09:31:12.250Z"}


@pytest.mark.rule("CARD-1", "CARD-4")
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_text_of_the_order_is_bounded_and_escaped(ask: Ask, hook: str) -> None:
    order = mri_order(code={**mri_order()["code"], "text": MARKUP})
    (card,) = ask(back_pain(), orders=(order,), hook=hook).cards
    assert len(card["summary"]) <= 139
    shown = card["detail"] + card["summary"]
    assert "<script" not in shown.replace("\\<script", "")
    assert "[here](" not in shown


@pytest.mark.rule("CARD-5", "SUG-2")
def test_every_card_and_suggestion_can_have_feedback(ask: Ask) -> None:
    for card in ask(back_pain(), saddle_numbness()).cards:
        assert card["uuid"]
        assert all(suggestion["uuid"] for suggestion in card.get("suggestions", ()))


@pytest.mark.rule("ACT-4")
def test_an_update_returns_the_whole_draft_with_what_it_does_not_change(ask: Ask) -> None:
    kept: dict[str, Any] = {
        "extension": [{"url": "https://ehr.example/x", "valueString": "kept"}],
        "identifier": [{"system": "https://ehr.example/orders", "value": "42"}],
        "insurance": [{"reference": "Coverage/1"}],
        "locationCode": [{"text": "Clinic A"}],
    }
    order = mri_order(note=[{"text": "please phone"}], **kept)
    updates = [
        action["resource"]
        for answer in (
            ask(back_pain(), orders=(order,)),
            ask(back_pain(), saddle_numbness(), orders=(order,)),
        )
        for action in actions(answer)
        if action["type"] == "update"
    ]
    assert updates
    for update in updates:
        assert (update["resourceType"], update["id"]) == ("ServiceRequest", "mri-1")
        assert {name: update[name] for name in kept} == kept
        assert {"text": "please phone"} in update["note"]
        assert update != order


@pytest.mark.rule("ACT-5")
def test_removing_an_order_names_the_draft(ask: Ask) -> None:
    deletes = [action for action in actions(ask(back_pain())) if action["type"] == "delete"]
    assert deletes
    assert {action["resourceId"] for action in deletes} == {ORDER}


@pytest.mark.rule("OVR-4")
def test_override_reasons_are_the_same_every_time(ask: Ask) -> None:
    first, second = (ask(back_pain()).cards[0]["overrideReasons"] for _ in range(2))
    assert first == second


def feedback(service: Service, body: Any) -> Answer:
    return service.post(f"{service.sign_path}/feedback", body)


def entry(**changes: Any) -> dict[str, Any]:
    return {"feedback": [{**OVERRIDDEN, **changes}]}


@pytest.mark.rule("FB-1", "FB-2", "FB-10", "FB-11")
def test_a_batch_is_acknowledged_and_gets_no_cards(service: Service) -> None:
    for path in (service.select_path, service.sign_path):
        answer = service.post(f"{path}/feedback", {"feedback": [ACCEPTED, OVERRIDDEN]})
        assert (answer.status, answer.json) == (200, {"accepted": 2})


@pytest.mark.rule("FB-1")
def test_get_on_feedback_is_405(service: Service) -> None:
    service.send("GET", f"{service.sign_path}/feedback").assert_refused(405)


@pytest.mark.rule("FB-2")
@pytest.mark.parametrize("body", [[OVERRIDDEN], OVERRIDDEN, {}, {"feedback": OVERRIDDEN}, {"feedback": [7]}])
def test_another_shape_is_400(service: Service, body: Any) -> None:
    feedback(service, body).assert_refused(400)


@pytest.mark.rule("FB-3")
@pytest.mark.parametrize("member", ["card", "outcome", "outcomeTimestamp"])
def test_an_entry_without_a_required_member_is_400(service: Service, member: str) -> None:
    incomplete = {name: value for name, value in OVERRIDDEN.items() if name != member}
    feedback(service, {"feedback": [OVERRIDDEN, incomplete]}).assert_refused(400)


@pytest.mark.rule("FB-3")
def test_an_unknown_outcome_is_400(service: Service) -> None:
    feedback(service, entry(outcome="ignored")).assert_refused(400)


@pytest.mark.rule("FB-4")
@pytest.mark.parametrize("suggestions", [None, []])
def test_accepted_without_a_suggestion_is_400(service: Service, suggestions: Any) -> None:
    feedback(service, entry(outcome="accepted", acceptedSuggestions=suggestions)).assert_refused(400)


@pytest.mark.rule("FB-5", "FB-6", "OVR-2")
@pytest.mark.parametrize(
    "reason",
    [
        None,
        {"userComment": "Seen by the spine team."},
        {"reason": {"code": "their-own", "system": "https://ehr.example/reasons"}},
        {"reason": {"code": "their-own"}},
        {"reason": {"code": "a", "system": "b", "display": "c"}, "userComment": "d"},
    ],
    ids=["none", "comment alone", "no display", "no system", "whole"],
)
def test_every_form_of_an_override_reason_is_taken(service: Service, reason: Any) -> None:
    body = entry() if reason is None else entry(overrideReason=reason)
    assert feedback(service, body).status == 200


@pytest.mark.rule("FB-7")
def test_the_same_feedback_may_come_again(service: Service) -> None:
    assert [feedback(service, entry()).status for _ in range(2)] == [200, 200]


@pytest.mark.rule("FB-8")
@pytest.mark.parametrize(
    ("timestamp", "status"),
    [
        ("2026-01-15T09:30:00Z", 200),
        ("2026-01-15T09:20:50.52Z", 200),
        ("2026-01-15T09:30:00+02:00", 200),
        ("yesterday", 400),
        ("2026-01-15", 400),
    ],
)
def test_timestamps_are_instants(service: Service, timestamp: str, status: int) -> None:
    assert feedback(service, entry(outcomeTimestamp=timestamp)).status == status


@pytest.mark.rule("FB-14")
def test_a_long_comment_is_bounded_and_never_repeated(service: Service) -> None:
    comment = "private words " * 700
    answer = feedback(service, entry(overrideReason={"userComment": comment}))
    assert answer.status in (200, 413)
    longer = feedback(service, entry(overrideReason={"userComment": comment * 100}))
    longer.assert_refused(413)
    assert "private" not in answer.text + longer.text


@pytest.mark.rule("RESP-2", "GEN-3")
def test_the_least_answer_is_the_least_that_is_allowed(ask: Ask) -> None:
    assert json.loads(ask(selections=[]).text) == {"cards": []}
