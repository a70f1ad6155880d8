"""What is wrong with the numbers of a guideline, found at start: no patient is the first to find out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from cds_service.guideline.faults import Fault
from cds_service.guideline.thresholds import Thresholds

# Lower, then higher: where the two are exchanged, a tier between them could never be told.
_RISING = (
    ("care_min_days", "care_full_days"),
    ("power_small_drop_grades", "power_drop_grades"),
    ("power_fresh_days", "power_recent_days"),
    ("cauda_acute_days", "cauda_subacute_days"),
    ("crp_weak_mg_l", "crp_strong_mg_l"),
    ("crp_strong_mg_l", "crp_after_surgery_mg_l"),
    ("crp_after_surgery_mg_l", "crp_high_mg_l"),
    ("esr_weak_mm_h", "esr_strong_mm_h"),
    ("esr_strong_mm_h", "esr_high_mm_h"),
    ("crp_after_surgery_days", "lab_after_surgery_days"),
    ("steroid_course_days", "steroid_cumulative_days"),
    ("steroid_cumulative_days", "steroid_lookback_days"),
    ("steroid_mg_per_day", "steroid_high_mg_per_day"),
    ("weight_loss_days", "weight_fresh_days"),
    ("procedure_alarm_days", "procedure_recent_days"),
    ("procedure_alarm_days", "injection_days"),
    ("pain_improved_latest_score", "pain_score_high"),
    ("procedure_alarm_score", "pain_score_high"),
    ("residual_volume_ml", "residual_volume_high_ml"),
    ("temperature_low_cel", "fever_cel"),
    ("fever_cel", "temperature_high_cel"),
    ("weight_low_kg", "weight_high_kg"),
    ("egfr_low_ml_min", "egfr_high_ml_min"),
)

# What the rules calculate in, by how a name ends; the first that fits. Another unit would change words only.
_UNITS = (
    ("_mg_per_day", "mg/d"), ("_ml_min", "mL/min/{1.73_m2}"), ("_mg_l", "mg/L"), ("_mm_h", "mm/h"),
    ("_ml", "mL"), ("_kg", "kg"), ("_cel", "Cel"), ("_percent", "%"), ("_points", "{score}"),
    ("_score", "{score}"), ("_grades", "{MRC grade}"), ("_grade", "{MRC grade}"), ("_days", "d"),
    ("_years", "a"), ("_age", "a"),
)  # fmt: skip
_LARGEST = {"d": 36_525, "a": 150}  # a calendar has no room for the days of a far longer time


def unit_of(name: str) -> str | None:
    """The unit (UCUM) in which the rules calculate with a threshold; None where its name does not say."""
    return next((unit for ending, unit in _UNITS if name.endswith(ending)), None)


def check_numbers(limits: Thresholds) -> list[Fault]:
    """What is wrong, each under ("thresholds", name, "value"); empty: nothing."""
    return [*_beyond_bounds(limits), *_out_of_order(limits)]


def _beyond_bounds(limits: Thresholds) -> Iterator[Fault]:
    for field in fields(limits):
        value, largest = getattr(limits, field.name), _LARGEST.get(unit_of(field.name) or "")
        if value < 0:
            yield Fault(("thresholds", field.name, "value"), "0 or more")
        if largest is not None and value > largest:
            yield Fault(("thresholds", field.name, "value"), f"at most {largest}")


def _out_of_order(limits: Thresholds) -> Iterator[Fault]:
    for lower, higher in _RISING:
        if getattr(limits, lower) > getattr(limits, higher):
            yield Fault(("thresholds", lower, "value"), f"at most {higher}")
