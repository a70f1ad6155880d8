"""The lint finds what it looks for: a good answer passes, and each way to spoil it is caught by its rule."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.lint import complaints_about_discovery, complaints_about_response
from tests.conformance.requests_ import ORDER, PATIENT_ID, mri_order

UUIDS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(9)]
GOOD_CARD: dict[str, Any] = {
    "uuid": UUIDS[0],
    "summary": "MRI not indicated.",
    "detail": "**Why** \\<b> 3 < 4",
    "indicator": "warning",
    "source": {
        "label": "ACE",
        "url": "https://example.org/a",
        "topic": {"system": "urn:x", "code": "R1", "display": "R1"},
    },
    "selectionBehavior": "at-most-one",
    "suggestions": [
        {
            "label": "Remove",
            "uuid": UUIDS[1],
            "isRecommended": True,
            "actions": [
                {"type": "delete", "description": "Remove it", "resourceId": ORDER},
                {"type": "create", "description": "Refer", "resource": mri_order("new")},
            ],
        },
        {"label": "Keep", "uuid": UUIDS[2]},
    ],
    "overrideReasons": [{"system": "urn:x", "code": "other", "display": "Other"}],
    "links": [{"label": "Guideline", "url": "https://example.org/g", "type": "absolute"}],
    "extension": {"org.example.decision": {"a": 1}},
}
GOOD_ENTRY: dict[str, Any] = {
    "hook": "order-select",
    "id": "a-b",
    "title": "T",
    "description": "D",
    "version": "2.0.1",
    "hookVersion": "1.0",
    "usageRequirements": "U",
    "prefetch": {"patient": "Patient/{{context.patientId}}"},
}


def complaints(*cards: Any, **members: Any) -> list[str]:
    return complaints_about_response({"cards": list(cards), **members}, {ORDER: mri_order()}, PATIENT_ID)


def first_action(card: dict[str, Any]) -> dict[str, Any]:
    action: dict[str, Any] = card["suggestions"][0]["actions"][0]
    return action


def created(card: dict[str, Any]) -> dict[str, Any]:
    action: dict[str, Any] = card["suggestions"][0]["actions"][1]
    return action


def test_a_good_answer_passes() -> None:
    assert complaints(GOOD_CARD) == []
    assert complaints() == []
    assert complaints_about_discovery({"services": [GOOD_ENTRY]}) == []


SPOILERS: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
    ("GEN-3", lambda card: card.update(detail=None)),
    ("GEN-3", lambda card: card.update(links=[])),
    ("GEN-3", lambda card: card.update(extension={})),
    ("GEN-3", lambda card: card.update(detail="")),
    ("GEN-4", lambda card: card["source"].update(label="  ")),
    ("GEN-6", lambda card: created(card).update(resource="{}")),
    ("EXT-1", lambda card: card.update(extension=[{"url": "x"}])),
    ("EXT-2", lambda card: card.update(extension={"decision": 1})),
    ("EXT-4", lambda card: card.update(priority=1)),
    ("EXT-4", lambda card: first_action(card).update(patch=[1])),
    ("CARD-1", lambda card: card.update(summary="x" * 140)),
    ("CARD-1", lambda card: card.pop("summary")),
    ("CARD-2", lambda card: card.update(indicator="hard-stop")),
    ("CARD-3", lambda card: card.pop("source")),
    ("CARD-4", lambda card: card.update(detail="a <script>")),
    ("CARD-5", lambda card: card.update(uuid=UUIDS[0].replace("-", ""))),
    ("CARD-6", lambda card: card.pop("selectionBehavior")),
    ("CARD-6", lambda card: card.update(selectionBehavior="all")),
    ("CARD-6", lambda card: card.pop("suggestions")),
    ("CARD-7", lambda card: card.update(links={"label": "x"})),
    ("CARD-8", lambda card: card["source"].pop("label")),
    ("CARD-9", lambda card: card["source"].update(url="/about")),
    ("CARD-10", lambda card: card["source"].update(icon="icon.png")),
    ("CARD-11", lambda card: card["source"]["topic"].pop("system")),
    ("CARD-12", lambda card: card["source"].update(topic={"system": "s", "code": "c", "coding": [1]})),
    ("SUG-1", lambda card: card["suggestions"][1].pop("label")),
    ("SUG-2", lambda card: card["suggestions"][1].update(uuid=UUIDS[1])),
    ("SUG-2", lambda card: card["suggestions"][1].pop("uuid")),
    ("SUG-3", lambda card: card["suggestions"][1].update(isRecommended=True)),
    ("SUG-3", lambda card: card["suggestions"][0].update(isRecommended="yes")),
    ("SUG-4", lambda card: card["suggestions"][0].update(actions=[])),
    ("SUG-6", lambda card: card["suggestions"][0].update(actionSelectionBehavior="all")),
    ("ACT-1", lambda card: first_action(card).update(type="DELETE")),
    ("ACT-2", lambda card: first_action(card).pop("description")),
    ("ACT-3", lambda card: created(card)["resource"].pop("subject")),
    ("ACT-5", lambda card: first_action(card).update(resourceId="mri-1")),
    ("ACT-5", lambda card: first_action(card).update(resource=ORDER)),
    ("ACT-6", lambda card: created(card).pop("resource")),
    ("ACT-8", lambda card: created(card)["resource"].update(status="active")),
    ("ACT-8", lambda card: created(card)["resource"].update(subject={"reference": "Patient/other"})),
    ("OVR-1", lambda card: card["overrideReasons"][0].pop("display")),
    ("OVR-1", lambda card: card["overrideReasons"][0].pop("system")),
    ("LINK-1", lambda card: card["links"][0].update(type="relative")),
    ("LINK-1", lambda card: card["links"][0].pop("label")),
    ("LINK-2", lambda card: card["links"][0].update(url="/guideline")),
    ("LINK-3", lambda card: card["links"][0].update(appContext="x")),
    ("LINK-4", lambda card: card["links"][0].update(autolaunchable="true")),
]


@pytest.mark.parametrize(
    ("rule", "spoil"), SPOILERS, ids=[f"{n}-{rule}" for n, (rule, _) in enumerate(SPOILERS)]
)
def test_a_spoiled_card_is_caught(rule: str, spoil: Callable[[dict[str, Any]], object]) -> None:
    card = copy.deepcopy(GOOD_CARD)
    spoil(card)
    assert [text for text in complaints(card) if text.startswith(f"{rule} ")]


@pytest.mark.parametrize(
    ("rule", "members"),
    [
        ("RESP-4", {"systemActions": []}),
        ("SYS-1", {"systemActions": {}}),
        ("SYS-2", {"systemActions": [{"type": "delete", "resourceId": ORDER}]}),
        ("SYS-3", {"systemActions": [first_action(GOOD_CARD)]}),
        ("SYS-5", {"extension": {"systemActions": [1]}}),
        ("EXT-4", {"status": "ok"}),
    ],
)
def test_a_spoiled_response_is_caught(rule: str, members: dict[str, Any]) -> None:
    assert [text for text in complaints(**members) if text.startswith(f"{rule} ")]


@pytest.mark.parametrize("response", [{}, [], None, {"cards": None}])
def test_a_response_without_cards_is_caught(response: Any) -> None:
    assert complaints_about_response(response, {}, PATIENT_ID) == ["RESP-2 no cards"]


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("DISC-4", {"hook": ""}),
        ("DISC-5", {"description": None}),
        ("DISC-6", {"id": "https://a/b"}),
        ("DISC-7", {"title": ""}),
        ("DISC-8", {"prefetch": {}}),
        ("DISC-8", {"prefetch": {"a": 1}}),
        ("DISC-9", {"usageRequirements": {"a": 1}}),
        ("DISC-10", {"version": "STU2"}),
        ("DISC-11", {"hookVersion": "1.1.0"}),
        ("DISC-15", {"extension": [1]}),
        ("EXT-4", {"name": "old"}),
    ],
)
def test_a_spoiled_discovery_entry_is_caught(rule: str, change: dict[str, Any]) -> None:
    found = complaints_about_discovery({"services": [{**GOOD_ENTRY, **change}]})
    assert [text for text in found if text.startswith(f"{rule} ")]


def test_a_discovery_entry_that_comes_twice_is_caught() -> None:
    assert any(
        "DISC-12" in text for text in complaints_about_discovery({"services": [GOOD_ENTRY, GOOD_ENTRY]})
    )
    assert complaints_about_discovery([]) == ["DISC-2 no services"]
