"""Who is let in: good tokens, new keys, the open client, and what needs no token."""

from __future__ import annotations

import hmac
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from cds_service.access.client_file import load_clients
from cds_service.access.clients import ClientProfile
from cds_service.app import Services
from tests.access.signers import (
    ABSENT,
    BASE_URL,
    SECONDS,
    SUBJECT,
    claims_of,
    ec_signer,
    encoded,
    encoded_json,
    header_of,
    key_set,
    signed,
)
from tests.web.hook_calls import SELECT, SIGN, knee_request
from tests.web.signed_calls import (
    CLINIC,
    CLINIC_EC,
    HOSPITAL,
    HOSPITAL_EC,
    HOSPITAL_RSA,
    STRANGER_EC,
    World,
    bearer,
    call,
    world,
)

FEEDBACK_PATH = f"{SELECT}/feedback"
FEEDBACK = {"feedback": [{"card": "c", "outcome": "overridden", "outcomeTimestamp": "2026-01-15T09:30:00Z"}]}
ORIGIN = {"Origin": "https://ehr.hospital.example"}
LEEWAY, LONGEST = 60, 600

Token = Callable[[World], str]


@pytest.fixture
def protected(services: Services, tmp_path: Path) -> Iterator[World]:
    """Every client must prove who it is, on discovery too."""
    with world(services, tmp_path, protect_discovery=True) as made:
        yield made


@pytest.fixture
def half_open(services: Services, tmp_path: Path) -> Iterator[World]:
    """An open client beside those that prove who they are."""
    with world(services, tmp_path, others=(ClientProfile(name="sandbox"),)) as made:
        yield made


def token(*signer: Any, **changes: Any) -> Token:
    return lambda made: made.token(*signer, **changes)


GOOD: dict[str, Token] = {
    "ES384": token(),
    "RS384": token(HOSPITAL_RSA),
    "ES384 of a key file": token(CLINIC_EC, CLINIC),
    "no tenant, where none is asked for": token(CLINIC_EC, CLINIC, tenant=ABSENT),
    "any tenant, where none is asked for": token(CLINIC_EC, CLINIC, tenant="west"),
    "with the agreed jku": lambda made: made.token(header={"jku": made.keys_url}),
    "without jku": token(header={"jku": ABSENT}),
    "with members that nobody needs": token(header={"cty": "x", "x5t": "abc", "org.example": [1]}),
    "aud in a list": token(aud=[BASE_URL + SELECT]),
    "aud in a list with others": token(aud=["https://other.example", BASE_URL + SELECT]),
    "aud with a slash": token(aud=BASE_URL + SELECT + "/"),
    "further claims of any type": token(sub=None, nbf=SECONDS, scope=["a"], azp=1, act={"sub": "x"}),
    "no further claims": token(sub=ABSENT),
    "fractions of seconds": token(iat=SECONDS - 0.5, exp=SECONDS + 299.25, nbf=SECONDS - 0.25),
    "expired within the leeway": token(iat=SECONDS - 300, exp=SECONDS - LEEWAY + 1),
    "issued ahead, within the leeway": token(iat=SECONDS + LEEWAY),
    "good from a moment within the leeway": token(nbf=SECONDS + LEEWAY),
    "expired and issued ahead, both by ten seconds": token(iat=SECONDS + 10, exp=SECONDS - 10),
    "living as long as it may": token(exp=SECONDS + LONGEST),
    "a token id in another script": token(jti="識別子-\ud83d"),
}


@pytest.mark.rule("JWT-1", "JWT-3", "JWT-4", "JWT-5", "JWT-6", "JWT-7", "JWT-9", "JWT-10", "JWK-1", "JWK-2")
@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD)
def test_a_good_token_is_served(protected: World, good: Token) -> None:
    assert call(protected.client, good(protected)).status_code == 200


