"""Rows V75 to V85: R6, after an invasive procedure of the lumbar spine."""

from tests.builders import (
    Resource,
    medication_statement,
    muscle_power,
    procedure,
)
from tests.vignettes import codings
from tests.vignettes.cancer_infection import temperature
from tests.vignettes.forms import pain, pain_scores, physiotherapy_sessions
from tests.vignettes.story import Days, story


@story("V75", "45 M", "U", "R6", "warning")
def v75(days: Days) -> list[Resource]:
    """New pain 16 days after a discectomy of three weeks ago."""
    return [
        procedure(codings.DISCECTOMY, performed=days.on("05-25"), site="L4/L5 intervertebral disc"),
        pain(days, "06-10"),
    ]


@story("V77", "58 F", "M", "R2", "info")
def v77(days: Days) -> list[Resource]:
    """Fused in 2012, in pain since 2010, treated and unchanged."""
    return fused_long_ago(days)


def fused_long_ago(days: Days) -> list[Resource]:
    """A fusion of 2012 with the same pain before and after it, analgesia and physiotherapy going on."""
    return [
        procedure(codings.FUSION, performed=days.on("2012"), site="Lumbar spine"),
        pain(days, "2010", codings.CHRONIC_LOW_BACK_PAIN, recorded=days.on("2010-11-03")),
        *pain_scores(days, ("04-10", 5), ("06-09", 5)),
        medication_statement(
            codings.PARACETAMOL, start=days.on("2025-02-01"), reasonCode=[codings.LOW_BACK_PAIN]
        ),
        *physiotherapy_sessions(days, "04-15", "05-06", "05-27", "06-10"),
    ]


@story("V79", "35 F", "P", "R6", "info")
def v79(days: Days) -> list[Resource]:
    """A mild ache the day after a lumbar puncture; no fever, legs at full power."""
    return [
        procedure(codings.LUMBAR_PUNCTURE, performed=days.on("06-12")),
        pain(days, "06-13", severity="Mild", note=(days.at("06-13"), "Local ache at the puncture site.")),
        temperature(days, 36.7, "06-14"),
        *(
            muscle_power(f"{side} {movement}", 5, days.at("06-14"))
            for side in ("Right", "Left")
            for movement in ("knee extension", "ankle dorsiflexion", "ankle plantarflexion")
        ),
    ]


@story("V81", "45 M", "N", "R1", "warning")
def v81(days: Days) -> list[Resource]:
    """A discectomy that was not done."""
    return [
        procedure(codings.DISCECTOMY, performed=days.on("05-25"), status="not-done", site="L4/L5"),
        pain(days, "06-05"),
    ]


@story("V83", "60 F", "P", "R6", "info")
def v83(days: Days) -> list[Resource]:
    """A laminectomy at an unknown level, new pain since."""
    return [procedure(codings.LAMINECTOMY, performed=days.on("05-20")), pain(days, "06-08")]


@story("V85", "49 F", "U", "R6", "warning")
def v85(days: Days) -> list[Resource]:
    """Much worse since an epidural injection 26 days ago."""
    return [
        procedure(codings.EPIDURAL_INJECTION, performed=days.on("05-20"), site="Lumbar epidural space"),
        pain(days, "02-10", codings.LOW_BACK_PAIN_ICD, note=(days.at("06-05"), "Pain much worse.")),
        *pain_scores(days, ("05-18", 4), ("06-05", 8)),
    ]
