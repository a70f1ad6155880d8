"""Whether the code of a suggested study is that study: an order is changed to it with one click."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.guideline.content_files import Folder, read_table
from cds_service.guideline.content_queries import ORDERS_FILE
from cds_service.guideline.faults import Fault
from cds_service.guideline.lumbar_mri.order_codes import Code, OrderCodes
from cds_service.guideline.lumbar_mri.order_patterns import OrderPatterns
from cds_service.guideline.problems import Problem, refuse
from cds_service.guideline.site import Site
from cds_service.record.terminology import Terminology, spell

# The longer name first: the other one is its ending, too.
_CONTRADICTS = {"with-and-without": ("without",), "without": ("with", "with-and-without")}


def check_studies(
    folder: Folder, codes: OrderCodes, terminology: Terminology, patterns: OrderPatterns, site: Site | None
) -> None:
    """Raises ContentError where a study's code is of another region, or a name of it has another contrast."""
    table = read_table(folder, ORDERS_FILE)
    problems: list[Problem] = []
    for name, study in codes.studies.items():
        for system, code in study.codes.items():
            own = site.studies.get(name) if site else None
            for expected in _faults(name, system, code, terminology, patterns):
                if site and own and own.system == system:
                    problems.append(site.table.problem(Fault(("studies", name, "code"), expected)))
                else:
                    problems.append(table.problem(Fault(("studies", name, "codes", system), expected)))
    refuse(problems)


def _faults(
    study: str, system: str, code: Code, terminology: Terminology, patterns: OrderPatterns
) -> Iterator[str]:
    contrast = next(name for name in _CONTRADICTS if study.endswith(f"-{name}"))
    region = study.removesuffix(f"-{contrast}")
    concept = f"{region}-mri"
    if concept not in terminology.concepts_of(terminology.systems[system].url, code.code):
        yield f"{code.code}: a code of {concept}"
        return
    spelled = spell(code.code, terminology.systems[system])
    listed = (row.display for row in terminology.value_sets[concept] if row.code == spelled)
    for display in dict.fromkeys((code.display, *listed)):
        if patterns.contrast_of(display) in _CONTRADICTS[contrast]:
            yield f"{code.code}: a code of a study {contrast} contrast, not {display!r}"
