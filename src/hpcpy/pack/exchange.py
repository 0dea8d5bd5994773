"""Folders that take each other's place: packed, unpacked, interrupted in between.

Beside PREFIX there are, for a time, `PREFIX.packing`, what is being made, `PREFIX.updating`,
what a program changes, and `PREFIX.pack-old`, the packed folder that another one replaces.
`PREFIX.unpacked`, the folder as it was, stays until it is removed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from hpcpy.core.errors import UsageError
from hpcpy.core.files import disk_errors
from hpcpy.core.removal import remove_tree


def beside(prefix: Path, state: str) -> Path:
    """Return the folder of a state."""
    return prefix.with_name(f"{prefix.name}.{state}")


def is_packed(folder: Path) -> bool:
    """Tell whether a folder is a packed environment, whole."""
    return (folder / ".pack/config").is_file()


def swap(prefix: Path, new: Path, old: Path) -> None:
    """Have a new folder take the prefix's place, whose folder gets the name `old`."""
    with disk_errors(prefix):
        prefix.rename(old)
        try:
            new.rename(prefix)
        except BaseException:
            old.rename(prefix)
            raise


def require(prefix: Path) -> None:
    """Refuse a prefix that is not there, and say where it is after a kill between two renames."""
    if not prefix.is_dir():
        kept = [beside(prefix, state) for state in ("pack-old", "unpacked")]
        hint = next((f"mv {folder} {prefix}" for folder in kept if folder.is_dir()), "")
        raise UsageError(f"{prefix}: there is no such folder", hint=hint)


@contextlib.contextmanager
def making(prefix: Path, state: str) -> Iterator[Path]:
    """Give an empty folder beside the prefix, which is gone afterwards unless it was renamed."""
    made = beside(prefix, state)
    with disk_errors(made):
        try:
            made.mkdir()
        except FileExistsError as error:
            hint = f"if no other pack is running: rm -r {made}"
            raise UsageError(f"{made}: is in the way", hint=hint) from error
    try:
        yield made
    finally:
        remove_tree(made)
