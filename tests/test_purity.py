"""What decides about a patient touches nothing outside: no web, network, clock, environment or log."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "cds_service"
PURE_ROOTS = ["answer.py", "errors.py", "record", "guideline", "protocol", "knowledge"]
IMPURE_MODULES = {
    "asyncio",
    "flask",
    "gunicorn",
    "http",
    "httpx",
    "logging",
    "os",
    "random",
    "requests",
    "secrets",
    "socket",
    "structlog",
    "subprocess",
    "sys",
    "threading",
    "time",
    "urllib.request",
    "urllib3",
    "werkzeug",
}
IMPURE_CALLS = {"now", "today", "utcnow", "uuid1", "uuid4", "getenv", "print", "input"}
CLOCK_AND_ENVIRONMENT = {"app.py", "settings.py"}


def sources(root: str) -> Iterator[Path]:
    path = PACKAGE / root
    yield from [path] if path.suffix else sorted(path.rglob("*.py"))


def with_own_imports(path: Path, seen: set[Path] | None = None) -> set[Path]:
    """A module and every module of this package that it needs, however far away."""
    seen = set() if seen is None else seen
    if path not in seen:
        seen.add(path)
        for name in imported(path):
            if name.startswith("cds_service"):
                with_own_imports(file_of(name), seen)
    return seen


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def imported(path: Path) -> Iterator[str]:
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            # `from package import module` needs the module, too.
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name for name in names if name.startswith("cds_service") and file_of(name).exists())


def file_of(module: str) -> Path:
    path = PACKAGE.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def called(path: Path) -> Iterator[str]:
    for node in nodes_of(path):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Attribute(attr=name) | ast.Name(id=name):
                    yield name


PURE = sorted({module for root in PURE_ROOTS for path in sources(root) for module in with_own_imports(path)})
NAMES = [str(path.relative_to(PACKAGE)) for path in PURE]


@pytest.mark.parametrize("path", PURE, ids=NAMES)
def test_a_pure_module_imports_nothing_impure(path: Path) -> None:
    roots = {name if name in IMPURE_MODULES else name.split(".")[0] for name in imported(path)}
    assert not roots & IMPURE_MODULES


@pytest.mark.parametrize("path", PURE, ids=NAMES)
def test_a_pure_module_makes_no_time_chance_or_output_of_its_own(path: Path) -> None:
    assert not set(called(path)) & IMPURE_CALLS


def names_the_environment(path: Path) -> bool:
    """Whether it says `os.environ`, or imports it; `os` alone also makes files safe and knows users."""
    for node in nodes_of(path):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "environb"):
                return True
            case ast.ImportFrom(module="os", names=names) if {"environ", "environb"} & {
                n.name for n in names
            }:
                return True
    return False


def test_only_two_modules_read_the_clock_or_the_environment() -> None:
    readers = {
        path.name
        for path in PACKAGE.rglob("*.py")
        if {"now", "today", "utcnow", "getenv"} & set(called(path)) or names_the_environment(path)
    }
    assert readers <= CLOCK_AND_ENVIRONMENT


def test_the_pure_part_is_there() -> None:
    assert {path.relative_to(PACKAGE).parts[0] for path in PURE} >= set(PURE_ROOTS)
