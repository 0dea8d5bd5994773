"""Names of the files, and how one is written: whole, or under no such name."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from workloads.errors import OutputError

# The one file of the techniques that make one, and the name of its arrays.
HDF5 = "arrays.h5"
RAW = "arrays.raw"
DATASET = "arrays"


class StuckError(OutputError):
    """A rank cannot write, and the others wait for it where nothing wakes them."""


def array_name(t: int) -> str:
    """Return the name of array `t`: six digits, so that names sort as numbers."""
    return f"array-{t:06d}"


def temporary(path: Path) -> Path:
    """Return the name of a file that is not complete."""
    return path.with_name(f".{path.name}.part")


@contextlib.contextmanager
def completed(path: Path) -> Iterator[Path]:
    """Give a temporary name; rename it to `path` when the file is complete.

    Raises
    ------
    OutputError
        When the disk is full, the folder is gone, …
    """
    try:
        yield temporary(path)
        temporary(path).replace(path)
    except OSError as error:
        raise not_written(path, error) from error


def not_written(path: Path, error: OSError) -> OutputError:
    """Return what to say of a file that could not be written."""
    # h5py's own text names offsets and addresses.
    reason = os.strerror(error.errno) if error.errno else str(error)
    return OutputError(f"{path.name}: {reason}", hint=_next_step(path.parent, error.errno))


def _next_step(folder: Path, number: int | None) -> str:
    """Return what helps against an error of which HDF5 may not tell the number."""
    if number == errno.EFBIG:
        return "see ulimit -f"
    # How much is free there says nothing of a disk that fails.
    return room(folder, told=number in (None, errno.ENOSPC, errno.EDQUOT))


def require_room(folder: Path, need: int) -> None:
    """Refuse what a folder's filesystem has no room for.

    Raises
    ------
    OutputError
        When it says that less is free. Where it says 0, which may mean that
        it does not know, the writing itself will tell.
    """
    free = free_bytes(folder)
    if 0 < free < need:
        raise OutputError(f"{need / 1e6:,.1f} MB are to be written", hint=room(folder))


def room(folder: Path, *, told: bool = True) -> str:
    """Return where else to write, and first of all how much can still be written there."""
    try:
        free = free_bytes(folder)
    except OSError:
        return "is the folder still there, and on every node?"
    free_there = f"{free / 1e6:,.1f} MB are free there; " if told else ""
    return f"{free_there}choose another folder with --out or TMPDIR"


def free_bytes(folder: Path) -> int:
    """Return how many bytes a user may still write into `folder`."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize
