"""Questionnaire responses: explicit noes, yeses, and treatment so far (8.2)."""

from typing import Any

import pytest

from cds_service.record.facts import Attestation, Certainty, Measure, Side
from tests.builders import questionnaire_response
from tests.record.records import only, read

KNOWN, DENIED, WORDS, UNKNOWN = Certainty.KNOWN, Certainty.DENIED, Certainty.WORDS, Certainty.UNKNOWN


def form(
    *answers: tuple[str, Any], authored: str = "2026-06-15T09:40:00+08:00", **more: Any
) -> dict[str, Any]:
    return questionnaire_response(answers, authored=authored, **more)


def attested(question: str, answer: Any) -> tuple[Attestation, ...]:
    return read(form((question, answer))).attestations


@pytest.mark.parametrize(
    ("question", "concepts"),
    [
        ("New difficulty passing urine, or loss of bladder control?", {"urinary-hesitancy", "urinary-incontinence", "bladder-dysfunction"}),
        ("Any problems with your bladder?", {"bladder-dysfunction"}),
        ("Bladder problems?", {"bladder-dysfunction"}),
        ("Loss of bowel control?", {"faecal-incontinence", "bowel-dysfunction"}),
        ("Any change in bladder or bowel function?", {"bladder-dysfunction", "bowel-dysfunction"}),
        ("Numbness around the genitals or back passage (saddle numbness)?", {"saddle-numbness"}),
        ("Weakness of a leg, or weakness that is getting worse?", {"leg-weakness"}),
        ("Pain or numbness in both legs?", {"bilateral-leg-symptoms"}),
        ("Fever or chills?", {"fever"}),
        ("Unexplained weight loss?", {"weight-loss"}),
        ("Pain at night?", {"night-pain"}),
        ("Cancer now or in the past?", {"cancer"}),
        ("Injecting drug use?", {"injecting-drug-use"}),
        ("Medicines or an illness that weaken the immune system?", {"immunosuppression"}),
        ("Recent infection?", {"recent-infection"}),
        ("Serious fall or accident?", {"major-trauma"}),
    ],
)  # fmt: skip
def test_questions_are_known_by_their_words(question: str, concepts: set[str]) -> None:
    fact = only(read(form((question, False))))
    assert (set(fact.concepts), fact.certainty) == (concepts, DENIED)


def test_an_operation_or_injection_is_asked_in_general() -> None:
    fact = only(read(form(("Operation on, or injection into, the lower back?", False))))
    assert "spinal-procedure" in fact.concepts


@pytest.mark.parametrize(
    ("answer", "certainty"),
    [
        (True, KNOWN),
        (False, DENIED),
        ("yes", KNOWN),
        ("Yes", KNOWN),
        ("no", DENIED),
        ("none", DENIED),
        ("No, never", DENIED),
        ("not sure", UNKNOWN),
        ("since Monday", WORDS),
        ("not present", DENIED),
        ("no change", UNKNOWN),
        ("N/A", UNKNOWN),
        ("see notes", UNKNOWN),
    ],
)
def test_an_answer_says_yes_or_no(answer: Any, certainty: Certainty) -> None:
    assert only(read(form(("Saddle numbness?", answer)))).certainty is certainty


@pytest.mark.parametrize(
    ("coding", "certainty"),
    [
        ({"system": "http://terminology.hl7.org/CodeSystem/v2-0136", "code": "N"}, DENIED),
        ({"system": "http://terminology.hl7.org/CodeSystem/v2-0136", "code": "Y", "display": "Yes"}, KNOWN),
        ({"code": "LA99", "display": "No"}, DENIED),
        ({"code": "LA99"}, UNKNOWN),
    ],
)
def test_a_coded_answer_is_read_by_its_word(coding: dict[str, str], certainty: Certainty) -> None:
    response = form(("Saddle numbness?", True))
    response["item"][0]["answer"] = [{"valueCoding": coding}]
    assert only(read(response)).certainty is certainty


