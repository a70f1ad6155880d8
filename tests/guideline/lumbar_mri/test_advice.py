"""What a card advises fits its facts: contrast, procedures, both diseases, and an order that is right."""

from datetime import datetime
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Outcome
from cds_service.guideline.lumbar_mri.changed_order import ForWhom
from cds_service.guideline.lumbar_mri.decision import decide
from cds_service.guideline.lumbar_mri.suggestions import Choice, suggest
from cds_service.record.facts import Certainty, Measure, Origin, Region, Side
from tests.guideline.lumbar_mri.decision_builders import card_of
from tests.guideline.lumbar_mri.facts_builders import (
    TODAY,
    ZONE,
    ago,
    done,
    fact,
    measurement,
    medicine,
    mri_order,
    on,
    pain,
    record,
    score,
)

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 10, tzinfo=ZONE)
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
AFTER_PROCEDURE = fact(
    "reason-red-flag-procedure",
    origin=Origin.ORDER,
    certainty=Certainty.SUSPECTED,
    recorded=ago(0),
    resource="ServiceRequest/mri-1",
)


def answer(guideline: Guideline, *entries: Any, encounter_class: str = "AMB", **order: Any) -> Decision:
    """The decision at signing about a woman of 36 years."""
    facts = record(*entries, birth_date=on("1990-01-01"), encounter_class=encounter_class)
    whole = {"resource": {"resourceType": "ServiceRequest", "id": "mri-1"}} | order
    return decide(mri_order(**whole), facts, NOW, guideline, hook="order-sign")


def choices(decision: Decision, guideline: Guideline) -> tuple[Choice, ...]:
    return suggest(decision, guideline, ForWhom("Patient/p1", None))[0]


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
