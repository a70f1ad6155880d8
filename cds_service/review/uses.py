"""Which numbers, switches, value sets and phrases a rule uses, read from the source of the rules that run.

The source is asked, and not a run over examples: a run shows only what its records happen to reach,
so that a number behind an unusual branch would be signed by nobody.
From a rule's function the reader follows every name that it mentions, through all rule modules; a function
that two recommendations share therefore stands with both.
A value set is used where its name stands as a text in that source, or a measurement is used that it holds.
"""

from __future__ import annotations

import ast
import inspect
import pkgutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import EnumType
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from cds_service import answer, record
from cds_service.guideline import lumbar_mri
from cds_service.guideline.thresholds import Switches, Thresholds
from cds_service.record.reading import MEASURES

Name = tuple[str, str]  # module and top-level name
_THRESHOLDS = frozenset(field.name for field in fields(Thresholds))
_SWITCHES = frozenset(field.name for field in fields(Switches))
_CRITERIA = "CRITERIA"  # sentences for people: they use nothing


@dataclass(frozen=True, slots=True)
class Uses:
    """What a rule's source mentions, each by its name in the content."""

    thresholds: frozenset[str] = frozenset()
    switches: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()  # every text; those that name a value set or a phrase use it


@dataclass(frozen=True, slots=True)
class _Definition:
    """A function, class or constant of a module: what it uses itself, and what it mentions."""

    uses: Uses
    mentions: frozenset[Name]


def uses_of(*rules: Callable[..., Any], without: Collection[Callable[..., Any]] = ()) -> Uses:
    """What the rules use, and everything that they call; nothing is followed into a rule of `without`."""
    known = _definitions()
    closed = {_name_of(rule) for rule in without}
    waiting = [_name_of(rule) for rule in rules]
    seen: set[Name] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name in closed or name not in known:
            continue
        seen.add(name)
        waiting.extend(known[name].mentions)
    found = [known[name].uses for name in seen]
    return Uses(
        frozenset().union(*(use.thresholds for use in found)),
        frozenset().union(*(use.switches for use in found)),
        _with_measured(frozenset().union(*(use.texts for use in found))),
    )


def _with_measured(texts: frozenset[str]) -> frozenset[str]:
    """The texts, and the value sets whose codes name one of their measurements."""
    return texts | {concept for concept, measure in MEASURES.items() if measure in texts}


def _name_of(rule: Callable[..., Any]) -> Name:
    rule = inspect.unwrap(rule)
    return rule.__module__, rule.__qualname__


@cache  # the source does not change while the program runs
def _definitions() -> Mapping[Name, _Definition]:
    modules = {module.__name__: module for module in _modules()}
    return {
        (name, defined): _Definition(*_read(node, module, modules))
        for name, module in modules.items()
        for node in ast.parse(inspect.getsource(module)).body
        for defined in _defined_by(node)
        if defined != _CRITERIA
    }


def _modules() -> Iterator[ModuleType]:
    """Everything pure that an answer runs through: the reading of the record, the rules, the cards."""
    yield answer
    for package in (record, lumbar_mri):
        for found in pkgutil.iter_modules(package.__path__):
            yield import_module(f"{package.__name__}.{found.name}")


def _defined_by(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from _names_in(targets)
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name


def _names_in(targets: Iterable[ast.expr]) -> Iterator[str]:
    for target in targets:
        yield from (found.id for found in ast.walk(target) if isinstance(found, ast.Name))


def _read(
    node: ast.stmt, module: ModuleType, modules: Mapping[str, ModuleType]
) -> tuple[Uses, frozenset[Name]]:
    attributes, texts, mentions = set(), set(), set()
    for found in _walk(node):
        match found:
            case ast.Constant(value=str(text)):
                texts.add(text)
            case ast.Name(id=name):
                mentions.add(_home((module.__name__, name), modules))
            case ast.Attribute(value=ast.Name(id=alias), attr=name):
                named = vars(module).get(alias)
                if isinstance(named, ModuleType):
                    mentions.add(_home((named.__name__, name), modules))
                elif isinstance(named, EnumType) and name in named.__members__:
                    texts.add(str(named[name].value))
                attributes.add(name)
            case ast.Attribute(attr=name):
                attributes.add(name)
    return (
        Uses(_THRESHOLDS & attributes, _SWITCHES & attributes, frozenset(texts)),
        frozenset(mentions),
    )


def _walk(node: ast.stmt) -> Iterator[ast.AST]:
    """Every node; of an enumeration none, because a rule uses the members that it names and not all."""
    is_enumeration = isinstance(node, ast.ClassDef) and any(
        isinstance(base, ast.Name) and base.id.endswith("Enum") for base in node.bases
    )
    return iter(()) if is_enumeration else ast.walk(node)


def _home(name: Name, modules: Mapping[str, ModuleType]) -> Name:
    """Where it is defined: a name that a module only imported leads on to its source."""
    while name[0] in modules and name[1] in (imported := _imports(modules[name[0]])):
        name = imported[name[1]]
    return name


@cache
def _imports(module: ModuleType) -> Mapping[str, Name]:
    return {
        (alias.asname or alias.name): (node.module or "", alias.name)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