@pytest.mark.rule("SEC-2")
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_the_scheme_is_read_in_any_case(protected: World, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {protected.token()}"}
    assert protected.client.post(SELECT, json=knee_request(), headers=headers).status_code == 200


@pytest.mark.rule("JWT-3")
@pytest.mark.parametrize("algorithm", ["ES256", "ES512"])
def test_a_profile_may_name_other_algorithms(services: Services, tmp_path: Path, algorithm: str) -> None:
    signer = ec_signer("other", algorithm)
    with world(services, tmp_path, hospital={"algorithms": (algorithm,)}) as made:
        made.published["keys"].append(signer.public)
        assert call(made.client, made.token(signer)).status_code == 200
        assert call(made.client, made.token()).status_code == 401


@pytest.mark.rule("JWT-2")
def test_a_symmetric_algorithm_counts_nowhere_even_if_a_profile_named_it(
    services: Services, tmp_path: Path
) -> None:
    secret = HOSPITAL_EC.kid.encode()
    head = f"{encoded_json(header_of(HOSPITAL_EC, alg='HS256'))}.{encoded_json(claims_of(HOSPITAL, SELECT))}"
    sent = f"{head}.{encoded(hmac.digest(secret, head.encode(), 'sha256'))}"
    with world(services, tmp_path, hospital={"algorithms": ("HS256", "none")}) as made:
        assert call(made.client, sent).status_code == 401


@pytest.mark.rule("SEC-3", "JWK-2")
@pytest.mark.parametrize(
    ("jku", "status"),
    [("https://ehr.clinic.example/jwks.json", 200), ("https://evil.example/jwks.json", 401)],
)
def test_beside_a_key_file_an_address_is_only_the_jku_that_tokens_may_name(
    services: Services, tmp_path: Path, jku: str, status: int
) -> None:
    clinic = {"jwks_url": "https://ehr.clinic.example/jwks.json"}
    with world(services, tmp_path, clinic=clinic) as made:
        assert call(made.client, made.token(CLINIC_EC, CLINIC, header={"jku": jku})).status_code == status
        assert made.outgoing.urls == []


@pytest.mark.rule("JWK-5")
@pytest.mark.parametrize(
    "members",
    [{"use": "enc"}, {"key_ops": ["sign"]}, {"alg": "ES256"}, {"use": "sig", "key_ops": []}],
    ids=str,
)
def test_a_key_that_is_not_for_this_is_not_used(protected: World, members: dict[str, Any]) -> None:
    key = {name: value for name, value in HOSPITAL_EC.public.items() if name not in ("use", "alg")}
    protected.published["keys"] = [{**key, **members}]
    assert call(protected.client, protected.token()).status_code == 401


@pytest.mark.rule("JWK-1")
def test_a_key_that_says_nothing_of_its_use_is_used(protected: World) -> None:
    key = {name: value for name, value in HOSPITAL_EC.public.items() if name not in ("use", "alg")}
    protected.published["keys"] = [key]
    assert call(protected.client, protected.token()).status_code == 200


@pytest.mark.rule("JWK-3")
def test_a_new_key_is_found_without_a_restart(protected: World) -> None:
    new = ec_signer("h-new")
    assert call(protected.client, protected.token()).status_code == 200
    protected.published["keys"].append(new.public)
    assert call(protected.client, protected.token(new)).status_code == 200


@pytest.mark.rule("JWK-3")
def test_a_second_new_key_is_found_after_a_minute(protected: World) -> None:
    first, second = ec_signer("h-1"), ec_signer("h-2")
    call(protected.client, protected.token())
    protected.published["keys"].append(first.public)
    call(protected.client, protected.token(first))
    protected.published["keys"].append(second.public)
    assert call(protected.client, protected.token(second)).status_code == 401
    protected.clock.shift += 61
    assert call(protected.client, protected.token(second)).status_code == 200


@pytest.mark.rule("JWK-3")
def test_a_key_that_was_rotated_away_is_refused_once_the_set_is_old(protected: World) -> None:
    assert call(protected.client, protected.token()).status_code == 200
    protected.published.update(key_set(HOSPITAL_RSA))
    protected.clock.shift += 3601
    assert call(protected.client, protected.token()).status_code == 401
    assert call(protected.client, protected.token(HOSPITAL_RSA)).status_code == 200


@pytest.mark.rule("JWT-8")
def test_two_issuers_may_use_the_same_token_id(protected: World) -> None:
    assert call(protected.client, protected.token(jti="1")).status_code == 200
    assert call(protected.client, protected.token(CLINIC_EC, CLINIC, jti="1")).status_code == 200


@pytest.mark.rule("JWT-8")
def test_a_token_used_here_is_used_in_another_process_and_the_other_way_round(
    protected: World, tmp_path: Path
) -> None:
    here, there = (protected.token(CLINIC_EC, CLINIC) for _ in range(2))
    assert call(protected.client, here).status_code == 200
    command = [sys.executable, "-m", "tests.web.calls_of_another_process", str(tmp_path), CLINIC]
    process = subprocess.run(
        command, input=f"{here}\n{there}\n", capture_output=True, text=True, check=True, timeout=120
    )
    assert process.stdout.split() == ["401", "200"]
    assert call(protected.client, there).status_code == 401


@pytest.mark.rule("FB-12")
@pytest.mark.parametrize(
    ("aud", "status"),
    [
        (BASE_URL + FEEDBACK_PATH, 200),
        (BASE_URL + SELECT, 200),
        (BASE_URL + SIGN, 401),
        (f"{BASE_URL}{SIGN}/feedback", 401),
        (BASE_URL, 401),
    ],
    ids=["feedback", "service", "other service", "feedback of the other service", "base"],
)
def test_feedback_takes_a_token_for_its_own_address_or_its_services(
    protected: World, aud: str, status: int
) -> None:
    assert call(protected.client, protected.token(aud=aud), FEEDBACK_PATH, FEEDBACK).status_code == status


@pytest.mark.rule("FB-12", "SEC-1")
@pytest.mark.parametrize("path", [SELECT, SIGN, FEEDBACK_PATH])
def test_a_call_without_a_token_is_refused(protected: World, path: str) -> None:
    assert call(protected.client, None, path, {}).status_code == 401


@pytest.mark.rule("SEC-1", "JWT-5")
@pytest.mark.parametrize(
    ("path", "status"),
    [("/cds-services", 200), (SELECT, 401), ("", 401), ("/cds-services//", 401)],
)
def test_protected_discovery_takes_a_token_for_its_own_address(
    protected: World, path: str, status: int
) -> None:
    headers = bearer(protected.token(path=path))
    assert protected.client.get("/cds-services", headers=headers).status_code == status


@pytest.mark.rule("DISC-13", "SEC-1")
def test_protected_discovery_needs_a_token(protected: World) -> None:
    assert protected.client.get("/cds-services").status_code == 401


@pytest.mark.rule("SEC-2")
@pytest.mark.parametrize("authorization", ["Bearer x.y.z", "Basic eDp5", "", "nonsense"])
def test_open_discovery_does_not_look_at_a_token(half_open: World, authorization: str) -> None:
    answer = half_open.client.get("/cds-services", headers={"Authorization": authorization})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/", "/fhir/metadata"])
def test_what_holds_nothing_of_a_patient_needs_no_token(protected: World, path: str) -> None:
    assert protected.client.get(path).status_code == 200


@pytest.mark.rule("CORS-2")
@pytest.mark.parametrize("path", ["/cds-services", SELECT, FEEDBACK_PATH])
def test_a_preflight_needs_no_token(protected: World, path: str) -> None:
    headers = {**ORIGIN, "Access-Control-Request-Method": "POST"}
    answer = protected.client.options(path, headers=headers)
    assert (answer.status_code, "Authorization" in answer.headers["Access-Control-Allow-Headers"]) == (
        204,
        True,
    )


@pytest.mark.rule("CORS-3")
def test_a_browser_may_read_the_refusal(protected: World) -> None:
    answer = protected.client.post(SELECT, json={}, headers=ORIGIN)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, "*")


