"""Rows V45 to V73: R5, cancer and infection."""

from tests.builders import (
    Resource,
    condition,
    medication_request,
    muscle_power,
    observation,
    procedure,
    quantity,
)
from tests.builders import concept as worded
from tests.vignettes import codings
from tests.vignettes.forms import negative_screen, pain
from tests.vignettes.story import Days, story

THREE_WEEKS_AGO = "05-25"
TWO_WEEKS_AGO = "06-01"
TWELVE_DAYS_AGO = "06-03"


def crp(days: Days, value: float | int, unit: str | None, day: str) -> Resource:
    """A C reactive protein as the laboratory sent it."""
    return observation(
        codings.CRP, quantity(value, unit), effective=days.at(day, "08:10"), category="laboratory"
    )


def temperature(days: Days, celsius: float, day: str) -> Resource:
    """A body temperature in degrees Celsius."""
    return observation(
        codings.TEMPERATURE, quantity(celsius, "Cel"), effective=days.at(day), category="vital-signs"
    )


@story("V45", "43 M", "U", "R5", "warning")
def v45(days: Days) -> list[Resource]:
    """CRP 4.2 mg/dL is 42 mg/L."""
    return [crp(days, 4.2, "mg/dL", "06-12"), pain(days, THREE_WEEKS_AGO)]


@story("V46", "55 F", "U", "R5", "warning")
def v46(days: Days) -> list[Resource]:
    """Fever yesterday with five days of pain."""
    return [temperature(days, 38.6, "06-14"), pain(days, "06-10")]


@story("V47", "55 F", "X", "", "info", hook="order-sign")
def v47(days: Days) -> list[Resource]:
    """Fever, but no back pain and no reason on record."""
    return [temperature(days, 38.6, "06-14")]


@story("V47-select", "55 F", "S", hook="order-select")
def v47_select(days: Days) -> list[Resource]:
    """The same record while the order is still being written: silence."""
    return v47.record(days)


@story("V49", "48 M", "P", "R5", "info")
def v49(days: Days) -> list[Resource]:
    """CRP 14 mg/L, one weak fact."""
    return [crp(days, 14, "mg/L", "06-10"), pain(days, THREE_WEEKS_AGO)]


@story("V51", "48 M", "U", "R5", "warning")
def v51(days: Days) -> list[Resource]:
    """CRP 85 mg/L."""
    return [crp(days, 85, "mg/L", "06-10"), pain(days, THREE_WEEKS_AGO)]


@story("V53", "37 M", "U", "R5", "warning")
def v53(days: Days) -> list[Resource]:
    """Injects drugs, no fever."""
    return [
        condition(codings.INJECTING_DRUGS, recorded=days.on("2024-11-06")),
        temperature(days, 36.8, "06-14"),
        pain(days, TWELVE_DAYS_AGO),
    ]


@story("V54", "45 M", "U", "R5", "warning")
def v54(days: Days) -> list[Resource]:
    """Lives with HIV."""
    return [
        condition(codings.HIV, onset=days.on("2018"), recorded=days.on("2018-03-21")),
        pain(days, THREE_WEEKS_AGO),
    ]


@story("V56", "54 F", "U", "R5", "warning")
def v56(days: Days) -> list[Resource]:
    """Breast cancer, active."""
    return [
        condition(codings.BREAST_CANCER, onset=days.on("2025-11"), recorded=days.on("2025-11-18")),
        pain(days, THREE_WEEKS_AGO),
    ]


@story("V57", "54 F", "U", "R5", "warning")
def v57(days: Days) -> list[Resource]:
    """Breast cancer in remission since 2019."""
    return [
        condition(
            codings.BREAST_CANCER,
            onset=days.on("2017-03"),
            recorded=days.on("2017-03-14"),
            abated=days.on("2019"),
            clinical="remission",
        ),
        pain(days, THREE_WEEKS_AGO),
    ]


@story("V58", "70 M", "P", "R5", "info")
def v58(days: Days) -> list[Resource]:
    """Colon cancer resolved twenty years ago."""
    return [
        condition(
            codings.COLON_CANCER,
            onset=days.on("2005"),
            recorded=days.on("2005-09-12"),
            abated=days.on("2006"),
            clinical="resolved",
        ),
        pain(days, TWO_WEEKS_AGO),
    ]


@story("V60", "69 F", "N", "R1", "warning")
def v60(days: Days) -> list[Resource]:
    """A basal cell carcinoma, excised in 2022."""
    return [
        condition(
            codings.BASAL_CELL,
            onset=days.on("2022-04-05"),
            recorded=days.on("2022-04-05"),
            abated=days.on("2022-05-10"),
            clinical="resolved",
        ),
        procedure(worded("Excision of skin lesion of nose"), performed=days.on("2022-05-10"), site="Nose"),
        pain(days, "06-05"),
    ]


@story("V62", "74 M", "E", "R4 R3 R5", "critical")
def v62(days: Days) -> list[Resource]:
    """Prostate cancer in the bones, both legs from 4 to 3 in three days.

    The row names R3 and R5; the rulings put weakness of both sides first under R4, with R3 after it (8.9.2).
    """
    return [
        condition(codings.PROSTATE_CANCER, onset=days.on("2023"), recorded=days.on("2023-02-08")),
        condition(codings.BONE_METASTASES, onset=days.on("2026-01"), recorded=days.on("01-20")),
        *(
            muscle_power(f"{side} knee extension", grade, days.at(day))
            for side in ("Right", "Left")
            for day, grade in (("06-11", 4), ("06-14", 3))
        ),
    ]


@story("V64", "52 F", "P", "R5", "info")
def v64(days: Days) -> list[Resource]:
    """Night pain only."""
    return [
        condition(codings.NIGHT_PAIN, onset=days.on("06-08"), recorded=days.on("06-15")),
        pain(days, THREE_WEEKS_AGO),
    ]


@story("V65", "68 M", "N", "R1", "warning")
def v65(days: Days) -> list[Resource]:
    """Nothing but age, and a negative form."""
    return [pain(days, TWELVE_DAYS_AGO), negative_screen(days)]


@story("V66", "59 M", "U", "R5", "warning")
def v66(days: Days) -> list[Resource]:
    """A tumour of the spine, provisional."""
    return [
        condition(
            codings.SPINE_TUMOUR,
            onset=days.on("06-14"),
            recorded=days.on("06-14"),
            verification="provisional",
            category="encounter-diagnosis",
        )
    ]


@story("V67", "57 F", "N", "R1", "warning")
def v67(days: Days) -> list[Resource]:
    """Diabetes only."""
    return [
        condition(codings.DIABETES, onset=days.on("2015"), recorded=days.on("2015-10-02")),
        pain(days, TWELVE_DAYS_AGO),
    ]


@story("V68", "61 F", "U", "R5", "warning")
def v68(days: Days) -> list[Resource]:
    """Prednisolone 30 mg a day for four weeks and still taken."""
    return [
        medication_request(codings.PREDNISOLONE, authored=days.on("05-18"), daily_mg=30),
        pain(days, TWO_WEEKS_AGO),
    ]


@story("V71", "50 M", "X", "R5", "info")
def v71(days: Days) -> list[Resource]:
    """CRP 40 of no unit: perhaps high, certainly not negative."""
    return [crp(days, 40, None, "06-12"), pain(days, "06-05")]


@story("V73", "66 F", "U", "R5", "warning")
def v73(days: Days) -> list[Resource]:
    """A history of lymphoma without any date."""
    return [condition(codings.LYMPHOMA_HISTORY), pain(days, THREE_WEEKS_AGO)]
