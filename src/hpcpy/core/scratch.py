"""Folders that several builds use at once, and scratch folders below ``build/``."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.errors import DiskError, HpcpyError, UnavailableError
from hpcpy.core.files import disk_errors, lock, make_folder, scratch_dir
from hpcpy.core.programs import captured

_HELD = "HPCPY_CHECKOUT_LOCK"


@contextlib.contextmanager
def checkout_lock() -> Iterator[None]:
    """Hold ``build/.lock``; wait, saying so, while another process has it.

    A command run by one that holds the lock passes straight through: the
    holder tells its children so in the environment.
    """
    if os.environ.get(_HELD) == str(paths.BUILD):
        yield
        return
    with disk_errors(paths.BUILD):
        paths.BUILD.mkdir(parents=True, exist_ok=True)
        stream = (paths.BUILD / ".lock").open("a+", errors="replace")
    with stream:
        try:
            lock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            print(
                f"waiting for another make here (process {stream.read().strip()})", file=sys.stderr
            )
            lock(stream, fcntl.LOCK_EX)
        stream.seek(0)
        stream.truncate()
        print(os.getpid(), file=stream, flush=True)
        os.environ[_HELD] = str(paths.BUILD)
        try:
            yield
        finally:
            del os.environ[_HELD]


USERS = ".users"


@contextlib.contextmanager
def used(folder: Path, tidy: Callable[[], None]) -> Iterator[None]:
    """Use a folder; where nobody else does, tidy it first.

    The kernel drops the lock of a process that is killed.
    """
    make_folder(folder)
    with disk_errors(folder):
        stream = (folder / USERS).open("a")
    with stream:
        with contextlib.suppress(BlockingIOError):
            lock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            tidy()
        # Who is tidying just now is waited for.
        lock(stream, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def build_scratch(prefix: str) -> Iterator[Path]:
    """Give an empty folder that is gone afterwards.

    What a killed command has left, up to 3 GB, goes when the next one asks for a folder.
    """
    parent = paths.BUILD / "scratch"

    def tidy() -> None:
        for left in parent.iterdir():
            # What a verify has mounted stays: nothing below it is removed by mistake.
            with contextlib.suppress(HpcpyError):
                if left.name != USERS:
                    remove_tree(left)

    with used(parent, tidy), scratch_dir(parent, prefix) as folder:
        yield folder


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
    for mount in mounts_below(path):
        captured(["umount", mount])
    if os.geteuid() != 0:
        # Files of a rootless storage belong to subordinate ids: only root of the
        # user's own namespace may remove them.  What fails here fails again, and
        # is told, where it is removed in the plain way.
        captured(["buildah", "unshare", "rm", "-rf", "--one-file-system", "--", path])
    remove_tree(path)


def mounts_below(path: Path) -> list[Path]:
    """Return the mount points at and below a path, the topmost mount first."""
    real = path.parent.resolve() / path.name
    lines = Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines()
    points = [
        Path(_ESCAPE.sub(lambda match: chr(int(match[1], 8)), line.split()[4])) for line in lines
    ]
    # The kernel lists a mount after the one that it lies on.
    return [point for point in reversed(points) if point == real or real in point.parents]


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock of those who write a piece of the cache."""
    try:
        stream = path.open("ab")
    except OSError:
        # Not there, or another's: what matters is whether it can be removed.
        yield
        return
    with stream:
        try:
            lock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UnavailableError(
                f"{path}: another process works on it", hint="try again when it has ended"
            ) from error
        yield
