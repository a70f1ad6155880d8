"""Who orders, and where: the user's PractitionerRole, and the organisation of the encounter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from cds_service.record.gathering import PrefetchedKey
from cds_service.record.projection import Raw

USER_ROLE = "userRole"  # the prefetch key; it says nothing of the patient
ENCOUNTER = "encounter"


def has_role(prefetch: Mapping[str, PrefetchedKey], user_id: str | None, roles: Iterable[str]) -> bool:
    """Whether the user's role has one of these codes or specialties, each `system|code` or words.

    False where the role did not come, cannot be read, or is another user's: then nothing is kept back.
    """
    wanted = {role.strip().casefold() for role in roles}
    sent = prefetch.get(USER_ROLE) if wanted and user_id else None
    return sent is not None and any(
        not wanted.isdisjoint(_names(raw)) for raw in sent.resources if _is_of(raw, str(user_id))
    )


def organisation_of(prefetch: Mapping[str, PrefetchedKey], user_id: str | None) -> str | None:
    """The reference of the organisation that cares for the patient now, else of the user's role."""
    encounter, role = prefetch.get(ENCOUNTER), prefetch.get(USER_ROLE)
    for raw in encounter.resources if encounter else ():
        if raw.get("resourceType") == "Encounter" and (found := _reference(raw.get("serviceProvider"))):
            return found
    for raw in role.resources if role and user_id else ():
        if _is_of(raw, str(user_id)) and (found := _reference(raw.get("organization"))):
            return found
    return None


def _reference(value: Any) -> str | None:
    reference = value.get("reference") if isinstance(value, dict) else None
    return reference if isinstance(reference, str) and reference.strip() else None


def _is_of(raw: Raw, user_id: str) -> bool:
    """Whether the resource is the role of the user, who is named as a PractitionerRole or a Practitioner."""
    kind, _, own_id = user_id.rpartition("/")
    if raw.get("resourceType") != "PractitionerRole" or raw.get("active") is False:
        return False
    if kind.endswith("PractitionerRole"):
        return raw.get("id") == own_id
    person = raw.get("practitioner")
    reference = person.get("reference") if isinstance(person, dict) else None
    return isinstance(reference, str) and reference.endswith(f"Practitioner/{own_id}")


def _names(raw: Raw) -> Iterator[str]:
    for element in ("code", "specialty"):
        concepts = raw.get(element)
        for concept in concepts if isinstance(concepts, list) else []:
            yield from _names_of(concept)


def _names_of(concept: Any) -> Iterator[str]:
    if not isinstance(concept, dict):
        return
    yield from _texts(concept.get("text"))
    codings = concept.get("coding")
    for coding in codings if isinstance(codings, list) else []:
        if isinstance(coding, dict):
            for system, code in product(_texts(coding.get("system")), _texts(coding.get("code"))):
                yield f"{system}|{code}"
            yield from _texts(coding.get("display"))


def _texts(value: Any) -> Iterator[str]:
    """The text as it is compared; nothing where there is none: "None" is no name."""
    if isinstance(value, str) and value.strip():
        yield value.strip().casefold()
