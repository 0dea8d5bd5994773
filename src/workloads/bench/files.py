"""Result files that are whole or absent."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workloads.bench.destination import destination, is_stdout
from workloads.errors import OutputError, UsageError


def require_writable(path: Path, option: str) -> None:
    """Check before a long run that its result can be written.

    Raises
    ------
    UsageError
        When `path` is a folder, or its folder is absent or read-only.
    """
    # `-` is standard output, even where a folder has that name.
    if path.is_dir() and not is_stdout(path):
        raise UsageError(f"{option} {path}: is a folder", hint="give a file name")
    try:
        with tempfile.TemporaryFile(dir=destination(path).folder):
            pass
    except FileNotFoundError as error:
        raise UsageError(f"{option} {path}: there is no folder {error.filename}") from error
    except OSError as error:
        raise UsageError(f"{option} {path}: cannot be written ({error.strerror})") from error


def require_seen(folder: Path, option: str, comm: Any) -> None:
    """Check that all ranks of `comm` see a folder that one of them has made.

    Raises
    ------
    UsageError
        On every rank, when it is on another node's own file system.
    """
    nodes = comm.allgather("" if folder.is_dir() else os.uname().nodename)
    if blind := sorted({*filter(None, nodes)}):
        raise UsageError(
            f"{folder}: not seen by the ranks on {', '.join(blind)}",
            hint=f"give {option} a folder that all nodes share",
        )


def with_ending(path: Path, default: str) -> Path:
    """Return `path` with an ending that says the format: standard output gets the default."""
    if path.suffix or not destination(path).is_stdout:
        return path
    return path.with_name(f"{path.name}{default}")


@contextlib.contextmanager
def whole_file(path: Path, suffix: str = "") -> Iterator[Path]:
    """Give a temporary name; on success its file takes the place of `path`.

    A failure, Ctrl-C included, leaves nothing under either name. What is no
    plain file (a device, a FIFO, ``-``, ``/dev/stdout``) gets the bytes of the
    complete file.

    Parameters
    ----------
    path
        What the user has named.
    suffix
        How the temporary name ends where `path` has no ending.

    Raises
    ------
    OutputError
        When the disk is full or the folder cannot be written any more.
    """
    try:
        with destination(path).whole(suffix) as temporary:
            yield temporary
    except BrokenPipeError:
        # The reader has left: the end of a pipeline, and no fault of a disk.
        raise
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or error}") from error


@contextlib.contextmanager
def hdf5_errors() -> Iterator[None]:
    """Turn an error of HDF5 into the system's error, by the number in its text.

    h5py raises RuntimeError where a file cannot be closed. An error without a number
    stays as it is.

    Raises
    ------
    OSError
        With that number.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        found = re.search(r"errno = (\d+)", str(error))
        if found is None:
            raise
        number = int(found[1])
        raise OSError(number, os.strerror(number)) from error
