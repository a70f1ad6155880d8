"""Reactions to MRI contrast; other allergies are no business of the guideline."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.record.facts import Certainty, Fact, Origin, State
from cds_service.record.projection import Raw, Shape
from cds_service.record.reading import Reading, reference_name, status_code

ALLERGY = Shape(
    codes=("code", "clinicalStatus", "verificationStatus"), dates=("onsetDateTime", "recordedDate")
)
_CONTRAST = frozenset({"gadolinium", "contrast-reaction"})
_ENDED = frozenset({"inactive", "resolved"})


def read_allergy(raw: Raw, reading: Reading) -> Iterator[Fact]:
    """A reaction to gadolinium contrast as a fact; other allergies are no business of the guideline."""
    if status_code(raw.get("verificationStatus")) in ("entered-in-error", "refuted"):
        return
    code = reading.coded(raw.get("code"))
    if not (code.broken or "contrast" in code.drugs or code.concepts & _CONTRAST):
        return
    seen = reading.project(raw, ALLERGY)
    coded = reading.coded(seen.get("code"))
    started, problem = reading.moment(seen.get("onsetDateTime"))
    yield Fact(
        concepts=frozenset({"contrast-reaction"}),
        certainty=Certainty.SUSPECTED
        if status_code(seen.get("verificationStatus")) == "unconfirmed"
        else Certainty.KNOWN,
        origin=Origin.ALLERGY,
        resource=reference_name(raw),
        text=coded.label,
        state=State.ENDED if status_code(seen.get("clinicalStatus")) in _ENDED else State.CURRENT,
        started=started,
        started_problem=problem,
        recorded=reading.day(seen.get("recordedDate")),
        code_systems=coded.systems,
    )
