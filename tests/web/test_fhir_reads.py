"""What the prefetch lacks is read from the client's FHIR server, over HTTP from one end to the other."""

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from cds_service.access.clients import ClientProfile
from cds_service.app import Services
from tests.access.bad_server import (
    BadServer,
    Behaviour,
    after,
    answer,
    bad_server,
    closes,
    fhir,
    redirect,
    slow_headers,
)
from tests.access.fhir_services import (
    HURRIED,
    PATIENT,
    STRICT,
    TOKEN,
    Body,
    Pace,
    Record,
    advice,
    ask,
    decisions,
    fixture,
    lacking,
    offering,
    said,
    sending,
    service,
)

R1, R4 = "r1-not-indicated", "r4-cauda-equina"
NOT_INDICATED = (200, "not-indicated", ())
UNREAD = (200, "unclear", ("Observation",))
REFUSED = (412, "", ())
EMPTY: Body = {"resourceType": "Bundle", "type": "searchset", "total": 0}


OBSERVATION: Body = {"resourceType": "Observation", "id": "o1", "status": "final", "code": {"text": "Height"}}


def outcome(*codes: str) -> Body:
    issues = [{"severity": "error", "code": code} for code in codes]
    return {"resourceType": "OperationOutcome", "issue": issues}


def searchset(*resources: Any, **members: Any) -> Body:
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries, **members}


CAUDA_EQUINA = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "G83.4"}]}


def reason(body: Body, **members: Any) -> Body:
    own = {"reference": f"Patient/{body['context']['patientId']}"}
    return {"resourceType": "Condition", "id": "why", "subject": own, "code": CAUDA_EQUINA, **members}


@pytest.fixture
def body() -> Body:
    return fixture(R1)


@pytest.fixture
def record(body: Body, services: Services) -> Record:
    return Record(body, services.guideline.prefetch)


@pytest.fixture
def server(record: Record) -> Iterator[BadServer]:
    with bad_server(record) as running:
        yield running


@pytest.fixture
def evil() -> Iterator[BadServer]:
    """A server that nobody has a reason to ask."""
    with bad_server(lambda _: fhir(EMPTY)) as running:
        yield running


@pytest.fixture
def client(services: Services) -> Iterator[FlaskClient]:
    with service(services) as running:
        yield running


@pytest.fixture
def hurried(services: Services) -> Iterator[FlaskClient]:
    """A service that does not wait long."""
    with service(services, pace=HURRIED) as running:
        yield running


def keys_asked(server: BadServer, record: Record) -> list[str | None]:
    return sorted((record.key_of(asked.target) for asked in server.requests), key=str)


