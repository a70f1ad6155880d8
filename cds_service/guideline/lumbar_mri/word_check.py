"""What a card would lack: found in the card files at start, so that no patient is the first to find out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields

from cds_service.guideline.links import is_link
from cds_service.guideline.lumbar_mri.wording import (
    CHANGES,
    CHECKS,
    DENIALS,
    MISSING,
    SAFETY,
    SHARED,
    SUMMARY_OF_PATTERN,
    VARIANTS,
    longest_unread,
    override_reasons,
)
from cds_service.guideline.problems import Problem
from cds_service.guideline.thresholds import Thresholds, as_weeks
from cds_service.guideline.words import Words
from cds_service.protocol.card import SUMMARY_CHARACTERS

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
}
_SAFETY_BLANKS: Mapping[str, frozenset[str]] = {
    "summary": frozenset({"device"}),
    "line": frozenset({"fact"}),
}

# The sections that `common.md` and `safety.md` must hold besides those that are looked up by a key.
_SHARED_SECTIONS = (
    "order-of-several", "order-mark", "order-mark-of", "heading.why", "heading.do", "heading.missing",
    "heading.change",
    "heading.evidence", "heading.limits", "heading.alternatives", "source.label", "link.guideline",
    "link.details", "link.leaflet", "limits", "closing", "order", "duplicates", "also", "also-listed",
    "also-unusable", "more", "not-recorded", "denied", "denied.recorded", "denied.old", "settle",
    "settled-by", "items.one",
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
    "undated.future", "undated.impossible",
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
_CLAIMS_OF_SAFETY = re.compile(r"\b(safe|safely|excluded|ruled out|normal|normally)\b", re.IGNORECASE)
_MR_LABELS = re.compile(r"\bMR (safe|conditional|unsafe)\b")
_REFERENCE = re.compile(r"\[(?:[1-9]|[12]\d|3[0-7])(?:, (?:[1-9]|[12]\d|3[0-7]))*\]")
_FEATURES = re.compile(r"( \(\$features\)|: \$features$|\. \$features$)")
_LINK = re.compile(r"\]\((?P<target>[^)]*)\)|(?P<bare>\b\w+://\S+)")
_OVERRIDE = re.compile(r"[a-z0-9-]+: \S.*")
# How long the blanks of a summary may become; texts of the record are cut where they have no room.
_NUMBER_CHARACTERS = len("36500")
_BLANK_CHARACTERS = {"screen": len("15 Sep 2026"), "ago": len("23 months")}
_BLANK_CHARACTERS |= dict.fromkeys(("procedure", "cause", "reason", "device"), 20)
_LONGEST_TAG = " (ACE R6, strong; low certainty)."
_TAG_WITHOUT_STRENGTH = " (ACE R1/R2)."
_WITHOUT_STRENGTH = ("possible", "unclear", "value-unknown")
_BLANK = re.compile(r"\$([a-z_]+)")
_FEATURES_WITH_ROOM = re.compile(r" ?\(\$features\)|[:.]? ?\$features$")


def check_words(words: Words) -> list[Problem]:
    """What is wrong with the card words, each with its section; empty: nothing."""
    return [
        *_missing_sections(words),
        *_unknown_sections(words),
        *_unfillable_blanks(words),
        *_missing_blanks(words),
        *_claims(words),
        *_figures_without_reference(words),
        *_broken_overrides(words),
        *_repeated_overrides(words),
        *_long_summaries(words),
        *_broken_links(words),
    ]


def _problem(words: Words, file: str, section: str, expected: str, naming: str = "") -> Problem:
    """What a section must be, at the first of its lines that names the text."""
    return Problem(
        f"{file}.md",
        words.line_of(file, section, naming),
        f"section {section}{expected}" if expected[0] == ":" else f"section {section} {expected}",
    )


def _missing_sections(words: Words) -> Iterator[Problem]:
    wanted: dict[str, set[str]] = {
        SHARED: {*_SHARED_SECTIONS, *_KEYED_SECTIONS},
        SAFETY: set(_SAFETY_SECTIONS),
    }
    for file, variants in VARIANTS.items():
        wanted[file] = {"name", "summary.default", "do.default"}
        wanted[file] |= {f"summary.{variant}" for variant in variants} - _said_by_pattern(file)
        # What to do may be the same for every variant of an outcome, what the summary says may not.
        wanted[file] |= {f"do.{v}" for v in variants if not words.has(file, f"do.{v.partition('-')[0]}")}
    for file, sections in wanted.items():
        for section in sorted(sections - words.sections.get(file, {}).keys()):
            yield Problem(f"{file}.md", None, f"a section {section}")


def _said_by_pattern(file: str) -> set[str]:
    """The summaries that a pattern's always replaces (2.11)."""
    return {f"summary.{variant}" for variant in SUMMARY_OF_PATTERN.get(file, ())}


