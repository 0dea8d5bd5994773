"""Where the functions of a pack have their unwind entries."""

from __future__ import annotations

import struct

from hpcpy_bake import elf
from hpcpy_bake.elf import ElfError, Library

# Of an .eh_frame_hdr as all linkers write it: a pointer relative to itself, a
# count of four bytes, pairs relative to the table's start.
_KIND = b"\x01\x1b\x03\x3b"


class Unwinding:
    """One table for all that is put in."""

    def __init__(self) -> None:
        self._pairs: set[tuple[int, int]] = set()
        self._frames = 0

    def __bool__(self) -> bool:
        return bool(self._pairs)

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return 12 + 8 * len(self._pairs)

    def add(self, library: Library, base: int) -> None:
        """Take over the entries of a shared object that lies at a base."""
        segment = library.segment(elf.EH_FRAME)
        if segment is None:
            return
        data = library.read(segment.address, segment.file_size)
        if data[:4] != _KIND:
            raise ElfError(f"{library.path}: its unwind table is of an unknown kind")
        start = base + segment.address
        frames, count = struct.unpack_from("<iI", data, 4)
        self._frames = self._frames or start + 4 + frames
        pairs = struct.iter_unpack("<ii", data[12 : 12 + 8 * count])
        self._pairs.update((start + place, start + entry) for place, entry in pairs)

    def table(self, start: int) -> bytes:
        """Return the table, which lies at an address."""
        if not self._pairs:
            return b""
        found = bytearray(_KIND)
        found += struct.pack("<iI", self._frames - (start + 4), len(self._pairs))
        for place, entry in sorted(self._pairs):
            found += struct.pack("<ii", place - start, entry - start)
        return bytes(found)
