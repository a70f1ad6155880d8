"""The sentences of the rules, by recommendation, with the thresholds in force."""

from dataclasses import replace

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.lumbar_mri.criteria import criteria_of, in_force, thresholds_in


@pytest.mark.parametrize(("own", "other"), [("R1", "R2"), ("R2", "R1")])
def test_a_recommendation_about_pain_has_its_own_answers_and_what_both_need(own: str, other: str) -> None:
    answers = {"R1": "not indicated", "R2": "may be indicated"}
    tiers = [tier for tier, _ in criteria_of(own)[""]]
    assert any(tier.startswith(answers[own]) for tier in tiers)
    assert not any(tier.startswith(answers[other]) for tier in tiers)
    assert set(criteria_of(own)[""]) & set(criteria_of(other)[""])


@pytest.mark.parametrize(
    ("recommendation", "diseases"),
    [("R1", {""}), ("R3", {""}), ("R4", {""}), ("R5", {"cancer", "infection"}), ("R6", {""})],
)
def test_every_disease_of_a_recommendation_has_criteria(recommendation: str, diseases: set[str]) -> None:
    found = criteria_of(recommendation)
    assert found.keys() == diseases
    assert all(found.values())


def test_a_sentence_names_its_thresholds_and_says_those_in_force(guideline: Guideline) -> None:
    sentence = "Fever of $fever_cel within $fever_days days"
    changed = replace(guideline, thresholds=replace(guideline.thresholds, fever_days=5))
    assert thresholds_in(sentence) == ("fever_cel", "fever_days")
    assert in_force(sentence, changed) == "Fever of 38 within 5 days"
    with pytest.raises(KeyError):
        in_force("Within $fever_dyas days", guideline)
