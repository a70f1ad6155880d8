"""Tokens that are not right: each is refused with the same answer, quickly, and before the body is read."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import RSAKey
from structlog.testing import capture_logs
from werkzeug.datastructures import Headers

from cds_service.access.key_sets import FETCH_SECONDS
from cds_service.app import Services
from tests.access.signers import (
    ABSENT,
    BASE_URL,
    SECONDS,
    SUBJECT,
    claims_of,
    ec_signer,
    encoded,
    header_of,
    repeated,
    rsa_signer,
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
    STRANGER_RSA,
    World,
    call,
    call_without_body,
    world,
)

# The machine that runs this may be busy; the bound is what tells a refusal from a wait.
MARGIN_SECONDS = 2.0
LEEWAY, LONGEST = 60, 600
EVIL = "https://evil.example"

# What an attacker sends: the value of the Authorization header, None for no header, or all the headers.
Attack = Callable[[World], str | Headers | None]


@pytest.fixture(scope="module")
def attacked(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One service for all attacks, as there would be."""
    with world(services, tmp_path_factory.mktemp("attacked")) as made:
        yield made


def claims(**changes: Any) -> Attack:
    """A token of the hospital with other claims, signed with its own key."""
    return lambda w: f"Bearer {w.token(**changes)}"


def header(**changes: Any) -> Attack:
    """A token of the hospital with another header, signed with its own key."""
    return lambda w: f"Bearer {w.token(header=changes)}"


def strange_key(signer: Any = STRANGER_EC, **changes: Any) -> Attack:
    """A token signed with the attacker's key, under the id of the hospital's."""
    return lambda w: f"Bearer {w.token(signer, header={'kid': HOSPITAL_EC.kid, **changes})}"


def shared_secret(algorithm: str, secret: Callable[[], bytes]) -> Attack:
    """A token that is signed with something public as a shared secret."""

    def attack(_: World) -> str:
        # By hand, because the library refuses to take a public key for a secret.
        head, payload, _signature = signed(
            header_of(HOSPITAL_EC, alg=algorithm), _claims(), HOSPITAL_EC.key, "ES384"
        ).split(".")
        code = hmac.digest(secret(), f"{head}.{payload}".encode(), f"sha{algorithm[2:]}")
        return f"Bearer {head}.{payload}.{encoded(code)}"

    return attack


def unsigned(algorithm: Any, signature: str) -> Attack:
    def attack(w: World) -> str:
        head, payload, _ = w.token(header={"alg": algorithm}).split(".")
        return f"Bearer {head}.{payload}.{signature}"

    return attack


def raw(head: bytes | None = None, payload: bytes | None = None) -> Attack:
    """A token of the hospital whose header or claims are these bytes, signed with its own key."""

    def attack(_: World) -> str:
        token = signed(
            header_of(HOSPITAL_EC) if head is None else head,
            _claims() if payload is None else payload,
            HOSPITAL_EC.key,
            "ES384",
        )
        return f"Bearer {token}"

    return attack


def changed(change: Callable[[str, str, str], str]) -> Attack:
    """A good token of the hospital, changed after it was signed."""
    return lambda w: f"Bearer {change(*w.token().split('.'))}"


def written(form: str) -> Attack:
    """A good token of the hospital, in an odd header."""
    return lambda w: form.replace("TOKEN", w.token())


def with_headers(**headers: str) -> Attack:
    """A token for the address that forged headers claim the service to have."""

    def attack(w: World) -> Headers:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return Headers({"Authorization": f"Bearer {w.token(aud=EVIL + SELECT)}", **names})

    return attack


def _claims(**changes: Any) -> dict[str, Any]:
    return claims_of(HOSPITAL, SELECT, **changes)


def _public_pem() -> bytes:
    return bytes(HOSPITAL_EC.key.as_pem(private=False))  # type: ignore[union-attr] # it is no shared secret


def _public_jwk() -> bytes:
    return json.dumps(HOSPITAL_EC.public).encode()


def _two(first: str, second: str) -> Attack:
    def attack(w: World) -> Headers:
        forms = (form.replace("TOKEN", w.token()) for form in (first, second))
        return Headers([("Authorization", form) for form in forms])

    return attack


