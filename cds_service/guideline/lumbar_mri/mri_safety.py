"""What the MRI team must know: implants on a card of their own, the rest as lines (2.14, 8.8.6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Evidence, MriOrder, SafetyLine
from cds_service.guideline.lumbar_mri.assertions import counts_fully, evidence_of
from cds_service.guideline.lumbar_mri.clues import plain_name
from cds_service.guideline.lumbar_mri.measured_values import is_over, measured_in, show
from cds_service.guideline.lumbar_mri.outside import pregnancy
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.facts import (
    DeviceFact,
    DeviceSafety,
    Fact,
    Measure,
    PatientFacts,
    Region,
    State,
)

IMPLANTS = ("cardiac-device", "cochlear-implant", "neurostimulator-or-pump", "aneurysm-clip", "orbital-metal")
HARDWARE = "spinal-hardware"
_RENAL = ("dialysis", "severe-renal-impairment", "kidney-failure")
_REACTIONS = ("contrast-reaction", "gadolinium")
_KINDS = {
    DeviceSafety.UNSAFE: "unsafe",
    DeviceSafety.CONDITIONAL: "conditional",
    DeviceSafety.UNKNOWN: "unknown-device",
}
_WITH_CONTRAST = frozenset({"with", "with-and-without"})

CRITERIA: tuple[tuple[str, str], ...] = (
    ("own card", "An implant that the record calls MR unsafe, MR conditional, or of which it says nothing"),
    ("line", "Lumbar hardware; claustrophobia"),
    (
        "line",
        "Where contrast is ordered or suggested: the newest eGFR within $egfr_days days under "
        "$egfr_low_ml_min, dialysis or severe renal impairment, an earlier reaction to contrast, pregnancy",
    ),
)


def read_safety(
    facts: PatientFacts, order: MriOrder, plan_contrast: str | None, today: date, guideline: Guideline
) -> tuple[SafetyLine, ...]:
    """The lines for the MRI team, the gravest first; none of them removes an indication.

    `plan_contrast` is what the guideline suggests; None leaves the order's own.
    """
    lines = [*_implants(facts), *_hardware(facts), *_claustrophobia(facts)]
    if is_for_contrast(order, plan_contrast):
        lines += _for_contrast(facts, today, guideline)
    return tuple(lines)


def is_for_contrast(order: MriOrder, plan_contrast: str | None) -> bool:
    """Whether contrast is ordered, or suggested."""
    return order.contrast in _WITH_CONTRAST or plan_contrast in _WITH_CONTRAST


def speaks_against_contrast(safety: Iterable[SafetyLine]) -> bool:
    """Whether contrast needs radiology's word first, so that none is suggested (2.14)."""
    return any(line.kind in ("renal", "contrast-reaction") for line in safety)


def _implants(facts: PatientFacts) -> Iterator[SafetyLine]:
    devices = [device for device in facts.devices if _needs_a_card(device)]
    shown = [device for device in devices if not _is_told_better(device, devices)]
    for device in sorted(shown, key=lambda device: list(_KINDS).index(device.safety)):
        evidence = Evidence(device.text, device.resource, device.when, plain_name(device.text))
        yield SafetyLine(_KINDS[device.safety], evidence, own_card=True)


def _needs_a_card(device: DeviceFact) -> bool:
    """Implants of the implant value sets; lumbar hardware only where the record calls it unsafe."""
    is_unsafe_hardware = HARDWARE in device.concepts and device.safety is DeviceSafety.UNSAFE
    return is_unsafe_hardware or not device.concepts.isdisjoint(IMPLANTS)


def _is_told_better(device: DeviceFact, devices: list[DeviceFact]) -> bool:
    """A condition or procedure that only tells of an implant that the device list describes."""
    if device.safety is not DeviceSafety.UNKNOWN or device.resource.startswith("Device/"):
        return False
    return any(
        other.resource.startswith("Device/") and not other.concepts.isdisjoint(device.concepts)
        for other in devices
    )


def _hardware(facts: PatientFacts) -> Iterator[SafetyLine]:
    """One line, from the device list before procedures before conditions."""
    found = [
        *(
            (d.text, d.resource, d.when)
            for d in facts.devices
            if HARDWARE in d.concepts and not _needs_a_card(d)
        ),
        *(
            (done.text, done.resource, done.performed)
            for done in facts.procedures
            if HARDWARE in done.concepts and done.region is not Region.OTHER_SPINE
        ),
        *((f.text, f.resource, f.when) for f in facts.about(HARDWARE) if counts_fully(f)),
    ]
    for text, resource, when in found[:1]:
        yield SafetyLine("hardware", Evidence(text, resource, when, plain_name(text)), own_card=False)


def _claustrophobia(facts: PatientFacts) -> Iterator[SafetyLine]:
    for fact in [f for f in facts.about("claustrophobia") if _is_positive(f)][:1]:
        yield SafetyLine("claustrophobia", _line(fact), own_card=False)


def _for_contrast(facts: PatientFacts, today: date, guideline: Guideline) -> Iterator[SafetyLine]:
    renal = _low_filtration(facts, today, guideline.thresholds) or _renal_disease(
        facts, today, guideline.thresholds
    )
    if renal is not None:
        yield SafetyLine("renal", renal, own_card=False)
    for fact in [f for f in facts.about(*_REACTIONS) if f.certainty.positive][:1]:
        yield SafetyLine("contrast-reaction", _line(fact), own_card=False)
    pregnant = pregnancy(facts, today, guideline)
    if pregnant is not None:
        yield SafetyLine("pregnancy", pregnant, own_card=False)


def _low_filtration(facts: PatientFacts, today: date, limits: Thresholds) -> Evidence | None:
    """The newest usable eGFR of the window, where it is low: kidney function is a state."""
    usable = [
        m for m in measured_in(facts, Measure.EGFR, limits.egfr_days, today) if m.value is not None and m.when
    ]
    newest = usable[-1] if usable else None
    if newest is None or is_over(newest, limits.egfr_low_ml_min, or_equal=True) is not False:
        return None
    return show(newest)


def _renal_disease(facts: PatientFacts, today: date, limits: Thresholds) -> Evidence | None:
    coded = [_line(fact) for fact in facts.about(*_RENAL) if _is_positive(fact)]
    done = [
        Evidence(each.text, each.resource, each.performed, plain_name(each.text))
        for each in facts.procedures
        if not each.concepts.isdisjoint(_RENAL)
        and each.performed is not None
        and each.performed.within(limits.egfr_days, today)
    ]
    return next(iter((*coded, *done)), None)


def _is_positive(fact: Fact) -> bool:
    return fact.certainty.positive and fact.state is State.CURRENT


def _line(fact: Fact) -> Evidence:
    return evidence_of(fact, plain_name(fact.text))
