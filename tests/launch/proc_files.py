"""Files of ``/proc``, of whatever process the machine has just now."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


def read(path: Path) -> str:
    """Return a file's text; a stranger's arguments and variables may be any bytes.

    Raises
    ------
    OSError
        When the process has ended.
    """
    return path.read_text(errors="surrogateescape")


def commands() -> Iterator[str]:
    """Yield the words of each process; those that end meanwhile are left out."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            yield read(folder / "cmdline").replace("\0", " ")
