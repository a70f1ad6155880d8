"""Two versions of the content over the same requests: what changes is counted, grouped and never a patient's."""

import copy
import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cds_service.evaluation.replay import Change, Replay, SavedRequest, replay_requests
from cds_service.evaluation.replay_report import report_json, report_lines
from cds_service.guideline.content import Guideline, load_guideline
from cds_service.guideline.content_head import thresholds_of
from cds_service.guideline.words import Words
from cds_service.record.remembered import Remembered
from cds_service.record.terminology import ValueSetCode, build_terminology

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fhir_fixtures"
NOW = datetime.fromisoformat("2026-06-15T10:00:00+08:00")
NAMES = tuple(sorted(path.name.removesuffix(".request.json") for path in FIXTURES.glob("*.request.json")))


@cache
def shipped() -> Guideline:
    return load_guideline(ROOT / "cards" / "lumbar-mri")


@cache
def body_of(name: str) -> Mapping[str, Any]:
    body: dict[str, Any] = json.loads((FIXTURES / f"{name}.request.json").read_text(encoding="utf-8"))
    return body


def saved(name: str) -> SavedRequest:
    return SavedRequest(name, body_of(name))


def replayed(new: Guideline, *requests: SavedRequest, old: Guideline | None = None) -> Replay:
    asked = requests or tuple(map(saved, NAMES))
    return replay_requests(asked, old or shipped(), new, lambda: NOW)


def with_thresholds(**values: int) -> Guideline:
    """The numbers changed as a reader of guideline.toml would see them."""
    notes = dict(shipped().threshold_notes)
    for name, value in values.items():
        notes[name] = dataclasses.replace(notes[name], value=Decimal(value))
    return dataclasses.replace(shipped(), thresholds=thresholds_of(notes), threshold_notes=notes)


def without_code(concept: str, code: str) -> Guideline:
    known = shipped().terminology
    kept: dict[str, tuple[ValueSetCode, ...]] = {
        name: tuple(row for row in rows if (name, row.code) != (concept, code))
        for name, rows in known.value_sets.items()
    }
    # What was concluded of a name is remembered with the patterns; another terminology concludes anew.
    patterns = dataclasses.replace(shipped().patterns, remembered=Remembered(), recalled=Remembered())
    terminology = build_terminology(known.systems.values(), kept)
    return dataclasses.replace(shipped(), terminology=terminology, patterns=patterns)


def with_words(file: str, section: str, text: str) -> Guideline:
    sections = dict(shipped().words.sections)
    sections[file] = {**sections[file], section: text}
    return dataclasses.replace(shipped(), words=Words(sections))


LATER = with_thresholds(power_fresh_days=0, power_recent_days=0)


def told(changes: tuple[Change, ...]) -> list[tuple[str, str, str]]:
    return [(change.file, change.before, change.after) for change in changes]


def test_the_same_content_changes_nothing() -> None:
    found = replayed(shipped())
    assert (found.requests, found.orders, found.changes, found.differences) == (
        len(NAMES),
        len(NAMES),
        (),
        (),
    )


def test_a_threshold_that_loses_an_emergency_is_told() -> None:
    found = replayed(LATER)
    (lost,) = found.lost_emergencies
    assert (lost.file, lost.recommendation, lost.order) == (
        "r3-progressive-weakness",
        "R3",
        "ServiceRequest/mri-1",
    )
    assert lost.before == "emergency R3"
    assert not lost.after.startswith("emergency")
    assert lost in found.outcome_changes


def test_an_emergency_that_is_new_is_a_change_and_no_loss() -> None:
    found = replayed(shipped(), old=LATER)
    assert [change.after for change in found.outcome_changes] == ["emergency R3"]
    assert found.lost_emergencies == ()


def test_a_threshold_says_where_it_differs() -> None:
    kinds = {(one.kind, one.name): (one.before, one.after) for one in replayed(LATER).differences}
    assert kinds[("threshold", "power_fresh_days")][1] == "0 d"
    assert {kind for kind, _ in kinds} == {"threshold"}


