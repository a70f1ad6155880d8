"""MRI scans of the lumbar spine that were done, and whether the report names compression of the canal."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.record.facts import ImagingFact, Region
from cds_service.record.projection import Raw, Shape
from cds_service.record.reading import Coded, Reading, reference_name
from cds_service.record.statuses import status_of

REPORT = Shape(
    codes=("code",),
    lists=("conclusionCode",),
    dates=("effectiveDateTime", "issued"),
    periods=("effectivePeriod",),
    others={"conclusion": "string"},
)
_COUNTS = frozenset({"final", "amended", "corrected", "appended"})
_LUMBAR = frozenset({"lumbar-mri", "whole-spine-mri", "thoracolumbar-mri"})
_LEVEL_NOT_SAID = frozenset({"spine-mri-unspecified", "mri-unspecified"})
_COMPRESSION = frozenset({"cauda-equina", "cord-compression"})


def read_report(raw: Raw, reading: Reading) -> Iterator[ImagingFact]:
    """The MRI of a final report that covers the lumbar spine; raises BrokenElement."""
    coded = reading.coded(raw.get("code"))
    if not (coded.broken or is_lumbar_mri(coded, (), reading)) or status_of(raw) not in _COUNTS:
        return
    seen = reading.project(raw, REPORT)
    period = seen.get("effectivePeriod", {})
    when = reading.day(seen.get("effectiveDateTime") or period.get("start") or seen.get("issued"))
    codes = [reading.coded(code) for code in seen.get("conclusionCode", ())]
    words = [seen.get("conclusion", ""), *(word for code in codes for word in code.words)]
    compression = reading.patterns.compression_in("\n".join(words))
    if "effectiveDateTime" not in seen and not period and compression is False:
        compression = (
            None  # the day of the report is not the day of the scan, which may be older than a feature
        )
    if any(not code.concepts.isdisjoint(_COMPRESSION) for code in codes):
        compression = True
    yield ImagingFact(reference_name(raw), coded.label, when, compression)


def is_lumbar_mri(coded: Coded, sites: tuple[str, ...], reading: Reading) -> bool:
    """Whether the code, or where no value set knows it its words, are an MRI that covers the lumbar spine."""
    if not coded.concepts.isdisjoint(_LUMBAR):
        return True
    words = (*coded.words, *sites)
    if not coded.concepts.isdisjoint(_LEVEL_NOT_SAID):
        return reading.region(words, (), frozenset()) is Region.LUMBAR
    return not coded.known and coded.names_lumbar_mri
