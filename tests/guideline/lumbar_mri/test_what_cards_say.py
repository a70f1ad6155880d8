"""From facts to the words of a card: what explains, what is missing, and what must not be said."""

from decimal import Decimal
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Outcome
from cds_service.record.facts import Certainty, DateProblem, Measure, Origin, PowerExam, Region, Side
from tests.guideline.lumbar_mri.decision_builders import answer, card_of
from tests.guideline.lumbar_mri.facts_builders import (
    ago,
    done,
    fact,
    measurement,
    medicine,
    pain,
    scan,
)

PAIN = pain(10)
PROSTATE = fact("prostate-hyperplasia", recorded=ago(3000), text="Prostate hyperplasia")
CATHETER = fact("urinary-catheter", recorded=ago(700), text="Long-term catheter")
REFUTED = fact("cauda-equina", recorded=ago(1), certainty=Certainty.REFUTED, text="Cauda equina syndrome")
SADDLE = fact("saddle-numbness", started=ago(3))
PREGNANT = fact("pregnancy", started=ago(100))
EXAM = PowerExam(
    muscle="ankle dorsiflexion",
    root_group="ankle-dorsiflexion",
    limb=Region.LEG,
    side=Side.RIGHT,
    grade=Decimal(4),
    resource="Observation/power",
    text="Right ankle dorsiflexion",
    when=ago(74),
)


def card(guideline: Guideline, *entries: Any) -> dict[str, Any]:
    return card_of(answer(guideline, *entries), guideline)


@pytest.mark.parametrize(
    ("entries", "reason", "said"),
    [
        pytest.param(
            [
                fact("urinary-hesitancy", started=ago(2)),
                medicine("anticholinergic", started=ago(4), text="Amitriptyline"),
            ],
            "cauda-equina.possible-explained",
            "Amitriptyline, 11 Jun 2026",
            id="a medicine",
        ),
        pytest.param(
            [PROSTATE, fact("urinary-retention", started=ago(2))],
            "cauda-equina.urgent-explained",
            "Prostate hyperplasia",
            id="the prostate",
        ),
        pytest.param(
            [PROSTATE, CATHETER], "cauda-equina.possible-catheter", "Prostate hyperplasia", id="both"
        ),
        pytest.param(
            [fact("urinary-retention", started=ago(500))],
            "cauda-equina.possible-old",
            "Urinary-retention",
            id="an old retention with no cause",
        ),
        pytest.param(
            [REFUTED, SADDLE],
            "cauda-equina.urgent-refuted",
            "Cauda equina syndrome, 14 Jun 2026 (Condition); refuted",
            id="refuted",
        ),
        pytest.param(
            [REFUTED, SADDLE, scan(1)],
            "cauda-equina.possible-imaged",
            "Cauda equina syndrome, 14 Jun 2026 (Condition); refuted",
            id="refuted and imaged",
        ),
    ],
)
def test_what_lowered_a_feature_stands_beside_it(
    entries: list[Any], reason: str, said: str, guideline: Guideline
) -> None:
    assert answer(guideline, PAIN, *entries).reason == reason
    assert said in card(guideline, PAIN, *entries)["detail"]


def test_no_other_cause_is_claimed_where_none_is_recorded(guideline: Guideline) -> None:
    detail = card(guideline, PAIN, fact("urinary-retention", started=ago(500)))["detail"]
    assert "Another cause" not in detail


def test_no_residual_volume_is_asked_for_behind_a_catheter(guideline: Guideline) -> None:
    assert "residual volume" not in card(guideline, PAIN, CATHETER)["detail"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        pytest.param(fact("saddle-numbness"), "date not recorded", id="undated"),
        pytest.param(
            fact("saddle-numbness", started_problem=DateProblem.FUTURE),
            "date in the future, not used",
            id="future",
        ),
        pytest.param(
            fact("saddle-numbness", started_problem=DateProblem.IMPOSSIBLE),
            "impossible date, not used",
            id="impossible",
        ),
        pytest.param(fact("cancer-history-high-risk", history=True), "date not recorded", id="cancer"),
    ],
)
def test_a_fact_without_a_usable_date_says_so(entry: Any, said: str, guideline: Guideline) -> None:
    assert said in card(guideline, PAIN, entry)["detail"]