def _encrypted(w: World) -> str:
    key = HOSPITAL_RSA.key
    assert isinstance(key, RSAKey)
    head = {"alg": "RSA-OAEP", "enc": "A128GCM", "kid": HOSPITAL_RSA.kid, "typ": "JWT"}
    return f"Bearer {jwe.encrypt_compact(head, json.dumps(_claims()), key)}"


def _unencoded_payload(_: World) -> str:
    # RFC 7797: what is signed is the payload as it stands.
    head = header_of(HOSPITAL_EC, b64=False, crit=["b64"])
    return f"Bearer {signed(head, _claims(), HOSPITAL_EC.key, 'ES384')}"


def _signature_of_another_token(w: World) -> str:
    mine, other = w.token().split("."), w.token().split(".")
    return f"Bearer {mine[0]}.{mine[1]}.{other[2]}"


def _signature_as_der(w: World) -> str:
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    head, payload, signature = w.token().split(".")
    both = base64.urlsafe_b64decode(signature)
    der = encode_dss_signature(int.from_bytes(both[:48], "big"), int.from_bytes(both[48:], "big"))
    return f"Bearer {head}.{payload}.{encoded(der)}"


def _other_bits_behind_the_signature(w: World) -> str:
    """The last character of an RSA signature has bits that mean nothing, so one token has several spellings."""
    token = w.token(HOSPITAL_RSA)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return f"Bearer {token[:-1]}{alphabet[alphabet.index(token[-1]) + 1]}"


def _used_here(w: World) -> str:
    token = w.token()
    assert call(w.client, token).status_code == 200
    return f"Bearer {token}"


def _used_in_another_process(w: World) -> str:
    token = w.token()
    assert call(w.another_worker(), token).status_code == 200
    return f"Bearer {token}"


def _id_used_with_another_token(w: World) -> str:
    used, again = w.token(jti="the-same"), w.token(HOSPITAL_RSA, jti="the-same", iat=SECONDS - 1)
    assert call(w.client, used).status_code == 200
    return f"Bearer {again}"


def _issued_by(issuer: Any, signer: Any = STRANGER_EC, **head: Any) -> Attack:
    return lambda w: f"Bearer {w.token(signer, header=head, iss=issuer)}"


def _jku(address: Callable[[World], Any]) -> Attack:
    return lambda w: f"Bearer {w.token(header={'jku': address(w)})}"


def _stranger_with_jku(address: Callable[[World], Any]) -> Attack:
    return lambda w: f"Bearer {w.token(STRANGER_EC, header={'jku': address(w)})}"


WRONG_TYPES: dict[str, Any] = {"null": None, "1": 1, "true": True, "[]": [], "{}": {}, "empty": ""}
NO_TIMES: dict[str, Any] = {
    "null": None,
    "true": True,
    "a string": str(SECONDS + 300),
    "[]": [],
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}

