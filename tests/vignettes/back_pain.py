"""Rows V01 to V17: R1 against R2."""

from tests.builders import (
    Resource,
    condition,
    medication_request,
    medication_statement,
    muscle_power,
    procedure,
)
from tests.vignettes import codings
from tests.vignettes.forms import (
    negative_screen,
    pain,
    pain_scores,
    physiotherapy_sessions,
    physiotherapy_visits,
)
from tests.vignettes.story import Days, story

SEVEN_WEEKS_OF_PHYSIOTHERAPY = ("04-27", "05-04", "05-11", "05-18", "05-25", "06-08")


@story("V01", "34 F", "N", "R1", "warning")
def v01(days: Days) -> list[Resource]:
    """Pain for 10 days, every red-flag question answered no today."""
    return [
        pain(days, "06-05"),
        negative_screen(days),
        medication_statement(codings.PARACETAMOL, start=days.on("06-06")),
    ]


@story("V02", "42 M", "N", "R1", "warning")
def v02(days: Days) -> list[Resource]:
    """Pain for 3 days with sciatica on the right and full power in it."""
    return [
        pain(days, "06-12", codings.LOW_BACK_PAIN_CM),
        pain(days, "06-12", codings.SCIATICA_RIGHT, category="encounter-diagnosis"),
        muscle_power("Right ankle dorsiflexion", 5, days.at("06-15")),
        muscle_power("Right big toe extension", "5/5", days.at("06-15")),
    ]


@story("V03", "29 M", "N", "R1", "warning")
def v03(days: Days) -> list[Resource]:
    """Pain for 20 days and nothing else on record."""
    return [pain(days, "05-26")]


@story("V04", "50 F", "M", "R2", "info")
def v04(days: Days) -> list[Resource]:
    """34 days of care with an unchanged score."""
    return [
        pain(days, "05-11", codings.LOW_BACK_PAIN_ICD),
        medication_request(
            codings.NAPROXEN, authored=days.on("05-12"), status="completed", reason=codings.LOW_BACK_PAIN
        ),
        *physiotherapy_visits(days, ("05-15", "fulfilled"), ("06-05", "fulfilled")),
        *pain_scores(days, ("05-12", 7), ("06-12", 7)),
    ]


@story("V05", "47 M", "M", "R2", "info")
def v05(days: Days) -> list[Resource]:
    """49 days of care: six sessions, unchanged score."""
    return persistent_pain(days)


def persistent_pain(days: Days) -> list[Resource]:
    """Eight weeks of pain and seven of physiotherapy without change: R2 is met."""
    return [
        pain(days, "04-20", codings.LOW_BACK_PAIN_ICD),
        *physiotherapy_sessions(days, *SEVEN_WEEKS_OF_PHYSIOTHERAPY),
        *pain_scores(days, ("04-27", 6), ("06-08", 6)),
    ]


@story("V06", "39 F", "N", "R1", "warning")
def v06(days: Days) -> list[Resource]:
    """35 days of pain; the form says that nothing was tried."""
    return [pain(days, "05-11"), negative_screen(days, ("Treatment so far", "none"))]


@story("V07", "39 F", "X", "R1 R2", "info")
def v07(days: Days) -> list[Resource]:
    """As V06, but nobody asked about treatment."""
    return [pain(days, "05-11"), negative_screen(days)]


@story("V09", "36 M", "N", "R1", "info")
def v09(days: Days) -> list[Resource]:
    """Eight weeks of pain, treated and much better."""
    return [
        pain(days, "04-20"),
        *physiotherapy_sessions(days, *SEVEN_WEEKS_OF_PHYSIOTHERAPY, code=codings.EXERCISE_SESSION),
        *pain_scores(days, ("04-27", 8), ("06-08", 3)),
    ]


@story("V10", "60 F", "M", "R2", "info")
def v10(days: Days) -> list[Resource]:
    """Pain since 2019, a repeat prescription since January, unchanged score."""
    return [
        pain(days, "2019", codings.CHRONIC_LOW_BACK_PAIN, recorded=days.on("2019-08-12")),
        medication_request(
            codings.IBUPROFEN, authored=days.on("01-12"), reason=codings.CHRONIC_LOW_BACK_PAIN, repeats=5
        ),
        *pain_scores(days, ("04-13", 5), ("06-10", 5)),
    ]


@story("V12", "53 M", "M", "R2", "info")
def v12(days: Days) -> list[Resource]:
    """No onset; two prescriptions for the pain, the first before it entered the problem list."""
    first, second = (
        medication_request(
            codings.DICLOFENAC, authored=days.on(day), status=status, reason=codings.LOW_BACK_PAIN_CM
        )
        for day, status in (("04-30", "completed"), ("05-20", "active"))
    )
    return [condition(codings.LOW_BACK_PAIN_CM, recorded=days.on("05-20")), first, second]


@story("V14", "31 M", "N", "R1", "warning")
def v14(days: Days) -> list[Resource]:
    """Onset known to the month; physiotherapy for 26 days and going on.

    A month cannot be moved by days: shift this row by whole months only.
    """
    course = procedure(codings.PHYSIOTHERAPY, status="in-progress", period=(days.on("05-20"), None))
    return [pain(days, "2026-05", recorded=days.on("05-20")), course, negative_screen(days)]


@story("V17", "48 F", "X", "R1 R2", "info")
def v17(days: Days) -> list[Resource]:
    """Seven weeks of pain; both physiotherapy appointments were missed."""
    return [
        pain(days, "04-27", codings.LOW_BACK_PAIN_CM),
        *physiotherapy_visits(days, ("05-04", "noshow"), ("05-11", "cancelled")),
    ]
