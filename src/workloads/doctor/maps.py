"""Which libraries and devices this process has mapped."""

from __future__ import annotations

import os
import re
from pathlib import Path

# MPI libraries, without their companions for Fortran and C++ (libmpi_mpifh).
_MPI = re.compile(r"libmpi(ch|_abi|(ch)?_(gnu|cray|intel|aocc|nvidia|amd)\w*)?\.so(\.\d+)*")


def files(maps: str) -> list[str]:
    """Return the files of a text in the form of ``/proc/self/maps``, each once.

    Parameters
    ----------
    maps
        The text.
    """
    found = {}
    for line in maps.splitlines():
        # Address, permissions, offset, device, inode; the rest may have spaces.
        parts = line.split(maxsplit=5)
        if len(parts) == 6 and parts[5].startswith("/"):
            found[parts[5].removesuffix(" (deleted)")] = True
    return list(found)


def mpi_library(mapped: list[str], named: str = "") -> str:
    """Return the MPI library among mapped files; empty where there is none.

    Parameters
    ----------
    mapped
        The files.
    named
        A path whose file may have any name: HPCPY_MPI or HPCPY_LIBMPI.
    """
    if named and (real := str(Path(named).resolve())) in mapped:
        return real
    found = [path for path in mapped if _MPI.fullmatch(path.rpartition("/")[2])]
    return found[0] if found else ""


def of_this_process() -> list[str]:
    """Return the files that this process has mapped; none where they cannot be read."""
    try:
        return files(Path("/proc/self/maps").read_text(errors="surrogateescape"))
    except OSError:
        return []


def open_files() -> frozenset[str]:
    """Return what this process has open, as the links of ``/proc/self/fd`` say."""
    found = set()
    try:
        numbers = os.listdir("/proc/self/fd")  # noqa: PTH208
    except OSError:
        return frozenset()
    for number in numbers:
        try:
            found.add(str(Path("/proc/self/fd", number).readlink()))
        except OSError:  # the listing's own
            continue
    return frozenset(found)
