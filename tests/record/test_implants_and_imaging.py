"""Implants and what they mean for the magnet; MRI scans that were done."""

from datetime import date
from typing import Any

import pytest

from cds_service.record.dates import on_day
from cds_service.record.facts import Certainty, DeviceSafety, Origin
from tests.builders import allergy, concept, condition, device, diagnostic_report, procedure
from tests.record.records import only, read
from tests.vignettes import codings

UNSAFE, CONDITIONAL, UNKNOWN = DeviceSafety.UNSAFE, DeviceSafety.CONDITIONAL, DeviceSafety.UNKNOWN


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("Permanent pacemaker", "cardiac-device"),
        ("PPM", "cardiac-device"),
        ("Implantable cardioverter defibrillator", "cardiac-device"),
        ("Cochlear implant", "cochlear-implant"),
        ("Spinal cord stimulator", "neurostimulator-or-pump"),
        ("Deep brain stimulator", "neurostimulator-or-pump"),
        ("Intrathecal baclofen pump", "neurostimulator-or-pump"),
        ("Aneurysm clip", "aneurysm-clip"),
        ("Metallic foreign body in eye", "orbital-metal"),
        ("Lumbar pedicle screws and rods", "spinal-hardware"),
    ],
)
def test_an_implant_is_known_by_its_words(text: str, concepts: str) -> None:
    (found,) = read(device(concept(text))).devices
    assert (set(found.concepts), found.safety) == ({concepts}, UNKNOWN)


@pytest.mark.parametrize(
    "text", ["Hearing aid", "Wheelchair", "Dental implant", "Glucose meter", "Removed pacemaker"]
)
def test_other_devices_are_nothing(text: str) -> None:
    assert read(device(concept(text))).devices == ()


@pytest.mark.parametrize(
    ("status", "count"), [("active", 1), ("unknown", 1), ("inactive", 0), ("entered-in-error", 0)]
)
def test_a_device_that_is_not_in_place_is_nothing(status: str, count: int) -> None:
    assert len(read(device(codings.PACEMAKER, status=status)).devices) == count


@pytest.mark.parametrize(
    ("code", "text", "safety"),
    [
        pytest.param("C106047", "Pacemaker", UNSAFE, id="MR unsafe"),
        pytest.param("C106046", "Pacemaker", CONDITIONAL, id="MR conditional"),
        pytest.param("C106045", "Pacemaker", CONDITIONAL, id="MR safe is still shown to the MRI team"),
        pytest.param("C113844", "Pacemaker", UNKNOWN, id="no MRI information on the label"),
        pytest.param(None, "Non-conditional pacemaker", UNSAFE, id="non-conditional in words"),
        pytest.param(None, "Pacemaker, not MR conditional", UNSAFE, id="not conditional in words"),
        pytest.param(None, "MR conditional pacemaker", CONDITIONAL, id="conditional in words"),
        pytest.param(None, "Ferromagnetic aneurysm clip", UNSAFE, id="ferromagnetic"),
        pytest.param("C106046", "Pacemaker, MR unsafe leads", UNSAFE, id="the worst that is said"),
    ],
)
def test_what_is_said_of_the_magnet(code: str | None, text: str, safety: DeviceSafety) -> None:
    (found,) = read(device(concept(text), safety=code)).devices
    assert found.safety is safety


def test_a_note_on_the_device_counts() -> None:
    (found,) = read(device(codings.PACEMAKER, note=[{"text": "MRI contraindicated"}])).devices
    assert found.safety is UNSAFE


@pytest.mark.parametrize(
    "resource",
    [
        pytest.param(condition(concept("Pacemaker in situ"), recorded="2020-01-05"), id="a condition in words"),
        pytest.param(condition(concept("H/O: pacemaker in situ", snomed="275531008"), recorded="2020-01-05"), id="a coded condition"),
        pytest.param(procedure(concept("Insertion of permanent pacemaker"), performed="2020-01-05"), id="a procedure"),
    ],
)  # fmt: skip
def test_an_implant_may_be_known_from_a_condition_or_procedure(resource: dict[str, Any]) -> None:
    (found,) = read(resource).devices
    assert (set(found.concepts), found.when) == ({"cardiac-device"}, on_day(date(2020, 1, 5)))


