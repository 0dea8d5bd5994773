"""Where an output goes: in place of a plain file, or into a device, a FIFO or an open file.

A rename would replace whatever has the name: a link, a FIFO, and as root a
device. So only plain files and free names are renamed onto.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from workloads.parallel import signals

STDOUT = "-"
# The kernel follows as many.
_MOST_LINKS = 40


@dataclass(frozen=True)
class Destination:
    """What the name of an output leads to.

    Parameters
    ----------
    path
        The name as it was given.
    replaced
        The plain file or free name behind its links; None for all else.
    descriptor
        The open file of this process that the name stands for: 1 for ``-``
        and ``/dev/stdout``, 3 for ``/dev/fd/3``; None for all else.
    """

    path: Path
    replaced: Path | None = None
    descriptor: int | None = None

    @property
    def folder(self) -> Path:
        """Where a temporary file is made: beside the file that it replaces."""
        return Path(tempfile.gettempdir()) if self.replaced is None else self.replaced.parent

    @property
    def is_stdout(self) -> bool:
        """Whether it shares standard output with what people read."""
        return self.descriptor == 1

    @contextlib.contextmanager
    def whole(self, suffix: str = "") -> Iterator[Path]:
        """Give a temporary name in `folder`; put its file in place when it is complete.

        A failure, Ctrl-C included, leaves nothing under either name.

        Parameters
        ----------
        suffix
            How the temporary name ends where `path` has no ending.
        """
        # The suffix stays at the end: libraries choose the format by it.  The name is
        # chosen before the file is made: after mkstemp another thread may hold the GIL
        # for a while, and a Ctrl-C would then leave a file that nobody knows.
        name = f".{self.path.stem}.{os.urandom(8).hex()}{self.path.suffix or suffix}"
        temporary = self.folder / name
        with signals.on_stop(temporary.unlink):
            try:
                os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                yield temporary
                umask = os.umask(0)
                os.umask(umask)
                temporary.chmod(0o666 & ~umask)
                self._take(temporary)
            finally:
                temporary.unlink(missing_ok=True)

    def _take(self, made: Path) -> None:
        if self.replaced is not None:
            made.replace(self.replaced)
            return
        with made.open("rb") as source, self._opened() as target:
            shutil.copyfileobj(source, target)

    def _opened(self) -> BinaryIO:
        # Opening /dev/stdout anew would fail for a socket, and would write over
        # the beginning of a file.
        if self.descriptor is not None:
            return os.fdopen(os.dup(self.descriptor), "wb")
        flags = os.O_WRONLY | os.O_TRUNC | os.O_NOCTTY
        return os.fdopen(os.open(self.path, flags), "wb")


def destination(path: Path) -> Destination:
    """Return what a name leads to, and refuse what cannot be written to.

    Raises
    ------
    OSError
        For a folder, a socket, links in a circle, a folder on the way that is
        absent, a descriptor that is not open, what the user may not write to.
    """
    if str(path) == STDOUT:
        os.fstat(1)
        return Destination(path, descriptor=1)
    # The kernel may refuse to follow somebody else's link in /tmp: it is asked
    # before this program follows any.
    mode = _mode(path)
    if stat.S_ISDIR(mode):
        raise _error(errno.EISDIR, path)
    last = _followed(path)
    if last.parent == Path(os.path.realpath("/proc/self/fd")) and last.name.isdecimal():
        os.fstat(int(last.name))
        return Destination(path, descriptor=int(last.name))
    if stat.S_ISSOCK(mode):
        raise _error(errno.ENXIO, path)
    if stat.S_ISREG(mode) and not last.is_relative_to("/proc"):
        return Destination(path, replaced=last)
    if not os.access(path, os.W_OK):
        raise _error(errno.EACCES, path)
    return Destination(path)


def is_stdout(path: Path) -> bool:
    """Tell whether an output goes to standard output; False if it cannot be written to.

    It may be a folder that another rank has just made.
    """
    try:
        return destination(path).is_stdout
    except OSError:
        return False


def _mode(path: Path) -> int:
    """Return the mode of a file; a free name counts as a plain file, which it will become."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return stat.S_IFREG


def _followed(path: Path) -> Path:
    """Follow the links at a path's end, up to those in /proc, which lead to open files."""
    for _ in range(_MOST_LINKS):
        # Strict, so that `absent/../f` is an error, as for the kernel, and not `f`.
        path = Path(os.path.realpath(path.parent, strict=True), path.name)
        if path.is_relative_to("/proc") or not path.is_symlink():
            return path
        path = path.parent / path.readlink()
    raise _error(errno.ELOOP, path)


def _error(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))
