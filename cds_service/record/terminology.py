"""Which concepts a code stands for: the value sets of `cards/`, looked up by system and code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

NOTHING: frozenset[str] = frozenset()
REMEMBERED_CODES = 50_000
# "(disorder)" and "[own wording]" tell where a display comes from and mean nothing to a doctor.
_TAGS = re.compile(r" *(?:\((?:disorder|finding|procedure|situation|regime/therapy|physical object|person|"
                   r"morphologic abnormality)\)|\[(?:own wording|all codes with this prefix)\])")  # fmt: skip


@dataclass(frozen=True, slots=True)
class CodeSystem:
    """A code system of the value sets and the other names by which clients send it."""

    name: str
    url: str
    aliases: tuple[str, ...] = ()
    dots: bool = True  # False: compared without dots and in capitals
    check: str | None = None  # "verhoeff" or "mod10"
    form: str | None = None  # a regular expression that every code and prefix of a value set matches
    relative: str | None = None  # the system asked next where this one does not know the code
    notice: str = ""  # the licence notice that its codes travel with; empty where it asks for none


@dataclass(frozen=True, slots=True)
class ValueSetCode:
    """One row of a value set."""

    system: str
    code: str
    display: str
    prefix: bool
    provenance: str


@dataclass(frozen=True, slots=True)
class Terminology:
    """Codes to concepts; the longest match wins, so that M51.0 (with myelopathy) is not M51."""

    systems: Mapping[str, CodeSystem]  # by name
    value_sets: Mapping[str, tuple[ValueSetCode, ...]]  # by concept
    _names: Mapping[str, str]  # url or alias in lower case -> name
    _exact: Mapping[str, Mapping[str, frozenset[str]]]  # system name -> code -> concepts
    _prefixes: Mapping[str, Mapping[str, frozenset[str]]]
    _displays: Mapping[tuple[str, str], str]  # system name and spelled code -> display
    # Remembered between requests: bare codes, which are nothing of a patient; bounded against invented ones.
    _seen: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def concepts_of(self, system: str | None, code: str | None) -> frozenset[str]:
        """The concepts of one coding; empty where no value set knows it.

        A suffix after `|` is cut off, ICD matches with and without dots, and a system is known by its
        aliases; a system that only contains "icd-10" in its name is read as ICD-10-CM.
        """
        if not isinstance(system, str) or not isinstance(code, str):
            return NOTHING
        found = self._seen.get((system, code))
        if found is None:
            found = self._look_up(system, code)
            if len(self._seen) < REMEMBERED_CODES:
                self._seen[system, code] = found
        return found

    def concepts_anywhere(self, code: str) -> frozenset[str]:
        """The concepts of a code whose system is not told, as listed whole in any system."""
        spelled = ((name, spell(code, system)) for name, system in self.systems.items())
        tables = (
            (table.get(name, {}), own) for name, own in spelled for table in (self._exact, self._prefixes)
        )
        return NOTHING.union(*(codes.get(own, NOTHING) for codes, own in tables))

    def display_of(self, system: str | None, code: str | None) -> str | None:
        """The plain name that a value set gives the code or its longest listed prefix; None: unknown."""
        name = self.system_name(system) if isinstance(system, str) else None
        if name is None or not isinstance(code, str):
            return None
        spelled = spell(code, self.systems[name])
        for known in (name, self.systems[name].relative):
            for length in range(len(spelled), 0, -1):
                display = self._displays.get((known or "", spelled[:length]))
                if display is not None and (
                    length == len(spelled) or spelled[:length] in self._prefixes.get(known or "", {})
                ):
                    return display
        return None

    def system_name(self, system: str) -> str | None:
        """The short name of a system; None where no value set uses it."""
        name = self._names.get(plain_address(system))
        if name is None and "icd10" in system.lower().replace("-", "").replace("_", ""):
            return "icd-10-pcs" if "pcs" in system.lower() else "icd-10-cm"
        return name

    def _look_up(self, system: str, code: str) -> frozenset[str]:
        name = self.system_name(system)
        if name is None:
            return NOTHING
        spelled = spell(code, self.systems[name])
        found = self._match(name, spelled)
        relative = self.systems[name].relative
        return found if found or relative is None else self._match(relative, spelled)

    def _match(self, name: str, code: str) -> frozenset[str]:
        exact = self._exact.get(name, {}).get(code)
        if exact is not None:
            return exact
        prefixes = self._prefixes.get(name)
        if not prefixes:
            return NOTHING
        return next((prefixes[code[:n]] for n in range(len(code), 0, -1) if code[:n] in prefixes), NOTHING)


def spell(code: str, system: CodeSystem) -> str:
    """The code as it is compared: without a `|` suffix, and for ICD without dots and in capitals."""
    plain = code.split("|", 1)[0].strip()
    return plain if system.dots else plain.replace(".", "").replace("+", "").replace("*", "").upper()


def plain_address(system: str) -> str:
    """The address or alias of a system as it is compared: clients differ in capitals and a last slash."""
    return system.strip().lower().rstrip("/")


def build_terminology(
    systems: Iterable[CodeSystem], value_sets: Mapping[str, tuple[ValueSetCode, ...]]
) -> Terminology:
    """The lookup over all value sets; every code's system must be among `systems`."""
    by_name = {system.name: system for system in systems}
    names = {plain_address(alias): s.name for s in by_name.values() for alias in (s.url, *s.aliases)}
    displays: dict[tuple[str, str], str] = {}
    exact: dict[str, dict[str, set[str]]] = {}
    prefixes: dict[str, dict[str, set[str]]] = {}
    for concept, codes in value_sets.items():
        for row in codes:
            name = names[plain_address(row.system)]
            code = spell(row.code, by_name[name])
            displays.setdefault((name, code), _TAGS.sub("", row.display))
            table = prefixes if row.prefix else exact
            table.setdefault(name, {}).setdefault(code, set()).add(concept)
    _add_exact_members_of_prefixes(exact, prefixes)
    return Terminology(by_name, value_sets, names, _frozen(exact), _frozen(prefixes), displays)


