"""A site's own settings over the guideline: one folder with `site.toml` and its local codes.

A site changes numbers, switches and codes that it answers for, each with an owner and a date.
It cannot add a rule, take a code away or reword a card: those belong to the guideline itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import Field

from cds_service.guideline.content_files import (
    Day,
    Folder,
    Line,
    Number,
    Strict,
    Table,
    content_files,
    digest_of,
    parse_table,
    read_table,
)
from cds_service.guideline.faults import EntryPath, Fault
from cds_service.guideline.links import is_link
from cds_service.guideline.lumbar_mri.order_codes import ORDERS, STUDIES, Code
from cds_service.guideline.problems import Problem, refuse
from cds_service.guideline.site_codes import CSV_FILE, MAP_FILE, SiteCode, read_site_codes
from cds_service.guideline.thresholds import Switches, Thresholds
from cds_service.guideline.time_zones import is_time_zone
from cds_service.record.terminology import CodeSystem, plain_address

SITE_FILE = "site.toml"
_FILES = (SITE_FILE, CSV_FILE, MAP_FILE, "README.md")
_LOOKS_LIKE_CONTENT = (".toml", ".csv", ".json", ".md", ".TOML", ".CSV", ".JSON", ".xlsx", ".txt")
_CODE = re.compile(r"\S+(?: \S+)*")  # as FHIR writes a code
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s|<>\"]+")


@dataclass(frozen=True, slots=True)
class SiteThreshold:
    """A number of the guideline as the site has it, who answers for it, since when and why."""

    value: Decimal
    owner: str
    date: date
    reason: str


@dataclass(frozen=True, slots=True)
class SiteChange:
    """One thing that a site changed: what it was, what it is, and who answers for it."""

    kind: str  # "threshold", "switch", "time zone", "leaflet", "order code"
    name: str
    before: str
    after: str
    owner: str
    date: date
    reason: str


@dataclass(frozen=True, slots=True)
class OwnCode:
    """A code of the site for an order that a card suggests."""

    system: str  # the short name of a code system of the site or the guideline
    code: Code


@dataclass(frozen=True, slots=True)
class Site:
    """What one site changes; everything that it does not name stays as the guideline has it."""

    name: str
    owner: str
    date: date
    time_zone: str | None
    leaflet_url: str
    thresholds: Mapping[str, SiteThreshold]
    switches: Mapping[str, Any]
    systems: tuple[CodeSystem, ...]
    questionnaires: Mapping[str, str]  # short name -> canonical address
    studies: Mapping[str, OwnCode]
    orders: Mapping[str, OwnCode]
    codes: tuple[SiteCode, ...]
    digest: str
    table: Table = field(repr=False)  # site.toml itself, in which the line of a fault is looked up

    @property
    def answers(self) -> dict[tuple[str, str], str]:
        """The concept that a question of the site's forms asks for, by canonical address and linkId."""
        forms = set(self.questionnaires.values())
        return {(row.system, row.code): row.value_set for row in self.codes if row.system in forms}

    @property
    def coded(self) -> tuple[SiteCode, ...]:
        """The codes that are no questions."""
        forms = set(self.questionnaires.values())
        return tuple(row for row in self.codes if row.system not in forms)


class _Threshold(Strict):
    value: Number
    owner: Line
    date: Day
    reason: Line


class _System(Strict):
    url: Line
    aliases: tuple[Line, ...] = ()


class _OwnCode(Strict):
    system: Line
    code: Line
    display: Line
    says: str = ""


class _File(Strict):
    name: Line
    owner: Line
    date: Day
    time_zone: str | None = None
    leaflet_url: str = ""
    thresholds: dict[str, _Threshold] = Field(default_factory=dict)
    switches: dict[str, Any] = Field(default_factory=dict)
    code_systems: dict[str, _System] = Field(default_factory=dict)
    questionnaires: dict[str, Line] = Field(default_factory=dict)
    studies: dict[str, _OwnCode] = Field(default_factory=dict)
    orders: dict[str, _OwnCode] = Field(default_factory=dict)


