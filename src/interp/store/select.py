"""Which files of an installation are stored: recipes/stored.toml says it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any


def selected(library: Path, rules: Mapping[str, Any]) -> Iterator[str]:
    """Find the files that are to be stored.

    Parameters
    ----------
    library
        The library's folder.
    rules
        ``stored``: patterns of their paths; ``on_disk``: patterns of those that stay
        there all the same, each with the reason.

    Yields
    ------
    str
        A path below the library's folder, in no order.

    Raises
    ------
    ValueError
        When a pattern fits nothing: it is out of date.
    """
    unused = {*rules["stored"], *rules["on_disk"]}
    for folder, folders, names in os.walk(library):
        folders.sort()
        for name in sorted(names):
            path = str(Path(folder, name).relative_to(library))
            stored_by = _fitting(path, rules["stored"])
            if not stored_by or not _is_plain(Path(folder, name)):
                continue
            kept_by = _fitting(path, rules["on_disk"])
            unused -= stored_by | kept_by
            if not kept_by:
                yield path
    if unused:
        raise ValueError(f"stored.toml: nothing lies at {', '.join(sorted(unused))}")


def _fitting(path: str, patterns: Iterable[str]) -> set[str]:
    return {pattern for pattern in patterns if fnmatchcase(path, pattern)}


def _is_plain(file: Path) -> bool:
    mode = file.lstat().st_mode
    if not stat.S_ISREG(mode):
        return False
    # Wheels have pages with the bits of programs; what the kernel would run stays.
    with file.open("rb") as opened:
        return not mode & 0o111 or not opened.read(4).startswith((b"#!", b"\x7fELF"))
