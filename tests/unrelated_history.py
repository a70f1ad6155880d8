"""Years of ordinary care that have nothing to do with back pain: what most of a real record is made of.

Nothing here may change an answer: results lie in their ranges, weights are steady, infections are long over.
Laboratory codes are LOINC where the project's terminology holds them;
everything else has words and often a local code.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from tests.builders import (
    Concept,
    Resource,
    appointment,
    concept,
    condition,
    diagnostic_report,
    encounter,
    medication_dispense,
    medication_request,
    medication_statement,
    observation,
    procedure,
    quantity,
)

YEARS = 12
NOT_IN_THE_LAST_DAYS = 45

_LABORATORY: tuple[tuple[Concept, float, float, str], ...] = (
    (concept("Haemoglobin A1c", loinc="4548-4"), 5.6, 7.4, "%"),
    (concept("Creatinine", loinc="2160-0"), 0.7, 1.1, "mg/dL"),
    (concept("Creatinine", loinc="14682-9"), 60, 98, "umol/L"),
    (concept("eGFR", loinc="62238-1"), 72, 104, "mL/min/{1.73_m2}"),
    (concept("Alkaline phosphatase", loinc="6768-6"), 48, 96, "U/L"),
    (concept("Calcium", loinc="17861-6"), 8.9, 10.0, "mg/dL"),
    (concept("Leukocytes", loinc="6690-2"), 4.6, 8.9, "10*3/uL"),
    (concept("Neutrophils", loinc="751-8"), 2.4, 5.6, "10*3/uL"),
    (concept("Haemoglobin", local="HB"), 12.4, 15.1, "g/dL"),
    (concept("Platelets", local="PLT"), 180, 320, "10*3/uL"),
    (concept("Sodium", local="NA"), 137, 143, "mmol/L"),
    (concept("Potassium", local="K"), 3.7, 4.7, "mmol/L"),
    (concept("LDL cholesterol", local="LDL"), 1.8, 3.2, "mmol/L"),
    (concept("Thyrotropin", local="TSH"), 0.8, 3.6, "m[IU]/L"),
    (concept("Alanine aminotransferase", local="ALT"), 12, 38, "U/L"),
)
_QUIET_FINDINGS: tuple[tuple[Concept, float, float, str], ...] = (
    (concept("Body temperature", loinc="8310-5"), 36.2, 37.1, "Cel"),
    (concept("C reactive protein", loinc="1988-5"), 0.6, 4.8, "mg/L"),
    (concept("Erythrocyte sedimentation rate", loinc="4537-7"), 4, 14, "mm/h"),
    (concept("Body weight", loinc="29463-7"), 71.2, 72.4, "kg"),
)
_PROBLEMS = (
    concept("Essential hypertension", local="DX-HT"),
    concept("Hyperlipidaemia", local="DX-LIPID"),
    concept("Asthma", local="DX-ASTHMA"),
    concept("Type 2 diabetes mellitus", snomed="44054006", icd10="E11"),
    concept("Allergic rhinitis"),
    concept("Migraine without aura"),
    concept("Hypothyroidism", local="DX-THYR"),
    concept("Gastro-oesophageal reflux disease"),
    concept("Atopic eczema"),
    concept("Impacted cerumen"),
    concept("Presbyopia"),
)
_PROCEDURES = (
    concept("Retinal photography", local="PR-EYE"),
    concept("Spirometry", local="PR-SPIRO"),
    concept("Electrocardiogram, 12 leads"),
    concept("Removal of ear wax"),
    concept("Dental scaling"),
    concept("Colonoscopy", local="PR-COLO"),
    concept("Monofilament test of the feet, passed"),
)
_MEDICINES = (
    concept("Amlodipine 5 mg tablet", local="RX-AML5"),
    concept("Metformin 500 mg tablet", local="RX-MET500"),
    concept("Atorvastatin 20 mg tablet", local="RX-ATO20"),
    concept("Salbutamol 100 microgram inhaler", local="RX-SALB"),
    concept("Levothyroxine 50 microgram tablet", local="RX-LEV50"),
    concept("Omeprazole 20 mg capsule", local="RX-OME20"),
    concept("Losartan 50 mg tablet"),
    concept("Latanoprost eye drops"),
)
_REASONS = (
    concept("Hypertension review"),
    concept("Diabetes review"),
    concept("Asthma review"),
    concept("Repeat prescription"),
    concept("Blood test"),
    concept("Influenza vaccination"),
    concept("Common cold"),
)
_CLINICS = (
    concept("Diabetic eye screening"),
    concept("Dental review"),
    concept("Cardiology clinic"),
    concept("Dietitian"),
)
_REPORTS = (
    (concept("Chest radiograph"), "Clear lungs. Heart size within limits."),
    (concept("Retinal photographs"), "No retinopathy."),
    (concept("Echocardiogram"), "Good biventricular function."),
)


def unrelated_history(count: int, seed: int, now: datetime, quiet: int = 0) -> list[Resource]:
    """`count` resources of ordinary care before `now`, the same for the same seed.

    `quiet` of them are findings that the guideline reads (temperature, CRP, ESR, weight), all ordinary.
    """
    chance = Random(seed)
    kinds = chance.choices([kind for kind, _ in _SHARES], [share for _, share in _SHARES], k=count - quiet)
    made = [make(chance, now) for make in [*kinds, *[_quiet_finding] * quiet]]
    chance.shuffle(made)
    return [_as_stored(resource, number, chance) for number, resource in enumerate(made, start=1)]


def _as_stored(resource: Resource, number: int, chance: Random) -> Resource:
    """With the administrative members that EHRs put on everything: they are much of a payload's size."""
    stamp = (
        f"{date(2025, 1, 1) + timedelta(days=chance.randrange(365))}T0{chance.randrange(10)}:12:07.413+08:00"
    )
    return resource | {
        "meta": {"versionId": str(chance.randrange(1, 9)), "lastUpdated": stamp},
        "identifier": [
            {"system": "http://hospital.example/record", "value": f"R{chance.randrange(10**9):09d}-{number}"}
        ],
    }


