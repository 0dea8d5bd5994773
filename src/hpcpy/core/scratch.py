"""The one lock; folders that several builds use at once; scratch folders below ``build/``."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shlex
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from hpcpy.core import paths
from hpcpy.core.files import disk_errors, make_folder, scratch_dir
from hpcpy.core.programs import end_if_stopped
from hpcpy_common import mounts
from hpcpy_common.errors import DiskError, HpcpyError, UnavailableError

_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
_PAUSE = 0.05
# No line for what is over before it can be read.
_QUIET_SECONDS = 1.0


@contextlib.contextmanager
def locked(
    path: Path,
    *,
    is_shared: bool = False,
    may_wait: bool = True,
    check: Callable[[], None] = end_if_stopped,
) -> Iterator[None]:
    """Hold the lock of a file, which is made for it, or of a folder, at most until this ends."""
    # Who waits is told for whom, and calls `check` now and then, which may raise.
    # Each holder opens it anew: such locks hold between threads, too.
    operation = (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
    begun, is_told = time.monotonic(), False
    while True:
        handle = _open(path)
        try:
            if _try(handle, operation, path):
                # Who had it before may have removed the file, or put another in its place.
                if _is_still(path, handle):
                    yield
                    return
                continue
        finally:
            os.close(handle)
        check()
        if not may_wait:
            raise UnavailableError(
                f"{path}: {_holder(path)} works on it", hint="try again when it has ended"
            )
        if not is_told and time.monotonic() - begun > _QUIET_SECONDS:
            # A thread of this process has a stage's line of its own.
            if not (holder := _holder(path)).startswith(f"process {os.getpid()} "):
                print(f"waiting for {holder}, which has {path}", file=sys.stderr)
            is_told = True
        time.sleep(_PAUSE)


def _open(path: Path) -> int:
    make_folder(path.parent)
    with disk_errors(path):
        if path.is_dir():
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        # No link: whoever may write to a shared cache can make one.
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)


def _try(handle: int, operation: int, path: Path) -> bool:
    try:
        fcntl.flock(handle, operation)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        raise DiskError(
            f"{path}: its file system has no locks ({error.strerror})",
            hint="use a checkout and HPCPY_CACHE on another one; Lustre has them with -o flock",
        ) from error
    return True


def _is_still(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _holder(path: Path) -> str:
    """Return in words who has a lock, as /proc/locks lists it."""
    with contextlib.suppress(OSError):
        number = str(path.stat().st_ino)
        for line in Path("/proc/locks").read_text().splitlines():
            # "1: FLOCK ADVISORY WRITE 2040 fe:00:16050427 0 EOF"
            _, kind, _, _, process, file, *_ = line.split()
            if kind == "FLOCK" and file.rpartition(":")[2] == number:
                words = Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ").split()
                return f"process {process} ({' '.join(words)[:80]})"
    return "another process"


_HELD = "HPCPY_CHECKOUT_LOCK"
_threads = threading.RLock()
LOCK = ".lock"


@contextlib.contextmanager
def checkout_lock() -> Iterator[None]:
    """Hold ``build/.lock``: one make at a time in a checkout, and the holder's own commands."""
    is_main = threading.current_thread() is threading.main_thread()
    with contextlib.nullcontext() if is_main else _threads:
        if os.environ.get(_HELD) == str(paths.BUILD):
            yield
            return
        with locked(paths.BUILD / LOCK):
            os.environ[_HELD] = str(paths.BUILD)
            try:
                yield
            finally:
                del os.environ[_HELD]


USERS = ".users"


@contextlib.contextmanager
def used(folder: Path, tidy: Callable[[], None]) -> Iterator[None]:
    """Use a folder; where nobody else does, tidy it first."""
    with contextlib.suppress(UnavailableError), locked(folder / USERS, may_wait=False):
        tidy()
    # Who is tidying just now is waited for.
    with locked(folder / USERS, is_shared=True):
        yield


@contextlib.contextmanager
def build_scratch(prefix: str) -> Iterator[Path]:
    """Give an empty folder that is gone afterwards, as is what a killed command has left."""
    parent = paths.BUILD / "scratch"

    def tidy() -> None:
        for left in parent.iterdir():
            # What a verify has mounted stays: nothing below it is removed by mistake.
            with contextlib.suppress(HpcpyError):
                if left.name != USERS:
                    remove_tree(left)

    with used(parent, tidy), scratch_dir(parent, prefix) as folder:
        yield folder


def remove_tree(path: Path) -> None:
    """Remove a file or a folder; a link itself and never what it points to."""
    if mounted := mounts_below(path):
        hint = f"umount {shlex.quote(str(mounted[0]))}"
        raise UnavailableError(f"{mounted[0]}: something is mounted there", hint=hint)
    try:
        if path.is_dir() and not path.is_symlink():
            # The error itself has the last part of the name alone.
            shutil.rmtree(path, onerror=lambda _, where, error: _not_removed(where, error[1]))
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        _not_removed(path, error)


def _not_removed(where: str | Path, error: BaseException) -> NoReturn:
    reason = getattr(error, "strerror", error)
    raise DiskError(f"{where}: cannot be removed ({reason})") from error


def mounts_below(path: Path) -> list[Path]:
    """Return the mount points at and below a path, the topmost mount first."""
    real = path.parent.resolve() / path.name
    mountinfo = Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
    points = [Path(point) for point, _ in mounts.points(mountinfo)]
    # The kernel lists a mount after the one that it lies on.
    return [point for point in reversed(points) if point == real or real in point.parents]
