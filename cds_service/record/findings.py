"""What an Observation says of a finding: there, absent, asked without a usable answer (8.1.6, 8.1.9, 8.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cds_service.record.answers import Answer, read_answer
from cds_service.record.exam import Exam, fact_of, value_words
from cds_service.record.facts import Certainty, Fact
from cds_service.record.free_text import Mention, Said
from cds_service.record.reading import MEASURES, Coded, Reading
from cds_service.record.statements import Statement, read_statements


def read_findings(exam: Exam, reading: Reading) -> Iterator[Fact]:
    """The facts of one exam; negative ones of a preliminary exam are left out (2.2)."""
    for fact in _facts(exam, reading):
        if fact.certainty.positive or not exam.preliminary:
            yield fact


def _facts(exam: Exam, reading: Reading) -> Iterator[Fact]:
    value = reading.coded(exam.seen.get("valueCodeableConcept"))
    if "blood-culture" in exam.coded.concepts:
        yield from _blood_culture(exam, value, reading, Certainty.KNOWN)
    elif value.known and value.concepts.isdisjoint(exam.coded.concepts):
        yield from _told(value, exam, reading)
    elif exam.coded.known:
        yield from _coded(exam, reading)
    elif is_culture(exam.coded.words, reading):
        yield from _blood_culture(exam, value, reading, Certainty.WORDS)
    elif finding := _structured_question(exam.coded, reading):
        examined = _examined(finding, exam, reading)
        if not (examined.certainty is Certainty.VALUELESS and exam.has_members):
            yield examined
    elif exam.coded.unsure:
        yield from _unsure(exam, reading)
    elif (vague := reading.vague_in(exam.coded.words)) and _is_denied(exam.coded, reading):
        if read_answer(exam.seen, reading) is Answer.NO:  # "No red flags": no
            asked = frozenset(reading.patterns.asked_as[concept] for concept in vague)
            yield fact_of(exam, vague | asked, Certainty.UNKNOWN, reading)
    elif vague and read_answer(exam.seen, reading) in _THERE:
        if any(says_only_done(word, exam.seen, reading) for word in exam.coded.words):
            yield from _told_in_words(exam, value, reading)
            return
        asked = frozenset(reading.patterns.asked_as[concept] for concept in vague)
        yield fact_of(exam, vague | asked, Certainty.WORDS, reading)
    else:
        yield from _worded(exam, value, reading)


def _is_denied(coded: Coded, reading: Reading) -> bool:
    """Whether a vague question denies what it names: "No red flags"."""
    return any(m.said is Said.DENIED for word in coded.words for m in reading.question_mentions(word))


def _unsure(exam: Exam, reading: Reading) -> Iterator[Fact]:
    """A code whose system nobody told only asks, whatever its answer affirms."""
    answered = _of_finding(read_answer(exam.seen, reading), exam)
    if answered is not Certainty.VALUELESS or not exam.has_members:
        certainty = Certainty.WORDS if answered.positive else answered
        yield fact_of(exam, exam.coded.unsure, certainty, reading)


_THERE = frozenset({Answer.YES, Answer.PRESENT})


def _told(value: Coded, exam: Exam, reading: Reading) -> Iterator[Fact]:
    """The value of a general exam is the finding itself."""
    for stated in read_statements(value, reading):
        yield fact_of(
            exam,
            stated.concepts,
            stated.certainty,
            reading,
            history=stated.history,
            text=value.label,
            worded=not value.known,
        )


def _coded(exam: Exam, reading: Reading) -> Iterator[Fact]:
    """A finding as code, with its answer."""
    if not exam.coded.concepts.isdisjoint(MEASURES):
        return
    answered = _of_finding(read_answer(exam.seen, reading, about=exam.coded.concepts), exam)
    if answered is Certainty.VALUELESS and exam.has_members:
        return
    for stated in read_statements(exam.coded, reading):
        certainty = _answered_as(stated, answered, reading)
        yield fact_of(exam, stated.concepts, certainty, reading, history=stated.history)


def _answered_as(stated: Statement, answered: Certainty, reading: Reading) -> Certainty:
    """How sure the finding is, by its own words and by its answer."""
    if stated.certainty is Certainty.DENIED and answered is Certainty.DENIED:
        return Certainty.UNKNOWN  # "denies saddle numbness: no" may mean either
    if answered is Certainty.WORDS and not stated.concepts.isdisjoint(reading.patterns.enough):
        return stated.certainty  # of pain a remark is enough
    # A doubted finding that is answered yes stays doubted.
    doubted = stated.certainty is not Certainty.KNOWN and answered in (Certainty.KNOWN, Certainty.VALUELESS)
    return stated.certainty if doubted else answered


def _worded(exam: Exam, value: Coded, reading: Reading) -> Iterator[Fact]:
    """A finding that only words name: a yes asks, a no denies (8.1.9)."""
    named = reading.all_mentions(exam.coded.words)
    if not named:
        yield from _told_in_words(exam, value, reading)
        return
    answer = read_answer(exam.seen, reading)
    if answer is not Answer.NONE and _is_turned(exam.coded, named, reading):
        yield from _turned(named, of_function(answer, exam), exam, reading)
        return
    answered = _of_finding(answer, exam)
    if answered is Certainty.VALUELESS and exam.has_members:
        return
    for stated in read_statements(exam.coded, reading):
        if answered is Certainty.UNKNOWN and stated.concepts <= reading.patterns.enough:
            continue
        certainty = stated.certainty if answered.positive else answered
        yield fact_of(exam, stated.concepts, certainty, reading, history=stated.history)


def _told_in_words(exam: Exam, value: Coded, reading: Reading) -> Iterator[Fact]:
    yield from _told(value if value.words else Coded(frozenset(), value_words(exam, reading)), exam, reading)


def says_only_done(question: str, seen: Mapping[str, Any], reading: Reading) -> bool:
    """Whether a yes says that red flags were asked for, or that there are none: nothing about the patient.

    "Red flags screened: positive" is no such yes.
    """
    if read_answer(seen, reading) not in _THERE:
        return False
    if any(mention.said is Said.DENIED for mention in reading.question_mentions(question)):
        return True  # "No red flags: yes", and not "Regular steroids: yes"
    coded = {"coding": [seen["valueCoding"]]} if "valueCoding" in seen else seen.get("valueCodeableConcept")
    text = str(seen.get("valueString") or reading.coded(coded).label)
    found = not {"positive", "present", "identified", "found"}.isdisjoint(
        reading.patterns.plain(text).split()
    )
    return not found and "done" in reading.patterns.answers_in(question)


def _is_turned(coded: Coded, named: Iterable[Mention], reading: Reading) -> bool:
    return any(is_turned(word, named, reading) for word in coded.words)


def is_turned(question: str, named: Iterable[Mention], reading: Reading) -> bool:
    """Whether a yes is good news: "Is your bladder control normal?", "No fever"."""
    denied = any(mention.said is Said.DENIED for mention in named)
    return denied or "reversed" in reading.patterns.answers_in(question)


def _turned(named: Iterable[Mention], certainty: Certainty, exam: Exam, reading: Reading) -> Iterator[Fact]:
    """The answer to words that deny what they name, or name it the good way: it still only asks (8.1.9)."""
    concepts = frozenset(
        mention.concept for mention in named if mention.said in (Said.DENIED, Said.ASSERTED, Said.QUERIED)
    )
    concepts -= reading.patterns.enough
    if concepts:
        hint = Certainty.WORDS if certainty is Certainty.KNOWN else certainty
        yield fact_of(exam, concepts, hint, reading)


def _structured_question(coded: Coded, reading: Reading) -> str | None:
    """The exam that the words ask for (`[exams]`), unless they name another finding."""
    named = {mention.concept for mention in reading.all_mentions(coded.words)}
    exams = (exam for word in coded.words if (exam := reading.exam_named(word)))
    exam = next(exams, None)
    if exam is None:
        return None
    return exam if not named or reading.patterns.exam_findings[exam] in named else None


def _examined(name: str, exam: Exam, reading: Reading) -> Fact:
    """Saddle sensation, anal tone, bladder or rectal sensation, with a value in code or words (8.2)."""
    finding = reading.patterns.exam_findings[name]
    answer = read_answer(exam.seen, reading)
    named = reading.all_mentions(exam.coded.words)
    if any(mention.said is Said.DENIED for mention in named) and answer is Answer.NONE:
        certainty = Certainty.DENIED
    elif any(mention.concept == finding for mention in named) and not _is_turned(exam.coded, named, reading):
        certainty = _of_finding(answer, exam)  # the words name the loss itself
    else:
        certainty = of_function(answer, exam)
    if certainty is Certainty.KNOWN and name in reading.patterns.loose_exams:
        certainty = Certainty.WORDS
    return fact_of(exam, frozenset({finding}), certainty, reading)


def of_function(answer: Answer, exam: Exam | None = None) -> Certainty:
    """The certainty of a loss, where the question names the function: "anal tone"."""
    match answer:
        case Answer.ABNORMAL | Answer.ABSENT:
            return Certainty.KNOWN
        case Answer.INTACT | Answer.PRESENT:
            return Certainty.DENIED
        case Answer.NONE if exam is not None:
            return without_value(exam)
    # A yes or no to "saddle sensation" may mean either: unknown without a mapping, never negative (8.2).
    return Certainty.UNKNOWN


def _of_finding(answer: Answer, exam: Exam) -> Certainty:
    """The certainty of a finding that the question or code itself names."""
    match answer:
        case Answer.YES | Answer.PRESENT | Answer.ABNORMAL | Answer.TEXT:
            return Certainty.KNOWN
        case Answer.REMARK:
            return Certainty.WORDS
        case Answer.NO | Answer.ABSENT | Answer.INTACT:
            return Certainty.DENIED
        case Answer.NONE:
            return without_value(exam)
        case Answer.UNKNOWN:
            return Certainty.UNKNOWN


def without_value(exam: Exam) -> Certainty:
    """The certainty of a finding without a value, by the interpretation (8.1.6)."""
    if exam.flagged_positive:
        return Certainty.KNOWN
    return Certainty.DENIED if exam.flagged_negative else Certainty.VALUELESS


def is_culture(words: Iterable[str], reading: Reading) -> bool:
    """Whether words ask what a blood culture grew: "Blood culture", and not "Positive blood culture"."""
    listed = tuple(words)
    return any(reading.exam_named(word) == "blood-culture" for word in listed) and not reading.all_mentions(
        listed
    )


def grown_in(words: str, reading: Reading) -> Certainty | None:
    """Known where a culture grew something, denied where nothing; None for a contaminant or no result.

    Nobody can list all germs: whatever is no other answer names one.
    """
    said = reading.patterns.answers_in(words)
    if "contaminated" in said:
        return None
    if not said.isdisjoint({"not-grown", "no", "absent"}):
        return Certainty.DENIED
    if "grown" in said:
        return Certainty.KNOWN
    return Certainty.KNOWN if words and said.isdisjoint({"unknown", "no-result"}) else None


def _blood_culture(exam: Exam, value: Coded, reading: Reading, surest: Certainty) -> Iterator[Fact]:
    """A positive culture, unless it is called a contaminant; a negative one is a negative finding."""
    words = " ".join(value_words(exam, reading))
    certainty = grown_in(words, reading)
    if "contaminated" in reading.patterns.answers_in(words):
        return
    if exam.flagged_negative:
        certainty = Certainty.DENIED
    elif certainty is None and (exam.flagged_positive or not (value.empty or words)):
        certainty = Certainty.KNOWN
    if certainty is not None:
        concepts = frozenset({"blood-culture", "bacteraemia"})
        yield fact_of(exam, concepts, surest if certainty is Certainty.KNOWN else certainty, reading)
