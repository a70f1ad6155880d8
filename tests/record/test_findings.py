"""Findings as Observations: present, absent, unknown; questions whose answer is a word (8.1.6, 8.2)."""

from typing import Any

import pytest

from cds_service.record.facts import Certainty, Fact
from tests.builders import Concept, concept, condition, observation, quantity
from tests.record.records import only, read
from tests.vignettes import codings

SADDLE = codings.SADDLE_NUMBNESS
PRESENT, ABSENT, UNKNOWN = Certainty.KNOWN, Certainty.DENIED, Certainty.UNKNOWN
VALUELESS, WORDS = Certainty.VALUELESS, Certainty.WORDS


def found(code: Concept, value: Any = None, **more: Any) -> Fact:
    return only(read(observation(code, value, **({"effective": "2026-06-14"} | more))))


@pytest.mark.parametrize(
    ("value", "certainty"),
    [
        pytest.param(True, PRESENT, id="true"),
        pytest.param(False, ABSENT, id="false"),
        pytest.param("Yes", PRESENT, id="yes"),
        pytest.param("No", ABSENT, id="no"),
        pytest.param("Present", PRESENT, id="present"),
        pytest.param("Absent", ABSENT, id="absent"),
        pytest.param("Negative", ABSENT, id="negative"),
        pytest.param("Positive", PRESENT, id="positive"),
        pytest.param("Normal", ABSENT, id="normal"),
        pytest.param("Yes, since Monday", PRESENT, id="yes and more"),
        pytest.param("++", PRESENT, id="plus signs"),
        pytest.param("No, never", ABSENT, id="no and more"),
        pytest.param("since yesterday", PRESENT, id="since when"),
        pytest.param("Not present", ABSENT, id="not present"),
        pytest.param("not detected", ABSENT, id="not detected"),
        pytest.param("NAD", ABSENT, id="nad"),
        pytest.param("no tingling", ABSENT, id="a denied word"),
        pytest.param("no change", UNKNOWN, id="no change"),
        pytest.param("No change from baseline", UNKNOWN, id="no change from a baseline"),
        pytest.param("unchanged", UNKNOWN, id="unchanged"),
        pytest.param("numb, no change", PRESENT, id="numb without change"),
        *(pytest.param(word, UNKNOWN, id=word) for word in ("N/A", "n/a", "NA", "see notes", "0", "?")),
        pytest.param("non-contributory", UNKNOWN, id="non-contributory"),
        pytest.param("Nein", WORDS, id="words that nobody knows"),
        pytest.param("resolved", WORDS, id="resolved"),
        pytest.param("L5, S1", PRESENT, id="where it is"),
        *(pytest.param(word, PRESENT, id=word) for word in ("severe", "mild", "intermittent", "worse")),
        *(
            pytest.param(concept(word), PRESENT, id=f"coded {word}")
            for word in ("Severe", "mild", "since yesterday")
        ),
        pytest.param(concept("Not present"), ABSENT, id="coded not present"),
        pytest.param(concept("N/A"), UNKNOWN, id="coded not applicable"),
        pytest.param("not asked", UNKNOWN, id="not asked"),
        pytest.param(concept("Present"), PRESENT, id="coded present"),
        pytest.param(concept("No"), ABSENT, id="coded no"),
        pytest.param({"coding": [{"code": "Y"}]}, PRESENT, id="the code Y"),
        pytest.param({"coding": [{"code": "N"}]}, ABSENT, id="the code N"),
        pytest.param({"coding": [{"code": "LA99"}]}, UNKNOWN, id="a code that nobody knows"),
        pytest.param(SADDLE, PRESENT, id="the finding repeated as value"),
        pytest.param(1, PRESENT, id="a number above zero"),
        pytest.param(0, UNKNOWN, id="zero may be anything"),
        pytest.param(None, VALUELESS, id="no value"),
    ],
)
def test_a_finding_as_code_with_its_answer(value: Any, certainty: Certainty) -> None:
    assert found(SADDLE, value).certainty is certainty


@pytest.mark.parametrize(
    ("flag", "certainty"),
    [("A", PRESENT), ("POS", PRESENT), ("N", ABSENT), ("NEG", ABSENT), ("X", VALUELESS)],
)
def test_the_interpretation_stands_for_a_missing_value(flag: str, certainty: Certainty) -> None:
    assert found(SADDLE, interpretation=flag).certainty is certainty


