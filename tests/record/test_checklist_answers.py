"""Answers to the red-flag checklist: by link id, with the day of the form or of the item."""

from typing import Any

import pytest

from cds_service.record.facts import Attestation, Certainty, DateProblem, Fact, Region, Side, Trend
from tests.checklists import ALL_NO, RED_FLAGS, checklist
from tests.record.records import only, read

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
def test_an_unfinished_checklist_says_nothing(status: str) -> None:
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