@pytest.mark.parametrize("answer", [True, False])
@pytest.mark.parametrize(
    "question",
    [
        "Normal bladder control?",
        "Is your bladder control normal?",
        "No bladder problems?",
        "Bladder control?",
        "Can you pass urine?",
        "Able to walk?",
        "Can you walk normally?",
        "Full power in both legs?",
        "Is leg power normal?",
        "Power in legs full?",
        "Normal leg power",
        "Normal power in legs",
        "Legs strong?",
        "No new weakness?",
        "Continent of urine?",
        "Do you feel your bladder filling?",
        "Can you feel when you wipe?",
        "Can you feel toilet paper when wiping?",
        "Saddle area feels normal?",
        "Is sensation in the legs normal?",
        "Neurology normal?",
        "Can the patient lift the foot?",
        "Are your bowels regular?",
        "No saddle numbness",
    ],
)
def test_a_yes_or_no_to_a_question_the_other_way_round_is_unknown(question: str, answer: bool) -> None:
    assert only(read(form((question, answer)))).certainty is UNKNOWN


@pytest.mark.parametrize(
    "question",
    [
        *("Unable to walk normally?", "Not able to pass urine?", "Do you feel numbness in the saddle area?"),
        *("Numbness between your legs?", "Weakness getting worse?", "Problems walking?"),
    ],
)
def test_a_question_that_names_the_loss_is_put_the_plain_way(question: str) -> None:
    assert [only(read(form((question, answer)))).certainty for answer in (True, False)] == [KNOWN, DENIED]


@pytest.mark.parametrize("question", ["Red flags present?", "Any red flags?", "Steroid use?"])
def test_a_yes_to_a_vague_question_only_asks(question: str) -> None:
    assert [only(read(form((question, answer)))).certainty for answer in (True, False)] == [WORDS, DENIED]


@pytest.mark.parametrize(
    "question", ["Do you smoke?", "Are you able to work?", "Can you sleep?", "Feeling well?"]
)
@pytest.mark.parametrize("answer", [True, False])
def test_a_question_about_something_else_is_no_fact(question: str, answer: bool) -> None:
    assert read(form((question, answer))).facts == ()


def test_a_yes_is_a_known_fact_of_its_day() -> None:
    fact = only(read(form(("Saddle numbness?", True))))
    assert (fact.certainty, fact.recorded and fact.recorded.last.isoformat()) == (KNOWN, "2026-06-15")
    assert fact.trend is None


def test_the_words_of_a_question_are_no_trend() -> None:
    fact = only(read(form(("Weakness of a leg that is getting worse?", True))))
    assert fact.trend is None


def test_a_yes_to_several_things_of_one_pathway_is_one_known_fact() -> None:
    fact = only(read(form(("Loss of bladder or bowel control?", True))))
    assert fact.certainty is KNOWN
    assert {"bladder-dysfunction", "bowel-dysfunction"} <= fact.concepts


def test_a_yes_to_things_of_several_pathways_only_asks_about_each() -> None:
    facts = read(form(("Cancer, fever or saddle numbness?", True))).facts
    assert [fact.certainty for fact in facts] == [WORDS] * 3
    assert {concept for fact in facts for concept in fact.concepts} == {"cancer", "fever", "saddle-numbness"}


def test_a_no_to_several_things_denies_all_of_them() -> None:
    fact = only(read(form(("Cancer, fever or weight loss?", False))))
    assert (set(fact.concepts), fact.certainty) == ({"cancer", "fever", "weight-loss"}, DENIED)


def test_an_open_question_is_read_by_the_words_of_its_answer() -> None:
    facts = read(form(("What brings you here?", "low back pain and numb saddle area"))).facts
    assert {(tuple(fact.concepts), fact.certainty) for fact in facts} == {
        (("low-back-pain",), KNOWN),
        (("saddle-numbness",), WORDS),
    }


