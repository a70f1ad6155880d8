"""What a recorded answer amounts to: yes, no, abnormal, intact, unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from cds_service.record.free_text import Said
from cds_service.record.reading import Reading
from cds_service.record.terminology import NOTHING


class Answer(StrEnum):
    """An answer, whatever its form on the wire."""

    YES = "yes"  # true, yes
    NO = "no"  # false, no
    YES_WORD = "present"
    NO_WORD = "absent"
    ABNORMAL = "abnormal"  # reduced, altered, numb, ...
    INTACT = "intact"  # intact, normal, preserved, ...
    TEXT = "text"  # other words, that say something
    UNKNOWN = "unknown"  # asked, and the answer cannot be used
    NONE = "none"  # no answer at all


_PLAIN_WORDS = {
    "yes": Answer.YES,
    "y": Answer.YES,
    "true": Answer.YES,
    "no": Answer.NO,
    "n": Answer.NO,
    "false": Answer.NO,
}
_SHORT = 6  # words: a longer answer is a text of its own


def read_answer(seen: Mapping[str, Any], reading: Reading, about: frozenset[str] = NOTHING) -> Answer:
    """The answer in a value[x] or answer; `about`: the concepts of the question, which words may repeat."""
    if "dataAbsentReason" in seen:
        return Answer.UNKNOWN
    if (boolean := seen.get("valueBoolean")) is not None:
        return Answer.YES if boolean in (True, "true") else Answer.NO
    for name in ("valueCodeableConcept", "valueCoding", "valueString"):
        if name in seen:
            return _worded(_words(seen[name], reading), seen[name], reading, about)
    if any(name.startswith("value") for name in seen):
        return Answer.UNKNOWN  # a number or date is no answer to whether it is there
    return Answer.NONE


def _words(value: Any, reading: Reading) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    coded = reading.coded(value if "coding" in value or "text" in value else {"coding": [value]})
    # A code without a display may still be a word: Y, N, yes, no.
    return coded.words or coded.codes


def _worded(texts: Iterable[str], value: Any, reading: Reading, about: frozenset[str]) -> Answer:
    text = next(iter(texts), None)
    if text is None:
        return Answer.UNKNOWN
    plain = reading.patterns.plain(text)
    if plain in _PLAIN_WORDS:
        return _PLAIN_WORDS[plain]
    if not isinstance(value, str) and about:
        coded = reading.coded(value if "coding" in value or "text" in value else {"coding": [value]})
        if not coded.concepts.isdisjoint(about):
            return Answer.YES
    said = {mention.said for mention in reading.mentions(text) if mention.concept in about}
    if Said.ASSERTED in said:
        return Answer.YES
    if Said.DENIED in said:
        return Answer.NO
    return _by_words(plain, reading.patterns.answers_in(text), isinstance(value, str))


def _by_words(plain: str, found: frozenset[str], is_text: bool) -> Answer:
    first = plain.split(" ", 1)[0]
    if "unknown" in found:
        return Answer.UNKNOWN
    if "intact" in found and "abnormal" not in found:
        return Answer.INTACT
    if first in _PLAIN_WORDS:  # "No, never", "Yes, since Monday"
        leading = _PLAIN_WORDS[first]
        return Answer.ABNORMAL if leading is Answer.NO and "abnormal" in found else leading
    if "abnormal" in found and "absent" not in plain.split():
        return Answer.ABNORMAL
    if "no" in found:
        return Answer.NO_WORD
    if "intact" in found:
        return Answer.INTACT
    if "yes" in found:
        return Answer.YES_WORD
    return Answer.TEXT if is_text and len(plain.split()) <= _SHORT else Answer.UNKNOWN
