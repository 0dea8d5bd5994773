"""The first bytes of a pack, and its program headers."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from hpcpy_bake.elf import X86_64, Segment

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM = struct.Struct("<IIQQQQQQ")
_IDENT = b"\x7fELF\x02\x01\x01" + bytes(9)
_SHARED = 3


def write_header(made: bytearray, segments: Sequence[Segment]) -> None:
    """Make a shared object of what lies behind its first page.

    Parameters
    ----------
    made
        The file; program headers are appended.
    segments
        What they say.
    """
    made += bytes(-len(made) % 8)
    start = len(made)
    for one in segments:
        where = one.offset, one.address, one.address, one.file_size, one.size, one.align
        made += _PROGRAM.pack(one.kind, one.flags, *where)
    sizes = _HEADER.size, _PROGRAM.size, len(segments), 0, 0, 0
    made[: _HEADER.size] = _HEADER.pack(_IDENT, _SHARED, X86_64, 1, 0, start, 0, 0, *sizes)
