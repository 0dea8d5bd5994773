"""Results kept in the cache under the name of their inputs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import sha256, whole_file
from hpcpy.core.scratch import USERS, used
from hpcpy.core.trust import require_own


def recorded(path: Path) -> Path:
    """Return where the hash of a cached file is."""
    return path.with_name(path.name + ".sha256")


def is_whole(path: Path) -> bool:
    """Tell whether a cached result is there with the bytes it was made with.

    Hashing costs 0.6 s a gigabyte; building from a truncated layer costs a
    user an afternoon.
    """
    require_own(path.parent)
    if not path.exists():
        return False
    try:
        expected = recorded(path).read_text(errors="replace").strip()
    except FileNotFoundError:
        return False
    if sha256(path) == expected:
        return True
    print(f"hpcpy: {path}: checksum mismatch; rebuilding", file=sys.stderr)
    return False


def cached(kind: str, filename: str, make: Callable[[Path], None]) -> Path:
    """Return a result from the cache, making it when it is not there whole.

    What killed builds have half made in the folder goes first.
    """
    path = paths.cache_dir() / kind / filename
    if is_whole(path):
        return path

    def tidy() -> None:
        for left in path.parent.glob(".*"):
            if left.name != USERS:
                left.unlink(missing_ok=True)

    with used(path.parent, tidy):
        with whole_file(path) as temporary:
            make(temporary)
            digest = sha256(temporary)
        with whole_file(recorded(path)) as temporary:
            temporary.write_text(digest + "\n")
    return path
