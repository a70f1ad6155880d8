"""A site laid over the guideline: its numbers, switches and codes in the place of the guideline's own.

The result is checked as the guideline itself is, and what is wrong is told as the site's fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cds_service.guideline.content_codes import expected_of_code, terminology_of
from cds_service.guideline.content_types import CodeRow, Threshold
from cds_service.guideline.faults import Fault
from cds_service.guideline.lumbar_mri.order_codes import OrderCode, OrderCodes
from cds_service.guideline.problems import Problem, content_error, refuse
from cds_service.guideline.site import SITE_FILE, OwnCode, Site, SiteChange
from cds_service.guideline.site_codes import SiteCode
from cds_service.guideline.thresholds import switch_words
from cds_service.record.terminology import CodeSystem, Terminology, ValueSetCode, plain_address

ORDER_CONCEPT = "order-"  # a suggested order that a site gives a code is known by it when it comes back


def own_numbers(notes: Mapping[str, Threshold], site: Site) -> dict[str, Threshold]:
    """The guideline's numbers with the site's values; unit, meaning and origin stay the guideline's."""
    return {
        name: replace(note, value=site.thresholds[name].value) if name in site.thresholds else note
        for name, note in notes.items()
    }


def own_systems(systems: Sequence[CodeSystem], site: Site) -> tuple[CodeSystem, ...]:
    """The code systems with the site's behind them; raises ContentError for a name or address of another."""
    taken = {
        plain_address(spelled) for system in systems for spelled in (system.name, system.url, *system.aliases)
    }
    own = {
        **{("code_systems", one.name): (one.url, *one.aliases) for one in site.systems},
        **{("questionnaires", name): (url,) for name, url in site.questionnaires.items()},
    }
    expected = "a name and address of no other system"
    refuse(
        site.table.problem(Fault(where, expected))
        for where, spelled in own.items()
        if not taken.isdisjoint(map(plain_address, (where[1], *spelled)))
    )
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
    lookup = terminology_of(by_name.values(), rows)
    problems = [
        Problem(row.file, row.line, f"{row.value_set}: a value set of the guideline")
        for row in site.codes
        if row.value_set not in known
    ]
    problems += _two_meanings_of_a_question(site)
    grown = list(rows)
    for row in site.coded:
        system = by_address.get(row.system)
        expected = _expected_of(row, system, lookup)
        if expected or system is None:
            problems.append(Problem(row.file, row.line, expected))
        else:
            code = _own_code(system, row.code, row.display, site)
            grown.append(CodeRow(row.file, row.line, row.value_set, code))
    refuse(problems)
    _check_emergency_code(site, by_name, terminology_of(by_name.values(), grown))
    for name, order in site.orders.items():
        system = _system_of(order, by_name, "orders", name, site)
        code = _own_code(system, order.code.code, order.code.display, site)
        grown.append(CodeRow(SITE_FILE, None, f"{ORDER_CONCEPT}{name}", code))
    return tuple(grown)


def site_provenance(site: Site) -> str:
    """Where the code lists say that a site's code is from."""
    return f"site: {site.name}"


def _two_meanings_of_a_question(site: Site) -> Iterator[Problem]:
    forms = set(site.questionnaires.values())
    first: dict[tuple[str, str], SiteCode] = {}
    for row in (row for row in site.codes if row.system in forms):
        if first.setdefault((row.system, row.code), row) is not row:
            meaning = first[row.system, row.code].value_set
            yield Problem(
                row.file, row.line, f"{row.code}: one meaning for a question; it asks for {meaning}"
            )


def _expected_of(row: SiteCode, system: CodeSystem | None, lookup: Terminology) -> str:
    """What a row lacks; empty where it can be used."""
    if system is None:
        return f"a system or questionnaire of {SITE_FILE} or code_systems.toml"
    wrong = expected_of_code(row.code, system)
    if wrong:
        return wrong
    # A whole code wins over a prefix: a second meaning could take a red flag from the code.
    means = sorted(lookup.concepts_of(system.url, row.code))
    if means:
        return f"{row.code}: a code that the guideline does not know; it is in {', '.join(means)}"
    return ""


def _check_emergency_code(site: Site, systems: Mapping[str, CodeSystem], lookup: Terminology) -> None:
    """A draft with this code counts as sent to the emergency department, so it can mean nothing else."""
    order = site.orders.get("emergency")
    system = systems.get(order.system) if order else None
    means = sorted(lookup.concepts_of(system.url, order.code.code)) if order and system else []
    expected = f"a code of its own for the emergency referral; it is in {', '.join(means)}"
    refuse([site.table.problem(Fault(("orders", "emergency", "code"), expected))] if means else [])


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
    if system is None or expected_of_code(order.code.code, system):
        expected = "the short name of a code system, and a code of it"
        raise content_error([site.table.problem(Fault((table, name), expected))])
    return system


def list_changes(
    site: Site, notes: Mapping[str, Threshold], switches: Mapping[str, Any], time_zone: str
) -> Iterator[SiteChange]:
    """What the site changed of the guideline's own `notes`, `switches` and time zone, in the file's order.

    What it only repeats is no change.
    """
    for name, own in site.thresholds.items():
        if own.value == notes[name].value:
            continue
        before, after = f"{notes[name].value} {notes[name].unit}", f"{own.value} {notes[name].unit}"
        yield SiteChange("threshold", name, before, after, own.owner, own.date, own.reason)
    settings = [
        ("switch", name, switch_words(switches[name]), switch_words(own))
        for name, own in site.switches.items()
        if own != switches[name]
    ]
    if site.time_zone not in (None, time_zone):
        settings.append(("time zone", "time_zone", time_zone, site.time_zone))
    if site.leaflet_url:
        settings.append(("leaflet", "leaflet_url", "none", site.leaflet_url))
    for table in (site.studies, site.orders):
        settings += [("order code", name, "", f"{own.system} {own.code.code}") for name, own in table.items()]
    for kind, name, before, after in settings:
        yield SiteChange(kind, name, before, after, site.owner, site.date, "")
