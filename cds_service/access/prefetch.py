"""What the client sent of the record, key by key: read whole, in part, not at all, or never sent.

A prefetch key has six states on the wire, and a missing answer is never an empty one:

    null, or a searchset without entries    complete, and empty: the client looked and found nothing
    a resource, or a Bundle                 complete
    a Bundle with a next page, fewer        partial
      entries than its total, entries
      that cannot be read, or an error
      outcome beside its matches
    an OperationOutcome, alone or as the    failed
      only entry and more than a hint
    anything that is not FHIR               failed
    the key is absent, or null of a client  not sent
      that does not mean it

The pass is made once a key, when the key is first asked for, and copies nothing:
a record of 3,000 resources must cost much less here than its parsing did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cds_service.record.facts import ReadState


@dataclass(frozen=True, slots=True)
class Prefetched:
    """The resources of one prefetch key, and how far they can be trusted to be all of them.

    `reason` says in a few words why the state is not complete; it holds nothing that was sent.
    `foreign` counts resources of another patient, which are dropped.
    `unreadable` counts entries without a resource.
    `unfinished` is the Bundle whose next page was not read, where that is all that it lacks.
    `refused` says that whoever asked was told no for good, so that nobody need ask again.
    """

    state: ReadState
    resources: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    reason: str = ""
    foreign: int = 0
    unreadable: int = 0
    unfinished: Mapping[str, Any] | None = field(default=None, repr=False)
    refused: bool = False


NOT_SENT = Prefetched(ReadState.NOT_SENT, reason="not sent")
NULL_IS_UNKNOWN = Prefetched(ReadState.NOT_SENT, reason="null, which this client sends for unknown")
NOT_FHIR = Prefetched(ReadState.FAILED, reason="not FHIR")
FOUND_NOTHING = Prefetched(ReadState.COMPLETE)

# The one read that `null` cannot answer: a patient in context exists, so the client did not look.
_ALWAYS_EXISTS = "patient"


def read_prefetch(
    raw: Mapping[str, Any], keys: Mapping[str, str] | Iterable[str], patient_id: str
) -> dict[str, Prefetched]:
    """Every declared key, then each undeclared one that holds FHIR, with what could be read under it.

    Where `keys` maps each key to its template, a resource of a type that the template does not ask for
    makes its key failed; with bare keys the types are not checked.
    """
    return dict(PrefetchByKey(raw, keys, patient_id))


def read_as_key(key: str, value: Any, template: str, patient_id: str) -> Prefetched:
    """A value that came from elsewhere for a declared key, read as if the client had sent it."""
    return _read_declared(key, value, _type_of_template(template), patient_id)


class PrefetchByKey(Mapping[str, Prefetched]):
    """The prefetch as a mapping that reads a key when it is first asked for.

    An order that is no business of the guideline is answered without a look at the record,
    so nothing is read before somebody wants it.
    """

    __slots__ = ("_null_is_unknown", "_patient_id", "_raw", "_read", "_types")

    def __init__(
        self,
        raw: Mapping[str, Any],
        keys: Mapping[str, str] | Iterable[str],
        patient_id: str,
        *,
        null_is_unknown: bool = False,
    ) -> None:
        self._raw = raw
        self._patient_id = patient_id
        self._null_is_unknown = null_is_unknown
        self._types = _declared_types(keys)
        self._read: dict[str, Prefetched] = {}

    def __getitem__(self, key: str) -> Prefetched:
        if key not in self._read:
            self._read[key] = self._read_key(key)
        return self._read[key]

    def __iter__(self) -> Iterator[str]:
        yield from self._types
        for key, value in self._raw.items():
            if key not in self._types and _holds_fhir(value):
                yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def states(self) -> dict[str, str]:
        """The state of each key that was asked for; what nobody looked at is left out."""
        return {key: read.state.value for key, read in self._read.items()}

    def _read_key(self, key: str) -> Prefetched:
        if key in self._types:
            if key not in self._raw:
                return NOT_SENT
            if self._null_is_unknown and self._raw[key] is None:
                return NULL_IS_UNKNOWN
            return _read_declared(key, self._raw[key], self._types[key], self._patient_id)
        value = self._raw.get(key)
        if not _holds_fhir(value):
            raise KeyError(key)
        # Nobody promised what an undeclared key holds, so it can be neither complete nor not:
        # its resources are used as they are.
        found = _read_value(value, None, self._patient_id)
        return Prefetched(ReadState.COMPLETE, found.resources, "", found.foreign, found.unreadable)


def _declared_types(keys: Mapping[str, str] | Iterable[str]) -> dict[str, str | None]:
    """Each declared key with the resource type its template asks for; None where that cannot be told."""
    if not isinstance(keys, Mapping):
        return dict.fromkeys(keys)
    return {key: _type_of_template(template) for key, template in keys.items()}


@cache  # of the few templates that the content holds
def _type_of_template(template: str) -> str | None:
    """`Observation` of `Observation?patient=…`, `Patient` of `Patient/…`; None of a bare token."""
    name = template.split("?", 1)[0].split("/", 1)[0]
    return name if name.isalpha() else None


def _holds_fhir(value: Any) -> bool:
    return isinstance(_unwrap(value), dict)


def _unwrap(value: Any) -> Any:
    """The FHIR resource in a prefetch value, or None; clients of before 1.0 wrapped it with its response."""
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("resourceType"), str):
        return value
    inner = value.get("resource")
    if isinstance(inner, dict) and isinstance(inner.get("resourceType"), str):
        return inner
    return None


def _read_declared(key: str, value: Any, expected_type: str | None, patient_id: str) -> Prefetched:
    found = FOUND_NOTHING if value is None else _read_value(value, expected_type, patient_id)
    if key == _ALWAYS_EXISTS and found.state is ReadState.COMPLETE and not found.resources:
        return NOT_SENT
    return found


def _read_value(value: Any, expected_type: str | None, patient_id: str) -> Prefetched:
    resource = _unwrap(value)
    if resource is None:
        return NOT_FHIR
    match resource["resourceType"]:
        case "OperationOutcome":
            return Prefetched(ReadState.FAILED, reason="OperationOutcome", refused=_is_final([resource]))
        case "Bundle":
            return _read_bundle(resource, expected_type, patient_id)
        case found_type if expected_type is not None and found_type != expected_type:
            return Prefetched(ReadState.FAILED, reason="another resource type")
    if _is_foreign(resource, "Patient/" + patient_id, patient_id):
        return Prefetched(ReadState.FAILED, reason="another patient", foreign=1)
    return Prefetched(ReadState.COMPLETE, (resource,))


def _read_bundle(bundle: Mapping[str, Any], expected_type: str | None, patient_id: str) -> Prefetched:
    entries = bundle.get("entry")
    if entries is None:
        entries = ()
    elif not isinstance(entries, list):
        return Prefetched(ReadState.PARTIAL, reason="entries cannot be read", unreadable=1)
    if not entries:  # most searches find nothing
        state, reason = _judge_bundle(bundle, 0, [], [], 0, 0, True)
        if state is ReadState.COMPLETE:
            return FOUND_NOTHING
        return Prefetched(state, reason=reason, unfinished=bundle if reason == _NEXT_PAGE else None)
    own_reference = "Patient/" + patient_id
    own = {"reference": own_reference}
    resources: list[Mapping[str, Any]] = []
    outcomes: list[Mapping[str, Any]] = []
    foreign = unreadable = 0
    expected_seen = expected_type is None
    for entry in entries:  # the loop that a large record spends its time in
        resource = entry.get("resource") if isinstance(entry, dict) else None
        resource_type = resource.get("resourceType") if isinstance(resource, dict) else None
        if resource is None or not isinstance(resource_type, str):
            unreadable += 1
        elif resource_type == "OperationOutcome":
            outcomes.append(resource)
        elif resource.get("subject") != own and _is_foreign(resource, own_reference, patient_id):
            foreign += 1
        else:
            resources.append(resource)
            if resource_type == expected_type:
                expected_seen = True
    state, reason = _judge_bundle(
        bundle, len(entries), resources, outcomes, foreign, unreadable, expected_seen
    )
    return Prefetched(
        state,
        tuple(resources),
        reason,
        foreign,
        unreadable,
        unfinished=bundle if reason == _NEXT_PAGE else None,
        refused=state is not ReadState.COMPLETE and _is_final(outcomes),
    )


_NEXT_PAGE = "next page not read"


def _judge_bundle(
    bundle: Mapping[str, Any],
    entry_count: int,
    resources: list[Mapping[str, Any]],
    outcomes: list[Mapping[str, Any]],
    foreign: int,
    unreadable: int,
    expected_seen: bool,
) -> tuple[ReadState, str]:
    """How far a Bundle can be trusted to hold everything that there is; the gravest reason first."""
    # An empty search with a warning may be a search that was not carried out as asked.
    if outcomes and not resources and any(_says_more_than(_HINTS, outcome) for outcome in outcomes):
        return ReadState.FAILED, "OperationOutcome"
    if foreign and not resources:
        return ReadState.FAILED, "another patient"
    if resources and not expected_seen:
        return ReadState.FAILED, "another resource type"
    if unreadable:
        return ReadState.PARTIAL, "entries cannot be read"
    if outcomes and any(_says_more_than(_WARNINGS, outcome) for outcome in outcomes):
        return ReadState.PARTIAL, "OperationOutcome beside the matches"
    if _has_next_page(bundle):
        return ReadState.PARTIAL, _NEXT_PAGE
    if _announces_more(bundle.get("total"), entry_count):
        return ReadState.PARTIAL, "fewer entries than the total"
    return ReadState.COMPLETE, ""


# Tuples, because a severity or code that was sent may be anything, and a set cannot be asked for a list.
_HINTS = ("information", "success")
_WARNINGS = (*_HINTS, "warning")


def _says_more_than(severities: tuple[str, ...], outcome: Mapping[str, Any]) -> bool:
    """Whether an issue of the outcome is graver than these; one that cannot be read may be."""
    issues = outcome.get("issue")
    if not isinstance(issues, list) or not issues:
        return True
    return any(not isinstance(issue, dict) or issue.get("severity") not in severities for issue in issues)


# Asked once more, a server would say the same (section 23 of the conformance reference).
_FINAL = ("forbidden", "security", "not-supported", "not-found")


def _is_final(outcomes: Iterable[Mapping[str, Any]]) -> bool:
    """Whether an error among the outcomes is one that a second query would meet again."""
    listed = [outcome.get("issue") for outcome in outcomes]
    issues = [issue for found in listed if isinstance(found, list) for issue in found]
    return any(
        isinstance(issue, dict) and issue.get("code") in _FINAL and issue.get("severity") not in _WARNINGS
        for issue in issues
    )


def _has_next_page(bundle: Mapping[str, Any]) -> bool:
    links = bundle.get("link")
    if isinstance(links, dict):
        links = [links]
    if not isinstance(links, list):
        return links is not None  # not to be read, so nobody knows
    return any(isinstance(link, dict) and link.get("relation") == "next" for link in links)


_MORE_THAN_ANY = 1_000_000_000


def _announces_more(total: Any, entry_count: int) -> bool:
    # A server may cut a search short without a next link; only its total tells, and some send it as text.
    if isinstance(total, str) and total.strip().isdecimal():
        # Python refuses to read a number of thousands of digits; none of more than nine is in a body.
        total = int(total) if len(total) < 10 else _MORE_THAN_ANY
    return isinstance(total, int) and not isinstance(total, bool) and total > entry_count


def _is_foreign(resource: Mapping[str, Any], own_reference: str, patient_id: str) -> bool:
    """Whether a resource is about somebody else; one that does not say is taken as the patient's."""
    about = resource.get("subject") or resource.get("patient")
    if isinstance(about, dict):
        reference = about.get("reference")
        if reference == own_reference or not isinstance(reference, str):
            return False
        return not _names_patient(reference, patient_id)
    if resource["resourceType"] == "Patient":
        own_id = resource.get("id")
        return isinstance(own_id, str) and own_id != patient_id
    if resource["resourceType"] == "Appointment":
        return _is_appointment_of_another(resource.get("participant"), patient_id)
    return False


def _names_patient(reference: str, patient_id: str) -> bool:
    """Whether a reference in any of its forms names the patient: relative, absolute, versioned, bare, urn.

    A reference into the resource itself (`#p`) cannot be compared and counts as the patient's.
    """
    if reference.startswith("#") or not reference.strip():
        return True
    parts = reference.split("/_history/", 1)[0].rstrip("/").split("/")
    if len(parts) == 1:
        return parts[0] == patient_id or parts[0].rsplit(":", 1)[-1] == patient_id
    return parts[-2] == "Patient" and parts[-1] == patient_id


def _is_appointment_of_another(participants: Any, patient_id: str) -> bool:
    """An appointment names its patient among the participants; without a patient there, it is not foreign."""
    if not isinstance(participants, list):
        return False
    actors = (participant.get("actor") for participant in participants if isinstance(participant, dict))
    references = [actor.get("reference") for actor in actors if isinstance(actor, dict)]
    patients = [ref for ref in references if isinstance(ref, str) and "Patient/" in ref]
    return bool(patients) and not any(_names_patient(ref, patient_id) for ref in patients)
