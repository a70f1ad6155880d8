"""How a card finds its words in the card files of this guideline.

A card never fails for a word: where a blank has no value, the section's `default` speaks, which has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cds_service.guideline.words import Words

SHARED = "common"
SAFETY = "safety"
ENDORSED = "endorsed"

# The variants that the rules use, by card file; `default` stands for any other.
VARIANTS: Mapping[str, tuple[str, ...]] = {
    "cauda-equina": (
        "emergency", "emergency-diagnosis",
        "urgent", "urgent-bilateral", "urgent-explained", "urgent-refuted",
        "possible", "possible-explained", "possible-catheter", "possible-imaged", "possible-old",
        "possible-sexual", "possible-words", "value-unknown",
    ),
    "neurology": (
        "emergency", "emergency-bilateral", "emergency-cord", "urgent",
        "possible", "possible-words", "possible-arm", "value-unknown",
    ),
    "infection": (
        "emergency", "emergency-sepsis", "emergency-abscess", "urgent", "urgent-known", "urgent-weak",
        "possible", "possible-weak", "possible-source", "unclear",
    ),
    "cancer": (
        "emergency", "emergency-cord", "urgent", "urgent-spine", "urgent-suspected", "urgent-weak",
        "possible", "possible-remote", "possible-weak",
    ),
    "procedure": (
        "emergency", "emergency-haematoma", "urgent", "urgent-complication", "indicated",
        "possible", "possible-needle", "possible-level", "possible-date",
    ),
    "not-indicated": ("short", "first-recorded", "no-care", "under-way", "improving"),
    "may-be-indicated": ("band", "full"),
    "unclear": (
        "care-unknown", "care-partial", "duration-unknown", "onset-problem", "age-unknown",
        "unread", "no-indication", "reason-without-pain", "value-unknown", "foreign",
    ),
    "outside": ("child", "trauma", "fragility", "vertebral-fracture", "vascular", "mimic", "inflammatory"),
    ENDORSED: ("emergency", "urgent", "indicated", "device"),
}  # fmt: skip


def find(words: Words, file: str, kind: str, names: Iterable[str], fills: Mapping[str, str]) -> str | None:
    """The first section `kind.name` whose blanks all have a value, filled; None where there is none."""
    for name in (*names, "default"):
        section = f"{kind}.{name}"
        if words.has(file, section) and all(fills.get(blank) for blank in words.blanks(file, section)):
            return words.say(file, section, fills)
    return None


def by_key(words: Words, kind: str, key: str) -> str:
    """The shared words of a key; a key without words of its own is said as it is spelled."""
    section = f"{kind}.{key}"
    return words.say(SHARED, section) if words.has(SHARED, section) else key.replace("-", " ")


def override_reasons(words: Words, file: str) -> tuple[tuple[str, str], ...]:
    """Code and display of each override reason that the file lists."""
    if not words.has(file, "overrides"):
        return ()
    pairs = (line.partition(": ") for line in words.sections[file]["overrides"].splitlines() if line.strip())
    return tuple((code.strip(), display.strip()) for code, _, display in pairs)
