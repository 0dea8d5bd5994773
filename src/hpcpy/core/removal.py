"""Removing pieces of the cache: mounts, other ids' files, what is in use."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from hpcpy.core.errors import DiskError, UnavailableError
from hpcpy.core.files import lock as flock

_ESCAPE = re.compile(r"\\([0-7]{3})")


def remove_tree(path: Path) -> None:
    """Remove a file or a folder; a link itself and never what it points to."""
    if mounted := mounts_below(path):
        raise UnavailableError(
            f"{mounted[0]}: something is mounted there",
            hint=f"umount {shlex.quote(str(mounted[0]))}",
        )
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        where = error.filename or path
        raise DiskError(f"{where}: cannot be removed ({error.strerror})") from error


def remove_storage(path: Path) -> None:
    """Remove a storage of buildah or podman, with what is left mounted in it."""
    if user := user_of(path):
        raise UnavailableError(
            f"{path}: process {user} works in it", hint="try again when it has ended"
        )
    for mount in mounts_below(path):
        subprocess.run(["umount", mount], capture_output=True, check=False)
    if os.geteuid() != 0:
        _remove_as_mapped_root(path)
    remove_tree(path)


def _remove_as_mapped_root(path: Path) -> None:
    # Files of a rootless storage belong to subordinate ids: only root of the
    # user's own namespace may remove them.  What fails here fails again, and
    # is told, where it is removed in the plain way.
    if buildah := shutil.which("buildah"):
        subprocess.run(
            [buildah, "unshare", "rm", "-rf", "--one-file-system", "--", path],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )


def mounts_below(path: Path) -> list[Path]:
    """Return the mount points at and below a path, the topmost mount first."""
    real = path.parent.resolve() / path.name
    lines = Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines()
    points = [
        Path(_ESCAPE.sub(lambda match: chr(int(match[1], 8)), line.split()[4])) for line in lines
    ]
    # The kernel lists a mount after the one that it lies on.
    return [point for point in reversed(points) if point == real or real in point.parents]


def user_of(storage: Path) -> str:
    """Return the id of a process that works in a storage; empty for none.

    buildah, podman's conmon and fuse-overlayfs all have its path on their
    command lines, for as long as a build step or a container runs.
    """
    names = {os.fspath(storage), os.fspath(storage.resolve())}
    words = re.compile("|".join(f"(?:^|=){re.escape(name)}(?:/|$)" for name in names))
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            command = (process / "cmdline").read_bytes().decode(errors="surrogateescape")
        except OSError:  # it has ended
            continue
        if any(words.search(word) for word in command.split("\0")):
            return process.name
    return ""


@contextlib.contextmanager
def held(lock: Path) -> Iterator[None]:
    """Hold the lock of those who write a piece of the cache."""
    try:
        stream = lock.open("ab")
    except OSError:
        # Not there, or another's: what matters is whether it can be removed.
        yield
        return
    with stream:
        try:
            flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UnavailableError(
                f"{lock}: another process works on it", hint="try again when it has ended"
            ) from error
        yield
