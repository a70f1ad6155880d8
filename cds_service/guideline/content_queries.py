"""What the service asks clients for and what it proposes to them: prefetch searches and codes of orders."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from urllib.parse import quote

from pydantic import RootModel

from cds_service.guideline.content_files import Folder, Line, Strict, parse_table, read_table, within
from cds_service.guideline.faults import Fault
from cds_service.guideline.lumbar_mri.order_codes import OrderCodes, read_order_codes
from cds_service.guideline.problems import refuse
from cds_service.guideline.site import Site
from cds_service.guideline.site_overlay import own_order_codes
from cds_service.guideline.thresholds import Switches
from cds_service.record.terminology import CodeSystem, Terminology
from cds_service.record.users import USER_ROLE

ORDERS_FILE = "orders_out.toml"
# What the rules look for by its key, and of which type it must be.
KEYS: Mapping[str, str] = {
    "patient": "Patient",
    "conditions": "Condition",
    "observations": "Observation",
    "examinations": "Observation",
    "procedures": "Procedure",
    "medications": "MedicationRequest",
    "medicationStatements": "MedicationStatement",
    "encounter": "Encounter",
    "encounters": "Encounter",
    "devices": "Device",
    "allergies": "AllergyIntolerance",
    "questionnaireResponses": "QuestionnaireResponse",
    USER_ROLE: "PractitionerRole",
}
_TOKENS = ("{{context.patientId}}", "{{context.encounterId}}", "{{userPractitionerRoleId}}")
_TOKEN = f"(?:{'|'.join(map(re.escape, _TOKENS))})"
# One resource by its id, or a search about the patient; anything else would read somebody else's record.
_QUERY = re.compile(
    rf"[A-Z][A-Za-z]+(?:/{_TOKEN}|\?(?:patient|subject)={re.escape(_TOKENS[0])}"
    r"(?:&[a-z_-]+=[A-Za-z0-9$,:%._-]+)*)"
)
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*")


class _Prefetch(Strict):
    query: Line
    reason: Line
    codes: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    only_with: str = ""  # a switch: asked for only where it is on


class _Prefetches(RootModel[dict[str, _Prefetch]]):
    pass


@dataclass(frozen=True, slots=True)
class Queries:
    """A FHIR search and a reason by prefetch key, in the order of discovery."""

    searches: Mapping[str, str]
    reasons: Mapping[str, str]


def read_queries(
    folder: Folder, terminology: Terminology, switches: Switches, own_systems: Iterable[CodeSystem] = ()
) -> Queries:
    """The searches with their codes; raises ContentError for a set, system or switch that is not there.

    `own_systems` are those of a site: its codes are asked for in every search that names their value set.
    """
    table = read_table(folder, "prefetch.toml")
    wanted = parse_table(_Prefetches, table).root
    faults = [fault for key, asked in wanted.items() for fault in _query_faults(key, asked, terminology)]
    refuse(map(table.problem, [*_key_faults(wanted), *faults]))
    asked_for = {
        key: asked
        for key, asked in wanted.items()
        if not asked.only_with or getattr(switches, asked.only_with)
    }
    own = {system.name for system in own_systems}
    return Queries(
        {key: _query(asked, terminology, own) for key, asked in asked_for.items()},
        {key: asked.reason for key, asked in asked_for.items()},
    )


def read_optional_queries(folder: Folder) -> dict[str, tuple[str, str]]:
    """Search and reason of each key that is asked for only where somebody wants it; they name no codes."""
    wanted = parse_table(_Prefetches, read_table(folder, "prefetch.toml")).root
    return {key: (asked.query, asked.reason) for key, asked in wanted.items() if asked.only_with}


def _key_faults(wanted: Mapping[str, _Prefetch]) -> Iterator[Fault]:
    """A key that the rules look for and nobody asks for, or asks for another type of resource."""
    for key, kind in KEYS.items():
        if key not in wanted:
            yield Fault((key,), f"a search for {kind}, because a rule reads this key")
        elif re.split(r"[/?]", wanted[key].query)[0] != kind:
            yield Fault((key, "query"), f"a search for {kind}")


def _query_faults(key: str, wanted: _Prefetch, terminology: Terminology) -> Iterator[Fault]:
    if not _KEY.fullmatch(key):
        yield Fault((key,), "a key of letters and digits")
    if not _QUERY.fullmatch(wanted.query):
        yield Fault((key, "query"), f"a FHIR search of {', '.join(_TOKENS)}, encoded as an address")
    if ("$codes" in wanted.query) != bool(wanted.codes):
        yield Fault((key, "query"), "$codes in the query where value sets are named, and only there")
    for position, concept in enumerate(wanted.codes):
        if concept not in terminology.value_sets:
            yield Fault((key, "codes", position), f"the name of a value set, not {concept}")
    for position, system in enumerate(wanted.systems):
        if system not in terminology.systems:
            yield Fault((key, "systems", position), f"a system of code_systems.toml, not {system}")
    if wanted.only_with and wanted.only_with not in _SWITCHES:
        yield Fault((key, "only_with"), f"the name of a switch, not {wanted.only_with}")


_SWITCHES = frozenset(field.name for field in fields(Switches))
_SEARCH_MEANS = re.compile(r"([\\,|$])")


def _query(wanted: _Prefetch, terminology: Terminology, own_systems: Collection[str]) -> str:
    """The search with the codes of its value sets; whole codes only: a search cannot match a prefix."""
    systems = {*wanted.systems, *own_systems}
    codes = {
        _as_token(row.code): None
        for concept in wanted.codes
        for row in terminology.value_sets[concept]
        if not row.prefix and terminology.system_name(row.system) in systems
    }
    return wanted.query.replace("$codes", ",".join(codes))


def _as_token(code: str) -> str:
    """The code in a search: what separates tokens is escaped, what an address cannot hold is encoded."""
    return quote(_SEARCH_MEANS.sub(r"\\\1", code), safe="")


def read_orders_out(folder: Folder, terminology: Terminology, site: Site | None = None) -> OrderCodes:
    """The codes of suggested orders, each of which must stand in a value set."""
    table = read_table(folder, ORDERS_FILE)
    read = within(table, read_order_codes)
    refuse(table.problem(fault) for fault, _, _ in _unlisted_codes(read, terminology))
    if site is None:
        return read
    own = own_order_codes(read, terminology.systems, site)
    refuse(
        site.table.problem(Fault((kind, name, "code"), fault.expected))
        for fault, kind, name in _unlisted_codes(own, terminology)
    )
    return own


def _unlisted_codes(read: OrderCodes, terminology: Terminology) -> Iterator[tuple[Fault, str, str]]:
    """Every code that no value set has, with the table and the name of its order."""
    for kind, orders in (("studies", read.studies), ("orders", read.orders)):
        for order in orders.values():
            for name, code in order.codes.items():
                system = terminology.systems.get(name)
                if system is None or not terminology.concepts_of(system.url, code.code):
                    expected = f"{name}|{code.code}: a code of a value set"
                    yield Fault((kind, order.name, "codes", name), expected), kind, order.name
