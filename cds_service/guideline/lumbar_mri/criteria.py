"""Which criteria and which card files belong to each recommendation: the rules' own sentences, told once."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

from cds_service.guideline.content import Guideline
from cds_service.guideline.lumbar_mri import (
    cauda_equina,
    conservative_care,
    infection,
    malignancy,
    neurology,
    pain,
    procedures,
)
from cds_service.guideline.lumbar_mri.card_words import threshold_fills

Criteria = tuple[tuple[str, str], ...]  # tier, and a sentence with thresholds as blanks

FILES_OF: Mapping[str, tuple[str, ...]] = {
    "R1": ("not-indicated",),
    "R2": ("may-be-indicated",),
    "R3": ("neurology",),
    "R4": ("cauda-equina",),
    "R5": ("cancer", "infection"),
    "R6": ("procedure",),
}

_PAIN = (*pain.CRITERIA, *conservative_care.CRITERIA)
_ANSWERS = {"R1": "not indicated", "R2": "may be indicated"}


_CRITERIA: Mapping[str, Mapping[str, Criteria]] = {
    "R3": {"": neurology.CRITERIA},
    "R4": {"": cauda_equina.CRITERIA},
    "R5": {"cancer": malignancy.CRITERIA, "infection": infection.CRITERIA},
    "R6": {"": procedures.CRITERIA},
}


def criteria_of(recommendation: str) -> Mapping[str, Criteria]:
    """The criteria of a recommendation by disease, "" where it has only one."""
    return {"": _pain_criteria(recommendation)} if recommendation in _ANSWERS else _CRITERIA[recommendation]


def in_force(sentence: str, guideline: Guideline) -> str:
    """The sentence with the thresholds in force; KeyError for a blank that is no threshold."""
    return Template(sentence).substitute(threshold_fills(guideline))


def thresholds_in(sentence: str) -> tuple[str, ...]:
    """The names of the thresholds that stand in the sentence."""
    return tuple(Template(sentence).get_identifiers())


def _pain_criteria(recommendation: str) -> Criteria:
    """The criteria of R1 or R2: what gives its own answer, and what both of them need."""
    other = next(answer for name, answer in _ANSWERS.items() if name != recommendation)
    return tuple(row for row in _PAIN if not row[0].startswith(other))
