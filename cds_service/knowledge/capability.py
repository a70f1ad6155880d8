"""What this FHIR API can be asked, as a CapabilityStatement."""

from __future__ import annotations

from cds_service import __version__
from cds_service.knowledge.canonical import Resource
from cds_service.knowledge.library import TYPES
from cds_service.knowledge.search import parameters_of

FHIR_VERSION = "4.0.1"
_LENIENT = (
    "A search parameter that is not known is left out, and an OperationOutcome in the Bundle says so; "
    "with 'Prefer: handling=strict' it is refused. A modifier that is not known is always refused. "
    "_summary (true, false, count), _count and _offset work on every search, _summary on every read. "
    "Every answer has an ETag that changes with the content, and If-None-Match is answered with 304."
)


def describe_api(base: str, now: str, *, cross_origin: bool) -> Resource:
    """The CapabilityStatement of the API at `base`; `now` is its date, because R4 demands one."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": now,
        "kind": "instance",
        "software": {"name": "lumbar-mri-cds", "version": __version__},
        "implementation": {
            "description": "The guideline's content as FHIR resources, read only",
            "url": base,
        },
        "fhirVersion": FHIR_VERSION,
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "documentation": _LENIENT,
                "security": {"cors": cross_origin, "description": "Open: nothing here is about a patient."},
                "resource": [_describe(name) for name in TYPES],
            }
        ],
    }


def _describe(resource_type: str) -> Resource:
    return {
        "type": resource_type,
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "searchParam": [
            {"name": name, "type": parameter.type, "documentation": parameter.documentation}
            for name, parameter in parameters_of(resource_type).items()
        ],
    }
