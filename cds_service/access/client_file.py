"""Reads client profiles from a TOML file, and tells everything that is wrong with it at once.

A message names file, line, key and what was expected, and never what stood there:
a secret that was pasted into the wrong place must not reach a terminal or a log.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError

from cds_service.access.client_checks import PATHS, faults_among, faults_of_client
from cds_service.access.clients import ClientProfile, Clients
from cds_service.guideline.faults import EntryPath, Fault, validation_faults
from cds_service.guideline.problems import Problem
from cds_service.guideline.toml_lines import line_of, line_of_error

PROFILES = Path(__file__).parent / "profiles"
# What stands in a template where an owner's own value belongs.
PLACEHOLDER = "REPLACE_THIS"
_TEMPLATE_ADVICE = "a template: copy it, fill in the copy, and name the copy in CDS_CLIENTS"


class ClientsError(Exception):
    """The file of client profiles cannot be used; `problems` say where and what was expected, one a line."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    protect_discovery: StrictBool = False
    client: list[dict[str, Any]] = Field(default_factory=list, min_length=1, validate_default=True)


def shipped_profiles() -> tuple[str, ...]:
    """The names of the profiles that come with the service."""
    return tuple(sorted(file.stem for file in PROFILES.glob("*.toml")))


def load_clients(named: str) -> Clients:
    """The clients of a TOML file, or of a shipped one where `named` is its name; raises ClientsError."""
    if named in shipped_profiles():
        return read_clients(PROFILES / f"{named}.toml")
    path = Path(named)
    if not path.is_file():
        shipped = ", ".join(shipped_profiles())
        raise ClientsError(Problem("CDS_CLIENTS", None, f"the path of a TOML file, or one of {shipped}"))
    return read_clients(path)


def read_clients(path: Path) -> Clients:
    """The clients of a TOML file with a table `[[client]]` each; raises ClientsError with every problem."""
    text, told = _read_toml(path)
    faults = list(_placeholders(told))
    if faults and path.parent == PROFILES:
        raise ClientsError(Problem(path.name, None, _TEMPLATE_ADVICE), *_located(path, text, faults))
    unfilled = {fault.path for fault in faults}
    faults += [fault for fault in _faults(told, path.parent) if fault.path not in unfilled]
    if faults:
        raise ClientsError(*_located(path, text, faults))
    return Clients.model_validate(_with_paths_from(told, path.parent))


def _read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    line = None
    try:
        text = path.read_text(encoding="utf-8-sig")
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:  # its words may quote the file
        line, expected = line_of_error(error), "valid TOML"
    except RecursionError:
        expected = "lists and tables that nest less deep"
    except OSError:
        expected = "a file that can be read"
    except UnicodeDecodeError:
        expected = "a text in UTF-8"
    except ValueError:  # an integer of more digits than Python reads
        expected = "numbers of fewer digits"
    raise ClientsError(Problem(path.name, line, expected))


def _placeholders(value: Any, path: EntryPath = ()) -> Iterator[Fault]:
    """Every value that the owner of the file has yet to give."""
    match value:
        case str() if PLACEHOLDER in value:
            yield Fault(path, f"your own value in place of {PLACEHOLDER}")
        case dict():
            for name, member in value.items():
                yield from _placeholders(member, (*path, name))
        case list():
            for position, member in enumerate(value):
                yield from _placeholders(member, (*path, position))


def _faults(told: Mapping[str, Any], folder: Path) -> Iterator[Fault]:
    yield from _type_faults(_File, told)
    clients = told.get("client")
    tables = clients if isinstance(clients, list) else []
    for position, table in enumerate(tables):
        if not isinstance(table, dict):
            continue
        wrong = _type_faults(ClientProfile, table)
        yield from (Fault(("client", position, *fault.path), fault.expected) for fault in wrong)
        readable = {key: value for key, value in table.items() if key not in {f.path[0] for f in wrong}}
        for fault in faults_of_client(readable, folder):
            yield Fault(("client", position, *fault.path), fault.expected)
    yield from faults_among([table if isinstance(table, dict) else {} for table in tables])


def _type_faults(model: type[BaseModel], table: Mapping[str, Any]) -> list[Fault]:
    try:
        model.model_validate(table)
    except ValidationError as error:
        return list(_without_values(error))
    return []


# What pydantic would say in its own words, or of which it would quote what stood there.
_WORDS = {
    "tuple_type": "a list",
    "list_type": "tables [[client]]",
    "dict_type": "a table",
    "int_type": "a whole number without quotes",
    "greater_than_equal": "1 or more",
    "too_short": "at least one [[client]]",
    "path_type": "a path in quotes",
}


def _without_values(error: ValidationError) -> Iterator[Fault]:
    """The faults, each once: a union tells one for each of its members, with their names behind the place."""
    told = zip(error.errors(include_input=False, include_url=False), validation_faults(error), strict=True)
    faults: dict[EntryPath, Fault] = {}
    for found, fault in told:
        path = tuple(fault.path[: 1 + (len(fault.path) > 1)])
        expected = "a network" if path != fault.path else _WORDS.get(found["type"], fault.expected)
        faults.setdefault(path, Fault(path, expected))
    yield from faults.values()


def _located(path: Path, text: str, faults: list[Fault]) -> Iterator[Problem]:
    """The faults with their lines, in the order of the file."""
    problems = {Problem(path.name, line_of(text, fault.path), str(fault)) for fault in faults}
    yield from sorted(problems, key=lambda problem: (problem.line or 0, problem.expected))


def _with_paths_from(told: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The tables with each path as seen from the folder of the file, and not from where the service runs."""
    tables = [
        {key: folder / value if key in PATHS else value for key, value in table.items()}
        for table in told["client"]
    ]
    return {**told, "client": tables}