def test_a_reason_for_absent_data_is_unknown() -> None:
    assert found(SADDLE, dataAbsentReason=concept("Not asked")).certainty is UNKNOWN


def test_a_kind_of_value_that_nobody_reads_is_unknown() -> None:
    assert found(SADDLE, valueTime="10:00:00").certainty is UNKNOWN


def test_a_finding_as_the_value_of_a_general_exam_is_present() -> None:
    fact = found(concept("Neurological examination", local="NEURO"), SADDLE)
    assert (set(fact.concepts), fact.certainty) == ({"saddle-numbness"}, PRESENT)


def test_a_finding_in_words_as_the_value_of_a_general_exam_asks() -> None:
    fact = found(concept("Neurological examination"), "Saddle anaesthesia")
    assert (set(fact.concepts), fact.certainty) == ({"saddle-numbness"}, WORDS)


def test_the_value_finding_of_a_known_code_is_read_too() -> None:
    fact = found(concept("Numbness", snomed="44077006"), SADDLE)
    assert "saddle-numbness" in fact.concepts


@pytest.mark.parametrize(
    ("value", "certainty"),
    [(True, WORDS), ("yes", WORDS), (False, ABSENT), (None, VALUELESS), ("unsure", UNKNOWN)],
)
def test_a_red_flag_in_words_asks_with_a_yes_and_denies_with_a_no(value: Any, certainty: Certainty) -> None:
    expected = WORDS if certainty is VALUELESS else certainty
    assert found(concept("Urinary retention"), value).certainty is expected


def test_pain_in_words_is_known_with_a_yes() -> None:
    assert found(concept("Low back pain"), True).certainty is PRESENT


@pytest.mark.parametrize(
    ("question", "concepts"),
    [
        pytest.param("Saddle sensation", "saddle-numbness", id="saddle"),
        pytest.param("Perianal sensation", "saddle-numbness", id="perianal"),
        pytest.param("Sensation in the perineal area", "saddle-numbness", id="perineal"),
        pytest.param("Genital sensation", "saddle-numbness", id="genital"),
        pytest.param("Anal tone", "anal-tone-reduced", id="anal tone"),
        pytest.param("Anal sphincter tone", "anal-tone-reduced", id="sphincter"),
        pytest.param("Bladder sensation", "bladder-sensation-lost", id="bladder"),
        pytest.param("Rectal fullness", "rectal-sensation-lost", id="rectum"),
    ],
)
@pytest.mark.parametrize(
    ("value", "certainty"),
    [
        *((word, PRESENT) for word in ("reduced", "absent", "altered", "impaired", "lost", "decreased")),
        *((word, ABSENT) for word in ("intact", "preserved", "normal", "not reduced")),
        *((word, ABSENT) for word in ("NAD", "nil abnormal", "no abnormality detected", "present")),
        *((word, PRESENT) for word in ("not present", "not intact")),
        *((value, UNKNOWN) for value in (True, False, "yes", "no", "not tested", "positive", "negative")),
        *((word, UNKNOWN) for word in ("no change", "N/A", "denied", "severe", "see note")),
    ],
)
def test_a_question_on_sensation_or_tone_is_answered_in_words(
    question: str, concepts: str, value: Any, certainty: Certainty
) -> None:
    fact = found(concept(question, local="EX"), value)
    assert (set(fact.concepts), fact.certainty) == ({concepts}, certainty)


@pytest.mark.parametrize(
    ("value", "certainty"),
    [("lax", PRESENT), ("full", ABSENT), ("numb", PRESENT), (concept("Reduced"), PRESENT), (concept("Intact"), ABSENT)],
)  # fmt: skip
def test_other_words_for_tone(value: Any, certainty: Certainty) -> None:
    assert found(concept("Anal tone"), value).certainty is certainty


@pytest.mark.parametrize(
    ("question", "value", "certainty"),
    [
        pytest.param("Saddle numbness", True, PRESENT, id="numbness true"),
        pytest.param("Saddle numbness", False, ABSENT, id="numbness false"),
        pytest.param("Saddle anaesthesia", "absent", ABSENT, id="anaesthesia absent"),
        pytest.param("Loss of rectal sensation", True, PRESENT, id="loss true"),
        pytest.param("Reduced anal tone", "no", ABSENT, id="reduced tone no"),
        pytest.param("Saddle numbness", "reduced", PRESENT, id="an abnormal word"),
    ],
)
def test_a_question_that_names_the_loss_is_answered_by_yes_and_no(
    question: str, value: Any, certainty: Certainty
) -> None:
    assert found(concept(question), value).certainty is certainty


