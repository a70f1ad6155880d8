"""Answers to the red-flag checklist: by link id, with the day of the form or of the item."""

from typing import Any

import pytest

from cds_service.record.facts import (
    Attestation,
    Certainty,
    DateProblem,
    Fact,
    ReadState,
    Region,
    Side,
    Trend,
)
from tests.checklists import ALL_NO, QUESTIONNAIRE, RED_FLAGS, checklist, coded
from tests.record.records import only, read, shipped_guideline

KNOWN, DENIED, WORDS, UNKNOWN = Certainty.KNOWN, Certainty.DENIED, Certainty.WORDS, Certainty.UNKNOWN
MEANING = {
    "bladder": "bladder-dysfunction",
    "bowel": "bowel-dysfunction",
    "saddle": "saddle-numbness",
    "leg-power": "leg-weakness",
    "both-legs": "bilateral-leg-symptoms",
    "fever": "fever",
    "weight": "weight-loss",
    "cancer": "cancer",
}


def answered(item: str, answer: Any, since: str | None = None, **form: Any) -> Fact:
    return only(read(checklist({item: answer}, {item: since} if since else None, **form)))


def treated(answer: Any, since: str | None = None, **form: Any) -> tuple[Attestation, ...]:
    days = {"treatment": since} if since else None
    return read(checklist({"treatment": answer}, days, **form)).attestations


@pytest.mark.parametrize(("item", "concept"), MEANING.items())
@pytest.mark.parametrize(("answer", "certainty"), [("yes", KNOWN), ("no", DENIED), ("unknown", UNKNOWN)])
def test_an_item_asserts_denies_or_leaves_open(
    item: str, concept: str, answer: str, certainty: Certainty
) -> None:
    fact = answered(item, answer)
    assert (fact.certainty, concept in fact.concepts) == (certainty, True)
    assert fact.recorded is not None
    assert fact.recorded.last.isoformat() == "2026-06-15"


@pytest.mark.parametrize(
    ("answer", "concept"),
    [("operation", "lumbar-surgery"), ("injection", "spinal-injection"), ({"valueBoolean": True}, "spinal-procedure")],
)  # fmt: skip
def test_an_operation_is_told_from_an_injection_where_the_answer_tells(answer: Any, concept: str) -> None:
    fact = answered("procedure", answer)
    assert (fact.certainty, set(fact.concepts), fact.region) == (KNOWN, {concept}, Region.LUMBAR)


def test_a_no_to_a_procedure_denies_both_kinds() -> None:
    assert answered("procedure", "no").concepts >= {"spinal-procedure", "lumbar-surgery", "spinal-injection"}


@pytest.mark.parametrize("item", RED_FLAGS)
def test_an_item_without_an_answer_says_nothing(item: str) -> None:
    form = checklist({})
    form["item"] = [{"linkId": item, "text": "Fever or chills?"}]
    assert read(form).facts == ()


@pytest.mark.parametrize(
    ("answer", "certainty"),
    [
        pytest.param({"valueBoolean": True}, KNOWN, id="true"),
        pytest.param({"valueBoolean": False}, DENIED, id="false"),
        pytest.param({"valueString": "No"}, DENIED, id="no in words"),
        pytest.param({"valueString": "yes"}, KNOWN, id="yes in words"),
        pytest.param({"valueString": "since Monday"}, WORDS, id="other words"),
        pytest.param({"valueString": "not sure"}, UNKNOWN, id="unsure"),
        pytest.param({"valueCoding": {"code": "N"}}, DENIED, id="code without its system"),
        pytest.param({"valueCoding": {"display": "Not known"}}, UNKNOWN, id="text of a choice"),
        pytest.param({"valueCoding": {"system": "urn:x", "code": "LA99"}}, UNKNOWN, id="foreign code"),
        pytest.param(
            {"valueCoding": {"system": "urn:x", "code": "LA32-8", "display": "No"}}, DENIED, id="foreign no"
        ),
    ],
)
def test_an_answer_in_another_form_is_read_by_its_words(answer: Any, certainty: Certainty) -> None:
    assert answered("saddle", answer).certainty is certainty


