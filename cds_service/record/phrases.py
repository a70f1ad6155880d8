"""Phrases: the small language in which clinicians write what a text may say, and the search for them.

    cauda equina          these words, in this order, in capitals or not; hyphens and slashes are spaces
    metasta*              any ending
    saddle|perianal       one of these words
    [the|a]               may be left out
    ..                    up to three words, never past a comma or full stop
    #                     a number

A text is compared after `plain`: small letters, single spaces, abbreviations written out,
and the punctuation that divides statements as words of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

_TOKEN = re.compile(r"\d+\.\d+|[^\W_]+(?:'[a-z]+)?|[?.;:,()\n]|(?<=\s)[-–—](?=\s)|[+>]")
_KEY_LENGTH = 3
LONGEST = 4000  # characters of a text that are read: what is longer is a letter, not an entry
_ANY_WORDS = r"(?: [\w'.]*[\w'])"
_LITERAL = re.compile(r"[\w']+\*?$")


class PhraseError(Exception):
    """A phrase that is not of the language."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a phrase was found in a plain text, and what it stands for."""

    start: int
    end: int
    name: str

    def meets(self, other: Span) -> bool:
        """Whether the two share a word."""
        return self.start < other.end and other.start < self.end

    def holds(self, other: Span) -> bool:
        """Whether the other lies within it and is shorter."""
        inside = self.start <= other.start and other.end <= self.end
        return inside and (self.end - self.start) > (other.end - other.start)


Entries = tuple[tuple[re.Pattern[str], str], ...]


@dataclass(frozen=True, slots=True)
class PhraseBook:
    """Phrases by their first word, so that each word of a text is only compared with a few."""

    _by_word: Mapping[str, Entries]
    _by_beginning: Mapping[str, Entries]  # where the first word may have any ending, or is a number

    @property
    def keys(self) -> frozenset[str]:
        """The first letters that some phrase begins with."""
        return frozenset(word[:_KEY_LENGTH] for word in self._by_word) | self._by_beginning.keys()

    def find(self, plain_text: str) -> list[Span]:
        """Every phrase in a plain text, from left to right; what lies within a longer one is left out."""
        found = list(self._all(plain_text))
        return found if len(found) < 2 else _outermost(found)

    def names(self, plain_text: str) -> frozenset[str]:
        """What the phrases found stand for."""
        return frozenset(span.name for span in self.find(plain_text))

    def _all(self, plain_text: str) -> Iterator[Span]:
        start = 0
        for word in plain_text.split(" "):
            beginning = "#" if word[:1].isdigit() else word[:_KEY_LENGTH]
            for entries in (self._by_word.get(word), self._by_beginning.get(beginning)):
                for pattern, name in entries or ():
                    hit = pattern.match(plain_text, start)
                    if hit:
                        yield Span(start, hit.end(), name)
            start += len(word) + 1


def _outermost(found: list[Span]) -> list[Span]:
    """The spans that no longer one holds."""
    kept: list[Span] = []
    reaching: Span | None = None  # of all spans so far, the one that reaches furthest
    for span in sorted(found, key=lambda span: (span.start, -span.end)):
        if reaching is None or not reaching.holds(span):
            kept.append(span)
        if reaching is None or span.end > reaching.end:
            reaching = span
    return kept


def plain(text: str, abbreviations: Mapping[str, str]) -> str:
    """The text as phrases are compared with it."""
    lowered = text[:LONGEST].lower().replace("’", "'").replace("&", " and ")
    lowered = _ASKING.sub(" query ", lowered)
    for short in _SLASHED.findall(lowered):
        lowered = lowered.replace(short, abbreviations.get(short, short))
    return " ".join(abbreviations.get(token, token) for token in _TOKEN.findall(lowered))


# "?CES" asks about what follows, "CES?" about what stands before.
_ASKING = re.compile(r"(?<!\w)\?+\s*(?=\w)")
_SLASHED = re.compile(r"(?<![a-z/])[a-z]/[a-z]{1,2}(?![a-z/])|[+-]ve\b")


_BEGINNING = re.compile(rf"(?<![^\W_])[^\W_]{{1,{_KEY_LENGTH}}}")


def beginnings(text: str) -> list[str]:
    """The first letters of every word, as `keys` has them; much cheaper than a plain text."""
    return _BEGINNING.findall(text.lower())


def build_book(phrases: Mapping[str, Iterable[str]]) -> PhraseBook:
    """The book of these phrases by name; raises PhraseError."""
    by_word: dict[str, list[tuple[re.Pattern[str], str]]] = {}
    by_beginning: dict[str, list[tuple[re.Pattern[str], str]]] = {}
    for name, of_name in phrases.items():
        for phrase in of_name:
            pattern = _compiled(phrase)
            for word in set(phrase.lower().split()[0].split("|")):
                if word.endswith("*") or word == "#":
                    by_beginning.setdefault(_beginning(word, phrase), []).append((pattern, name))
                else:
                    by_word.setdefault(word, []).append((pattern, name))
    return PhraseBook(_frozen(by_word), _frozen(by_beginning))


def _frozen(entries: Mapping[str, list[tuple[re.Pattern[str], str]]]) -> dict[str, Entries]:
    return {key: tuple(found) for key, found in entries.items()}


def _beginning(word: str, phrase: str) -> str:
    key = word[:_KEY_LENGTH]
    if "*" in key:
        raise PhraseError(f"{phrase!r}: at least {_KEY_LENGTH} letters before * in the first word")
    return "#" if key[0].isdigit() else key


@cache  # the same few thousand phrases whenever a version of the content is read again
def _compiled(phrase: str) -> re.Pattern[str]:
    slots = phrase.lower().split()
    if not slots or slots[0] == ".." or slots[0].startswith("["):
        raise PhraseError(f"{phrase!r}: a phrase begins with a word or a number")
    parts = [_slot(slots[0], phrase), *(_later_slot(slot, phrase) for slot in slots[1:])]
    return re.compile("".join(parts) + "(?= |$)")


def _later_slot(slot: str, phrase: str) -> str:
    if slot == "..":
        return _ANY_WORDS + "{0,3}"
    if slot.startswith("[") and slot.endswith("]"):
        return f"(?: {_slot(slot[1:-1], phrase)})?"
    return f" {_slot(slot, phrase)}"


def _slot(slot: str, phrase: str) -> str:
    spelled = [_word(word, phrase) for word in slot.split("|")]
    return f"(?:{'|'.join(spelled)})(?= |$)"


def _word(word: str, phrase: str) -> str:
    if word == "#":
        return r"\d+(?:\.\d+)?"
    if not _LITERAL.match(word) and word not in ("?", ">", "+", ":", "(", ")", ","):
        raise PhraseError(f"{phrase!r}: {word!r} is no word")
    return re.escape(word).replace(r"\*", r"[\w']*")
