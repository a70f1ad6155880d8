"""Treatment against cancer: recent, it means active cancer; of any age, it dates the cancer (2.9, 8.9.3)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

from cds_service.guideline.decision import Evidence
from cds_service.guideline.lumbar_mri.clues import Clue, Weight, last_mention, plain_name, read_clue
from cds_service.guideline.lumbar_mri.immunosuppression import last_taken
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.dates import Interval, on_day
from cds_service.record.facts import Certainty, Fact, MedicationFact, PatientFacts, ProcedureFact, State

TREATMENTS = ("antineoplastic", "chemotherapy", "cancer-treatment")


def read_treatments(
    facts: PatientFacts, kind: str, cancers: Collection[str], today: date, limits: Thresholds
) -> Iterator[Clue]:
    """The clues of medicines, procedures and answers that tell of treatment against cancer."""
    for medicine in facts.medications:
        if _is_against_cancer(medicine, cancers):
            weight = _weigh(_moment(medicine, today), today, limits)
            if weight is not None:
                shown = Evidence(
                    medicine.text, medicine.resource, medicine.started, plain_name(medicine.text)
                )
                yield Clue(kind, weight, shown, known=True)
    for done in facts.procedures:
        weight = _weigh(done.ended or done.performed, today, limits)
        if weight is not None and not done.concepts.isdisjoint(TREATMENTS):
            shown = Evidence(done.text, done.resource, done.performed, plain_name(done.text))
            certain = done.certainty is Certainty.KNOWN
            yield Clue(kind, weight if certain else Weight.HINT, shown, known=certain)
    for fact in facts.about(*TREATMENTS):
        clue = read_clue(fact, kind, lambda found: _judge(found, today, limits), facts, today, limits)
        if clue is not None:
            yield clue


def last_treatment(cancers: Collection[str], facts: PatientFacts, today: date) -> Interval | None:
    """When one of these cancers was last treated: medicines and procedures that name it as their reason."""
    moments = [
        *(_moment(medicine, today) for medicine in facts.medications if _is_for(medicine, cancers)),
        *(done.ended or done.performed for done in facts.procedures if _is_for(done, cancers)),
    ]
    return max((moment for moment in moments if moment), key=lambda moment: moment.last, default=None)


def _is_for(treatment: MedicationFact | ProcedureFact, cancers: Collection[str]) -> bool:
    return not treatment.reasons.isdisjoint(cancers)


def _is_against_cancer(medicine: MedicationFact, cancers: Collection[str]) -> bool:
    """Not where its known reason is another, nor an immunosuppressant without a cancer as its reason.

    Methotrexate is coded among the cancer drugs, and mostly given for arthritis; infection counts it.
    A reason that the guideline does not know takes nothing away.
    """
    if medicine.concepts.isdisjoint(TREATMENTS):
        return False
    if _is_for(medicine, cancers):
        return True
    return not medicine.reasons and medicine.concepts.isdisjoint(("immunosuppressant", "biologic"))


def _moment(medicine: MedicationFact, today: date) -> Interval | None:
    taken = last_taken(medicine, today)
    return on_day(taken) if taken else None


def _weigh(moment: Interval | None, today: date, limits: Thresholds) -> Weight | None:
    if moment is None:
        return Weight.HINT
    return Weight.STRONG if moment.within(limits.cancer_treatment_days, today) else None


def _judge(fact: Fact, today: date, limits: Thresholds) -> Weight | None:
    seen = last_mention(fact)
    if seen is None and fact.state is not State.CURRENT:
        return None
    return _weigh(seen, today, limits)
