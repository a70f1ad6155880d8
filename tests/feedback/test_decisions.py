"""What a call leaves in the database: its decisions, and nothing of the patient."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from cds_service.app import Services, create_app
from cds_service.wiring import keep_in_database
from tests.access.fhir_services import fixture as fixture_request
from tests.databases import GivenDatabase
from tests.feedback.keeping_service import STORIES, Kept, sqlite_in
from tests.web.hook_calls import SELECT, knee_request

KEY = "a key of the site that is long enough"


@pytest.fixture
def kept(services: Services, database: GivenDatabase) -> Kept:
    return Kept(services, database)


def test_a_decision_is_kept_with_the_card_that_told_it(kept: Kept) -> None:
    (card,) = kept.call(fixture_request("r1-not-indicated"))["cards"]
    suggestions = [suggestion["uuid"] for suggestion in card["suggestions"]]
    row = kept.only("service, client, outcome, recommendation, indicator, card, silent, suggestions")
    assert row[:-1] == (
        "lumbar-mri-order-select", "open-demo", "not-indicated", "R1", "warning", card["uuid"], "",
    )  # fmt: skip
    assert [suggestion["uuid"] for suggestion in json.loads(row[-1])] == suggestions


@pytest.mark.parametrize("name", STORIES)
def test_every_story_leaves_the_outcome_and_recommendation_that_its_card_says(kept: Kept, name: str) -> None:
    (card, *_) = kept.call(fixture_request(name))["cards"]
    said = card["extension"]["org.lumbar-mri-cds.decision"]
    outcome, recommendations, version, digest = kept.rows(
        "outcome, recommendations, guideline_version, guideline_digest"
    )[0]
    assert outcome == said["outcome"]
    assert json.loads(recommendations) == said["recommendations"]
    guideline = kept.services.guideline
    assert (version, digest) == (guideline.version, guideline.digest)


def test_a_silent_decision_is_kept_with_its_reason_and_without_a_card(kept: Kept) -> None:
    body = fixture_request("r1-not-indicated")
    body["prefetch"]["patient"]["deceasedBoolean"] = True
    assert kept.call(body)["cards"] == []
    assert kept.only("card, silent") == (None, "deceased")


_CPT = "http://www.ama-assn.org/go/cpt"
_PCS = "http://www.cms.gov/Medicare/Coding/ICD10"


@pytest.mark.parametrize(
    ("system", "code", "stored"),
    [
        (_CPT, "72148", (_CPT, "72148")),
        (f"{_CPT}/".upper(), " 72148 ", (_CPT, "72148")),
        (_PCS, "BR39ZZZ", (_PCS, "BR39")),
        (_PCS, "BR39-S1234567A-Mark", (_PCS, "BR39")),
        ("urn:icd10pcs:Mark", "BR39ZZZ", (_PCS, "BR39")),
        (_PCS, "BR39" + "Z" * 400, (_PCS, "BR39")),
        ("urn:mark", "S1234567A", (None, "words")),
    ],
    ids=["ours", "another spelling", "by its start", "a name", "a name as system", "too long", "unknown"],
)
def test_of_an_orders_code_is_kept_what_the_value_sets_know(
    kept: Kept, system: str, code: str, stored: tuple[str | None, str]
) -> None:
    body = fixture_request("r1-not-indicated")
    order = body["context"]["draftOrders"]["entry"][0]["resource"]
    order["code"] = {"coding": [{"system": system, "code": code}], "text": "MRI lumbar spine"}
    kept.call(body)
    assert kept.only("order_system, order_code") == stored


def test_an_order_that_is_no_lumbar_mri_leaves_nothing(kept: Kept) -> None:
    kept.call(knee_request())
    assert kept.rows() == []


def test_two_drafts_that_share_a_card_are_two_decisions(kept: Kept) -> None:
    body = fixture_request("r1-not-indicated")
    entries = body["context"]["draftOrders"]["entry"]
    entries.append({"resource": entries[0]["resource"] | {"id": "again"}})
    body["context"]["selections"].append("ServiceRequest/again")
    (card,) = kept.call(body)["cards"]
    assert kept.rows("card") == [(card["uuid"],)] * 2


def test_of_an_unclear_order_the_missing_fact_is_kept(kept: Kept) -> None:
    body = fixture_request("r1-not-indicated")
    body["prefetch"]["conditions"] = None
    del body["prefetch"]["observations"]
    kept.call(body)
    missing, trace = kept.only("missing, trace")
    assert missing
    assert "Observation" in json.loads(trace)["unread"]


def test_facts_are_kept_by_kind_and_age(kept: Kept) -> None:
    kept.call(fixture_request("r4-cauda-equina"))
    (finding, *_) = json.loads(kept.rows("trace")[0][0])["findings"]
    assert (finding["recommendation"], finding["outcome"]) == ("R4", "emergency")
    assert all(
        fact["kind"] in ("Condition", "Observation") and fact["days"] >= 0 for fact in finding["facts"]
    )


def test_practitioner_and_organisation_are_kept_only_with_a_key(services: Services, tmp_path: Path) -> None:
    body = fixture_request("r1-not-indicated")
    body["prefetch"]["encounter"] = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "in-progress",
        "class": {"code": "AMB"},
        "serviceProvider": {"reference": "Organization/clinic-7"},
    }
    kept = {
        name: Kept(services, sqlite_in(tmp_path / name), **settings)
        for name, settings in (
            ("without", {}),
            ("with", {"pseudonym_key": KEY}),
            ("again", {"pseudonym_key": KEY}),
            ("another", {"pseudonym_key": KEY[::-1]}),
        )
    }
    found = {}
    for name, service in kept.items():
        service.call(body)
        found[name] = service.only("practitioner, organisation")
    assert found["without"] == (None, None)
    assert all(found["with"])
    assert found["with"] == found["again"]
    assert set(found["with"]).isdisjoint(found["another"])


def test_nothing_of_the_patient_and_no_name_is_in_the_database(
    services: Services, database: GivenDatabase
) -> None:
    kept = Kept(services, database, pseudonym_key=KEY)
    body = fixture_request("r4-cauda-equina")
    marked = json.loads(json.dumps(body).replace(body["context"]["patientId"], "marked-patient"))
    marked["context"]["userId"] = "Practitioner/marked-user"
    marked["context"]["encounterId"] = "marked-encounter"
    marked["prefetch"]["patient"] |= {"name": [{"text": "Marked Name"}], "birthDate": "1983-03-27"}
    for entry in marked["prefetch"]["conditions"]["entry"]:
        entry["resource"] |= {"id": "marked-condition", "note": [{"text": "marked words"}]}
        entry["resource"]["code"]["text"] = "Marked words of a diagnosis"
    kept.call(marked)
    assert kept.rows("outcome") == [("emergency",)]
    written = database.everything().lower()
    for mark in (b"marked", b"1983-03-27", b"1983"):
        assert mark not in written
    assert KEY.encode() not in written


def test_a_card_goes_out_where_the_database_cannot_be_written(services: Services, tmp_path: Path) -> None:
    kept = Kept(services, sqlite_in(tmp_path / "store"))
    kept.services.decisions.close(10)
    (tmp_path / "store" / "store.sqlite3").unlink()
    (tmp_path / "store" / "store.sqlite3").mkdir()
    assert kept.call(fixture_request("r1-not-indicated"))["cards"]


def test_a_fault_in_the_record_costs_the_record_and_not_the_card(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        dropped = 0

        def keep(self, records: object) -> None:
            raise ValueError("of the patient")

        def close(self, seconds: float) -> None: ...

    client = create_app(services=dataclasses.replace(services, decisions=Broken())).test_client()
    with capture_logs() as lines:
        answer = client.post(SELECT, json=fixture_request("r1-not-indicated"))
    assert answer.get_json()["cards"]
    assert [line["error"] for line in lines if line["event"] == "decisions-not-kept"] == ["ValueError"]
    assert "of the patient" not in str(lines)


def test_old_decisions_and_their_feedback_go_by_themselves(
    services: Services, database: GivenDatabase
) -> None:
    kept = Kept(services, database, decision_days=10)
    kept.call(fixture_request("r1-not-indicated"))
    assert len(kept.rows()) == 1
    later = dataclasses.replace(
        services, clock=lambda: services.clock() + timedelta(days=11), settings=kept.services.settings
    )
    again = keep_in_database(later)
    client = create_app(services=again).test_client()
    client.post(SELECT, json=fixture_request("r4-cauda-equina"))
    _until(lambda: [row[0] for row in kept.rows("outcome")] == ["emergency"])


def _until(holds: Callable[[], bool]) -> None:
    """Wait for what another thread does, for ten seconds at most."""
    ends = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.02)
