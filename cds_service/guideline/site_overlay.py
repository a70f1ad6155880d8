"""A site laid over the guideline: its numbers, switches and codes in the place of the guideline's own.

The result is checked as the guideline itself is, and what is wrong is told as the site's fault.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cds_service.guideline.content_types import CodeRow, Threshold
from cds_service.guideline.faults import Fault
from cds_service.guideline.lumbar_mri.order_codes import OrderCode, OrderCodes
from cds_service.guideline.problems import Problem, content_error, refuse
from cds_service.guideline.site import SITE_FILE, OwnCode, Site, SiteChange
from cds_service.guideline.site_codes import SiteCode
from cds_service.guideline.thresholds import switch_words
from cds_service.record.terminology import CodeSystem, ValueSetCode, has_valid_check_digit

ORDER_CONCEPT = "order-"  # a suggested order that a site gives a code is known by it when it comes back


def own_numbers(notes: Mapping[str, Threshold], site: Site) -> dict[str, Threshold]:
    """The guideline's numbers with the site's values; unit, meaning and origin stay the guideline's."""
    return {
        name: replace(note, value=site.thresholds[name].value) if name in site.thresholds else note
        for name, note in notes.items()
    }


def own_systems(systems: Sequence[CodeSystem], site: Site) -> tuple[CodeSystem, ...]:
    """The code systems with the site's behind them; raises ContentError for a name or address of another."""
    names = {system.name for system in systems}
    spelled = {alias.lower() for system in systems for alias in (system.url, *system.aliases)}
    taken = (
        own.name
        for own in site.systems
        if own.name in names or not spelled.isdisjoint(alias.lower() for alias in (own.url, *own.aliases))
    )
    expected = "a name and address of no other system"
    refuse(site.table.problem(Fault(("code_systems", name), expected)) for name in taken)
    return (*systems, *site.systems)


def own_rows(
    rows: Sequence[CodeRow], systems: Iterable[CodeSystem], concepts: frozenset[str], site: Site
) -> tuple[CodeRow, ...]:
    """The codes of the value sets with the site's; raises ContentError for what nobody knows.

    `concepts`: the names that have words but no codes of their own.
    """
    by_name = {system.name: system for system in systems}
    by_address = {**{system.url: system for system in by_name.values()}, **by_name}
    known = {row.concept for row in rows} | concepts
    listed = {(row.concept, row.code.system, row.code.code) for row in rows}
    unknown = (row for row in site.codes if row.value_set not in known)
    problems = [
        Problem(row.file, row.line, f"{row.value_set}: a value set of the guideline") for row in unknown
    ]
    grown = list(rows)
    for row in site.coded:
        system = by_address.get(row.system)
        expected = _expected_of(row, system, listed)
        if expected or system is None:
            problems.append(Problem(row.file, row.line, expected))
        else:
            code = _own_code(system, row.code, row.display, site)
            grown.append(CodeRow(row.file, row.line, row.value_set, code))
    refuse(problems)
    for name, order in site.orders.items():
        system = _system_of(order, by_name, "orders", name, site)
        code = _own_code(system, order.code.code, order.code.display, site)
        grown.append(CodeRow(SITE_FILE, None, f"{ORDER_CONCEPT}{name}", code))
    return tuple(grown)


def site_provenance(site: Site) -> str:
    """Where the code lists say that a site's code is from."""
    return f"site: {site.name}"


def _expected_of(row: SiteCode, system: CodeSystem | None, listed: Collection[tuple[str, str, str]]) -> str:
    """What a row lacks; empty where it can be used."""
    if system is None:
        return f"a system or questionnaire of {SITE_FILE} or code_systems.toml"
    if not has_valid_check_digit(row.code, system.check):
        return f"{row.code}: a code with a right check digit ({system.check})"
    if (row.value_set, system.url, row.code) in listed:
        return f"{row.code}: not yet in {row.value_set}"
    return ""


def _own_code(system: CodeSystem, code: str, display: str, site: Site) -> ValueSetCode:
    return ValueSetCode(system.url, code, display, False, site_provenance(site))


def own_order_codes(codes: OrderCodes, systems: Mapping[str, CodeSystem], site: Site) -> OrderCodes:
    """The codes of suggested orders with the site's first: clients read the first coding."""
    return OrderCodes(
        _with_own(codes.studies, site.studies, systems, "studies", site),
        _with_own(codes.orders, site.orders, systems, "orders", site),
    )


def _with_own(
    given: Mapping[str, OrderCode],
    own: Mapping[str, OwnCode],
    systems: Mapping[str, CodeSystem],
    table: str,
    site: Site,
) -> dict[str, OrderCode]:
    found = dict(given)
    for name, order in own.items():
        _system_of(order, systems, table, name, site)
        rest = {system: code for system, code in given[name].codes.items() if system != order.system}
        found[name] = replace(given[name], codes={order.system: order.code, **rest})
    return found


def _system_of(
    order: OwnCode, systems: Mapping[str, CodeSystem], table: str, name: str, site: Site
) -> CodeSystem:
    system = systems.get(order.system)
    if system is None or not has_valid_check_digit(order.code.code, system.check):
        expected = "the short name of a code system, and a code of it"
        raise content_error([site.table.problem(Fault((table, name), expected))])
    return system


def list_changes(
    site: Site, notes: Mapping[str, Threshold], switches: Mapping[str, Any], time_zone: str
) -> Iterator[SiteChange]:
    """What the site changed of the guideline's own `notes`, `switches` and time zone, in the file's order."""
    for name, own in site.thresholds.items():
        before, after = f"{notes[name].value} {notes[name].unit}", f"{own.value} {notes[name].unit}"
        yield SiteChange("threshold", name, before, after, own.owner, own.date, own.reason)
    settings = [
        ("switch", name, switch_words(switches[name]), switch_words(own))
        for name, own in site.switches.items()
    ]
    if site.time_zone is not None:
        settings.append(("time zone", "time_zone", time_zone, site.time_zone))
    if site.leaflet_url:
        settings.append(("leaflet", "leaflet_url", "none", site.leaflet_url))
    for table in (site.studies, site.orders):
        settings += [("order code", name, "", f"{own.system} {own.code.code}") for name, own in table.items()]
    for kind, name, before, after in settings:
        yield SiteChange(kind, name, before, after, site.owner, site.date, "")