@pytest.mark.parametrize("concept", ["fall-from-height", "vertebral-fracture"])
def test_in_pregnancy_no_card_speaks_of_a_radiograph_or_ct(concept: str, guideline: Guideline) -> None:
    answered = card(guideline, PAIN, PREGNANT, fact(concept, started=ago(4)))
    words = f"{answered['summary']} {answered['detail']}".lower()
    assert "radiograph" not in words
    assert " ct" not in words
    assert "suggestions" not in answered


def test_a_radiograph_is_recommended_only_where_it_is_the_first_test(guideline: Guideline) -> None:
    (injured,) = card(guideline, PAIN, fact("fall-from-height", started=ago(4)))["suggestions"]
    (fractured,) = card(guideline, PAIN, fact("vertebral-fracture", started=ago(4)))["suggestions"]
    assert (injured.get("isRecommended"), fractured.get("isRecommended")) == (None, True)


def test_a_grade_that_decides_is_not_also_too_old_to_count(guideline: Guideline) -> None:
    assert answer(guideline, PAIN, EXAM).stale == ()


def test_one_disease_in_two_entries_is_one_line(guideline: Guideline) -> None:
    twice = [fact("diabetes", recorded=ago(n), text="Diabetes", resource=f"Condition/{n}") for n in (9, 900)]
    assert card(guideline, PAIN, *twice)["detail"].count("Diabetes") == 1


def test_a_value_in_the_decision_has_the_name_of_what_was_measured(guideline: Guideline) -> None:
    volume = measurement(Measure.RESIDUAL_VOLUME, "450", 0, text="450 mL")
    decision = card(guideline, PAIN, volume)["extension"]["org.lumbar-mri-cds.decision"]
    assert decision["facts"][0]["text"] == "Residual volume 450 mL"


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_a_cancer_as_the_orders_reason_without_pain_is_named_and_not_silent(
    hook: str, guideline: Guideline
) -> None:
    cancer = fact(
        "cancer-high-risk", origin=Origin.ORDER, certainty=Certainty.SUSPECTED, recorded=ago(0),
        resource="ServiceRequest/mri-1", text="Breast cancer",
    )  # fmt: skip
    decided = answer(guideline, cancer, hook=hook)
    assert (decided.outcome, decided.reason, decided.silent) == (
        Outcome.UNCLEAR,
        "unclear.reason-without-pain",
        "",
    )
    shown = card_of(decided, guideline)
    assert "breast cancer" in shown["summary"]
    assert "no back pain or other reason" not in shown["summary"]


def test_an_unclear_card_offers_a_reason_for_each_recommendation(guideline: Guideline) -> None:
    labels = " ".join(s["label"] for s in card(guideline)["suggestions"])
    for named in ("cauda equina", "Neurology", "cancer", "infection", "procedure", "4 to 6 weeks", "6 weeks"):
        assert named in labels


def test_how_long_ago_counts_to_the_procedure_and_not_to_the_pain(guideline: Guideline) -> None:
    operation = done("lumbar-surgery", performed=ago(21), region=Region.LUMBAR, text="Discectomy")
    assert "new or worse pain, discectomy 21 days ago" in card(guideline, pain(5), operation)["summary"]


def test_weakness_of_both_legs_shows_its_odds_where_it_leads(guideline: Guideline) -> None:
    both = fact("paraparesis", started=ago(3))
    assert answer(guideline, PAIN, both).recommendations[0] == "R4"
    assert "14.97" in card(guideline, PAIN, both)["detail"]
    assert "14.97" not in card(guideline, PAIN, SADDLE)["detail"]
