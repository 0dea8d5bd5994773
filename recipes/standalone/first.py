"""Let the loader call one function's resolver before those of all others.

    first.py EXECUTABLE FUNCTION

The loader applies relocations of the kind R_X86_64_IRELATIVE in their order: each calls a
resolver.  That of FUNCTION, an address in hexadecimal, changes places with the first.
"""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from pathlib import Path

_RELOCATION = struct.Struct("<QQq")
_IRELATIVE = 37


def main(executable: str, resolver: int) -> None:
    """Change the file."""
    command = ["readelf", "--sections", "--wide", executable]
    sections = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    data = bytearray(Path(executable).read_bytes())
    resolvers = {}
    # .rela.dyn, then .rela.plt, as the loader does.
    for offset, size in re.findall(r" RELA +\w+ (\w+) (\w+)", sections):
        table = memoryview(data)[int(offset, 16) :][: int(size, 16)]
        for number, (_, kind, function) in enumerate(_RELOCATION.iter_unpack(table)):
            if kind == _IRELATIVE:
                resolvers[int(offset, 16) + number * _RELOCATION.size] = function
    (own,) = (place for place, function in resolvers.items() if function == resolver)
    first, size = min(resolvers), _RELOCATION.size
    data[first : first + size], data[own : own + size] = (
        data[own : own + size],
        data[first : first + size],
    )
    Path(executable).write_bytes(data)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2], 16))
