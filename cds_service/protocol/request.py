"""A hook request, read forgivingly: what the rules need is taken, what cannot be read is left.

Real clients send drafts without ids, bundles without a type, `Patient/` before the id, selections as objects,
and members that nobody knows. Only what cannot be guessed is refused, and the refusal names the member.
The draft orders are not validated as FHIR: the standard's own examples would fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cds_service.access.prefetch import PrefetchByKey, Prefetched
from cds_service.errors import InvalidMember, MissingMember, WrongHook
from cds_service.protocol.fhir_access import FhirAccess, read_fhir_access

ORDER_SELECT = "order-select"


@dataclass(frozen=True, slots=True)
class HookRequest:
    """One call of a hook.

    `user_id` and `encounter_id` are None where the client did not say.
    `selections` is None where every draft is in scope, as at order-sign; else the selected ones as `Type/id`,
    or as the bare id where no type was sent.
    `draft_orders` are the resources as sent, in order.
    `fhir` is where more of the record can be read, for as long as this call lasts.
    """

    hook: str
    hook_instance: str
    user_id: str | None
    patient_id: str = field(repr=False)
    encounter_id: str | None = field(repr=False)
    selections: tuple[str, ...] | None
    draft_orders: tuple[Mapping[str, Any], ...] = field(repr=False)
    prefetch: Mapping[str, Prefetched] = field(repr=False)
    fhir: FhirAccess = field(repr=False)


def read_hook_request(
    body: Mapping[str, Any],
    hook: str,
    prefetch_keys: Mapping[str, str] | Iterable[str],
    *,
    null_is_unknown: bool = False,
    all_drafts_selected: bool = False,
) -> HookRequest:
    """The request in `body`, which was sent to a service of `hook`.

    `null_is_unknown` is for clients that send null also for a key that they could not look up.
    `all_drafts_selected` is for clients that leave `selections` out and mean every draft.
    Raises MissingMember, InvalidMember or WrongHook, each a 400 that names the member and no value.
    """
    sent_hook = _required_text(body, "hook")
    if sent_hook != hook:
        raise WrongHook(f"This service answers the hook '{hook}'; 'hook' names another one.")
    hook_instance = _required_text(body, "hookInstance")
    context = _required_object(body, "context")
    patient_id = _bare_id(_required_text(context, "patientId", "context."))
    if not patient_id:
        raise MissingMember("context.patientId")
    return HookRequest(
        hook=hook,
        hook_instance=hook_instance,
        user_id=_text(context.get("userId")),
        patient_id=patient_id,
        encounter_id=_bare_id(_text(context.get("encounterId")) or "") or None,
        selections=_read_selections(context, all_drafts_selected) if hook == ORDER_SELECT else None,
        draft_orders=_read_draft_orders(context),
        prefetch=PrefetchByKey(
            _read_prefetch_object(body), prefetch_keys, patient_id, null_is_unknown=null_is_unknown
        ),
        fhir=read_fhir_access(body),
    )


def hook_of(body: Mapping[str, Any]) -> str:
    """The hook that a request names; raises MissingMember or InvalidMember where it names none."""
    return _required_text(body, "hook")


def _required_text(parent: Mapping[str, Any], name: str, prefix: str = "") -> str:
    value = parent.get(name)
    if value is None:
        raise MissingMember(prefix + name)
    text = _text(value)
    if text is None:
        raise InvalidMember(prefix + name, "a string that is not empty")
    return text


def _required_object(parent: Mapping[str, Any], name: str, prefix: str = "") -> Mapping[str, Any]:
    value = parent.get(name)
    if value is None:
        raise MissingMember(prefix + name)
    if not isinstance(value, dict):
        raise InvalidMember(prefix + name, "an object")
    return value


def _text(value: Any) -> str | None:
    """A string without the white space around it; None where there is nothing to read."""
    if not isinstance(value, str):
        return None
    return value.strip() or None


def _bare_id(reference: str) -> str:
    """`x` of `x`, `Patient/x`, `https://host/Patient/x` and `Patient/x/_history/2`."""
    return reference.split("/_history/", 1)[0].rstrip("/").rsplit("/", 1)[-1]


def _read_selections(context: Mapping[str, Any], all_drafts_selected: bool) -> tuple[str, ...] | None:
    sent = context.get("selections")
    if sent is None:
        if all_drafts_selected:
            return None
        raise MissingMember(
            "context.selections", "order-select needs the selected draft orders, as ServiceRequest/id."
        )
    if isinstance(sent, str | dict):
        sent = [sent]
    if not isinstance(sent, list):
        raise InvalidMember("context.selections", "an array of references to draft orders")
    # A selection that cannot be read selects nothing; it does not cost the others.
    return tuple(name for name in map(_selection_name, sent) if name)


def _selection_name(selection: Any) -> str | None:
    """`Type/id`, or the bare id, of a selection sent as a string, a Reference or the resource itself."""
    if isinstance(selection, str):
        return _last_two_parts(selection)
    if not isinstance(selection, dict):
        return None
    reference = _text(selection.get("reference"))
    if reference:
        return _last_two_parts(reference)
    resource_type, resource_id = _text(selection.get("resourceType")), _text(selection.get("id"))
    if resource_id is None:
        return None
    return f"{resource_type}/{resource_id}" if resource_type else resource_id


def _last_two_parts(reference: str) -> str:
    parts = reference.strip().split("/_history/", 1)[0].rstrip("/").split("/")
    return "/".join(parts[-2:])


def _read_draft_orders(context: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    bundle = _required_object(context, "draftOrders", "context.")
    # `Bundle.type` is not looked at: the older hook pages and the public sandbox send none.
    if bundle.get("resourceType", "Bundle") != "Bundle":
        raise InvalidMember("context.draftOrders", "a FHIR Bundle")
    entries = bundle.get("entry")
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise InvalidMember("context.draftOrders.entry", "an array")
    resources = [entry.get("resource") for entry in entries if isinstance(entry, dict)]
    return tuple(
        resource
        for resource in resources
        if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str)
    )


def _read_prefetch_object(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The raw prefetch; one that is absent, null or empty in any other way is the same as none."""
    prefetch = body.get("prefetch")
    if not prefetch:
        return {}
    if not isinstance(prefetch, dict):
        raise InvalidMember("prefetch", "an object")
    return prefetch