def test_a_code_that_is_gone_changes_the_cards_that_rested_on_it() -> None:
    found = replayed(without_code("saddle-numbness", "449813001"))
    assert "r4-cauda-equina" in {change.file for change in found.changes}
    assert [(one.kind, one.name, one.after) for one in found.differences if one.kind == "code"] == [
        ("code", "saddle-numbness snomed code 449813001", "")
    ]


def test_a_word_changes_the_part_of_the_card_where_it_stands_and_no_outcome() -> None:
    found = replayed(with_words("not-indicated", "summary.short", "Please do not order this: pain is short"))
    assert found.outcome_changes == ()
    assert [(change.file, change.recommendation, change.parts) for change in found.word_changes] == [
        ("r1-not-indicated", "R1", ("summary",))
    ]
    assert [(one.kind, one.name) for one in found.differences] == [
        ("card text", "not-indicated.md summary.short")
    ]


def test_what_a_version_calls_itself_is_no_change() -> None:
    renamed = dataclasses.replace(shipped(), version="9.9.9", digest="sha256:0")
    assert replayed(renamed).changes == ()


def without_prefetch(name: str) -> SavedRequest:
    return SavedRequest("empty", {**copy.deepcopy(dict(body_of(name))), "prefetch": {}})


def test_an_answer_that_fails_in_both_versions_is_unchanged() -> None:
    found = replayed(shipped(), without_prefetch("r4-cauda-equina"))
    assert (found.requests, found.orders, found.changes) == (1, 1, ())


def test_an_order_of_something_else_has_no_card_in_either() -> None:
    body = copy.deepcopy(dict(body_of("r4-cauda-equina")))
    body["context"]["draftOrders"]["entry"][0]["resource"]["code"] = {"text": "MRI of the left knee"}
    found = replayed(shipped(), SavedRequest("knee", body))
    assert (found.without_card, found.orders, found.changes) == (1, 0, ())


def test_an_order_that_loses_its_card_is_a_change() -> None:
    """The code of the order is taken out of the value set, and its words are foreign: no MRI any more."""
    body = copy.deepcopy(dict(body_of("r4-cauda-equina")))
    order = body["context"]["draftOrders"]["entry"][0]["resource"]
    order["code"] = {"coding": [{"system": "http://snomed.info/sct", "code": "394451000119106"}]}
    found = replayed(without_code("lumbar-mri", "394451000119106"), SavedRequest("foreign", body))
    assert told(found.lost_emergencies) == [("foreign", "emergency R4", "no card")]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param({}, "'hook'", id="no hook"),
        pytest.param({"hook": "patient-view"}, "No service answers the hook", id="another hook"),
        pytest.param({"hook": "order-sign"}, "'hookInstance'", id="no hook instance"),
    ],
)
def test_a_request_that_no_service_would_take_is_told_and_not_counted(
    body: dict[str, Any], error: str
) -> None:
    found = replayed(shipped(), SavedRequest("bad", body))
    assert (found.requests, found.orders) == (0, 0)
    assert [(one.file, error in one.error) for one in found.unreadable] == [("bad", True)]


def test_each_request_is_answered_by_both_versions_at_one_moment() -> None:
    moments = iter([NOW])
    found = replay_requests([saved("r4-cauda-equina")], shipped(), shipped(), lambda: next(moments))
    assert found.changes == ()


def signed_with(name: str, *orders: dict[str, Any]) -> SavedRequest:
    """The request at signing, with each draft changed as given."""
    body = copy.deepcopy(dict(body_of(name)))
    draft = body["context"]["draftOrders"]["entry"][0]["resource"]
    entries = [{"resource": copy.deepcopy(draft) | order} for order in orders]
    body["context"] = {name: value for name, value in body["context"].items() if name != "selections"} | {
        "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": entries}
    }
    return SavedRequest(name, body | {"hook": "order-sign"})


def test_a_draft_of_another_patient_with_the_same_id_hides_no_lost_emergency() -> None:
    request = signed_with("r3-progressive-weakness", {}, {"subject": {"reference": "Patient/somebody-else"}})
    found = replayed(LATER, request)
    assert len(found.lost_emergencies) == 1
    assert found.lost_emergencies[0].before.startswith("emergency and unclear")


