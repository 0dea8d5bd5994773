"""Outputs that are whole or absent: in place of a plain file, or into standard output, a FIFO.

A rename would replace whatever has the name: a link, a FIFO, and as root a device. So only
plain files and free names are renamed onto.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workloads.errors import OutputError, UsageError
from workloads.parallel.unfinished import unfinished

STDOUT = "-"


@dataclass(frozen=True)
class Destination:
    """What the name of an output leads to."""

    path: Path  # as it was given
    replaced: Path | None = None  # the plain file or free name behind its links
    is_stdout: bool = False

    @property
    def folder(self) -> Path:
        """Where a temporary file is made: beside the file that it replaces."""
        return Path(tempfile.gettempdir()) if self.replaced is None else self.replaced.parent

    @contextlib.contextmanager
    def whole(self, suffix: str = "") -> Iterator[Path]:
        """Give a temporary name in `folder`; put its file in place when it is complete.

        A failure, Ctrl-C included, leaves nothing under either name. A path without an
        ending gets `suffix` there: libraries choose the format by it.
        """
        name = f".{self.path.stem}.{os.urandom(8).hex()}{self.path.suffix or suffix}"
        temporary = self.folder / name
        with unfinished(temporary):
            try:
                temporary.touch(exist_ok=False)
                yield temporary
                self._take(temporary)
            finally:
                temporary.unlink(missing_ok=True)

    def _take(self, made: Path) -> None:
        if self.replaced is not None:
            made.replace(self.replaced)
            return
        # Standard output opened anew would be written from the beginning of its file.
        output = os.fdopen(os.dup(1), "wb") if self.is_stdout else self.path.open("wb")
        with made.open("rb") as source, output:
            shutil.copyfileobj(source, output)


def destination(path: Path) -> Destination:
    """Return what a name leads to; raise an OSError for what cannot be written to."""
    if str(path) == STDOUT:
        os.fstat(1)
        return Destination(path, is_stdout=True)
    target = Path(os.path.realpath(path))
    is_replaced = not target.is_relative_to("/proc")
    try:
        # The kernel may refuse to follow somebody else's link in /tmp.
        found = path.stat()
    except FileNotFoundError:
        # Strict, so that `absent/../f` is an error, as for the kernel, and not `f`.
        for folder in (path.parent, target.parent):
            os.path.realpath(folder, strict=True)
        if is_replaced:
            return Destination(path, replaced=target)
        raise _error(errno.EACCES, path) from None
    mode = found.st_mode
    if not stat.S_ISCHR(mode) and _is_stdout(found):
        return Destination(path, is_stdout=True)
    if stat.S_ISREG(mode) and is_replaced:
        return Destination(path, replaced=target)
    if stat.S_ISDIR(mode):
        raise _error(errno.EISDIR, path)
    if stat.S_ISSOCK(mode) or not os.access(path, os.W_OK):
        raise _error(errno.EACCES, path)
    return Destination(path)


def _error(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))


def _is_stdout(found: os.stat_result) -> bool:
    try:
        return os.path.samestat(found, os.fstat(1))
    except OSError:
        return False


def is_stdout(path: Path) -> bool:
    """Tell whether an output goes to standard output; False if it cannot be written to."""
    try:
        return destination(path).is_stdout
    except OSError:
        return False


def with_ending(path: Path, default: str) -> Path:
    """Return `path` with an ending that says the format: standard output gets the default."""
    if path.suffix or not is_stdout(path):
        return path
    return path.with_name(f"{path.name}{default}")


def require_writable(path: Path, option: str) -> None:
    """Raise a UsageError before a long run whose result could not be written."""
    try:
        with tempfile.TemporaryFile(dir=destination(path).folder):
            pass
    except IsADirectoryError as error:
        raise UsageError(f"{option} {path}: is a folder", hint="give a file name") from error
    except FileNotFoundError as error:
        raise UsageError(f"{option} {path}: there is no folder {error.filename}") from error
    except OSError as error:
        raise UsageError(f"{option} {path}: cannot be written ({error.strerror})") from error


def require_seen(folder: Path, option: str, comm: Any) -> None:
    """Raise a UsageError on every rank when one does not see a folder that another has made."""
    nodes = comm.allgather("" if folder.is_dir() else os.uname().nodename)
    if blind := sorted({*filter(None, nodes)}):
        raise UsageError(
            f"{folder}: not seen by the ranks on {', '.join(blind)}",
            hint=f"give {option} a folder that all nodes share",
        )


@contextlib.contextmanager
def whole_file(path: Path, suffix: str = "") -> Iterator[Path]:
    """Do what `Destination.whole` does; an error of the disk becomes an OutputError."""
    try:
        with destination(path).whole(suffix) as temporary:
            yield temporary
    except BrokenPipeError:
        # The reader has left: the end of a pipeline, and no fault of a disk.
        raise
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or error}") from error


@contextlib.contextmanager
def hdf5_errors() -> Iterator[None]:
    """Turn an error of HDF5 into the system's OSError, by the number in its text, if any."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        found = re.search(r"errno = (\d+)", str(error))
        if found is None:
            raise
        raise OSError(int(found[1]), os.strerror(int(found[1]))) from error
