"""Questionnaire responses: the best carrier of an explicit no, and of treatment so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from cds_service.record.answers import Answer, read_answer
from cds_service.record.checklist_answers import read_checklist_answers
from cds_service.record.checklist_forms import as_words, canonical_of, is_checklist, read_renamed
from cds_service.record.facts import (
    Attestation,
    Certainty,
    Fact,
    Measure,
    Measurement,
    Origin,
)
from cds_service.record.findings import grown_in, is_culture, is_turned, of_function, says_only_done
from cds_service.record.form_items import Asked, Form, questions, readable_items
from cds_service.record.free_text import Said
from cds_service.record.projection import BrokenElement, Raw, Shape
from cds_service.record.quantities import read_number, to_canonical
from cds_service.record.reading import Coded, Reading, reference_name
from cds_service.record.statements import (
    BILATERAL,
    Place,
    is_of_pain,
    placed_concepts,
    read_place,
    read_statements,
)
from cds_service.record.statuses import status_of
from cds_service.record.treatment_answers import read_treatment

RESPONSE = Shape(dates=("authored",))
_COUNTS = frozenset({"completed", "amended"})
_UNFINISHED = frozenset({"in-progress", "stopped"})
Item = Fact | Attestation | Measurement


def read_response(raw: Raw, reading: Reading) -> Iterator[Item]:
    """The items of one response; raises BrokenElement.

    Of a checklist that is not finished a yes is kept as words, and nothing else.
    """
    status, ours = status_of(raw), is_checklist(raw, reading.checklist)
    if status not in _COUNTS and not (ours and status in _UNFINISHED):
        return
    seen = reading.project(raw, RESPONSE)
    form = Form(reference_name(raw), canonical_of(raw), reading.day(seen.get("authored")))
    asked = list(questions(raw.get("item")))
    if status in _UNFINISHED:
        yield from as_words(read_checklist_answers(asked, form, reading), reading.checklist)
    elif ours:
        yield from _read_checklist(asked, form, reading)
    else:
        said, rest = read_renamed(asked, form, reading)
        yield from said
        for one in rest:
            yield from _read_question(one, form, reading)


def readable_response(raw: Raw, reading: Reading) -> Raw:
    """The response without the items and answers that nobody can read."""
    checklist = reading.checklist
    ours = is_checklist(raw, checklist)
    items = readable_items(
        raw.get("item"), lambda link_id: checklist.link_id_of(link_id) is not None if ours else bool(link_id)
    )
    return {**raw, "item": items}


def questionnaire_of(raw: Raw) -> str:
    """What makes two responses answers to the same form: its canonical address, else its questions."""
    if name := canonical_of(raw):
        return name
    items = raw.get("item")
    listed = items if isinstance(items, list) else []
    return repr(sorted(str(item.get("linkId")) for item in listed if isinstance(item, dict)))


def _read_checklist(asked: Sequence[Asked], form: Form, reading: Reading) -> Iterator[Item]:
    yield from read_checklist_answers(asked, form, reading)
    for one in asked:
        if reading.checklist.link_id_of(one.link_id):
            continue
        if not one.question:  # nobody knows what was asked
            raise BrokenElement("item.linkId")
        yield from _read_question(one, form, reading)


def _read_question(asked: Asked, form: Form, reading: Reading) -> Iterator[Item]:
    patterns = reading.patterns
    words = asked.question or asked.link_id
    concept = patterns.questions.get((form.questionnaire, asked.link_id))
    if concept:
        yield from _checked(frozenset({concept}), False, asked, form, reading)
        return
    kinds = patterns.treatment.names(patterns.plain(words))
    if kinds & {"any", "one"}:
        for answer in asked.answers:
            yield from read_treatment(words, answer, "any" in kinds, form.resource, form.when, reading)
        return
    if any("family-before" in patterns.cues.names(patterns.plain(heading)) for heading in asked.headings):
        return
    if score := _score(words, asked, form, reading):
        yield score
        return
    named = [m for m in reading.question_mentions(words) if m.said is not Said.FAMILY]
    concepts = frozenset(mention.concept for mention in named)
    if concepts:
        names_function = reading.exam_named(words) is not None and not reading.mentions(words)
        turned = names_function or is_turned(words, named, reading)
        asked = _with_usable_answers(asked, words, concepts, reading)
        history = all(mention.history for mention in named)
        yield from _checked(concepts, turned, asked, form, reading, history=history)
    elif is_culture((words,), reading):
        yield from _cultures(asked, form, reading)
    elif exam := reading.exam_named(words):
        yield from _checked(frozenset({patterns.exam_findings[exam]}), True, asked, form, reading)
    else:
        yield from _told(asked, form, reading)


def _with_usable_answers(asked: Asked, words: str, concepts: frozenset[str], reading: Reading) -> Asked:
    """The question without the yes that says only that red flags were asked for, or that there are none."""
    if concepts <= reading.patterns.vague:
        kept = tuple(a for a in asked.answers if not says_only_done(words, a, reading))
        return replace(asked, answers=kept)
    return asked


def _score(words: str, asked: Asked, form: Form, reading: Reading) -> Measurement | None:
    if reading.measure_named(words) is not Measure.PAIN_SCORE:
        return None
    for answer in asked.answers:
        quantity = answer.get("valueQuantity")
        value = quantity.get("value") if quantity else answer.get("valueInteger", answer.get("valueDecimal"))
        number = read_number(value if value is not None else answer.get("valueString"))
        if number is not None:
            found, problem, _ = to_canonical(
                Measure.PAIN_SCORE, number, (), reading.patterns, reading.thresholds
            )
            return Measurement(Measure.PAIN_SCORE, found, form.resource, str(number), form.when, problem)
    return None


def _checked(
    concepts: frozenset[str],
    turned: bool,
    asked: Asked,
    form: Form,
    reading: Reading,
    *,
    history: bool = False,
) -> Iterator[Fact]:
    """The answer to a question that names concepts: no denies all of them, yes asserts them (8.2)."""
    for answer in asked.answers:
        read = read_answer(answer, reading, about=concepts)
        certainty = _certainty(read, turned)
        if certainty is None:
            continue
        if read in (Answer.YES, Answer.PRESENT) and _is_bare(asked, reading):
            certainty = Certainty.UNKNOWN
        if certainty is Certainty.KNOWN and concepts <= reading.patterns.vague:
            certainty = Certainty.WORDS
        if certainty is Certainty.KNOWN and len(_subjects(concepts, reading)) > 1:
            yield from _one_of_several(concepts, asked, answer, form, reading)
            continue
        yield _fact(concepts | _general(concepts, reading), certainty, asked, answer, form, reading, history)


def _is_bare(asked: Asked, reading: Reading) -> bool:
    """Whether the question is an organ and nothing more, and no heading asks for complaints (8.2)."""
    patterns = reading.patterns
    plain = patterns.plain(asked.question).strip(" ?:.")
    bare = any(s.name == "bare" and s.end - s.start == len(plain) for s in patterns.answers.find(plain))
    return bare and not any("complaint" in patterns.answers_in(heading) for heading in asked.headings)


def _certainty(answer: Answer, turned: bool) -> Certainty | None:
    """How sure; None where nothing was answered. A yes or no to a question put the other way is unknown."""
    match answer:
        case Answer.NONE:
            return None
        case Answer.UNKNOWN:
            return Certainty.UNKNOWN
        case Answer.ABNORMAL:
            return Certainty.KNOWN
        case Answer.INTACT:
            return Certainty.DENIED
        case Answer.TEXT | Answer.REMARK:
            return Certainty.WORDS
    if turned:
        return of_function(answer)
    return Certainty.KNOWN if answer in (Answer.YES, Answer.PRESENT) else Certainty.DENIED


def _general(concepts: frozenset[str], reading: Reading) -> frozenset[str]:
    """The general concepts of the questions: `bladder-dysfunction` of a question on passing urine."""
    asked_as = reading.patterns.asked_as
    return frozenset(asked_as[concept] for concept in concepts if concept in asked_as)


def _subjects(concepts: Iterable[str], reading: Reading) -> frozenset[str]:
    """What a question asks about: bladder and bowel are one pathway, fever and cancer are two."""
    patterns = reading.patterns
    return frozenset(patterns.pathway.get(concept) or concept for concept in concepts)


def _one_of_several(
    concepts: frozenset[str], asked: Asked, answer: Raw, form: Form, reading: Reading
) -> Iterator[Fact]:
    """A yes to "cancer, fever or weight loss?" says that one is true and not which: each is asked about."""
    for subject in sorted(_subjects(concepts, reading)):
        own = frozenset(c for c in concepts if (reading.patterns.pathway.get(c) or c) == subject)
        yield _fact(own | _general(own, reading), Certainty.WORDS, asked, answer, form, reading, False)


def _fact(
    concepts: frozenset[str],
    certainty: Certainty,
    asked: Asked,
    answer: Raw,
    form: Form,
    reading: Reading,
    history: bool,
) -> Fact:
    told = answer.get("valueString")
    words = (told,) if isinstance(told, str) and told else ()
    of_pain = is_of_pain(Coded(concepts, words), reading)
    place = read_place(concepts, (*words, asked.question), (), reading) if certainty.positive else Place()
    return Fact(
        concepts=placed_concepts(concepts, place, reading) if certainty.positive else concepts,
        certainty=certainty,
        origin=Origin.ANSWER,
        resource=form.resource,
        text=asked.question or asked.link_id,
        history=history and certainty.positive,
        recorded=form.when,
        # The question's own "getting worse?" is no trend: only the answer can say so.
        trend=next((reading.patterns.trend_in(word, of_pain=of_pain) for word in words), None),
        side=place.side,
        region=place.region,
    )


def _cultures(asked: Asked, form: Form, reading: Reading) -> Iterator[Fact]:
    """What blood cultures grew; in a form it only asks."""
    for answer in asked.answers:
        told = answer.get("valueString")
        certainty = grown_in(told, reading) if isinstance(told, str) else None
        if certainty is not None:
            sure = Certainty.WORDS if certainty is Certainty.KNOWN else certainty
            yield _fact(frozenset({"bacteraemia"}), sure, asked, answer, form, reading, False)


def _told(asked: Asked, form: Form, reading: Reading) -> Iterator[Fact]:
    """An open question: whatever the answer's words or code name; what follows "Safety netting" is advice."""
    plain = reading.patterns.plain(asked.question).strip(" ?:.")
    if any(s.name == "advice-before" and s.end == len(plain) for s in reading.patterns.cues.find(plain)):
        return
    for answer in asked.answers:
        told, coding = answer.get("valueString"), answer.get("valueCoding")
        coded = reading.coded({"coding": [coding]} if coding else {"text": told}) if coding or told else None
        if coded is None or coded.broken:
            continue
        for stated in read_statements(coded, reading):
            told = _fact(stated.concepts, stated.certainty, asked, answer, form, reading, stated.history)
            yield (
                told if coded.known else replace(told, concepts=told.concepts - (BILATERAL - stated.concepts))
            )
