"""Whether words assert what they name, deny it, ask about it, or only warn of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cds_service.record.phrases import PhraseBook, Span


class Said(StrEnum):
    """What a text says of a thing that it names."""

    ASSERTED = "asserted"
    QUERIED = "queried"  # asked, suspected, to be ruled out
    DENIED = "denied"
    ADVISED = "advised"  # a warning, a condition, a risk: nothing about the patient
    FAMILY = "family"  # somebody else in the family


@dataclass(frozen=True, slots=True)
class Mention:
    """A thing named in a text."""

    concept: str
    said: Said
    history: bool  # "history of", "previous"


# A cue's name is its kind, and whether it stands before or after what it is about.
# Earlier kinds win: "return if no better or numb" warns, whatever it denies.
_KINDS = (
    ("family", Said.FAMILY),
    ("advice", Said.ADVISED),
    ("affirmed", Said.ASSERTED),
    ("denied", Said.DENIED),
    ("queried", Said.QUERIED),
)
CUE_NAMES = frozenset(
    {f"{kind}-{place}" for kind, _ in _KINDS for place in ("before", "after")}
    | {"history-before", "history-after", "turn", "statement", "ignored"}
)
_ENDS_OF_SENTENCE = re.compile(r" ?[.;\n](?= |$)")
_TURNS = frozenset({"turn", "statement"})
_PAST_STATEMENTS = frozenset({"advice-before", "family-before"})
# How far a cue reaches: family, question and history stop at a comma, denial and advice run through lists.
_STOPS_AT_COMMA = frozenset({"family-before", "queried-before", "history-before"})
_LIST_WORDS = re.compile(
    r" ?(?:[,:()-]|and|or|nor|symptoms?|signs?|the|a|any|also|is|was|were|are|been|be)(?= |$)"
)
_WORDS_BETWEEN = 3


def judge(plain_text: str, mentions: Sequence[Span], cues: PhraseBook) -> Iterator[Mention]:
    """What the text says of each thing that it names."""
    if not mentions:
        return
    # "no sensation in the saddle area" names a loss: its "no" denies nothing else.
    effective = [cue for cue in cues.find(plain_text) if not _overlaps_any(cue, mentions)]
    effective = [cue for cue in effective if cue.name != "ignored"]
    for mention in mentions:
        names = _cues_of(plain_text, mention, mentions, effective)
        history = "history-before" in names or "history-after" in names
        yield Mention(mention.name, _verdict(names), history)


def _overlaps_any(cue: Span, mentions: Iterable[Span]) -> bool:
    return any(cue.meets(mention) for mention in mentions)


def _verdict(names: frozenset[str]) -> Said:
    for kind, said in _KINDS:
        if f"{kind}-before" in names or f"{kind}-after" in names:
            return said
    return Said.ASSERTED


def _cues_of(
    plain_text: str, mention: Span, mentions: Sequence[Span], cues: Sequence[Span]
) -> frozenset[str]:
    first, last = _sentence(plain_text, mention)
    turns = [cue for cue in cues if cue.name in _TURNS]
    found: set[str] = set()
    for cue in cues:
        if cue.name in _TURNS or not first <= cue.start < last:
            continue
        if cue.name.endswith("-before"):
            reaches = cue.end <= mention.start and _reaches_forward(plain_text, cue, mention, turns)
        else:
            reaches = cue.start >= mention.end and _reaches_back(plain_text, cue, mention, mentions, cues)
        if reaches:
            found.add(cue.name)
    return frozenset(found)


def _sentence(plain_text: str, mention: Span) -> tuple[int, int]:
    first, last = 0, len(plain_text)
    for end in _ENDS_OF_SENTENCE.finditer(plain_text):
        if end.end() <= mention.start:
            first = end.end()
        elif end.start() >= mention.end:
            return first, end.start()
    return first, last


def _reaches_forward(plain_text: str, cue: Span, mention: Span, turns: Sequence[Span]) -> bool:
    stops = _TURNS if cue.name not in _PAST_STATEMENTS else _TURNS - {"statement"}
    if any(turn.name in stops and cue.end <= turn.start < mention.start for turn in turns):
        return False
    between = plain_text[cue.end : mention.start]
    return not (cue.name in _STOPS_AT_COMMA and "," in between)


def _reaches_back(
    plain_text: str, cue: Span, mention: Span, mentions: Sequence[Span], cues: Sequence[Span]
) -> bool:
    """Through a list of other mentions and at most three words more."""
    if cue.name == "denied-after" and _goes_on(plain_text, cue, cues):
        return False  # "fever, no weight loss": this no is about what follows
    between = _blanked(plain_text, mention.end, cue.start, mentions)
    if cue.name == "queried-after" and plain_text[cue.start] == "?":
        # A question mark is about the words before it: "numbness, weak legs?" asks about the legs.
        return "," not in between and len(between.split()) <= _WORDS_BETWEEN
    if cue.name == "affirmed-after" and "," in between:
        return False
    return len(_LIST_WORDS.sub(" ", between).split()) <= _WORDS_BETWEEN


def _goes_on(plain_text: str, cue: Span, cues: Sequence[Span]) -> bool:
    """Whether a word that can deny forward and back has more words after it in the same statement."""
    both_ways = any(other.name == "denied-before" and other.start == cue.start for other in cues)
    return both_ways and plain_text[cue.end : cue.end + 2].strip(" ") not in ("", ",", ".", ";", ")", "\n")


def _blanked(plain_text: str, start: int, end: int, mentions: Sequence[Span]) -> str:
    kept = plain_text[start:end]
    for other in mentions:
        if start <= other.start and other.end <= end:
            low, high = other.start - start, other.end - start
            kept = kept[:low] + " " * (high - low) + kept[high:]
    return kept
