"""A thousand calls with marked names, and a search for the marks in all that the service leaves behind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cds_service.local_service import loopback_session, running_service
from cds_service.settings import environment_with
from tests.access.fhir_services import fixture
from tests.databases import everything_in
from tests.feedback.keeping_service import STORIES
from tests.feedback.reports import new_card, overridden
from tests.web.hook_calls import SELECT, SIGN

CALLS = 1_000
KEY = "mark-of-the-key, which is long enough"
# Each stands where a client may put something of a patient, a user or a secret; none is a word of ours.
MARKS = {
    "id": "mark7patient", "name": "Markname Tan", "nric": "S7654321Z", "phone": "+6591234567", "born": "1957-11-23",
    "address": "7 Markstreet", "user": "markuser", "encounter": "markencounter", "note": "markwords of a note",
    "condition": "marklabel of a diagnosis", "resource": "markresource", "token": "marktoken-4711",
    "server": "markserver.test.example", "extension": "markextension", "comment": "markcomment of a doctor",
    "header": "markheader", "query": "markquery", "path": "markpath", "instance": "mark of an instance\n",
}  # fmt: skip


def marked(story: str, number: int) -> dict[str, Any]:
    """The story of a patient whose every text is marked, another in each call."""
    story_body = fixture(story)
    patient = f"{MARKS['id']}{number}"
    body: dict[str, Any] = json.loads(
        json.dumps(story_body).replace(story_body["context"]["patientId"], patient)
    )
    body["context"] |= {
        "userId": f"Practitioner/{MARKS['user']}",
        "encounterId": MARKS["encounter"],
        MARKS["extension"]: MARKS["extension"],
    }
    body["fhirServer"] = f"https://{MARKS['server']}/fhir"
    body["fhirAuthorization"] = {
        "access_token": MARKS["token"], "token_type": "Bearer", "expires_in": 300, "scope": "", "subject": "s",
    }  # fmt: skip
    body["extension"] = {MARKS["extension"]: MARKS["note"]}
    body["prefetch"]["patient"] |= {
        "birthDate": MARKS["born"],
        "name": [{"text": MARKS["name"]}],
        "identifier": [{"system": "urn:mark", "value": MARKS["nric"]}],
        "telecom": [{"value": MARKS["phone"]}],
        "address": [{"line": [MARKS["address"]]}],
    }
    for value in body["prefetch"].values():
        for entry in value.get("entry", ()) if isinstance(value, dict) else ():
            entry["resource"] |= {
                "id": f"{MARKS['resource']}-{entry['resource'].get('id')}",
                "note": [{"text": MARKS["note"]}],
            }
            code = entry["resource"].get("code")
            if isinstance(code, dict):
                code["text"] = MARKS["condition"]
    return body


def broken(body: dict[str, Any], number: int) -> dict[str, Any]:
    """The same call as clients get it wrong: each way is refused or answered, and each could be quoted."""
    match number % 5:
        case 0:
            body["context"]["patientId"] = {"value": MARKS["nric"]}
        case 1:
            body["hookInstance"] = [MARKS["instance"]]
        case 2:
            body["prefetch"]["conditions"] = {"resourceType": MARKS["name"], "entry": MARKS["note"]}
        case 3:
            body["context"]["draftOrders"] = MARKS["note"]
        case 4:
            body["hook"] = MARKS["name"]
    return body


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a served process has written after the calls, lower case, by where it stands."""
    folder = tmp_path_factory.mktemp("marked")
    (folder / "store").mkdir()
    environment = environment_with(
        database_url=f"sqlite:///{folder / 'store' / 'store.sqlite3'}",
        pseudonym_key=KEY,
        fhir_call_seconds="0.01",
    )
    with running_service("--workers", "2", environment=environment, log=folder / "log.jsonl") as base_url:
        session = loopback_session()
        session.headers["User-Agent"] = MARKS["header"]
        session.headers["X-Request-Id"] = MARKS["header"]
        statuses: dict[int, int] = {}
        for number in range(CALLS):
            body = marked(STORIES[number % len(STORIES)], number)
            path = SIGN if body["hook"] == "order-sign" else SELECT
            if number % 4 == 3:
                body = broken(body, number // 4)
            answer = session.post(f"{base_url}{path}?{MARKS['query']}={MARKS['nric']}", json=body, timeout=30)
            statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
            if number % 10 == 0:
                cards = answer.json().get("cards") or [{"uuid": new_card()}]
                comment = {"reason": {"code": MARKS["comment"]}, "userComment": MARKS["comment"]}
                report = overridden(cards[0]["uuid"], overrideReason=comment)
                session.post(f"{base_url}{path}/feedback", json={"feedback": [report]}, timeout=30)
                session.get(f"{base_url}/{MARKS['path']}", timeout=30)
                session.post(
                    f"{base_url}{path}", json=body, timeout=30,
                    headers={"Authorization": f"Bearer {MARKS['token']}"},
                )  # fmt: skip
        shown = {"metrics": session.get(f"{base_url}/metrics", timeout=30).text}
    assert statuses[200] > CALLS / 2, statuses
    assert not any(status >= 500 for status in statuses), statuses
    files = {
        "database": everything_in(folder / "store").decode("latin-1"),
        "log": (folder / "log.jsonl").read_text(encoding="utf-8"),
    }
    return {where: text.lower() for where, text in (shown | files).items()}


@pytest.mark.parametrize("where", ["database", "log", "metrics"])
@pytest.mark.parametrize("mark", [*MARKS, "key"])
def test_no_mark_is_left(left_behind: dict[str, str], where: str, mark: str) -> None:
    assert (MARKS | {"key": KEY})[mark].lower().strip() not in left_behind[where]


def test_the_search_looks_where_the_calls_are(left_behind: dict[str, str]) -> None:
    assert left_behind["database"].count("lumbar-mri-order-select") > CALLS / 4
    assert left_behind["log"].count('"event": "call"') > CALLS
    assert "overridden" in left_behind["database"]
    assert "lumbar-mri-order-select" in left_behind["metrics"]
