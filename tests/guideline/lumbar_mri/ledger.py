"""What the rules conclude in every test of this folder, whole, compared with what is written down.

A test says the one thing that it is about. The ledger holds the rest: tier, words, note, date and source of each
fact, checks, flags, blanks. So a change of a rule shows whom else it concerns, in the difference of a text file.

    python -m tests.guideline.lumbar_mri.ledger      write it anew, after reading why a test differs

A test that is not in the ledger is not compared.
"""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Set
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache, wraps
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from cds_service.guideline.content import Guideline
from cds_service.record.dates import Interval
from cds_service.record.facts import Fact, PatientFacts

FOLDER = Path(__file__).parent / "conclusions"
_RULES = "cds_service.guideline.lumbar_mri."
# What these write is the words of the cards, which are the clinicians' and may change any day.
WRITERS = frozenset(
    {
        "card_words", "changed_order", "detail", "escaping", "phrases", "render", "safety_card", "suggested_actions",
        "suggestions", "summary", "why", "word_check", "wording",
    }
)  # fmt: skip


# Modules that ask thousands of codes or orders the same question; what they find would say nothing more.
_NOT_KEPT = frozenset({"test_order", "test_pairs", "test_keys_of_words", "test_no_red_flag_falls_through"})


def keeps(module: str) -> bool:
    """Whether the ledger holds the tests of a module."""
    return module not in _NOT_KEPT and is_open()


def is_open() -> bool:
    """Whether conclusions are compared with it at all."""
    return not _closed


def close() -> None:
    """Compare nothing from here on: `tests.traceability` asks whether a test notices by itself."""
    global _closed
    _closed = True


_closed = False


def rules_in(module: ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The rules that a module of tests imports, by name."""
    is_of_pain = module.__name__.endswith("test_pain")
    for name, value in vars(module).items():
        home = getattr(value, "__module__", None) or ""
        # The pain is told in the tests of the pain; elsewhere it is the same again and again.
        is_rule = isinstance(value, FunctionType) and home.startswith(_RULES)
        if is_rule and home.removeprefix(_RULES) not in WRITERS and (name != "read_pain" or is_of_pain):
            yield name, value


def listened(name: str, rule: Callable[..., Any], told: list[Any]) -> Callable[..., Any]:
    """The rule, which also notes what it concludes."""

    @wraps(rule)
    def listen(*args: Any, **kwargs: Any) -> Any:
        result = rule(*args, **kwargs)
        if isinstance(result, Iterator):
            result = list(result)
            told.append([name, plain(result)])
            return iter(result)
        told.append([name, plain(result)])
        return result

    return listen


def written(module: str, test: str) -> Any:
    """What the ledger holds of a test; None where it does not know the test."""
    return _read(module).get(test)


def plain(value: Any) -> Any:
    """A value as JSON; of a dataclass only what differs from the default."""
    match value:
        case None | bool() | int() | str() if not isinstance(value, Enum):
            return value
        case Enum():
            return value.value
        case Interval():
            days = str(value.first) if value.first == value.last else f"{value.first}/{value.last}"
            return f"{days} {value.at:%H:%M}" if value.at else days
        case Decimal() | date() | datetime():
            return str(value)
        case Guideline() | PatientFacts():
            return type(value).__name__
        case Fact():
            return f"{value.resource} {value.when and plain(value.when)}"
        case Mapping():
            return {str(key): plain(member) for key, member in sorted(value.items())}
        case Set():
            return sorted(map(plain, value))
        case list() | tuple():
            return [plain(member) for member in value]
    if dataclasses.is_dataclass(value):
        return {
            field.name: plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.repr and getattr(value, field.name) != field.default
        }
    return str(value)


@cache
def _read(module: str) -> dict[str, Any]:
    file = FOLDER / f"{module}.jsonl"
    if not file.exists():
        return {}
    return dict(json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())


def write(told: Mapping[str, Mapping[str, Any]]) -> None:
    """The ledger, one file a module and one line a test."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.jsonl"):
        old.unlink()
    for module, tests in told.items():
        lines = (json.dumps(item, ensure_ascii=False) for item in sorted(tests.items()) if item[1])
        text = "".join(f"{line}\n" for line in lines)
        if text:
            (FOLDER / f"{module}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    here = Path(__file__).parent
    sys.exit(subprocess.run([sys.executable, "-m", "pytest", "-q", str(here), "--write-ledger"]).returncode)
