"""Reads records in one line: `read(condition(...))` is what the rules would get of it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from cds_service.access.prefetch import read_prefetch
from cds_service.guideline.content import Guideline
from cds_service.guideline.overrides import AttestedReason
from cds_service.record.facts import Attestation, Fact, PatientFacts
from cds_service.record.reader import read_facts, read_order_facts
from tests import builders
from tests.builders import Resource
from tests.shipped import shipped_guideline as shipped_guideline

NOW = datetime(2026, 6, 15, 10, 0, tzinfo=ZoneInfo("Asia/Singapore"))
TODAY = "2026-06-15"
KEYS = ("patient", "encounter", *builders.PREFETCH_TYPES)


def read(*resources: Resource, born: str = "1980-03-10", current: Resource | None = None) -> PatientFacts:
    """The facts of a record with these resources, on 15 June 2026 in Singapore."""
    filed = [
        resource for resource in resources if resource["resourceType"] in builders.PREFETCH_TYPES.values()
    ]
    prefetch = builders.prefetch_of(builders.patient(born), filed, current)
    return read_as_sent(prefetch | {"more": _bundle(r for r in resources if r not in filed)})


def _bundle(resources: Any) -> Resource:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}


def read_as_sent(prefetch: dict[str, Any]) -> PatientFacts:
    """The facts of a prefetch exactly as a client sent it."""
    sent = read_prefetch(prefetch, KEYS, builders.PATIENT_ID)
    return read_facts(sent, patient_id=builders.PATIENT_ID, now=NOW, guideline=shipped_guideline())


def read_order(
    order: Resource,
    *resources: Resource,
    guideline: Guideline | None = None,
    attested: Iterable[AttestedReason] = (),
) -> tuple[tuple[Fact, ...], tuple[Attestation, ...]]:
    """What an order gives as reasons, beside a record with these resources."""
    prefetch = builders.prefetch_of(builders.patient("1980-03-10"), resources)
    sent = read_prefetch(prefetch, KEYS, builders.PATIENT_ID)
    return read_order_facts(
        order, now=NOW, guideline=guideline or shipped_guideline(), prefetch=sent, attested=attested
    )


def only(facts: PatientFacts) -> Fact:
    """The one fact of a record."""
    (fact,) = facts.facts
    return fact
