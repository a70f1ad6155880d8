"""Rows V18 to V26: R3, progressive neurology."""

from tests.builders import Resource, concept, condition, muscle_power
from tests.vignettes import codings
from tests.vignettes.forms import pain
from tests.vignettes.story import Days, story

RIGHT_FOOT_UP = "Right ankle dorsiflexion"


@story("V18", "51 M", "E", "R3", "critical")
def v18(days: Days) -> list[Resource]:
    """Right ankle dorsiflexion falls from 5 to 3 in 13 days."""
    return [
        pain(days, "05-20", codings.LOW_BACK_PAIN_ICD),
        pain(days, "05-20", codings.SCIATICA_RIGHT),
        muscle_power(RIGHT_FOOT_UP, 5, days.at("06-01")),
        muscle_power(RIGHT_FOOT_UP, 3, days.at("06-14", "16:20")),
    ]


@story("V20", "66 M", "N", "R1", "warning")
def v20(days: Days) -> list[Resource]:
    """A foot drop of 2018 with the same grade two years apart, and ten days of new pain."""
    return [
        condition(codings.FOOT_DROP_RIGHT, onset=days.on("2018"), recorded=days.on("2018-09-03")),
        muscle_power(RIGHT_FOOT_UP, 3, days.at("2024-03-12")),
        muscle_power(RIGHT_FOOT_UP, "3/5", days.at("06-10")),
        pain(days, "06-05"),
    ]


@story("V21", "57 F", "E", "R3", "critical")
def v21(days: Days) -> list[Resource]:
    """A foot drop of two days with grade 2, never examined before."""
    return [
        condition(codings.FOOT_DROP, onset=days.on("06-13"), recorded=days.on("06-13"), site="Right foot"),
        muscle_power(RIGHT_FOOT_UP, 2, days.at("06-13", "11:00")),
        pain(days, "06-03"),
    ]


@story("V23", "62 F", "U", "R3", "warning")
def v23(days: Days) -> list[Resource]:
    """Numbness of the left leg that spreads."""
    numbness = concept("Numbness spreading down left leg, worsening", snomed=codings.LEG_NUMBNESS)
    return [
        condition(
            numbness,
            onset=days.on("06-10"),
            recorded=days.on("06-10"),
            category="encounter-diagnosis",
            site="Left lower limb",
        ),
        pain(days, "05-18"),
    ]


@story("V24", "63 M", "P", "R3", "info")
def v24(days: Days) -> list[Resource]:
    """One grade 4, ten weeks ago, and never looked at again."""
    return [muscle_power(RIGHT_FOOT_UP, 4, days.at("04-02")), pain(days, "05-25", codings.LOW_BACK_PAIN_CM)]


@story("V26", "50 F", "P", "R3", "info")
def v26(days: Days) -> list[Resource]:
    """The right leg was 5, the left is 4: two series, no fall in either."""
    return [
        muscle_power(RIGHT_FOOT_UP, 5, days.at("06-01")),
        muscle_power("Left ankle dorsiflexion", 4, days.at("06-14")),
    ]
