"""The folder in which the processes of one service share what they count."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

_NAME = "lumbar-mri-cds-metrics-"
_NEW = "new-lumbar-mri-cds-metrics-"
# A disk that is busy would hold up calls: what is counted in a file on it waits for it.
_MEMORY = Path("/dev/shm")  # noqa: S108 # nosec B108 # mkdtemp makes a folder that is ours alone
_LOCK = "in-use"
# Held until the last process of the service has ended, however it ends: forked processes inherit it.
_held: list[object] = []


def make_metrics_folder(parents: Sequence[Path] = ()) -> Path:
    """A new folder of this service's own; those of services that were killed are removed. Raises OSError.

    It stands in memory where that is possible, and else in the system's folder for temporary files,
    unless `parents` are given: the first in which a file can be written is taken.
    """
    parents = parents or (_MEMORY, Path(tempfile.gettempdir()))
    for parent in parents:
        _remove_abandoned(parent)
    for parent in parents[:-1]:
        try:
            return _make(parent)
        except OSError:
            continue
    return _make(parents[-1])


def _make(parent: Path) -> Path:
    made = Path(tempfile.mkdtemp(prefix=_NEW, dir=parent))
    lock = (made / _LOCK).open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    _held.append(lock)
    # Only now under the name by which others look for what was left: before, it would seem abandoned.
    return made.rename(parent / f"{_NAME}{made.name.removeprefix(_NEW)}")


def _remove_abandoned(parent: Path) -> None:
    """Remove the folders whose lock nobody holds; those of other users cannot be opened, and stay."""
    for folder in parent.glob(f"{_NAME}*"):
        try:
            with (folder / _LOCK).open("r+b") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue
