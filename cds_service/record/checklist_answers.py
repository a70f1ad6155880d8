"""The answers to the red-flag checklist: facts by its link ids, with the day that form or item gives.

A no denies, a yes asserts, "not known" and whatever cannot be used is neither.
What is unanswered says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cds_service.record.answers import Answer, read_answer
from cds_service.record.checklist import ChecklistItem, Choice
from cds_service.record.dates import Interval
from cds_service.record.facts import Attestation, Certainty, DateProblem, Fact, Origin, Trend
from cds_service.record.form_items import Asked, Form
from cds_service.record.onsets import words_date
from cds_service.record.projection import Raw
from cds_service.record.reading import Reading
from cds_service.record.statements import Place, placed_concepts, read_place
from cds_service.record.treatment_answers import read_treatment

_Since = tuple[Interval | None, DateProblem | None]
_CERTAINTY = {"yes": Certainty.KNOWN, "no": Certainty.DENIED, "unknown": Certainty.UNKNOWN}
_PLAIN = {
    Answer.YES: Certainty.KNOWN,
    Answer.PRESENT: Certainty.KNOWN,
    Answer.ABNORMAL: Certainty.KNOWN,
    Answer.NO: Certainty.DENIED,
    Answer.ABSENT: Certainty.DENIED,
    Answer.INTACT: Certainty.DENIED,
    Answer.TEXT: Certainty.WORDS,
    Answer.REMARK: Certainty.WORDS,
    Answer.UNKNOWN: Certainty.UNKNOWN,
}


def read_checklist_answers(
    asked: Sequence[Asked], form: Form, reading: Reading
) -> Iterator[Fact | Attestation]:
    """What the answered items of the checklist say."""
    answers: dict[str, tuple[Raw, ...]] = {}
    for one in asked:
        link_id = reading.checklist.link_id_of(one.link_id)
        if link_id is not None:
            answers[link_id] = answers.get(link_id, ()) + one.answers
    for item in reading.checklist.items:
        given = answers.get(item.link_id, ())
        since = _read_since(answers.get(item.since_link_id, ()), form, reading)
        if item.treatment:
            yield from _treatments(item, given, since, form, reading)
            continue
        said = [fact for answer in given for fact in _finding(item, answer, since, form, reading)]
        yield from said
        if not said and since is not None:  # a day without an answer: of what, nobody knows
            yield _fact(item, item.yes, Certainty.UNKNOWN, None, form, reading)


def _read_since(answers: Sequence[Raw], form: Form, reading: Reading) -> _Since | None:
    """The day that an item names, or why it cannot be used; None where none was given."""
    for answer in answers:
        for name in ("valueDate", "valueDateTime"):
            if answer.get(name) is not None:
                return reading.moment(answer[name])
        if isinstance(words := answer.get("valueString"), str) and words.strip():
            found = words_date(words, form.when, reading)
            return found, None if found else DateProblem.IMPOSSIBLE
    return None


def _chosen(item: ChecklistItem, answer: Raw) -> Choice | None:
    """The choice on offer that an answer repeats: by its code, else by its text."""
    coding: Any = answer.get("valueCoding")
    if isinstance(coding, dict):
        code, system = coding.get("code"), coding.get("system")
        by_code = [c for c in item.choices if c.code == code and system in (c.system, None)]
        if by_code:
            return by_code[0]
    told = coding.get("display") if isinstance(coding, dict) else answer.get("valueString")
    if not isinstance(told, str) or (isinstance(coding, dict) and coding.get("code")):
        return None
    return next((c for c in item.choices if c.text.casefold() == told.strip().casefold()), None)


def _finding(
    item: ChecklistItem, answer: Raw, since: _Since | None, form: Form, reading: Reading
) -> Iterator[Fact]:
    choice = _chosen(item, answer)
    if choice is not None:
        certainty: Certainty | None = _CERTAINTY[choice.says]
    else:
        read = read_answer(answer, reading, about=item.concepts)
        certainty = _PLAIN.get(read)  # None: no answer at all
    if certainty is None:
        return
    if certainty is Certainty.DENIED and (since is not None or _says_otherwise(item, answer, reading)):
        certainty = Certainty.UNKNOWN  # "no, since Monday" contradicts itself
    concepts = item.no if certainty is Certainty.DENIED else (choice and choice.means) or item.yes
    trend = _trend(choice, answer, reading) if certainty.positive else None
    text = (choice and choice.finding) or item.finding
    if choice is not None and choice.worse:
        text = f"{text} ({choice.text.lower()})"
    yield _fact(item, concepts, certainty, since, form, reading, trend=trend, text=text)


def _says_otherwise(item: ChecklistItem, answer: Raw, reading: Reading) -> bool:
    """Whether an answer says more than its no: a second value, or a code of no that is shown as a yes."""
    if sum(name.startswith("value") and value is not None for name, value in answer.items()) > 1:
        return True
    coding = answer.get("valueCoding")
    shown = {"valueString": coding.get("display") if isinstance(coding, dict) else None}
    if not isinstance(shown["valueString"], str):
        return False
    choice = _chosen(item, shown)
    return (choice is not None and choice.says == "yes") or _PLAIN.get(
        read_answer(shown, reading)
    ) is Certainty.KNOWN


def _trend(choice: Choice | None, answer: Raw, reading: Reading) -> Trend | None:
    """Whether the answer says that it grows worse or better; the question's own words are no trend."""
    if choice is not None:
        return Trend.WORSENING if choice.worse else None
    told = answer.get("valueString")
    return reading.patterns.trend_in(told) if isinstance(told, str) else None


def _fact(
    item: ChecklistItem,
    concepts: frozenset[str],
    certainty: Certainty,
    since: _Since | None,
    form: Form,
    reading: Reading,
    *,
    trend: Trend | None = None,
    text: str = "",
) -> Fact:
    place = read_place(concepts, (item.text,), (), reading) if certainty.positive else Place()
    started, problem = since if since and certainty.positive else (None, None)
    return Fact(
        concepts=placed_concepts(concepts, place, reading) if certainty.positive else concepts,
        certainty=certainty,
        origin=Origin.ANSWER,
        resource=form.resource,
        text=text or item.finding,
        started=started,
        started_problem=problem,
        recorded=form.when,
        trend=trend,
        side=place.side,
        region=place.region,
    )


def _treatments(
    item: ChecklistItem, answers: Sequence[Raw], since: _Since | None, form: Form, reading: Reading
) -> Iterator[Attestation]:
    """Treatment so far, and its length from the day given, by the latest possible one (2.2, 2.6).

    "None" beside a treatment that was ticked is no "none".
    """
    asked = item.text.rstrip(" ?")
    chosen = [(answer, _chosen(item, answer)) for answer in answers]
    given = [choice.text for _, choice in chosen if choice and choice.says == "yes"]
    if given:
        text = f"{asked}: {', '.join(given)}"
        yield Attestation(form.resource, text, days=_days(since, form, reading), when=form.when)
    elif any(choice and choice.says == "no" for _, choice in chosen):
        contradicted = since is not None or any(choice is None for _, choice in chosen)
        if not contradicted:
            yield Attestation(form.resource, f"{asked}: none", none=True, when=form.when)
    for answer, choice in chosen:
        if choice is None:
            yield from read_treatment(asked, answer, not given, form.resource, form.when, reading)


def _days(since: _Since | None, form: Form, reading: Reading) -> int | None:
    """How long the treatment had gone on when the form was filled in; None where no usable day is given."""
    if since is None or since[0] is None:
        return None
    until = form.when.last if form.when else reading.today
    days = (until - since[0].last).days
    return days if days >= 0 else None
