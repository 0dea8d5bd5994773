"""Copy a shared library for the linker alone, under another soname.

    soname.py LIBRARY SONAME COPY

A soname with slashes becomes the NEEDED entry of what is linked with the copy,
and the loader opens an absolute one without a search: LD_LIBRARY_PATH, which
Apptainer always sets, would cost nine look-ups for libm and libc at each
start.  The copy is never loaded: its segments still know the old name.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

_SHT_DYNAMIC = 6
_DT_SONAME = 14
# Of ELF64, little-endian: offset of the section table, size and number of entries.
_SECTION_TABLE = struct.Struct("<40xQ10xHH2x")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_DYNAMIC = struct.Struct("<qQ")


def with_soname(library: bytes, soname: str) -> bytes:
    """Return a library whose sections give it another soname.

    Parameters
    ----------
    library
        A shared object, ELF64 and little-endian.
    soname
        Of any length: the string table is moved to the end of the file.

    Raises
    ------
    ValueError
        When it is none, or has no soname.
    """
    if library[:6] != b"\x7fELF\x02\x01":
        raise ValueError("no little-endian ELF64 file")
    table, size, count = _SECTION_TABLE.unpack_from(library)
    sections = [list(_SECTION.unpack_from(library, table + size * i)) for i in range(count)]
    dynamic = next((one for one in sections if one[1] == _SHT_DYNAMIC), None)
    if dynamic is None:
        raise ValueError("no shared object")
    strings = sections[dynamic[6]]
    start, length = strings[4], strings[5]
    copy = bytearray(library)
    for offset in range(dynamic[4], dynamic[4] + dynamic[5], _DYNAMIC.size):
        if _DYNAMIC.unpack_from(copy, offset)[0] == _DT_SONAME:
            _DYNAMIC.pack_into(copy, offset, _DT_SONAME, length)
            break
    else:
        raise ValueError("no soname")
    strings[4], strings[5] = len(copy), length + len(soname) + 1
    _SECTION.pack_into(copy, table + size * dynamic[6], *strings)
    return bytes(copy) + library[start : start + length] + soname.encode() + b"\0"


if __name__ == "__main__":
    source, name, target = sys.argv[1:]
    Path(target).write_bytes(with_soname(Path(source).read_bytes(), name))