# Table 6.1, for `observations` (a search that R1 cannot do without) and `patient` (a read).
SENT: list[Any] = [
    pytest.param("observations", ..., NOT_INDICATED, UNREAD, id="absent"),
    pytest.param("observations", None, NOT_INDICATED, NOT_INDICATED, id="null"),
    pytest.param("observations", EMPTY, NOT_INDICATED, NOT_INDICATED, id="empty searchset"),
    pytest.param("observations", {"resourceType": "Bundle", "type": "searchset"}, NOT_INDICATED, NOT_INDICATED, id="searchset without entry"),
    pytest.param("observations", outcome("timeout"), NOT_INDICATED, UNREAD, id="OperationOutcome"),
    pytest.param("observations", outcome("forbidden"), UNREAD, UNREAD, id="OperationOutcome forbidden"),
    pytest.param("observations", outcome("security"), UNREAD, UNREAD, id="OperationOutcome security"),
    pytest.param("observations", outcome("not-supported"), UNREAD, UNREAD, id="OperationOutcome not-supported"),
    pytest.param("observations", outcome("not-found"), UNREAD, UNREAD, id="OperationOutcome not-found"),
    pytest.param("observations", searchset(outcome("forbidden")), UNREAD, UNREAD, id="forbidden in a Bundle"),
    pytest.param("observations", searchset(outcome("timeout")), NOT_INDICATED, UNREAD, id="timeout in a Bundle"),
    pytest.param("observations", {"resourceType": "OperationOutcome", "issue": [{"severity": [], "code": {}}]}, NOT_INDICATED, UNREAD, id="OperationOutcome of odd parts"),
    pytest.param("observations", "<html>Error</html>", NOT_INDICATED, UNREAD, id="HTML"),
    pytest.param("observations", 123, NOT_INDICATED, UNREAD, id="number"),
    pytest.param("observations", {"resourceType": "Patient", "id": "x"}, NOT_INDICATED, UNREAD, id="another type"),
    pytest.param("observations", searchset({"resourceType": "Observation", "subject": {"reference": "Patient/other"}}), NOT_INDICATED, UNREAD, id="another patient"),
    pytest.param("observations", {**EMPTY, "total": 3}, NOT_INDICATED, UNREAD, id="less than the total"),
    pytest.param("observations", searchset(None), NOT_INDICATED, UNREAD, id="entry without a resource"),
    pytest.param("observations", searchset(OBSERVATION, outcome("forbidden")), UNREAD, UNREAD, id="forbidden beside a match"),
    pytest.param("observations", searchset(OBSERVATION, outcome("timeout")), NOT_INDICATED, UNREAD, id="timeout beside a match"),
    pytest.param("patient", ..., NOT_INDICATED, (200, "unclear", ("Patient",)), id="read absent"),
    pytest.param("patient", None, NOT_INDICATED, (200, "unclear", ("Patient",)), id="read null"),
    pytest.param("devices", ..., NOT_INDICATED, (200, "not-indicated", ("Device",)), id="optional absent"),
    pytest.param("encounter", None, NOT_INDICATED, NOT_INDICATED, id="optional read null"),
]  # fmt: skip


def sent_as(body: Body, key: str, value: Any) -> Body:
    return lacking(body, key) if value is ... else sending(body, key, value)


@pytest.mark.rule("PFD-2", "PFD-3", "PFD-4", "PFD-5", "PFD-6", "PFD-9")
@pytest.mark.parametrize(("key", "value", "expected", "without"), SENT)
def test_a_key_is_read_where_table_6_1_says_so(
    client: FlaskClient, server: BadServer, record: Record, body: Body,
    key: str, value: Any, expected: Any, without: Any,
) -> None:  # fmt: skip
    request = offering(sent_as(body, key, value), f"{server.url}/fhir")
    assert said(ask(client, request)) == expected
    assert keys_asked(server, record) == ([key] if expected != without else [])


@pytest.mark.rule("PFD-3", "PFD-4", "PFD-5", "PFD-6", "PFD-9", "FA-1")
@pytest.mark.parametrize(("key", "value", "expected", "without"), SENT)
def test_without_a_token_a_key_is_as_it_was_sent(
    client: FlaskClient, server: BadServer, body: Body, key: str, value: Any, expected: Any, without: Any
) -> None:
    request = {**sent_as(body, key, value), "fhirServer": f"{server.url}/fhir"}
    assert said(ask(client, request)) == without
    assert server.requests == []


@pytest.mark.rule("PFD-3", "PFD-4", "PFD-6", "PFD-9")
@pytest.mark.parametrize(("key", "value", "expected", "without"), SENT)
def test_where_the_fhir_server_fails_a_key_is_as_it_was_sent(
    client: FlaskClient, server: BadServer, record: Record, body: Body,
    key: str, value: Any, expected: Any, without: Any,
) -> None:  # fmt: skip
    record.instead = {key: answer(b"", 500)}
    request = offering(sent_as(body, key, value), f"{server.url}/fhir")
    assert said(ask(client, request)) == without


@pytest.mark.rule("PFD-3", "RESP-5")
def test_without_anything_readable_the_answer_is_412(
    client: FlaskClient, server: BadServer, record: Record, body: Body
) -> None:
    assert said(ask(client, {**lacking(body), "fhirServer": f"{server.url}/fhir"})) == REFUSED
    record.instead = dict.fromkeys(record.queries, answer(b"", 403))
    assert said(ask(client, offering(lacking(body), f"{server.url}/fhir"))) == REFUSED


