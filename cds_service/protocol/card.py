"""Cards as CDS Hooks 2.0.1 writes them: exactly its members, nothing null and nothing empty.

A card that breaks a rule of the specification cannot be built; the rules' ids are those of the conformance
reference (CARD, SUG, ACT, OVR, LINK, EXT).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

# CARD-1: fewer than 140 characters; one test kit fails exactly 140.
SUMMARY_CHARACTERS = 139


def _absolute(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("an absolute http(s) URL")
    return url


def _has_content(value: dict[str, Any]) -> dict[str, Any]:
    if not value:
        raise ValueError("not empty")
    return value


Text = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
Url = Annotated[str, AfterValidator(_absolute)]
Uuid = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
]
Extension = Annotated[dict[str, Any], AfterValidator(_has_content)]


class _Wire(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, populate_by_name=True, strict=True
    )

    def to_json(self) -> dict[str, Any]:
        """The members that have a value, ready for JSON."""
        return self.model_dump(by_alias=True, exclude_none=True)


class Coding(_Wire):
    """A code of one system; CDS Hooks has no CodeableConcept (CARD-12)."""

    system: Text
    code: Text
    display: Text | None = None


class OverrideReason(_Wire):
    """A reason that the clinician may pick; its display is required (OVR-1)."""

    system: Text
    code: Text
    display: Text


class Source(_Wire):
    """Where the advice comes from."""

    label: Text
    url: Url | None = None
    topic: Coding | None = None


class Link(_Wire):
    """A page that opens from the card; this service launches no SMART app."""

    label: Text
    url: Url
    type: Literal["absolute"] = "absolute"


class Action(_Wire):
    """One change: a whole new or changed resource, or the id of the one that goes (ACT-1 to ACT-6)."""

    type: Literal["create", "update", "delete"]
    description: Text
    resource: Extension | None = None
    resource_id: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z]+/\S+$")] | None = None

    @model_validator(mode="after")
    def _carries_what_its_type_needs(self) -> Self:
        deletes = self.type == "delete"
        if deletes != (self.resource_id is not None) or deletes == (self.resource is not None):
            raise ValueError("delete has resourceId only; create and update have resource only")
        if self.resource is not None and "resourceType" not in self.resource:
            raise ValueError("resource is a FHIR resource")
        return self


class Suggestion(_Wire):
    """A choice; its actions are applied together."""

    label: Text
    uuid: Uuid
    is_recommended: Literal[True] | None = None
    actions: Annotated[tuple[Action, ...], Field(min_length=1)]


class Card(_Wire):
    """One card."""

    uuid: Uuid
    summary: Annotated[Text, StringConstraints(max_length=SUMMARY_CHARACTERS)]
    detail: Text | None = None
    indicator: Annotated[str, StringConstraints(pattern=r"^(info|warning|critical)$")]
    source: Source
    suggestions: Annotated[tuple[Suggestion, ...], Field(min_length=1)] | None = None
    selection_behavior: Literal["at-most-one", "any"] | None = None
    override_reasons: Annotated[tuple[OverrideReason, ...], Field(min_length=1)] | None = None
    links: Annotated[tuple[Link, ...], Field(min_length=1)] | None = None
    extension: Extension | None = None

    @model_validator(mode="after")
    def _says_how_to_choose(self) -> Self:
        if (self.suggestions is None) != (self.selection_behavior is None):
            raise ValueError("selectionBehavior goes with suggestions")  # CARD-6
        recommended = sum(1 for choice in self.suggestions or () if choice.is_recommended)
        if recommended > 1:
            raise ValueError("at most one recommended suggestion")
        return self
