"""The files of the deployment, read as the tools that use them would."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
DOCKERFILE = ROOT / "Dockerfile"
CLIENTS = "/etc/lumbar-mri-cds/clients.toml"


class Instruction(NamedTuple):
    """One instruction of the Dockerfile; `stage` counts its FROMs from 0."""

    stage: int
    word: str
    rest: str


def instructions() -> list[Instruction]:
    """Every instruction, its continued lines joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    stage, found = -1, []
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line.strip():
            word, rest = line.split(maxsplit=1)
            stage += word == "FROM"
            found.append(Instruction(stage, word, rest))
    return found


def all_of(word: str, stage: int | None = None) -> list[str]:
    """What stands behind each instruction of this word, in this stage alone where one is given."""
    return [one.rest for one in instructions() if one.word == word and stage in (None, one.stage)]


def image_environment() -> dict[str, str]:
    """The variables of the image that runs."""
    (rest,) = all_of("ENV", stage=1)
    return dict(pair.split("=", 1) for pair in rest.split())


def image_command(word: str) -> list[str]:
    """The words of CMD or HEALTHCHECK."""
    command: list[str] = json.loads(all_of(word, stage=1)[0].split("CMD ", 1)[-1])
    return command


def image_user() -> str:
    (user,) = all_of("USER", stage=1)
    return user


def read_yaml(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return told


def manifest(name: str) -> dict[str, Any]:
    return read_yaml(KUBERNETES / f"{name}.yaml")


def settings_env() -> dict[str, str]:
    """The variables of settings.env, as kustomize reads them."""
    lines = (KUBERNETES / "settings.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