@pytest.mark.parametrize(
    ("sent", "client"),
    [
        (lambda made: {}, "sandbox"),
        (lambda made: bearer(made.token()), "hospital"),
        (lambda made: bearer(made.token(STRANGER_EC, "https://nobody.example")), "sandbox"),
        (lambda made: {"Authorization": "Basic eDp5"}, "sandbox"),
        (lambda made: bearer(made.token(iss=ABSENT)), "sandbox"),
    ],
    ids=["no token", "a known client's", "a stranger's", "none that we know of", "nobody's"],
)
def test_with_an_open_client_only_a_known_clients_token_says_more(
    half_open: World, sent: Callable[[World], dict[str, str]], client: str
) -> None:
    with capture_logs() as lines:
        answer = half_open.client.post(SELECT, json=knee_request(), headers=sent(half_open))
    assert (answer.status_code, lines[-1]["client"]) == (200, client)


@pytest.mark.parametrize(
    "bad", [token(STRANGER_EC, header={"kid": HOSPITAL_EC.kid}), token(exp=SECONDS - 900)]
)
def test_with_an_open_client_a_known_clients_bad_token_is_still_refused(half_open: World, bad: Token) -> None:
    assert call(half_open.client, bad(half_open)).status_code == 401


@pytest.mark.rule("SEC-6", "SEC-10")
def test_the_log_names_client_tenant_and_token_id_and_nothing_else_of_the_token(protected: World) -> None:
    sent = protected.token(jti="id-1")
    with capture_logs() as lines:
        call(protected.client, sent)
    line = lines[-1]
    assert (line["client"], line["tenant"], line["jti"]) == ("hospital", "north", "id-1")
    assert not any(part in str(lines) for part in sent.split("."))
    assert SUBJECT not in str(lines)
    assert BASE_URL not in str(lines)


