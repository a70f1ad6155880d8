"""Six invented people with a long record, one for each recommendation.

Nobody here exists.
Each record mixes SNOMED CT, ICD-10, ICD-10-CM, LOINC and CPT, as records that grew over years do.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.builders import (
    Resource,
    concept,
    condition,
    encounter,
    medication_request,
    medication_statement,
    muscle_power,
    observation,
    patient,
    procedure,
    quantity,
    questionnaire_response,
    service_request,
)
from tests.vignettes import codings
from tests.vignettes.cancer_infection import crp, temperature
from tests.vignettes.forms import RED_FLAGS, pain, pain_scores, physiotherapy_sessions, physiotherapy_visits
from tests.vignettes.story import Days

DIABETES = concept("Type 2 diabetes mellitus", snomed="44054006", icd10="E11")
LUMBAR_XRAY = concept("X-ray lumbosacral spine, 2 views", cpt="72100")
SCIATICA_RIGHT = concept("Low back pain with sciatica, right side", snomed="202794004", icd10cm="M54.41")
DISC_PROLAPSE = concept("Prolapsed lumbar disc with sciatica", snomed="311804006", icd10="M51.1")
ESR = concept("Erythrocyte sedimentation rate", loinc="4537-7")
RESIDUAL_AFTER_VOIDING = concept("Post-void residual volume, bladder scan", cpt="51798")


@dataclass(frozen=True, slots=True)
class Fixture:
    """One person: `record` is what concerns the back, `seed` makes the unrelated rest of it."""

    name: str
    says: str
    person: Resource
    record: Callable[[Days], list[Resource]]
    seed: int
    hook: str = "order-select"
    order: dict[str, Any] = field(default_factory=dict)


def short_pain(days: Days) -> list[Resource]:
    """Eight days of pain into the right leg, a full negative screen, full power."""
    return [
        pain(days, "06-07", codings.LOW_BACK_PAIN_ICD, category="encounter-diagnosis"),
        pain(days, "06-07", SCIATICA_RIGHT),
        encounter(
            days.at("06-09", "10:10"),
            end=days.at("06-09", "10:25"),
            type=concept("General practice consultation"),
            reason=codings.LOW_BACK_PAIN,
        ),
        medication_request(codings.NAPROXEN, authored=days.on("06-09"), reason=codings.LOW_BACK_PAIN),
        medication_statement(codings.PARACETAMOL, start=days.on("06-07")),
        procedure(concept("Physiotherapy evaluation", cpt="97161"), performed=days.on("06-11")),
        *pain_scores(days, ("06-09", 7), ("06-15", 6)),
        temperature(days, 36.7, "06-15"),
        *_full_power(days, "06-15"),
        questionnaire_response(RED_FLAGS, authored=days.at("06-15", "09:40")),
    ]


def persistent_pain(days: Days) -> list[Resource]:
    """Nine weeks of pain, seven of physiotherapy, no change; the patient dreads narrow spaces."""
    return [
        pain(days, "04-13", concept("Low back pain", snomed="279039007", icd10cm="M54.50")),
        *physiotherapy_sessions(
            days, "04-27", "05-04", "05-11", "05-18", "06-01", "06-08", code=codings.EXERCISE_SESSION
        ),
        medication_request(
            codings.NAPROXEN, authored=days.on("04-20"), status="completed", reason=codings.LOW_BACK_PAIN_ICD
        ),
        medication_request(codings.PARACETAMOL, authored=days.on("05-11"), reason=codings.LOW_BACK_PAIN_ICD),
        *pain_scores(days, ("04-20", 6), ("05-18", 6), ("06-12", 6)),
        condition(
            concept("Claustrophobia", snomed="19887002", icd10cm="F40.240"),
            onset=days.on("2016"),
            recorded=days.on("2016-07-28"),
        ),
        condition(DIABETES, onset=days.on("2017"), recorded=days.on("2017-02-13")),
        *_full_power(days, "06-12"),
    ]


def progressive_weakness(days: Days) -> list[Resource]:
    """Right ankle dorsiflexion 5, then 4, then 3 within twelve days."""
    right_foot = "Right ankle dorsiflexion"
    return [
        pain(days, "05-22", SCIATICA_RIGHT),
        pain(days, "05-22", codings.LOW_BACK_PAIN_ICD),
        muscle_power(right_foot, 5, days.at("06-02", "11:20")),
        muscle_power(right_foot, "4/5", days.at("06-09", "15:05")),
        muscle_power(right_foot, 3, days.at("06-14", "17:40")),
        muscle_power("Right big toe extension", 5, days.at("06-02", "11:20")),
        muscle_power("Right big toe extension", 4, days.at("06-14", "17:40")),
        muscle_power("Left ankle dorsiflexion", 5, days.at("06-14", "17:40")),
        medication_request(codings.DICLOFENAC, authored=days.on("05-25"), reason=codings.LOW_BACK_PAIN_CM),
        *physiotherapy_visits(days, ("06-02", "fulfilled"), ("06-09", "fulfilled")),
        procedure(LUMBAR_XRAY, performed=days.on("05-29")),
        *pain_scores(days, ("05-25", 7), ("06-14", 8)),
    ]


def cauda_equina(days: Days) -> list[Resource]:
    """A week of sciatica on both sides; since yesterday a numb saddle, since today retention with 480 mL."""
    return [
        pain(days, "06-08", codings.LOW_BACK_PAIN_ICD),
        pain(days, "06-08", codings.SCIATICA_BOTH),
        condition(
            concept("Numbness of saddle area", snomed="449813001"),
            onset=days.on("06-14"),
            recorded=days.on("06-15"),
            category="encounter-diagnosis",
        ),
        condition(
            concept("Retention of urine", snomed="267064002", icd10cm="R33.9"),
            onset=days.on("06-15"),
            recorded=days.on("06-15"),
            category="encounter-diagnosis",
        ),
        observation(RESIDUAL_AFTER_VOIDING, quantity(480, "mL"), effective=days.at("06-15", "09:45")),
        *pain_scores(days, ("06-10", 6), ("06-15", 8)),
        temperature(days, 36.9, "06-15"),
        medication_statement(codings.PARACETAMOL, start=days.on("06-09")),
        *_full_power(days, "06-15"),
    ]


def infection(days: Days) -> list[Resource]:
    """Three weeks of pain with a high CRP in mg/dL and a high ESR; no fever."""
    return [
        pain(days, "05-24", concept("Low back pain", snomed="279039007", icd10cm="M54.50")),
        crp(days, 9.6, "mg/dL", "06-12"),
        observation(ESR, quantity(68, "mm/h"), effective=days.at("06-12", "08:10"), category="laboratory"),
        temperature(days, 37.4, "06-15"),
        condition(DIABETES, onset=days.on("2009"), recorded=days.on("2009-11-30")),
        condition(
            concept("Cellulitis of left lower leg"),
            onset=days.on("03-19"),
            recorded=days.on("03-19"),
            abated=days.on("04-02"),
            clinical="resolved",
        ),
        procedure(LUMBAR_XRAY, performed=days.on("06-05")),
        medication_request(codings.PARACETAMOL, authored=days.on("05-28"), reason=codings.LOW_BACK_PAIN),
        *pain_scores(days, ("05-28", 6), ("06-12", 7)),
        *_full_power(days, "06-12"),
    ]


def after_surgery(days: Days) -> list[Resource]:
    """A discectomy on 20 May, three good weeks, and new pain since 8 June."""
    return [
        condition(
            DISC_PROLAPSE,
            onset=days.on("02-02"),
            recorded=days.on("02-10"),
            abated=days.on("05-20"),
            clinical="resolved",
        ),
        procedure(codings.DISCECTOMY, performed=days.on("05-20"), site="L4/L5 intervertebral disc"),
        encounter(
            days.at("05-19", "08:00"),
            end=days.at("05-23", "11:00"),
            kind="IMP",
            type=concept("Inpatient stay, orthopaedic surgery"),
        ),
        pain(days, "06-08", codings.LOW_BACK_PAIN_CM, category="encounter-diagnosis"),
        *pain_scores(days, ("06-01", 2), ("06-12", 6)),
        temperature(days, 36.8, "06-12"),
        medication_statement(codings.PARACETAMOL, start=days.on("05-23")),
        *_full_power(days, "06-12"),
    ]


def _full_power(days: Days, day: str) -> list[Resource]:
    return [
        muscle_power(f"{side} {movement}", 5, days.at(day))
        for side in ("Right", "Left")
        for movement in ("knee extension", "ankle dorsiflexion", "ankle plantarflexion")
    ]


def draft_order(days: Days, patient_id: str, **how: Any) -> Resource:
    """The lumbar MRI that the doctor is writing, with a local catalogue code beside the standard ones."""
    code = {
        "coding": [*codings.MRI_LUMBAR["coding"], *concept("MRI L-SPINE W/O", local="IMG-4711")["coding"]],
        "text": "MRI lumbar spine without contrast",
    }
    return service_request(
        code,
        patient_id=patient_id,
        **{
            "category": [concept("Imaging")],
            "encounter": {"reference": "Encounter/visit-today"},
            "authoredOn": days.at("06-15", "09:55"),
            "requester": {"reference": "Practitioner/dr-1"},
        }
        | how,
    )


FIXTURES = (
    Fixture(
        "r1-not-indicated",
        "Eight days of back pain with one-sided sciatica and a negative screen: MRI not indicated.",
        patient("1985-01-30", "female", id="example-r1", name="Example-Rowan"),
        short_pain,
        seed=11,
        order={"note": "Patient asks for a scan to be reassured."},
    ),
    Fixture(
        "r2-persistent-pain",
        "Unchanged after seven weeks of physiotherapy: MRI may be indicated.",
        patient("1978-09-04", "male", id="example-r2", name="Example-Aspen"),
        persistent_pain,
        seed=22,
    ),
    Fixture(
        "r3-progressive-weakness",
        "Ankle power falls from 5 to 3 in twelve days: MRI indicated, emergency.",
        patient("1967-03-12", "male", id="example-r3", name="Example-Birch"),
        progressive_weakness,
        seed=33,
    ),
    Fixture(
        "r4-cauda-equina",
        "Numb saddle and retention in a general practice: emergency department now.",
        patient("1982-11-19", "female", id="example-r4", name="Example-Cedar"),
        cauda_equina,
        seed=44,
    ),
    Fixture(
        "r5-infection",
        "CRP 96 mg/L and ESR 68 mm/h with three weeks of pain: MRI indicated, urgent.",
        patient("1963-06-27", "male", id="example-r5", name="Example-Hazel"),
        infection,
        seed=55,
    ),
    Fixture(
        "r6-after-surgery",
        "New pain 19 days after a discectomy, at signing: MRI indicated, call the operating team.",
        patient("1970-12-08", "male", id="example-r6", name="Example-Maple"),
        after_surgery,
        seed=66,
        hook="order-sign",
    ),
)
