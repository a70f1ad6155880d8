"""What the words of an imaging report say of the cauda equina (specification 2.8, row refuted).

A false "no" closes an emergency, so only a plain denial for the whole scan is one.
"""

import pytest

from cds_service.record.facts import ImagingFact
from tests.builders import diagnostic_report
from tests.record.records import read
from tests.vignettes import codings

DENIED = (
    "No cauda equina compression.",
    "No compression of the cauda equina.",
    "No compression of the cauda equina. Mild disc bulge at L4/L5.",
    "No evidence of cauda equina compression.",
    "No evidence of compression of the conus or cauda equina.",
    "No MRI evidence of cauda equina syndrome.",
    "No significant cauda equina compression seen.",
    "No cord or cauda equina compression.",
    "No compression of the cord, conus or cauda equina.",
    "No nerve root or cauda equina compression.",
    "No impingement of the cauda equina.",
    "Small disc bulge. No thecal sac compression.",
    "The thecal sac is not compressed.",
    "Cauda equina not compressed.",
    "Cauda equina compression is excluded.",
    "Cauda equina compression not seen.",
    "No spinal canal stenosis. Facet arthropathy.",
    "No central canal stenosis at any level.",
    "No significant canal stenosis or nerve root compression.",
    "No canal narrowing.",
    "No spinal stenosis.",
    "Negative for cauda equina compression.",
    "Without evidence of cauda equina compression",
    "No compression fracture. No cauda equina compression.",
    "No vertebral body collapse or compression fracture. The cauda equina is not compressed.",
    "Left L5 nerve root compression. No cauda equina compression.",
    "Mild canal stenosis. No cauda equina compression.",
    "Moderate left foraminal stenosis at L5/S1. No compression of the cauda equina.",
    "Disc space narrowing at L5/S1. No cauda equina compression.",
    "Small L5/S1 disc extrusion. No cauda equina compression.",
    "Clinical details: ?cauda equina syndrome. Findings: no cauda equina compression.",
    "No large disc extrusion. No cauda equina compression.",
    "No epidural collection. No cauda equina compression.",
    "No cord compression. No cauda equina compression.",
    "No canal stenosis or cauda equina compression.",
    "No cauda equina compression or canal stenosis.",
    "Unable to pass urine. No cauda equina compression.",
    "No acute cord or cauda equina compression.",
    "No significant disc bulge. No cauda equina compression.",
)

