"""The guideline's content as FHIR resources, to be read and searched: `GET /fhir/...`."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

import msgspec
from flask import Blueprint, Response, request
from werkzeug.http import parse_options_header

from cds_service.errors import NotAcceptable, NotFound
from cds_service.knowledge.canonical import Resource, edition_of
from cds_service.knowledge.capability import describe_api
from cds_service.knowledge.library import TYPES, Library, build_library
from cds_service.knowledge.search import Pair, search, summary_of, summary_wanted
from cds_service.wiring import Services, current_services

MEDIA_TYPE = "application/fhir+json"
_ROOT = "/fhir"
_ACCEPTED_TYPES = frozenset({MEDIA_TYPE, "application/json", "text/json", "application/*", "*/*"})
_ACCEPTED_FORMATS = frozenset({MEDIA_TYPE, "application/json", "text/json", "json"})
_ACCEPTED_VERSION = "4.0"
_STRICT = "handling=strict"

ReadLibrary = Callable[[], Library]


def make_blueprint(services: Services) -> Blueprint:
    """One route a type, so that an unknown type is an unknown address, whatever the method."""
    blueprint = Blueprint("fhir", __name__)
    defaults = {"library": _once(lambda: build_library(services.guideline, services.clock()))}
    blueprint.add_url_rule(f"{_ROOT}/metadata", "metadata", describe)
    for name in TYPES:
        own = {**defaults, "resource_type": name}
        blueprint.add_url_rule(f"{_ROOT}/{name}", f"search-{name}", find, defaults=own)
        blueprint.add_url_rule(f"{_ROOT}/{name}/<resource_id>", f"read-{name}", read, defaults=own)
    blueprint.after_app_request(_as_fhir)
    return blueprint


def describe() -> Response:
    """What can be asked here."""
    services = current_services()
    now = services.clock().isoformat(timespec="seconds")
    return _answer(
        lambda: describe_api(_base(), now, cross_origin=bool(services.settings.cors_origins)),
    )


def find(library: ReadLibrary, resource_type: str) -> Response:
    """The resources of a type that the query asks for, as a Bundle."""
    strict = _STRICT in request.headers.get("Prefer", "").replace(" ", "")
    return _answer(lambda: search(library(), resource_type, _asked(), strict=strict, base=_base()))


def read(library: ReadLibrary, resource_type: str, resource_id: str) -> Response:
    """One resource."""
    return _answer(lambda: _read(library(), resource_type, resource_id))


def _read(library: Library, resource_type: str, resource_id: str) -> Resource:
    resource = library.resources[resource_type].get(resource_id)
    if resource is None:
        raise NotFound(f"There is no {resource_type} of this id.", f"GET {_ROOT}/{resource_type} lists them.")
    return summary_of(resource) if summary_wanted(_asked()) == "true" else resource


def _answer(build: Callable[[], Resource]) -> Response:
    """The resource, or 304 where the caller has it already; its errors come first.

    The ETag is weak, because the moment of an expansion differs between two processes of one service.
    """
    _refuse_other_formats()
    body = msgspec.json.encode(build())
    edition = edition_of(current_services().guideline)
    response = Response(body, content_type=MEDIA_TYPE)
    response.set_etag(edition, weak=True)
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response


def _refuse_other_formats() -> None:
    wanted = request.args.get("_format")
    if wanted:
        # A plus sign that nobody encoded arrives as a space.
        fits = wanted.replace(" ", "+") in _ACCEPTED_FORMATS
    else:
        fits = not request.accept_mimetypes or any(
            quality > 0 and _is_ours(value) for value, quality in request.accept_mimetypes
        )
    if not fits:
        raise NotAcceptable("The resources are told as JSON of FHIR R4.", f"Accept: {MEDIA_TYPE}")


def _is_ours(accepted: str) -> bool:
    media_type, options = parse_options_header(accepted)
    version = options.get("fhirversion", _ACCEPTED_VERSION)
    return media_type.lower() in _ACCEPTED_TYPES and version == _ACCEPTED_VERSION


def _as_fhir(response: Response) -> Response:
    """Errors too are resources, whoever raised them; a 304 and an answer to a preflight have no type."""
    below = request.path == _ROOT or request.path.startswith(f"{_ROOT}/")
    if below and response.content_type == "application/json":
        response.content_type = MEDIA_TYPE
    return response


def _asked() -> list[Pair]:
    return list(request.args.items(multi=True))


def _base() -> str:
    return f"{current_services().settings.base_url}{_ROOT}"


def _once(build: Callable[[], Library]) -> ReadLibrary:
    """The library, built by the first who asks: which takes a second that no card waits for."""
    lock, built = Lock(), list[Library]()

    def read_library() -> Library:
        with lock:
            if not built:
                built.append(build())
        return built[0]

    return read_library
