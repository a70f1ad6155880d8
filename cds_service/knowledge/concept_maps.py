"""From the codes of each code system to the concepts of the guideline, as FHIR ConceptMaps.

A site can hand in its local codes in this form: `group.source` its own system, `group.target` the concepts.
"""

from __future__ import annotations

from cds_service.guideline.content import Guideline
from cds_service.guideline.site_codes import CONCEPTS
from cds_service.knowledge.canonical import Resource, heading, title_of
from cds_service.record.terminology import CodeSystem, ValueSetCode

# The concept is the wider of the two: many codes stand for it, and each says more than it.
_EQUIVALENCE = "subsumes"
_BELOW = "So does every code that begins with this one, unless a longer one is listed."


def build_concept_maps(guideline: Guideline) -> dict[str, Resource]:
    """A ConceptMap for each code system that a value set uses, by the system's short name."""
    terminology = guideline.terminology
    rows: dict[str, dict[str, list[tuple[str, ValueSetCode]]]] = {}
    for concept, codes in sorted(terminology.value_sets.items()):
        for row in codes:
            name = terminology.system_name(row.system) or row.system
            rows.setdefault(name, {}).setdefault(row.code, []).append((concept, row))
    return {
        name: _concept_map(terminology.systems[name], by_code, guideline)
        for name, by_code in sorted(rows.items())
    }


def _concept_map(
    system: CodeSystem, by_code: dict[str, list[tuple[str, ValueSetCode]]], guideline: Guideline
) -> Resource:
    resource = heading("ConceptMap", "concept-map", system.name, f"{system.name} to concepts", guideline)
    resource["description"] = (
        f"What each code of {system.name} stands for in this guideline. "
        "The same form takes the codes of a site."
    )
    if system.notice:
        resource["copyright"] = system.notice
    elements = [_element(code, entries) for code, entries in sorted(by_code.items())]
    resource["group"] = [{"source": system.url, "target": CONCEPTS, "element": elements}]
    return resource


def _element(code: str, entries: list[tuple[str, ValueSetCode]]) -> Resource:
    display = next((row.display for _, row in entries if row.display), None)
    return {
        "code": code,
        **({"display": display} if display else {}),
        "target": [_target(concept, row) for concept, row in entries],
    }


def _target(concept: str, row: ValueSetCode) -> Resource:
    target = {"code": concept, "display": title_of(concept), "equivalence": _EQUIVALENCE}
    return target | ({"comment": _BELOW} if row.prefix else {})
