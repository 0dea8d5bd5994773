"""A lock as it is written, to see which of its tables another one changes."""

from __future__ import annotations

from pathlib import Path


def blocks(lock: Path) -> dict[str, str]:
    """Return a lock's tables as they are written, by their first line."""
    return {block.partition("\n")[0]: block for block in lock.read_text().split("\n\n")}
