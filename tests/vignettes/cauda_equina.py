"""Rows V28 to V42: R4, suspected cauda equina syndrome."""

from tests.builders import (
    Resource,
    concept,
    condition,
    device,
    diagnostic_report,
    medication_request,
    observation,
    procedure,
    quantity,
    questionnaire_response,
)
from tests.vignettes import codings
from tests.vignettes.forms import BLADDER_BOWEL_SADDLE, pain
from tests.vignettes.story import Days, story


@story("V28", "36 F", "E", "R4", "critical")
def v28(days: Days) -> list[Resource]:
    """Saddle numbness yesterday, retention with a residual of 450 mL today."""
    return [
        pain(days, "06-08"),
        condition(codings.SADDLE_NUMBNESS, onset=days.on("06-14"), recorded=days.on("06-14")),
        condition(
            codings.RETENTION,
            onset=days.on("06-15"),
            recorded=days.on("06-15"),
            category="encounter-diagnosis",
        ),
        observation(codings.POST_VOID_RESIDUAL, quantity(450, "mL"), effective=days.at("06-15", "09:35")),
    ]


@story("V29", "44 M", "E", "R4", "critical")
def v29(days: Days) -> list[Resource]:
    """Cauda equina syndrome as a differential diagnosis of today."""
    return [
        condition(
            codings.CAUDA_EQUINA,
            onset=days.on("06-15"),
            recorded=days.on("06-15"),
            verification="differential",
            category="encounter-diagnosis",
        )
    ]


@story("V30", "44 M", "P", "R4", "info")
def v30(days: Days) -> list[Resource]:
    """Refuted after an MRI without compression; the saddle symptom is older than both."""
    return [
        condition(
            codings.CAUDA_EQUINA, recorded=days.on("06-14"), clinical="inactive", verification="refuted"
        ),
        procedure(codings.MRI_LUMBAR, performed=days.on("06-14")),
        diagnostic_report(
            codings.MRI_LUMBAR_LOINC,
            effective=days.at("06-14", "13:30"),
            conclusion="No compression of the cauda equina. Mild disc bulge at L4/L5.",
        ),
        condition(
            codings.SADDLE_PARAESTHESIA, onset=days.on("06-12"), recorded=days.on("06-12"), site="Saddle area"
        ),
    ]


@story("V32", "72 M", "P", "R4", "info")
def v32(days: Days) -> list[Resource]:
    """Prostate hyperplasia and a catheter since 2024, two weeks of pain."""
    return [
        condition(
            concept("Benign prostatic hyperplasia"), onset=days.on("2022"), recorded=days.on("2022-05-04")
        ),
        condition(
            concept("Long-term indwelling urinary catheter"),
            onset=days.on("2024"),
            recorded=days.on("2024-02-20"),
        ),
        device(concept("Indwelling urinary catheter"), manufactureDate=days.on("2024-02-20")),
        pain(days, "06-01"),
    ]


@story("V34", "41 F", "U", "R4", "warning")
def v34(days: Days) -> list[Resource]:
    """Both legs for a week; bladder, bowel and saddle asked about, all no."""
    return [
        pain(days, "06-08", codings.SCIATICA_BOTH),
        questionnaire_response(BLADDER_BOWEL_SADDLE, authored=days.at("06-15", "09:40")),
    ]


@story("V35", "58 M", "N", "R1", "warning")
def v35(days: Days) -> list[Resource]:
    """Erectile dysfunction of three years, pain of eight days."""
    return [
        condition(codings.ERECTILE_DYSFUNCTION, onset=days.on("2023"), recorded=days.on("2023-06-19")),
        pain(days, "06-07"),
    ]


@story("V36", "33 F", "N", "R1", "warning")
def v36(days: Days) -> list[Resource]:
    """Faecal incontinence entered for the wrong patient, as the record says itself."""
    mistake = condition(
        codings.FAECAL_INCONTINENCE,
        onset=days.on("06-13"),
        recorded=days.on("06-13"),
        clinical=None,
        verification="entered-in-error",
    )
    return [mistake, pain(days, "06-09")]


@story("V38", "39 M", "E", "R4", "critical")
def v38(days: Days) -> list[Resource]:
    """A residual volume given in litres, and nothing else."""
    return [observation(codings.POST_VOID_RESIDUAL, quantity(0.45, "L"), effective=days.at("06-15", "09:35"))]


@story("V39", "64 F", "N", "R1", "warning")
def v39(days: Days) -> list[Resource]:
    """Constipation since codeine: no feature by itself."""
    return [
        condition(concept("Constipation"), onset=days.on("06-09"), recorded=days.on("06-09")),
        medication_request(codings.CODEINE, authored=days.on("06-09"), reason=codings.LOW_BACK_PAIN),
        pain(days, "06-05"),
    ]


@story("V40", "47 F", "P", "R4", "info")
def v40(days: Days) -> list[Resource]:
    """Hesitancy two days after amitriptyline was started."""
    return [
        condition(codings.HESITANCY, onset=days.on("06-13"), recorded=days.on("06-13")),
        medication_request(codings.AMITRIPTYLINE, authored=days.on("06-11")),
        pain(days, "05-18", codings.LOW_BACK_PAIN_CM),
    ]


@story("V42", "38 F", "N", "R1", "warning")
def v42(days: Days) -> list[Resource]:
    """Saddle anaesthesia was looked for and is not there."""
    return [
        observation(codings.SADDLE_ANAESTHESIA, False, effective=days.at("06-15", "09:35")),
        pain(days, "06-09"),
    ]