@pytest.mark.rule("PFD-13", "FA-2", "FA-9")
@pytest.mark.parametrize("name", [R1, "r2-persistent-pain", "r3-progressive-weakness", R4, "r5-infection", "r6-after-surgery"])  # fmt: skip
def test_a_record_gets_the_same_cards_from_prefetch_and_from_the_fhir_server(
    client: FlaskClient, services: Services, name: str
) -> None:
    body = fixture(name)
    record = Record(body, services.guideline.prefetch)
    with bad_server(record) as server:
        by_prefetch = ask(client, body)
        by_reads = ask(client, offering(lacking(body), f"{server.url}/fhir"))
        assert advice(by_reads) == advice(by_prefetch)
        assert decisions(by_reads)
        assert keys_asked(server, record) == sorted(services.guideline.prefetch)
        assert server.seen("authorization") == [f"Bearer {TOKEN}"] * len(record.queries)
        assert set(server.seen("accept")) == {"application/fhir+json"}


@pytest.mark.rule("PFD-7")
def test_pages_are_followed_from_the_one_that_was_sent(
    client: FlaskClient, server: BadServer, record: Record, body: Body, services: Services
) -> None:
    flag = fixture(R4)["prefetch"]["conditions"]["entry"]
    own = {"reference": f"Patient/{body['context']['patientId']}"}
    entries = [{"resource": {**entry["resource"], "subject": own}} for entry in flag]
    record.others = {
        "/fhir?page=2": fhir(searchset(link=[{"relation": "next", "url": "?page=3"}])),
        "/fhir?page=3": fhir({**EMPTY, "entry": entries}),
    }
    first = {**body["prefetch"]["conditions"]}
    first["link"] = [{"relation": "next", "url": f"{server.url}/fhir?page=2"}]
    answered = ask(client, offering(sending(body, "conditions", first), f"{server.url}/fhir"))
    assert decisions(answered)[0]["outcome"] == "emergency"
    assert [asked.target for asked in server.requests] == ["/fhir?page=2", "/fhir?page=3"]
    assert server.seen("authorization") == [f"Bearer {TOKEN}"] * 2


@pytest.mark.rule("PFD-7", "FA-7")
@pytest.mark.parametrize("link", ["{evil}/fhir?page=2", "//{host}/fhir?page=2", "{url}/other?page=2", "{url}/fhir/../admin", "ftp://x", "http://[", 7, None])  # fmt: skip
def test_a_next_page_elsewhere_is_not_followed(
    client: FlaskClient, server: BadServer, evil: BadServer, body: Body, link: Any
) -> None:
    url = link
    if isinstance(link, str):
        url = link.format(evil=evil.url, host=f"127.0.0.1:{evil.port}", url=server.url)
    first = {**EMPTY, "link": [{"relation": "next", "url": url}]}
    request = offering(sending(body, "observations", first), f"{server.url}/fhir")
    assert said(ask(client, request)) == UNREAD
    assert server.requests == evil.requests == []


@pytest.mark.rule("FA-7")
def test_a_redirect_to_another_server_is_not_followed(
    client: FlaskClient, server: BadServer, record: Record, evil: BadServer, body: Body
) -> None:
    record.instead = {"observations": redirect(f"{evil.url}/fhir")}
    request = offering(lacking(body, "observations"), f"{server.url}/fhir")
    assert said(ask(client, request)) == UNREAD
    assert evil.requests == []


