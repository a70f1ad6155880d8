"""What every ward admission sheet says, and says of nobody that he is ill; and the red flag beside it."""

from typing import Any

import pytest

from cds_service.record.facts import Certainty, Side
from tests.builders import concept, observation, questionnaire_response
from tests.record.records import read

KNOWN, DENIED, WORDS, UNKNOWN = Certainty.KNOWN, Certainty.DENIED, Certainty.WORDS, Certainty.UNKNOWN


def in_a_form(question: str, answer: Any, *, under: str = "") -> Any:
    response = questionnaire_response([(question, answer)], authored="2026-06-15T09:40:00+08:00")
    if under:
        response["item"] = [{"linkId": "h", "text": under, "item": response["item"]}]
    return read(response).facts


def as_observation(question: str, value: Any) -> Any:
    return read(observation(concept(question), value, effective="2026-06-14")).facts


def power(value: str, question: str = "Lower limb power") -> set[tuple[Side | None, Certainty]]:
    """Each side with what is known of its weakness; an exam below full power is one."""
    told = read(observation(concept(question), value, effective="2026-06-14"))
    weak = {(exam.side, KNOWN) for exam in told.power if exam.grade < 5}
    return weak | {(fact.side, fact.certainty) for fact in told.facts}


@pytest.mark.parametrize(
    "question",
    [
        *("Fall risk", "Fall risk category", "Falls risk assessment completed", "Fall precautions in place"),
        *("Hendrich II fall risk score", "Morse Fall Scale total", "STRATIFY falls tool", "Falls clinic"),
    ],
)
def test_a_falls_form_is_no_fall(question: str) -> None:
    assert (as_observation(question, "Low"), as_observation(question, "High")) == ((), ())


@pytest.mark.parametrize("text", ["Fall", "Fall at home", "Fell yesterday, fall risk high"])
def test_a_fall_is_a_fall(text: str) -> None:
    assert any(fact.is_about("minor-trauma") for fact in as_observation("History", text))


@pytest.mark.parametrize(
    "value",
    [
        "Full movement against gravity and resistance", "Full strength against resistance",
        "Full range of motion against gravity and resistance", "Normal power against resistance",
        "Weakness not present on either side", "Weakness not seen", "Pain inhibition, no true weakness",
        "Equal on both sides", "Symmetrical",
    ],
)  # fmt: skip
def test_a_nurse_s_words_for_full_power(value: str) -> None:
    assert {certainty for _, certainty in power(value)} == {DENIED}


@pytest.mark.parametrize(
    "value",
    [
        "Movement against gravity and resistance", "Active movement against gravity and some resistance",
        "Full range of motion against gravity", "Full range against gravity with some resistance",
        "Equal weakness on both sides", "Reduced, symmetrical", "No improvement, weakness on both sides",
    ],
)  # fmt: skip
def test_less_than_full_power_stays_a_weakness(value: str) -> None:
    assert {certainty for _, certainty in power(value)} == {KNOWN}


@pytest.mark.parametrize(
    ("value", "side"),
    [
        ("Left leg weaker than right", Side.LEFT),
        ("Right weaker than left", Side.RIGHT),
        ("Reduced on left compared with right", Side.LEFT),
        ("Weaker on the left vs. the right", Side.LEFT),
        ("Weaker than before on both sides", Side.BOTH),
    ],
)
def test_the_side_of_a_comparison_is_the_one_before_it(value: str, side: Side) -> None:
    assert power(value, "Motor strength bilateral lower extremities") == {(side, KNOWN)}


def test_a_comparison_hides_no_weakness_of_the_other_side() -> None:
    assert power("Left full vs right weak") == {(Side.BOTH, KNOWN)}
    assert (Side.RIGHT, KNOWN) in power("Left 5/5 compared with right 3/5")


@pytest.mark.parametrize(
    "question", ["Bladder and bowel control", "Bladder", "Bowels", "Bladder and bowels", "Passing urine?"]
)
def test_a_yes_to_a_bare_organ_is_unknown(question: str) -> None:
    assert {fact.certainty for fact in in_a_form(question, True)} == {UNKNOWN}


