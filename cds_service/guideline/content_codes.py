"""The codes of a guideline: code systems, value sets, prefetch queries and suggested orders."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from cds_service.guideline.content_files import Folder, Strict, parse_table, read_text, read_toml
from cds_service.guideline.lumbar_mri.order_codes import OrderCodes, OrderCodesError, read_order_codes
from cds_service.guideline.problems import ContentError
from cds_service.guideline.site import SITE_FILE, Site
from cds_service.guideline.site_overlay import own_order_codes, own_systems, own_value_sets
from cds_service.record.terminology import (
    CodeSystem,
    Terminology,
    ValueSetCode,
    build_terminology,
    has_valid_check_digit,
)


class _CodeSystem(Strict):
    url: str
    aliases: tuple[str, ...] = ()
    dots: bool = True
    check: str | None = None
    relative: str | None = None
    notice: str = ""


class Prefetch(Strict):
    query: str
    reason: str
    codes: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    only_with: str = ""  # a switch: asked for only where it is on


def read_terminology(
    folder: Folder, site: Site | None = None, concepts: frozenset[str] = frozenset()
) -> Terminology:
    """The value sets of the folder, with the site's codes; `concepts` have words but maybe no codes."""
    raw = read_toml(folder, "code_systems.toml")
    systems = [
        CodeSystem(name, **parse_table(_CodeSystem, "code_systems.toml", v).model_dump())
        for name, v in raw.items()
    ]
    by_url = {system.url: system for system in systems}
    value_sets: dict[str, tuple[ValueSetCode, ...]] = {}
    for path, concept in _value_set_files(folder):
        codes = tuple(_read_value_set(folder, path, by_url))
        value_sets[concept] = value_sets.get(concept, ()) + codes
    _refuse_duplicates(value_sets)
    if site is not None:
        systems = own_systems(systems, site)
        value_sets = own_value_sets(value_sets, systems, concepts, site)
    return build_terminology(systems, value_sets)


def _value_set_files(folder: Folder) -> Iterator[tuple[str, str]]:
    """Path and concept of every value set; the wider SNOMED lists add to the concept of the same name."""
    for base in ("value_sets", "value_sets/extended_snomed"):
        where = folder.joinpath(base)
        if where.is_dir():
            names = sorted(entry.name for entry in where.iterdir() if entry.name.endswith(".csv"))
            yield from ((f"{base}/{name}", name.removesuffix(".csv")) for name in names)


_COLUMNS = ["system", "code", "display", "match", "provenance"]


def _read_value_set(folder: Folder, path: str, systems: Mapping[str, CodeSystem]) -> Iterator[ValueSetCode]:
    reader = csv.DictReader(io.StringIO(read_text(folder, path)))
    if reader.fieldnames != _COLUMNS:
        raise ContentError(path, 1, f"the columns {','.join(_COLUMNS)}")
    for line, row in enumerate(reader, start=2):
        system = systems.get(row["system"] or "")
        if None in row.values() or None in row:
            raise ContentError(path, line, f"{len(_COLUMNS)} columns")
        if system is None:
            raise ContentError(path, line, "a system of code_systems.toml")
        if not has_valid_check_digit(row["code"], system.check):
            raise ContentError(path, line, f"a code with a right check digit ({system.check})")
        if row["match"] not in ("exact", "prefix"):
            raise ContentError(path, line, "match: exact or prefix")
        if not row["code"].strip() or not row["provenance"].strip():
            raise ContentError(path, line, "a code and its provenance")
        yield ValueSetCode(
            row["system"], row["code"], row["display"], row["match"] == "prefix", row["provenance"]
        )


def _refuse_duplicates(value_sets: Mapping[str, tuple[ValueSetCode, ...]]) -> None:
    for concept, codes in value_sets.items():
        seen: set[tuple[str, str]] = set()
        for row in codes:
            if (row.system, row.code) in seen:
                raise ContentError(f"value_sets/{concept}.csv", None, f"{row.code} only once")
            seen.add((row.system, row.code))


def read_prefetch(folder: Folder) -> dict[str, Prefetch]:
    raw = read_toml(folder, "prefetch.toml")
    return {key: parse_table(Prefetch, "prefetch.toml", wanted) for key, wanted in raw.items()}


def query_of(key: str, wanted: Prefetch, terminology: Terminology, site: Site | None = None) -> str:
    """The search with the codes of its value sets; whole codes only: a search cannot match a prefix.

    Of a site's codes, those of its own systems, too.
    """
    unknown = [concept for concept in wanted.codes if concept not in terminology.value_sets]
    if unknown or ("$codes" in wanted.query) != bool(wanted.codes):
        raise ContentError("prefetch.toml", None, f"{key}: $codes and the names of value sets")
    systems = {*wanted.systems, *(system.name for system in (site.systems if site else ()))}
    codes = {
        _as_token(row.code): None
        for concept in wanted.codes
        for row in terminology.value_sets[concept]
        if not row.prefix and terminology.system_name(row.system) in systems
    }
    return wanted.query.replace("$codes", ",".join(codes))


_SEARCH_MEANS = re.compile(r"([\\,|$])")


def _as_token(code: str) -> str:
    """The code in a search: what separates tokens is escaped, what an address cannot hold is encoded."""
    return quote(_SEARCH_MEANS.sub(r"\\\1", code), safe="")


def read_orders_out(folder: Folder, terminology: Terminology, site: Site | None = None) -> OrderCodes:
    """The codes of suggested orders, each of which must stand in a value set."""
    try:
        read = read_order_codes(read_toml(folder, "orders_out.toml"))
    except OrderCodesError as error:
        raise ContentError("orders_out.toml", None, str(error)) from error
    if site is not None:
        read = own_order_codes(read, terminology.systems, site)
    for order in (*read.studies.values(), *read.orders.values()):
        for system, code in order.codes.items():
            known = terminology.systems.get(system)
            if known is None or not terminology.concepts_of(known.url, code.code):
                file = SITE_FILE if site and _is_own(order.name, system, site) else "orders_out.toml"
                raise ContentError(file, None, f"{system}|{code.code}: a code of a value set")
    return read


def _is_own(name: str, system: str, site: Site) -> bool:
    own = {**site.studies, **site.orders}.get(name)
    return own is not None and own.system == system
