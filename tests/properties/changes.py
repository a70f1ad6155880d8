"""What is done to a request whose answer must not change, or must change in one direction only.

Every function gives a new request and leaves the old one as it is.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from datetime import date, timedelta
from random import Random
from typing import Any

from tests.builders import PREFETCH_TYPES, Resource, of_patient, operation_outcome, searchset
from tests.properties.value_sets import other_side, swap_sides

Request = dict[str, Any]

_DAY = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?=$|T)")
_PARTIAL = re.compile(r"\d{4}(-\d{2})?")
_KEY_OF = {kind: key for key, kind in PREFETCH_TYPES.items()}


def _next_page(found: Resource) -> Resource:
    return {**found, "link": [{"relation": "next", "url": "https://ehr.example/fhir?page=2"}]}


def _cut_short(found: Resource) -> Resource:
    return {**found, "total": len(found.get("entry", ())) + 5}


def _with_an_error(found: Resource) -> Resource:
    outcome = {
        "resource": operation_outcome("timeout", "The search broke off"),
        "search": {"mode": "outcome"},
    }
    return {**found, "entry": [*found.get("entry", ()), outcome]}


def _with_an_unreadable_entry(found: Resource) -> Resource:
    return {**found, "entry": [*found.get("entry", ()), {"fullUrl": "https://ehr.example/fhir/Condition/9"}]}


# Everything that was found stays, and more is known to be missing.
PARTIAL: dict[str, Callable[[Resource], Resource]] = {
    "next page": _next_page,
    "cut short": _cut_short,
    "error beside": _with_an_error,
    "unreadable entry": _with_an_unreadable_entry,
}
# Nothing of the search is left.
FAILED: dict[str, Callable[[Resource], Any]] = {
    "forbidden": lambda _: operation_outcome("forbidden", "403"),
    "outcome in bundle": lambda _: (
        searchset() | {"entry": [{"resource": operation_outcome("timeout", "504")}]}
    ),
    "html": lambda _: "<html><body>502 Bad Gateway</body></html>",
    "number": lambda _: 17,
    "other type": lambda _: {"resourceType": "Basic", "id": "b1"},
}
FAILURES = frozenset({*PARTIAL, *FAILED, "not sent"})


def fail(request: Request, key: str, failure: str) -> Request:
    """The request with one read failed or cut short; a read by id cannot be cut short and fails."""
    prefetch = dict(request["prefetch"])
    found = prefetch.pop(key, None)
    if failure == "not sent":
        return request | {"prefetch": prefetch}
    if failure in PARTIAL and isinstance(found, dict) and found.get("resourceType") == "Bundle":
        return request | {"prefetch": prefetch | {key: PARTIAL[failure](found)}}
    broken = FAILED.get(failure, FAILED["forbidden"])(found)
    return request | {"prefetch": prefetch | {key: broken}}


def empty(request: Request, key: str) -> Request:
    """The request as if the client had looked under one key and found nothing."""
    return request | {"prefetch": request["prefetch"] | {key: searchset()}}


def add(request: Request, resources: Iterable[Resource], *, patient_id: str | None = None) -> Request:
    """The request with more in its record; a read that failed stays failed beside what it now found."""
    prefetch = dict(request["prefetch"])
    owner = patient_id or request["context"]["patientId"]
    for resource in resources:
        key = _KEY_OF[resource["resourceType"]]
        found = prefetch.get(key)
        base = found if isinstance(found, dict) and found.get("resourceType") == "Bundle" else searchset()
        before = base.get("entry", [])
        grown = [*before, *searchset([of_patient(resource, owner, f"added-{len(before)}")])["entry"]]
        prefetch[key] = {**base, "entry": grown, "total": base.get("total", 0) + 1}
    return request | {"prefetch": prefetch}


def twice(request: Request) -> Request:
    """The request whose searches hold every resource a second time, as entered again under another id."""
    prefetch = deepcopy(request["prefetch"])
    for found in prefetch.values():
        entries = found.get("entry", []) if isinstance(found, dict) else []
        again = [
            {"resource": entry["resource"] | {"id": f"{entry['resource'].get('id')}-again"}}
            for entry in entries
            if "resource" in entry
        ]
        if again:
            found["entry"] = [*entries, *again]
            found["total"] = found.get("total", 0) + len(again)
    return request | {"prefetch": prefetch}


def without_ids(request: Request) -> Request:
    """The request whose prefetched resources have no id."""
    prefetch = deepcopy(request["prefetch"])
    for found in prefetch.values():
        for entry in found.get("entry", ()) if isinstance(found, dict) else ():
            entry.get("resource", {}).pop("id", None)
    return request | {"prefetch": prefetch}


WRONG: tuple[Any, ...] = (5, True, "x", [5], {"a": 5}, [["x"]])
# What these say is who the resource is about and which it is; wrong, they may rightly point elsewhere.
_IDENTITY = frozenset({"resourceType", "id", "subject", "patient", "participant"})


def broken_once_everywhere(resource: Resource) -> Iterator[tuple[str, Resource]]:
    """The resource with each of its elements in turn of another JSON type, and the path of that element."""
    for number, path in enumerate(_paths(resource)):
        if path[0] in _IDENTITY:
            continue
        broken = deepcopy(resource)
        holder: Any = broken
        for name in path[:-1]:
            holder = holder[name]
        others = [value for value in WRONG if type(value) is not type(holder[path[-1]])]
        holder[path[-1]] = others[number % len(others)]
        yield ".".join(map(str, path)), broken


def _paths(value: Any) -> Iterator[tuple[str | int, ...]]:
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, member in members:
        yield (name,)
        yield from ((name, *rest) for rest in _paths(member))


def with_reason(request: Request, reason: Resource) -> Request:
    """The request with this reason before the others of its first draft."""
    changed = deepcopy(request)
    order = changed["context"]["draftOrders"]["entry"][0]["resource"]
    order["reasonCode"] = [reason, *order.get("reasonCode", ())]
    return changed


def shuffle(request: Request, random: Random) -> Request:
    """The request with its prefetch keys and the entries of its searches in another order."""
    keys = list(request["prefetch"])
    random.shuffle(keys)
    return request | {"prefetch": {key: _shuffled(request["prefetch"][key], random) for key in keys}}


def _shuffled(found: Any, random: Random) -> Any:
    if not isinstance(found, dict) or "entry" not in found:
        return found
    return found | {"entry": random.sample(found["entry"], len(found["entry"]))}


def reorder_drafts(request: Request, order: Sequence[int]) -> Request:
    """The request with its drafts in this order."""
    changed = deepcopy(request)
    drafts = changed["context"]["draftOrders"]
    drafts["entry"] = [drafts["entry"][place] for place in order]
    return changed


def mirror(value: Any) -> Any:
    """The same with left and right exchanged, in words and in codes that name a side."""
    match value:
        case dict():
            swapped = {name: mirror(member) for name, member in value.items()}
            twin = other_side().get((str(value.get("system")), str(value.get("code"))))
            return swapped | {"code": twin.code} if twin else swapped
        case list():
            return [mirror(member) for member in value]
        case str():
            return swap_sides(value)
    return value


def shift(value: Any, days: int) -> Any:
    """The same with every whole date moved by so many days."""
    match value:
        case dict():
            return {name: shift(member, days) for name, member in value.items()}
        case list():
            return [shift(member, days) for member in value]
        case str():
            return _DAY.sub(lambda found: _moved(found[1], days), value)
    return value


def _moved(text: str, days: int) -> str:
    return (date.fromisoformat(text) + timedelta(days=days)).isoformat()


def has_partial_dates(request: Request) -> bool:
    """Whether a date in the record is only a month or a year."""
    texts: list[str] = re.findall(r'"((?:[^"\\]|\\.)*)"', json.dumps(request["prefetch"]))
    return any(_PARTIAL.fullmatch(text) and text[:2] in ("19", "20") for text in texts)