def _add_exact_members_of_prefixes(
    exact: dict[str, dict[str, set[str]]], prefixes: dict[str, dict[str, set[str]]]
) -> None:
    """A code listed exactly in one set and as a prefix in another belongs to both."""
    for name, codes in exact.items():
        for code, concepts in codes.items():
            concepts |= prefixes.get(name, {}).get(code, set())


def _frozen(tables: Mapping[str, Mapping[str, set[str]]]) -> dict[str, dict[str, frozenset[str]]]:
    shared: dict[frozenset[str], frozenset[str]] = {}  # thousands of codes share a handful of concept sets

    def intern(concepts: set[str]) -> frozenset[str]:
        frozen = frozenset(concepts)
        return shared.setdefault(frozen, frozen)

    return {name: {code: intern(found) for code, found in codes.items()} for name, codes in tables.items()}


_VERHOEFF_D = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_VERHOEFF_P = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def has_valid_check_digit(code: str, check: str | None) -> bool:
    """Whether the code passes its system's check-digit rule; True where the system has none."""
    match check:
        case "verhoeff":
            return _is_number(code) and _verhoeff(code) == 0
        case "mod10":
            body, dash, digit = code.rpartition("-")
            return dash == "-" and _is_number(body) and digit == str(_mod10(body))
        case _:
            return True


def _is_number(text: str) -> bool:
    """Whether it is digits that a record holds; Python also takes those of other scripts for digits."""
    return text.isascii() and text.isdigit()


def _verhoeff(digits: str) -> int:
    state = 0
    for position, digit in enumerate(reversed(digits)):
        state = int(_VERHOEFF_D[state][int(_VERHOEFF_P[position % 8][int(digit)])])
    return state


def _mod10(digits: str) -> int:
    doubled = str(int(digits[::-1][0::2][::-1]) * 2)
    total = sum(map(int, doubled)) + sum(map(int, digits[::-1][1::2]))
    return -total % 10