@pytest.mark.parametrize(
    ("question", "value", "certainty"),
    [
        pytest.param("Normal bladder control?", True, UNKNOWN, id="control true"),
        pytest.param("Normal bladder control?", False, UNKNOWN, id="control false"),
        pytest.param("Bladder function", "normal", ABSENT, id="function normal"),
        pytest.param("Bladder function", "impaired", WORDS, id="function impaired only asks"),
        pytest.param("Bowel control", True, UNKNOWN, id="bowel control true"),
    ],
)
def test_a_yes_to_a_function_is_unknown(question: str, value: Any, certainty: Certainty) -> None:
    assert found(concept(question), value).certainty is certainty


@pytest.mark.parametrize("value", [True, False, "yes", "no"])
@pytest.mark.parametrize(
    "question",
    [
        *("No saddle numbness", "Absence of saddle anaesthesia", "Denies saddle numbness", "No fever"),
        *("No urinary retention", "No history of cancer", "Able to empty bladder?", "Continent of urine?"),
        *("Is your bladder working normally?", "Can you feel when you wipe?", "Saddle area feels normal?"),
        *("Do you feel your bladder filling?", "Able to walk?", "Is leg power normal?", "Neurology normal?"),
        *("Is sensation in the legs normal?", "Continent of faeces?"),
    ],
)
def test_a_yes_or_no_to_words_put_the_other_way_is_unknown(question: str, value: Any) -> None:
    assert found(concept(question, local="Q"), value).certainty is UNKNOWN


def test_words_that_deny_a_finding_and_have_no_value_affirm_nothing() -> None:
    facts = read(observation(concept("No saddle numbness"), effective="2026-06-14")).facts
    assert not any(fact.certainty.positive for fact in facts)


@pytest.mark.parametrize(("value", "certainty"), [(True, ABSENT), (False, UNKNOWN)])
def test_a_code_that_its_own_text_denies(value: bool, certainty: Certainty) -> None:
    code = concept("No saddle numbness", snomed="449813001|Numbness of saddle area")
    assert found(code, value).certainty is certainty


@pytest.mark.parametrize("question", ["Unable to walk normally?", "Numbness between your legs?"])
def test_words_of_loss_are_answered_the_plain_way(question: str) -> None:
    assert [found(concept(question), value).certainty for value in (True, False)] == [WORDS, ABSENT]


@pytest.mark.parametrize(
    ("question", "concept_name"),
    [("Red flags present?", "cauda-equina"), ("Steroid use?", "long-term-steroid")],
)
def test_a_yes_to_a_vague_question_asks_and_a_no_says_nothing(question: str, concept_name: str) -> None:
    fact = found(concept(question), True)
    assert concept_name in fact.concepts
    assert fact.certainty is WORDS
    assert read(observation(concept(question), False)).facts == ()


def test_a_bare_code_without_its_system_only_asks() -> None:
    bare = {"coding": [{"code": "449813001"}]}
    assert [found(bare, value).certainty for value in (True, False)] == [WORDS, ABSENT]


GERMS = (
    "Staphylococcus aureus isolated", "Growth of E. coli", "positive", "E. coli", "Staph aureus", "S. aureus",
    "Proteus mirabilis", "Candida albicans", "Burkholderia pseudomallei", "Gram negative rods",
    "GPC in clusters", "Detected", "Staph aureus, sensitivities pending",
)  # fmt: skip
NO_GERMS = (
    "No growth after 5 days", "negative", "Sterile", "NG 5/7", "no growth to date", "NGTD", "Not detected",
    "preliminary: no growth",
)  # fmt: skip
NO_RESULT = ("in progress", "Pending", "Taken", "cancelled", "Specimen rejected", "final report to follow")


@pytest.mark.parametrize("value", GERMS)
def test_a_positive_blood_culture(value: str) -> None:
    code = concept("Blood culture", loinc="600-7")
    fact = found(code, value)
    assert (set(fact.concepts), fact.certainty) == ({"blood-culture", "bacteraemia"}, PRESENT)


@pytest.mark.parametrize("value", NO_GERMS)
def test_a_negative_blood_culture(value: str) -> None:
    assert found(concept("Blood culture", loinc="600-7"), value).certainty is ABSENT


