"""LINT: the rules that every 200 answer must keep, whatever it says; each complaint begins with its rule.

Reusable on any response: `complaints_about_response(json, drafts)` and `complaints_about_discovery(json)`.
"""

import importlib
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
HTML_TAG = re.compile(r"(?<!\\)<[A-Za-z!/]")
REVERSE_DOMAIN = re.compile(r"[a-z][a-z0-9-]*(\.[A-Za-z0-9_-]+)+")
REFERENCE = re.compile(r"[A-Z][A-Za-z]+/\S+")
SEMANTIC_VERSION = re.compile(r"\d+\.\d+\.\d+")
SERVICE_ID = re.compile(r"[A-Za-z0-9._-]+")

RESPONSE_RULES = (
    *("GEN-3", "GEN-4", "GEN-6", "EXT-1", "EXT-2", "EXT-4"),
    *("RESP-2", "RESP-4", "SYS-1", "SYS-2", "SYS-3", "SYS-5"),
    *("CARD-1", "CARD-2", "CARD-3", "CARD-4", "CARD-5", "CARD-6", "CARD-7", "CARD-8", "CARD-9", "CARD-10"),
    *("CARD-11", "CARD-12", "SUG-1", "SUG-2", "SUG-3", "SUG-4", "SUG-6"),
    *("ACT-1", "ACT-2", "ACT-3", "ACT-5", "ACT-6", "ACT-8", "OVR-1", "LINK-1", "LINK-2", "LINK-3", "LINK-4"),
)
DISCOVERY_RULES = (
    *("GEN-3", "GEN-4", "EXT-4", "DISC-2", "DISC-4", "DISC-5", "DISC-6", "DISC-7", "DISC-8", "DISC-9"),
    *("DISC-10", "DISC-11", "DISC-12", "DISC-15"),
)

_MAY_BE_EMPTY = {"$.cards", "$.services"}
_RESPONSE = {"cards", "systemActions", "extension"}
_CARD = {
    *("uuid", "summary", "detail", "indicator", "source", "suggestions", "selectionBehavior"),
    *("overrideReasons", "links", "extension"),
}
_SOURCE = {"label", "url", "icon", "topic", "extension"}
_SUGGESTION = {"label", "uuid", "isRecommended", "actions", "extension"}
_ACTION = {"type", "description", "resource", "resourceId", "extension"}
_CODING = {"system", "code", "display", "extension"}
_LINK = {"label", "url", "type", "appContext", "autolaunchable", "extension"}
_ENTRY = {
    *("hook", "id", "title", "description", "prefetch", "usageRequirements", "version", "hookVersion"),
    "extension",
}


def complaints_about_response(
    response: Any, drafts: Mapping[str, Mapping[str, Any]], patient_id: str
) -> list[str]:
    """Everything that is wrong with a response; `drafts` are the orders of the request by `Type/id`."""
    if not isinstance(response, dict) or not isinstance(response.get("cards"), list):
        return ["RESP-2 no cards"]
    found = [*_emptiness(response, "$"), *_members(response, _RESPONSE, "$")]
    if not isinstance(response.get("systemActions", [1]), list):
        found.append("SYS-1 systemActions is no array")
    if response.get("systemActions") == []:
        found.append("RESP-4 empty systemActions")
    if "systemActions" in response:
        found.append("SYS-3 systemActions without an agreement")
    if "systemActions" in response.get("extension", {}):
        found.append("SYS-5 systemActions inside extension")
    for action in response.get("systemActions", ()):
        found += [] if action.get("description") else ["SYS-2 a system action without description"]
        found += _action(action, drafts, patient_id, "$.systemActions")
    for number, card in enumerate(response["cards"]):
        found += _card(card, drafts, patient_id, f"$.cards[{number}]")
    return found + list(_repeated_uuids(response))


def complaints_about_discovery(discovery: Any) -> list[str]:
    """Everything that is wrong with a discovery answer."""
    if not isinstance(discovery, dict) or not isinstance(discovery.get("services"), list):
        return ["DISC-2 no services"]
    found = [*_emptiness(discovery, "$"), *_members(discovery, {"services", "extension"}, "$")]
    for number, entry in enumerate(discovery["services"]):
        found += _entry(entry, f"$.services[{number}]")
    hooks = [(entry.get("hook"), entry.get("id")) for entry in discovery["services"]]
    if len(set(hooks)) < len(hooks):
        found.append("DISC-12 a pair of hook and id comes twice")
    return found


def _emptiness(value: Any, path: str) -> Iterator[str]:
    match value:
        case None:
            yield f"GEN-3 {path} is null"
        case str() if not value.strip():
            yield f"{'GEN-3' if not value else 'GEN-4'} {path} is blank"
        case {} if not value:
            yield f"GEN-3 {path} is an empty object"
        case [] if path not in _MAY_BE_EMPTY:
            yield f"GEN-3 {path} is an empty array"
        case dict():
            for name, member in value.items():
                yield from _emptiness(member, f"{path}.{name}")
        case list():
            for number, member in enumerate(value):
                yield from _emptiness(member, f"{path}[{number}]")


