"""Every row of the specification through the whole service: outcome, recommendations, indicator, words."""

import json
import re
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cds_service.app import Services
from tests.databases import GivenDatabase
from tests.feedback.practice import Practice
from tests.vignettes.asking import ask
from tests.vignettes.stories import NOW, STORIES, Story
from tests.vignettes.well_formed import CLAIMS_OF_SAFETY, complaints, our_words

OUTCOMES = {
    "E": "emergency",
    "U": "urgent",
    "I": "indicated",
    "M": "may-be-indicated",
    "P": "possible",
    "X": "unclear",
    "N": "not-indicated",
    "O": "outside",
}
DECISION = "org.lumbar-mri-cds.decision"
MRI_SAFETY = "org.lumbar-mri-cds.mri-safety"

SPEAKING = [told for told in STORIES.values() if told.outcome != "S"]
SILENT = [told for told in STORIES.values() if told.outcome == "S"]
OVERRIDDEN = [told for told in STORIES.values() if told.needs_store]

every_speaking_story = pytest.mark.parametrize("told", SPEAKING, ids=[told.id for told in SPEAKING])


@cache
def _asked(id: str, now: datetime = NOW) -> str:
    return json.dumps(ask(STORIES[id].request(now), now))


def cards_of(id: str, now: datetime = NOW) -> list[dict[str, Any]]:
    """The cards that this story gets."""
    cards: list[dict[str, Any]] = json.loads(_asked(id, now))["cards"]
    return cards


def card_of(id: str) -> dict[str, Any]:
    """The card of the guideline, which comes first."""
    return cards_of(id)[0]


def decision_of(id: str, now: datetime = NOW) -> dict[str, Any]:
    """The auditable decision that the card carries."""
    decision: dict[str, Any] = cards_of(id, now)[0]["extension"][DECISION]
    return decision


@pytest.mark.parametrize("told", SILENT, ids=[told.id for told in SILENT])
def test_a_row_without_a_card_gets_an_empty_list(told: Story) -> None:
    assert cards_of(told.id) == []


@pytest.mark.parametrize("told", OVERRIDDEN, ids=[told.id for told in OVERRIDDEN])
def test_a_row_that_was_overridden_five_days_ago_gets_no_card(
    told: Story, services: Services, tmp_path: Path
) -> None:
    practice = Practice(services, GivenDatabase("sqlite", f"sqlite:///{tmp_path}/store.sqlite3"))
    practice.later(days=-5)
    card = practice.override(told.request(NOW), "imaging-done")
    assert card["extension"][DECISION]["outcome"] == OUTCOMES[told.outcome]
    practice.later(days=5)
    assert practice.call(told.request(NOW)) == []


@every_speaking_story
def test_a_row_gets_its_outcome_recommendations_and_indicator(told: Story) -> None:
    card, decision = card_of(told.id), decision_of(told.id)
    answered = (decision["outcome"], tuple(decision.get("recommendations", ())), card["indicator"])
    assert answered == (OUTCOMES[told.outcome], told.recs, told.indicator)
    assert decision.get("endorsed", False) is told.endorsed


@every_speaking_story
def test_the_topic_of_a_card_is_its_leading_recommendation_or_none(told: Story) -> None:
    topic = card_of(told.id)["source"]["topic"]
    assert topic["system"] == "urn:lumbar-mri-cds:recommendation"
    assert topic["code"] == (told.recs[0] if told.recs else "none")


@every_speaking_story
def test_a_second_card_comes_only_where_the_scanner_is_in_question(told: Story) -> None:
    safety = [MRI_SAFETY in card.get("extension", {}) for card in cards_of(told.id)]
    assert safety == ([False, True] if told.safety else [False])


@every_speaking_story
def test_every_card_is_well_formed_and_claims_no_safety(told: Story) -> None:
    assert [complaints(card) for card in cards_of(told.id)] == [[] for _ in cards_of(told.id)]


@every_speaking_story
def test_what_stands_before_the_evidence_is_soon_read(told: Story) -> None:
    """About 150 words (specification 3): a doctor reads no more before the patient leaves."""
    before = re.split(r"\*\*(?:Evidence|Limits)\*\*", card_of(told.id)["detail"])[0]
    without_headings = re.sub(r"(?m)^\*\*[^*]+\*\*$", "", before)
    assert len(without_headings.split()) <= 170


@every_speaking_story
def test_the_decision_names_the_order_and_the_moment(told: Story) -> None:
    decision = decision_of(told.id)
    assert decision["orders"] == ["ServiceRequest/mri-1"]
    assert datetime.fromisoformat(decision["evaluatedAt"]) == NOW
    assert decision["guideline"]["id"] == "lumbar-mri"


@pytest.mark.parametrize("told", STORIES.values(), ids=STORIES.keys())
def test_a_year_later_the_moved_story_gets_the_same_answer(told: Story) -> None:
    later = NOW + timedelta(days=365)
    assert [_gist(card) for card in cards_of(told.id, later)] == [_gist(card) for card in cards_of(told.id)]


