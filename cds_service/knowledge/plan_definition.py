"""The six recommendations as a FHIR PlanDefinition: actions with conditions in words, evidence, grading."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cds_service.guideline.content import Guideline, Recommendation
from cds_service.guideline.lumbar_mri import decision, order, outside
from cds_service.guideline.lumbar_mri.changed_order import OWN_RECOMMENDATIONS
from cds_service.guideline.lumbar_mri.criteria import (
    FILES_OF,
    criteria_of,
    in_force,
    thresholds_in,
)
from cds_service.knowledge.canonical import Resource, approval_of, heading
from cds_service.protocol.discovery import HOOK_SERVICES

_STRENGTH_URL = "http://hl7.org/fhir/StructureDefinition/cqf-strengthOfRecommendation"
_QUALITY_URL = "http://hl7.org/fhir/StructureDefinition/cqf-qualityOfEvidence"
_STRENGTH_SYSTEM = "http://terminology.hl7.org/CodeSystem/recommendation-strength"
_QUALITY_SYSTEM = "http://terminology.hl7.org/CodeSystem/evidence-quality"
_TYPE_SYSTEM = "http://terminology.hl7.org/CodeSystem/plan-definition-type"
# GRADE calls a weak recommendation conditional, and HL7's code system knows only the older word.
_STRENGTH_CODES = {"strong": "strong", "conditional": "weak", "weak": "weak"}
_QUALITY_CODES = {"high": "high", "moderate": "moderate", "low": "low", "very low": "very-low"}

_NUMBERED = re.compile(r"\[(\w+)\]")  # in card words: "[18]"
_LETTERED = re.compile(r"\b[A-Z]\d+\b")  # in a threshold's source: "D7, D8"


def build_plan_definition(guideline: Guideline) -> Resource:
    """The guideline as one PlanDefinition whose top actions are the recommendations."""
    resource = heading("PlanDefinition", "plan-definition", guideline.id, guideline.title, guideline)
    return resource | {
        **approval_of(guideline),
        "type": {"coding": [{"system": _TYPE_SYSTEM, "code": "eca-rule"}]},
        "description": (
            f"The recommendations of '{guideline.title}', with the criteria by which the service decides "
            "in words. The rules themselves run in the service; nothing here can be executed."
        ),
        "usage": _usage(guideline),
        "relatedArtifact": [
            {"type": "derived-from", "display": guideline.title, "url": guideline.url},
            *_citations(guideline.sources, guideline),
        ],
        "action": [_recommendation(found, guideline) for found in guideline.recommendations.values()],
    }


def _usage(guideline: Guideline) -> str:
    """What stands above the recommendations: which orders are looked at, and which answer leads."""
    parts = {
        "Which orders are looked at": order.CRITERIA,
        "Outside the six recommendations": outside.CRITERIA,
        "Which answer leads": decision.CRITERIA,
    }
    return "\n\n".join(
        "\n".join([f"{title}:", *(f"- {tier}: {in_force(text, guideline)}" for tier, text in rows)])
        for title, rows in parts.items()
    )


def _recommendation(found: Recommendation, guideline: Guideline) -> Resource:
    diseases = criteria_of(found.id)
    graded = f"{found.strength.capitalize()} recommendation, {found.certainty} certainty of evidence."
    return {
        "id": found.id,
        "extension": _grading(found),
        "prefix": found.id,
        "title": found.statement,
        "textEquivalent": f"{found.statement}. {graded}",
        "code": [{"coding": [{"system": OWN_RECOMMENDATIONS, "code": found.id}]}],
        "documentation": _citations(_sources_of(found.id, guideline), guideline),
        "trigger": [{"type": "named-event", "name": service.hook} for service in HOOK_SERVICES],
        "action": [
            action
            for disease, rows in diseases.items()
            for action in _of_disease(disease, [_tier(row, guideline) for row in rows])
        ],
    }


def _grading(found: Recommendation) -> list[Resource]:
    """Strength and certainty as the CPG profiles carry them; "low to moderate" has no code, only words."""
    strength = _graded(found.strength, _STRENGTH_SYSTEM, _STRENGTH_CODES.get(found.strength))
    quality = _graded(found.certainty, _QUALITY_SYSTEM, _QUALITY_CODES.get(found.certainty))
    return [
        {"url": _STRENGTH_URL, "valueCodeableConcept": strength},
        {"url": _QUALITY_URL, "valueCodeableConcept": quality},
    ]


def _graded(words: str, system: str, code: str | None) -> Resource:
    return {**({"coding": [{"system": system, "code": code}]} if code else {}), "text": words}


def _of_disease(disease: str, tiers: list[Resource]) -> list[Resource]:
    return [{"title": disease.capitalize(), "action": tiers}] if disease else tiers


def _tier(row: tuple[str, str], guideline: Guideline) -> Resource:
    """One criterion as an action of its own: conditions of one action would all have to hold."""
    tier, sentence = row
    words = in_force(sentence, guideline)
    expression = {"description": words, "language": "text/plain", "expression": words}
    return {"title": tier, "condition": [{"kind": "applicability", "expression": expression}]}


def _sources_of(recommendation: str, guideline: Guideline) -> list[str]:
    """The sources that its card words and its numbers name, each once."""
    named = (*_named_by_words(recommendation, guideline), *_named_by_numbers(recommendation, guideline))
    return [name for name in dict.fromkeys(named) if name in guideline.sources]


def _named_by_words(recommendation: str, guideline: Guideline) -> Iterator[str]:
    for file in FILES_OF[recommendation]:
        for text in guideline.words.sections[file].values():
            yield from _NUMBERED.findall(text)


def _named_by_numbers(recommendation: str, guideline: Guideline) -> Iterator[str]:
    for rows in criteria_of(recommendation).values():
        for _, sentence in rows:
            for name in thresholds_in(sentence):
                yield from _LETTERED.findall(guideline.threshold_notes[name].source)


def _citations(names: Iterable[str], guideline: Guideline) -> list[Resource]:
    sources = (guideline.sources[name] for name in names)
    return [
        {
            "type": "citation",
            "label": source.id,
            "citation": source.citation,
            **({"url": source.url} if source.url else {}),
        }
        for source in sources
    ]