def without_confirming(guideline: Guideline) -> Guideline:
    return dataclasses.replace(guideline, switches=dataclasses.replace(guideline.switches, endorse=False))


def test_an_emergency_that_is_lost_behind_no_card_is_told() -> None:
    """Where a site wants no confirming card, an order that is right already has none in either version."""
    stat = {"priority": "stat"}
    body = signed_with("r3-progressive-weakness", stat).body or {}
    encounter = {"resourceType": "Encounter", "id": "e1", "status": "in-progress", "class": {"code": "EMER"}}
    prefetch = {**body["prefetch"], "encounter": encounter}
    request = SavedRequest("silent", {**body, "prefetch": prefetch})
    found = replayed(without_confirming(LATER), request, old=without_confirming(shipped()))
    assert [one.before for one in found.lost_emergencies] == ["no card (emergency R3)"]


def with_fault(guideline: Guideline) -> Guideline:
    """A version that breaks at every order, as a slip in a rule would."""
    return dataclasses.replace(guideline, thresholds=None)  # type: ignore[arg-type]


def test_a_version_that_breaks_loses_the_emergency() -> None:
    found = replayed(with_fault(shipped()), saved("r3-progressive-weakness"))
    assert told(found.lost_emergencies) == [("r3-progressive-weakness", "emergency R3", "no answer")]


def test_a_request_that_breaks_both_versions_is_told_and_ends_nothing() -> None:
    broken = with_fault(shipped())
    found = replayed(broken, saved("r3-progressive-weakness"), saved("r4-cauda-equina"), old=broken)
    assert [one.error for one in found.unreadable] == ["No version can answer it (AttributeError)."] * 2


def test_an_order_whose_id_is_none_is_not_printed() -> None:
    found = replayed(LATER, signed_with("r3-progressive-weakness", {"id": "TAN AH KOW\x1b[2J"}))
    assert [one.order for one in found.lost_emergencies] == ["ServiceRequest/(no FHIR id)"]


def texts_of_the_patient() -> list[str]:
    """Whatever a card says of the person in its facts, and the person's own elements."""
    texts = []
    for name in NAMES:
        answer = json.loads((FIXTURES / f"{name}.response.json").read_text(encoding="utf-8"))
        for card in answer["cards"]:
            facts = card["extension"].get("org.lumbar-mri-cds.decision", {}).get("facts", [])
            texts += [fact["text"] for fact in facts] + [fact["resource"] for fact in facts]
        patient = body_of(name)["prefetch"]["patient"]
        texts += [patient["id"], patient["birthDate"], patient["name"][0]["family"]]
    return texts


@pytest.mark.parametrize(
    "new", [LATER, without_code("saddle-numbness", "449813001")], ids=["threshold", "code"]
)
def test_no_report_holds_anything_of_a_patient(new: Guideline) -> None:
    found = replayed(new)
    assert found.changes
    # The names of codes are the content's, and a fact may be called as its code is.
    without_content = dataclasses.replace(found, differences=())
    said = "\n".join(report_lines(without_content)) + json.dumps(report_json(without_content))
    assert [text for text in texts_of_the_patient() if text and text in said] == []


def test_the_report_groups_by_recommendation_and_shows_three_examples() -> None:
    many = [SavedRequest(f"file-{number}", body_of("r3-progressive-weakness")) for number in range(5)]
    lines = list(report_lines(replayed(LATER, *many)))
    start = lines.index("Outcomes that change")
    assert lines[start + 1] == "  R3"
    assert lines[start + 2].startswith("    5 orders: emergency R3 -> ")
    assert lines[start + 3 : start + 7] == [
        *(f"      file-{number}  ServiceRequest/mri-1" for number in range(3)),
        "      and 2 more",
    ]


def test_every_lost_emergency_is_named_however_many_there_are() -> None:
    many = [SavedRequest(f"file-{number}", body_of("r3-progressive-weakness")) for number in range(5)]
    lines = list(report_lines(replayed(LATER, *many)))
    lost = lines[lines.index("EMERGENCY LOST") : lines.index("Outcomes that change")]
    assert sum("file-" in line for line in lost) == 5