def test_a_code_of_another_item_is_no_answer_to_this_one() -> None:
    assert answered("saddle", "injection").certainty is UNKNOWN


def test_a_yes_carries_the_day_that_the_item_names() -> None:
    fact = answered("saddle", "yes", "2026-06-13")
    assert fact.started is not None
    assert fact.started.last.isoformat() == "2026-06-13"


def test_a_day_may_stand_beside_the_answer_or_below_it() -> None:
    form = checklist({"saddle": "yes"})
    form["item"][0]["item"] = [{"linkId": "saddle-since", "answer": [{"valueDate": "2026-06"}]}]
    started = only(read(form)).started
    assert started is not None
    assert started.first.isoformat() == "2026-06-01"


@pytest.mark.parametrize(
    ("since", "problem"),
    [("2026-07-01", DateProblem.FUTURE), ("1822-01-01", DateProblem.IMPOSSIBLE)],
)
def test_a_day_that_cannot_be_used_leaves_that_of_the_form(since: str, problem: DateProblem) -> None:
    fact = answered("saddle", "yes", since)
    assert (fact.started, fact.started_problem, fact.certainty) == (None, problem, KNOWN)
    assert fact.when is not None
    assert fact.when.last.isoformat() == "2026-06-15"


def test_a_no_with_a_day_contradicts_itself_and_denies_nothing() -> None:
    assert answered("saddle", "no", "2026-06-13").certainty is UNKNOWN


def test_a_day_without_an_answer_is_asked_and_not_usable() -> None:
    fact = only(read(checklist({}, {"saddle": "2026-06-13"})))
    assert (fact.certainty, set(fact.concepts)) == (UNKNOWN, {"saddle-numbness"})


def test_a_yes_and_a_no_to_one_item_are_both_told() -> None:
    facts = read(checklist({"saddle": ("yes", "no")})).facts
    assert {fact.certainty for fact in facts} == {KNOWN, DENIED}


def test_getting_worse_is_a_trend_of_the_form_s_day() -> None:
    fact = answered("bladder", "worse", "2019-01-01")
    assert (fact.certainty, fact.trend) == (KNOWN, Trend.WORSENING)


def test_both_legs_are_both_sides() -> None:
    assert answered("both-legs", "yes").side is Side.BOTH


def test_a_form_without_a_day_denies_on_no_day() -> None:
    assert answered("saddle", "no", authored=None).when is None


@pytest.mark.parametrize("status", ["in-progress", "stopped", "entered-in-error"])
def test_a_no_of_an_unfinished_checklist_says_nothing(status: str) -> None:
    assert read(checklist(ALL_NO, status=status)).facts == ()


def test_the_version_of_the_checklist_does_not_matter() -> None:
    assert answered("saddle", "no", version="").certainty is DENIED


def test_a_question_that_a_site_added_is_read_by_its_words() -> None:
    form = checklist({"fever": "no"})
    form["item"].append({"linkId": "x", "text": "Injecting drug use?", "answer": [{"valueBoolean": False}]})
    assert {concept for fact in read(form).facts for concept in fact.concepts} == {
        "fever",
        "injecting-drug-use",
    }


def test_of_an_older_checklist_only_the_red_flags_stay() -> None:
    older = checklist({"saddle": "yes", "fever": "no"}, authored="2026-06-10")
    facts = read(older, checklist({"saddle": "no"})).facts
    assert sorted((sorted(fact.concepts), fact.certainty.value) for fact in facts) == [
        (["saddle-numbness"], "denied"),
        (["saddle-numbness"], "known"),
    ]


