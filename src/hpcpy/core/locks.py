"""The one lock: of a file or a folder, between processes and between threads."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hpcpy.core.errors import DiskError, UnavailableError
from hpcpy.core.files import disk_errors, make_folder
from hpcpy.core.programs import end_if_stopped

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
    """Hold the lock of a file, which is made for it, or of a folder.

    Who waits is told for whom, and calls `check` now and then, which may raise. Who may not
    wait gets an UnavailableError. The kernel drops the lock of a process that is killed.
    """
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
            print(f"waiting for {_holder(path)}, which has {path}", file=sys.stderr)
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
