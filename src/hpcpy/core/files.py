"""Files that are whole or absent, and what they hash to."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hpcpy.core import paths
from hpcpy_common.errors import DiskError, UsageError
from hpcpy_common.files import destination, unfinished, whole

_CANNOT_BE_WRITTEN = (
    *(errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR),
    # Names of outputs: links in a circle, a socket, a descriptor that is not open, too long.
    *(errno.ELOOP, errno.ENXIO, errno.EBADF, errno.ENAMETOOLONG),
    errno.EBUSY,  # a mount point
    errno.ENOTEMPTY,  # a folder that another process has made meanwhile
)
# Bytes in which a file of ours has its mark.
_HEAD = 1 << 16
ANOTHER_FOLDER = "name another folder: TO=… or --to"
GIB = 1 << 30
MIB = 1 << 20


def in_words(size: int) -> str:
    """Return a number of bytes as text with a unit."""
    return f"{size / GIB:.2f} GiB" if size >= GIB else f"{size / MIB:.1f} MiB"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def more_room(*places: Path) -> str:
    """Return the hint that names the disk that is full, of those that some files are on."""
    there = [next(path for path in (place, *place.parents) if path.exists()) for place in places]
    fullest = min(there, key=lambda folder: shutil.disk_usage(folder).free)
    if shutil.disk_usage(fullest).free > MIB:
        # What was written, the last, is gone already.
        fullest = there[-1]
    mount = next(path for path in (fullest, *fullest.absolute().parents) if path.is_mount())
    others = "HPCPY_CACHE for downloads and builds, TMPDIR, another place of the checkout"
    more = f": {others}" if paths.IS_CHECKOUT else ""
    return f"free some at {mount}, or use another disk{more}"


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn "disk full" and "read-only" under `path` into one clear line."""
    try:
        yield
    except OSError as error:
        # The second of two names is the one that is written.
        where = error.filename2 or error.filename or path
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            message = f"{where}: no space left on the device"
            raise DiskError(message, hint=more_room(Path(where))) from error
        # The kernel says of a new name below /proc that it is not there.
        if error.errno in _CANNOT_BE_WRITTEN or str(where).startswith("/proc/"):
            raise DiskError(f"{where}: cannot be written ({error.strerror})") from error
        raise


@contextlib.contextmanager
def places_named(folder: Path, remedy: str) -> Iterator[None]:
    """Have an error of a place that a user can name end with how; no empty folder is left."""
    absent = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    try:
        yield
    except DiskError as error:
        for path in absent:
            with contextlib.suppress(OSError):  # of another's, or in use
                path.rmdir()
        error.hint = remedy
        raise


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary name; complete, it takes the place of `path`, or goes to that device."""
    make_folder(path.parent)
    with disk_errors(path):
        try:
            destination(path)
        except (FileNotFoundError, IsADirectoryError) as error:  # behind a link; a folder
            raise DiskError(f"{path}: cannot be written ({error.strerror})") from error
        with whole(path) as temporary:
            yield temporary


def refuse_anothers(path: Path, mark: str, what: str, *, may_be_device: bool = False) -> str:
    """Refuse to write over a folder, or a file without our mark; return what is there of ours."""
    # Methods of `Path` raise for a name that is too long.
    if os.path.isdir(path):  # noqa: PTH112
        raise DiskError(f"{path}: cannot be written ({os.strerror(errno.EISDIR)})")
    if not os.path.isfile(path) or not path.stat().st_size:  # noqa: PTH113
        if os.path.exists(path) and not (may_be_device or path.is_file()):  # noqa: PTH110
            raise DiskError(f"{path}: cannot be written (it is no file)")  # a FIFO waits for ever
        return ""
    with disk_errors(path), path.open("rb") as file:
        text = file.read(_HEAD).decode("utf-8", "surrogateescape")
    if mark not in text:
        hint = "name another place, or remove this file"
        raise UsageError(f"{path}: is no {what} that hpcpy has written", hint=hint)
    return text


def write_whole(path: Path, text: str, mode: int = 0) -> None:
    """Write a text as a whole file; without `mode`, the umask says who may read it."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="surrogateescape")
        if mode:
            temporary.chmod(mode)


def make_folder(path: Path) -> None:
    """Have a folder, with those above it."""
    with disk_errors(path):
        try:
            path.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:  # below a file
            raise DiskError(f"{path}: cannot be written ({error.strerror})") from error


def is_folder(path: Path) -> bool:
    """Tell whether a path is a folder, and no link to one, whose target may be closed."""
    return not path.is_symlink() and path.is_dir()


def all_below(folder: Path) -> Iterator[Path]:
    """Yield all paths below a folder, and none below a file; links are not followed."""

    # Path.rglob of Debian 12's Python leaves a folder, and says nothing, at the first link whose
    # target this user may not look at.
    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            message = f"{error.filename}: cannot be read ({error.strerror})"
            raise DiskError(message, hint="its owner can let you: chmod u+rx, or g+rx")

    for parent, folders, files in os.walk(folder, onerror=refuse):
        yield from (Path(parent, name) for name in (*folders, *files))


@contextlib.contextmanager
def scratch_dir(parent: Path, prefix: str) -> Iterator[Path]:
    """Give an empty folder below `parent` that is gone afterwards."""
    make_folder(parent)
    with disk_errors(parent):
        path = Path(tempfile.mkdtemp(prefix=f"{prefix}.", dir=parent))
        path.chmod(0o755)  # apt and build steps read it as other users
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def require_free(path: Path, need: int, what: str) -> None:
    """Check that `need` bytes are free where `path` will be written."""
    existing = next(p for p in (path, *path.parents) if p.exists())
    free = shutil.disk_usage(existing).free
    if free < need:
        raise DiskError(
            f"{what} needs {in_words(need)} free at {path}, there are {in_words(free)}",
            hint=more_room(existing),
        )


def place(source: Path, target: Path, mode: int = 0) -> Path:
    """Copy a file with its mode and times, or another `mode`."""
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch(0o600)
        shutil.copyfile(source, target)
        if mode:
            target.chmod(mode)
        else:
            shutil.copystat(source, target)
    return target


def share(source: Path, target: Path) -> None:
    """Have a file that nobody changes in a scratch folder, too: a hard link where possible."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        place(source, target)


def relink(link: Path, target: Path) -> None:
    """Make `link` a relative link to `target`, in one step."""
    link.parent.mkdir(parents=True, exist_ok=True)
    temporary = unfinished(link)
    temporary.symlink_to(os.path.relpath(target, link.parent))
    temporary.replace(link)
