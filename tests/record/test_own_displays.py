"""Every code of the value sets, read with its own display."""

from collections.abc import Iterator
from datetime import date

import pytest

from cds_service.guideline.content import Guideline
from cds_service.record.facts import Certainty
from cds_service.record.reading import Reading
from cds_service.record.statements import Statement, read_statements
from tests.record.records import shipped_guideline

# Words are only asked for where a code is missing, so they need not know every name;
# these shares keep a change of the lexicon from losing what it knows today.
LEAST_KNOWN = {
    "cauda-equina": 100, "urinary-retention": 100, "faecal-incontinence": 100, "foot-drop": 100,
    "paraparesis": 100, "cancer-history": 100, "bacteraemia": 100, "sepsis": 100,
    "cancer": 85, "cancer-high-risk": 85, "spinal-metastasis": 90, "spinal-tumour": 90,
    "spinal-infection": 70, "immunosuppression": 70, "lumbar-surgery": 70,
}  # fmt: skip


def _reading(guideline: Guideline) -> Reading:
    return Reading(
        guideline.terminology,
        guideline.patterns.for_one_request(),
        guideline.checklist,
        guideline.thresholds,
        guideline.zone,
        date(2026, 6, 15),
    )


def _statements() -> Iterator[tuple[str, str, list[Statement]]]:
    guideline = shipped_guideline()
    reading = _reading(guideline)
    for concept, rows in guideline.terminology.value_sets.items():
        for row in rows:
            coding = {"system": row.system, "code": row.code, "display": row.display}
            coded = reading.coded({"coding": [coding], "text": row.display})
            yield concept, row.display, list(read_statements(coded, reading))


def test_no_code_is_denied_doubted_or_lost_by_its_own_display() -> None:
    lost = [
        (concept, display)
        for concept, display, stated in _statements()
        if concept != "family-history" and [one.certainty for one in stated] != [Certainty.KNOWN]
    ]
    assert lost == []


def test_a_family_history_is_no_fact_of_the_patient() -> None:
    family = [stated for concept, _, stated in _statements() if concept == "family-history"]
    assert family
    assert not any(family)


def test_words_know_most_names_of_the_red_flags() -> None:
    guideline = shipped_guideline()
    patterns = guideline.patterns
    known = {
        concept: 100
        * sum(
            any(mention.concept in patterns.pathway for mention in patterns.mentions(row.display))
            for row in guideline.terminology.value_sets[concept]
        )
        // len(guideline.terminology.value_sets[concept])
        for concept in LEAST_KNOWN
    }
    assert {concept: share for concept, share in known.items() if share < LEAST_KNOWN[concept]} == {}


@pytest.mark.parametrize(
    ("system", "code", "display"),
    [
        pytest.param("http://snomed.info/sct", "449813001", "Numbness of saddle area", id="without its tag"),
        pytest.param("http://hl7.org/fhir/sid/icd-10", "G83.4", "Cauda equina syndrome", id="ICD-10"),
        pytest.param("ICD10CM", "M54551", "Low back pain", id="a narrower code, without dots"),
        pytest.param(
            "http://www.ama-assn.org/go/cpt", "72148", "MRI lumbar spinal canal, no contrast", id="CPT"
        ),
        pytest.param("http://snomed.info/sct", "1", None, id="unknown code"),
        pytest.param("http://local", "449813001", None, id="unknown system"),
    ],
)
def test_a_bare_code_has_the_name_that_a_value_set_gives_it(
    system: str, code: str, display: str | None
) -> None:
    assert shipped_guideline().terminology.display_of(system, code) == display