def _gist(card: dict[str, Any]) -> tuple[Any, ...]:
    decision = card["extension"].get(DECISION, {})
    return (
        card["indicator"],
        decision.get("outcome"),
        decision.get("recommendations"),
        decision.get("endorsed"),
    )


def test_no_record_of_a_story_holds_a_word_that_cards_may_not_say() -> None:
    for told in STORIES.values():
        assert not CLAIMS_OF_SAFETY.search(json.dumps(told.request(NOW)["prefetch"]))


SAID = [
    ("V01", "screen[^.]*15 Jun", "the negative screen and its day"),
    ("V01", "no red flag", "found none, in the record"),
    ("V03", "bladder", "not recorded"),
    ("V03", "saddle", "not recorded"),
    ("V03", "power", "not recorded"),
    ("V03", "fever|temperature", "not recorded"),
    ("V03", "weight", "not recorded"),
    ("V04", "reassess", "four to six weeks: reassess first"),
    ("V04", "conditional", "the only conditional recommendation"),
    ("V05", "(6|7|six|seven) weeks", "six weeks completed"),
    ("V06", "conservative", "conservative care comes first"),
    ("V07", "treatment|conservative", "what is missing"),
    ("V09", "continu|improving", "keep going"),
    ("V14", "28 days|4 to 6 weeks|4-6 weeks|four weeks", "care goes on"),
    ("V17", "treatment|conservative", "what is missing"),
    ("V18", r"\b5\b.{0,20}\b3\b", "the fall in grades"),
    ("V18", "13 days", "and its time"),
    ("V20", "foot drop|dorsiflexion", "the old deficit is named"),
    ("V20", "stable|unchanged|not progress", "and said to be no progression"),
    ("V21", "foot drop", "the new deficit"),
    ("V24", "2 Apr", "the stale grade has its date"),
    ("V26", "left ankle", "the side"),
    ("V28", "emergency department|\\bED\\b", "where to go"),
    ("V28", "saddle", "first feature"),
    ("V28", "450", "residual volume"),
    ("V28", r"14 Jun", "with dates"),
    ("V29", "cauda equina", "the diagnosis"),
    ("V30", "14 Jun", "when it was imaged"),
    ("V32", "catheter", "the explanation"),
    ("V34", "bladder", "check"),
    ("V34", "bowel", "check"),
    ("V34", "saddle", "check"),
    ("V38", r"\b450\b|0\.45 L", "the volume"),
    ("V40", "saddle", "check"),
    ("V40", "bowel", "check"),
    ("V40", "PVR|residual", "check"),
    ("V40", "today", "check today"),
    ("V45", r"\b42 mg/L|4\.2 mg/dL", "the value with its unit"),
    ("V46", r"38\.6", "the temperature"),
    ("V47", "no back pain|no .{0,40}reason", "what the order lacks"),
    ("V49", r"14 mg/L", "the weak fact"),
    ("V51", r"85 mg/L", "the value"),
    ("V53", "inject|intravenous", "the risk"),
    ("V54", "HIV|immun", "the risk"),
    ("V56", "breast", "the cancer"),
    ("V57", "breast", "the cancer"),
    ("V57", "2019|2017", "and its year"),
    ("V58", "colon", "the cancer"),
    ("V58", "2006|20 years", "and its year"),
    ("V62", "whole spine|whole-spine", "region"),
    ("V64", "night pain", "the weak fact"),
    ("V66", "tumour", "the suspicion"),
    ("V67", "diabetes", "contributory, listed"),
    ("V68", "prednisolone", "the medicine"),
    ("V71", "unit", "what is wrong with the value"),
    ("V73", "lymphoma", "the history"),
    ("V75", "discectomy", "the procedure"),
    ("V75", "(16|21) days", "how long ago"),
    ("V75", "low certainty|certainty[^.]{0,20}low", "low certainty"),
    ("V79", "lumbar puncture", "the procedure"),
    ("V83", "level", "what to ask"),
    ("V85", "injection", "the procedure"),
    ("V87", "gadolinium", "no gadolinium"),
    ("V89", "adult", "an adult guideline"),
    ("V91", "fracture", "another path"),
    ("V93", "vascular|aneurysm", "another emergency"),
    ("V96", "sedation", "help for claustrophobia"),
    ("V97", "artefact|artifact", "a note on hardware"),
    ("V104", "cauda equina", "the reason on the order"),
    ("V106", "problem list|condition", "what was not read"),
    ("V107", "observation", "what was not read"),
    ("V108", "cauda equina", "the words on the order"),
    ("V117", "1 Jul|2026-07-01|future", "the impossible date"),
]


@pytest.mark.parametrize(("id", "pattern", "why"), SAID, ids=[f"{id}-{why}" for id, _, why in SAID])
def test_a_card_says_what_its_row_asks_for(id: str, pattern: str, why: str) -> None:
    text = " ".join(our_words(card_of(id)))
    assert re.search(pattern, text, re.IGNORECASE), f"{why}: {text}"