@pytest.mark.rule("FA-7")
@pytest.mark.parametrize(
    "address",
    [
        "{url}/fhirx",
        "{url}",
        "{url}/other",
        "{url}/fhir/../other",
        "{url}/fhir/%2e%2e/other",
        "http://user@{place}/fhir",
        "{url}/fhir?x=1",
        "{url}/fhir#x",
        "file:///etc/passwd",
        "http://[::1",
        "http://localhost:1/fhir",
        "https://{place}/fhir",
        "not an address",
    ],
)
def test_a_server_that_is_not_the_clients_is_never_asked(
    services: Services, server: BadServer, body: Body, address: str
) -> None:
    profile = ClientProfile(name="one server", fhir_servers=(f"{server.url}/fhir",))
    with service(services, profile) as client, capture_logs() as lines:
        url = address.format(url=server.url, place=server.url.removeprefix("http://"))
        assert said(ask(client, offering(lacking(body), url))) == REFUSED
    assert server.requests == []
    (line,) = (line for line in lines if line["event"] == "call")
    assert line["fhir_not_asked"] == "the FHIR server is not one of the client's"
    assert url not in str(line)


@pytest.mark.rule("FA-1")
def test_a_token_without_a_server_is_ignored_and_logged(client: FlaskClient, body: Body) -> None:
    request = offering(lacking(body, "observations"), "")
    with capture_logs() as lines:
        assert said(ask(client, request)) == UNREAD
    assert [line["fhir_not_asked"] for line in lines if line["event"] == "call"] == [
        "an access token without a FHIR server"
    ]


@pytest.mark.rule("FA-1", "FA-5")
@pytest.mark.parametrize("token", [..., None, "", "  ", 7, "a\r\nX-Evil: 1", "ä"])
def test_a_server_without_a_token_is_asked_only_where_the_profile_says_so(
    services: Services, client: FlaskClient, server: BadServer, body: Body, token: Any
) -> None:
    request = offering(lacking(body, "observations"), f"{server.url}/fhir", access_token=token)
    assert said(ask(client, request)) == UNREAD
    assert server.requests == []
    with service(services, altered(STRICT, fhir_without_token=True)) as anonymous:
        assert said(ask(anonymous, request)) == NOT_INDICATED
    assert server.seen("authorization") == []


def altered(profile: ClientProfile, **changes: Any) -> ClientProfile:
    return profile.model_copy(update=changes)


@pytest.mark.rule("FA-5")
@pytest.mark.parametrize(
    "changes",
    [
        {"expires_in": ...},
        {"expires_in": "300"},
        {"expires_in": True},
        {"expires_in": "soon"},
        {"expires_in": float("1e300")},
        {"token_type": "bearer"},
        {"token_type": ...},
        {"subject": ...},
        {"scope": ...},
        {"scope": 7},
        {"patient": "x", "unknown": {"a": []}},
    ],
    ids=str,
)
def test_a_sloppy_authorization_is_used(
    client: FlaskClient, server: BadServer, body: Body, changes: Any
) -> None:
    request = offering(lacking(body, "observations"), f"{server.url}/fhir", **changes)
    assert said(ask(client, request)) == NOT_INDICATED
    assert server.seen("authorization") == [f"Bearer {TOKEN}"]


@pytest.mark.rule("FA-6")
@pytest.mark.parametrize("expires_in", [0, -1, "0"])
def test_an_expired_token_is_not_used(
    client: FlaskClient, server: BadServer, body: Body, expires_in: Any
) -> None:
    request = offering(lacking(body, "observations"), f"{server.url}/fhir", expires_in=expires_in)
    assert said(ask(client, request)) == UNREAD
    assert server.requests == []


@pytest.mark.rule("FA-4")
@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("user/Observation.read", NOT_INDICATED),
        ("patient/*.rs launch", NOT_INDICATED),
        ("launch openid fhirUser", NOT_INDICATED),
        ("user/Condition.read", UNREAD),
        ("user/Observation.write", UNREAD),
        ("user/Observation.r", UNREAD),
        ("user/Observation.rs?category=laboratory", UNREAD),
    ],
)
def test_a_query_outside_of_the_scopes_is_not_sent_and_a_part_is_not_the_whole(
    client: FlaskClient, server: BadServer, body: Body, scope: str, expected: Any
) -> None:
    request = offering(lacking(body, "observations"), f"{server.url}/fhir", scope=scope)
    assert said(ask(client, request)) == expected
    assert len(server.requests) == (expected == NOT_INDICATED or "?" in scope)


