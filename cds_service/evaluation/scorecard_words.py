"""The plain words of a scorecard, for codes that the store keeps."""

from __future__ import annotations

from collections.abc import Mapping

from cds_service.evaluation.scorecard_counts import FOREIGN, NO_REASON, NO_RECOMMENDATION, SAFETY
from cds_service.guideline.words import Words

RECOMMENDATIONS = {
    "R1": "Low back pain without red flags",
    "R2": "Pain despite 4 to 6 weeks of care",
    "R3": "Worsening nerve symptoms",
    "R4": "Suspected cauda equina syndrome",
    "R5": "Cancer or infection",
    "R6": "After a spinal procedure",
    NO_RECOMMENDATION: "Not enough data, or outside the guideline",
    SAFETY: "MRI safety",
}
OUTCOMES = {
    "emergency": "Emergency",
    "urgent": "Urgent",
    "indicated": "Indicated",
    "possible": "Possible red flag: check first",
    "unclear": "Cannot be decided",
    "may-be-indicated": "May be indicated",
    "not-indicated": "Not indicated",
    "outside": "Outside the guideline",
}
MISSING = {
    "care-unknown": "whether treatment was tried",
    "care-partial": "the rest of the treatment so far",
    "duration-unknown": "when the pain began",
    "onset-problem": "a usable date of onset",
    "age-unknown": "the birth date",
    "age-unread": "the patient's age (could not be read)",
    "unread": "a part of the record (could not be read)",
    "no-indication": "a reason for the order",
    "reason-without-pain": "back pain as a diagnosis",
    "value-unknown": "a usable result",
    "foreign": "the right patient (the order named another one)",
    "default": "facts to decide on",
}
# What would settle it, to be read after "Please".
REMEDIES = {
    "care-unknown": "record the treatment that was tried before ordering",
    "care-partial": "record all of the treatment that was tried before ordering",
    "duration-unknown": "record when the pain began before ordering",
    "onset-problem": "check the date of onset before ordering",
    "age-unknown": "see that the birth date is on record",
    "no-indication": "give each order its reason",
    "reason-without-pain": "record the back pain as a diagnosis",
    "value-unknown": "check results that have no value or unit",
}
# Why an order had no card.
SILENT = {
    "deceased": "Patient recorded as deceased",
    "hospice": "Hospice care",
    "child": "Child, while the order was chosen",
    "concordant": "Already as advised",
    "specialist": "Specialist",
    "other reason": "Another reason than back pain",
    "other indication": "Another indication",
    "no indication": "No reason yet, while the order was chosen",
    "unclear": "Not enough data, while the order was chosen",
    "repeat": "Overridden before, and nothing new",
    "left out": "The client takes no more cards",
}
_NOT_RECORDED = "missing."
_COMMON = "common"


def recommendation_words(code: str) -> str:
    """What a recommendation is about."""
    return RECOMMENDATIONS.get(code, code)


def reason_words(code: str, own: Mapping[str, str]) -> str:
    """An override reason in the words of its card; a foreign one by its code."""
    if code == NO_REASON:
        return "No reason given"
    if code.startswith(FOREIGN):
        return f"Client's own reason: {code.removeprefix(FOREIGN)}"
    return own.get(code, _plain(code))


def missing_words(code: str) -> str:
    """The fact that was missing."""
    return MISSING.get(code, _plain(code))


def not_recorded_words(key: str, words: Words) -> str:
    """What was not recorded, in the words of the cards."""
    return words.sections.get(_COMMON, {}).get(_NOT_RECORDED + key, _plain(key))


def silent_words(code: str) -> str:
    """Why there was no card."""
    return SILENT.get(code, _plain(code))


def _plain(code: str) -> str:
    return code.replace("-", " ")
