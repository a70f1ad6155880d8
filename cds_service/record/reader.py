"""The record reader: from prefetched resources to facts, each resource read once by its own type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from cds_service.guideline.content import Guideline
from cds_service.record.conditions import read_allergy, read_condition
from cds_service.record.dates import Interval, read_date
from cds_service.record.devices import read_device
from cds_service.record.facts import (
    Attestation,
    DeviceFact,
    Fact,
    ImagingFact,
    Measure,
    Measurement,
    MedicationFact,
    PatientFacts,
    PowerExam,
    ProcedureFact,
    ReadState,
    Unreadable,
    VisitFact,
)
from cds_service.record.imaging import read_report
from cds_service.record.medications import read_medication
from cds_service.record.observations import read_observation
from cds_service.record.orders import contained_reasons, read_order_reasons, shown_reasons
from cds_service.record.procedures import read_procedure
from cds_service.record.projection import BrokenElement, Raw, project, shape
from cds_service.record.questionnaires import questionnaire_of, read_response
from cds_service.record.reading import Reading, new_reading, reference_name
from cds_service.record.statements import PAIN
from cds_service.record.visits import (
    encounter_class,
    read_appointment,
    read_care_plan,
    read_communication,
    read_encounter,
)

Item = (
    Fact
    | Measurement
    | PowerExam
    | ProcedureFact
    | MedicationFact
    | VisitFact
    | Attestation
    | DeviceFact
    | ImagingFact
)
_READERS: Mapping[str, Callable[[Raw, Reading], Iterator[Any]]] = {
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
_FIELDS: Mapping[type, str] = {
    Fact: "facts",
    Measurement: "measurements",
    PowerExam: "power",
    ProcedureFact: "procedures",
    MedicationFact: "medications",
    VisitFact: "visits",
    Attestation: "attestations",
    DeviceFact: "devices",
    ImagingFact: "imaging",
}
PATIENT = shape("Patient", "gender", "deceasedBoolean", dates=("birthDate", "deceasedDateTime"))
# Quantities of which only the latest years can change an answer.
_SERIES = frozenset({Measure.TEMPERATURE, Measure.CRP, Measure.ESR, Measure.WEIGHT, Measure.EGFR})


class PrefetchedKey(Protocol):
    """What the reader needs of a prefetch key: its resources, and how far they are all of them."""

    @property
    def state(self) -> StrEnum: ...
    @property
    def resources(self) -> Sequence[Raw]: ...


@dataclass(slots=True)
class _Found:
    """What has been read so far; lives for one request."""

    items: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in _FIELDS.values()})
    unreadable: list[Unreadable] = field(default_factory=list)
    broken_keys: set[str] = field(default_factory=set)

    def keep(self, items: Iterable[Any]) -> None:
        for item in items:
            self.items[_FIELDS[type(item)]].append(item)


def read_facts(
    prefetch: Mapping[str, PrefetchedKey], *, patient_id: str, now: datetime, guideline: Guideline
) -> PatientFacts:
    """Everything of the record that the rules may use.

    Resources are read by their type, not by the key they came under, and each once.
    One that cannot be read is counted, and makes its key partial: it is never a negative.
    """
    resources = _each_once(prefetch)
    found = _Found()
    patient = _read_patient(resources, patient_id, now, guideline, found)
    reading = _reading(guideline, now, resources, patient.birth_date)
    newest = _newest_responses(resources, reading)
    skipped = _old_series(resources, reading)
    for key, raw in resources.values():
        if id(raw) not in skipped:
            _read_one(key, raw, reading, found, newest)
    current = prefetch.get("encounter")
    visits = [raw for raw in current.resources if raw.get("resourceType") == "Encounter"] if current else []
    items = {name: tuple(read) for name, read in found.items.items()}
    facts = replace(
        patient,
        facts=items["facts"],
        measurements=items["measurements"],
        power=items["power"],
        procedures=items["procedures"],
        medications=items["medications"],
        visits=items["visits"],
        attestations=items["attestations"],
        devices=items["devices"],
        imaging=items["imaging"],
        encounter_class=encounter_class(visits[0]) if visits else None,
        reads=_reads(prefetch, found.broken_keys),
        unreadable=tuple(found.unreadable),
    )
    return replace(facts, earliest_entry=_earliest_entry(resources, facts, reading))


def read_order_facts(
    order: Raw, *, now: datetime, guideline: Guideline, prefetch: Mapping[str, PrefetchedKey]
) -> tuple[tuple[Fact, ...], tuple[Attestation, ...]]:
    """What one draft order gives as reasons (2.2, 8.4.2, 8.4.6).

    A reason that refers to a Condition of the prefetch is that Condition and no new fact (8.9.1).
    """
    reading = _reading(guideline, now, _each_once(prefetch) if _refers(order) else {}, None)
    found = _Found()
    found.keep(read_order_reasons(order, reading))
    found.keep(shown_reasons(order, reading))
    for raw in contained_reasons(order, reading):
        _read_one("", raw, reading, found, {})
    return tuple(found.items["facts"]), tuple(found.items["attestations"])


def _refers(order: Raw) -> bool:
    return bool(order.get("reasonReference") or order.get("supportingInfo"))


def _reading(
    guideline: Guideline,
    now: datetime,
    resources: Mapping[Any, tuple[str, Raw]],
    birth: Interval | None,
) -> Reading:
    g = guideline
    reading = new_reading(g.terminology, g.patterns, g.thresholds, g.zone, now)
    return replace(reading, birth=birth, by_reference=_ByReference(resources))


class _ByReference(dict[str, Raw]):
    """Resources by `Type/id`; the same mapping that keeps each of them once."""

    def __init__(self, resources: Mapping[Any, tuple[str, Raw]]) -> None:
        super().__init__((f"{key[0]}/{key[1]}", raw) for key, (_, raw) in resources.items() if len(key) == 2)


def _each_once(prefetch: Mapping[str, PrefetchedKey]) -> dict[tuple[Any, ...], tuple[str, Raw]]:
    """Every resource once, by type and id, with the first key that it came under."""
    found: dict[tuple[Any, ...], tuple[str, Raw]] = {}
    for key, read in prefetch.items():
        for raw in read.resources:
            own_id = raw.get("id")
            name = (raw.get("resourceType"), own_id) if isinstance(own_id, str) else (id(raw),)
            if name not in found:
                found[name] = (key, raw)
    return found


def _read_patient(
    resources: Mapping[Any, tuple[str, Raw]],
    patient_id: str,
    now: datetime,
    guideline: Guideline,
    found: _Found,
) -> PatientFacts:
    patients = [(key, raw) for key, raw in resources.values() if raw.get("resourceType") == "Patient"]
    own = next(((k, r) for k, r in patients if r.get("id") in (patient_id, None)), None)
    if own is None:
        return PatientFacts()
    key, raw = own
    try:
        seen = project(raw, PATIENT)
    except BrokenElement as broken:
        _note_broken(key, raw, broken, found)
        return PatientFacts(test_patient=_is_test(raw))
    return PatientFacts(
        birth_date=read_date(seen.get("birthDate"), guideline.zone),
        sex=seen.get("gender"),
        deceased=seen.get("deceasedBoolean") in (True, "true") or "deceasedDateTime" in seen,
        test_patient=_is_test(raw),
    )


def _is_test(raw: Raw) -> bool:
    """Whether the record is marked as one for tests (v3-ActReason HTEST)."""
    meta = raw.get("meta")
    if not isinstance(meta, dict):
        return False
    labels = [label for name in ("tag", "security") for label in _dicts(meta.get(name))]
    return any(str(label.get("code")).upper() in ("HTEST", "TEST") for label in labels)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _read_one(key: str, raw: Raw, reading: Reading, found: _Found, newest: Mapping[int, bool]) -> None:
    reader = _READERS.get(raw.get("resourceType", ""))
    if reader is None:
        return
    try:
        items = list(reader(raw, reading))
    except BrokenElement as broken:
        _note_broken(key, raw, broken, found)
        return
    if newest.get(id(raw), True):
        found.keep(items)
    else:
        found.keep(item for item in items if isinstance(item, Fact) and item.certainty.positive)


def _note_broken(key: str, raw: Raw, broken: BrokenElement, found: _Found) -> None:
    found.unreadable.append(Unreadable(reference_name(raw), broken.element))
    found.broken_keys.add(key)


def _newest_responses(resources: Mapping[Any, tuple[str, Raw]], reading: Reading) -> dict[int, bool]:
    """Whether each questionnaire response is the newest of its form that counts.

    Of the older ones only positive answers are kept: a newer no does not undo a red flag (8.1.3).
    """
    responses = [raw for _, raw in resources.values() if raw.get("resourceType") == "QuestionnaireResponse"]
    if len(responses) < 2:
        return {}
    newest: dict[str, Raw] = {}
    for raw in responses:
        if raw.get("status") not in ("completed", "amended"):
            continue
        form = questionnaire_of(raw)
        if form not in newest or _authored(raw, reading) > _authored(newest[form], reading):
            newest[form] = raw
    kept = {id(raw) for raw in newest.values()}
    return {id(raw): id(raw) in kept for raw in responses}


def _authored(raw: Raw, reading: Reading) -> tuple[date, str]:
    found = read_date(raw.get("authored"), reading.zone)
    if found is None:
        return date.min, ""
    return found.last, found.at.isoformat() if found.at else ""


def _old_series(resources: Mapping[Any, tuple[str, Raw]], reading: Reading) -> frozenset[int]:
    """Values of long series that no window reaches, except the latest of each.

    Years of laboratory results would otherwise be most of the work of a large record.
    """
    t = reading.thresholds
    windows = (t.weight_fresh_days, t.weight_loss_days, t.egfr_days, t.lab_days, t.fever_days)
    days = max(windows)
    oldest = date.fromordinal(reading.today.toordinal() - days - 1).isoformat()
    latest: dict[Measure, tuple[str, int]] = {}
    old: list[tuple[Measure, str, int]] = []
    for _, raw in resources.values():
        if raw.get("resourceType") != "Observation":
            continue
        measure = reading.coded(raw.get("code")).measure
        if measure not in _SERIES:
            continue
        text = raw.get("effectiveDateTime")
        if not isinstance(text, str) or len(text) < 10:
            continue
        if text > latest.get(measure, ("", 0))[0]:
            latest[measure] = (text, id(raw))
        if text < oldest:
            old.append((measure, text, id(raw)))
    return frozenset(own for measure, _, own in old if latest[measure][1] != own)


def _reads(prefetch: Mapping[str, PrefetchedKey], broken: set[str]) -> dict[str, ReadState]:
    states = {key: ReadState(read.state.value) for key, read in prefetch.items()}
    return {
        key: ReadState.PARTIAL if key in broken and state is ReadState.COMPLETE else state
        for key, state in states.items()
    }


_DATES = (
    "onsetDateTime", "recordedDate", "effectiveDateTime", "issued", "authoredOn", "performedDateTime",
    "start", "authored", "whenHandedOver", "dateAsserted", "sent",
)  # fmt: skip
_PERIODS = ("period", "effectivePeriod", "performedPeriod", "onsetPeriod")
_DAY = re.compile(r"(?:19|20)\d\d-\d\d-\d\d")


def _earliest_entry(
    resources: Mapping[Any, tuple[str, Raw]], facts: PatientFacts, reading: Reading
) -> date | None:
    """The first dated entry of any kind, for a pain without an onset (8.4.1); None where no rule needs it."""
    pains = [fact for fact in facts.about(*PAIN) if fact.certainty.positive]
    if all(fact.started for fact in pains):
        return None
    days = [day for _, raw in resources.values() for day in _raw_days(raw)]
    first = min(days, default=None)
    found = read_date(first, reading.zone)
    return found.first if found else None


def _raw_days(raw: Raw) -> Iterator[str]:
    for name in _DATES:
        text = raw.get(name)
        if isinstance(text, str) and _DAY.match(text):
            yield text[:10]
    for name in _PERIODS:
        period = raw.get(name)
        text = period.get("start") if isinstance(period, dict) else None
        if isinstance(text, str) and _DAY.match(text):
            yield text[:10]
