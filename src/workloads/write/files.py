"""Names of the files, and how one is written: it has its name only when it is whole."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from workloads.errors import OutputError

# The file of the techniques that make only one, and the name of its dataset.
HDF5 = "arrays.h5"
RAW = "arrays.raw"
DATASET = "arrays"


class StuckError(OutputError):
    """A rank cannot write, and the others wait for it in a call that does not end."""


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
        When the file cannot be written: the disk is full, the folder is gone, …
    """
    try:
        yield temporary(path)
        temporary(path).replace(path)
    except OSError as error:
        raise not_written(path, error) from error


def not_written(path: Path, error: OSError) -> OutputError:
    """Return the error for a file that could not be written, with the next step."""
    # h5py's own text names offsets and addresses.
    reason = os.strerror(error.errno) if error.errno else str(error)
    return OutputError(f"{path.name}: {reason}", hint=_next_step(path.parent, error.errno))


def _next_step(folder: Path, number: int | None) -> str:
    """Return the next step after an error; the number is None if HDF5 gives none."""
    if number == errno.EFBIG:
        return "see ulimit -f"
    # Free bytes explain nothing when the disk itself fails.
    return room(folder, told=number in (None, errno.ENOSPC, errno.EDQUOT))


def require_room(folder: Path, need: int) -> None:
    """Refuse what a folder's filesystem has no room for.

    Parameters
    ----------
    folder
        The folder to write into.
    need
        Bytes.

    Raises
    ------
    OutputError
        When fewer bytes are free. A filesystem that reports 0 may not know:
        then only the writing shows it.
    """
    free = free_bytes(folder)
    if 0 < free < need:
        raise OutputError(f"{need / 1e6:,.1f} MB are to be written", hint=room(folder))


def room(folder: Path, *, told: bool = True) -> str:
    """Return advice to write elsewhere; if `told`, after the bytes that are free there."""
    try:
        free = free_bytes(folder)
    except OSError:
        return "is the folder still there, and on every node?"
    free_there = f"{free / 1e6:,.1f} MB are free there; " if told else ""
    return f"{free_there}choose another folder with --out or TMPDIR"


def free_bytes(folder: Path) -> int:
    """Return how many bytes an ordinary user may still write into `folder`."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize
