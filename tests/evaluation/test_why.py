"""The decision behind a card, told from the database alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cds_service.__main__ import main
from cds_service.app import Services
from cds_service.store.database import Database
from cds_service.store.feedback import FeedbackRows
from tests.access.fhir_services import fixture
from tests.feedback.reports import accepted, new_card, overridden
from tests.feedback.test_decisions import STORIES, Kept
from tests.web.hook_calls import SELECT

REASON = {"reason": {"code": "patient-preference", "system": "urn:lumbar-mri-cds:reason"}}


@pytest.fixture
def kept(services: Services, tmp_path: Path) -> Kept:
    return Kept(services, tmp_path / "store")


def ask(kept: Kept, card: str, *options: str) -> Result:
    kept.services.decisions.close(10)
    address = {"CDS_DATABASE_URL": f"sqlite:///{kept.file}"}
    return CliRunner().invoke(main, ["why", card, *options], env=address)


def told(kept: Kept, card: str) -> dict[str, Any]:
    answer = ask(kept, card, "--format", "json")
    assert answer.exit_code == 0, answer.output
    return dict(json.loads(answer.stdout))


def report(kept: Kept, *entries: dict[str, Any]) -> None:
    assert kept.client.post(f"{SELECT}/feedback", json={"feedback": list(entries)}).status_code == 200


@pytest.mark.parametrize("name", STORIES)
def test_every_story_is_explained_with_its_rules_and_without_its_texts(kept: Kept, name: str) -> None:
    card = kept.call(fixture(name))["cards"][0]
    said = card["extension"]["org.lumbar-mri-cds.decision"]
    why = told(kept, card["uuid"])
    assert (why["outcome"], why["recommendations"]) == (said["outcome"], said["recommendations"])
    assert why["same_guideline"]
    leading = why["findings"][0]
    assert leading["rules"]
    assert leading["facts"]
    text = ask(kept, card["uuid"]).stdout
    for fact in said["facts"]:
        assert fact["text"] not in text
        assert fact.get("resource", "no resource") not in text
        assert fact.get("date", "no date") not in text


def test_the_rules_carry_the_thresholds_in_force(kept: Kept) -> None:
    days = kept.services.guideline.thresholds.cauda_acute_days
    card = kept.call(fixture("r4-cauda-equina"))["cards"][0]["uuid"]
    assert f"within {days} days" in ask(kept, card).stdout


def test_another_content_is_said_to_be_another(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    card = kept.call(fixture("r1-not-indicated"))["cards"][0]["uuid"]
    monkeypatch.setenv("CDS_SITE", str(Path(__file__).parents[2] / "sites" / "polyclinic"))
    answer = ask(kept, card)
    assert answer.exit_code == 0, answer.output
    assert "not those of then" in answer.stdout


def test_feedback_is_told_once_a_report_and_in_its_order(kept: Kept) -> None:
    card = kept.call(fixture("r1-not-indicated"))["cards"][0]["uuid"]
    report(kept, overridden(card, overrideReason=REASON), overridden(card, overrideReason=REASON))
    report(kept, accepted(card))
    assert [(each["outcome"], each["reason"]) for each in told(kept, card)["feedback"]] == [
        ("overridden", "patient-preference"), ("accepted", None),
    ]  # fmt: skip


@pytest.mark.rule("FB-13")
def test_a_report_of_a_client_that_was_not_given_the_card_is_none_of_it(kept: Kept) -> None:
    card = kept.call(fixture("r1-not-indicated"))["cards"][0]["uuid"]
    report(kept, overridden(card))
    rows = FeedbackRows(Database(f"sqlite:///{kept.file}"))
    (own,) = rows.on_card(card, "open-demo")
    assert own.outcome == "overridden"
    assert rows.on_card(card, "another-client") == ()


def test_without_feedback_that_is_said(kept: Kept) -> None:
    card = kept.call(fixture("r1-not-indicated"))["cards"][0]["uuid"]
    assert "No feedback came on this card." in ask(kept, card).stdout


def test_a_time_that_no_calendar_holds_is_told_all_the_same(kept: Kept) -> None:
    card = kept.call(fixture("r1-not-indicated"))["cards"][0]["uuid"]
    report(kept, overridden(card, outcomeTimestamp="9999-12-31T23:59:59-14:00"))
    report(kept, overridden(card, outcomeTimestamp="0001-01-01T00:00:00+14:00"))
    assert len(told(kept, card)["feedback"]) == 2


def test_an_unknown_card_ends_with_1_and_says_so(kept: Kept) -> None:
    answer = ask(kept, new_card())
    assert answer.exit_code == 1
    assert "No decision with this card" in answer.stderr


def test_what_is_no_uuid_is_refused(kept: Kept) -> None:
    assert ask(kept, "S1234567A").exit_code == 2


@pytest.mark.parametrize("address", ["sqlite:////nowhere/at/all.sqlite3", "no database"])
def test_a_database_that_cannot_be_read_ends_with_2(address: str) -> None:
    answer = CliRunner().invoke(main, ["why", new_card()], env={"CDS_DATABASE_URL": address})
    assert answer.exit_code == 2
    assert "cannot be read" in answer.stderr


def test_a_database_without_tables_ends_with_2(tmp_path: Path) -> None:
    address = {"CDS_DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite3'}"}
    assert CliRunner().invoke(main, ["why", new_card()], env=address).exit_code == 2
