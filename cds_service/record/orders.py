"""The reasons of a draft order: codes as suspected facts of today, words only as words (8.4.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from cds_service.guideline.overrides import AttestedReason
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.dates import on_day
from cds_service.record.facts import Attestation, Certainty, Fact, Origin
from cds_service.record.projection import Raw
from cds_service.record.reading import PAIN, Coded, Reading, reference_name
from cds_service.record.reasons import resolve
from cds_service.record.statements import (
    BILATERAL,
    names_both_legs,
    placed_concepts,
    read_place,
    read_statements,
    worded_certainty,
)
from cds_service.record.worded_values import worded_values


def read_order_reasons(order: Raw, reading: Reading) -> Iterator[Fact | Attestation]:
    """What reason codes, reason texts and notes say; what is odd in a draft is passed over."""
    resource = reference_name(order)
    for code in _listed(order.get("reasonCode")):
        coded = reading.coded(code)
        if not coded.broken:
            yield from _coded_reason(coded, resource, reading)
            yield from _texts(coded.words if not coded.known else _own_text(code), coded, resource, reading)
    for note in _listed(order.get("note")):
        text = note.get("text") if isinstance(note, dict) else None
        if isinstance(text, str):
            yield from _texts((text,), None, resource, reading)


def read_attested_reasons(
    attested: Iterable[AttestedReason], order: Raw, reading: Reading
) -> Iterator[Fact | Attestation]:
    """What a clinician said when overriding a card, as if the order gave that reason, but of its own day."""
    for reason in attested:
        day = on_day(min(reason.day, reading.today))
        for said in _coded_reason(reading.coded(reason.code), reference_name(order), reading):
            yield replace(said, when=day) if isinstance(said, Attestation) else replace(said, recorded=day)


def contained_reasons(order: Raw, reading: Reading) -> Iterator[Raw]:
    """The contained resources that the order gives as reason or supporting information."""
    for element in ("reasonReference", "supportingInfo"):
        for reference in _listed(order.get(element)):
            target = reference.get("reference") if isinstance(reference, dict) else None
            if (
                isinstance(target, str)
                and target.startswith("#")
                and (found := resolve(reference, order, reading))
            ):
                yield found


def shown_reasons(order: Raw, reading: Reading) -> Iterator[Fact]:
    """The words that a reference shows, where the resource itself is not here."""
    for reference in _listed(order.get("reasonReference")):
        shown = reference.get("display") if isinstance(reference, dict) else None
        if isinstance(shown, str) and resolve(reference, order, reading) is None:
            yield from _texts((shown,), None, reference_name(order), reading)


def _listed(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [value]  # the public sandbox sends one reason as an object
    return value if isinstance(value, list) else []


def _own_text(code: Any) -> tuple[str, ...]:
    text = code.get("text")
    return (text,) if isinstance(text, str) else ()


def _coded_reason(coded: Coded, resource: str, reading: Reading) -> Iterator[Fact | Attestation]:
    if coded.unsure:
        yield _fact(coded.unsure, Certainty.WORDS, coded, resource, Origin.ORDER, False, reading)
    if not coded.known:
        return
    for concept, days in _attested_days(reading.thresholds).items():
        if concept in coded.concepts:
            yield Attestation(resource, coded.label, days=days, when=on_day(reading.today))
    for stated in read_statements(coded, reading):
        if stated.certainty.positive:
            certainty = Certainty.SUSPECTED
            yield _fact(stated.concepts, certainty, coded, resource, Origin.ORDER, stated.history, reading)


def _attested_days(limits: Thresholds) -> dict[str, int]:
    """Days of treatment that our own reason codes attest (8.4.6): both are care that is long enough."""
    return {"reason-care-4-6-weeks": limits.care_min_days, "reason-care-6-weeks": limits.care_full_days}


def _texts(texts: tuple[str, ...], coded: Coded | None, resource: str, reading: Reading) -> Iterator[Fact]:
    known = coded.concepts if coded else frozenset[str]()
    for text in texts:
        told = Coded(frozenset(), (text,))
        for concepts in _asked_by(text, known, reading):
            yield _fact(concepts, Certainty.WORDS, told, resource, Origin.ORDER_TEXT, False, reading)
        for mention in reading.mentions(text):
            certainty = worded_certainty(mention, reading)
            if certainty is None or mention.concept in known:
                continue
            if mention.concept in PAIN:
                certainty = Certainty.SUSPECTED  # as a coded reason: a statement about today
            yield _fact(
                frozenset({mention.concept}),
                certainty,
                told,
                resource,
                Origin.ORDER_TEXT,
                mention.history,
                reading,
            )


def _asked_by(text: str, known: frozenset[str], reading: Reading) -> Iterator[frozenset[str]]:
    """What a text gives to ask about beside the things that it names: both sides, high values."""
    if names_both_legs((text,), reading) and BILATERAL.isdisjoint(known):
        yield BILATERAL
    yield from (frozenset({concept}) for concept in worded_values(text, reading))


def _fact(
    concepts: frozenset[str],
    certainty: Certainty,
    coded: Coded,
    resource: str,
    origin: Origin,
    history: bool,
    reading: Reading,
) -> Fact:
    place = read_place(concepts, coded.names, (), reading)
    in_words = origin is Origin.ORDER_TEXT
    return Fact(
        concepts=placed_concepts(concepts, place, reading, worded=in_words),
        certainty=certainty,
        origin=origin,
        resource=resource,
        text=coded.label,
        history=history,
        recorded=on_day(reading.today),
        side=place.side,
        region=place.region,
        code_systems=coded.systems,
    )
