"""The variables that a program is started with."""

from __future__ import annotations

import os
from pathlib import Path


def initial() -> dict[bytes, bytes]:
    """Return the variables that this process was started with.

    Its own start may have added some, such as the names of cache folders that
    it has made: with these its children would make fewer calls than it did.
    """
    try:
        text = Path("/proc/self/environ").read_bytes()
    except OSError:
        return dict(os.environb)
    return dict(pair.split(b"=", 1) for pair in text.split(b"\0") if b"=" in pair)