@pytest.mark.rule("SEC-6")
def test_what_a_client_chose_is_logged_short_and_without_control_characters(protected: World) -> None:
    with capture_logs() as lines:
        call(protected.client, protected.token(jti="a\nb\x1b[31m" + "c" * 1000))
    assert lines[-1]["jti"] == "ab[31m" + "c" * 56


@pytest.mark.rule("VER-6")
def test_each_client_is_answered_by_its_own_profile(services: Services, tmp_path: Path) -> None:
    body = knee_request()
    del body["context"]["selections"]
    with world(services, tmp_path, hospital={"all_drafts_selected": True}) as made:
        assert call(made.client, made.token(), body=body).status_code == 200
        assert call(made.client, made.token(CLINIC_EC, CLINIC), body=body).status_code == 400


def test_a_token_in_the_form_of_the_sandbox_fails_by_nothing_but_its_signature(
    services: Services, tmp_path: Path
) -> None:
    (sandbox,) = load_clients("sandbox").client
    head = {"kid": "44823f3d-0b01-4a6c-a80e-b9d3e8a7226f", "jku": sandbox.jwks_url}
    with world(services, tmp_path, others=(sandbox,)) as made, capture_logs() as lines:
        call(made.client, made.token(STRANGER_EC, str(sandbox.issuer), header=head, tenant=ABSENT))
    assert lines[-1]["not_authenticated"] == "signature"


CAUSES = {
    "issuer": token(iss="https://nobody.example"),
    "header": token(header={"crit": ["exp"]}),
    "algorithm": token(header={"alg": "HS256"}),
    "jku": token(header={"jku": "https://nobody.example"}),
    "kid": token(header={"kid": ABSENT}),
    "key": token(header={"kid": "unknown"}),
    "signature": token(STRANGER_EC, header={"kid": HOSPITAL_EC.kid}),
    "claim aud": token(aud=BASE_URL),
    "claim exp": token(exp=SECONDS - 900),
    "claim iat": token(iat=SECONDS + 900),
    "claim nbf": token(nbf=SECONDS + 900),
    "claim jti": token(jti=1),
    "lifetime": token(exp=SECONDS + 9_000),
    "tenant": token(tenant="south"),
}


@pytest.mark.parametrize(("cause", "bad"), CAUSES.items(), ids=CAUSES)
def test_the_log_says_which_check_a_token_failed(protected: World, cause: str, bad: Token) -> None:
    with capture_logs() as lines:
        answer = call(protected.client, bad(protected))
    assert (answer.status_code, lines[-1]["not_authenticated"]) == (401, cause)


def test_without_its_database_the_service_answers_and_takes_each_token_once(
    services: Services, tmp_path: Path
) -> None:
    with world(services, tmp_path, database=f"sqlite:///{tmp_path}/no-folder/tokens.sqlite3") as made:
        sent = made.token()
        with capture_logs() as lines:
            assert [call(made.client, sent).status_code for _ in range(2)] == [200, 401]
    assert [line["event"] for line in lines] == ["replay-check-degraded", "call", "call"]


def test_a_key_server_that_answers_nonsense_is_not_asked_again_by_the_next_call(protected: World) -> None:
    protected.published.clear()
    for _ in range(3):
        assert call(protected.client, protected.token()).status_code == 401
    assert len(protected.keys.requests) == 1


def test_the_body_is_read_for_who_is_let_in(protected: World) -> None:
    sent = signed(header_of(HOSPITAL_EC), claims_of(HOSPITAL, SELECT), HOSPITAL_EC.key, "ES384")
    assert call(protected.client, sent, body={"hook": "order-select"}).status_code == 400
