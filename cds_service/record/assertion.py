"""Whether words assert what they name, deny it, ask about it, or only warn of it.

The algorithm is NegEx (Chapman and others 2001, doi 10.1006/jbin.2001.1029) with the two additions of
ConText (Harkema and others 2009, doi 10.1016/j.jbi.2009.05.002): who it is about, and when it was.
A kept library such as medspaCy would bring spaCy and a model of the language for two hundred lines;
what matters here are the words, which are content (`[cues]` of patterns.toml).

1. A text is cut into sentences at full stops, semicolons and line ends.
2. Cues are found like any other phrase, the longest first: "not excluded" is no "excluded", and what the
   list `ignored` names is no cue at all. A cue inside a finding ("no sensation in the saddle area") is none.
3. A cue before a finding reaches forward to the end of its sentence, through lists, until a turn ("but",
   "apart from") or the beginning of another statement ("now", "reports"); a question, the family and the
   past reach to the next comma only. A cue behind a finding reaches back over three words and a list.
4. A denial does not reach past a comma to what is asked about, or dated, by words of its own:
   "no fever, ?CES", "no fever, numb saddle since Monday"; nor to a state at the end behind a thing:
   "no weakness, numb saddle".
5. Of several cues the first of these wins: family, advice or condition, affirmation, denial, question.

Its limits: it knows no grammar. A list without a conjunction stays one list ("no weakness, incontinence"
denies both), "no fever with saddle numbness" denies both, a sentence across a full stop is two, and signs
such as "(-)" are not read, so that what they deny asks. Words therefore never decide: they ask
(specification 8.1.9), and a denial in words closes nothing. `tests/record/phrases.csv` is its table.
"""

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
    | {"history-before", "history-after", "dated-after", "turn", "statement", "state", "ignored"}
)
_ENDS_OF_SENTENCE = re.compile(r" ?[.;\n](?= |$)")
_TURNS = frozenset({"turn", "statement"})
_NO_VERDICT = _TURNS | {"dated-after", "state"}
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
    found = cues.find(plain_text)
    effective = [cue for cue in found if cue.name == "state" or not _overlaps_any(cue, mentions)]
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
        if cue.name in _NO_VERDICT or not first <= cue.start < last:
            continue
        if cue.name.endswith("-before"):
            reaches = cue.end <= mention.start and _reaches_forward(plain_text, cue, mention, turns)
            if reaches and cue.name == "denied-before":
                reaches = not _stands_by_itself(plain_text, cue, mention, cues)
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


def _stands_by_itself(plain_text: str, denial: Span, mention: Span, cues: Sequence[Span]) -> bool:
    """Whether a comma parts the finding from the denial, and it is a statement by words of its own."""
    comma = plain_text.rfind(",", denial.end, mention.start)
    if comma < 0:
        return False
    asked = any(cue.name == "queried-before" and comma < cue.start < mention.start for cue in cues)
    if _is_a_state(plain_text, denial, comma, mention, cues):
        return True
    behind = (mention.end, mention.end + 1)
    return asked or any(cue.name in _OWN_WORDS and cue.start in behind for cue in cues)


def _is_a_state(plain_text: str, denial: Span, comma: int, mention: Span, cues: Sequence[Span]) -> bool:
    """Whether "numb saddle" ends a sentence that denies a thing of another form: "no weakness, numb saddle".

    "Denies" begins a list, as does "no" before another state ("no weak legs, numb saddle") or two commas.
    """
    states = {cue.start for cue in cues if cue.name == "state"}
    denied = plain_text[denial.end : comma]
    _, last = _sentence(plain_text, mention)
    return (
        mention.start in states
        and plain_text[comma + 1 : mention.start].strip() == ""
        and plain_text[denial.start : denial.end] in _NOUNS_FOLLOW
        and "," not in denied
        and not any(denial.end <= start < comma for start in states)
        and not re.search(r"[,)]|\b(?:or|nor)\b", plain_text[mention.end : last])
    )


_NOUNS_FOLLOW = ("no", "without")
_OWN_WORDS = frozenset({"dated-after", "queried-after"})


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
