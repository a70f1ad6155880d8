"""The files of a content folder: their text, their tables and their digest."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from cds_service.guideline.problems import ContentError

T = TypeVar("T")
Folder = Path | Traversable


class Strict(BaseModel):
    """A table of a content file: a member that nobody knows is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read_text(folder: Folder, name: str) -> str:
    try:
        return folder.joinpath(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(name, None, "a readable UTF-8 file") from error


def read_toml(folder: Folder, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(folder, name), parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ContentError(name, None, f"valid TOML ({error})") from error


def parse_table(model: type[T], name: str, data: Mapping[str, Any]) -> T:
    try:
        return model(**data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ContentError(name, None, f"{where}: {first['msg']}") from error


CONTENT_FILES = (".toml", ".csv", ".md")


def digest_of(folder: Folder, suffixes: tuple[str, ...] = CONTENT_FILES) -> str:
    """A sha256 over name and bytes of every content file, the same in a checkout and in a wheel."""
    total = hashlib.sha256()
    for name, data in sorted(_all_files(folder, "", suffixes)):
        total.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
    return f"sha256:{total.hexdigest()}"


def _all_files(folder: Folder, prefix: str, suffixes: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _all_files(entry, f"{prefix}{entry.name}/", suffixes)
        elif entry.name.endswith(suffixes):
            yield f"{prefix}{entry.name}", entry.read_bytes()
