"""Whatever is posted, the answer is JSON below 500, a browser may read it, and the next call is served."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service.app import Services, create_app
from tests import builders
from tests.builders import concept, condition, observation, quantity
from tests.vignettes import codings
from tests.vignettes.forms import RED_FLAGS
from tests.vignettes.stories import NOW, STORIES

SELECT = "/cds-services/lumbar-mri-order-select"
ORIGIN = "https://sandbox.example"
DEPTH = 100_000
MEGABYTE = 1_000_000

Body = dict[str, Any]


@pytest.fixture(scope="module")
def shared(services: Services) -> FlaskClient:
    """One service for the whole table, so that one call's damage would show in the next."""
    # Longer strings and calls than are taken by default, to show that what is behind those limits holds, too.
    settings = services.settings.model_copy(update={"max_string_bytes": 20_000_000, "max_call_seconds": 60.0})
    return create_app(services=dataclasses.replace(services, settings=settings)).test_client()


def post(client: FlaskClient, body: bytes | Body) -> TestResponse:
    """The answer to these bytes, or to this request, from a page of another origin."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(SELECT, data=data, content_type="application/json", headers={"Origin": ORIGIN})


def survives(client: FlaskClient, body: bytes | Body) -> int:
    """The status of the answer, which must be one that a caller can read; the next call must be served."""
    answer = post(client, body)
    assert list(_complaints(answer)) == []
    assert _gist(post(client, GOOD)) == EMERGENCY
    return answer.status_code


def damage(client: FlaskClient, bodies: Mapping[str, bytes | Body], *statuses: int) -> list[str]:
    """What is wrong with the answers to these bodies, or with the call that follows them."""
    found = []
    for name, body in bodies.items():
        answer = post(client, body)
        found += [f"{name}: {complaint}" for complaint in _complaints(answer)]
        if answer.status_code not in statuses:
            found.append(f"{name}: {answer.status_code} is none of {statuses}")
    if _gist(post(client, GOOD)) != EMERGENCY:
        found.append("the next call is answered in another way")
    return found


def _complaints(answer: TestResponse) -> Iterator[str]:
    if answer.status_code >= 500:
        yield f"{answer.status_code}: {answer.get_data(as_text=True)}"
    if answer.content_type != "application/json":
        yield f"{answer.content_type} is no JSON"
    if answer.headers.get("Access-Control-Allow-Origin") != "*":
        yield "a browser may not read it"
    said = json.loads(answer.get_data())
    if not ("cards" in said if answer.status_code == 200 else said.get("resourceType") == "OperationOutcome"):
        yield "neither cards nor an OperationOutcome"


def _gist(answer: TestResponse) -> list[str]:
    """Whether this is the answer to the good request: one card, an emergency."""
    cards = json.loads(answer.get_data()).get("cards", ())
    return [card["extension"]["org.lumbar-mri-cds.decision"]["outcome"] for card in cards]


GOOD = json.dumps(STORIES["V28"].request(NOW)).encode()
EMERGENCY = ["emergency"]


# --- Bytes that are no JSON object ----------------------------------------------------------------------------

_LONG = b'"' + b"x" * MEGABYTE + b'"'
UNREADABLE: dict[str, bytes] = {
    "empty": b"",
    "a space": b" ",
    "white space": b"\r\n\t  \n",
    "one brace": b"{",
    "one quote": b'"',
    "a byte order mark alone": b"\xef\xbb\xbf",
    "utf-16": GOOD.decode().encode("utf-16"),
    "utf-16 without mark": GOOD.decode().encode("utf-16-le"),
    "utf-32": GOOD.decode().encode("utf-32"),
    "latin-1": '{"hook": "ü"}'.encode("latin-1"),
    "a lone continuation byte": GOOD.replace(b"order-select", b"order\x80select", 1),
    "an overlong slash": GOOD.replace(b"order-select", b"order\xc0\xafselect", 1),
    "a surrogate in utf-8": GOOD.replace(b"order-select", b"order\xed\xa0\x80", 1),
    "zeros": b"\x00" * 1000,
    "a gzip header": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "form data": b"hook=order-select&hookInstance=1",
    "xml": b'<?xml version="1.0"?><hook>order-select</hook>',
    "html": b"<html><body>502 Bad Gateway</body></html>",
    "ndjson": b'{"hook": 1}\n{"hook": 2}\n',
    "two objects": GOOD + GOOD,
    "a trailing comma": GOOD[:-1] + b",}",
    "a comment": b"/* hook */" + GOOD,
    "single quotes": b"{'hook': 'order-select'}",
    "bare names": b'{hook: "order-select"}',
    "python words": b'{"hook": None, "x": True}',
    "NaN": GOOD[:-1] + b', "x": NaN}',
    "Infinity": GOOD[:-1] + b', "x": Infinity}',
    "minus Infinity": GOOD[:-1] + b', "x": [-Infinity]}',
    "1e999": GOOD[:-1] + b', "x": 1e999}',
    "-1e999": GOOD[:-1] + b', "x": -1e999}',
    "an integer of 100,000 digits": GOOD[:-1] + b', "x": ' + b"9" * 100_000 + b"}",
    "a hexadecimal number": GOOD[:-1] + b', "x": 0x10}',
    "a leading zero": GOOD[:-1] + b', "x": 01}',
    "a leading plus": GOOD[:-1] + b', "x": +1}',
    "a number without digits": GOOD[:-1] + b', "x": -}',
    "a raw line break in a string": GOOD[:-1] + b', "x": "a\nb"}',
    "a raw control character": GOOD[:-1] + b', "x": "\x07"}',
    "half a surrogate pair": GOOD[:-1] + rb', "x": "\ud83d"}',
    "the other half": GOOD[:-1] + rb', "x": "\ude00"}',
    "half a pair in a name": GOOD[:-1] + rb', "\udc00": 1}',
    "half an escape": GOOD[:-1] + rb', "x": "\u00"}',
    "an unknown escape": GOOD[:-1] + rb', "x": "\q"}',
    "deep arrays": b"[" * DEPTH,
    "deep arrays, closed": b"[" * DEPTH + b"]" * DEPTH,
    "deep objects": b'{"a":' * DEPTH,
    "deep objects, closed": b'{"a":' * DEPTH + b"1" + b"}" * DEPTH,
    "deep context": b'{"hook": "order-select", "hookInstance": "1", "context": ' + b"[" * DEPTH + b"]" * DEPTH + b"}",
    "deep prefetch": GOOD.replace(b'"prefetch": {', b'"prefetch": {"x": ' + b"[" * DEPTH + b"]" * DEPTH + b",", 1),
    "array": b"[]",
    "array of requests": b"[" + GOOD + b"]",
    "null": b"null",
    "true": b"true",
    "number": b"17",
    "string": b'"order-select"',
    "a megabyte of string": _LONG,
    "an empty object": b"{}",
    "no hook": b'{"hookInstance": "1"}',
}  # fmt: skip


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_hook_request_is_400(shared: FlaskClient, body: bytes) -> None:
    assert survives(shared, body) == 400


@pytest.mark.parametrize("kept", [0.01, 0.1, 0.5, 0.9, 0.999])
def test_a_request_that_was_cut_off_is_400(shared: FlaskClient, kept: float) -> None:
    assert survives(shared, GOOD[: int(len(GOOD) * kept)]) == 400


def test_a_body_over_twenty_megabytes_is_413(shared: FlaskClient) -> None:
    assert survives(shared, GOOD.ljust(20_000_001)) == 413


READABLE: dict[str, bytes] = {
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "white space around": b"\n \t" + GOOD + b"\r\n",
    "a repeated member": b'{"hook": "patient-view", ' + GOOD[1:],
    "a megabyte of nothing known": GOOD[:-1] + b', "x": ' + _LONG + b"}",
    "a long integer": GOOD[:-1] + b', "x": ' + b"9" * 4000 + b"}",
    "a tiny number": GOOD[:-1] + b', "x": 1e-999}',
    "a name that is empty": GOOD[:-1] + b', "": {"": ""}}',
    "a name of Python": GOOD[:-1] + b', "__class__": {"__proto__": 1}}',
    "an escaped zero": GOOD[:-1] + rb', "x": "\u0000"}',
}


@pytest.mark.parametrize("body", READABLE.values(), ids=READABLE.keys())
def test_what_is_odd_but_readable_gets_the_cards(shared: FlaskClient, body: bytes) -> None:
    assert survives(shared, body) == 200
    assert _gist(post(shared, body)) == EMERGENCY


# --- Members of the request -----------------------------------------------------------------------------------

ODD: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "minus one": -1,
    "huge": 10**300,
    "fraction": 1.5,
    "empty string": "",
    "blank": " \t",
    "word": "x",
    "quoted JSON": '{"resourceType": "Bundle"}',
    "controls": "\x00\x1b[31m\u202e\u2028",
    "path": "../../etc/passwd",
    "long": "x" * MEGABYTE,
    "empty array": [],
    "array of null": [None],
    "array of words": ["x", "x"],
    "nested arrays": [[[[[]]]]],
    "empty object": {},
    "object of null": {"reference": None},
    "other object": {"resourceType": 5, "id": {}, "coding": 5, "entry": {}},
}
REQUIRED = ("hook", "hookInstance", "context", "context.patientId", "context.draftOrders")
MEMBERS = (
    *REQUIRED,
    *("context.userId", "context.encounterId", "context.selections", "context.draftOrders.entry"),
    *("context.draftOrders.resourceType", "context.draftOrders.type", "context.draftOrders.total"),
    *("context.draftOrders.entry.0", "context.draftOrders.entry.0.resource"),
    *("fhirServer", "fhirAuthorization", "prefetch", "extension", "context.extension"),
    *(f"prefetch.{key}" for key in ("patient", "encounter", "examinations", *builders.PREFETCH_TYPES)),
)


@pytest.mark.parametrize("path", MEMBERS)
def test_a_member_of_another_type_is_refused_or_read_around(shared: FlaskClient, path: str) -> None:
    bodies = {odd: _having(json.loads(GOOD), path, value) for odd, value in ODD.items()}
    expected = (400,) if path in ("hook", "context") else (200, 400, 412)
    assert damage(shared, bodies, *expected) == []


@pytest.mark.parametrize("path", REQUIRED)
def test_a_member_that_is_required_is_named_when_it_is_missing(shared: FlaskClient, path: str) -> None:
    *parents, last = path.split(".")
    body = json.loads(GOOD)
    holder = body
    for name in parents:
        holder = holder[name]
    del holder[last]
    assert survives(shared, body) == 400
    assert path in post(shared, body).get_data(as_text=True)


def _having(body: Body, path: str, value: Any) -> Body:
    """The body with the value at this path."""
    *parents, last = path.split(".")
    holder: Any = body
    for name in parents:
        holder = holder[int(name)] if isinstance(holder, list) else holder[name]
    if isinstance(holder, list):
        holder[int(last)] = value
    else:
        holder[last] = value
    return body


# --- Elements of the record ------------------------------------------------------------------------------------

ELEMENTS = (
    *("resourceType", "id", "meta", "contained", "extension", "modifierExtension", "implicitRules", "text"),
    *("subject", "patient", "reference", "code", "coding", "system", "display", "clinicalStatus"),
    *("verificationStatus", "category", "severity", "bodySite", "note", "time", "onsetDateTime", "onsetAge"),
    *("onsetString", "onsetPeriod", "recordedDate", "abatementDateTime", "status", "value", "unit"),
    *("valueQuantity", "valueBoolean", "valueInteger", "valueString", "valueCodeableConcept", "comparator"),
    *("component", "hasMember", "interpretation", "dataAbsentReason", "effectiveDateTime", "effectivePeriod"),
    *("performedDateTime", "performedPeriod", "start", "end", "reasonCode", "reasonReference", "intent"),
    *("medicationCodeableConcept", "medicationReference", "authoredOn", "dosageInstruction", "doseAndRate"),
    *("doseQuantity", "timing", "repeat", "frequency", "period", "periodUnit", "dispenseRequest"),
    *("validityPeriod", "numberOfRepeatsAllowed", "whenHandedOver", "daysSupply", "serviceType"),
    *("participant", "actor", "class", "type", "safety", "manufactureDate", "conclusion", "questionnaire"),
    *("authored", "item", "linkId", "answer", "gender", "birthDate", "deceasedBoolean", "name", "priority"),
    *("doNotPerform", "orderDetail", "supportingInfo", "encounter", "requester", "occurrenceDateTime"),
    *("resource", "entry", "link", "total", "search", "fullUrl"),
)


def _rich() -> Body:
    """A request whose record holds every kind of resource and every element that the rules read."""
    today = "2026-06-15T09:00:00+08:00"
    entries = [
        condition(
            codings.LOW_BACK_PAIN,
            onset="2026-05-01",
            recorded="2026-05-02",
            site="Lumbar spine",
            severity="moderate",
            note=(today, "getting worse"),
        ),
        condition(codings.CAUDA_EQUINA, recorded="2026-06-15", abated="2026-06-15", onset="2026-06-15"),
        condition(codings.SCIATICA_RIGHT, onsetPeriod={"start": "2026-05-01", "end": "2026-06-01"}),
        condition(codings.HIV, onsetAge=quantity(30, "a")),
        condition(codings.NIGHT_PAIN, onsetString="3 weeks ago", recorded="2026-06-10"),
        observation(codings.CRP, quantity(85, "mg/L"), effective=today, category="laboratory", comparator="<"),
        observation(codings.POST_VOID_RESIDUAL, quantity(450, "mL"), effective=today, interpretation="H"),
        observation(codings.TEMPERATURE, "38.9 Cel", effective=today, note="ear"),
        observation(concept("Saddle sensation"), concept("Absent"), effective=today, site="Saddle area"),
        observation(codings.SADDLE_ANAESTHESIA, True, effective=today),
        observation(
            concept("Lower limb examination"),
            component=[
                {"code": concept("Right ankle dorsiflexion power (MRC)"), "valueInteger": 2},
                {"code": concept("Left knee extension power (MRC)"), "valueString": "4+"},
                {"code": concept("Anal tone"), "dataAbsentReason": concept("Not asked")},
            ],
            hasMember=[{"reference": "Observation/observation-1"}],
            effectivePeriod={"start": today, "end": today},
        ),
        builders.muscle_power("Right ankle dorsiflexion", 2, today),
        builders.pain_score(8, today),
        builders.procedure(codings.DISCECTOMY, performed="2026-05-25", site="L4/L5", reason=codings.LOW_BACK_PAIN),
        builders.procedure(codings.PHYSIOTHERAPY, period=("2026-05-10", "2026-06-01")),
        builders.medication_request(
            codings.PREDNISOLONE, authored="2026-05-10", daily_mg=30, until="2026-06-30", repeats=2
        ),
        builders.medication_statement(codings.PARACETAMOL, start="2026-05-01", end="2026-06-01"),
        builders.medication_dispense(codings.NAPROXEN, handed_over="2026-05-01", days=28),
        builders.appointment(concept("Physiotherapy"), start=today),
        builders.encounter("2026-05-02", end="2026-05-02", reason=codings.LOW_BACK_PAIN),
        builders.device(codings.PACEMAKER, safety=codings.MR_UNSAFE, manufactureDate="2020-01-01"),
        builders.diagnostic_report(codings.MRI_LUMBAR_LOINC, effective="2026-06-01", conclusion="Disc bulge."),
        builders.allergy(concept("Gadolinium"), recorded="2020-01-01"),
        builders.questionnaire_response([*RED_FLAGS, ("Treatment so far", "none")], authored=today),
    ]  # fmt: skip
    visit = builders.encounter(today, id="visit-today", reason=codings.LOW_BACK_PAIN)
    order = builders.service_request(
        codings.MRI_LUMBAR,
        reason=codings.LOW_BACK_PAIN,
        note="worse",
        reasonReference=[{"reference": "Condition/condition-1"}],
        supportingInfo=[{"reference": "Observation/observation-1"}],
        orderDetail=[concept("lumbar")],
        bodySite=[concept("Lumbar spine")],
        occurrenceDateTime="2026-06-20",
    )
    return builders.hook_request(
        "order-select",
        hook_instance="7c2c5a0f-3b0f-4f0e-9d86-0a6c5b0b7f6a",
        draft_orders=[order],
        prefetch=builders.prefetch_of(builders.patient("1980-02-03"), entries, visit),
    )


RICH = _rich()
BARE = builders.prefetch_of(
    builders.patient("1980-02-03"), [condition(codings.LOW_BACK_PAIN, onset="2026-06-01")]
)


# Each kind of JSON value once: the record has many elements.
KINDS = (
    "null",
    "true",
    "huge",
    "blank",
    "word",
    "array of null",
    "nested arrays",
    "empty object",
    "other object",
)


@pytest.mark.parametrize("element", ELEMENTS)
def test_an_element_of_another_type_never_breaks_the_answer(shared: FlaskClient, element: str) -> None:
    bodies = {}
    for odd in KINDS:
        bodies[odd] = body = deepcopy(RICH)
        _put(body["prefetch"], element, ODD[odd], everywhere=not _is_known(element))
    assert damage(shared, bodies, 200, 412) == []


@pytest.mark.parametrize("element", ELEMENTS)
def test_an_element_of_a_draft_of_another_type_never_breaks_the_answer(
    shared: FlaskClient, element: str
) -> None:
    bodies = {}
    for odd in KINDS:
        bodies[odd] = body = deepcopy(RICH) | {"prefetch": BARE}
        (entry,) = body["context"]["draftOrders"]["entry"]
        _put(entry, element, ODD[odd], everywhere=True)
    assert damage(shared, bodies, 200, 400, 412) == []


def _is_known(element: str) -> bool:
    return any(element in holder for holder in _objects(RICH["prefetch"]))


def _put(tree: Any, name: str, value: Any, *, everywhere: bool) -> None:
    """Set every member of this name in the tree; or, where none has it, one in every resource."""
    for holder in list(_objects(tree)):
        if name in holder or (everywhere and "resourceType" in holder):
            holder[name] = deepcopy(value)


def _objects(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object in the tree, the outer before the inner."""
    if isinstance(tree, dict):
        yield tree
    for child in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _objects(child)


