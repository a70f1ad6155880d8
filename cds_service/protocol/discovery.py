"""The services that this server offers, as `GET /cds-services` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cds_service.errors import WrongHook
from cds_service.protocol.request import hook_of

# The specification that is claimed, not the version of this software (DISC-10).
SPECIFICATION_VERSION = "2.0.1"
# What the metadata tables of both published hook definitions say (DISC-11).
HOOK_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class HookService:
    """One service: an id, and the one hook that it answers.

    One id for two hooks is legal, but some clients then call only the last entry listed.
    """

    id: str
    hook: str
    title: str
    description: str


HOOK_SERVICES = (
    HookService(
        id="lumbar-mri-order-select",
        hook="order-select",
        title="Lumbar MRI for low back pain: while ordering",
        description=(
            "Compares each selected lumbar spine MRI order with the ACE Clinical Guideline "
            "'When to order MRI for low back pain' and with the red flags in the coded record. "
            "Says whether MRI is indicated, how urgent it is, and what else to do."
        ),
    ),
    HookService(
        id="lumbar-mri-order-sign",
        hook="order-sign",
        title="Lumbar MRI for low back pain: at signing",
        description=(
            "Checks every lumbar spine MRI order in the signing session against the ACE Clinical Guideline "
            "'When to order MRI for low back pain' and the red flags in the coded record, before it is sent."
        ),
    ),
)

USAGE_REQUIREMENTS = (
    "FHIR R4. Fill every prefetch key that you can. "
    "A key that failed is named on the card, a missing one where it could have changed the card, "
    "and neither is ever read as 'nothing found'. "
    "Without patient, conditions, observations, procedures, medications and medicationStatements, "
    "or after a failed read of examinations or questionnaireResponses, the service cannot say that MRI is "
    "not indicated. "
    "It answers 412 only where nothing about the patient can be read and the order alone decides nothing."
)


def describe_services(prefetch: Mapping[str, str]) -> dict[str, Any]:
    """The discovery answer, ready for JSON; `prefetch` maps keys to templates, and its order is kept."""
    return {"services": [_describe(service, prefetch) for service in HOOK_SERVICES]}


def service_of(body: Mapping[str, Any]) -> HookService:
    """The service that answers the hook that a request names; raises BadRequest where there is none."""
    hook = hook_of(body)
    for service in HOOK_SERVICES:
        if service.hook == hook:
            return service
    raise WrongHook("No service answers the hook that 'hook' names.")


def _describe(service: HookService, prefetch: Mapping[str, str]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "hook": service.hook,
        "id": service.id,
        "title": service.title,
        "description": service.description,
        "usageRequirements": USAGE_REQUIREMENTS,
        "version": SPECIFICATION_VERSION,
        "hookVersion": HOOK_VERSION,
    }
    # An empty object is not allowed on the wire (GEN-3).
    if prefetch:
        entry["prefetch"] = dict(prefetch)
    return entry
