"""The Conditions and Observations that a draft order gives as its reason, and that no prefetch key holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cds_service.access.prefetch import NOT_SENT, Prefetched
from cds_service.guideline.lumbar_mri.order_elements import objects_of, reference_of
from cds_service.record.facts import ReadState

# More reasons than an order has; each costs a request.
MOST_REASONS = 5
NOT_READ = "a reason of the order could not be read"
# The key that is not whole where a reason of the type is missing.
_KEY_OF_TYPE = {"Condition": "conditions", "Observation": "observations"}
_KEY = "reasons"
_URN = "urn:uuid:"
# As FHIR defines it, but neither `.` nor `..`: it becomes a part of an address.
_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9.-]{1,64}")


def missing_reasons(orders: Sequence[Mapping[str, Any]], held: Mapping[str, Prefetched]) -> list[str]:
    """The reasons of orders that are under no key, as `Type/id`, each once."""
    named = dict.fromkeys(_named(orders))
    if not named:
        return []
    known = {
        name
        for read in held.values()
        for resource in read.resources
        if isinstance(own_id := resource.get("id"), str)
        for name in (f"{resource.get('resourceType')}/{own_id}", _URN + own_id)
    }
    return [one for one in named if one not in known]


def readable_reasons(missing: Sequence[str]) -> list[str]:
    """Those that can be asked for; what is no address, or one too many, stays missing."""
    return [one for one in missing if _ID.fullmatch(one.partition("/")[2])][:MOST_REASONS]


def with_reasons(held: Mapping[str, Prefetched], reasons: Sequence[Prefetched]) -> dict[str, Prefetched]:
    """The prefetch with the reasons that were read."""
    resources = [
        resource for reason in reasons if reason.state is ReadState.COMPLETE for resource in reason.resources
    ]
    if not resources:
        return dict(held)
    # A client may have sent a key of any name.
    sent = held.get(_KEY, Prefetched(ReadState.COMPLETE))
    return {**held, _KEY: replace(sent, resources=(*sent.resources, *resources))}


def telling_missing_reasons(
    held: Mapping[str, Prefetched], orders: Sequence[Mapping[str, Any]]
) -> dict[str, Prefetched]:
    """The prefetch, in which a key is not whole where an order names a reason of its type that nothing holds.

    What the order is for was not seen, whether nobody could ask for it or nobody answered:
    a search that calls itself whole does not know better.
    """
    told = dict(held)
    for missing in missing_reasons(orders, held):
        key = _KEY_OF_TYPE.get(missing.partition("/")[0], "conditions")
        if told.get(key, NOT_SENT).state is ReadState.COMPLETE:
            told[key] = replace(told[key], state=ReadState.PARTIAL, reason=NOT_READ)
    return told


def _named(orders: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for order in orders:
        for reason in objects_of(order.get("reasonReference")):
            name = reference_of(reason) or ""
            if name.partition("/")[0] in _KEY_OF_TYPE or name.startswith(_URN):
                yield name