@pytest.mark.parametrize(
    ("answer", "since", "none", "days"),
    [
        pytest.param("none", None, True, None, id="none"),
        pytest.param("physiotherapy", None, False, None, id="without a day"),
        pytest.param("physiotherapy", "2026-05-18", False, 28, id="28 days"),
        pytest.param(("physiotherapy", "painkillers"), "2026-05-19", False, 27, id="two kinds, 27 days"),
        pytest.param("manual", "2026-05", False, 15, id="by the latest day of a month"),
        pytest.param("painkillers", "2026-07-01", False, None, id="a day in the future"),
        pytest.param(("none", "painkillers"), "2026-05-18", False, 28, id="none beside a treatment"),
    ],
)
def test_treatment_so_far_is_attested_with_its_length(
    answer: Any, since: str | None, none: bool, days: int | None
) -> None:
    (found,) = treated(answer, since)
    assert (found.none, found.days) == (none, days)


@pytest.mark.parametrize(
    ("answer", "since"),
    [
        pytest.param("unknown", None, id="not known"),
        pytest.param("none", "2026-05-18", id="none since a day"),
        pytest.param((), "2026-05-18", id="a day alone"),
    ],
)
def test_what_does_not_tell_of_treatment_attests_nothing(answer: Any, since: str | None) -> None:
    assert treated(answer, since) == ()


def test_treatment_in_words_is_read_as_in_any_form() -> None:
    (found,) = treated({"valueString": "exercises for 5 weeks"})
    assert found.days == 35


def test_the_length_of_treatment_counts_to_the_day_of_the_form() -> None:
    (found,) = treated("physiotherapy", "2026-05-18", authored="2026-06-10")
    assert found.days == 23


# --- The form under another address, unfinished, or in part unreadable ----------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        pytest.param(f"{QUESTIONNAIRE}#form", id="with a fragment"),
        pytest.param(f"{QUESTIONNAIRE}/", id="with a slash"),
        pytest.param(f" {QUESTIONNAIRE.upper()} ", id="in capitals, with spaces"),
    ],
)
def test_the_address_of_the_checklist_is_known_however_it_is_spelled(address: str) -> None:
    facts = read(checklist({"saddle": "no"}) | {"questionnaire": address}).facts
    assert [fact.certainty for fact in facts] == [DENIED]


@pytest.mark.parametrize("link_id", ["Saddle", " saddle ", "/saddle"])
def test_a_link_id_is_known_however_it_is_spelled(link_id: str) -> None:
    form = checklist({"saddle": "yes"})
    form["item"][0]["linkId"] = link_id
    assert only(read(form)).certainty is KNOWN


