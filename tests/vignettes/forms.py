"""What several stories share: the back pain form, pain itself, courses of treatment."""

from typing import Any

from tests.builders import (
    Concept,
    Resource,
    appointment,
    concept,
    condition,
    pain_score,
    procedure,
    questionnaire_response,
)
from tests.vignettes import codings
from tests.vignettes.story import Days

BLADDER_BOWEL_SADDLE = (
    ("New difficulty passing urine, or loss of bladder control?", False),
    ("Loss of bowel control?", False),
    ("Numbness around the genitals or back passage (saddle numbness)?", False),
)
OTHER_RED_FLAGS = (
    ("Weakness of a leg, or weakness that is getting worse?", False),
    ("Pain or numbness in both legs?", False),
    ("Fever or chills?", False),
    ("Unexplained weight loss?", False),
    ("Cancer now or in the past?", False),
    ("Injecting drug use?", False),
    ("Medicines or an illness that weaken the immune system?", False),
    ("Operation on, or injection into, the lower back?", False),
    ("Serious fall or accident?", False),
)
RED_FLAGS = BLADDER_BOWEL_SADDLE + OTHER_RED_FLAGS


def pain(days: Days, onset: str, code: Concept = codings.LOW_BACK_PAIN, **more: Any) -> Resource:
    """Low back pain since `onset`, recorded that day where the day is known."""
    recorded = None if len(onset) in (4, 7) else days.on(onset)
    return condition(code, **({"onset": days.on(onset), "recorded": recorded} | more))


def negative_screen(days: Days, *extra: tuple[str, bool | str]) -> Resource:
    """The red-flag form of 15 June, every answer no; `extra` adds questions."""
    return questionnaire_response((*RED_FLAGS, *extra), authored=days.at("06-15", "09:40"))


def physiotherapy_sessions(days: Days, *dates: str, code: Concept = codings.PHYSIOTHERAPY) -> list[Resource]:
    """Physiotherapy that took place, as Procedures."""
    return [procedure(code, performed=days.on(day), reason=codings.LOW_BACK_PAIN) for day in dates]


def physiotherapy_visits(days: Days, *visits: tuple[str, str]) -> list[Resource]:
    """Physiotherapy appointments as (day, status): fulfilled, noshow, cancelled."""
    service = concept("Physiotherapy")
    return [appointment(service, start=days.at(day, "14:00"), status=status) for day, status in visits]


def pain_scores(days: Days, *scores: tuple[str, int]) -> list[Resource]:
    """Pain scores as (day, score)."""
    return [pain_score(score, days.at(day)) for day, score in scores]
