"""Elements of a draft order, read as it was sent: parsed JSON, of which nothing has been validated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cds_service.record.terminology import NOTHING, Terminology

Json = Mapping[str, Any]


def codings_of(concept: Any) -> Iterator[Json]:
    """The codings of a CodeableConcept."""
    if isinstance(concept, dict):
        yield from objects_of(concept.get("coding"))


def codes_in(concept: Any, terminology: Terminology) -> frozenset[str]:
    """What the codings of a CodeableConcept stand for."""
    lookup = terminology.concepts_of
    return NOTHING.union(
        *(lookup(coding.get("system"), coding.get("code")) for coding in codings_of(concept))
    )


def words_of(concept: Any) -> list[str]:
    """The text of a CodeableConcept and the displays of its codings, the text first."""
    if not isinstance(concept, dict):
        return []
    texts = (
        text_of(concept.get("text")),
        *(text_of(coding.get("display")) for coding in codings_of(concept)),
    )
    return list(dict.fromkeys(text for text in texts if text))


def objects_of(value: Any) -> Iterator[Json]:
    """The objects of a list, or the one object that stands where a list should."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            yield item


def text_of(value: Any) -> str | None:
    """The text without the blanks around it; None where there is nothing to read."""
    return value.strip() or None if isinstance(value, str) else None


def reference_of(value: Json) -> str | None:
    """The `Type/id` of a Reference, however long its address is; None where it names nothing."""
    reference = text_of(value.get("reference"))
    return "/".join(reference.split("/_history/", 1)[0].split("/")[-2:]) if reference else None
