"""Programs that refuse system calls to the process they run in."""

from __future__ import annotations

# What a strict policy of a container does; x86-64's numbers.
REFUSE_MEMFD = """
import ctypes, errno, os, struct
load, equal, answer = 0x20, 0x15, 0x06
program = b"".join(
    struct.pack("HBBI", *step)
    for step in (
        (load, 0, 0, 0),
        (equal, 0, 1, 319),
        (answer, 0, 0, 0x00050000 | errno.EPERM),
        (answer, 0, 0, 0x7FFF0000),
    )
)
held = ctypes.create_string_buffer(program)
filter = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(held))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, filter) == 0, os.strerror(ctypes.get_errno())
try: os.memfd_create("x")
except PermissionError: pass
else: raise SystemExit("memfd_create was not refused")
"""
