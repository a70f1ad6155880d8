"""Every number that a rule uses, by name; the values stand in `cards/lumbar-mri/guideline.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Windows in days, quantities in the unit that the name ends with; meanings stand in the content."""

    adult_age: int
    pain_episode_gap_days: int
    pain_short_days: int
    pain_trend_days: int
    pain_score_window_days: int
    pain_improved_points: Decimal
    pain_improved_percent: Decimal
    pain_improved_latest_score: Decimal
    care_min_days: int
    care_full_days: int
    care_before_onset_days: int
    care_items_gap_days: int
    care_cover_days: int
    prior_mri_days: int
    negative_screen_days: int
    power_baseline_days: int
    power_fresh_days: int
    power_recent_days: int
    power_drop_grades: Decimal
    power_small_drop_grades: Decimal
    power_severe_grade: Decimal
    power_rapid_days: int
    deficit_new_days: int
    deficit_stable_days: int
    bilateral_days: int
    cauda_acute_days: int
    cauda_subacute_days: int
    cauda_diagnosis_days: int
    cauda_imaging_days: int
    cauda_resolved_days: int
    residual_volume_ml: Decimal
    bladder_drug_days: int
    drug_gap_days: int
    cancer_remote_years: int
    cancer_treatment_days: int
    weight_loss_percent: Decimal
    weight_loss_days: int
    weight_fresh_days: int
    weak_facts_for_urgent: int
    symptom_days: int
    fever_cel: Decimal
    fever_days: int
    fever_coded_days: int
    lab_days: int
    crp_weak_mg_l: Decimal
    crp_strong_mg_l: Decimal
    esr_weak_mm_h: Decimal
    esr_strong_mm_h: Decimal
    crp_after_surgery_mg_l: Decimal
    crp_after_surgery_days: int
    lab_after_surgery_days: int
    bacteraemia_days: int
    injecting_days: int
    biologic_days: int
    steroid_mg_per_day: Decimal
    steroid_course_days: int
    steroid_ended_days: int
    steroid_cumulative_days: int
    steroid_lookback_days: int
    spinal_infection_past_days: int
    infection_elsewhere_days: int
    infection_source_days: int
    wound_infection_days: int
    listed_age: int
    procedure_alarm_days: int
    procedure_recent_days: int
    injection_days: int
    needle_days: int
    procedure_alarm_score: Decimal
    procedure_alarm_rise_points: Decimal
    trauma_days: int
    fall_risk_age: int
    mimic_days: int
    egfr_low_ml_min: Decimal
    egfr_days: int
    pregnancy_days: int
    fresh_answer_days: int
    temperature_low_cel: Decimal
    temperature_high_cel: Decimal
    residual_volume_high_ml: Decimal
    crp_high_mg_l: Decimal
    esr_high_mm_h: Decimal
    pain_score_high: Decimal
    steroid_high_mg_per_day: Decimal
    weight_low_kg: Decimal
    weight_high_kg: Decimal
    egfr_high_ml_min: Decimal
    future_tolerance_days: int
    repeat_override_days: int


def as_weeks(name: str) -> str | None:
    """The blank that says a number of days in weeks: `care_min_weeks` of `care_min_days`; None for others."""
    return f"{name.removesuffix('_days')}_weeks" if name.endswith("_days") else None


@dataclass(frozen=True, slots=True)
class Switches:
    """What a clinical owner may turn on or off, or choose an outcome for."""

    endorse: bool
    unclear_at_order_select: bool
    no_indication_at_order_select: bool
    advise_mri_for_ct: bool
    contrast_advice: bool
    other_figures: bool
    bilateral_only_outcome: str
    sexual_only_outcome: str
    remote_cancer_outcome: str
    exclude_non_melanoma_skin_cancer: bool
    late_procedure_outcome: str
    needle_outcome: str
    needle_counts_as_invasive: bool
    primary_care_classes: tuple[str, ...]
    emergency_classes: tuple[str, ...]
    specialist_roles: tuple[str, ...]  # system|code, or words, of a PractitionerRole
    system_actions: bool


def switch_words(value: Any) -> str:
    """A switch as it is read: "on", "off", its outcome, or its names in a row."""
    if isinstance(value, list | tuple):  # a list where it comes from TOML
        return ", ".join(map(str, value)) or "none"
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
