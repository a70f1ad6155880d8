"""Takes the work out of one function, wherever it is used: it then gives the empty value of its type.

The code of the function object is replaced and not a name in a module, so that no importer keeps the original.
"""

import inspect
import types
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from importlib import import_module
from typing import Any, Union, get_args, get_origin, get_type_hints


def find_function(name: str) -> Any:
    """The function that `module:qualified.name` names, below its decorators; raises if there is none."""
    module, _, path = name.partition(":")
    found: Any = import_module(module)
    for part in path.split("."):
        found = inspect.getattr_static(found, part)
    while not isinstance(found, types.FunctionType):
        found = next(
            getattr(found, inner)
            for inner in ("fget", "func", "__func__", "__wrapped__")
            if hasattr(found, inner)
        )
    return inspect.unwrap(found)


def stand_ins(function: Any) -> list[Callable[..., Any]]:
    """What may stand in for it: one that gives nothing, for a truth value one of each, else one that raises."""
    returned = get_type_hints(function).get("return")
    return _empty(returned) or [_raise]


def put_in(function: Any, stand_in: Callable[..., Any]) -> None:
    """Replace what the function does in this process; there is no way back, so do it in a fork."""
    function.__code__ = stand_in.__code__.replace(co_freevars=())
    function.__defaults__ = function.__kwdefaults__ = None


def _empty(returned: Any) -> list[Callable[..., Any]]:
    kind = get_origin(returned) or returned
    arguments = get_args(returned)
    if returned in (None, type(None)) or (kind in (Union, types.UnionType) and type(None) in arguments):
        return [_none]
    if kind is bool:
        return [_false, _true]
    if kind is tuple and Ellipsis not in arguments:
        return []  # a pair has no empty value
    for base, stand_in in _EMPTY:
        if isinstance(kind, type) and issubclass(kind, base):
            return [stand_in]
    return []


def _none(*_: Any, **__: Any) -> Any:
    return None


def _false(*_: Any, **__: Any) -> Any:
    return False


def _true(*_: Any, **__: Any) -> Any:
    return True


def _text(*_: Any, **__: Any) -> Any:
    return ""


def _number(*_: Any, **__: Any) -> Any:
    return 0


def _items(*_: Any, **__: Any) -> Any:
    return iter(())


def _mapping(*_: Any, **__: Any) -> Any:
    return {}


def _frozenset(*_: Any, **__: Any) -> Any:
    return frozenset()


def _list(*_: Any, **__: Any) -> Any:
    return []


def _tuple(*_: Any, **__: Any) -> Any:
    return ()


def _raise(*_: Any, **__: Any) -> Any:
    raise AssertionError("knocked out")


_EMPTY: tuple[tuple[type, Callable[..., Any]], ...] = (
    (str, _text),
    (int, _number),
    (Mapping, _mapping),
    (Set, _frozenset),
    (list, _list),
    (Sequence, _tuple),
    (Iterator, _items),
)