ATTACKS: dict[str, Attack] = {
    # The Authorization header.
    "no token": lambda _: None,
    "empty": lambda _: "",
    "whitespace": lambda _: "   ",
    "scheme alone": lambda _: "Bearer",
    "scheme and spaces": lambda _: "Bearer    ",
    "no scheme": written("TOKEN"),
    "scheme Basic": written("Basic TOKEN"),
    "scheme Token": written("Token TOKEN"),
    "scheme with a colon": written("Bearer: TOKEN"),
    "scheme of another name": written("BearerX TOKEN"),
    "scheme twice": written("Bearer Bearer TOKEN"),
    "tab for a space": written("Bearer\tTOKEN"),
    "in quotes": written('Bearer "TOKEN"'),
    "as a parameter": written("Bearer token=TOKEN"),
    "something behind it": written("Bearer TOKEN x"),
    "a comma behind it": written("Bearer TOKEN,"),
    "padded": written("Bearer TOKEN=="),
    "two good tokens in one header": written("Bearer TOKEN, Bearer TOKEN"),
    "two headers, both good": _two("Bearer TOKEN", "Bearer TOKEN"),
    "two headers, one empty": _two("Bearer TOKEN", ""),
    "no token at all": lambda _: "Bearer x",
    "letters outside ASCII": lambda _: "Bearer é.é.é",
    # The three parts.
    "unsigned": changed(lambda head, payload, _: f"{head}.{payload}"),
    "unsigned with a dot": changed(lambda head, payload, _: f"{head}.{payload}."),
    "without claims": changed(lambda head, _, signature: f"{head}..{signature}"),
    "without a header": changed(lambda _, payload, signature: f".{payload}.{signature}"),
    "four parts": changed(lambda *parts: ".".join((*parts, "AAAA"))),
    "five parts": changed(lambda *parts: ".".join((*parts, "AAAA", "AAAA"))),
    "encrypted to our own key set": _encrypted,
    "JSON form": written('Bearer {"payload":"TOKEN"}'),
    "other alphabet of base64": changed(lambda head, payload, s: f"{head}.{payload}.{s[:-1]}+"),
    "signature cut by one character": changed(lambda head, payload, s: f"{head}.{payload}.{s[:-1]}"),
    "signature cut in half": changed(lambda head, payload, s: f"{head}.{payload}.{s[:64]}"),
    "signature longer": changed(lambda head, payload, s: f"{head}.{payload}.{s}AAAA"),
    "signature of nothing but zeros": changed(lambda head, payload, _: f"{head}.{payload}.{'A' * 128}"),
    "signature in DER": _signature_as_der,
    "signature of another token": _signature_of_another_token,
    "signature spelled otherwise": _other_bits_behind_the_signature,
    "claims cut": changed(lambda head, payload, s: f"{head}.{payload[:-4]}.{s}"),
    "claims changed": changed(
        lambda head, _, s: f"{head}.{encoded(json.dumps(_claims(sub='other')).encode())}.{s}"
    ),
    "header changed": changed(
        lambda _, payload, s: (
            f"{encoded(json.dumps(header_of(HOSPITAL_EC, cty='x')).encode())}.{payload}.{s}"
        )
    ),
    "huge": claims(more="x" * 9000),
    "huge header": header(more="x" * 9000),
    "a megabyte": lambda _: "Bearer " + "a.b.c" * 200_000,
    # The header as JSON.
    "header is a list": raw(head=b'["alg","kid","typ"]'),
    "header is a string": raw(head=b'"alg b64"'),
    "header is a number": raw(head=b"1"),
    "header is no JSON": raw(head=b"{alg:ES384}"),
    "header is not UTF-8": raw(head=b'{"alg":"ES384","kid":"h-ec","typ":"JWT","x":"\xff"}'),
    "header is UTF-16": raw(head=json.dumps(header_of(HOSPITAL_EC)).encode("utf-16")),
    "header with something behind": raw(head=json.dumps(header_of(HOSPITAL_EC)).encode() + b"{}"),
    "header nests deep": raw(head=b"[" * 4000),
    "alg twice": raw(head=repeated(header_of(HOSPITAL_EC), [("alg", "none")])),
    "kid twice": raw(head=repeated(header_of(HOSPITAL_EC), [("kid", HOSPITAL_EC.kid)])),
    # Its members.
    **{f"{name} missing": header(**{name: ABSENT}) for name in ("alg", "kid", "typ")},
    **{
        f"{name} is {kind}": header(**{name: value})
        for name in ("alg", "kid", "typ", "jku")
        for kind, value in WRONG_TYPES.items()
    },
    "alg in a list": header(alg=["ES384"]),
    "alg in lower case": header(alg="es384"),
    "kid in a list": header(kid=[HOSPITAL_EC.kid]),
    "kid unknown": header(kid="nobody's"),
    "kid as a path": header(kid="../../../../dev/null"),
    "kid for a database": header(kid="' OR 1=1 --"),
    "kid of the hospital's other key": header(kid=HOSPITAL_RSA.kid),
    "typ of another kind of token": header(typ="at+jwt"),
    "typ in lower case": header(typ="jwt"),
    "crit that is met": header(crit=["exp"], exp=SECONDS),
    "crit that is unknown": header(crit=["https://example.org/x"]),
    "crit empty": header(crit=[]),
    "crit no list": header(crit="exp"),
    "b64": header(b64=True),
    "b64 false": header(b64=False),
    "claims that are not encoded": _unencoded_payload,
    # Algorithms.
    "HS256 with the public key as PEM": shared_secret("HS256", _public_pem),
    "HS384 with the public key as JWK": shared_secret("HS384", _public_jwk),
    "HS512 with the key's id": shared_secret("HS512", HOSPITAL_EC.kid.encode),
    "HS256 with a zero byte": shared_secret("HS256", lambda: b"\0"),
    **{
        f"alg {name}, {kind}": unsigned(name, signature)
        for name in ("none", "None", "NONE", "nOnE")
        for kind, signature in (("without a signature", ""), ("with one", "AAAA"))
    },
    "RS384 with the id of an EC key": lambda w: (
        f"Bearer {w.token(HOSPITAL_RSA, header={'kid': HOSPITAL_EC.kid})}"
    ),
    "ES384 with the id of an RSA key": lambda w: (
        f"Bearer {w.token(HOSPITAL_EC, header={'kid': HOSPITAL_RSA.kid})}"
    ),
    "RS384 over an EC signature": header(alg="RS384"),
    "RS256, which the profile does not name": lambda w: (
        f"Bearer {signed(header_of(HOSPITAL_RSA, alg='RS256'), _claims(), HOSPITAL_RSA.key, 'RS256')}"
    ),
    "PS384, which the profile does not name": lambda w: (
        f"Bearer {signed(header_of(HOSPITAL_RSA, alg='PS384'), _claims(), HOSPITAL_RSA.key, 'PS384')}"
    ),
    "ES256, which the profile does not name": strange_key(ec_signer("x", "ES256")),
    # Keys.
    "another EC key under a known id": strange_key(),
    "another RSA key under a known id": strange_key(STRANGER_RSA, kid=HOSPITAL_RSA.kid),
    "another key under its own id": strange_key(kid=STRANGER_EC.kid),
    "a short RSA key": strange_key(rsa_signer("x", bits=1024), kid=HOSPITAL_RSA.kid),
    "jwk in the header": strange_key(jwk=STRANGER_EC.public),
    "jwk in the header, under its own id": strange_key(jwk=STRANGER_EC.public, kid=STRANGER_EC.kid),
    "x5c in the header": strange_key(x5c=[base64.b64encode(b"a certificate").decode()]),
    "x5t in the header": strange_key(x5t=encoded(b"x" * 20)),
    "x5u to a stranger": lambda w: (
        f"Bearer {w.token(STRANGER_EC, header={'x5u': f'{w.evil.url}/x5u.pem'})}"
    ),
    # Addresses of keys.
    "jku to a stranger": _stranger_with_jku(lambda w: f"{w.evil.url}/jwks.json"),
    "jku to a stranger, signed by a known key": _jku(lambda w: f"{w.evil.url}/jwks.json"),
    "jku to a redirect": _stranger_with_jku(lambda w: f"{w.keys.url}/redirect.json"),
    "jku with a query": _jku(lambda w: w.keys_url + "?a=1"),
    "jku with a fragment": _jku(lambda w: w.keys_url + "#a"),
    "jku with a slash": _jku(lambda w: w.keys_url + "/"),
    "jku with a user": _jku(lambda w: w.keys_url.replace("//", "//ehr.hospital.example@")),
    "jku in capitals": _jku(lambda w: w.keys_url.upper()),
    "jku with a detour": _jku(lambda w: w.keys_url.replace("/jwks", "/x/../jwks")),
    "jku in a list": _jku(lambda w: [w.keys_url]),
    "jku of the hospital, token of the clinic": lambda w: (
        f"Bearer {w.token(CLINIC_EC, CLINIC, header={'jku': w.keys_url})}"
    ),
    "jku where the keys are in a file": lambda w: (
        f"Bearer {w.token(CLINIC_EC, CLINIC, header={'jku': f'{w.evil.url}/jwks.json'})}"
    ),
    # Issuers.
    "iss missing": claims(iss=ABSENT),
    **{f"iss is {kind}": claims(iss=value) for kind, value in WRONG_TYPES.items()},
    "iss in a list": claims(iss=[HOSPITAL]),
    "iss with a slash": claims(iss=HOSPITAL + "/"),
    "iss in capitals": claims(iss=HOSPITAL.upper()),
    "iss unknown, own key and jku": lambda w: (
        f"Bearer {w.token(STRANGER_EC, EVIL, header={'jku': f'{w.evil.url}/jwks.json'})}"
    ),
    "iss known, own key and jku": _issued_by(HOSPITAL, jku=f"{EVIL}/jwks.json"),
    "iss of the hospital, key of the clinic": _issued_by(HOSPITAL, CLINIC_EC),
    "iss of the clinic, key of the hospital": _issued_by(CLINIC, HOSPITAL_EC),
    "iss of the clinic, its key's id, key of the hospital": _issued_by(CLINIC, HOSPITAL_EC, kid=CLINIC_EC.kid),
    "iss twice": raw(payload=repeated(_claims(), [("iss", CLINIC)])),
    # The address that the token is for.
    "aud missing": claims(aud=ABSENT),
    **{f"aud is {kind}": claims(aud=value) for kind, value in WRONG_TYPES.items()},
    "aud in an object": claims(aud={"url": BASE_URL + SELECT}),
    "aud in a list in a list": claims(aud=[[BASE_URL + SELECT]]),
    "aud in a list with a number": claims(aud=[BASE_URL + SELECT, 1]),
    "aud in a list, another": claims(aud=[BASE_URL, BASE_URL + SIGN]),
    "aud is the base": claims(aud=BASE_URL),
    "aud is the base with a slash": claims(aud=BASE_URL + "/"),
    "aud is the host": claims(aud="https://cds.example.org"),
    "aud is the other service": claims(aud=BASE_URL + SIGN),
    "aud is discovery": claims(aud=BASE_URL + "/cds-services"),
    "aud is the feedback": claims(aud=BASE_URL + SELECT + "/feedback"),
    "aud is the path alone": claims(aud=SELECT),
    "aud without TLS": claims(aud=(BASE_URL + SELECT).replace("https", "http")),
    "aud with a port": claims(aud=(BASE_URL + SELECT).replace(".org", ".org:443")),
    "aud with capitals": claims(aud=(BASE_URL + SELECT).replace("cds.", "CDS.")),
    "aud with a query": claims(aud=BASE_URL + SELECT + "?a=1"),
    "aud with two slashes": claims(aud=BASE_URL + SELECT + "//"),
    "aud with a space": claims(aud=BASE_URL + SELECT + " "),
    "aud with two addresses": claims(aud=f"{BASE_URL + SELECT} {BASE_URL + SIGN}"),
    "aud is everything": claims(aud="*"),
    "aud twice": raw(payload=repeated(_claims(aud=BASE_URL), [("aud", BASE_URL + SELECT)])),
    "aud of a forged Host": with_headers(Host="evil.example", X_Forwarded_Proto="https"),
    "aud of a forged X-Forwarded-Host": with_headers(
        X_Forwarded_Host="evil.example", X_Forwarded_Proto="https", X_Forwarded_Prefix="/"
    ),
    "aud of a forged Forwarded": with_headers(Forwarded="host=evil.example;proto=https"),
    "aud of a forged X-Original-URL": with_headers(X_Original_URL=EVIL + SELECT, X_Forwarded_Port="443"),
    # Times.
    "exp missing": claims(exp=ABSENT),
    "iat missing": claims(iat=ABSENT),
    **{
        f"{name} is {kind}": claims(**{name: value})
        for name in ("exp", "iat", "nbf")
        for kind, value in NO_TIMES.items()
    },
    "exp too large for a number": raw(payload=repeated(_claims(exp=ABSENT, x=1), []).replace(b'"x":1', b'"exp":1e999')),
    "exp with 5,000 digits": raw(payload=repeated(_claims(exp=ABSENT, x=1), []).replace(b'"x":1', b'"exp":' + b"9" * 5000)),
    "exp with 400 digits, iat a fraction": claims(exp=10**400, iat=SECONDS + 0.5),
    "exp one second beyond the leeway": claims(exp=SECONDS - LEEWAY - 1, iat=SECONDS - 300),
    "exp at the leeway": claims(exp=SECONDS - LEEWAY, iat=SECONDS - 300),
    "exp ten minutes ago": claims(exp=SECONDS - 600, iat=SECONDS - 900),
    "exp in milliseconds": claims(exp=(SECONDS + 300) * 1000, iat=SECONDS),
    "exp twice": raw(payload=repeated(_claims(exp=SECONDS - 900), [("exp", SECONDS + 300)])),
    "iat one second beyond the leeway": claims(iat=SECONDS + LEEWAY + 1),
    "iat in an hour": claims(iat=SECONDS + 3600, exp=SECONDS + 3900),
    "nbf one second beyond the leeway": claims(nbf=SECONDS + LEEWAY + 1),
    "lives one second too long": claims(exp=SECONDS + LONGEST + 1),
    "lives for a year": claims(exp=SECONDS + 365 * 86_400),
    "issued a year ago, good for five minutes": claims(iat=SECONDS - 365 * 86_400),
    # The tenant.
    "tenant missing": claims(tenant=ABSENT),
    **{f"tenant is {kind}": claims(tenant=value) for kind, value in WRONG_TYPES.items()},
    "tenant not listed": claims(tenant="south"),
    "tenant in capitals": claims(tenant="NORTH"),
    "tenant in a list": claims(tenant=["north"]),
    # The id of the token, and its use.
    "jti missing": claims(jti=ABSENT),
    **{f"jti is {kind}": claims(jti=value) for kind, value in WRONG_TYPES.items()},
    "used before": _used_here,
    "used before in another process": _used_in_another_process,
    "another token with a used id": _id_used_with_another_token,
    # The claims as JSON.
    "claims are a list": raw(payload=b"[]"),
    "claims are no JSON": raw(payload=b"{'iss':1}"),
    "claims are empty": raw(payload=b"{}"),
    "claims are not UTF-8": raw(payload=json.dumps(_claims()).encode("utf-16")),
    "claims nest deep": raw(payload=b'{"a":' + b"[" * 3000),
}  # fmt: skip