@pytest.mark.rule("FA-8")
@pytest.mark.parametrize("base", ["/fhir/r4", "/fhir/r4/"])
def test_a_base_with_and_without_a_slash_is_the_same(
    client: FlaskClient, services: Services, body: Body, base: str
) -> None:
    record = Record(body, services.guideline.prefetch, base="/fhir/r4")
    with bad_server(record) as server:
        request = offering(lacking(body, "patient"), server.url + base)
        assert said(ask(client, request)) == NOT_INDICATED
        assert [asked.target for asked in server.requests] == [
            f"/fhir/r4/Patient/{body['context']['patientId']}"
        ]


@pytest.mark.rule("FA-9")
def test_reads_run_side_by_side(services: Services, server: BadServer, record: Record, body: Body) -> None:
    record.instead = {key: after(0.4, fhir(record.held[key])) for key in record.queries}
    with service(services, pace=PATIENT) as client:
        with capture_logs() as lines:
            assert said(ask(client, offering(lacking(body), f"{server.url}/fhir"))) == NOT_INDICATED
        (line,) = (line for line in lines if line["event"] == "call")
    assert line["fhir_ms"] < 3_000  # one after the other they would take 6 seconds


def test_an_order_that_is_no_lumbar_mri_reads_nothing(
    client: FlaskClient, server: BadServer, body: Body
) -> None:
    other = lacking(body)
    for entry in other["context"]["draftOrders"]["entry"]:
        entry["resource"]["code"] = {"text": "MRI of the left knee"}
    answered = ask(client, offering(other, f"{server.url}/fhir"))
    assert answered.get_json() == {"cards": []}
    assert server.requests == []


def test_a_read_whose_context_was_not_sent_is_not_made(
    client: FlaskClient, server: BadServer, record: Record, body: Body
) -> None:
    request = lacking(body, "encounter", "observations")
    del request["context"]["encounterId"]
    assert said(ask(client, offering(request, f"{server.url}/fhir"))) == NOT_INDICATED
    assert keys_asked(server, record) == ["observations"]


def test_null_of_a_client_that_means_unknown_is_read(
    services: Services, server: BadServer, record: Record, body: Body
) -> None:
    request = sending(body, "observations", None)
    with service(services, altered(STRICT, null_means="unknown")) as client:
        assert said(ask(client, request)) == UNREAD
        assert said(ask(client, offering(request, f"{server.url}/fhir"))) == NOT_INDICATED
        assert keys_asked(server, record) == ["observations"]


@pytest.mark.rule("CALL-14", "PFD-9")
def test_resources_of_another_patient_are_dropped_from_what_is_read(
    client: FlaskClient, server: BadServer, record: Record, body: Body
) -> None:
    foreign = fixture(R4)["prefetch"]["conditions"]["entry"]
    record.held["conditions"] = {**EMPTY, "entry": [*body["prefetch"]["conditions"]["entry"], *foreign]}
    request = offering(lacking(body, "conditions"), f"{server.url}/fhir")
    assert said(ask(client, request)) == NOT_INDICATED
    record.held["conditions"] = {**EMPTY, "entry": foreign}
    assert said(ask(client, request))[1:] == ("unclear", ("Condition",))


def test_an_emergency_known_from_what_came_is_sent_while_another_read_hangs(
    services: Services, hurried: FlaskClient
) -> None:
    body = fixture(R4)
    record = Record(body, services.guideline.prefetch)
    hanging = {"medications", "procedures", "devices"}
    record.instead = dict.fromkeys(hanging, slow_headers())
    with bad_server(record) as server:
        (decision, *_) = decisions(ask(hurried, offering(lacking(body), f"{server.url}/fhir")))
    assert decision["outcome"] == "emergency"
    assert {"MedicationRequest", "Procedure", "Device"} <= set(decision["unread"])


