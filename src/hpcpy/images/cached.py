"""Results kept in the cache under the name of their inputs."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from hpcpy.core import paths
from hpcpy.core.files import all_below, sha256, whole_file, write_whole
from hpcpy.core.programs import printed
from hpcpy.core.scratch import USERS, used
from hpcpy.core.trust import require_own
from hpcpy_common.errors import IntegrityError


def recorded(path: Path) -> Path:
    """Return where the hash of a cached file is."""
    return path.with_name(path.name + ".sha256")


def is_whole(path: Path) -> bool:
    """Tell whether a cached result has the bytes it was made with: 0.6 s a gigabyte."""
    require_own(path.parent)
    require_own(path)
    if not path.exists():
        return False
    try:
        expected = recorded(path).read_text(errors="replace").strip()
    except FileNotFoundError:
        return False
    if sha256(path) == expected:
        note_use(path)
        return True
    print(f"hpcpy: {path}: checksum mismatch; rebuilding", file=sys.stderr)
    return False


def cached(kind: str, filename: str, make: Callable[[Path], None]) -> Path:
    """Return a result from the cache, making it when it is not there whole."""
    path = paths.cache_dir() / kind / filename
    if is_whole(path):
        return path

    def tidy() -> None:
        for left in path.parent.iterdir():
            is_half_made = left.name.startswith(".") and left.name != USERS
            if is_half_made or (recorded(left).exists() and is_unused(left.stat().st_mtime)):
                left.unlink(missing_ok=True)
                recorded(left).unlink(missing_ok=True)

    with used(path.parent, tidy):
        with whole_file(path) as temporary:
            make(temporary)
            digest = sha256(temporary)
        write_whole(recorded(path), f"{digest}\n")
    return path


# After which what no build has asked for is dropped.
_UNUSED_DAYS = 60


def note_use(path: Path) -> None:
    """Have a file's time be that of its last use; it is made if it is not there."""
    with contextlib.suppress(OSError):  # another user's
        path.parent.mkdir(exist_ok=True)
        path.touch()


def is_unused(last_use: float) -> bool:
    """Tell whether the time of a last use was long ago."""
    return time.time() - last_use > _UNUSED_DAYS * 24 * 3600


def stamp_path(artefact: Path) -> Path:
    """Return the name of an artefact's stamp."""
    return artefact.with_name(artefact.name + ".json")


def read_stamp(artefact: Path) -> dict[str, Any]:
    """Return what was recorded of an artefact; empty if it is not there, or was changed since."""
    # Size and time stand for the bytes: hashing them for each make takes longer than all else.
    # `require_bytes` compares them where they are handed on.
    try:
        recorded = json.loads(stamp_path(artefact).read_text())
        status = artefact.stat()
    except (FileNotFoundError, ValueError):  # not JSON, not UTF-8
        return {}
    known = {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
    is_of_these = isinstance(recorded, dict) and known.items() <= recorded.items()
    return recorded if is_of_these else {}


def write_stamp(artefact: Path, **facts: str) -> None:
    """Record what an artefact was made of."""
    status = artefact.stat()
    known = {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": sha256(artefact)}
    write_whole(stamp_path(artefact), json.dumps({**facts, **known}, indent=1) + "\n")


def require_bytes(path: Path, digest: object) -> Path:
    """Return an artefact, or a copy of one, if its bytes are those of the stamp."""
    if sha256(path) != digest:
        what = f"{path.name} is damaged: its bytes are not those that were built"
        raise IntegrityError(
            what, hint=f"rm {paths.quoted(paths.BUILD / path.name)}, and make it again"
        )
    return path


def git(*words: str) -> str:
    """Return what git prints."""
    # Git refuses a clone of another user's, such as a centre's.  Who runs this program,
    # which lies in it, trusts them already.
    trusted = f"safe.directory={paths.ROOT}"
    command = ["git", "-c", trusted, "-C", str(paths.ROOT), *words]
    return printed(command, paths.ROOT, hint="see git status, or install git")


KEY_LENGTH = 16


class Inputs:
    """Collects what goes into a result, each with its kind, name and length; `key` names it."""

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
    """Return a tree's files, sorted: Git's list in a clone, else all but bytecode and build."""
    files: Iterable[Path]
    if (paths.ROOT / ".git").exists():
        below = "" if tree == "." else f"{tree}/"
        files = (
            paths.ROOT / name
            for name in files_of_clone(paths.ROOT)
            if name == tree or name.startswith(below)
        )
    else:
        top = paths.ROOT / tree
        everything = [top, *all_below(top)]
        files = [path for path in everything if not path.is_relative_to(paths.BUILD)]
    return sorted(p for p in files if p.is_file() and "__pycache__" not in p.parts)