NOT_DENIED = (
    "No compression fracture. Massive L4/5 disc extrusion filling the canal.",
    "Vertebral bodies: no compression fracture or marrow oedema. L4/5: broad-based disc extrusion "
    "with severe canal narrowing.",
    "No vertebral body compression. Large disc extrusion L5/S1.",
    "No compression fractures. Disc sequestration at L4/5 effaces the thecal sac.",
    "No evidence of cord compression; sequestrated disc L5/S1 occupying the whole canal",
    "No foraminal nerve root compression on the left. Large right paracentral extrusion L5/S1 "
    "displacing the sacral roots.",
    "Not diagnostic: no compression can be evaluated",
    "Not diagnostic: no cauda equina compression can be evaluated",
    "No cauda equina compression above L4. At L5/S1 large disc with severe canal compromise",
    "No cauda equina compression above L4. At L5/S1 the disc abuts the roots.",
    "No evidence of cauda equina compression at L3/4. Compressed thecal sac at L4/5",
    "Severe canal stenosis L4/5. No compression fracture.",
    "No compression fracture.",
    "No vertebral compression.",
    "No cord compression.",
    "No nerve root compression.",
    "No neural compression.",
    "No compression.",
    "Degenerative change only. No nerve root compression.",
    "Large central disc protrusion L5/S1. No cord compression seen",
    "Large central disc protrusion L5/S1 effacing the thecal sac. No cord compression.",
    "Cauda equina compression at L4/5.",
    "No fracture. Severe canal stenosis with compression of the cauda equina.",
    "No fracture but severe canal stenosis.",
    "No fracture, severe canal stenosis with compression of the cauda equina",
    "No fracture with canal stenosis and cauda equina compression",
    "No malalignment, large disc extrusion compressing the thecal sac",
    "No cauda equina compression. Massive extrusion L5/S1.",
    "No cauda equina compression on the T1 images. Huge sequestrated fragment.",
    "No thecal sac compression but the disc displaces the sacral nerve roots.",
    "No canal stenosis at L3/4. Disc fills the canal at L4/5.",
    "L1/2, L2/3 and L3/4: no canal stenosis.",
    "No canal stenosis elsewhere.",
    "No canal stenosis at the other levels.",
    "No severe canal stenosis.",
    "No critical canal stenosis.",
    "Motion degraded. Compression cannot be assessed.",
    "Motion degraded study. No cauda equina compression.",
    "Limited study, sagittal images only. No cauda equina compression.",
    "Incomplete study, patient could not lie still. No cauda equina compression seen.",
    "Non-diagnostic examination. No cauda equina compression.",
    "Cannot exclude cauda equina compression",
    "Cauda equina compression not excluded",
    "Cauda equina compression is not excluded.",
    "Possible cauda equina compression.",
    "? no cauda equina compression",
    "The previous scan showed no cauda equina compression.",
    "Conus and cauda equina are normal.",
    "The cauda equina roots are crowded. No canal stenosis.",
    "No cauda equina compression. Epidural haematoma from T12 to the sacrum.",
    "No cauda equina enhancement.",
    "Marked narrowing of the central canal. No cauda equina compression.",
    "Near complete obliteration of the canal. No compression of the conus.",
    "No compression of the thecal sac on the left, marked on the right.",
    "No canal stenosis but most of it is taken up by the disc.",
    "Bulky central disc at L5/S1. No canal stenosis.",
    "Loss of CSF around the roots. No thecal sac compression.",
    "Mild degenerative change.",
    "-",
)


def report_of(conclusion: str) -> ImagingFact:
    report = diagnostic_report(codings.MRI_LUMBAR_LOINC, effective="2026-06-14", conclusion=conclusion)
    (found,) = read(report).imaging
    return found


@pytest.mark.parametrize("conclusion", DENIED)
def test_a_plain_denial_for_the_whole_scan_is_no_compression(conclusion: str) -> None:
    assert report_of(conclusion).compression is False


@pytest.mark.parametrize("conclusion", NOT_DENIED)
def test_anything_else_denies_no_compression(conclusion: str) -> None:
    assert report_of(conclusion).compression is not False


@pytest.mark.parametrize(
    "conclusion",
    [
        "Large L4/5 disc prolapse with compression of the cauda equina.",
        "Severe central canal stenosis at L4/5.",
        "No compression at L3/4. Compression of the cauda equina at L5/S1.",
        "Cord compression at T12.",
    ],
)
def test_a_report_names_compression(conclusion: str) -> None:
    assert report_of(conclusion).compression is True


def test_a_report_that_is_too_long_to_be_read_whole_denies_nothing() -> None:
    assert report_of("No cauda equina compression. " + "Facet arthropathy. " * 300).compression is not False


def test_the_words_of_a_coded_conclusion_are_read_with_the_conclusion() -> None:
    report = diagnostic_report(
        codings.MRI_LUMBAR_LOINC, effective="2026-06-14", conclusion="No cauda equina compression."
    )
    coded = report | {"conclusionCode": [{"text": "Massive central disc extrusion"}]}
    (found,) = read(coded).imaging
    assert found.compression is not False


def test_a_report_that_does_not_say_when_the_scan_was_denies_nothing() -> None:
    report = diagnostic_report(
        codings.MRI_LUMBAR_LOINC, effective="2026-06-14", conclusion="No cauda equina compression."
    )
    issued = {**report, "issued": report["effectiveDateTime"] + "T10:00:00+08:00"}
    del issued["effectiveDateTime"]
    (found,) = read(issued).imaging
    assert found.compression is None
    assert found.when is not None
