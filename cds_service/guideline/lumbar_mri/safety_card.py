"""The second card: an implant and the scanner (specification 2.14, 8.8.6)."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.guideline.decision import Decision, Outcome, SafetyLine
from cds_service.guideline.lumbar_mri.escaping import plain_text
from cds_service.guideline.lumbar_mri.phrases import FEATURE_CHARACTERS, statements
from cds_service.guideline.lumbar_mri.summary import Place, fit_summary, mark_of
from cds_service.guideline.lumbar_mri.why import block, bullets, order_line
from cds_service.guideline.lumbar_mri.wording import SAFETY, SHARED, find
from cds_service.guideline.words import Words
from cds_service.protocol.card import SUMMARY_CHARACTERS

# The most pressing kind speaks in the summary.
_KINDS = ("unsafe", "unknown-device", "conditional")
FACTS = 6


def devices(decision: Decision) -> tuple[SafetyLine, ...]:
    """The devices of the second card, the most pressing first; empty where there is no such card."""
    if decision.outcome in (Outcome.NOT_INDICATED, Outcome.OUTSIDE):
        return ()
    return tuple(sorted((line for line in decision.safety if line.own_card), key=_rank))


def safety_summary(decision: Decision, lines: tuple[SafetyLine, ...], words: Words, place: Place) -> str:
    """The action and the device."""
    evidence = lines[0].evidence
    device = plain_text(evidence.short or evidence.text, FEATURE_CHARACTERS).replace("$", "")
    text = find(words, SAFETY, "summary", (lines[0].kind,), {"device": device}) or ""
    room = SUMMARY_CHARACTERS - len(text) - 1
    return fit_summary(text, (), f"{mark_of(decision.order, place, room, words)}.")


def safety_detail(decision: Decision, lines: tuple[SafetyLine, ...], words: Words, place: Place) -> str:
    """Why, what to do, which other test, and the limits."""
    blocks = (
        ("why", _why(decision, lines, words, place)),
        ("do", _what_to_do(decision, lines, words)),
        ("alternatives", _alternatives(decision, lines, words)),
        ("limits", (f"- {words.say(SHARED, 'closing')}",)),
    )
    return "\n\n".join(text for name, said in blocks if (text := block(name, said, words)))


def _rank(line: SafetyLine) -> int:
    return _KINDS.index(line.kind) if line.kind in _KINDS else len(_KINDS)


def _why(decision: Decision, lines: tuple[SafetyLine, ...], words: Words, place: Place) -> Iterator[str]:
    yield order_line(decision.order, place, words)
    yield ""
    yield from bullets(statements((line.evidence for line in lines), words, FACTS))


def _what_to_do(decision: Decision, lines: tuple[SafetyLine, ...], words: Words) -> Iterator[str]:
    sections = dict.fromkeys(f"do.{line.kind}" for line in lines)
    said = "\n".join(words.say(SAFETY, section) for section in sections if words.has(SAFETY, section))
    yield from dict.fromkeys(said.splitlines())
    if decision.outcome is Outcome.EMERGENCY:
        yield words.say(SAFETY, "no-delay")


def _alternatives(decision: Decision, lines: tuple[SafetyLine, ...], words: Words) -> Iterator[str]:
    """Another modality, where the device may forbid MRI; none that would hurt a pregnancy."""
    if all(line.kind == "conditional" for line in lines):
        return
    if decision.outcome is Outcome.MAY_BE_INDICATED:
        yield words.say(SAFETY, "alternative.not-indicated")
    elif decision.pregnant:
        yield words.say(SAFETY, "alternative.pregnant")
    else:
        pathway = decision.leading.pathway.value if decision.leading else ""
        yield find(words, SAFETY, "alternative", (pathway,), {}) or ""
