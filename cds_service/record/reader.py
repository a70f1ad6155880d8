"""The record reader: from prefetched resources to facts, each resource read once by its own type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cds_service.guideline.content import Guideline, resource_type_of
from cds_service.guideline.overrides import AttestedReason
from cds_service.record.allergies import read_allergy
from cds_service.record.conditions import read_condition
from cds_service.record.dates import Interval, read_date
from cds_service.record.devices import read_device
from cds_service.record.facts import (
    Attestation,
    DeviceFact,
    Fact,
    ImagingFact,
    Measurement,
    MedicationFact,
    PatientFacts,
    PowerExam,
    ProcedureFact,
    ReadState,
    Unreadable,
    VisitFact,
)
from cds_service.record.free_text import Patterns
from cds_service.record.gathering import (
    PrefetchedKey,
    by_type,
    earliest_entry,
    newest_responses,
    observations_to_read,
)
from cds_service.record.imaging import read_report
from cds_service.record.medications import read_medication
from cds_service.record.observations import read_observation
from cds_service.record.orders import (
    contained_reasons,
    read_attested_reasons,
    read_order_reasons,
    shown_reasons,
)
from cds_service.record.procedures import read_procedure
from cds_service.record.projection import BrokenElement, Raw, Shape, project
from cds_service.record.questionnaires import read_response, readable_response
from cds_service.record.reading import PAIN, ByType, Kept, Reading, reference_name
from cds_service.record.visits import (
    encounter_class,
    read_appointment,
    read_care_plan,
    read_communication,
    read_encounter,
)

Reader = Callable[[Raw, Reading], Iterator[Any]]
_READERS: Mapping[str, Reader] = {
    "Condition": read_condition,
    "Observation": read_observation,
    "Procedure": read_procedure,
    "MedicationRequest": read_medication,
    "MedicationStatement": read_medication,
    "MedicationDispense": read_medication,
    "Encounter": read_encounter,
    "Appointment": read_appointment,
    "Device": read_device,
    "DiagnosticReport": read_report,
    "AllergyIntolerance": read_allergy,
    "QuestionnaireResponse": read_response,
    "CarePlan": read_care_plan,
    "Communication": read_communication,
}
PATIENT = Shape(
    dates=("birthDate", "deceasedDateTime"), others={"gender": "string", "deceasedBoolean": "boolean"}
)


@dataclass(frozen=True, slots=True)
class _Found:
    """What has been read so far of one request, by the kind of fact."""

    items: dict[type, list[Any]] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)
    broken_types: set[str] = field(default_factory=set)

    def keep(self, items: Iterable[Any]) -> None:
        for item in items:
            self.items.setdefault(type(item), []).append(item)

    def of(self, kind: type) -> tuple[Any, ...]:
        """What was found of a kind, in an order that does not depend on that of the bundles."""
        found = self.items.get(kind, ())
        return tuple(sorted(found, key=_place) if len(found) > 1 else found)


def _place(item: Any) -> tuple[str, str, str]:
    when = getattr(item, "when", None) or getattr(item, "performed", None) or getattr(item, "started", None)
    return item.resource, item.text, when.first.isoformat() if when else ""


def read_facts(
    prefetch: Mapping[str, PrefetchedKey],
    *,
    patient_id: str,
    now: datetime,
    guideline: Guideline,
    checkpoint: Callable[[], None] = lambda: None,
) -> PatientFacts:
    """Everything of the record that the rules may use.

    Resources are read by their type, not by the key they came under, and each once.
    `checkpoint` is called before each, and by the facts when a rule looks through them;
    it may raise to end a call that takes too long.
    One that cannot be read is counted, and makes its key partial: it is never a negative.
    """
    resources = by_type(prefetch)
    found = _Found()
    patient = _read_patient(resources, patient_id, guideline, found)
    reading = _reading(guideline, now, resources, patient.birth_date)
    for resource_type, kept in _to_read(resources, reading):
        _read_all(resource_type, kept, reading, found, checkpoint)
    facts = replace(
        patient,
        facts=found.of(Fact),
        measurements=found.of(Measurement),
        power=found.of(PowerExam),
        procedures=found.of(ProcedureFact),
        medications=found.of(MedicationFact),
        visits=found.of(VisitFact),
        attestations=found.of(Attestation),
        devices=found.of(DeviceFact),
        imaging=found.of(ImagingFact),
        encounter_class=_current_class(prefetch),
        reads=_reads(prefetch, found.broken_types, guideline.prefetch),
        unreadable=tuple(found.unreadable),
        checkpoint=checkpoint,
    )
    return replace(facts, earliest_entry=earliest_entry(resources, reading)) if _is_dateless(facts) else facts


def read_order_facts(
    order: Raw,
    *,
    now: datetime,
    guideline: Guideline,
    prefetch: Mapping[str, PrefetchedKey],
    attested: Iterable[AttestedReason] = (),
) -> tuple[tuple[Fact, ...], tuple[Attestation, ...]]:
    """What one draft order gives as reasons (2.2, 8.4.2, 8.4.6), and what was `attested` about it before.

    A reason that refers to a Condition of the prefetch is that Condition and no new fact (8.9.1).
    """
    refers = order.get("reasonReference") or order.get("supportingInfo")
    reading = _reading(guideline, now, by_type(prefetch) if refers else {}, None, guideline.patterns)
    found = _Found()
    found.keep(read_order_reasons(order, reading))
    found.keep(shown_reasons(order, reading))
    found.keep(read_attested_reasons(attested, order, reading))
    for raw in contained_reasons(order, reading):
        _read_all(str(raw.get("resourceType")), (("", raw),), reading, found)
    return found.of(Fact), found.of(Attestation)


def with_contained(
    facts: PatientFacts,
    order: Raw,
    *,
    now: datetime,
    guideline: Guideline,
    prefetch: Mapping[str, PrefetchedKey],
) -> PatientFacts:
    """The record with the quantities, exams and treatments that a draft order itself holds as its reasons."""
    if not order.get("contained"):
        return facts
    reading = _reading(guideline, now, by_type(prefetch), facts.birth_date)
    found = _Found()
    for raw in contained_reasons(order, reading):
        _read_all(str(raw.get("resourceType")), (("", raw),), reading, found)
    return replace(
        facts,
        measurements=facts.measurements + found.of(Measurement),
        power=facts.power + found.of(PowerExam),
        procedures=facts.procedures + found.of(ProcedureFact),
        medications=facts.medications + found.of(MedicationFact),
        devices=facts.devices + found.of(DeviceFact),
    )


def _reading(
    guideline: Guideline,
    now: datetime,
    resources: ByType,
    birth: Interval | None,
    patterns: Patterns | None = None,
) -> Reading:
    today = (now.astimezone(guideline.zone) if now.tzinfo else now).date()
    return Reading(
        terminology=guideline.terminology,
        patterns=patterns or guideline.patterns.for_one_request(),
        checklist=guideline.checklist,
        thresholds=guideline.thresholds,
        zone=guideline.zone,
        today=today,
        birth=birth,
        resources=resources,
    )


def _to_read(resources: ByType, reading: Reading) -> Iterator[tuple[str, Iterable[Kept]]]:
    for resource_type in _READERS:
        kept = resources.get(resource_type, ())
        if resource_type == "Observation":
            yield resource_type, observations_to_read(kept, reading)
        elif kept:
            yield resource_type, kept


def _read_all(
    resource_type: str,
    kept: Iterable[Kept],
    reading: Reading,
    found: _Found,
    checkpoint: Callable[[], None] = lambda: None,
) -> None:
    reader = _READERS.get(resource_type)
    if reader is None:
        return
    kept = tuple(kept)
    superseded = resource_type == "QuestionnaireResponse" and len(kept) > 1
    newest = newest_responses(kept, reading) if superseded else frozenset[int]()
    for _, raw in kept:
        checkpoint()
        try:
            items = list(reader(raw, reading))
        except BrokenElement as broken:
            found.keep(_readable_rest(raw, broken, reader, reading, found))
            continue
        found.keep(filter(_is_positive, items) if superseded and id(raw) not in newest else items)


def _is_positive(item: Any) -> bool:
    """Of an older response of the same form only these stay: a newer no does not undo a red flag (8.1.3)."""
    return isinstance(item, Fact) and item.certainty.positive


# What says when, where and how surely: without it a finding is still a finding (8.1.4).
_BESIDE = re.compile(
    r"(onset|abatement|effective|performed)[A-Z]\w*|recordedDate|issued|authored|bodySite|interpretation|item"
    r"|(clinical|verification)Status"
)
_KEPT_OF_BROKEN = (Measurement, PowerExam, ProcedureFact, DeviceFact)


def _readable_rest(
    raw: Raw, broken: BrokenElement, reader: Reader, reading: Reading, found: _Found
) -> Iterator[Any]:
    """What a resource says for the patient's illness without the elements that cannot be read.

    The resource stays unreadable, so nothing is concluded from what it does not say.
    """
    while True:
        _note_broken(raw, broken, found)
        element = broken.element.split(".", 1)[0]
        if element not in raw or not _BESIDE.fullmatch(element):
            return
        mended = readable_response(raw, reading) if element == "item" else _mended(raw, element)
        if mended == raw:
            return
        raw = mended
        try:
            items = list(reader(raw, reading))
        except BrokenElement as next_one:
            broken = next_one
            continue
        yield from (item for item in items if _is_positive(item) or isinstance(item, _KEPT_OF_BROKEN))
        return


def _mended(raw: Raw, element: str) -> Raw:
    """The resource without the element; a status that was sent as plain text is read as text, once."""
    rest = {name: value for name, value in raw.items() if name != element}
    told = raw[element]
    return rest | {element: {"text": told}} if element.endswith("Status") and isinstance(told, str) else rest


def _note_broken(raw: Raw, broken: BrokenElement, found: _Found) -> None:
    found.unreadable.append(Unreadable(reference_name(raw), broken.element))
    found.broken_types.add(str(raw.get("resourceType")))


def _read_patient(resources: ByType, patient_id: str, guideline: Guideline, found: _Found) -> PatientFacts:
    patients = resources.get("Patient", ())
    own = next(((key, raw) for key, raw in patients if raw.get("id") in (patient_id, None)), None)
    if own is None:
        return PatientFacts()
    raw = own[1]
    try:
        seen = project(raw, PATIENT, {})
    except BrokenElement as broken:
        _note_broken(raw, broken, found)
        return PatientFacts(test_patient=_is_test(raw))
    return PatientFacts(
        birth_date=read_date(seen.get("birthDate"), guideline.zone),
        sex=seen.get("gender"),
        deceased=seen.get("deceasedBoolean") is True or "deceasedDateTime" in seen,
        test_patient=_is_test(raw),
    )


def _is_test(raw: Raw) -> bool:
    """Whether the record is marked as one for tests (v3-ActReason HTEST)."""
    meta = raw.get("meta")
    if not isinstance(meta, dict):
        return False
    listed = [meta.get(name) for name in ("tag", "security")]
    labels = [label for marks in listed if isinstance(marks, list) for label in marks]
    return any(isinstance(label, dict) and label.get("code") == "HTEST" for label in labels)


def _current_class(prefetch: Mapping[str, PrefetchedKey]) -> str | None:
    current = prefetch.get("encounter")
    visits = [raw for raw in current.resources if raw.get("resourceType") == "Encounter"] if current else []
    return encounter_class(visits[0]) if visits else None


def _reads(
    prefetch: Mapping[str, PrefetchedKey], broken: set[str], queries: Mapping[str, str]
) -> dict[str, ReadState]:
    """The state of each key; partial where a resource of the type that it asks for could not be read."""
    states = {key: read.state for key, read in prefetch.items()}
    for key, query in queries.items() if broken else ():
        if states.get(key) is ReadState.COMPLETE and resource_type_of(query) in broken:
            states[key] = ReadState.PARTIAL
    return states


def _is_dateless(facts: PatientFacts) -> bool:
    """Whether a pain has no onset: only then does a rule ask how far back the record goes (8.4.1)."""
    return any(fact.started is None and fact.certainty.positive for fact in facts.about(*PAIN))