@pytest.mark.parametrize(
    "resource",
    [
        pytest.param(procedure(concept("Removal of pacemaker"), performed="2020-01-05"), id="removed"),
        pytest.param(condition(concept("Pacemaker in situ"), verification="refuted"), id="refuted"),
        pytest.param(condition(concept("Pacemaker in situ"), clinical="resolved"), id="resolved"),
        pytest.param(condition(concept("No pacemaker")), id="denied"),
    ],
)
def test_what_is_not_in_place_is_no_implant(resource: dict[str, Any]) -> None:
    assert read(resource).devices == ()


def test_a_fusion_is_an_operation_and_hardware() -> None:
    facts = read(procedure(codings.FUSION, performed="2012"))
    assert len(facts.procedures) == 1
    assert facts.devices[0].concepts == {"spinal-hardware"}


def test_a_catheter_on_the_device_list_is_a_fact() -> None:
    fact = only(read(device(concept("Indwelling urinary catheter"), manufactureDate="2024-02-20")))
    assert (set(fact.concepts), fact.origin) == ({"urinary-catheter"}, Origin.DEVICE)


def test_a_reaction_to_contrast_is_a_fact() -> None:
    fact = only(read(allergy(concept("Gadobutrol"), recorded="2022-04-05")))
    assert (set(fact.concepts), fact.certainty) == ({"contrast-reaction"}, Certainty.KNOWN)


def test_other_allergies_are_nothing() -> None:
    assert read(allergy(concept("Penicillin"), recorded="2022-04-05")).facts == ()


@pytest.mark.parametrize(
    ("conclusion", "compression"),
    [
        ("No compression of the cauda equina. Mild disc bulge at L4/L5.", False),
        ("Large L4/5 disc prolapse with compression of the cauda equina.", True),
        ("Severe central canal stenosis at L4/5.", True),
        ("No evidence of cauda equina compression.", False),
        ("Mild degenerative change.", None),
        ("No compression at L3/4. Compression of the cauda equina at L5/S1.", True),
    ],
)
def test_a_report_says_whether_there_is_compression(conclusion: str, compression: bool | None) -> None:
    report = diagnostic_report(codings.MRI_LUMBAR_LOINC, effective="2026-06-14", conclusion=conclusion)
    (found,) = read(report).imaging
    assert (found.compression, found.when) == (compression, on_day(date(2026, 6, 14)))


@pytest.mark.parametrize(("status", "count"), [("final", 1), ("amended", 1), ("corrected", 1), ("preliminary", 0), ("registered", 0), ("cancelled", 0)])  # fmt: skip
def test_only_a_final_report_counts(status: str, count: int) -> None:
    report = diagnostic_report(
        codings.MRI_LUMBAR_LOINC, effective="2026-06-14", conclusion="-", status=status
    )
    assert len(read(report).imaging) == count


@pytest.mark.parametrize(
    ("code", "count"),
    [
        pytest.param(codings.MRI_LUMBAR, 1, id="lumbar"),
        pytest.param(concept("MRI whole spine", snomed="411611000119102"), 1, id="whole spine"),
        pytest.param(concept("MRI lumbar spine"), 1, id="lumbar in words"),
        pytest.param(
            concept("MRI of spine, lumbar region", snomed="241645008"), 1, id="spine, lumbar in words"
        ),
        pytest.param(concept("MRI of spine", snomed="241645008"), 0, id="spine without a level"),
        pytest.param(codings.MRI_THORACIC, 0, id="thoracic"),
        pytest.param(codings.MRI_KNEE, 0, id="knee"),
        pytest.param(codings.CT_LUMBAR, 0, id="CT"),
    ],
)
def test_a_scan_counts_where_it_covers_the_lumbar_spine(code: dict[str, Any], count: int) -> None:
    assert len(read(procedure(code, performed="2026-06-14")).imaging) == count


def test_a_coded_conclusion_names_compression() -> None:
    report = diagnostic_report(codings.MRI_LUMBAR_LOINC, effective="2026-06-14", conclusion="See codes")
    (found,) = read(report | {"conclusionCode": [codings.CAUDA_EQUINA]}).imaging
    assert found.compression is True
