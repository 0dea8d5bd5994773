"""Let the loader call one function's resolver before those of all others.

    first.py EXECUTABLE FUNCTION

The loader applies relocations of the kind R_X86_64_IRELATIVE in their order: each calls a
resolver.  That of FUNCTION, an address in hexadecimal, changes places with the first.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_RELOCATION = struct.Struct("<QQq")
_RELA, _IRELATIVE = 4, 37


def relocations(data: bytearray) -> list[int]:
    """Return where the relocations that call a resolver are, in their order.

    The loader goes through .rela.dyn, then .rela.plt, which lies behind it.
    """
    header = _HEADER.unpack_from(data)
    at, size, count = header[6], header[11], header[12]
    found = []
    for number in range(count):
        _, kind, _, _, offset, length, *_ = _SECTION.unpack_from(data, at + number * size)
        if kind == _RELA:
            places = range(offset, offset + length, _RELOCATION.size)
            found += [one for one in places if _RELOCATION.unpack_from(data, one)[1] == _IRELATIVE]
    return sorted(found)


def main(file: Path, resolver: int) -> None:
    """Change the file."""
    data = bytearray(file.read_bytes())
    places = relocations(data)
    (own,) = (one for one in places if _RELOCATION.unpack_from(data, one)[2] == resolver)
    first, size = places[0], _RELOCATION.size
    data[first : first + size], data[own : own + size] = (
        data[own : own + size],
        data[first : first + size],
    )
    file.write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2], 16))
