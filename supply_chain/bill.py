"""Writes the bill of materials of the lock file: CycloneDX JSON, the same bytes for the same lock.

    python -m supply_chain.bill [FILE]

The lock says packages, versions and hashes; the licences are those that the installed packages declare,
because a lock file holds none.
"""

from __future__ import annotations

import json
import subprocess  # nosec B404 # runs cyclonedx-py, below
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation import make_schemabased_validator

LOCK = Path("requirements.lock")
PROJECT = Path("pyproject.toml")
TARGET = Path("dist/sbom.cdx.json")

_VERSION = SchemaVersion.V1_6
_LICENCE_CLASSIFIER = "License :: "


def main() -> None:
    """Write the bill to the file that the command line names, or to `dist/`."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(make_bill(LOCK, PROJECT), encoding="utf-8")
    print(target)


def make_bill(lock: Path, project: Path) -> str:
    """The bill of materials as JSON text; raises ValueError where it breaks the CycloneDX schema."""
    bill = _bill_of_lock(lock, project)
    for component in bill["components"]:
        # What the tool says here is the line of the lock again, with all hashes.
        component.pop("description", None)
        licences = licences_of(component["name"], component["version"])
        if licences:
            component["licenses"] = licences
    text = json.dumps(bill, indent=2, sort_keys=True) + "\n"
    fault = make_schemabased_validator(OutputFormat.JSON, _VERSION).validate_str(text)
    if fault is not None:
        raise ValueError(f"not a CycloneDX bill of materials: {fault}")
    return text


def licences_of(name: str, version: str) -> list[dict[str, Any]]:
    """What the installed package declares, as CycloneDX licences; nothing where its version is another."""
    try:
        package = distribution(name)
    except PackageNotFoundError:
        return []
    return _declared(package) if package.version == version else []


def _declared(package: Distribution) -> list[dict[str, Any]]:
    """An SPDX expression where there is one, else the licence classifiers, else the line of old metadata."""
    told = package.metadata
    for expression in told.get_all("License-Expression", ()):
        return [{"expression": expression, "acknowledgement": "declared"}]
    classifiers = [
        value.rsplit(" :: ", 1)[-1]
        for value in told.get_all("Classifier", ())
        if value.startswith(_LICENCE_CLASSIFIER)
    ]
    old = [text.strip().split("\n", 1)[0] for text in told.get_all("License", ()) if text.strip()]
    names = classifiers or old
    return [{"license": {"name": name, "acknowledgement": "declared"}} for name in names]


def _bill_of_lock(lock: Path, project: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", "--pyproject", str(project)]
    command += ["--spec-version", _VERSION.to_version(), "--output-reproducible", "--of", "JSON", str(lock)]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 # nosec B603 # no shell, own words
    bill: dict[str, Any] = json.loads(finished.stdout)
    return bill


if __name__ == "__main__":
    main()
