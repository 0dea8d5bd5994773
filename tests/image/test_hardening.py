"""The interpreter's C is compiled so that overflows are noticed, as a distribution's is.

Its segments: `tests/launch/test_image_files.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path

PROGRAM = Path(sys.executable).resolve().read_bytes()


def test_stack_and_buffers_are_watched() -> None:
    for name in (b"__stack_chk_fail", b"__memcpy_chk", b"__snprintf_chk"):
        assert b"\0" + name + b"\0" in PROGRAM
