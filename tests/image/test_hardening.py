"""The interpreter is as hard to misuse as one that a distribution builds.

It is not position-independent, for the reason that docs/interpreter.md gives.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

PROGRAM = Path(sys.executable).resolve().read_bytes()
PT_DYNAMIC, PT_GNU_STACK, PT_GNU_RELRO = 2, 0x6474E551, 0x6474E552
PF_X = 1
DT_FLAGS, DF_BIND_NOW = 30, 8


def segments() -> dict[int, tuple[int, int, int]]:
    """Return flags, offset and size in the file of each kind of segment."""
    (table,) = struct.unpack_from("<Q", PROGRAM, 32)
    size, count = struct.unpack_from("<HH", PROGRAM, 54)
    found = {}
    for at in range(table, table + size * count, size):
        kind, flags, offset, _, _, length = struct.unpack_from("<IIQQQQ", PROGRAM, at)
        found[kind] = (flags, offset, length)
    return found


def test_stack_is_not_executable() -> None:
    assert not segments()[PT_GNU_STACK][0] & PF_X


def test_relocations_are_read_only_and_done_at_the_start() -> None:
    found = segments()
    assert PT_GNU_RELRO in found
    _, offset, length = found[PT_DYNAMIC]
    tags = dict(struct.iter_unpack("<QQ", PROGRAM[offset : offset + length]))
    assert tags[DT_FLAGS] & DF_BIND_NOW


def test_stack_and_buffers_are_watched() -> None:
    for name in (b"__stack_chk_fail", b"__memcpy_chk", b"__snprintf_chk"):
        assert b"\0" + name + b"\0" in PROGRAM