DATES = (
    *("0000-00-00", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "-2026-06-15", "2026-13-45"),
    *("2026-02-30", "2026-6-5", "20260615", "2026-W25-1", "2026-166", "2026-06-15T25:00:00Z", "2026-06-15T"),
    *("2026-06-15T10:00:00+99:99", "2026-06-15T10:00:60Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    *("２０２６-06-15", "2026-06-15\n", " 2026-06-15 ", "yesterday", "1781488800", "2026-06-15T10:00:00.123456789012Z"),
    *("2026-06", "2026", "26", "2026-", "1899-12-31", "2126-06-15", "T10:00", "\x00", "2026‑06‑15"),
)  # fmt: skip
DATE_ELEMENTS = (
    *(
        "onsetDateTime",
        "recordedDate",
        "abatementDateTime",
        "effectiveDateTime",
        "performedDateTime",
        "start",
    ),
    *("end", "authoredOn", "whenHandedOver", "authored", "birthDate", "time", "manufactureDate"),
    "occurrenceDateTime",
)


@pytest.mark.parametrize("date", DATES)
def test_an_absurd_date_in_every_place_never_breaks_the_answer(shared: FlaskClient, date: str) -> None:
    body = deepcopy(RICH)
    for element in DATE_ELEMENTS:
        _put(body, element, date, everywhere=False)
    assert survives(shared, body) == 200


@pytest.mark.parametrize("element", DATE_ELEMENTS)
@pytest.mark.parametrize(
    "date", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-13-45", "2026"]
)
def test_an_absurd_date_in_one_place_never_breaks_the_answer(
    shared: FlaskClient, date: str, element: str
) -> None:
    body = deepcopy(RICH)
    _put(body, element, date, everywhere=False)
    assert survives(shared, body) == 200


NUMBERS: dict[str, Any] = {
    "zero": 0,
    "minus zero": -0.0,
    "negative": -5,
    "tiny": 5e-324,
    "huge": 1.7e308,
    "long integer": 10**4000,
    "many digits": float("1." + "1" * 17),
    "NaN in words": "NaN",
    "sNaN in words": "sNaN",
    "Infinity in words": "-Infinity",
    "1e999 in words": "1e999",
    "1e99999999 in words": "1e99999999",
    "a number in words": "450",
    "other digits": "٤٥٠",
    "underscored": "4_5_0",
    "comma": "4,5",
    "range": "10-20",
    "words": "abc",
}
NUMBER_ELEMENTS = ("value", "valueInteger", "valueString")
UNITS = (
    "mg/dL",
    "[degF]",
    "mL",
    "L",
    "Cel",
    "",
    "mg",
    "10*999",
    "%",
    "mg/dL" * 1000,
    "{x}",
    "/",
    "m^99",
    "'; --",
)


@pytest.mark.parametrize("number", NUMBERS)
def test_an_absurd_quantity_never_breaks_the_answer(shared: FlaskClient, number: str) -> None:
    bodies: dict[str, bytes | Body] = {}
    for unit in (None, *UNITS):
        bodies[str(unit)[:12]] = body = deepcopy(RICH)
        for element in NUMBER_ELEMENTS:
            _put(body["prefetch"], element, NUMBERS[number], everywhere=False)
        for holder in list(_objects(body["prefetch"])):
            if unit is not None and "unit" in holder:
                holder |= {"unit": unit, "code": unit}
    assert damage(shared, bodies, 200) == []


@pytest.mark.parametrize("number", NUMBERS)
def test_an_absurd_dose_and_supply_never_break_the_answer(shared: FlaskClient, number: str) -> None:
    body = deepcopy(RICH)
    for key in ("medications", "medicationStatements", "medicationDispenses"):
        for element in ("value", "frequency", "period", "numberOfRepeatsAllowed"):
            _put(body["prefetch"][key], element, NUMBERS[number], everywhere=False)
    assert survives(shared, body) == 200


LONG_TEXTS: dict[str, str] = {
    "a megabyte": "x" * MEGABYTE,
    "a letter": "no back pain or weak numb leg, " * 250,
    "a megabyte of blanks": " " * MEGABYTE,
    "brackets": "([{<" * 25_000,
    "a megabyte of digits": "5" * MEGABYTE,
    "grades": "4/5 " * 25_000,
    "marks": "*_`|~#" * 17_000,
    "line breaks": "\n" * 100_000,
}
ODD_TEXTS: dict[str, str] = {
    "controls": "".join(map(chr, range(32))) + "\x7f\x85\u2028\u2029\u202e\ufeff\ufffe",
    "markup": "<script>alert(1)</script> [x](javascript:alert(1)) ![](http://ehr.example/x.png) **b** `c`",
    "combining": "e" + "\u0301" * 5000,
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 500,
    "template": "{{context.patientId}} ${days} {days} %s %(x)s {0}",
    "right to left": "ألم أسفل الظهر",
}
TEXT_ELEMENTS = (
    "text",
    "display",
    "conclusion",
    "valueString",
    "onsetString",
    "id",
    "reference",
    "note",
    "code",
)


@pytest.mark.parametrize("element", TEXT_ELEMENTS)
def test_an_odd_text_never_breaks_the_answer(shared: FlaskClient, element: str) -> None:
    bodies = {name: _saying(text, element) for name, text in ODD_TEXTS.items()}
    assert damage(shared, bodies, 200, 412) == []
    for body in bodies.values():
        assert list(_unreadable_cards(post(shared, body))) == []


@pytest.mark.parametrize("element", ["text", "valueString"])
@pytest.mark.parametrize("text", LONG_TEXTS)
def test_a_long_text_never_breaks_the_answer(shared: FlaskClient, text: str, element: str) -> None:
    answer = post(shared, _saying(LONG_TEXTS[text], element))
    assert [*_complaints(answer), *_unreadable_cards(answer)] == []
    assert answer.status_code == 200


def _saying(text: str, element: str) -> Body:
    """A request that says this in one element of a Condition, an Observation and the draft."""
    body = deepcopy(RICH)
    pain = next(holder for holder in _objects(body["prefetch"]["conditions"]) if "code" in holder)
    for tree in (pain, body["prefetch"]["observations"]["entry"][4], body["context"]["draftOrders"]):
        _put(tree, element, text, everywhere=True)
    return body


def _unreadable_cards(answer: TestResponse) -> Iterator[str]:
    for card in json.loads(answer.get_data()).get("cards", ()):
        if not 1 <= len(card["summary"]) <= 139:
            yield "summary is not 1 to 139 characters"
        if any(ord(char) < 32 and char != "\n" for char in card["summary"] + card["detail"]):
            yield "control characters"
        if "<script" in card["summary"] + card["detail"]:
            yield "HTML"


@pytest.mark.parametrize("depth", [10, 63, 64, 200, 900, 3000])
@pytest.mark.parametrize(
    "place", ["item", "contained", "extension", "component", "resource", "draft", "root"]
)
def test_nesting_never_breaks_the_answer(shared: FlaskClient, place: str, depth: int) -> None:
    body = deepcopy(RICH)
    match place:
        case "item":
            form = body["prefetch"]["questionnaireResponses"]["entry"][0]["resource"]
            form["item"] = NEST
        case "component":
            body["prefetch"]["observations"]["entry"][0]["resource"]["component"] = NEST
        case "resource":
            body["prefetch"]["conditions"]["entry"][0]["resource"] = NEST
        case "draft":
            body["context"]["draftOrders"]["entry"][0]["resource"]["contained"] = NEST
        case "root":
            body["x"] = NEST
        case _:
            body["prefetch"]["conditions"]["entry"][0]["resource"][place] = NEST
    # Put in as text: the encoder of the test would give up before the service does.
    name = "item" if place in ("item", "component") else "contained"
    nested = f'[{{"{name}": ' * depth + "[]" + "}]" * depth
    assert survives(shared, json.dumps(body).replace(json.dumps(NEST), nested).encode()) in (200, 400)


NEST = "<nested here>"


def test_a_note_that_repeats_itself_does_not_swell_the_answer(client: FlaskClient) -> None:
    request = deepcopy(STORIES["V03"].request(NOW))
    order = request["context"]["draftOrders"]["entry"][0]["resource"]
    order["note"] = [{"text": "cauda equina, saddle numbness and leg weakness. " * 10_000}]
    answer = client.post(SELECT, json=request)
    assert answer.status_code == 200
    # The suggestions send the draft back whole; besides it there is one card.
    drafts = sum(
        len(json.dumps(action["resource"]))
        for card in json.loads(answer.data)["cards"]
        for suggestion in card.get("suggestions", ())
        for action in suggestion["actions"]
        if action["type"] == "update"
    )
    assert len(answer.data) - drafts < 100_000
