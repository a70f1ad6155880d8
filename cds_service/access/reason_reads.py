"""The Conditions that a draft order gives as its reason, and that no prefetch key holds."""

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
_TYPE = "Condition"
_KEY = "reasons"
# As FHIR defines it, but neither `.` nor `..`: it becomes a part of an address.
_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9.-]{1,64}")


def missing_reasons(orders: Sequence[Mapping[str, Any]], held: Mapping[str, Prefetched]) -> list[str]:
    """The ids of the Conditions that orders refer to and that are under no key, each once."""
    named = dict.fromkeys(_named(orders))
    if not named:
        return []
    known = {
        resource.get("id")
        for read in held.values()
        for resource in read.resources
        if resource.get("resourceType") == _TYPE and isinstance(resource.get("id"), str)
    }
    return [one for one in named if one not in known][:MOST_REASONS]


def _named(orders: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for order in orders:
        for reason in objects_of(order.get("reasonReference")):
            kind, _, own_id = (reference_of(reason) or "").partition("/")
            if kind == _TYPE and _ID.fullmatch(own_id):
                yield own_id


def with_reasons(held: Mapping[str, Prefetched], reasons: Sequence[Prefetched]) -> dict[str, Prefetched]:
    """The prefetch with the reasons that were read; where one was not, the conditions are not whole."""
    whole = dict(held)
    conditions = held.get("conditions", NOT_SENT)
    read = [reason for reason in reasons if reason.state is ReadState.COMPLETE]
    if read:
        # A client may have sent a key of any name.
        sent = held.get(_KEY, Prefetched(ReadState.COMPLETE))
        resources = [resource for reason in read for resource in reason.resources]
        whole[_KEY] = replace(sent, resources=(*sent.resources, *resources))
    if len(read) < len(reasons) and conditions.state is ReadState.COMPLETE:
        whole["conditions"] = replace(conditions, state=ReadState.PARTIAL, reason=NOT_READ)
    return whole