@pytest.mark.parametrize(
    "question",
    [
        *("Loss of bladder and bowel control", "Problems with bladder or bowel control", "Bladder problems"),
        *("Bladder or bowel dysfunction", "Incontinence"),
    ],
)
def test_a_yes_to_a_named_loss_is_the_loss(question: str) -> None:
    assert {fact.certainty for fact in in_a_form(question, True)} == {KNOWN}


def test_a_heading_that_asks_for_complaints_makes_a_bare_organ_one() -> None:
    assert {fact.certainty for fact in in_a_form("Bladder", True, under="Any problems with")} == {KNOWN}


@pytest.mark.parametrize("read_by", [in_a_form, as_observation], ids=["form", "observation"])
@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("Bladder control", "Continent"),
        ("Urinary continence", "Fully continent"),
        ("Bladder control", "Complete control"),
        ("Bladder function", "No problems"),
        ("Continence", "Continent of bladder and bowel"),
        ("Bladder control", "Not incontinent"),
        ("Fever", "Afebrile"),
        ("Temperature feels", "Afebrile"),
        ("HIV 1/2 antibody", "Non-reactive"),
    ],
)
def test_a_good_answer_asks_nothing(read_by: Any, question: str, value: str) -> None:
    assert {fact.certainty for fact in read_by(question, value)} <= {DENIED}


@pytest.mark.parametrize("read_by", [in_a_form, as_observation], ids=["form", "observation"])
@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("Bladder control", "Incontinent"),
        ("Bladder control", "Not continent"),
        ("Urinary continence", "Occasionally incontinent"),
        ("Bladder function", "Continent, new retention since Monday"),
        ("Continence", "Not continent of bladder and bowel"),
        ("Temperature feels", "Febrile"),
        ("HIV 1/2 antibody", "Reactive"),
        ("Have you lost weight without trying?", "Yes"),
        ("Lost weight without dieting", "Yes"),
        ("Red flags screened", "Positive"),
        ("Red flags screened", "Yes - saddle numbness"),
        ("Red flags present", "Yes"),
        ("Steroid use", "Yes"),
    ],
)
def test_a_bad_answer_still_asks(read_by: Any, question: str, value: str) -> None:
    assert any(fact.certainty.positive for fact in read_by(question, value))


@pytest.mark.parametrize("read_by", [in_a_form, as_observation], ids=["form", "observation"])
@pytest.mark.parametrize(
    "question", ["Have you lost weight without trying?", "Weight loss without meaning to", "Any weight loss?"]
)
def test_a_no_to_lost_weight_denies_it(read_by: Any, question: str) -> None:
    facts = read_by(question, "No")
    assert {fact.certainty for fact in facts} == {DENIED}


@pytest.mark.parametrize("read_by", [in_a_form, as_observation], ids=["form", "observation"])
@pytest.mark.parametrize(
    ("question", "value"),
    [
        *((f"Red flags {done}", "Yes") for done in ("screened", "assessed", "discussed", "explored")),
        ("Red flag screening completed", True),
        ("Red flag advice given", True),
        ("No red flags", True),
        ("Red flags screened", "Yes - none"),
    ],
)
def test_red_flags_asked_for_or_not_there_are_none(read_by: Any, question: str, value: Any) -> None:
    assert read_by(question, value) == ()


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Safety netting", "Counselled on red flags; worsening weakness, incontinence to seek care"),
        ("Management", "Counsel re red flags eg incontinence, saddle anaesthesia, LL weakness"),
    ],
)
def test_advice_in_a_form_says_nothing_of_the_patient(question: str, answer: str) -> None:
    assert in_a_form(question, answer) == ()


@pytest.mark.parametrize(
    "text", ["Lower limb power 5/5 bilaterally", "Power lower limbs 5/5", "Legs: power full"]
)
def test_full_power_in_a_text_is_no_weakness(text: str) -> None:
    assert not any(fact.certainty.positive for fact in as_observation("Physical examination", text))


@pytest.mark.parametrize(
    "text",
    [
        "Lower limb power reduced",
        "Lower limb power 4/5",
        "Power lower limbs 3+/5",
        "loss of lower limb power",
    ],
)
def test_weak_power_in_a_text_asks(text: str) -> None:
    assert {fact.certainty for fact in as_observation("Physical examination", text)} == {WORDS}


def test_a_yes_to_a_vague_question_with_a_good_word_is_not_dropped() -> None:
    assert {fact.certainty for fact in in_a_form("Regular steroids?", True)} == {UNKNOWN}
