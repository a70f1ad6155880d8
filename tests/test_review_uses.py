"""What a rule uses is found in the source that runs: every number has a document, and none a wrong one."""

from dataclasses import fields

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.lumbar_mri import cauda_equina, decision
from cds_service.guideline.thresholds import Switches, Thresholds
from cds_service.review.pack import uses_of_recommendation, uses_of_the_rest
from cds_service.review.uses import Uses, uses_of
from tests.shipped import shipped_guideline

NAMES = ("R1", "R2", "R3", "R4", "R5", "R6")


@pytest.fixture(scope="module")
def guideline() -> Guideline:
    return shipped_guideline()


def all_uses() -> list[Uses]:
    return [*map(uses_of_recommendation, NAMES), uses_of_the_rest()]


def test_every_number_and_switch_stands_in_a_document() -> None:
    used = all_uses()
    assert frozenset().union(*(each.thresholds for each in used)) == {f.name for f in fields(Thresholds)}
    assert frozenset().union(*(each.switches for each in used)) == {f.name for f in fields(Switches)}


@pytest.mark.parametrize(
    ("name", "number", "value_set"),
    [
        ("R1", "pain_short_days", "low-back-pain"),
        ("R2", "care_full_days", "physical-therapy"),
        ("R3", "power_severe_grade", "foot-drop"),
        ("R4", "residual_volume_ml", "saddle-numbness"),
        ("R5", "crp_strong_mg_l", "spinal-infection"),
        ("R6", "needle_days", "lumbar-puncture"),
    ],
)
def test_each_recommendation_uses_its_own(name: str, number: str, value_set: str) -> None:
    uses = uses_of_recommendation(name)
    assert number in uses.thresholds
    assert value_set in uses.texts


@pytest.mark.parametrize(
    ("name", "number", "value_set"),
    [
        ("R1", "crp_strong_mg_l", "cauda-equina"),
        ("R3", "cancer_remote_years", "spinal-metastasis"),
        ("R4", "crp_weak_mg_l", "crp"),
        ("R6", "care_min_days", "cauda-equina"),
    ],
)
def test_no_recommendation_uses_what_is_another_s(name: str, number: str, value_set: str) -> None:
    uses = uses_of_recommendation(name)
    assert number not in uses.thresholds
    assert value_set not in uses.texts


def test_what_a_function_borrows_from_another_module_is_found() -> None:
    assert "power_severe_grade" in uses_of(cauda_equina.assess_cauda_equina).thresholds


def test_a_measurement_names_the_value_sets_that_hold_it() -> None:
    assert {"body-temperature", "crp-high-sensitivity"} <= uses_of_recommendation("R5").texts


def test_nothing_is_followed_into_a_rule_that_is_left_out() -> None:
    whole, rest = (
        uses_of(decision.decide),
        uses_of(decision.decide, without=[cauda_equina.assess_cauda_equina]),
    )
    assert "cauda_acute_days" in whole.thresholds
    assert "cauda_diagnosis_days" not in uses_of_the_rest().thresholds
    assert rest.thresholds <= whole.thresholds
