"""What a recorded answer amounts to: yes, no, abnormal, intact, unknown."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from cds_service.record.free_text import Said
from cds_service.record.quantities import read_number
from cds_service.record.reading import Coded, Reading
from cds_service.record.terminology import NOTHING


class Answer(StrEnum):
    """An answer, whatever its form on the wire."""

    YES = "yes"  # true, yes
    NO = "no"  # false, no
    PRESENT = "present"  # of a finding: it is there; of a function: it works
    ABSENT = "absent"
    ABNORMAL = "abnormal"  # reduced, altered, numb, ...
    INTACT = "intact"  # intact, normal, preserved, ...
    TEXT = "text"  # a number, or words that only what is there can have: severe, since yesterday
    REMARK = "remark"  # other words, that say something
    UNKNOWN = "unknown"  # asked, and the answer cannot be used
    NONE = "none"  # no answer at all


_PLAIN = {
    **dict.fromkeys(("yes", "y", "true", "+", "+ +", "+ + +"), Answer.YES),
    **dict.fromkeys(("no", "n", "false", "none", "nil"), Answer.NO),
    "0": Answer.UNKNOWN,  # as a zero that is sent as a number
}
_UNCODED = frozenset({Answer.TEXT, Answer.REMARK})
_PLACES = frozenset({"leg", "saddle", "lumbar", "arm"})
_LONGEST_REMARK = 6  # words: what is longer tells of several things
_NUMBERS = ("valueInteger", "valueDecimal", "valueQuantity")


def read_answer(seen: Mapping[str, Any], reading: Reading, about: frozenset[str] = NOTHING) -> Answer:
    """The answer in a value[x]; `about`: the concepts of the question, which the answer may repeat."""
    if "dataAbsentReason" in seen:
        return Answer.UNKNOWN
    if (boolean := seen.get("valueBoolean")) is not None:
        return Answer.YES if boolean else Answer.NO
    if "valueString" in seen:
        return _of_text(seen["valueString"], reading, about)
    if coded := _coded_answer(seen, reading):
        if not coded.concepts.isdisjoint(about):
            return Answer.YES
        if coded.words:
            return _of_text(coded.words[0], reading, about)
        # A code without a display may still be a word: Y, N, yes, no.
        answer = _of_text(next(iter(coded.codes), ""), reading, about)
        return Answer.UNKNOWN if answer in _UNCODED else answer
    for name in _NUMBERS:
        if name in seen:
            return _of_number(seen[name])
    return Answer.UNKNOWN if any(name.startswith("value") for name in seen) else Answer.NONE


def _coded_answer(seen: Mapping[str, Any], reading: Reading) -> Coded | None:
    if "valueCodeableConcept" in seen:
        return reading.coded(seen["valueCodeableConcept"])
    return reading.coded({"coding": [seen["valueCoding"]]}) if "valueCoding" in seen else None


def _of_number(value: Any) -> Answer:
    """A number above zero says that there is something of it; a zero may be "none" or "not asked"."""
    number = read_number(value.get("value") if isinstance(value, dict) else value)
    return Answer.TEXT if number is not None and number > 0 else Answer.UNKNOWN


def _of_text(text: str, reading: Reading, about: frozenset[str]) -> Answer:
    plain = reading.patterns.plain(text)
    if plain in _PLAIN:
        return _PLAIN[plain]
    said = {mention.said for mention in reading.mentions(text) if mention.concept in about}
    if Said.ASSERTED in said:
        return Answer.YES
    if Said.DENIED in said:
        return Answer.NO
    answer = _of_words(plain.split(), reading.patterns.answers_in(text))
    if answer is Answer.REMARK and not _PLACES.isdisjoint(reading.patterns.sites_in(text)):
        return Answer.TEXT  # "L5, S1" says where it is
    return answer


def _of_words(words: list[str], found: frozenset[str]) -> Answer:
    """What the words say, the surest first; "no change" and "N/A" begin like a no and are none."""
    if "unknown" in found:
        return Answer.UNKNOWN
    if "intact" in found and "abnormal" not in found:
        return Answer.INTACT
    if "abnormal" in found and "absent" not in found:
        return Answer.ABNORMAL
    if "unchanged" in found:
        return Answer.UNKNOWN
    if words and words[0] in _PLAIN:  # "No, never", "Yes, since Monday"
        return _PLAIN[words[0]]
    return next((answer for name, answer in _SAID if name in found), _of_remark(words))


_SAID = (
    ("absent", Answer.ABSENT),
    ("no", Answer.NO),
    ("present", Answer.PRESENT),
    ("yes", Answer.YES),
    ("there", Answer.TEXT),
)


def _of_remark(words: list[str]) -> Answer:
    return Answer.REMARK if 0 < len(words) <= _LONGEST_REMARK and words != ["?"] else Answer.UNKNOWN