def _headers(sent: str | Headers | None) -> Headers:
    if isinstance(sent, Headers):
        return sent
    return Headers({} if sent is None else {"Authorization": sent})


@pytest.mark.rule(
    "SEC-1", "SEC-3", "SEC-5", "SEC-6", "SEC-7", "JWT-1", "JWT-2", "JWT-4", "JWT-5", "JWT-6", "JWT-7",
    "JWT-8", "JWT-9", "JWT-10", "JWK-5",
)  # fmt: skip
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_with_a_token_is_refused_like_any_other(attacked: World, attack: Attack) -> None:
    headers = _headers(attack(attacked))
    usual = call_without_body(attacked.client, Headers())
    started = time.monotonic()
    with capture_logs() as lines:
        answer = call_without_body(attacked.client, headers)
    took = time.monotonic() - started
    assert (answer.status_code, answer.data) == (401, usual.data)
    assert sorted(answer.headers) == sorted(usual.headers)
    assert took < FETCH_SECONDS + MARGIN_SECONDS
    assert attacked.evil.requests == []
    _assert_silent_about(headers, str(lines))


def _assert_silent_about(headers: Headers, log: str) -> None:
    """The cause is a word of ours: nothing of the token is in the log, not even of one that cannot be read."""
    sent = headers.get("Authorization", "").split(".")
    assert not any(part in log for part in sent if len(part) > 20)
    assert SUBJECT not in log
    assert "evil.example" not in log
    assert "https://" not in log


