"""The names of results: the SHA-256 of all their inputs."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.git import git

KEY_LENGTH = 16


class Inputs:
    """Collects what goes into a result; `key` names it.

    Each input is hashed with its kind, its name and its length, so that no
    two different lists of inputs read the same.
    """

    def __init__(self, kind: str) -> None:
        self._hash = hashlib.sha256()
        self.add("kind", kind)

    def add(self, name: str, value: str | bytes) -> None:
        """Add one named value."""
        data = value.encode() if isinstance(value, str) else value
        self._hash.update(f"{name}\0{len(data)}\0".encode() + data)

    def add_files(self, files: Iterable[Path]) -> None:
        """Add files by their path in the checkout, mode bit and content."""
        for path in files:
            name = path.relative_to(paths.ROOT).as_posix()
            executable = os.access(path, os.X_OK)
            self.add(f"{name}\0{'x' if executable else '-'}", path.read_bytes())

    @property
    def key(self) -> str:
        """The first 16 digits of the hash: 64 bits, enough for a cache."""
        return self._hash.hexdigest()[:KEY_LENGTH]


@functools.cache
def files_of_clone(_root: Path) -> tuple[str, ...]:
    """Return the clone's files that Git does not ignore; asked once a plan, not once a tree."""
    options = ("-z", "--cached", "--others", "--exclude-standard")
    return tuple(name for name in git("ls-files", *options).split("\0") if name)


def tree_files(tree: str) -> list[Path]:
    """Return the files of a tree of the checkout, sorted by path; of a file itself.

    Git's list in a clone: ignored files are no inputs.  Elsewhere (an
    unpacked release, which may lie in another repository) all but bytecode.
    """
    found: Iterable[Path]
    if (paths.ROOT / ".git").exists():
        below = "" if tree == "." else f"{tree}/"
        found = (
            paths.ROOT / name
            for name in files_of_clone(paths.ROOT)
            if name == tree or name.startswith(below)
        )
    else:
        top = paths.ROOT / tree
        found = [top, *top.rglob("*")]
    return sorted(p for p in found if p.is_file() and "__pycache__" not in p.parts)