@pytest.mark.parametrize("text", ["Blood culture", "Blood cultures"])
@pytest.mark.parametrize(
    ("values", "certainty"),
    [pytest.param(GERMS, WORDS, id="grown"), pytest.param(NO_GERMS, ABSENT, id="not")],
)
def test_a_blood_culture_in_words_only_asks(text: str, values: tuple[str, ...], certainty: Certainty) -> None:
    assert {found(concept(text), value).certainty for value in values} == {certainty}


@pytest.mark.parametrize("value", NO_RESULT)
def test_a_blood_culture_without_a_result_says_nothing(value: str) -> None:
    for code in (concept("Blood culture", loinc="600-7"), concept("Blood cultures")):
        assert read(observation(code, value)).facts == ()


@pytest.mark.parametrize("value", ["Coagulase negative staphylococcus, likely contaminant", "Coag neg staph"])
def test_a_contaminated_blood_culture_says_nothing(value: str) -> None:
    assert read(observation(concept("Blood culture", loinc="600-7"), value)).facts == ()


@pytest.mark.parametrize(("value", "count"), [(True, 1), (False, 0), (None, 1)])
def test_a_preliminary_finding_counts_only_where_it_is_positive(value: Any, count: int) -> None:
    assert len(read(observation(SADDLE, value, status="preliminary")).facts) == count


def test_a_panel_without_a_value_of_its_own_is_no_finding() -> None:
    panel = observation(SADDLE, hasMember=[{"reference": "Observation/1"}], effective="2026-06-14")
    assert read(panel).facts == ()


def test_a_component_finding_takes_side_and_date_of_the_whole() -> None:
    whole = observation(
        concept("Sensory examination", local="S"),
        effective="2026-06-14",
        site="Left lower limb",
        component=[{"code": concept("Numbness of lower limb", snomed="309537005"), "valueBoolean": True}],
    )
    fact = only(read(whole))
    assert (fact.side, fact.recorded and fact.recorded.last.day) == ("left", 14)


def test_a_laboratory_number_beside_words_of_an_explanation_is_no_fact() -> None:
    assert read(observation(concept("Diabetes index"), quantity(0, "1"))).facts == ()


@pytest.mark.parametrize(
    ("value", "severity"), [("mild", 1), ("Moderate", 2), (concept("Severe"), 3), ("since Monday", None)]
)
def test_the_words_of_an_answer_tell_how_bad_it_is(value: Any, severity: int | None) -> None:
    code = concept("Numbness of left leg", snomed="309537005|Numbness of lower limb (finding)")
    assert only(read(observation(code, value))).severity == severity


@pytest.mark.parametrize(
    "text", ["Numbness of left hand", "Tingling in the fingers", "Numb arm", "Left hand numbness"]
)
def test_numbness_of_an_arm_in_words_asks(text: str) -> None:
    fact = only(read(condition(concept(text), onset="2026-06-10")))
    assert (set(fact.concepts), fact.certainty) == ({"arm-numbness"}, WORDS)


@pytest.mark.parametrize("text", ["Loss of weight", "Losing weight", "Weight decreasing"])
@pytest.mark.parametrize(
    ("value", "certainty"), [(True, WORDS), ("Yes", WORDS), (None, WORDS), (False, ABSENT), ("No", ABSENT)]
)
def test_a_loss_of_weight_is_a_finding_and_no_weight(text: str, value: Any, certainty: Certainty) -> None:
    fact = found(concept(text), value)
    assert (set(fact.concepts), fact.certainty) == ({"weight-loss"}, certainty)


@pytest.mark.parametrize(
    ("value", "certainty"), [("Incontinent", WORDS), ("Continent", ABSENT), ("not incontinent", ABSENT)]
)
def test_continence_is_answered_by_its_own_word(value: str, certainty: Certainty) -> None:
    assert found(concept("Urinary continence"), value).certainty is certainty


def test_a_general_question_may_be_answered_by_the_finding() -> None:
    assert found(concept("Drug use"), "IV heroin, last month").concepts == {"injecting-drug-use"}
    assert read(observation(concept("Drug use"), "Cannabis")).facts == ()


def test_no_red_flags_answered_no_is_unclear_and_answered_yes_says_nothing() -> None:
    fact = found(concept("No red flags"), False)
    assert (set(fact.concepts), fact.certainty) == ({"red-flags", "cauda-equina"}, Certainty.UNKNOWN)
    assert read(observation(concept("No red flags"), True)).facts == ()
