"""Advice that was set aside with a reason is not repeated, unless something is new; on both databases."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cds_service.app import Services
from cds_service.feedback.kept import milliseconds_of
from cds_service.feedback.memory import OverrideMemory, StoredOverride
from cds_service.feedback.pseudonyms import Pseudonyms
from cds_service.feedback.retention import carry_out, retention_for
from cds_service.store import StoreUnavailable
from cds_service.store.database import Database
from cds_service.store.decisions import DecisionRows
from tests.builders import concept, condition, device, observation, quantity
from tests.databases import GivenDatabase
from tests.feedback.practice import DECISION, Practice, Request, as_signed, own, story
from tests.properties import changes
from tests.vignettes import codings
from tests.vignettes.cancer_infection import crp
from tests.vignettes.stories import NOW
from tests.vignettes.story import Days

CANCER = "V57"  # urgent: breast cancer in remission, and three weeks of pain
SHORT = "V01"  # not indicated: ten days of pain
NO_CARE = "V06"  # not indicated: five weeks of pain, and nothing was tried
CARE_UNKNOWN = "V07"  # unclear: nobody asked about treatment
EMERGENCY = "V28"
INJECTING = "V53"  # urgent: fever, and drugs that are injected
RIGHT = "V116"  # urgent, and ordered so
INFLAMED = crp(Days(NOW), 42, "mg/L", "06-14")
HL7 = "http://terminology.hl7.org/CodeSystem"
DIABETES = condition(codings.DIABETES, recorded="2020-01-01")
POOR_KIDNEYS = observation(
    concept("eGFR", loinc="33914-3"), value=quantity(15, "mL/min/{1.73_m2}"), effective="2026-06-10"
)
DEVICE = [device(codings.PACEMAKER, safety=codings.MR_UNSAFE)]


@pytest.fixture
def practice(services: Services, database: GivenDatabase) -> Practice:
    return Practice(services, database)


def detail(cards: list[dict[str, Any]]) -> str:
    return str(cards[0]["detail"])


def outcome(cards: list[dict[str, Any]]) -> str:
    return str(cards[0]["extension"][DECISION]["outcome"])


# --- The same again ------------------------------------------------------------------------------------------


def test_overridden_advice_is_not_repeated(practice: Practice) -> None:
    practice.override(story(CANCER), "imaging-done")
    assert practice.call(story(CANCER)) == []
    assert practice.silent() == ["repeat"]
    assert "memory" not in practice.line


def test_the_repeated_decision_is_on_record_all_the_same(practice: Practice) -> None:
    practice.override(story(CANCER), "imaging-done")
    practice.call(story(CANCER))
    rows = practice.database.rows("SELECT outcome, silent, card IS NULL FROM decisions ORDER BY id")
    assert rows == [("urgent", "", False), ("urgent", "repeat", True)]


def test_advice_that_was_overridden_at_selection_is_not_repeated_at_signing(practice: Practice) -> None:
    practice.override(story(CANCER), "already-referred")
    assert practice.call(as_signed(story(CANCER))) == []


def test_a_new_draft_of_the_same_study_is_the_same_order(practice: Practice) -> None:
    practice.override(story(CANCER), "imaging-done")
    assert practice.call(_draft(story(CANCER), id="another")) == []


def test_the_reason_that_the_order_gives_is_the_same_reason_on_another_draft(practice: Practice) -> None:
    reason = [
        {"coding": [{"system": "http://snomed.info/sct", "code": "279039007"}], "text": "Low back pain"}
    ]
    practice.override(_draft(story(CANCER), reasonCode=reason), "imaging-done")
    assert practice.call(_draft(story(CANCER), id="another", reasonCode=reason)) == []


def test_the_sandbox_leaves_out_the_system_of_the_reason(practice: Practice) -> None:
    practice.answer(practice.call(story(CANCER))[0], {"code": "imaging-done"})
    assert practice.call(story(CANCER)) == []


def test_another_process_on_the_same_database_knows_of_the_override(
    services: Services, database: GivenDatabase
) -> None:
    first, second = Practice(services, database), Practice(services, database)
    first.override(story(CANCER), "imaging-done")
    assert second.call(story(CANCER)) == []


@pytest.mark.parametrize(
    ("days", "cards"), [(29, 0), (30, 0), (31, 1)], ids=["day before the last", "last day", "day after"]
)
def test_an_override_holds_for_its_days(practice: Practice, days: int, cards: int) -> None:
    practice.override(story(CANCER), "imaging-done")
    # The last day counts to its end.
    practice.later(days=days, hours=13)
    assert len(practice.call(story(CANCER))) == cards


# --- What keeps nothing away ---------------------------------------------------------------------------------

_ANSWERS: dict[str, Callable[[Practice, Any], None]] = {
    "a bare dismissal": lambda practice, card: practice.answer(card, None),
    "a comment alone": lambda practice, card: practice.post(
        practice._entry(card, "overridden", overrideReason={"userComment": "no"})
    ),
    "a reason of the client's own": lambda practice, card: practice.answer(
        card, {"code": "imaging-done", "system": "https://ehr.example/reasons"}
    ),
    "an unknown code": lambda practice, card: practice.answer(card, own("because")),
    "a code that is not kept": lambda practice, card: practice.answer(card, own("seen by Dr Tan")),
    "one without a system": lambda practice, card: practice.answer(card, {"code": "seen by Dr Tan"}),
    "a reason of another card": lambda practice, card: practice.answer(card, own("deficit-stable")),
    "accepted before": lambda practice, card: practice.answer(card, own("imaging-done"), accept=True),
    "accepted alone": lambda practice, card: practice.answer(card, accept=True),
    "nothing": lambda practice, card: None,
}


@pytest.mark.parametrize("answer", _ANSWERS.values(), ids=_ANSWERS.keys())
def test_only_an_own_reason_of_the_card_keeps_it_away(
    practice: Practice, answer: Callable[[Practice, Any], None]
) -> None:
    answer(practice, practice.call(story(CANCER))[0])
    cards = practice.call(story(CANCER))
    assert len(cards) == 1
    assert "verridden" not in detail(cards)


def test_a_card_that_was_accepted_after_its_override_comes_back(practice: Practice) -> None:
    card = practice.override(story(CANCER), "imaging-done")
    practice.answer(card, accept=True)
    assert len(practice.call(story(CANCER))) == 1


def test_the_confirmation_of_a_right_order_has_no_reasons_to_be_overridden_with(practice: Practice) -> None:
    """The same decision about an order that is not right is another card."""
    practice.answer(practice.call(story(RIGHT))[0], own("imaging-done"))
    (card,) = practice.call(_draft(story(RIGHT), priority="routine"))
    assert "verridden" not in card["detail"]
    assert card["extension"][DECISION]["endorsed"] is False


def test_after_its_end_the_memory_answers_nobody_and_fails_nobody(practice: Practice) -> None:
    practice.override(story(CANCER), "imaging-done")
    assert practice.services.overrides is not None
    practice.services.overrides.close()
    assert len(practice.call(story(CANCER))) == 1
    assert practice.line["memory"] == "unavailable"


def test_an_emergency_is_never_kept_away(practice: Practice) -> None:
    practice.override(story(EMERGENCY), "features-stable")
    cards = practice.call(story(EMERGENCY))
    assert outcome(cards) == "emergency"
    assert (
        "Overridden on 15 Jun 2026 (Features are old and stable); an emergency is shown each time."
        in detail(cards)
    )


def test_a_card_beside_one_about_an_implant_is_never_kept_away(practice: Practice) -> None:
    request = changes.add(story(CANCER), DEVICE)
    practice.override(request, "imaging-done")
    cards = practice.call(request)
    assert len(cards) == 2
    assert "because of the implant" in detail(cards)


def test_an_override_of_the_implants_card_is_none_of_the_guidelines(practice: Practice) -> None:
    safety = practice.call(changes.add(story(CANCER), DEVICE))[1]
    practice.answer(safety, own("imaging-done"), own("other"))
    assert "verridden" not in detail(practice.call(story(CANCER)))


def test_what_another_client_says_of_the_card_counts_for_nothing(
    services: Services, database: GivenDatabase
) -> None:
    card = Practice(services, database).call(story(CANCER))[0]
    Practice(services, database, client="another").answer(card, own("imaging-done"))
    assert len(Practice(services, database).call(story(CANCER))) == 1


def test_an_acceptance_by_another_client_brings_nothing_back(
    services: Services, database: GivenDatabase
) -> None:
    practice = Practice(services, database)
    card = practice.override(story(CANCER), "imaging-done")
    Practice(services, database, client="another").answer(card, accept=True)
    assert practice.call(story(CANCER)) == []


def test_a_report_that_is_posted_again_makes_the_override_no_younger(practice: Practice) -> None:
    card = practice.call(story(CANCER))[0]
    entry = practice._entry(card, "overridden", overrideReason={"reason": own("imaging-done")})
    practice.post(entry)
    practice.later(days=29)
    practice.post(entry)
    practice.later(days=2)
    assert len(practice.call(story(CANCER))) == 1


@pytest.mark.parametrize("said", [timedelta(days=-400), timedelta(days=400)], ids=["long ago", "far ahead"])
def test_a_clients_odd_clock_moves_the_override_only_to_its_card_or_its_report(
    practice: Practice, said: timedelta
) -> None:
    card = practice.call(story(CANCER))[0]
    moment = (practice.now + said).isoformat()
    entry = practice._entry(card, "overridden", overrideReason={"reason": own("imaging-done")})
    practice.post(entry | {"outcomeTimestamp": moment})
    assert practice.call(story(CANCER)) == []
    practice.later(days=31)
    assert len(practice.call(story(CANCER))) == 1


def test_without_a_key_nothing_is_remembered(services: Services, database: GivenDatabase) -> None:
    practice = Practice(services, database, key="")
    practice.override(story(CANCER), "imaging-done")
    assert len(practice.call(story(CANCER))) == 1
    assert database.rows("SELECT DISTINCT case_mark, fact_marks FROM decisions") == [(None, None)]


def test_another_key_forgets(services: Services, database: GivenDatabase) -> None:
    Practice(services, database).override(story(CANCER), "imaging-done")
    other = Practice(services, database, key="another key of the site that is long enough")
    assert len(other.call(story(CANCER))) == 1


def _of_another_patient(request: Request) -> Request:
    old = request["context"]["patientId"]
    return {name: _replaced(member, old, f"{old}-2") for name, member in request.items()}


def _replaced(value: Any, old: str, new: str) -> Any:
    match value:
        case dict():
            return {name: _replaced(member, old, new) for name, member in value.items()}
        case list():
            return [_replaced(member, old, new) for member in value]
        case str():
            return value.replace(f"Patient/{old}", f"Patient/{new}") if value != old else new
    return value


def _draft(request: Request, **members: Any) -> Request:
    """The same call with these members of its draft order."""
    request = copy.deepcopy(request)
    order = request["context"]["draftOrders"]["entry"][0]["resource"]
    order.update(members)
    if "selections" in request["context"]:
        request["context"]["selections"] = [f"ServiceRequest/{order['id']}"]
    return request


_CPT = "http://www.ama-assn.org/go/cpt"
_PLAIN = {"coding": [{"system": _CPT, "code": "72148"}], "text": "MRI lumbar spine without contrast"}
_CONTRAST = {"coding": [{"system": _CPT, "code": "72158"}], "text": "MRI lumbar spine with contrast"}
_WHOLE_SPINE = {
    "coding": [{"system": "http://snomed.info/sct", "code": "241646009"}],
    "text": "MRI whole spine",
}
_OTHERS: dict[str, Request] = {
    "patient": _of_another_patient(story(CANCER)),
    "FHIR server": story(CANCER) | {"fhirServer": "https://other.example/fhir"},
    "study": _draft(story(CANCER), code=_WHOLE_SPINE),
}


@pytest.mark.parametrize("request_of_another", _OTHERS.values(), ids=_OTHERS.keys())
def test_the_override_of_one_case_is_none_of_another(practice: Practice, request_of_another: Request) -> None:
    practice.override(story(CANCER), "imaging-done")
    cards = practice.call(request_of_another)
    assert outcome(cards) == "urgent"
    assert "verridden" not in detail(cards)


def test_the_override_of_one_client_is_none_of_another(services: Services, database: GivenDatabase) -> None:
    Practice(services, database).override(story(CANCER), "imaging-done")
    assert len(Practice(services, database, client="another").call(story(CANCER))) == 1


def test_an_address_with_a_slash_at_its_end_is_the_same_server(practice: Practice) -> None:
    request = story(CANCER)
    practice.override(request | {"fhirServer": "https://ehr.example/fhir"}, "imaging-done")
    assert practice.call(request | {"fhirServer": "https://ehr.example/fhir/"}) == []


# --- What brings it back -------------------------------------------------------------------------------------


def test_a_new_fact_brings_the_card_back_and_is_named(practice: Practice) -> None:
    practice.override(story(CANCER), "imaging-done")
    cards = practice.call(changes.add(story(CANCER), [INFLAMED]))
    assert (
        "Shown again, although overridden on 15 Jun 2026 (Imaging already done); "
        "new since then: CRP 42 mg/L, 14 Jun 2026 (Observation)." in detail(cards)
    )


def test_a_new_fact_that_changes_no_assessment_brings_the_card_back_as_well(practice: Practice) -> None:
    practice.override(story(CANCER), "imaging-done")
    cards = practice.call(changes.add(story(CANCER), [DIABETES]))
    assert "new since then: Type 2 diabetes mellitus, 1 Jan 2020 (Condition)." in detail(cards)


def test_the_same_words_on_another_day_are_a_new_fact(practice: Practice) -> None:
    practice.override(changes.add(story(CANCER), [INFLAMED]), "imaging-done")
    again = crp(Days(NOW), 42, "mg/L", "06-15")
    cards = practice.call(changes.add(story(CANCER), [INFLAMED, again]))
    assert "new since then: CRP 42 mg/L, 15 Jun 2026 (Observation)" in detail(cards)


def test_the_line_about_the_override_is_short(practice: Practice) -> None:
    """It comes on top of a card that may be at its limit."""
    practice.override(story(SHORT), "patient-preference")
    many = [crp(Days(NOW), value, "mg/L", "06-14") for value in (14, 15, 16)]
    line = next(
        line
        for line in detail(practice.call(changes.add(story(SHORT), many))).splitlines()
        if "verridden" in line
    )
    assert len(line.split()) <= 30


def test_the_new_fact_itself_may_be_set_aside(practice: Practice) -> None:
    practice.override(story(CANCER), "imaging-done")
    practice.override(changes.add(story(CANCER), [INFLAMED]), "already-referred")
    assert practice.call(changes.add(story(CANCER), [INFLAMED])) == []


def test_a_fact_that_was_taken_back_brings_nothing_back(practice: Practice) -> None:
    """The rule asks for new facts; fewer with the same assessment are none."""
    request = changes.add(story(CANCER), [DIABETES])
    practice.override(request, "imaging-done")
    assert practice.call(story(CANCER)) == []


def test_a_suspicion_that_is_confirmed_brings_the_card_back(practice: Practice) -> None:
    """The same words of the same day."""
    practice.override(_injecting("provisional"), "imaging-done")
    assert practice.call(_injecting("provisional")) == []
    cards = practice.call(_injecting("confirmed"))
    assert "new since then: Intravenous drug user" in detail(cards)


def _injecting(status: str) -> Request:
    request = copy.deepcopy(story(INJECTING))
    for entry in request["prefetch"]["conditions"]["entry"]:
        resource = entry["resource"]
        if resource["code"]["text"] == "Intravenous drug user":
            resource["verificationStatus"] = {
                "coding": [{"system": f"{HL7}/condition-ver-status", "code": status}]
            }
    return request


def test_an_order_that_is_wrong_in_another_way_brings_the_card_back(practice: Practice) -> None:
    """The record is the same; but the order of then asked for no contrast."""
    request = changes.add(story(CANCER), [POOR_KIDNEYS])
    practice.override(_draft(request, code=_PLAIN), "imaging-done")
    cards = practice.call(_draft(request, code=_CONTRAST))
    assert "kidney function or an earlier reaction speaks against it" in detail(cards)
    assert "(Imaging already done): the assessment has changed." in detail(cards)
    assert practice.call(_draft(request, code=_PLAIN)) == []


def test_an_unread_part_of_the_record_brings_the_card_back(practice: Practice) -> None:
    practice.override(story(CANCER), "imaging-done")
    cards = practice.call(changes.fail(story(CANCER), "observations", "forbidden"))
    assert "less of the record could be read than then" in detail(cards)


def test_an_override_of_a_half_read_record_holds_for_the_whole_one(practice: Practice) -> None:
    practice.override(changes.fail(story(CANCER), "observations", "forbidden"), "imaging-done")
    assert practice.call(story(CANCER)) == []


def test_another_assessment_of_the_same_facts_comes_and_says_so(practice: Practice) -> None:
    practice.override(story(SHORT), "patient-preference")
    practice.later(days=20)  # the pain is no longer short
    cards = practice.call(story(SHORT))
    assert "(Patient preference after shared discussion): the assessment has changed." in detail(cards)


# --- What a reason attests -----------------------------------------------------------------------------------


@pytest.mark.parametrize("id", [NO_CARE, CARE_UNKNOWN])
def test_six_weeks_of_treatment_elsewhere_make_an_mri_one_that_may_be_indicated(
    practice: Practice, id: str
) -> None:
    practice.override(story(id), "care-6-weeks")
    cards = practice.call(story(id))
    assert outcome(cards) == "may-be-indicated"
    attested = (
        "Conservative care completed elsewhere: 6 weeks or more (attested by the clinician), 15 Jun 2026"
    )
    assert attested in detail(cards)
    assert "Overridden on 15 Jun 2026; your reason now counts: Conservative care completed" in detail(cards)


def test_what_was_attested_is_dated_on_the_day_of_the_override(practice: Practice) -> None:
    practice.override(story(NO_CARE), "care-4-6-weeks")
    practice.later(days=3)
    cards = practice.call(story(NO_CARE))
    assert outcome(cards) == "may-be-indicated"
    assert "(attested by the clinician), 15 Jun 2026" in detail(cards)


@pytest.mark.parametrize(
    ("code", "leads"),
    [
        ("red-flag-cauda-equina", "R4"),
        ("neurology-worse", "R3"),
        ("red-flag-cancer", "R5"),
        ("red-flag-infection", "R5"),
        ("red-flag-procedure", "R6"),
    ],
)
def test_an_attested_red_flag_is_judged_as_one_on_the_order(
    practice: Practice, code: str, leads: str
) -> None:
    practice.override(story(SHORT), code)
    (card, *_) = practice.call(story(SHORT))
    said = card["extension"][DECISION]
    reason = [{"coding": [own(code)]}]
    (as_ordered, *_) = Practice(practice.services, practice.database, client="another").call(
        _draft(story(SHORT), reasonCode=reason)
    )
    assert said["recommendations"][0] == leads
    assert said["outcome"] == as_ordered["extension"][DECISION]["outcome"]
    assert "attested by the clinician" in card["detail"]


def test_a_red_flag_stands_although_the_card_was_accepted_too(practice: Practice) -> None:
    practice.answer(practice.call(story(SHORT))[0], own("red-flag-cauda-equina"), accept=True)
    assert outcome(practice.call(story(SHORT))) == "emergency"


def test_treatment_elsewhere_does_not_stand_where_the_card_was_accepted_too(practice: Practice) -> None:
    practice.answer(practice.call(story(NO_CARE))[0], own("care-6-weeks"), accept=True)
    assert outcome(practice.call(story(NO_CARE))) == "not-indicated"


@pytest.mark.parametrize("code", ["patient-preference", "specialist-requirement", "other"])
def test_other_reasons_attest_nothing(practice: Practice, code: str) -> None:
    practice.override(story(NO_CARE), code)
    assert practice.call(story(NO_CARE)) == []


def test_what_was_attested_weeks_after_the_card_outlives_the_retention(practice: Practice) -> None:
    (card, *_) = practice.call(story(SHORT))
    practice.later(days=25)
    practice.answer(card, own("red-flag-cancer"))
    practice.later(days=10)
    now_ms = milliseconds_of(practice.services.clock())
    kept = retention_for(1_000, practice.services.guideline.thresholds.repeat_override_days)
    carry_out(DecisionRows(Database(practice.database.url)), kept, now_ms)
    assert "attested by the clinician" in str(practice.call(story(SHORT)))


def test_an_attestation_ends_with_its_override(practice: Practice) -> None:
    practice.override(story(SHORT), "red-flag-cancer")
    practice.later(days=31)
    assert "attested" not in str(practice.call(story(SHORT)))


def test_the_attested_card_can_be_set_aside_in_its_turn(practice: Practice) -> None:
    practice.override(story(SHORT), "red-flag-cancer")
    practice.override(story(SHORT), "imaging-done")
    assert practice.call(story(SHORT)) == []


# --- Where nothing can be remembered -------------------------------------------------------------------------


def test_without_the_database_the_card_goes_out_and_the_log_says_so(
    services: Services, tmp_path: Path
) -> None:
    file = tmp_path / "store.sqlite3"
    practice = Practice(services, GivenDatabase("sqlite", f"sqlite:///{file}"))
    practice.override(story(CANCER), "imaging-done")
    for path in tmp_path.iterdir():
        path.unlink()
    file.mkdir()
    assert len(practice.call(story(CANCER))) == 1
    assert practice.line["memory"] == "unavailable"


@pytest.mark.parametrize(
    "column",
    [
        "trace = 'no JSON'",
        "trace = '{}'",
        "fact_marks = '[1]'",
        "fact_marks = NULL",
        "recommendations = 'null'",
    ],
)
def test_a_broken_row_is_no_memory_and_costs_no_card(practice: Practice, column: str) -> None:
    practice.override(story(CANCER), "imaging-done")
    practice.database.change(f"UPDATE decisions SET {column}")  # noqa: S608
    assert len(practice.call(story(CANCER))) == 1
    assert practice.line["memory"] == "unavailable"


class _Table:
    """A table that fails, or hangs, and counts how often it was asked."""

    def __init__(self, failing: Callable[[], None]) -> None:
        self.asked = 0
        self._failing = failing

    def of_case(self, case_mark: str, since_ms: int) -> tuple[StoredOverride, ...]:
        self.asked += 1
        self._failing()
        return ()


def _wait_for(event: threading.Event) -> None:
    event.wait(60)


def _raise() -> None:
    raise StoreUnavailable("OperationalError")


def test_after_a_failure_the_database_is_left_alone_for_five_seconds(services: Services) -> None:
    seconds = 100.0
    table = _Table(_raise)
    memory = OverrideMemory(
        table, Pseudonyms(b"k" * 32), services.guideline, stopwatch=lambda: seconds, patience_seconds=20
    )
    assert memory.of_case("mark", NOW) is None
    seconds += 4.9
    assert memory.of_case("mark", NOW) is None
    assert table.asked == 1
    seconds += 0.2
    assert memory.of_case("mark", NOW) is None
    assert table.asked == 2


def test_a_database_that_hangs_does_not_hold_up_the_call(services: Services) -> None:
    released = threading.Event()
    memory = OverrideMemory(
        _Table(lambda: _wait_for(released)),
        Pseudonyms(b"k" * 32),
        services.guideline,
        stopwatch=time.monotonic,
        patience_seconds=0.05,
    )
    began = time.monotonic()
    try:
        assert memory.of_case("mark", NOW) is None
        assert time.monotonic() - began < 30  # the margin of a busy machine
    finally:
        released.set()
