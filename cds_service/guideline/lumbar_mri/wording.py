"""How a card finds its words in the card files of this guideline.

A card never fails for a word: where a blank has no value, the section's `default` speaks, which has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cds_service.guideline.words import Words

SHARED = "common"
SAFETY = "safety"
ENDORSED = "endorsed"
_MOST_UNREAD_NAMED = 2

# The variants that the rules use, by card file; `default` stands for any other.
VARIANTS: Mapping[str, tuple[str, ...]] = {
    "cauda-equina": (
        "emergency", "emergency-diagnosis", "emergency-bilateral",
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
        "possible", "possible-remote", "possible-weak", "unclear",
    ),
    "procedure": (
        "emergency", "emergency-haematoma", "urgent", "urgent-complication", "indicated", "indicated-undated",
        "possible", "possible-needle", "possible-level", "possible-date", "unclear",
    ),
    "not-indicated": ("short", "first-recorded", "no-care", "under-way", "improving"),
    "may-be-indicated": ("band", "full"),
    "unclear": (
        "care-unknown", "care-partial", "duration-unknown", "onset-problem", "age-unknown",
        "age-unread", "unread", "no-indication", "reason-without-pain", "value-unknown", "foreign",
    ),
    "outside": ("child", "trauma", "fragility", "vertebral-fracture", "vascular", "mimic", "inflammatory"),
    ENDORSED: ("emergency", "urgent", "indicated", "device"),
}  # fmt: skip

# Variants that stand only where findings form a pattern (2.11): its summary is that of their card.
SUMMARY_OF_PATTERN: Mapping[str, tuple[str, ...]] = {
    "infection": ("emergency-abscess",),
    "cancer": ("emergency-cord",),
    "procedure": ("emergency-haematoma",),
}
HOSPITAL = "hospital"
# What a card can name, besides, by keys that have words in `common.md`.
CHECKS = ("saddle", "bladder-bowel", "anal-tone", "residual-volume")
MISSING = (
    "bladder-bowel",
    "bladder",
    "bowel",
    "saddle",
    "leg-power",
    "fever",
    "weight",
    "cancer",
    "procedure",
)
DENIALS = ("bladder", "bowel", "saddle", "leg-power", "both-legs", "fever", "weight", "cancer", "procedure")
CHANGES = (
    "red-flag", "care-four-weeks", "improving", "not-improving", "imaged", "newer-than-imaging",
    "feature-coded", "new-cauda-equina", "deficit-worse", "deficit-old", "deficit-corrected",
    "pain-after-procedure", "pain-recorded", "reason-coded", "feature-confirmed", "new-neurology", "fever",
    "records-read", "care-recorded", "onset-recorded", "age-recorded", "value-recorded",
    "worse-after-needle", "level-recorded", "second-feature", "fever-strong",
)  # fmt: skip


def find(words: Words, file: str, kind: str, names: Iterable[str], fills: Mapping[str, str]) -> str | None:
    """The first section `kind.name` whose blanks all have a value, filled; None where there is none."""
    for name in (*names, "default"):
        section = f"{kind}.{name}"
        if words.has(file, section) and all(fills.get(blank) for blank in words.blanks(file, section)):
            return words.say(file, section, fills)
    return None


def by_key(words: Words, kind: str, key: str, fills: Mapping[str, str] | None = None) -> str:
    """The shared words of a key; a key without words of its own is said as it is spelled."""
    section = f"{kind}.{key}"
    return words.say(SHARED, section, fills or {}) if words.has(SHARED, section) else key.replace("-", " ")


def unread_names(kinds: Iterable[str], words: Words) -> list[str]:
    """What could not be read, in plain words, by FHIR type: "problem list"."""
    known = (kind if words.has(SHARED, f"unread.{kind}") else "default" for kind in kinds)
    return list(dict.fromkeys(words.say(SHARED, f"unread.{kind}").lower() for kind in known))


def in_a_row(names: list[str]) -> str:
    """ "problem list, observations and visits"."""
    return " and ".join((*([", ".join(names[:-1])] if names[1:] else []), *names[-1:]))


def unread_in_short(kinds: Iterable[str], words: Words) -> str:
    """The same for a summary: two at most are named, because what is cut off would look like read."""
    names = unread_names(kinds, words)
    if len(names) <= _MOST_UNREAD_NAMED:
        return in_a_row(names)
    return words.say(SHARED, "unread-more", {"what": names[0], "count": str(len(names) - 1)})


def longest_unread(words: Words) -> int:
    """How many characters `unread_in_short` may take."""
    sections = words.sections.get(SHARED, {})
    kinds = [name.removeprefix("unread.") for name in sections if name.startswith("unread.")]
    kinds.sort(key=lambda kind: -len(sections[f"unread.{kind}"]))
    shown = [unread_in_short(kinds[:_MOST_UNREAD_NAMED], words)]
    if words.has(SHARED, "unread-more"):
        shown.append(unread_in_short(kinds, words))
    return max(map(len, shown))


def override_reasons(words: Words, file: str) -> tuple[tuple[str, str], ...]:
    """Code and display of each override reason that the file lists."""
    if not words.has(file, "overrides"):
        return ()
    pairs = (line.partition(": ") for line in words.sections[file]["overrides"].splitlines() if line.strip())
    return tuple((code.strip(), display.strip()) for code, _, display in pairs)


def own_reasons(words: Words) -> dict[str, str]:
    """The display of each override reason that a card of this guideline can offer, by its code."""
    return dict(pair for file in words.sections for pair in override_reasons(words, file))