def _members(value: Any, known: set[str], path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"EXT-4 {path} is no object"
        return
    for name in value.keys() - known:
        yield f"EXT-4 {path} has an unknown member {name}"
    if "extension" in value:
        yield from _extension(value["extension"], path)


def _extension(extension: Any, path: str) -> Iterator[str]:
    if not isinstance(extension, dict) or not extension:
        yield f"EXT-1 {path}.extension is no object with members"
        return
    for name in extension:
        if not REVERSE_DOMAIN.fullmatch(name):
            yield f"EXT-2 {path}.extension.{name} is not globally unique"


def _entry(entry: dict[str, Any], path: str) -> Iterator[str]:
    yield from (text.replace("EXT-1", "DISC-15") for text in _members(entry, _ENTRY, path))
    for name, rule in (("hook", "DISC-4"), ("description", "DISC-5"), ("id", "DISC-6"), ("title", "DISC-7")):
        if not _is_text(entry.get(name)):
            yield f"{rule} {path} has no {name}"
    if not SERVICE_ID.fullmatch(entry.get("id", "")):
        yield f"DISC-6 {path}.id is no path segment"
    prefetch = entry.get("prefetch", {"key": "value"})
    if not isinstance(prefetch, dict) or not prefetch or not all(map(_is_text, prefetch.values())):
        yield f"DISC-8 {path}.prefetch is no object of strings"
    if not _is_text(entry.get("usageRequirements", "none")):
        yield f"DISC-9 {path}.usageRequirements is no string"
    if not SEMANTIC_VERSION.fullmatch(entry.get("version", "2.0.1")):
        yield f"DISC-10 {path}.version is no semantic version"
    if entry.get("hookVersion", "1.0") != "1.0":
        yield f"DISC-11 {path}.hookVersion is not that of the published hook"


def _card(card: Any, drafts: Mapping[str, Any], patient_id: str, path: str) -> Iterator[str]:
    yield from _members(card, _CARD, path)
    if not _is_text(card.get("summary")) or not 1 <= len(card["summary"]) <= 139:
        yield f"CARD-1 {path}.summary is not 1 to 139 characters"
    if card.get("indicator") not in ("info", "warning", "critical"):
        yield f"CARD-2 {path}.indicator is none of the three"
    if "detail" in card and (not _is_text(card["detail"]) or HTML_TAG.search(card["detail"])):
        yield f"CARD-4 {path}.detail is no Markdown without HTML"
    if not UUID.fullmatch(card.get("uuid", "")):
        yield f"CARD-5 {path}.uuid is no lower-case UUID"
    yield from _selection(card, path)
    for name in ("suggestions", "overrideReasons", "links"):
        if name in card and (not isinstance(card[name], list) or not card[name]):
            yield f"CARD-7 {path}.{name} is no array with entries"
    yield from _source(card.get("source"), f"{path}.source")
    for number, suggestion in enumerate(_array(card, "suggestions")):
        yield from _suggestion(suggestion, drafts, patient_id, f"{path}.suggestions[{number}]")
    for number, reason in enumerate(_array(card, "overrideReasons")):
        yield from _override_reason(reason, f"{path}.overrideReasons[{number}]")
    for number, link in enumerate(_array(card, "links")):
        yield from _link(link, f"{path}.links[{number}]")


def _selection(card: dict[str, Any], path: str) -> Iterator[str]:
    suggestions = _array(card, "suggestions")
    behaviour = card.get("selectionBehavior")
    if (behaviour is None) == bool(suggestions) or behaviour not in (None, "at-most-one", "any"):
        yield f"CARD-6 {path}.selectionBehavior does not go with the suggestions"
    if behaviour != "any" and sum(bool(suggestion.get("isRecommended")) for suggestion in suggestions) > 1:
        yield f"SUG-3 {path} recommends several of at most one"


def _source(source: Any, path: str) -> Iterator[str]:
    if not isinstance(source, dict):
        yield f"CARD-3 {path} is no object"
        return
    yield from _members(source, _SOURCE, path)
    if not _is_text(source.get("label")):
        yield f"CARD-8 {path}.label is missing"
    if "url" in source and not _is_https(source["url"]):
        yield f"CARD-9 {path}.url is not absolute"
    if "icon" in source and not _is_https(source["icon"]):
        yield f"CARD-10 {path}.icon is not absolute"
    if "topic" in source:
        yield from _coding(source["topic"], f"{path}.topic", "CARD-11")


def _coding(coding: Any, path: str, rule: str) -> Iterator[str]:
    if not isinstance(coding, dict) or not _is_text(coding.get("code")) or not _is_text(coding.get("system")):
        yield f"{rule} {path} is no Coding"
        return
    for name in coding.keys() - _CODING:
        yield f"CARD-12 {path} has {name}, which is no member of a Coding"


def _override_reason(reason: Any, path: str) -> Iterator[str]:
    yield from _coding(reason, path, "OVR-1")
    if isinstance(reason, dict) and not _is_text(reason.get("display")):
        yield f"OVR-1 {path}.display is missing"


def _suggestion(suggestion: Any, drafts: Mapping[str, Any], patient_id: str, path: str) -> Iterator[str]:
    if isinstance(suggestion, dict) and "actionSelectionBehavior" in suggestion:
        yield f"SUG-6 {path} has actionSelectionBehavior"
        suggestion = {name: value for name, value in suggestion.items() if name != "actionSelectionBehavior"}
    yield from _members(suggestion, _SUGGESTION, path)
    if not _is_text(suggestion.get("label")):
        yield f"SUG-1 {path}.label is missing"
    if not UUID.fullmatch(suggestion.get("uuid", "")):
        yield f"SUG-2 {path}.uuid is no lower-case UUID"
    if not isinstance(suggestion.get("isRecommended", True), bool):
        yield f"SUG-3 {path}.isRecommended is no boolean"
    if "actions" in suggestion and not suggestion["actions"]:
        yield f"SUG-4 {path}.actions is empty"
    for number, action in enumerate(suggestion.get("actions", ())):
        yield from _action(action, drafts, patient_id, f"{path}.actions[{number}]")


def _action(action: Any, drafts: Mapping[str, Any], patient_id: str, path: str) -> Iterator[str]:
    yield from _members(action, _ACTION, path)
    if not _is_text(action.get("description")):
        yield f"ACT-2 {path}.description is missing"
    match action.get("type"):
        case "create" | "update" as kind:
            yield from _written(kind, action, patient_id, path)
        case "delete":
            if action.get("resourceId") not in drafts or not REFERENCE.fullmatch(
                action.get("resourceId", "")
            ):
                yield f"ACT-5 {path}.resourceId names no draft"
            if "resource" in action:
                yield f"ACT-5 {path} deletes by resource"
        case _:
            yield f"ACT-1 {path}.type is none of the three"


def _written(kind: str, action: dict[str, Any], patient_id: str, path: str) -> Iterator[str]:
    resource = action.get("resource")
    if "resourceId" in action or resource is None:
        yield f"ACT-6 {path} has no resource, or a resourceId"
    if not isinstance(resource, dict) or not _is_text(resource.get("resourceType")):
        yield f"GEN-6 {path}.resource is no FHIR object"
        return
    fault = _fault_as_r4(resource)
    if fault:
        yield f"ACT-3 {path}.resource is no R4 resource: {fault}"
    about = resource.get("subject", resource.get("patient"))
    participants = [part.get("actor") for part in resource.get("participant", ()) if isinstance(part, dict)]
    named = {one.get("reference") for one in [about, *participants] if isinstance(one, dict)}
    if f"Patient/{patient_id}" not in named:
        yield f"ACT-8 {path}.resource is not for the patient in context"
    if kind == "create" and resource.get("status") not in ("draft", "proposed"):
        yield f"ACT-8 {path}.resource is not proposed as a draft"


def _fault_as_r4(resource: dict[str, Any]) -> str | None:
    name = resource["resourceType"]
    try:
        model = getattr(importlib.import_module(f"fhir.resources.R4B.{name.lower()}"), name)
        model.model_validate(resource)
    except (ImportError, ValidationError) as error:
        return str(error)
    return None


def _link(link: Any, path: str) -> Iterator[str]:
    yield from _members(link, _LINK, path)
    if not _is_text(link.get("label")) or not _is_text(link.get("url")):
        yield f"LINK-1 {path} has no label or no url"
    if link.get("type") not in ("absolute", "smart"):
        yield f"LINK-1 {path}.type is none of the two"
    if not _is_absolute(link.get("url", "")):
        yield f"LINK-2 {path}.url is not absolute"
    if "appContext" in link and (link.get("type") != "smart" or not isinstance(link["appContext"], str)):
        yield f"LINK-3 {path}.appContext does not belong here"
    if not isinstance(link.get("autolaunchable", False), bool):
        yield f"LINK-4 {path}.autolaunchable is no boolean"


def _repeated_uuids(response: dict[str, Any]) -> Iterator[str]:
    cards = response["cards"]
    suggestions = [suggestion for card in cards for suggestion in card.get("suggestions", ())]
    for rule, items in (("CARD-5", cards), ("SUG-2", suggestions)):
        uuids = [item.get("uuid") for item in items]
        if len(set(uuids)) < len(uuids):
            yield f"{rule} a uuid comes twice"


def _array(parent: dict[str, Any], name: str) -> list[Any]:
    value = parent.get(name)
    return value if isinstance(value, list) else []


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_https(url: Any) -> bool:
    return isinstance(url, str) and urlsplit(url).scheme == "https" and bool(urlsplit(url).hostname)


def _is_absolute(url: Any) -> bool:
    """An address with a host; plain http only on this machine, where the tests may run."""
    if not isinstance(url, str):
        return False
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or local)