@pytest.mark.parametrize("id", ["V110", "V116"])
def test_an_endorsed_order_gets_no_suggestion(id: str) -> None:
    assert "suggestions" not in card_of(id)


def test_improving_pain_brings_no_pressure_to_remove_the_order() -> None:
    assert [action for action in _actions("V09", recommended=True) if action["type"] == "delete"] == []


def test_an_order_that_is_not_indicated_can_be_removed_by_one_click_but_never_removes_itself() -> None:
    assert "delete" in {action["type"] for action in _actions("V01")}
    assert "systemActions" not in json.loads(_asked("V01"))


@pytest.mark.parametrize("id", [told.id for told in SPEAKING if told.outcome in "PX"])
def test_possible_and_unclear_cards_never_offer_to_remove_the_order(id: str) -> None:
    assert "delete" not in {action["type"] for action in _actions(id)}


def test_a_routine_order_for_cauda_equina_gets_stat_priority_and_a_referral() -> None:
    actions = _actions("V115")
    updates = [action["resource"] for action in actions if action["type"] == "update"]
    assert {"stat"} == {order["priority"] for order in updates if "priority" in order}
    referrals = [action["resource"] for action in actions if action["type"] == "create"]
    assert [referral["subject"]["reference"] for referral in referrals if referral["priority"] == "stat"] == [
        "Patient/p1"
    ]


def test_in_pregnancy_no_suggestion_asks_for_contrast_or_radiation() -> None:
    asked_for = json.dumps(_actions("V87")).lower()
    assert not re.search(r"with contrast|without and with|gadolinium|\bct\b|x-ray|radiograph", asked_for)


def test_the_vascular_emergency_opens_the_card() -> None:
    card = card_of("V93")
    opening = card["summary"] + card["detail"].strip().splitlines()[0]
    assert re.search("vascular|aneurysm|aortic", opening, re.IGNORECASE)


def test_the_safety_card_sends_the_doctor_to_radiology_and_names_another_modality() -> None:
    main, safety = cards_of("V94")
    text = f"{safety['summary']} {safety['detail']}"
    assert re.search("radiology", text, re.IGNORECASE)
    assert re.search(r"\bCT\b", text)
    assert safety["indicator"] == "warning"
    assert main["indicator"] == "critical"


@pytest.mark.parametrize(("id", "type"), [("V106", "Condition"), ("V107", "Observation")])
def test_a_read_that_failed_is_named_by_its_type(id: str, type: str) -> None:
    assert decision_of(id)["unread"] == [type]


def test_a_bare_record_lists_what_it_does_not_hold() -> None:
    assert len(decision_of("V03")["notRecorded"]) >= 5


def test_the_pattern_of_cord_compression_is_scanned_as_a_whole_spine() -> None:
    updates = [action["resource"] for action in _actions("V62") if action["type"] == "update"]
    assert any(re.search("whole|cervical", json.dumps(order), re.IGNORECASE) for order in updates)


def test_an_update_keeps_every_member_of_the_draft_that_it_does_not_change() -> None:
    (entry,) = STORIES["V28"].request(NOW)["context"]["draftOrders"]["entry"]
    draft = entry["resource"]
    for action in _actions("V28"):
        if action["type"] == "update":
            assert draft.keys() <= action["resource"].keys()
            assert action["resource"]["id"] == draft["id"]
            assert action["resource"]["authoredOn"] == draft["authoredOn"]


def _actions(id: str, *, recommended: bool = False) -> list[dict[str, Any]]:
    """All actions of the main card, or those of its recommended suggestions only."""
    return [
        action
        for suggestion in card_of(id).get("suggestions", ())
        if suggestion.get("isRecommended") or not recommended
        for action in suggestion.get("actions", ())
    ]


def test_an_emergency_names_every_part_of_the_record_that_failed() -> None:
    request = STORIES["V28"].request(NOW)
    failed = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
    keys = (
        "devices", "allergies", "diagnosticReports", "encounter", "encounters", "appointments",
        "medicationDispenses",
    )  # fmt: skip
    request["prefetch"] |= dict.fromkeys(keys, failed)
    (card,) = ask(request, NOW)["cards"]
    decision = card["extension"][DECISION]
    assert decision["outcome"] == "emergency"
    assert set(decision["unread"]) == {
        "Device", "AllergyIntolerance", "DiagnosticReport", "Encounter", "Appointment", "MedicationDispense",
    }  # fmt: skip
    assert "allergy list" in card["detail"]
    assert "device list" in card["detail"]


@pytest.mark.parametrize("how", ["not sent", "failed"])
def test_a_birth_date_that_could_not_be_read_is_not_asked_for_as_missing(how: str) -> None:
    request = STORIES["V03"].request(NOW)
    del request["prefetch"]["patient"]
    if how == "failed":
        request["prefetch"]["patient"] = {"resourceType": "OperationOutcome", "issue": []}
    (card,) = ask(request, NOW)["cards"]
    assert card["extension"][DECISION]["unread"] == ["Patient"]
    assert card["summary"].startswith("Check the age and red flags yourself: patient details could not be")
    assert "not on record" not in card["summary"]
