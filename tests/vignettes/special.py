"""Rows V87 to V97: special populations, mimics and MRI safety."""

from tests.builders import Resource, concept, condition, device, observation, quantity
from tests.vignettes import codings
from tests.vignettes.back_pain import persistent_pain
from tests.vignettes.forms import pain
from tests.vignettes.procedures import fused_long_ago
from tests.vignettes.story import Days, story


@story("V87", "31 F", "E", "R4", "critical")
def v87(days: Days) -> list[Resource]:
    """25 weeks pregnant; both sphincters since yesterday, numb buttocks."""
    return [
        condition(codings.PREGNANCY, onset=days.on("2025-12-22"), recorded=days.on("02-02")),
        pain(days, "06-13"),
        condition(concept("Numbness of both buttocks"), onset=days.on("06-14"), recorded=days.on("06-15")),
        condition(codings.URINE_INCONTINENCE, onset=days.on("06-14"), recorded=days.on("06-15")),
        condition(codings.FAECAL_INCONTINENCE, onset=days.on("06-14"), recorded=days.on("06-15")),
    ]


@story("V89", "15 M", "O", "", "info", hook="order-sign")
def v89(days: Days) -> list[Resource]:
    """A boy of 15 with ten days of pain."""
    return [pain(days, "06-05")]


@story("V91", "40 M", "O", "", "info")
def v91(days: Days) -> list[Resource]:
    """A fall from four metres five days ago."""
    fall = condition(
        concept("Fall from height (4 m)"),
        onset=days.on("06-10"),
        recorded=days.on("06-10"),
        category="encounter-diagnosis",
    )
    return [fall, pain(days, "06-10")]


@story("V93", "71 M", "O", "", "warning")
def v93(days: Days) -> list[Resource]:
    """A known aortic aneurysm of 5.6 cm and pain since yesterday."""
    return [
        condition(codings.AORTIC_ANEURYSM, onset=days.on("2024"), recorded=days.on("2024-04-16")),
        observation(
            concept("Abdominal aortic diameter"),
            quantity(5.6, "cm"),
            effective=days.on("03-02"),
            category="imaging",
        ),
        pain(days, "06-14"),
    ]


@story("V94", "68 M", "E", "R4", "critical", safety=True)
def v94(days: Days) -> list[Resource]:
    """Saddle numbness and retention today, and a pacemaker that is not MR-conditional."""
    return [
        device(codings.PACEMAKER, safety=codings.MR_UNSAFE),
        condition(codings.SADDLE_NUMBNESS, onset=days.on("06-15"), recorded=days.on("06-15")),
        condition(codings.RETENTION, onset=days.on("06-15"), recorded=days.on("06-15")),
    ]


@story("V96", "47 M", "M", "R2", "info")
def v96(days: Days) -> list[Resource]:
    """Claustrophobia; R2 is met."""
    return [
        condition(codings.CLAUSTROPHOBIA, onset=days.on("2016"), recorded=days.on("2016-07-28")),
        *persistent_pain(days),
    ]


@story("V97", "58 F", "M", "R2", "info")
def v97(days: Days) -> list[Resource]:
    """As V77, with the screws and rods on the device list."""
    return [*fused_long_ago(days), device(concept("Lumbar pedicle screws and rods"))]
