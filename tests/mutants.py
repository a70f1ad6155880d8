"""What `make mutants` left alive: figures of each module, and every survivor without a reason.

    python -m tests.mutants            after a run of mutmut, in the folder that holds `mutants/`
    python -m tests.mutants --list     every survivor, as `docs/mutants.toml` names it

Ends with 1 where a survivor has no reason in `docs/mutants.toml`, or too few mutants were killed.
"""

import ast
import difflib
import json
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MADE = Path("mutants") / "cds_service" / "guideline"
REASONS = Path("docs") / "mutants.toml"
LEAST_KILLED = 0.90

_NUMBER = re.compile(r"__mutmut_\d+$")


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no test and no type noticed."""

    function: str  # module:function
    change: str  # the lines that replaced others, on one line

    def __str__(self) -> str:
        return f"{self.function} | {self.change}"


def figures() -> dict[str, Counter[str]]:
    """Of each module how many mutants the tests killed, the types refused, survived or did not run."""
    counted = {}
    for file in _results():
        codes = json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
        if codes:
            counted[_module(file)] = Counter(map(_state, codes.values()))
    return counted


def survivors() -> Iterator[Survivor]:
    """Every mutant that survived, in the order of the sources."""
    for file in _results():
        codes = json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
        names = [name for name, code in codes.items() if _state(code) == "survived"]
        if names:
            yield from _changes(file.with_suffix(""), names)


def reasons() -> Mapping[str, str]:
    """Why a survivor is harmless, by how it is written."""
    table = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    return {mutant: group["reason"] for group in table.get("harmless", ()) for mutant in group["mutants"]}


def _results() -> list[Path]:
    return sorted(MADE.rglob("*.meta"))


def _module(file: Path) -> str:
    return ".".join(file.relative_to("mutants").with_suffix("").with_suffix("").parts)


def _state(code: int | None) -> str:
    match code:
        case None:
            return "not run"
        case 0 | 33:
            return "survived"
        case 37:
            return "types"
    return "killed"


def _changes(source: Path, names: Sequence[str]) -> Iterator[Survivor]:
    """mutmut keeps the original and every mutant of a function in one file, each under a name of its own."""
    text = source.read_text(encoding="utf-8")
    lines = text.splitlines()
    module = ".".join(source.relative_to("mutants").with_suffix("").parts)
    bodies = {
        node.name: [line.strip() for line in lines[node.lineno : node.end_lineno]]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and "__mutmut_" in node.name
    }
    for name in names:
        own = name.removeprefix(f"{module}.")
        before, after = bodies[_NUMBER.sub("__mutmut_orig", own)], bodies[own]
        added = [line[2:] for line in difflib.ndiff(before, after) if line.startswith("+ ")]
        function = _NUMBER.sub("", own).removeprefix("x_").replace("xǁ", "").replace("ǁ", ".")
        yield Survivor(f"{module}:{function}", " ".join(added) or "(a line less)")


def main(arguments: Sequence[str]) -> int:
    found = list(survivors())
    if "--list" in arguments:
        print(*found, sep="\n")
        return 0
    known = reasons()
    counted = figures()
    total: Counter[str] = sum(counted.values(), Counter())
    for module, counts in [*counted.items(), ("all", total)]:
        print(f"{module.removeprefix('cds_service.guideline.'):36}{_line(counts)}")
    unknown = [each for each in found if str(each) not in known]
    for each in unknown:
        print(f"without a reason: {each}")
    for stale in known.keys() - set(map(str, found)):
        print(f"killed or gone, so needs no reason: {stale}")
    return int(bool(unknown) or _share(total) < LEAST_KILLED)


def _line(counts: Counter[str]) -> str:
    parts = (f"{counts[name]:6} {name}" for name in ("killed", "types", "survived", "not run"))
    return f"{''.join(parts)}  {_share(counts):6.1%}"


def _share(counts: Counter[str]) -> float:
    """Killed by a test, of those that tests have run on: what the types refuse counts on neither side."""
    run = counts["killed"] + counts["survived"]
    return counts["killed"] / run if run else 1.0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