def _unknown_sections(words: Words) -> Iterator[Problem]:
    """A section that no card reads is a misspelled one."""
    for file, sections in words.sections.items():
        for section in sections:
            if not _is_known(file, section):
                yield _problem(words, file, section, "is read by no card")


def _is_known(file: str, section: str) -> bool:
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


def _unfillable_blanks(words: Words) -> Iterator[Problem]:
    for file, sections in words.sections.items():
        for section, text in sections.items():
            blanks = words.blanks(file, section)
            for blank in sorted(blanks - _legal_blanks(file, section)):
                yield _problem(words, file, section, f": ${blank} cannot be filled", f"${blank}")
            if "features" in blanks and not _FEATURES.search(text):
                yield _problem(
                    words, file, section, ": $features in brackets, or last behind : or .", "$features"
                )


def _missing_blanks(words: Words) -> Iterator[Problem]:
    """A section whose blank is all that it is for: without it an order, a fact or a gap would go unsaid."""
    for file, sections in words.sections.items():
        for section in sections:
            for blank in sorted(_needed_blanks(file, section) - words.blanks(file, section)):
                yield _problem(words, file, section, f": a blank ${blank}")


def _needed_blanks(file: str, section: str) -> frozenset[str]:
    match file, section.partition("."):
        case "common", (kind, "", _):
            return _SHARED_BLANKS.get(kind, frozenset())
        case "safety", ("line", _, _):
            return _SAFETY_BLANKS["line"]
        case "unclear", ("summary", _, "unread"):
            return frozenset({"unread"})
        case _:
            return frozenset()


def _legal_blanks(file: str, section: str) -> frozenset[str]:
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


def _claims(words: Words) -> Iterator[Problem]:
    """Our words never claim safety (specification 8.1.11); override reasons are the clinician's words."""
    for file, sections in words.sections.items():
        for section, text in sections.items():
            found = _CLAIMS_OF_SAFETY.search(_MR_LABELS.sub("", text))
            if found and section != "overrides":
                yield _problem(words, file, section, f": other words than {found[0]!r}", found[0])


def _figures_without_reference(words: Words) -> Iterator[Problem]:
    for file, sections in words.sections.items():
        for line in (line for line in sections.get("evidence", "").splitlines() if line.strip()):
            if not _REFERENCE.search(line):
                yield _problem(words, file, "evidence", ": a reference number in every line", line)


def _broken_overrides(words: Words) -> Iterator[Problem]:
    for file, sections in words.sections.items():
        lines = [line for line in sections.get("overrides", "").splitlines() if line.strip()]
        for line in (line for line in lines if not _OVERRIDE.fullmatch(line)):
            yield _problem(words, file, "overrides", ": a line a reason, as code: words", line)


def _repeated_overrides(words: Words) -> Iterator[Problem]:
    """Feedback is counted by code, so that two reasons under one code could not be told apart."""
    for file in words.sections:
        codes = [code for code, _ in override_reasons(words, file)]
        for code in sorted({code for code in codes if codes.count(code) > 1}):
            yield _problem(words, file, "overrides", f": {code} only once", f"{code}:")


def _long_summaries(words: Words) -> Iterator[Problem]:
    """A summary that would be cut even where no feature stands in it."""
    for file, sections in words.sections.items():
        for section, text in sections.items():
            kind, _, name = section.partition(".")
            if kind != "summary":
                continue
            without_strength = file in ("unclear", "outside") or name.startswith(_WITHOUT_STRENGTH)
            tag = _TAG_WITHOUT_STRENGTH if without_strength else _LONGEST_TAG
            room = SUMMARY_CHARACTERS - len(tag)
            if len(_filled_at_length(text, words)) > room:
                yield _problem(words, file, section, f": at most {room} characters with its blanks filled")


def _broken_links(words: Words) -> Iterator[Problem]:
    """A link that a client could not follow, written as Markdown or bare."""
    for file, sections in words.sections.items():
        for section, text in sections.items():
            for found in _LINK.finditer(text):
                address = found["target"] or found["bare"].rstrip(".,;:!?)")
                if not is_link(address, ("https",)):
                    expected = f": an absolute https address, not {address}"
                    yield _problem(words, file, section, expected, found[0])


def _filled_at_length(text: str, words: Words) -> str:
    lengths = {**_BLANK_CHARACTERS, "unread": longest_unread(words)}
    bare = _FEATURES_WITH_ROOM.sub("", text)
    return _BLANK.sub(lambda blank: "x" * lengths.get(blank[1], _NUMBER_CHARACTERS), bare)