def _earlier(chance: Random, now: datetime) -> datetime:
    return now - timedelta(
        days=chance.randrange(NOT_IN_THE_LAST_DAYS, YEARS * 365), minutes=chance.randrange(600)
    )


def _moment(chance: Random, now: datetime) -> str:
    return _earlier(chance, now).isoformat(timespec="seconds")


def _day(chance: Random, now: datetime) -> str:
    return _earlier(chance, now).date().isoformat()


def _measured(
    kinds: tuple[tuple[Concept, float, float, str], ...], category: str, chance: Random, now: datetime
) -> Resource:
    code, low, high, unit = chance.choice(kinds)
    value = round(chance.uniform(low, high), 1)
    taken = _moment(chance, now)
    return observation(
        code,
        quantity(value, unit),
        effective=taken,
        category=category,
        interpretation="N",
        issued=taken,
        performer=[{"reference": f"Practitioner/dr-{chance.randrange(1, 40)}", "display": "Clinic staff"}],
        referenceRange=[{"low": quantity(low, unit), "high": quantity(high, unit)}],
    )


def _laboratory_result(chance: Random, now: datetime) -> Resource:
    return _measured(_LABORATORY, "laboratory", chance, now)


def _quiet_finding(chance: Random, now: datetime) -> Resource:
    return _measured(_QUIET_FINDINGS, "vital-signs", chance, now)


def _blood_pressure(chance: Random, now: datetime) -> Resource:
    return observation(
        concept("Blood pressure", local="BP"),
        effective=_moment(chance, now),
        category="vital-signs",
        component=[
            {
                "code": concept("Systolic", local="BP-SYS"),
                "valueQuantity": quantity(chance.randrange(112, 142), "mm[Hg]"),
            },
            {
                "code": concept("Diastolic", local="BP-DIA"),
                "valueQuantity": quantity(chance.randrange(66, 88), "mm[Hg]"),
            },
        ],
    )


def _pulse(chance: Random, now: datetime) -> Resource:
    return observation(
        concept("Pulse rate", local="HR"),
        quantity(chance.randrange(58, 92), "/min"),
        effective=_moment(chance, now),
        category="vital-signs",
    )


def _visit(chance: Random, now: datetime) -> Resource:
    start = _earlier(chance, now)
    end = start + timedelta(minutes=15)
    return encounter(
        start.isoformat(timespec="seconds"),
        end=end.isoformat(timespec="seconds"),
        type=concept("General practice consultation"),
        reason=chance.choice(_REASONS),
        participant=[{"individual": {"reference": f"Practitioner/dr-{chance.randrange(1, 40)}"}}],
    )


def _prescription(chance: Random, now: datetime) -> Resource:
    return medication_request(
        chance.choice(_MEDICINES),
        authored=_day(chance, now),
        status=chance.choice(("completed", "completed", "active", "stopped")),
        repeats=chance.randrange(1, 6),
        requester={"reference": f"Practitioner/dr-{chance.randrange(1, 40)}"},
    )


def _supply(chance: Random, now: datetime) -> Resource:
    return medication_dispense(chance.choice(_MEDICINES), handed_over=_day(chance, now), days=28)


def _own_medicine(chance: Random, now: datetime) -> Resource:
    return medication_statement(concept("Multivitamin tablet"), start=_day(chance, now))


def _problem(chance: Random, now: datetime) -> Resource:
    day = _day(chance, now)
    return condition(chance.choice(_PROBLEMS), onset=day, recorded=day)


def _intervention(chance: Random, now: datetime) -> Resource:
    return procedure(chance.choice(_PROCEDURES), performed=_day(chance, now))


def _clinic(chance: Random, now: datetime) -> Resource:
    return appointment(chance.choice(_CLINICS), start=_moment(chance, now))


def _report(chance: Random, now: datetime) -> Resource:
    code, conclusion = chance.choice(_REPORTS)
    return diagnostic_report(code, effective=_moment(chance, now), conclusion=conclusion)


_SHARES: tuple[tuple[Callable[[Random, datetime], Any], int], ...] = (
    (_laboratory_result, 40),
    (_blood_pressure, 10),
    (_pulse, 8),
    (_visit, 12),
    (_prescription, 10),
    (_supply, 7),
    (_problem, 4),
    (_intervention, 4),
    (_clinic, 2),
    (_report, 2),
    (_own_medicine, 1),
)
