"""Result files that are whole or absent."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from workloads.errors import OutputError, UsageError
from workloads.harness.unfinished import unfinished


def require_writable(path: Path, option: str) -> None:
    """Check before a long run that its result can be written.

    Raises
    ------
    UsageError
        When `path` is a folder, or its folder is absent or read-only.
    """
    if path.is_dir():
        raise UsageError(f"{option} {path}: is a folder", hint="give a file name")
    if not path.parent.is_dir():
        raise UsageError(f"{option} {path}: there is no folder {path.parent}")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise UsageError(f"{option} {path}: cannot be written ({error.strerror})") from error


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; rename it to `path` on success.

    A failure, Ctrl-C included, leaves nothing under either name.

    Raises
    ------
    OutputError
        When the disk is full or the folder cannot be written any more.
    """
    # The suffix stays at the end: libraries choose the format by it.  The name is
    # there before the file: after mkstemp another thread may have the GIL for a
    # while, and a Ctrl-C that comes then would leave a file that nobody knows.
    temporary = path.with_name(f".{path.stem}.{os.urandom(8).hex()}{path.suffix}")
    try:
        with unfinished(temporary):
            try:
                os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                yield temporary
                umask = os.umask(0)
                os.umask(umask)
                temporary.chmod(0o666 & ~umask)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or error}") from error
