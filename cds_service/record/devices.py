"""Implants: from the device list, and from conditions and procedures that say one is in place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cds_service.record.dates import Interval
from cds_service.record.facts import Certainty, DeviceFact, DeviceSafety, Fact, Origin
from cds_service.record.projection import Raw, Shape
from cds_service.record.reading import IMPLANTS, Coded, Reading, reference_name
from cds_service.record.statuses import status_of

DEVICE = Shape(codes=("type",), lists=("safety",), dates=("manufactureDate",))
_NOT_IN_PLACE = frozenset({"inactive", "entered-in-error"})
_SAFETY_CODES = {
    "device-mr-unsafe": DeviceSafety.UNSAFE,
    "device-mr-conditional": DeviceSafety.CONDITIONAL,
    # The facts know no "MR safe" implant: its model is still for the MRI team to see.
    "device-mr-safe": DeviceSafety.CONDITIONAL,
}


def read_device(raw: Raw, reading: Reading) -> Iterator[DeviceFact | Fact]:
    """An implant of the guideline's value sets, or a urinary catheter; other devices say nothing."""
    words = _words(raw, reading)
    coded = reading.coded(raw.get("type"))
    concepts = coded.concepts | _worded(words, reading)
    catheter = _names_catheter(words, reading) or "urinary-catheter" in concepts
    if not coded.broken and concepts.isdisjoint(IMPLANTS) and not catheter:
        return
    if raw.get("status") is not None and status_of(raw) in _NOT_IN_PLACE:
        return
    seen = reading.project(raw, DEVICE)
    label = coded.label or next(iter(words), "")
    if catheter:
        made = reading.day(seen.get("manufactureDate"))
        yield Fact(
            frozenset({"urinary-catheter"}),
            Certainty.KNOWN,
            Origin.DEVICE,
            reference_name(raw),
            label,
            recorded=made,
        )
    if implants := concepts & IMPLANTS:
        yield DeviceFact(implants, reference_name(raw), label, _safety(seen.get("safety"), words, reading))


def worded_implants(
    coded: Coded, resource: str, when: Interval | None, reading: Reading
) -> Iterator[DeviceFact]:
    """The implants that a condition or procedure says are in place."""
    if coded.implants and not any(_is_removal(word, reading) for word in coded.words):
        yield DeviceFact(coded.implants, resource, coded.label, _safety(None, coded.words, reading), when)


def _words(raw: Raw, reading: Reading) -> tuple[str, ...]:
    names = raw.get("deviceName")
    named = [name.get("name") for name in names if isinstance(name, dict)] if isinstance(names, list) else []
    notes = raw.get("note")
    noted = [note.get("text") for note in notes if isinstance(note, dict)] if isinstance(notes, list) else []
    own = (*named, raw.get("modelNumber"), raw.get("distinctIdentifier"), *noted)
    return (*reading.coded(raw.get("type")).words, *(text for text in own if isinstance(text, str) and text))


def _worded(words: Iterable[str], reading: Reading) -> frozenset[str]:
    return frozenset[str]().union(*map(reading.implants, words))


def _names_catheter(words: Iterable[str], reading: Reading) -> bool:
    return any(mention.concept == "urinary-catheter" for word in words for mention in reading.mentions(word))


def _is_removal(word: str, reading: Reading) -> bool:
    return reading.patterns.plain(word).startswith(("removal", "removed", "explant"))


def _safety(codes: Any, words: Iterable[str], reading: Reading) -> DeviceSafety:
    """What codes or words say of the magnet; the worst that is said counts."""
    listed = codes if isinstance(codes, list) else []
    concepts = frozenset[str]().union(*(reading.coded(code).concepts for code in listed))
    worded = frozenset[str]().union(*(reading.patterns.device_safety_in(word) for word in words))
    said = {safety for concept, safety in _SAFETY_CODES.items() if concept in concepts}
    said |= {DeviceSafety(name) for name in worded}
    worst_first = (DeviceSafety.UNSAFE, DeviceSafety.CONDITIONAL)
    return next((safety for safety in worst_first if safety in said), DeviceSafety.UNKNOWN)
