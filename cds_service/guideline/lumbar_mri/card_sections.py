"""Which sections a card file must and may have, and which blanks each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from cds_service.guideline.lumbar_mri.wording import (
    CHANGES,
    CHECKS,
    DENIALS,
    MISSING,
    SAFETY,
    SHARED,
    SUMMARY_OF_PATTERN,
    VARIANTS,
)
from cds_service.guideline.thresholds import Thresholds, as_weeks
from cds_service.guideline.words import Words

# What the rules and the renderer can fill in; every threshold is a blank of its own name as well, and every
# number of days one in weeks.
FINDING_BLANKS = frozenset(
    {"pain_days", "care_days", "care_weeks", "screen", "procedure", "ago", "unread", "reason", "cause",
     "features"}
)  # fmt: skip
THRESHOLD_BLANKS = frozenset(
    name for field in fields(Thresholds) for name in (field.name, as_weeks(field.name)) if name
)
_SHARED_BLANKS: Mapping[str, frozenset[str]] = {
    "order": frozenset({"order"}),
    "order-of-several": frozenset({"order", "place", "total"}),
    "order-mark": frozenset({"order", "place"}),
    "order-mark-of": frozenset({"place", "total"}),
    "duplicates": frozenset({"order", "others"}),
    "more": frozenset({"count"}),
    "cards-left-out": frozenset({"count", "orders"}),
    "unread": frozenset({"what"}),
    "unread-more": frozenset({"what", "count"}),
    "certainty": frozenset({"recommendation", "strength", "certainty"}),
    "summary": frozenset({"features"}),
    "first": THRESHOLD_BLANKS,
    "change": THRESHOLD_BLANKS,
    "protocol": frozenset({"protocol"}),
    "protocol-to-consider": frozenset({"protocol"}),
    "checks": frozenset({"checks"}),
    "reason": frozenset({"recommendation"}),
    "suggestion": frozenset({"reason", "referral", "priority", "study"}),
    "action": frozenset({"order", "what", "changes", "rating"}),
    "change-of": frozenset({"priority", "reason", "study", "says"}),
    "review-by": frozenset({"start", "end"}),
    "denied": frozenset({"date", "what"}),
    "also-unusable": frozenset({"names"}),
    "settle": frozenset({"names", "items"}),
    "settled-by": frozenset({"items"}),
    "items": frozenset({"numbers", "first", "last"}),
    "attested": frozenset({"reason"}),
    "again": frozenset({"date", "reason", "facts"}),
}
_SAFETY_BLANKS: Mapping[str, frozenset[str]] = {
    "summary": frozenset({"device"}),
    "line": frozenset({"fact"}),
}

# The sections that `common.md` and `safety.md` must hold besides those that are looked up by a key.
_SHARED_SECTIONS = (
    "cards-left-out", "order-of-several", "order-mark", "order-mark-of", "heading.why", "heading.do",
    "heading.missing", "heading.change",
    "heading.evidence", "heading.limits", "heading.alternatives", "source.label", "link.guideline",
    "link.details", "link.leaflet", "limits", "closing", "order", "duplicates", "also", "also-listed",
    "also-unusable",
    "more", "not-recorded", "denied", "denied.recorded", "denied.old", "settle", "settled-by", "items.one",
    "items.several", "items.range", "stale", "unread", "unread.default", "unread-more", "certainty",
    "first.vascular",
    "first.check-first", "first.cord-compression", "first.epidural-abscess", "first.haematoma",
    "first.child", "first.ct", "first.contrast-pregnant", "first.contrast-risk", "beside.infection",
    "beside.cultures", "beside.cancer", "beside.procedure", "beside.haematoma", "endorsed.same-day",
    "endorsed.specialist", "endorsed.oncology",
    "endorsed.operating-team", "summary.check-first", "summary.cord-compression",
    "summary.epidural-abscess", "summary.epidural-abscess.urgent", "summary.epidural-abscess.urgent.hospital",
    "summary.haematoma", "same-facts",
    "pregnant", "pregnant.cauda-equina", "protocol", "protocol-to-consider", "region.lumbar",
    "region.lumbosacral",
    "region.whole-spine", "contrast.without", "contrast.with-and-without", "checks", "review-by",
    "topic.R1", "topic.R2", "topic.R3", "topic.R4", "topic.R5", "topic.R6", "topic.none",
    "reason.recommendation", "suggestion.remove-start-care", "suggestion.remove-continue-care",
    "suggestion.remove", "suggestion.keep", "suggestion.refer", "suggestion.refer-only",
    "suggestion.refer-study", "suggestion.refer-study-only", "suggestion.priority", "suggestion.study",
    "suggestion.study-priority", "suggestion.priority-labs", "suggestion.study-labs",
    "suggestion.study-priority-labs", "suggestion.labs", "suggestion.markers", "suggestion.reason",
    "suggestion.note",
    "suggestion.radiograph", "refer.emergency", "refer.same-day", "refer.specialist",
    "refer.operating-team", "refer.oncology", "action.delete", "action.create", "action.update",
    "action.rate",
    "change-of.priority", "change-of.reason", "change-of.study", "change-of.study-other-system",
    "change-of.code-says", "change-of.site", "change-of.note", "note.hardware", "both-legs", "undated",
    "undated.future", "undated.impossible", "attested", "again.new-facts", "again.attested",
    "again.changed", "again.less-read", "again.emergency", "again.device",
)  # fmt: skip
_SAFETY_SECTIONS = (
    "summary.unsafe", "summary.unknown-device", "summary.conditional", "summary.default", "do.unsafe",
    "do.unknown-device", "do.conditional", "no-delay", "alternative.default", "alternative.pregnant",
    "alternative.not-indicated", "line.unsafe", "line.conditional", "line.unknown-device",
    "line.hardware", "line.hardware-named", "line.claustrophobia", "line.renal", "line.contrast-reaction",
    "line.pregnancy",
    "line.default",
)  # fmt: skip
_KEYS = {"check": CHECKS, "missing": MISSING, "denial": DENIALS, "change": CHANGES}
_KEYED_SECTIONS = frozenset(f"{kind}.{key}" for kind, keys in _KEYS.items() for key in keys)
# Named by what a record holds, and said in other words where they have none.
_LOOKED_UP = ("unread", "type", "reason")
# Said where its blank has a value, beside the words of the variant.
_OPTIONAL = ("screen", "other-reason")
_KINDS = ("summary", "why", "do", "evidence")


def needed_sections(words: Words) -> dict[str, set[str]]:
    """The sections that a card could need, by file."""
    wanted: dict[str, set[str]] = {
        SHARED: {*_SHARED_SECTIONS, *_KEYED_SECTIONS},
        SAFETY: set(_SAFETY_SECTIONS),
    }
    for file, variants in VARIANTS.items():
        wanted[file] = {"name", "summary.default", "do.default"}
        wanted[file] |= {f"summary.{variant}" for variant in variants} - _said_by_pattern(file)
        # What to do may be the same for every variant of an outcome, what the summary says may not.
        wanted[file] |= {f"do.{v}" for v in variants if not words.has(file, f"do.{v.partition('-')[0]}")}
    return wanted


def is_read(file: str, section: str) -> bool:
    """Whether some card reads the section."""
    kind, _, name = section.partition(".")
    if file == SHARED:
        shared = section.removesuffix(".hospital") in _SHARED_SECTIONS or section in _KEYED_SECTIONS
        return shared or kind in _LOOKED_UP
    if file == SAFETY:
        return section in _SAFETY_SECTIONS or kind == "alternative"
    if section.removesuffix(".hospital") in _said_by_pattern(file):
        return False
    variants = (*VARIANTS.get(file, ()), "default", "other")
    if kind in _KINDS and name:
        return name.removesuffix(".hospital").removesuffix(".pregnant") in variants
    return section in ("name", "evidence", "overrides") or section in _OPTIONAL


def needed_blanks(file: str, section: str) -> frozenset[str]:
    """The blanks that are all that the section is for."""
    match file, section.partition("."):
        case "common", (kind, "", _):
            return _SHARED_BLANKS.get(kind, frozenset())
        case "safety", ("line", _, _):
            return _SAFETY_BLANKS["line"]
        case "unclear", ("summary", _, "unread"):
            return frozenset({"unread"})
        case _:
            return frozenset()


def legal_blanks(file: str, section: str) -> frozenset[str]:
    """The blanks that rules and renderer can fill in the section."""
    kind, _, name = section.partition(".")
    if file == SHARED:
        return _SHARED_BLANKS.get(kind, frozenset()) if section != "unread.default" else frozenset()
    if file == SAFETY:
        return _SAFETY_BLANKS.get(kind, frozenset()) if name != "default" or kind == "line" else frozenset()
    if kind == "summary":
        return THRESHOLD_BLANKS | ({"features"} if name == "default" else FINDING_BLANKS)
    if kind in ("why", "do", *_OPTIONAL):
        return THRESHOLD_BLANKS if name == "default" else THRESHOLD_BLANKS | FINDING_BLANKS - {"features"}
    return frozenset()


def _said_by_pattern(file: str) -> set[str]:
    """The summaries that a pattern's always replaces (2.11)."""
    return {f"summary.{variant}" for variant in SUMMARY_OF_PATTERN.get(file, ())}
