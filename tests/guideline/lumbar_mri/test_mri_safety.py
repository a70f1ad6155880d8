"""What the MRI team must know (specification 2.14, 8.8.6)."""

from dataclasses import replace
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.lumbar_mri.mri_safety import IMPLANTS, read_safety
from cds_service.record.facts import Certainty, DeviceFact, DeviceSafety, Measure, Region, State
from tests.guideline.lumbar_mri.facts_builders import (
    TODAY,
    ago,
    done,
    fact,
    measurement,
    mri_order,
    record,
)

WITH, WITHOUT = "with-and-without", "without"


def device(
    concept: str, safety: DeviceSafety = DeviceSafety.UNKNOWN, resource: str = "Device/1"
) -> DeviceFact:
    return DeviceFact(frozenset({concept}), resource, "Cardiac pacemaker", safety)


def lines(
    guideline: Guideline, *entries: Any, ordered: str | None = WITHOUT, planned: str | None = None
) -> list[tuple[str, bool]]:
    order = mri_order(contrast=ordered)
    found = read_safety(record(*entries), order, planned, TODAY, guideline)
    return [(line.kind, line.own_card) for line in found]


def egfr(value: str | None, days: int | None, **more: Any) -> Any:
    return measurement(Measure.EGFR, value, days, **more)


@pytest.mark.parametrize("concept", IMPLANTS)
@pytest.mark.parametrize(
    ("safety", "kind"),
    [
        (DeviceSafety.UNSAFE, "unsafe"),
        (DeviceSafety.CONDITIONAL, "conditional"),
        (DeviceSafety.UNKNOWN, "unknown-device"),
    ],
)
def test_an_implant_has_a_card_of_its_own(
    guideline: Guideline, concept: str, safety: DeviceSafety, kind: str
) -> None:
    assert lines(guideline, device(concept, safety)) == [(kind, True)]


def test_only_devices_of_the_implant_sets_count(guideline: Guideline) -> None:
    assert lines(guideline, device("urinary-catheter", DeviceSafety.UNSAFE)) == []


def test_an_implant_is_shown_with_its_day(guideline: Guideline) -> None:
    pacemaker = replace(device("cardiac-device"), when=ago(300))
    (line,) = read_safety(record(pacemaker), mri_order(), None, TODAY, guideline)
    assert line.evidence.when == ago(300)


def test_the_gravest_device_comes_first(guideline: Guideline) -> None:
    pump = device("neurostimulator-or-pump", DeviceSafety.CONDITIONAL, "Device/2")
    clip = device("aneurysm-clip", DeviceSafety.UNKNOWN, "Device/3")
    pacemaker = device("cardiac-device", DeviceSafety.UNSAFE)
    assert [kind for kind, _ in lines(guideline, clip, pump, pacemaker)] == [
        "unsafe",
        "conditional",
        "unknown-device",
    ]


def test_a_condition_that_only_tells_of_a_listed_device_is_not_said_twice(guideline: Guideline) -> None:
    listed = device("cardiac-device", DeviceSafety.CONDITIONAL)
    told = device("cardiac-device", resource="Condition/1")
    assert lines(guideline, told, listed) == [("conditional", True)]
    assert lines(guideline, told) == [("unknown-device", True)]
    assert lines(guideline, listed, device("cochlear-implant", resource="Condition/1")) == [
        ("conditional", True),
        ("unknown-device", True),
    ]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param((device("spinal-hardware"),), [("hardware", False)], id="device"),
        pytest.param((done("spinal-hardware", "lumbar-surgery"),), [("hardware", False)], id="fusion"),
        pytest.param((fact("spinal-hardware"),), [("hardware", False)], id="condition"),
        pytest.param((device("spinal-hardware"), done("spinal-hardware")), [("hardware", False)], id="once"),
        pytest.param((done("spinal-hardware", region=Region.OTHER_SPINE),), [], id="of the neck"),
        pytest.param((fact("spinal-hardware", certainty=Certainty.DENIED),), [], id="denied"),
        pytest.param((device("spinal-hardware", DeviceSafety.UNSAFE),), [("unsafe", True)], id="MR unsafe"),
        pytest.param((fact("claustrophobia"),), [("claustrophobia", False)], id="claustrophobia"),
        pytest.param(
            (fact("claustrophobia"), fact("claustrophobia", resource="Condition/2")),
            [("claustrophobia", False)],
            id="claustrophobia twice",
        ),
        pytest.param(
            (fact("claustrophobia", certainty=Certainty.WORDS),),
            [("claustrophobia", False)],
            id="claustrophobia in words",
        ),
        pytest.param((fact("claustrophobia", state=State.ENDED),), [], id="claustrophobia of the past"),
        pytest.param((fact("claustrophobia", certainty=Certainty.REFUTED),), [], id="claustrophobia refuted"),
    ],
)
def test_hardware_and_claustrophobia_are_lines(
    guideline: Guideline, entries: tuple[Any, ...], expected: list[tuple[str, bool]]
) -> None:
    assert lines(guideline, *entries) == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param((egfr("29.9", 365),), ["renal"], id="eGFR under 30"),
        pytest.param((egfr("30", 5),), [], id="eGFR 30"),
        pytest.param((egfr("20", 366),), [], id="older than a year"),
        pytest.param((egfr("20", 90), egfr("55", 5)), [], id="recovered"),
        pytest.param((egfr("55", 90), egfr("20", 5)), ["renal"], id="fallen"),
        pytest.param((egfr("15", 5, comparator="<"),), ["renal"], id="under 15"),
        pytest.param((egfr("60", 5, comparator="<"),), [], id="under 60 tells nothing"),
        pytest.param((egfr(None, 5), egfr("20", 90)), ["renal"], id="the newest that can be used"),
        pytest.param((fact("dialysis"),), ["renal"], id="dialysis"),
        pytest.param((fact("severe-renal-impairment"),), ["renal"], id="severe impairment"),
        pytest.param((fact("severe-renal-impairment", state=State.ENDED),), [], id="impairment that ended"),
        pytest.param((done("dialysis", performed=ago(365)),), ["renal"], id="dialysed this year"),
        pytest.param((done("dialysis", performed=ago(366)),), [], id="dialysed before"),
        pytest.param((fact("contrast-reaction"),), ["contrast-reaction"], id="reaction"),
        pytest.param((fact("gadolinium"),), ["contrast-reaction"], id="allergy to gadolinium"),
        pytest.param(
            (fact("contrast-reaction"), fact("gadolinium")), ["contrast-reaction"], id="reaction and allergy"
        ),
        pytest.param((fact("contrast-reaction", certainty=Certainty.REFUTED),), [], id="reaction refuted"),
        pytest.param((fact("pregnancy", started=ago(90)),), ["pregnancy"], id="pregnancy"),
    ],
)
def test_kidney_reaction_and_pregnancy_matter_only_with_contrast(
    guideline: Guideline, entries: tuple[Any, ...], expected: list[str]
) -> None:
    ordered = lines(guideline, *entries, ordered=WITH)
    assert [kind for kind, _ in ordered] == expected
    assert lines(guideline, *entries, planned=WITH) == ordered
    assert lines(guideline, *entries) == []
    assert lines(guideline, *entries, ordered=None) == []
    assert not any(own_card for _, own_card in ordered)


def test_contrast_alone_is_contrast_too(guideline: Guideline) -> None:
    assert lines(guideline, fact("dialysis"), ordered="with") == [("renal", False)]