def test_an_emergency_of_the_first_page_is_sent_while_the_second_hangs(
    hurried: FlaskClient, server: BadServer, record: Record, body: Body
) -> None:
    record.held["conditions"] = searchset(reason(body), link=[{"relation": "next", "url": "?page=2"}])
    record.others = {"/fhir/Condition?page=2": slow_headers()}
    (decision, *_) = decisions(ask(hurried, offering(lacking(body), f"{server.url}/fhir")))
    assert (decision["outcome"], decision["unread"]) == ("emergency", ["Condition"])


@pytest.mark.parametrize("instead", [answer(b"", 500), fhir({**EMPTY, "total": 7})], ids=["none", "a part"])
def test_what_was_sent_in_part_is_kept_where_the_server_has_nothing_better(
    client: FlaskClient, server: BadServer, record: Record, body: Body, instead: Behaviour
) -> None:
    record.instead = {"conditions": instead}
    cut = searchset(reason(body), total=1_000)
    request = offering(sending(body, "conditions", cut), f"{server.url}/fhir")
    (decision, *_) = decisions(ask(client, request))
    assert (decision["outcome"], decision["unread"]) == ("emergency", ["Condition"])
    assert keys_asked(server, record) == ["conditions"]


def test_the_line_of_a_call_says_what_was_read_and_why_something_was_not(
    client: FlaskClient, server: BadServer, record: Record, body: Body
) -> None:
    record.instead = {"observations": answer(b"", 403), "devices": answer(b"", 503)}
    with capture_logs() as lines:
        ask(client, offering(lacking(body), f"{server.url}/fhir"))
    (line,) = (line for line in lines if line["event"] == "call")
    assert line["reads"]["observations"] == line["reads"]["devices"] == "failed"
    assert line["read_reasons"] == {"observations": "status 403", "devices": "status 503"}
    assert (line["fhir_requests"], line["fhir_retries"]) == (len(record.queries) + 2, 2)
    assert line["fhir_ms"] > 0
    assert body["context"]["patientId"] not in str(line)
    assert server.url not in str(line)


@pytest.mark.rule("FA-3", "FA-6")
def test_the_token_of_one_call_serves_no_other(client: FlaskClient, server: BadServer, body: Body) -> None:
    with capture_logs() as lines:
        assert said(ask(client, offering(lacking(body), f"{server.url}/fhir"))) == NOT_INDICATED
        asked = len(server.requests)
        later = ask(client, {**lacking(body), "fhirServer": f"{server.url}/fhir"})
    assert said(later) == REFUSED
    assert len(server.requests) == asked
    assert TOKEN not in str(lines) + later.get_data(as_text=True)


def test_a_call_whose_time_is_over_when_it_is_read_asks_nothing(
    services: Services, server: BadServer, body: Body
) -> None:
    with service(services, pace=Pace(0.000_001, 1.0)) as client:
        assert said(ask(client, offering(lacking(body, "observations"), f"{server.url}/fhir"))) == UNREAD
    assert server.requests == []


def test_too_many_reads_at_once_leave_keys_unread_and_not_slow(
    services: Services, server: BadServer, record: Record, body: Body
) -> None:
    record.instead = dict.fromkeys(record.queries, slow_headers())
    with service(services, threads=1, pace=HURRIED) as client, capture_logs() as lines:
        assert said(ask(client, offering(lacking(body), f"{server.url}/fhir"))) == REFUSED
    (line,) = (line for line in lines if line["event"] == "call")
    reasons = list(line["read_reasons"].values())
    assert reasons.count("too many reads at once") == len(record.queries) - 5
    assert len(server.requests) <= 5


def with_reason(body: Body, *references: str) -> Body:
    """The request with an order whose reasons are these Conditions."""
    changed: Body = json.loads(json.dumps(body))
    order = changed["context"]["draftOrders"]["entry"][0]["resource"]
    order["reasonReference"] = [{"reference": reference} for reference in references]
    return changed


