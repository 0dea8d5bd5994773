"""Files of ``/proc``, of whatever process the machine has just now."""

from __future__ import annotations

from pathlib import Path


def read(path: Path) -> str:
    """Return a file's text; a stranger's arguments and variables may be any bytes.

    Raises
    ------
    OSError
        When the process has ended.
    """
    return path.read_text(errors="surrogateescape")
