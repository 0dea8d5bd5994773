"""The text of a lock's tables, to see which of them a new lock changes."""

from __future__ import annotations

from pathlib import Path


def blocks(lock: Path) -> dict[str, str]:
    """Return the text of each table of a lock, by its first line."""
    return {block.partition("\n")[0]: block for block in lock.read_text().split("\n\n")}
