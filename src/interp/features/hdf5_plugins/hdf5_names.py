"""Write a library without code: names of functions of the executable, and where they are.

    python -m hdf5_names EXECUTABLE >libhdf5.S

HDF5 is linked into the executable, which exports none of its names: they would
take the place of those that a user's own libraries bring.  A plug-in gets them from
the library that is made from this text.  The executable is not position-independent,
so the addresses are constants after its link.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator

# What HDF5's headers declare: functions, and the variables behind macros such as
# H5T_NATIVE_INT.  Names of HDF5's internal functions begin with `H5T_` or `H5T__`.
_FUNCTION = re.compile(r"H5[A-Z]{0,2}[a-z]\w*")
_VARIABLE = re.compile(r"H5[A-Z]*_\w+_g")
# In another program the addresses would be wrong.  So the library needs this name,
# which only the executable has, and cannot be opened without it.
MARK = "_PyHpcpy_hdf5"


def names(symbols: Iterable[str]) -> Iterator[tuple[str, str, str, str]]:
    """Yield each name of what `nm` lists with its type, address and size, for the assembler."""
    for line in symbols:
        name, kind, address, *size = line.split()
        if kind in "TW" and _FUNCTION.fullmatch(name):
            yield name, "%function", f"0x{address}", "0"
        elif kind in "BDR" and _VARIABLE.fullmatch(name):
            yield name, "%object", f"0x{address}", f"0x{size[0]}"


def assembly(found: Iterable[tuple[str, str, str, str]]) -> str:
    """Return the library's source, for the assembler; a ValueError if there is no name."""
    lines = []
    for name, kind, address, size in found:
        lines += [f".globl {name}", f".type {name}, {kind}"]
        lines += [f".set {name}, {address}", f".size {name}, {size}"]
    if not lines:
        raise ValueError("the executable has none of HDF5's names: is it stripped?")
    lines += ['.section .data.rel.ro, "aw", %progbits', f".quad {MARK}"]
    lines += ['.section .note.GNU-stack, "", %progbits']
    return "\n".join(lines) + "\n"


def _nm(executable: str) -> list[str]:
    command = ["nm", "--extern-only", "--defined-only", "--format=posix", executable]
    listed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return listed.splitlines()


if __name__ == "__main__":
    try:
        sys.stdout.write(assembly(names(_nm(sys.argv[1]))))
    except ValueError as error:
        sys.exit(f"hdf5_names: {error}")
