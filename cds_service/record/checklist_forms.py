"""Which answers of a form are answers to the red-flag checklist, whatever address the form has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cds_service.record.checklist import SINCE, Checklist
from cds_service.record.checklist_answers import read_checklist_answers
from cds_service.record.facts import Attestation, Certainty, Fact
from cds_service.record.form_items import Asked, Form
from cds_service.record.projection import Raw
from cds_service.record.reading import Reading


def canonical_of(raw: Raw) -> str:
    """The form's address without version, fragment and what surrounds it; empty where there is none."""
    address = raw.get("questionnaire")
    if not isinstance(address, str):
        return ""
    return address.split("|", 1)[0].split("#", 1)[0].strip().rstrip("/")


def is_checklist(raw: Raw, checklist: Checklist) -> bool:
    """Whether the form says by its address that it is the checklist."""
    return canonical_of(raw).casefold() == checklist.questionnaire.casefold()


def read_renamed(
    asked: Sequence[Asked], form: Form, reading: Reading
) -> tuple[list[Fact | Attestation], list[Asked]]:
    """What a form of another address says as the checklist, and its other questions.

    A server may give the checklist an address of its own, or leave it out.
    An item of our link id and our words is ours. Of one of our link id without words only a plain yes is
    taken: another form may ask the opposite under that name, but no yes may be lost.
    """
    checklist = reading.checklist
    worded = [one for one in asked if _has_our_words(one, checklist)]
    bare = [one for one in asked if checklist.link_id_of(one.link_id) and not one.question]
    said = list(read_checklist_answers(worded, form, reading))
    known = {id(one): list(_known(one, bare, form, reading)) for one in bare}
    said += [fact for facts in known.values() for fact in facts]
    done = {id(one) for one in worded} | {place for place, facts in known.items() if facts}
    days = {item.since_link_id for item in checklist.items}
    rest = [one for one in asked if id(one) not in done and checklist.link_id_of(one.link_id) not in days]
    return said, rest


def as_words(said: Iterator[Fact | Attestation], checklist: Checklist) -> Iterator[Fact]:
    """Of a form that is not finished only each yes, as words: it asks, and decides nothing."""
    for fact in said:
        if isinstance(fact, Fact) and fact.certainty.positive:
            text = f"{fact.text} ({checklist.unfinished})"
            yield replace(fact, certainty=Certainty.WORDS, text=text)


def _has_our_words(asked: Asked, checklist: Checklist) -> bool:
    link_id = checklist.link_id_of(asked.link_id)
    ours = {item.link_id: item.text for item in checklist.items} | {
        item.since_link_id: item.since for item in checklist.items if item.since
    }
    return link_id in ours and asked.question.strip().casefold() == ours[link_id].casefold()


def _known(asked: Asked, bare: Sequence[Asked], form: Form, reading: Reading) -> Iterator[Fact]:
    """The plain yes to one item, with the day that another item gives it."""
    checklist = reading.checklist
    day = f"{checklist.link_id_of(asked.link_id)}-{SINCE}"
    days = [one for one in bare if checklist.link_id_of(one.link_id) == day]
    for fact in read_checklist_answers([asked, *days], form, reading):
        if isinstance(fact, Fact) and fact.certainty is Certainty.KNOWN:
            yield fact
