"""Every coded tumour, infection and complication of the value sets has at least a tier of possible (8.3)."""

from collections.abc import Iterator
from string import Template
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Outcome
from cds_service.guideline.lumbar_mri import infection, malignancy, mri_safety, procedures
from cds_service.guideline.lumbar_mri.infection import assess_infection
from cds_service.guideline.lumbar_mri.malignancy import assess_cancer
from cds_service.guideline.lumbar_mri.pain import read_pain
from cds_service.guideline.lumbar_mri.procedures import assess_procedure, has_spinal_haematoma
from cds_service.record.facts import Certainty, Fact, PatientFacts
from tests.guideline.lumbar_mri.facts_builders import TODAY, ago, fact, mri_order, pain, record

# The concepts of the groups E2, E3, F1 to F3 and G5 of the terminology.
# `other-spine-procedure` (cranial leak, cervical syndrome) is named no fact by 2.10, row none.
GROUPS = (
    "cancer", "spinal-metastasis", "spinal-tumour",
    "spinal-infection", "spinal-tuberculosis", "sepsis", "bacteraemia", "endocarditis",
    "infection-elsewhere", "postoperative-infection",
    "spinal-haematoma", "csf-leak", "implant-failure", "procedure-complication",
)  # fmt: skip


def tiers(facts: PatientFacts, guideline: Guideline) -> Iterator[Outcome]:
    order = mri_order()
    seen = read_pain(facts, order, TODAY, guideline)
    context = (facts, seen, order, TODAY, guideline)
    findings = (
        assess_cancer(*context, neuro=False),
        assess_infection(*context, neuro=False),
        assess_procedure(*context, neuro=False, fever=False),
    )
    yield from (finding.outcome for finding in findings if finding is not None)
    if has_spinal_haematoma(facts, TODAY, guideline):
        yield Outcome.EMERGENCY  # R3 or R6


def coded_facts(guideline: Guideline, concept: str, **more: Any) -> Iterator[Fact]:
    """One fact for each different set of concepts that a code of the value set stands for."""
    terminology = guideline.terminology
    rows = terminology.value_sets[concept]
    for concepts in {terminology.concepts_of(row.system, row.code) for row in rows}:
        assert concept in concepts
        yield fact(*sorted(concepts), **more)


@pytest.mark.parametrize("concept", GROUPS)
@pytest.mark.parametrize("days", [0, 14, 15, 30, 31, 90, 91, 365, 366, 4000, None])
def test_every_code_that_counts_has_a_tier(guideline: Guideline, concept: str, days: int | None) -> None:
    dates = {} if days is None else {"started": ago(days), "recorded": ago(days)}
    for coded in coded_facts(guideline, concept, **dates):
        if coded.concepts == {"infection-elsewhere"} and days is not None and days > 30:
            continue  # left on the problem list: only listed (2.9, "recent")
        outcomes = list(tiers(record(pain(400), coded), guideline))
        assert max((outcome.rank for outcome in outcomes), default=0) >= Outcome.POSSIBLE.rank, coded.concepts


@pytest.mark.parametrize("concept", [name for name in GROUPS if name != "spinal-haematoma"])
@pytest.mark.parametrize("certainty", [Certainty.WORDS, Certainty.VALUELESS])
def test_words_and_codes_without_value_are_possible_and_no_more(
    guideline: Guideline, concept: str, certainty: Certainty
) -> None:
    for coded in coded_facts(guideline, concept, recorded=ago(3), certainty=certainty):
        assert set(tiers(record(pain(400), coded), guideline)) == {Outcome.POSSIBLE}, coded.concepts


@pytest.mark.parametrize("concept", GROUPS)
@pytest.mark.parametrize("certainty", [Certainty.DENIED, Certainty.REFUTED])
def test_what_is_denied_or_refuted_is_never_positive(
    guideline: Guideline, concept: str, certainty: Certainty
) -> None:
    for coded in coded_facts(guideline, concept, recorded=ago(3), certainty=certainty):
        assert list(tiers(record(pain(400), coded), guideline)) == [], coded.concepts


@pytest.mark.parametrize("module", [infection, malignancy, mri_safety, procedures])
def test_every_criterion_can_be_printed_with_its_numbers(guideline: Guideline, module: Any) -> None:
    numbers = {name: str(note.value) for name, note in guideline.threshold_notes.items()}
    for _, sentence in module.CRITERIA:
        assert "$" not in Template(sentence).substitute(numbers)