@pytest.mark.parametrize("reference", ["Condition/why", "{url}/fhir/Condition/why/_history/2"])
def test_a_reason_of_the_order_that_no_key_holds_is_read(
    client: FlaskClient, server: BadServer, record: Record, body: Body, reference: str
) -> None:
    record.others = {"/fhir/Condition/why": fhir(reason(body))}
    request = with_reason(body, reference.format(url=server.url))
    assert said(ask(client, request)) == NOT_INDICATED
    assert said(ask(client, offering(request, f"{server.url}/fhir")))[1] == "emergency"
    assert [asked.target for asked in server.requests] == ["/fhir/Condition/why"]


def test_a_reason_that_a_key_holds_is_not_read_again(
    client: FlaskClient, server: BadServer, record: Record, body: Body
) -> None:
    held = body["prefetch"]["conditions"]["entry"][0]["resource"]["id"]
    request = with_reason(lacking(body, "conditions"), f"Condition/{held}")
    assert said(ask(client, offering(request, f"{server.url}/fhir"))) == NOT_INDICATED
    assert keys_asked(server, record) == ["conditions"]


@pytest.mark.parametrize("kind", ["404", "another patient", "another type"])
def test_a_reason_that_cannot_be_read_is_told(
    client: FlaskClient, server: BadServer, record: Record, body: Body, kind: str
) -> None:
    instead = {
        "404": answer(b"", 404),
        "another patient": fhir(reason(body, subject={"reference": "Patient/other"})),
        "another type": fhir(reason(body, resourceType="Observation")),
    }[kind]
    record.others = {"/fhir/Condition/why": instead}
    request = offering(with_reason(body, "Condition/why"), f"{server.url}/fhir")
    with capture_logs() as lines:
        assert said(ask(client, request)) == (200, "unclear", ("Condition",))
    assert [line["read_reasons"] for line in lines if line["event"] == "call"] == [
        {"conditions": "a reason of the order could not be read"}
    ]


@pytest.mark.parametrize(
    ("references", "asked"),
    [
        (
            [
                "#c1",
                "urn:uuid:1",
                "Observation/o1",
                "Condition/",
                "Condition/..",
                "Condition/a b",
                "Condition",
            ],
            0,
        ),
        ([f"Condition/c{number}" for number in range(20)], 5),
        (["Condition/c1"] * 20, 1),
    ],
    ids=["no addresses", "many", "one, often"],
)
def test_reasons_are_read_within_bounds(
    client: FlaskClient, server: BadServer, body: Body, references: list[str], asked: int
) -> None:
    ask(client, offering(with_reason(body, *references), f"{server.url}/fhir"))
    assert len(server.requests) == asked


def test_a_key_that_the_client_named_alike_is_kept_beside_the_reasons(
    client: FlaskClient, server: BadServer, record: Record, body: Body
) -> None:
    record.others = {"/fhir/Condition/why": fhir(reason(body, code={"text": "Asthma"}))}
    request = with_reason(sending(body, "reasons", searchset(reason(body, id="other"))), "Condition/why")
    assert said(ask(client, offering(request, f"{server.url}/fhir")))[1] == "emergency"
    assert len(server.requests) == 1


@pytest.mark.rule("FA-3")
def test_neither_token_nor_address_is_in_any_log_or_error(
    client: FlaskClient,
    services: Services,
    server: BadServer,
    record: Record,
    body: Body,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level("DEBUG")
    request = offering(lacking(body), f"{server.url}/fhir")
    faults = [fhir(EMPTY), answer(b"", 401), answer(b"", 503), redirect(f"{server.url}/{TOKEN}"), closes()]
    told = []
    for fault in faults:
        record.instead = dict.fromkeys(record.queries, fault)
        told.append(ask(client, request).get_data(as_text=True))
    with service(dataclasses.replace(services, new_uuid=break_down)) as broken:
        record.instead = {}
        failed = ask(broken, request)
    assert failed.status_code == 500
    shown = "".join([caplog.text, *capsys.readouterr(), *told, failed.get_data(as_text=True), repr(services)])
    assert "fhir_requests" in shown
    assert TOKEN not in shown
    assert server.url not in shown


def break_down() -> str:
    raise RuntimeError("a fault of our own")
