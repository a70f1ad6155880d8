"""Every resource that the service publishes, checked against the FHIR models: type -> id -> resource."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fhir.resources.R4B.conceptmap import ConceptMap
from fhir.resources.R4B.plandefinition import PlanDefinition
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.resource import Resource as Model
from fhir.resources.R4B.valueset import ValueSet

from cds_service.guideline.content import Guideline
from cds_service.knowledge.canonical import Resource, edition_of, meta_of
from cds_service.knowledge.concept_maps import build_concept_maps
from cds_service.knowledge.plan_definition import build_plan_definition
from cds_service.knowledge.questionnaire import build_questionnaire
from cds_service.knowledge.value_sets import build_value_sets

MODELS: Mapping[str, type[Model]] = {
    "ValueSet": ValueSet,
    "Questionnaire": Questionnaire,
    "PlanDefinition": PlanDefinition,
    "ConceptMap": ConceptMap,
}
TYPES = tuple(MODELS)


@dataclass(frozen=True, slots=True)
class Library:
    """What can be read; `edition` changes whenever the content or the software does."""

    guideline: Guideline
    built_at: str
    edition: str
    resources: Mapping[str, Mapping[str, Resource]]  # every type of `TYPES`, even an empty one


def build_library(guideline: Guideline, now: datetime) -> Library:
    """The resources of one guideline; `now` dates the expansions. Raises where one is no valid R4.

    The R4B models of fhir.resources serve as R4: the four types are the same in both.
    """
    built_at = now.isoformat(timespec="seconds")
    return Library(
        guideline,
        built_at,
        edition_of(guideline),
        {name: _labelled(name, build(guideline, built_at), guideline) for name, build in _BUILDERS.items()},
    )


_BUILDERS: Mapping[str, Callable[[Guideline, str], Iterable[Resource]]] = {
    "ValueSet": lambda guideline, built_at: build_value_sets(guideline, built_at).values(),
    "Questionnaire": lambda guideline, built_at: (build_questionnaire(guideline),),
    "PlanDefinition": lambda guideline, built_at: (build_plan_definition(guideline),),
    "ConceptMap": lambda guideline, built_at: build_concept_maps(guideline).values(),
}


def _labelled(name: str, resources: Iterable[Resource], guideline: Guideline) -> Mapping[str, Resource]:
    """The resources by id, each with the edition that it belongs to, and each checked."""
    labelled = [{**resource, "meta": meta_of(guideline)} for resource in resources]
    for resource in labelled:
        MODELS[name].model_validate(resource)
    return {resource["id"]: resource for resource in labelled}
