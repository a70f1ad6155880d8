"""What a card would lack: found in the card files at start, so that no patient is the first to find out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cds_service.guideline.links import is_link
from cds_service.guideline.lumbar_mri.card_sections import (
    is_read,
    legal_blanks,
    needed_blanks,
    needed_sections,
)
from cds_service.guideline.lumbar_mri.wording import longest_unread, override_reasons
from cds_service.guideline.problems import Problem
from cds_service.guideline.words import Words
from cds_service.protocol.card import SUMMARY_CHARACTERS

_CLAIMS_OF_SAFETY = re.compile(r"\b(safe|safely|excluded|ruled out|normal|normally)\b", re.IGNORECASE)
_MR_LABELS = re.compile(r"\bMR (safe|conditional|unsafe)\b")
# Figures are those of the client's document, whose references are 1 to 37.
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
    unfillable = list(_unfillable_blanks(words))
    return [
        *_missing_sections(words),
        *_unknown_sections(words),
        *unfillable,
        *_missing_blanks(words),
        *_claims(words),
        *_figures_without_reference(words),
        *_broken_overrides(words),
        *_repeated_overrides(words),
        *(_long_summaries(words) if not unfillable else ()),  # measured when they can be filled
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
    for file, needed in needed_sections(words).items():
        for section in sorted(needed - words.sections.get(file, {}).keys()):
            yield Problem(f"{file}.md", None, f"a section {section}")


def _unknown_sections(words: Words) -> Iterator[Problem]:
    """A section that no card reads is a misspelled one."""
    for file, sections in words.sections.items():
        for section in sections:
            if not is_read(file, section):
                yield _problem(words, file, section, "is read by no card")


def _unfillable_blanks(words: Words) -> Iterator[Problem]:
    for file, sections in words.sections.items():
        for section, text in sections.items():
            blanks = words.blanks(file, section)
            for blank in sorted(blanks - legal_blanks(file, section)):
                yield _problem(words, file, section, f": ${blank} cannot be filled", f"${blank}")
            if "features" in blanks and not _FEATURES.search(text):
                yield _problem(
                    words, file, section, ": $features in brackets, or last behind : or .", "$features"
                )


def _missing_blanks(words: Words) -> Iterator[Problem]:
    """A section whose blank is all that it is for: without it an order, a fact or a gap would go unsaid."""
    for file, sections in words.sections.items():
        for section in sections:
            for blank in sorted(needed_blanks(file, section) - words.blanks(file, section)):
                yield _problem(words, file, section, f": a blank ${blank}")


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
