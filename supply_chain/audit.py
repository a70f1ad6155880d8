"""Tells which packages of the lock file have a known vulnerability, and what could not be asked about.

    python -m supply_chain.audit

Exit status: 0 where none is known or nobody could be asked, 1 where one is known,
2 where the lock file cannot be audited at all.
pip-audit alone ends with "No known vulnerabilities found" where it could ask about nothing.
"""

from __future__ import annotations

import json
import re
import subprocess  # nosec B404 # runs pip-audit, below
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LOCK = Path("requirements.lock")

# How pip-audit ends where the service that it asks cannot be reached; it catches only some of the ways.
_NOBODY_THERE = re.compile(
    r"requests\.exceptions\.\w+|urllib3\.exceptions\.\w+|pip_audit\._service\.interface\.ServiceError"
    r"|Could not connect|not redirecting"
)


def main() -> int:
    """The verdict on the lock file on standard output, and the exit status."""
    status, words = audit(LOCK)
    print(words)
    return status


def audit(lock: Path, *options: str) -> tuple[int, str]:
    """Exit status and words about the packages of `lock`; `options` go to pip-audit."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--requirement",
        str(lock),
        "--disable-pip",
        "--require-hashes",
    ]
    command += ["--format", "json", "--progress-spinner", "off", *options]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 # nosec B603 # no shell, own words
    return verdict(finished.stdout, finished.stderr)


def verdict(output: str, complaints: str) -> tuple[int, str]:
    """Exit status and words for what pip-audit wrote to standard output and standard error."""
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return _no_report(complaints)
    vulnerable = [package for package in packages if package.get("vulns")]
    if vulnerable:
        return 1, "\n".join(line for package in vulnerable for line in _vulnerabilities(package))
    skipped = [package for package in packages if "skip_reason" in package]
    if len(skipped) == len(packages):
        why = skipped[0]["skip_reason"] if skipped else "the lock file names no package"
        return 0, f"Nothing was audited: of {len(packages)} packages none could be asked about ({why})."
    audited = f"No known vulnerability in {len(packages) - len(skipped)} of {len(packages)} packages."
    return 0, f"{audited} {_not_audited(skipped)}" if skipped else audited


def _no_report(complaints: str) -> tuple[int, str]:
    last = next(
        (line for line in reversed(complaints.splitlines()) if line.strip()), "pip-audit said nothing"
    )
    met = _NOBODY_THERE.search(complaints)
    if met:
        return 0, f"Nothing was audited: the list of vulnerabilities could not be reached ({met[0]})."
    return 2, f"Nothing was audited: {last}"


def _vulnerabilities(package: Mapping[str, Any]) -> list[str]:
    return [
        f"{package['name']} {package['version']}: {vulnerability['id']}, "
        f"mended in {', '.join(vulnerability.get('fix_versions', ())) or 'no version yet'}"
        for vulnerability in package["vulns"]
    ]


def _not_audited(skipped: Sequence[Mapping[str, Any]]) -> str:
    return f"Not audited: {', '.join(package['name'] for package in skipped)}."


if __name__ == "__main__":
    raise SystemExit(main())
