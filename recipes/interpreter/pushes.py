"""Have the linker leave each `push NAME@GOTPCREL(%rip)` of an archive as it is.

    pushes.py ARCHIVE

Newer releases of GNU as than the builder's mark it like a load, which ld may change.  ld 2.44
takes it for a call, and the program ends there.  With the ld of Debian 14 this can go.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from pathlib import Path

_PUSH = b"\xff\x35"
_RELOCATIONS = 4  # SHT_RELA
_MARKED, _PLAIN = 41, 9  # R_X86_64_GOTPCRELX, R_X86_64_GOTPCREL


def objects(archive: bytes) -> Iterator[int]:
    """Give where each object of an archive begins."""
    at = len(b"!<arch>\n")
    while at < len(archive):
        size = int(archive[at + 48 : at + 58])
        at += 60
        if archive[at : at + 4] == b"\x7fELF":
            yield at
        at += size + size % 2


def take_marks_off(archive: bytearray, start: int) -> int:
    """Change the relocations of one object, and return how many."""
    (headers,) = struct.unpack_from("<Q", archive, start + 40)
    size, count = struct.unpack_from("<HH", archive, start + 58)
    sections = [
        struct.unpack_from("<IIQQQQIIQQ", archive, start + headers + size * number)
        for number in range(count)
    ]
    changed = 0
    for _, kind, _, _, offset, length, _, target, _, _ in sections:
        if kind != _RELOCATIONS:
            continue
        code = start + sections[target][4]
        for at in range(start + offset, start + offset + length, 24):
            place, relocation = struct.unpack_from("<QI", archive, at)
            before = archive[code + place - len(_PUSH) : code + place]
            if relocation == _MARKED and before == _PUSH:
                struct.pack_into("<I", archive, at + 8, _PLAIN)
                changed += 1
    return changed


if __name__ == "__main__":
    path = Path(sys.argv[1])
    archive = bytearray(path.read_bytes())
    print(path.name, sum(take_marks_off(archive, start) for start in objects(archive)))
    path.write_bytes(archive)
