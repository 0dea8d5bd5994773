"""Write mpi_names.h, what of MPI the interpreter's jump stubs are made for.

    python -m stubs --library LIBMPI FILE… >mpi_names.h

Each FILE is an object or a static library; what they want together of MPI gets
a line for mpi_stubs.S.  LIBMPI, any library of the interface that they were
compiled for, tells data from functions: an undefined symbol does not.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

# The profiling interface and extensions too.
_MPI = re.compile(r"P?MPIX?_[A-Z]\w*")
_SLOT = "hpcpy_mpi_slot_"
# HDF5 asks these in programs that have no MPI.
_QUESTIONS = frozenset({"MPI_Initialized", "MPI_Finalized"})


def wanted(symbols: Iterable[str]) -> list[str]:
    """Return what of MPI is not defined among the objects that want it.

    Parameters
    ----------
    symbols
        Lines of ``nm --extern-only --format=posix``.

    Returns
    -------
    list of str
        Sorted names.

    Raises
    ------
    ValueError
        When an object tests the slot of a function that none calls: its
        name is not MPI's, and the test would not be linked.
    """
    undefined: set[str] = set()
    defined: set[str] = set()
    for line in symbols:
        name, _, rest = line.partition(" ")
        (undefined if rest[:1] in ("U", "w", "v") else defined).add(name)
    names = {name for name in undefined - defined if _MPI.fullmatch(name)}
    tested = {name.removeprefix(_SLOT) for name in undefined if name.startswith(_SLOT)}
    if tested - names:
        raise ValueError(f"tested but never called: {' '.join(sorted(tested - names))}")
    return sorted(names)


def data_sizes(symbols: Iterable[str]) -> dict[str, int]:
    """Return the size of each variable that a library defines.

    Parameters
    ----------
    symbols
        Lines of ``nm --dynamic --defined-only --format=posix``.
    """
    sizes = {}
    for line in symbols:
        name, kind, *numbers = line.split()
        if kind in "BDRVbdrv" and len(numbers) > 1:
            sizes[name] = int(numbers[1], 16)
    return sizes


def listing(names: Iterable[str], sizes: dict[str, int]) -> str:
    """Return the text of mpi_names.h."""
    lines = ["/* Made by src/interp/stubs. */"]
    for name in names:
        if name in sizes:
            lines.append(f"DATA({name}, {sizes[name]})")
        else:
            lines.append(f"{'QUESTION' if name in _QUESTIONS else 'FUNCTION'}({name})")
    return "\n".join(lines) + "\n"


def _nm(*arguments: str | Path) -> list[str]:
    command = ["nm", "--format=posix", *map(str, arguments)]
    listed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    # Of a static library each member has a heading.
    return [line for line in listed.splitlines() if line and not line.endswith(":")]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="stubs", description=__doc__)
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("files", nargs="+", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    options = _options()
    try:
        names = wanted(_nm("--extern-only", *options.files))
    except ValueError as error:
        sys.exit(f"stubs: {error}")
    sizes = data_sizes(_nm("--dynamic", "--defined-only", options.library))
    sys.stdout.write(listing(names, sizes))
