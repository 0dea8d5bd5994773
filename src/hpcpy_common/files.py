"""Outputs: files that are whole or absent.

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
import time
import zlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from hpcpy_common import cleanup
from hpcpy_common.errors import DiskError, UsageError

STDOUT = "-"
# Errors of a file name that a user has given, wherever it is first used.
OF_A_NAME = (errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES)
# In the name of an unfinished file: its writer's machine and process, and a random number.
_WRITER = "([0-9a-f]{8})([0-9a-f]{6})[0-9a-f]{6}"
# Without a byte more for so long, what a process of another machine has begun is left over.
_DEAD_SECONDS = 24 * 3600


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
        if is_replaced:
            return target
        mode = stat.S_IFSOCK
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    # A rename needs the folder's rights alone: it would also replace a file that its owner has
    # closed, and one of somebody else in a folder for all.
    if stat.S_ISSOCK(mode) or not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    return target if stat.S_ISREG(mode) and is_replaced else None


def is_stdout(path: Path) -> bool:
    """Tell whether an output goes to standard output: ``-``, or another name of its file."""
    if str(path) == STDOUT:
        return True
    try:
        status = path.stat()
        return not stat.S_ISCHR(status.st_mode) and os.path.samestat(status, os.fstat(1))
    except OSError:
        return False


def unfinished(path: Path, suffix: str = "") -> Path:
    """Return a name beside `path` for what will replace it, and that no other writer has.

    What writers that were killed have left beside `path` is removed.
    """
    ending = path.suffix or suffix
    names = re.compile(rf"\.{re.escape(path.stem)}\.{_WRITER}{re.escape(ending)}")
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if (match := names.fullmatch(entry.name)) and _is_dead(match[1], match[2], entry):
                with contextlib.suppress(OSError):  # another user's, or removed just now
                    Path(entry).unlink()
    writer = f"{_machine()}{os.getpid():06x}{os.urandom(3).hex()}"
    return path.with_name(f".{path.stem}.{writer}{ending}")


def _machine() -> str:
    """Return as 8 digits the machine, or the container of its own, that numbers this process."""
    numbering = Path()
    with contextlib.suppress(OSError):  # no /proc
        numbering = Path("/proc/self/ns/pid").readlink()
    return f"{zlib.crc32(f'{os.uname().nodename} {numbering}'.encode()):08x}"


def _is_dead(machine: str, process: str, entry: os.DirEntry[str]) -> bool:
    """Tell whether the process that has begun a file has gone, or on another machine may have."""
    if machine != _machine():
        with contextlib.suppress(OSError):
            return time.time() - entry.stat(follow_symlinks=False).st_mtime > _DEAD_SECONDS
        return False
    number = int(process, 16)
    try:
        os.kill(number, 0)
        # Dead, too, while its parent has not asked for its exit code.
        return Path(f"/proc/{number}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z"
    except OSError as error:
        return not isinstance(error, PermissionError)  # another user's is alive


@contextlib.contextmanager
def whole(path: Path, suffix: str = "") -> Iterator[Path]:
    """Give a temporary name; its file takes the place of `path` when it is complete.

    A failure, Ctrl-C included, leaves nothing under either name, and what a killed process
    has left goes with the next output. A path without an ending gets `suffix` there:
    libraries choose the format by it.
    """
    replaced = destination(path)
    folder = replaced.parent if replaced else Path(tempfile.gettempdir())
    temporary = unfinished(folder / path.name, suffix)
    with cleanup.on_stop(temporary.unlink):
        try:
            temporary.touch(exist_ok=False)
            if replaced and replaced.exists():
                # Also before the first byte: a private file stays private.
                temporary.chmod(replaced.stat().st_mode & 0o777)
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
    """Do what `whole` does; an error of the disk becomes a DiskError."""
    try:
        with whole(path, suffix) as temporary:
            yield temporary
    except BrokenPipeError:
        # The reader has left: the end of a pipeline, and no fault of a disk.
        raise
    except OSError as error:
        # NumPy counts what a full disk has taken, and has no number of an error.
        reason = error.strerror or f"{error}: is the disk full?"
        raise DiskError(f"{path}: {reason}") from error


def write_json(path: Path, document: object, suffix: str = "") -> None:
    """Write JSON as people read it, too: see `whole_file`."""
    import json  # noqa: PLC0415

    with whole_file(path, suffix) as temporary:
        temporary.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