def read_site(folder: Folder) -> Site:
    """The overlay of one folder; raises ContentError for a name that nobody knows.

    Whether its systems and value sets exist is told when it is laid over a guideline.
    """
    table = read_table(folder, SITE_FILE)
    refuse(_unread_files(folder))
    file = parse_table(_File, table)
    refuse(map(table.problem, _faults(file)))
    systems = tuple(
        CodeSystem(name, system.url, system.aliases) for name, system in file.code_systems.items()
    )
    known = {name: system.url for name, system in file.code_systems.items()} | file.questionnaires
    return Site(
        name=file.name,
        owner=file.owner,
        date=file.date,
        time_zone=file.time_zone,
        leaflet_url=file.leaflet_url,
        thresholds={name: SiteThreshold(**one.model_dump()) for name, one in file.thresholds.items()},
        switches=file.switches,
        systems=systems,
        questionnaires=file.questionnaires,
        studies=_own_codes(file.studies),
        orders=_own_codes(file.orders),
        codes=read_site_codes(folder, known),
        digest=digest_of(folder, (".toml", ".csv", ".json")),
        table=table,
    )


def _unread_files(folder: Folder) -> Iterator[Problem]:
    """A file that nobody reads, such as "code.csv": its owner would believe in it."""
    for name in sorted(name for name, _ in content_files(folder, _LOOKS_LIKE_CONTENT)):
        if name not in _FILES and not name.startswith("."):
            yield Problem(name, None, f"no such file; an overlay is {', '.join(_FILES)}")


def _own_codes(given: Mapping[str, _OwnCode]) -> dict[str, OwnCode]:
    return {name: OwnCode(one.system, Code(one.code, one.display, one.says)) for name, one in given.items()}


def _faults(file: _File) -> Iterator[Fault]:
    known = {
        "thresholds": {one.name for one in fields(Thresholds)},
        "switches": {one.name for one in fields(Switches)},
        "studies": STUDIES,
        "orders": ORDERS,
    }
    for table, names in known.items():
        for name in sorted(getattr(file, table).keys() - names):
            yield Fault((table, name), "no such name")
    if file.leaflet_url and not is_link(file.leaflet_url, ("https", "http")):
        yield Fault(("leaflet_url",), "an absolute web address")
    if file.time_zone is not None and not is_time_zone(file.time_zone):
        yield Fault(("time_zone",), "a time zone such as Asia/Singapore")
    yield from _address_faults(file)
    yield from _own_code_faults(file)


def _address_faults(file: _File) -> Iterator[Fault]:
    """A name or an address that stands for two things, or for nothing that a client could send."""
    owner: dict[str, EntryPath] = {}
    for table, named in (
        ("code_systems", {name: (one.url, *one.aliases) for name, one in file.code_systems.items()}),
        ("questionnaires", {name: (url,) for name, url in file.questionnaires.items()}),
    ):
        for name, spelled in named.items():
            where = (table, name)
            if not _ADDRESS.fullmatch(spelled[0]):
                yield Fault(
                    where, "an absolute address without a version, such as https://... or urn:oid:..."
                )
            for key in (name, *spelled):
                first = owner.setdefault(plain_address(key), where)
                if first != where:
                    yield Fault(where, f"{key} only once; {'.'.join(map(str, first))} has it, too")


def _own_code_faults(file: _File) -> Iterator[Fault]:
    """An order that could not be told from another when it comes back."""
    owner: dict[tuple[str, str], EntryPath] = {}
    for table, orders in (("studies", file.studies), ("orders", file.orders)):
        for name, one in orders.items():
            where = (table, name, "code")
            if not _CODE.fullmatch(one.code):
                yield Fault(where, "a code without blanks around it")
            first = owner.setdefault((one.system, one.code), where)
            if first != where:
                yield Fault(where, f"{one.code} only once; {first[0]}.{first[1]} has it, too")