def test_the_table_is_long_enough() -> None:
    assert len(ATTACKS) >= 60


@pytest.mark.rule("SEC-5")
def test_the_refusal_says_that_and_not_why(attacked: World) -> None:
    answer = call(attacked.client, "x.y.z")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.get_json() == {
        "resourceType": "OperationOutcome",
        "issue": [
            {"severity": "error", "code": "login", "details": {"text": "The call is not authenticated."}}
        ],
    }


@pytest.mark.rule("SEC-7")
def test_a_bad_token_with_a_bad_body_is_401(attacked: World) -> None:
    answer = attacked.client.post(SELECT, data="{bad", content_type="text/plain")
    assert answer.status_code == 401


@pytest.mark.rule("JWT-8")
def test_a_refused_token_uses_up_no_token_id(attacked: World) -> None:
    assert (
        call(
            attacked.client, attacked.token(STRANGER_EC, jti="kept", header={"kid": HOSPITAL_EC.kid})
        ).status_code
        == 401
    )
    assert call(attacked.client, attacked.token(jti="kept", tenant="south")).status_code == 401
    assert call(attacked.client, attacked.token(jti="kept")).status_code == 200


@pytest.mark.rule("JWK-3")
def test_a_hundred_invented_key_ids_cost_the_client_a_few_requests(
    services: Services, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with world(services, tmp_path_factory.mktemp("ids")) as made:
        for number in range(100):
            assert call(made.client, made.token(header={"kid": f"invented-{number}"})).status_code == 401
        assert 1 <= len(made.keys.requests) <= 3
        assert call(made.client, made.token()).status_code == 200


def test_the_calls_after_all_attacks_are_served(attacked: World) -> None:
    assert call(attacked.client, attacked.token(), body=knee_request()).get_json() == {"cards": []}
