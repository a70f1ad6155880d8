"""Why something was done: reason codes, reason texts, and the conditions that a reason refers to."""

from __future__ import annotations

from typing import Any

from cds_service.record.projection import Projection, Raw
from cds_service.record.reading import Coded, Reading
from cds_service.record.statements import worded_certainty
from cds_service.record.terminology import NOTHING


def has_reason(seen: Projection, raw: Raw) -> bool:
    """Whether any reason is recorded, known to the guideline or not."""
    return bool(seen.get("reasonCode") or raw.get("reasonReference"))


def reason_concepts(seen: Projection, raw: Raw, reading: Reading) -> frozenset[str]:
    """The concepts of all reasons, by code or in words."""
    codes = [reading.coded(code) for code in seen.get("reasonCode", ())]
    codes += [reading.coded(found.get("code")) for found in referenced(raw, "reasonReference", reading)]
    return NOTHING.union(*(_concepts(coded, reading) for coded in codes))


def _concepts(coded: Coded, reading: Reading) -> frozenset[str]:
    if coded.known:
        return coded.concepts
    mentions = reading.all_mentions(coded.words)
    return frozenset(mention.concept for mention in mentions if worded_certainty(mention, reading))


def referenced(raw: Raw, element: str, reading: Reading) -> list[Raw]:
    """The resources that an element refers to, contained or in the prefetch; unknown ones are left out."""
    references = raw.get(element)
    listed = references if isinstance(references, list) else [references]
    found = [resolve(reference, raw, reading) for reference in listed]
    return [resource for resource in found if resource is not None]


def resolve(reference: Any, raw: Raw, reading: Reading) -> Raw | None:
    """The resource of one Reference; None where it is not here."""
    target = reference.get("reference") if isinstance(reference, dict) else None
    if not isinstance(target, str):
        return None
    if target.startswith("#"):
        contained = raw.get("contained")
        for inner in contained if isinstance(contained, list) else ():
            if isinstance(inner, dict) and inner.get("id") == target[1:]:
                return inner
        return None
    parts = target.split("/_history/", 1)[0].rstrip("/").split("/")
    return reading.resource(parts[-2], parts[-1]) if len(parts) > 1 else None
