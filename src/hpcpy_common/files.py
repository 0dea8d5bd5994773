"""Outputs: files that are whole or absent.

A rename would replace whatever has the name: a link, a FIFO, and as root a device. So only
plain files and free names are renamed onto.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from hpcpy_common import cleanup
from hpcpy_common.errors import OutputError, UsageError

STDOUT = "-"
# Errors of a file name that a user has given, wherever it is first used.
OF_A_NAME = (errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES)


def destination(path: Path) -> Path | None:
    """Return what an output replaces: the plain file or free name behind its links.

    None is for what takes bytes: standard output, a device, a FIFO. An OSError is raised for
    what cannot be written to.
    """
    if is_stdout(path):
        return None
    target = Path(os.path.realpath(path))
    is_replaced = not target.is_relative_to("/proc")
    try:
        # The kernel may refuse to follow somebody else's link in /tmp.
        mode = path.stat().st_mode
    except FileNotFoundError:
        # Strict, so that `absent/../f` is an error, as for the kernel, and not `f`.
        for folder in (path.parent, target.parent):
            os.path.realpath(folder, strict=True)
        mode = stat.S_IFREG if is_replaced else stat.S_IFSOCK
    if stat.S_ISREG(mode) and is_replaced:
        return target
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if stat.S_ISSOCK(mode) or not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    return None


def is_stdout(path: Path) -> bool:
    """Tell whether an output goes to standard output: ``-``, or another name of its file."""
    if str(path) == STDOUT:
        return True
    try:
        status = path.stat()
        return not stat.S_ISCHR(status.st_mode) and os.path.samestat(status, os.fstat(1))
    except OSError:
        return False


@contextlib.contextmanager
def whole(path: Path, suffix: str = "") -> Iterator[Path]:
    """Give a temporary name; its file takes the place of `path` when it is complete.

    A failure, Ctrl-C included, leaves nothing under either name. A path without an
    ending gets `suffix` there: libraries choose the format by it.
    """
    replaced = destination(path)
    folder = replaced.parent if replaced else Path(tempfile.gettempdir())
    temporary = folder / f".{path.stem}.{os.urandom(8).hex()}{path.suffix or suffix}"
    with cleanup.on_stop(temporary.unlink):
        try:
            temporary.touch(exist_ok=False)
            yield temporary
            if replaced:
                temporary.replace(replaced)
                return
            # Standard output opened anew would be written from the beginning of its file.
            output = os.fdopen(os.dup(1), "wb") if is_stdout(path) else path.open("wb")
            with temporary.open("rb") as source, output:
                shutil.copyfileobj(source, output)
        finally:
            temporary.unlink(missing_ok=True)


def with_ending(path: Path, default: str) -> Path:
    """Return `path` with an ending that says the format: standard output gets the default."""
    if path.suffix or not is_stdout(path):
        return path
    return path.with_name(f"{path.name}{default}")


def require_writable(path: Path, option: str, endings: Collection[str] = ()) -> None:
    """Raise a UsageError before a long run whose result could not be written.

    Of `endings` one must be the file's; standard output gets the first one.
    """
    if endings and with_ending(path, next(iter(endings))).suffix.lower() not in endings:
        raise UsageError(f"{option} {path}: ends in none of {', '.join(endings)}")
    try:
        replaced = destination(path)
        with tempfile.TemporaryFile(dir=replaced and replaced.parent):
            pass
    except IsADirectoryError as error:
        raise UsageError(f"{option} {path}: is a folder", hint="give a file name") from error
    except FileNotFoundError as error:
        raise UsageError(f"{option} {path}: there is no folder {error.filename}") from error
    except OSError as error:
        raise UsageError(f"{option} {path}: cannot be written ({error.strerror})") from error


def require_apart(outputs: Mapping[str, Path]) -> None:
    """Raise a UsageError where two outputs, by option, go to one file or to standard output."""
    taken: dict[Path, str] = {}
    for option, path in outputs.items():
        try:
            target = Path(STDOUT) if is_stdout(path) else destination(path)
        except OSError:
            continue  # `require_writable` says why it cannot be written
        if target in taken:
            both = f"{taken[target]} and {option}: both go to {path}"
            raise UsageError(both, hint="name two files")
        if target is not None:
            taken[target] = option


@contextlib.contextmanager
def whole_file(path: Path, suffix: str = "") -> Iterator[Path]:
    """Do what `whole` does; an error of the disk becomes an OutputError."""
    try:
        with whole(path, suffix) as temporary:
            yield temporary
    except BrokenPipeError:
        # The reader has left: the end of a pipeline, and no fault of a disk.
        raise
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or error}") from error


def write_json(path: Path, document: object, suffix: str = "") -> None:
    """Write JSON as people read it, too: see `whole_file`."""
    import json  # noqa: PLC0415

    with whole_file(path, suffix) as temporary:
        temporary.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
