"""Write what of MPI the interpreter's jump stubs are made for.

    stubs.py [--library LIBMPI] [--prefix PREFIX --renames RENAMES] FILE… >names.h

Each FILE is an object or a static library; what they want together of MPI gets
a line for mpi_stubs.S.  LIBMPI, any library of the ABI that they were
compiled for, tells data from functions: an undefined symbol does not.  RENAMES
is written for ``objcopy --redefine-syms``, after which they call the functions
behind PREFIX.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

# Also the profiling interface, extensions, and the functions that Open MPI's
# header has in place of constants.
_MPI = re.compile(r"(P?MPIX?|OMPI_C_MPI)_[A-Z]\w*")
_SLOT = "hpcpy_mpi_slot_"
_HANDLE = "hpcpy_mpi_handle_"
# HDF5 calls these also in programs without MPI.
_QUESTIONS = frozenset({"MPI_Initialized", "MPI_Finalized"})


def undefined(symbols: Iterable[str]) -> set[str]:
    """Return the names that some objects refer to and none of them defines."""
    wanted: set[str] = set()
    defined: set[str] = set()
    for line in symbols:
        name, _, rest = line.partition(" ")
        (wanted if rest[:1] in ("U", "w", "v") else defined).add(name)
    return wanted - defined


def functions(names: Iterable[str]) -> list[str]:
    """Return the names of MPI's functions and data among undefined names, sorted."""
    every = set(names)
    found = {name for name in every if _MPI.fullmatch(name)}
    tested = {name.removeprefix(_SLOT) for name in every if name.startswith(_SLOT)}
    if tested - found:
        raise ValueError(f"tested but never called: {' '.join(sorted(tested - found))}")
    return sorted(found)


def handles(names: Iterable[str]) -> list[str]:
    """Return the library's variables whose addresses are needed, sorted."""
    return sorted(name.removeprefix(_HANDLE) for name in names if name.startswith(_HANDLE))


def data_sizes(symbols: Iterable[str]) -> dict[str, int]:
    """Return the size of each variable that a library defines."""
    sizes = {}
    for line in symbols:
        name, kind, *numbers = line.split()
        if kind in "BDRVbdrv" and len(numbers) > 1:
            sizes[name] = int(numbers[1], 16)
    return sizes


def listing(names: Iterable[str], sizes: dict[str, int], addresses: Iterable[str] = ()) -> str:
    """Return the text of the list for mpi_stubs.S."""
    lines = ["/* Made by recipes/interpreter/stubs.py. */"]
    for name in names:
        if name in sizes:
            lines.append(f"DATA({name}, {sizes[name]})")
        else:
            lines.append(f"{'QUESTION' if name in _QUESTIONS else 'FUNCTION'}({name})")
    lines += [f"HANDLE({name})" for name in addresses]
    return "\n".join(lines) + "\n"


def renames(names: Iterable[str], prefix: str) -> str:
    """Return the list by which objcopy puts a prefix before functions and their slots."""
    pairs = [(name, prefix + name) for name in names]
    pairs += [(_SLOT + old, _SLOT + new) for old, new in pairs]
    return "".join(f"{old} {new}\n" for old, new in pairs)


def _nm(*arguments: str | Path) -> list[str]:
    command = ["nm", "--format=posix", *map(str, arguments)]
    listed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    # nm prints a heading for each member of a static library.
    return [line for line in listed.splitlines() if line and not line.endswith(":")]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="stubs", description=__doc__)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--prefix", default="")
    parser.add_argument("--renames", type=Path)
    parser.add_argument("files", nargs="+", type=Path)
    return parser.parse_args()


def main(files: Sequence[Path], library: Path | None, prefix: str, target: Path | None) -> str:
    """Return the list for some files, and write the renames to a target, if there is one."""
    wanted = undefined(_nm("--extern-only", *files))
    names = functions(wanted)
    if target:
        target.write_text(renames(names, prefix))
    sizes = data_sizes(_nm("--dynamic", "--defined-only", library)) if library else {}
    return listing(names, sizes, handles(wanted))


if __name__ == "__main__":
    options = _options()
    try:
        text = main(options.files, options.library, options.prefix, options.renames)
    except ValueError as error:
        sys.exit(f"stubs: {error}")
    sys.stdout.write(text)
