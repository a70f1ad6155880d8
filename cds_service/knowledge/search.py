"""FHIR searches over the published resources, answered as a searchset Bundle."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from cds_service.errors import BadRequest, operation_outcome
from cds_service.knowledge.canonical import Resource, id_of
from cds_service.knowledge.library import Library

Pair = tuple[str, str]
Test = Callable[[Resource, str], bool]

# What FHIR marks as summary, of the elements that these resources have.
_SUMMARY = (
    "resourceType", "id", "meta", "url", "version", "name", "title", "status", "experimental", "date",
    "publisher", "type", "subjectType", "code",
)  # fmt: skip
_SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
_COMMA = re.compile(r"(?<!\\),")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A search parameter as the CapabilityStatement lists it."""

    type: str
    documentation: str


PARAMETERS: Mapping[str, Parameter] = {
    "_id": Parameter("token", "Id; several are separated by commas."),
    "url": Parameter("uri", "Canonical address, whole."),
    "name": Parameter("string", "Beginning of the computer name; :exact and :contains are known."),
    "title": Parameter("string", "Beginning of the title; :exact and :contains are known."),
    "version": Parameter("token", "Version of the guideline's content."),
    "status": Parameter("token", "draft or active."),
}
VALUE_SET_PARAMETERS: Mapping[str, Parameter] = {
    "code": Parameter(
        "token",
        "Value sets in which the service reads this code: system|code, matched as in a record; "
        "a code without a system only where it is listed whole.",
    ),
}
_CONTROLS = ("_summary", "_count", "_offset")
_FORMATS = ("_format", "_pretty")  # not part of the search


def parameters_of(resource_type: str) -> Mapping[str, Parameter]:
    """The search parameters of a type."""
    return {**PARAMETERS, **(VALUE_SET_PARAMETERS if resource_type == "ValueSet" else {})}


def search(
    library: Library, resource_type: str, asked: Sequence[Pair], *, strict: bool, base: str
) -> Resource:
    """The searchset Bundle; `base` is the address of the FHIR API.

    A parameter that is not known is left out, and the answer says so.
    Raises BadRequest for it where `strict`, and always for an unknown modifier and a value without sense.
    """
    used = [pair for pair in asked if _is_known(pair[0], resource_type) and pair[1]]
    ignored = any(pair not in used and pair[1] and pair[0] not in _FORMATS for pair in asked)
    if ignored and strict:
        raise BadRequest("A search parameter is not known.", _known_names(resource_type))
    found = list(library.resources[resource_type].values())
    for name, value in used:
        if name not in _CONTROLS:
            accepts = _test_of(name, library)
            wanted = [part.replace("\\,", ",") for part in _COMMA.split(value)]
            found = [one for one in found if any(accepts(one, part) for part in wanted)]
    return _bundle(found, resource_type, used, ignored, base)


def summary_of(resource: Resource) -> Resource:
    """The resource without its content, marked as a part."""
    meta = resource["meta"]
    kept = {name: resource[name] for name in _SUMMARY if name in resource}
    return kept | {"meta": {**meta, "tag": [*meta["tag"], _SUBSETTED]}}


def summary_wanted(asked: Sequence[Pair]) -> str:
    """ "true", "false" or "count", "false" where nothing is asked; raises BadRequest for anything else."""
    wanted = next((value for name, value in asked if name == "_summary" and value), "false")
    if wanted not in ("true", "false", "count"):
        raise BadRequest("'_summary' must be true, false or count.")
    return wanted


def _is_known(name: str, resource_type: str) -> bool:
    plain, colon, modifier = name.partition(":")
    if plain not in (*parameters_of(resource_type), *_CONTROLS):
        return False
    if colon and not (plain in ("name", "title") and modifier in ("exact", "contains")):
        raise BadRequest("A search parameter has a modifier that is not known.", _known_names(resource_type))
    return True


def _known_names(resource_type: str) -> str:
    return f"Known are {', '.join((*parameters_of(resource_type), *_CONTROLS))}."


def _test_of(name: str, library: Library) -> Test:
    plain, _, modifier = name.partition(":")
    match plain:
        case "_id":
            return lambda resource, value: resource["id"] == value
        case "url":
            return lambda resource, value: resource["url"] == value
        case "code":
            return lambda resource, value: resource["id"] in _concepts_of(value, library)
        case "name" | "title":
            return lambda resource, value: _says(str(resource[plain]), value, modifier)
        case _:
            return lambda resource, value: resource[plain] == value.rpartition("|")[2]


def _concepts_of(token: str, library: Library) -> frozenset[str]:
    system, bar, code = token.partition("|")
    terminology = library.guideline.terminology
    found = terminology.concepts_of(system, code) if bar else terminology.concepts_anywhere(token)
    return frozenset(map(id_of, found))


def _says(text: str, wanted: str, modifier: str) -> bool:
    match modifier:
        case "exact":
            return text == wanted
        case "contains":
            return wanted.casefold() in text.casefold()
        case _:
            return text.casefold().startswith(wanted.casefold())


def _bundle(
    found: list[Resource], resource_type: str, used: Sequence[Pair], ignored: bool, base: str
) -> Resource:
    summary = summary_wanted(used)
    offset = _number("_offset", used, default=0)
    count = _number("_count", used, default=len(found))
    page = found[offset : offset + count] if summary != "count" else []
    entries = [
        {
            "fullUrl": f"{base}/{resource_type}/{resource['id']}",
            "resource": summary_of(resource) if summary == "true" else resource,
            "search": {"mode": "match"},
        }
        for resource in page
    ]
    if ignored:
        entries.append({"resource": _left_out(resource_type), "search": {"mode": "outcome"}})
    address = f"{base}/{resource_type}"
    links = [{"relation": name, "url": url} for name, url in _links(address, used, offset, count, len(found))]
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(found), "link": links}
    # An empty list is not allowed in FHIR's JSON.
    return {**bundle, "entry": entries} if entries else bundle


def _left_out(resource_type: str) -> Resource:
    """Names no parameter: what is not known to us may be about a patient."""
    text = "A search parameter that is not known was left out; the link 'self' shows those that were used."
    outcome = operation_outcome("not-supported", text, _known_names(resource_type))
    outcome["issue"][0]["severity"] = "warning"
    return outcome


def _number(name: str, used: Sequence[Pair], default: int) -> int:
    value = next((value for asked, value in used if asked == name), None)
    if value is None:
        return default
    if not _WHOLE_NUMBER.fullmatch(value):
        raise BadRequest(f"'{name}' must be a whole number.")
    return int(value)


def _links(address: str, used: Sequence[Pair], offset: int, count: int, total: int) -> Iterator[Pair]:
    yield "self", _address(address, used)
    rest = [(name, value) for name, value in used if name not in ("_count", "_offset")]
    pages = {"previous": max(offset - count, 0) if offset else None, "next": offset + count}
    for name, start in pages.items():
        if count and start is not None and start < total:
            yield name, _address(address, [*rest, ("_count", str(count)), ("_offset", str(start))])


def _address(address: str, pairs: Sequence[Pair]) -> str:
    return f"{address}?{urlencode(pairs)}" if pairs else address