def test_a_side_in_the_answer_is_kept() -> None:
    response = form(("Which leg is weak?", "weakness of the left leg"))
    assert only(read(response)).side is Side.LEFT


def test_questions_below_a_heading_of_the_family_are_not_about_the_patient() -> None:
    response = form(("Heading", True))
    response["item"] = [
        {
            "linkId": "1",
            "text": "Family history",
            "item": [{"linkId": "1.1", "text": "Cancer?", "answer": [{"valueBoolean": True}]}],
        }
    ]
    assert read(response).facts == ()


def test_nested_questions_are_read() -> None:
    response = form(("Heading", True))
    inner = {"linkId": "1.1.1", "text": "Fever?", "answer": [{"valueBoolean": False}]}
    outer = {"linkId": "1.1", "text": "Any symptoms?", "answer": [{"valueBoolean": True, "item": [inner]}]}
    response["item"] = [{"linkId": "1", "text": "Red flags", "item": [outer]}]
    assert only(read(response)).concepts == {"fever"}


@pytest.mark.parametrize(("status", "count"), [("completed", 1), ("amended", 1), ("in-progress", 0), ("stopped", 0), ("entered-in-error", 0)])  # fmt: skip
def test_only_finished_forms_count(status: str, count: int) -> None:
    assert len(read(form(("Fever?", False), status=status)).facts) == count


def test_of_an_older_form_only_the_positive_answers_stay() -> None:
    older = form(("Fever?", True), ("Saddle numbness?", False), authored="2026-06-10")
    newer = form(("Fever?", False), ("Saddle numbness?", False), authored="2026-06-15")
    facts = read(older, newer).facts
    assert [(sorted(fact.concepts), fact.certainty) for fact in facts] == [
        (["fever"], KNOWN),
        (["fever"], DENIED),
        (["saddle-numbness"], DENIED),
    ]


def test_forms_of_another_kind_do_not_replace_each_other() -> None:
    other = form(("Fever?", False), authored="2026-06-10") | {
        "questionnaire": "http://hospital.example/other"
    }
    assert len(read(other, form(("Fever?", False))).facts) == 2


@pytest.mark.parametrize(
    ("question", "answer", "none", "days"),
    [
        pytest.param("Treatment so far", "none", True, None, id="none"),
        pytest.param("Treatment so far", "no other treatment", True, None, id="no other treatment"),
        pytest.param("Any treatment so far?", False, True, None, id="no"),
        pytest.param("Have you had any treatment?", "No", True, None, id="no in words"),
        pytest.param("Treatment so far", "tried for 5 weeks", False, 35, id="5 weeks"),
        pytest.param("Treatment so far", "physiotherapy for six weeks", False, 42, id="six weeks"),
        pytest.param("Treatment so far", "exercises, 10 days", False, 10, id="10 days"),
        pytest.param("Treatment so far", "painkillers", False, None, id="a treatment without a length"),
        pytest.param("Have you tried any treatment?", True, False, None, id="yes"),
        pytest.param("Physiotherapy tried?", True, False, None, id="physiotherapy"),
        pytest.param("For how many weeks have you had treatment?", 5, False, 35, id="a number of weeks"),
        pytest.param("Treatment so far", {"value": 6, "unit": "weeks"}, False, 42, id="a quantity of weeks"),
    ],
)
def test_treatment_so_far_is_attested(question: str, answer: Any, none: bool, days: int | None) -> None:
    (found,) = attested(question, answer)
    assert (found.none, found.days) == (none, days)
    assert found.when is not None


@pytest.mark.parametrize("question", ["Physiotherapy tried?", "Painkillers?"])
def test_a_no_to_one_treatment_is_not_no_treatment(question: str) -> None:
    assert attested(question, False) == ()


def test_a_pain_score_in_a_form_is_measured() -> None:
    (found,) = read(form(("Pain score 0 to 10", 7))).measurements
    assert (found.measure, int(found.value or -1)) == (Measure.PAIN_SCORE, 7)