ADDRESSES = [
    pytest.param(None, id="no address"),
    pytest.param("https://ehr.example.org/fhir/Questionnaire/17", id="an address of the server"),
    pytest.param({"reference": "Questionnaire/17"}, id="an address in the form of an older FHIR"),
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("item", MEANING)
def test_no_yes_is_lost_where_a_server_gave_the_checklist_another_address(item: str, address: Any) -> None:
    (found,) = read(checklist({item: "yes"}) | {"questionnaire": address}).facts
    assert (found.certainty, MEANING[item] in found.concepts) == (KNOWN, True)


@pytest.mark.parametrize("address", ADDRESSES)
def test_under_another_address_our_words_make_it_our_item(address: Any) -> None:
    form = checklist({"saddle": "yes", "both-legs": "no"}, {"saddle": "2026-06-13"})
    form["questionnaire"] = address
    for asked in form["item"]:
        asked["text"] = next(
            i.text for i in shipped_guideline().checklist.items if i.link_id == asked["linkId"]
        )
    form["item"][0]["answer"][0]["item"][0]["text"] = "Since when?"
    found = {fact.certainty: fact for fact in read(form).facts}
    assert found[DENIED].concepts == {"bilateral-leg-symptoms"}
    started = found[KNOWN].started
    assert started is not None
    assert started.last.isoformat() == "2026-06-13"


def test_under_another_address_a_day_below_a_bare_yes_is_its_day() -> None:
    (found,) = read(checklist({"saddle": "yes"}, {"saddle": "2019-05-01"}, version="-copy")).facts
    assert found.started is not None
    assert found.started.last.isoformat() == "2019-05-01"


def test_a_bare_no_under_another_address_is_no_denial() -> None:
    assert read(checklist({"saddle": "no", "both-legs": "no"}, version="-copy")).facts == ()


def test_a_weight_in_a_form_without_words_is_no_lost_weight() -> None:
    assert read(checklist({"weight": {"valueDecimal": 81.5}}, version="-copy")).facts == ()


@pytest.mark.parametrize("status", ["in-progress", "stopped"])
def test_a_yes_of_an_unfinished_checklist_asks(status: str) -> None:
    facts = read(checklist(ALL_NO | {"saddle": "yes", "fever": "unknown"}, status=status)).facts
    assert [(set(fact.concepts), fact.certainty) for fact in facts] == [({"saddle-numbness"}, WORDS)]


def test_an_unfinished_checklist_does_not_take_the_place_of_a_finished_one() -> None:
    done = checklist({"fever": "no"}, authored="2026-06-14")
    assert only(read(done, checklist({}, status="in-progress"))).certainty is DENIED


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"linkId": "bladder", "answer": [{"valueBoolean": "true"}]}, id="a text for true"),
        pytest.param({"linkId": "bladder", "answer": [{"valueCoding": "Y"}]}, id="a text for a coding"),
        pytest.param({"linkId": "bladder", "answer": ["yes"]}, id="a text for an answer"),
        pytest.param({"linkId": 3, "answer": [{"valueBoolean": True}]}, id="a number for a link id"),
        pytest.param({"linkId": "x9", "answer": [{"valueBoolean": True}]}, id="a question nobody knows"),
        pytest.param({"answer": [{"valueBoolean": True}]}, id="a question without a name"),
        pytest.param("bladder", id="a text for an item"),
    ],
)
def test_an_answer_that_cannot_be_read_costs_no_yes_and_is_said(odd: Any) -> None:
    form = checklist({"saddle": "yes", "fever": "no"})
    form["item"].append(odd)
    facts = read(form)
    assert [set(fact.concepts) for fact in facts.facts] == [{"saddle-numbness"}]
    assert [found.resource for found in facts.unreadable]
    assert facts.reads["questionnaireResponses"] is ReadState.PARTIAL


def test_a_yes_below_a_question_that_nobody_knows_is_read() -> None:
    form = checklist({"saddle": "yes"})
    form["item"] = [{"linkId": 7, "answer": [{"valueBoolean": True, "item": form["item"]}]}]
    assert only(read(form)).concepts == {"saddle-numbness"}


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"display": "Yes"}, id="shown as yes"),
        pytest.param({"display": "Yes, and getting worse"}, id="shown as another choice"),
    ],
)
def test_a_no_that_is_shown_as_a_yes_denies_nothing(more: Any) -> None:
    answer = coded("no")
    answer["valueCoding"] |= more
    assert answered("saddle", answer).certainty is UNKNOWN


def test_a_no_beside_a_second_value_denies_nothing() -> None:
    assert answered("saddle", coded("no") | {"valueString": "numb since Monday"}).certainty is UNKNOWN


def test_a_no_may_be_shown_in_any_language() -> None:
    answer = coded("no")
    answer["valueCoding"]["display"] = "Tidak"
    assert answered("saddle", answer).certainty is DENIED


def test_a_day_below_an_answer_without_a_value_is_asked_and_not_usable() -> None:
    form = checklist({"saddle": {}}, {"saddle": "2026-06-13"})
    assert only(read(form)).certainty is UNKNOWN


def test_two_contents_of_one_id_are_both_read() -> None:
    first, second = checklist(ALL_NO, authored="2026-06-14"), checklist({"saddle": "yes"}, status="amended")
    facts = read(first | {"id": "form-1"}, second | {"id": "form-1"}).facts
    assert KNOWN in {fact.certainty for fact in facts}
