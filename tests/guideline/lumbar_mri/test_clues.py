"""One clue of cancer or infection: its words, its notes, and what the record says against it."""

from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Evidence, Finding
from cds_service.guideline.lumbar_mri.clues import plain_name
from cds_service.guideline.lumbar_mri.infection import assess_infection
from cds_service.guideline.lumbar_mri.malignancy import assess_cancer
from cds_service.guideline.lumbar_mri.pain import read_pain
from cds_service.record.facts import Certainty, DateProblem, Origin, State
from tests.guideline.lumbar_mri.facts_builders import TODAY, ago, fact, mri_order, pain, record


def infection(guideline: Guideline, *entries: Any) -> Finding | None:
    facts, order = record(pain(21), *entries), mri_order()
    return assess_infection(
        facts, read_pain(facts, order, TODAY, guideline), order, TODAY, guideline, neuro=False
    )


def cancer(guideline: Guideline, *entries: Any) -> Finding | None:
    facts, order = record(pain(21), *entries), mri_order()
    return assess_cancer(
        facts, read_pain(facts, order, TODAY, guideline), order, TODAY, guideline, neuro=False
    )


def first_line(finding: Finding | None) -> Evidence:
    assert finding is not None
    return finding.evidence[0]


@pytest.mark.parametrize(
    ("recorded", "told"),
    [
        pytest.param("Discitis of lumbar spine (disorder)", "discitis of lumbar spine", id="tag of SNOMED"),
        pytest.param("Discitis  of\nlumbar spine", "discitis of lumbar spine", id="white space"),
        pytest.param("A boil", "a boil", id="a word of one letter"),
        pytest.param("HIV infection", "HIV infection", id="capitals"),
        pytest.param("TB of spine", "TB of spine", id="two capitals"),
        pytest.param("CT-guided biopsy of disc", "CT-guided biopsy of disc", id="capitals before a hyphen"),
        pytest.param("Hodgkin lymphoma", "Hodgkin lymphoma", id="a person's name"),
        pytest.param("", "", id="no words"),
        pytest.param(
            "Disorder of the immune system caused by treatment of asthmas",
            "disorder of the immune system caused by treatment of asthmas",
            id="60 characters",
        ),
        pytest.param(
            "Disorder of the immune system caused by treatment of asthmata",
            "disorder of the immune system caused by treatment of …",
            id="61 characters",
        ),
        pytest.param(
            "Disorder of the immune system caused by treatment of asthma in youth",
            "disorder of the immune system caused by treatment of asthma …",
            id="a word that ends before the cut",
        ),
        pytest.param(
            "Disorder of the immune system caused by a want of factor X, inherited or not",
            "disorder of the immune system caused by a want of factor X …",
            id="a comma before the cut",
        ),
    ],
)
def test_a_name_reads_within_a_sentence(recorded: str, told: str) -> None:
    assert plain_name(recorded) == told


@pytest.mark.parametrize(
    ("more", "note"),
    [
        pytest.param({}, "", id="known"),
        pytest.param({"certainty": Certainty.SUSPECTED}, "suspected", id="suspected"),
        pytest.param(
            {"certainty": Certainty.SUSPECTED, "origin": Origin.ORDER}, "the order's reason", id="order"
        ),
        pytest.param({"certainty": Certainty.WORDS}, "in words only", id="words"),
        pytest.param({"certainty": Certainty.VALUELESS}, "recorded without a value", id="no value"),
        pytest.param({"certainty": Certainty.UNKNOWN}, "asked, answer not usable", id="not usable"),
        pytest.param({"state": State.REMISSION}, "in remission", id="in remission"),
        pytest.param(
            {"state": State.ENDED, "certainty": Certainty.WORDS},
            "in words only, recorded as ended",
            id="two notes",
        ),
        pytest.param({"disputed": True}, "records disagree", id="active with an end in the past"),
    ],
)
def test_a_clue_says_how_sure_the_record_is_of_it(
    more: dict[str, Any], note: str, guideline: Guideline
) -> None:
    assert first_line(infection(guideline, fact("tuberculosis", started=ago(3), **more))).note == note


@pytest.mark.parametrize(
    ("refuted_on", "note"),
    [
        pytest.param(4, "", id="before"),
        pytest.param(3, "records disagree", id="the same day"),
        pytest.param(2, "records disagree", id="after"),
        pytest.param(None, "records disagree", id="undated"),
    ],
)
def test_a_refutation_of_the_same_or_a_later_day_is_told_beside_a_clue(
    refuted_on: int | None, note: str, guideline: Guideline
) -> None:
    recorded = None if refuted_on is None else ago(refuted_on)
    refuted = fact("tuberculosis", certainty=Certainty.REFUTED, recorded=recorded, resource="Condition/no")
    told = first_line(infection(guideline, fact("tuberculosis", started=ago(3)), refuted))
    assert (told.resource, told.note) == ("Condition/tuberculosis", note)


def test_a_clue_dated_in_the_future_says_so(guideline: Guideline) -> None:
    future = fact("tuberculosis", started_problem=DateProblem.FUTURE)
    assert first_line(infection(guideline, future)).date_problem is DateProblem.FUTURE


def test_a_symptom_that_is_active_with_an_old_end_asks_by_its_last_mention(guideline: Guideline) -> None:
    disputed = fact("night-pain", started=ago(300), ended=ago(200), recorded=ago(3), disputed=True)
    assert first_line(cancer(guideline, disputed)).resource == "Condition/night-pain"
