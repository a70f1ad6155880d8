"""What a card advises fits its facts: contrast, procedures, both diseases, and an order that is right."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Outcome
from cds_service.record.facts import Certainty, Measure, Origin, PowerExam, Region, Side
from tests.guideline.lumbar_mri.decision_builders import answer, card_of, choices
from tests.guideline.lumbar_mri.facts_builders import (
    ago,
    done,
    fact,
    measurement,
    medicine,
    on,
    pain,
    score,
)

HOSPITAL = {"encounter_class": "EMER"}
URGENT, STAT = {"priority": "urgent"}, {"priority": "stat", "encounter_class": "EMER"}
PAIN = pain(10)
BREAST = fact("cancer-high-risk", started=ago(200), text="Breast cancer")
FEVER = measurement(Measure.TEMPERATURE, "38.6", 0)
CRP_85 = measurement(Measure.CRP, "85", 1)
SADDLE = fact("saddle-numbness", started=ago(1))
WEAK_LEG = fact("leg-weakness", started=ago(5), side=Side.RIGHT)
REACTION = fact("contrast-reaction", recorded=ago(900), text="Gadolinium reaction")
LOW_EGFR = measurement(Measure.EGFR, "12", 5)
PUNCTURE = done("lumbar-puncture", performed=ago(3), region=Region.LUMBAR, text="Lumbar puncture")
DISCECTOMY = done("lumbar-surgery", performed=ago(5), region=Region.LUMBAR, text="Discectomy")
WARFARIN = medicine("anticoagulant", started=ago(60), open=True, text="Warfarin 3 mg tablet")
EXAM = PowerExam(
    muscle="ankle dorsiflexion",
    root_group="ankle-dorsiflexion",
    limb=Region.LEG,
    side=Side.RIGHT,
    grade=Decimal(5),
    resource="Observation/power",
    text="Ankle dorsiflexion",
    when=ago(14),
)
AFTER_PROCEDURE = fact(
    "reason-red-flag-procedure",
    origin=Origin.ORDER,
    certainty=Certainty.SUSPECTED,
    recorded=ago(0),
    resource="ServiceRequest/mri-1",
)


def labels_of(decision: Decision, guideline: Guideline) -> list[str]:
    return [choice.label for choice in choices(decision, guideline)]


def detail(decision: Decision, guideline: Guideline) -> str:
    text: str = card_of(decision, guideline)["detail"]
    return text


@pytest.mark.parametrize("risk", [LOW_EGFR, REACTION])
@pytest.mark.parametrize("contrast", ["without", "with-and-without", None])
@pytest.mark.parametrize("disease", [BREAST, FEVER])
def test_no_contrast_is_offered_against_kidney_function_or_an_earlier_reaction(
    disease: Any, contrast: str | None, risk: Any, guideline: Guideline
) -> None:
    decision = answer(guideline, PAIN, disease, risk, contrast=contrast)
    assert not [choice.label for choice in choices(decision, guideline) if "and without" in choice.label]
    assert "Gadolinium only after radiology agrees" in detail(decision, guideline)


def test_the_reason_that_we_offer_never_calms_a_lumbar_puncture(guideline: Guideline) -> None:
    before = answer(guideline, pain(2), PUNCTURE)
    after = answer(guideline, pain(2), PUNCTURE, AFTER_PROCEDURE)
    assert (before.outcome, after.outcome, after.endorsed) == (Outcome.POSSIBLE, Outcome.URGENT, False)


def test_a_procedure_that_only_the_order_names_is_asked_for_and_not_confirmed(guideline: Guideline) -> None:
    decision = answer(guideline, PAIN, AFTER_PROCEDURE)
    card = card_of(decision, guideline)
    assert (decision.outcome, decision.endorsed) == (Outcome.INDICATED, False)
    assert card["summary"].startswith("Ask which procedure it was and when")


@pytest.mark.parametrize(
    ("last", "outcome"),
    [
        pytest.param("8", Outcome.EMERGENCY, id="as high as it says"),
        pytest.param("7", Outcome.POSSIBLE, id="a rise to less"),
    ],
)
def test_the_card_after_a_needle_says_which_pain_makes_an_emergency(
    last: str, outcome: Outcome, guideline: Guideline
) -> None:
    assert "score of 8 or more that rose by 2 points" in detail(
        answer(guideline, pain(2), PUNCTURE), guideline
    )
    decision = answer(guideline, pain(2), PUNCTURE, score("3", 2), score(last, 0))
    assert decision.outcome is outcome


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([PUNCTURE], id="a puncture that only asks"),
        pytest.param([DISCECTOMY, SADDLE], id="a possible haematoma"),
    ],
)
def test_an_anticoagulant_after_a_procedure_is_named_and_changes_nothing(
    entries: list[Any], guideline: Guideline
) -> None:
    without = answer(guideline, pain(2), *entries)
    with_it = answer(guideline, pain(2), *entries, WARFARIN)
    assert with_it.outcome is without.outcome
    assert "Warfarin 3 mg tablet" in detail(with_it, guideline)


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([DISCECTOMY, SADDLE, FEVER], id="an abscess pattern"),
        pytest.param(
            [
                done("lumbar-surgery", performed=ago(21), region=Region.LUMBAR),
                fact("bilateral-leg-symptoms", started=ago(3)),
            ],
            id="both legs",
        ),
    ],
)
def test_the_operating_team_is_called_where_another_disease_leads(
    entries: list[Any], guideline: Guideline
) -> None:
    decision = answer(guideline, PAIN, *entries)
    assert decision.recommendations[0] != "R6"
    assert "- Call the operating team." in detail(decision, guideline)


@pytest.mark.parametrize("setting", ["AMB", "EMER"])
@pytest.mark.parametrize("severity", [[FEVER], [FEVER, CRP_85], [fact("sepsis", started=ago(1))]])
def test_an_infection_beside_neurology_has_the_words_of_an_abscess(
    severity: list[Any], setting: str, guideline: Guideline
) -> None:
    decision = answer(guideline, PAIN, *severity, WEAK_LEG, encounter_class=setting)
    assert decision.reason == "infection.emergency-abscess"
    assert "all the spine team on call" in detail(decision, guideline)


@pytest.mark.parametrize(
    ("entries", "order", "said"),
    [
        pytest.param([BREAST], URGENT, "Consider: whole spine, with and without contrast", id="cancer"),
        pytest.param([BREAST], URGENT, "Tell oncology", id="oncology"),
        pytest.param([FEVER], URGENT, "Blood cultures before antibiotics", id="cultures"),
        pytest.param([FEVER], URGENT, "Consider: with and without contrast", id="contrast for infection"),
        pytest.param([FEVER, CRP_85], STAT, "Blood cultures before antibiotics", id="emergency"),
        pytest.param([SADDLE, BREAST], STAT | {"covers": "whole-spine"}, "Tell oncology", id="beside"),
    ],
)
def test_an_order_that_is_right_still_says_what_else_to_do(
    entries: list[Any], order: dict[str, Any], said: str, guideline: Guideline
) -> None:
    decision = answer(guideline, PAIN, *entries, **order)
    assert decision.endorsed
    text = detail(decision, guideline)
    assert said in text
    assert "Nothing" not in text


def test_weakness_of_both_legs_is_named_and_the_weaker_side_leads(guideline: Guideline) -> None:
    legs = [
        replace(EXAM, side=side, grade=Decimal(grade), when=ago(days), resource=f"Observation/{side}{days}")
        for side, last in ((Side.LEFT, 4), (Side.RIGHT, 2))
        for grade, days in ((5, 14), (last, 1))
    ]
    card = card_of(answer(guideline, PAIN, *legs), guideline)
    assert "weakness of both legs. Right ankle dorsiflexion 5 to 2" in card["summary"]


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([fact("spinal-infection", "spinal-abscess", started=ago(1))], id="abscess"),
        pytest.param([fact("sepsis", started=ago(1))], id="sepsis"),
        pytest.param([DISCECTOMY, fact("spinal-haematoma", started=ago(1))], id="haematoma"),
        pytest.param([fact("aortic-aneurysm", started=on("2024"))], id="aorta"),
    ],
)
def test_in_hospital_nobody_is_referred_to_the_emergency_department(
    entries: list[Any], guideline: Guideline
) -> None:
    decision = answer(guideline, PAIN, *entries, **HOSPITAL)
    card = card_of(decision, guideline)
    labels = [choice.label for choice in choices(decision, guideline)]
    assert not [text for text in (card["summary"], card["detail"], *labels) if "efer to" in text]


@pytest.mark.parametrize("procedure", [PUNCTURE, replace(DISCECTOMY, performed=ago(21))])
def test_a_recent_procedure_beside_an_older_pain_is_listed_and_its_reason_offered(
    procedure: Any, guideline: Guideline
) -> None:
    decision = answer(guideline, pain(125), procedure)
    assert decision.outcome is Outcome.UNCLEAR
    assert f"Also on record: {procedure.text}" in detail(decision, guideline)
    assert "Add reason: New or worse pain after a spinal procedure" in labels_of(decision, guideline)


def test_a_procedure_past_its_window_is_not_listed(guideline: Guideline) -> None:
    decision = answer(guideline, pain(125), replace(PUNCTURE, performed=ago(31)))
    assert "Lumbar puncture" not in detail(decision, guideline)
    assert not [label for label in labels_of(decision, guideline) if "spinal procedure" in label]


def test_the_note_on_artefact_is_offered_where_nothing_else_changes(guideline: Guideline) -> None:
    fusion = done(
        "lumbar-surgery", "spinal-hardware", performed=ago(900), region=Region.LUMBAR, text="Fusion"
    )
    open_question = fact("leg-weakness", side=Side.RIGHT)
    decision = answer(guideline, PAIN, fusion, open_question)
    assert (decision.outcome, decision.endorsed) == (Outcome.INDICATED, False)
    assert "Add a note: metal-artefact-reducing sequences" in labels_of(decision, guideline)
    assert detail(decision, guideline).count("artefact-reducing") == 1


def test_a_cancer_beside_fever_keeps_the_whole_spine(guideline: Guideline) -> None:
    decision = answer(guideline, PAIN, BREAST, FEVER)
    assert (decision.reason, decision.plan.region) == ("infection.urgent", "whole-spine")


@pytest.mark.parametrize(
    ("entries", "delay", "bladder"),
    [
        pytest.param([], 0, 0, id="not indicated"),
        pytest.param([SADDLE], 1, 1, id="cauda equina"),
        pytest.param([FEVER], 1, 0, id="infection"),
    ],
)
def test_pregnancy_is_said_once_and_where_it_matters(
    entries: list[Any], delay: int, bladder: int, guideline: Guideline
) -> None:
    text = detail(answer(guideline, PAIN, *entries, fact("pregnancy", started=ago(100))), guideline)
    assert text.count("does not delay") == delay
    assert text.count("Bladder symptoms are common in pregnancy") == bladder
    ordered = answer(guideline, PAIN, *entries, fact("pregnancy", started=ago(100)), contrast="with")
    assert (detail(ordered, guideline).lower().count("gadolinium")) == 1


def test_a_pain_with_an_onset_on_record_is_not_called_undated(guideline: Guideline) -> None:
    visit = fact("low-back-pain", origin=Origin.ENCOUNTER, started=ago(6), resource="Encounter/e1")
    assert "onset not recorded" not in detail(answer(guideline, pain(8), visit), guideline)
    assert "onset not recorded" in detail(answer(guideline, visit), guideline)


def test_a_deficit_of_one_old_date_is_not_called_unchanged(guideline: Guideline) -> None:
    drop = fact("foot-drop", started=on("2018"), side=Side.RIGHT)
    assert "old; no later change recorded" in detail(answer(guideline, PAIN, drop), guideline)


def test_blood_tests_are_asked_for_once(guideline: Guideline) -> None:
    night, loss = fact("night-pain", started=ago(5)), fact("weight-loss", started=ago(20))
    text = detail(answer(guideline, PAIN, night, loss), guideline)
    assert text.count("CRP and ESR") == 1


@pytest.mark.parametrize("setting", ["AMB", "EMER"])
def test_the_card_of_cauda_equina_names_study_and_alternative(setting: str, guideline: Guideline) -> None:
    text = detail(answer(guideline, PAIN, SADDLE, encounter_class=setting), guideline)
    assert "lumbosacral without contrast" in text
    assert "CT or CT myelogram" in text
    assert "set the MRI to stat" not in text
