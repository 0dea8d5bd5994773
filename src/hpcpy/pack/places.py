"""The folders beside a prefix, and how each takes another's place, whenever it is killed.

Beside PREFIX there is, for a time, `PREFIX.packing`, what is being made or removed.
`PREFIX.unpacked`, the folder as it was, stays until it is removed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from hpcpy.core.files import disk_errors, is_folder, places_named
from hpcpy.core.paths import quoted
from hpcpy.core.scratch import locked, mounts_below, remove_tree
from hpcpy.core.stages import say
from hpcpy_common.errors import DiskError, HpcpyError, UsageError
from hpcpy_common.machine import user_name

_OWN = 0o700
_ALL = os.R_OK | os.W_OK | os.X_OK
# It marks a folder as ours.
_MARK = "lock"
# What comes last in a folder: what a start looks for, its image by the configuration.
_LAST = {"bin": 1, ".pack": 2, "config": 3}
# The kept folder while an undo gives it back: it goes, by one rename, with the image.
_KEPT = ".pack/kept"


def beside(prefix: Path, state: str) -> Path:
    """Return the folder of a state."""
    return Path(f"{prefix}.{state}")


def is_packed(folder: Path) -> bool:
    """Tell whether a folder is a packed environment, whole."""
    return (folder / ".pack/config").is_file()


@contextlib.contextmanager
def work_folder(prefix: Path, remedy: str = "ask its owner") -> Iterator[Path]:
    """Give a folder beside the prefix, which is gone afterwards: one pack has it at once."""
    # If one was killed, the prefix is first what it was before it, or what an undo has begun.
    made = beside(prefix, "packing")
    with places_named(made, remedy), disk_errors(made):
        # Else the last renames would fail in a sticky folder, and in an undo.
        if prefix.is_dir() and os.geteuid() not in (0, owner := prefix.stat().st_uid):
            raise DiskError(f"{prefix}: belongs to {user_name(owner)}: only its owner packs it")
        # Nobody else reads there what is not in its place, with its mode.
        with contextlib.suppress(FileExistsError):
            made.mkdir(_OWN)
            # Else what is made there would be open to those whom the parent names.
            for kind in ("access", "default"):
                with contextlib.suppress(OSError):
                    os.removexattr(made, f"system.posix_acl_{kind}")
        # Not another's, who could change what is made there and started, nor a link of theirs.
        status = made.lstat()
        is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
        is_closed = is_ours and not status.st_mode & 0o022
        if not is_closed or (not (made / _MARK).exists() and any(made.iterdir())):
            raise UsageError(f"{made}: is in the way", hint="move it, or remove it")
    with disk_errors(made), locked(made / _MARK, may_wait=False):
        try:
            # What a killed one has left there goes with it.
            work = Path(tempfile.mkdtemp(dir=made))
            _recover(prefix, work)
            yield work
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            message = f"{error.filename}: cannot be moved out of a container's own layers"
            raise DiskError(message, hint="put a copy of it (cp -a) in its place") from error
        finally:
            # Else an undo was stopped: it stays, so that the next pack goes on.
            if not (prefix / _KEPT).exists():
                _remove(made)


def refuse_fixed(*folders: Path, remedy: str = "") -> None:
    """Refuse folders where something cannot be moved or removed: half of all would be done."""
    for folder in folders:
        if mounted := mounts_below(folder):
            raise DiskError(f"{mounted[-1]}: is a mount point", hint=f"umount it{remedy}")
        for above, names, _ in os.walk(folder) if os.geteuid() else ():
            for path in (Path(above, name) for name in names):
                status = path.lstat()
                # In a sticky one only its owner moves what is another's.
                is_others = stat.S_ISDIR(status.st_mode) and status.st_uid != os.geteuid()
                if is_others and (status.st_mode & stat.S_ISVTX or not os.access(path, _ALL)):
                    hint = f"have {user_name(status.st_uid)} let you write there{remedy}"
                    raise DiskError(f"{path}: is closed to you", hint=hint)


def _open(folder: Path) -> None:
    """Let a user change a folder, which may be closed to its owner, or another's and open."""
    if not os.access(folder, _ALL):
        folder.chmod(folder.stat().st_mode | _OWN)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[None]:
    """Let a user change a file or a folder meanwhile, which may get another name."""
    mode = path.stat().st_mode
    _open(path)
    handle = os.open(path, os.O_RDONLY)
    try:
        yield
    finally:
        os.fchmod(handle, mode)
        os.close(handle)


def _remove(made: Path) -> None:
    try:
        for folder, names, _ in os.walk(made):
            for path in (Path(folder, name) for name in names):
                if not path.is_symlink():
                    _open(path)  # before its own are listed
        # The mark last: without it what is left is taken for somebody's folder.
        for path in made.iterdir():
            if path.name != _MARK:
                remove_tree(path)
        remove_tree(made)
    except (HpcpyError, OSError) as error:
        # All is done, and no name of ours leads there.
        say(f"{made}: is left ({error}): {removal(made)}")


def _recover(prefix: Path, work: Path) -> None:
    """Finish an undo that was stopped, and undo a pack that was killed between two renames."""
    unpacked = beside(prefix, "unpacked")
    if not os.path.lexists(prefix) and unpacked.is_dir():
        unpacked.rename(prefix)
    if (prefix / _KEPT).exists():
        refuse_fixed(prefix / _KEPT)
        renew(prefix, prefix / _KEPT, work)


def give_back(prefix: Path, work: Path) -> None:
    """Have the kept folder take the packed one's place: once begun, it is all that is right."""
    with opened((prefix / _KEPT).parent):
        move(beside(prefix, "unpacked"), prefix / _KEPT)
    renew(prefix, prefix / _KEPT, work)


def swap(prefix: Path, new: Path, old: Path) -> None:
    """Have a new folder take the prefix's place, whose folder gets the name `old`."""
    try:
        prefix.rename(old)
        move(new, prefix)
    except BaseException:
        if not prefix.exists():
            old.rename(prefix)
        raise


def renew(
    prefix: Path, new: Path, work: Path, image: Path | None = None, names: Collection[str] = ()
) -> None:
    """Have what is in a new folder take the place of what is in the prefix, but for an image."""
    # What is in the prefix alone goes if a pack has made it: `names` are of copies of files.
    # The prefix stays the same folder: programs that run have their image mounted over it.
    folders: dict[Path, os.stat_result] = {}
    left = _merge(new, prefix, work, folders)
    # As long as its image is there, what is in it can be given back.
    for path in sorted(left, key=lambda path: path.name == ".pack"):
        if path != image and (_is_made(path) or str(path).removeprefix(str(prefix)) in names):
            discard(path, work)
    for folder, status in folders.items():
        os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns))
        folder.chmod(stat.S_IMODE(status.st_mode))


def _is_made(path: Path) -> bool:
    """Tell what a pack has made in its folder from what somebody has put there since."""
    if path.is_symlink():
        return ".pack" in (*path.readlink().parts, path.parent.name)
    return ".pack" in (path.name, path.parent.name)


def _merge(new: Path, place: Path, work: Path, folders: dict[Path, os.stat_result]) -> list[Path]:
    """Move what is in a folder into another; return what is there only, and how folders were."""
    shutil.copystat(new, place)
    status = folders[place] = new.stat()
    with contextlib.suppress(PermissionError):
        os.chown(place, status.st_uid, status.st_gid)
    for folder in (new, place):
        _open(folder)
    left = [path for path in place.iterdir() if not os.path.lexists(new / path.name)]
    for source in sorted(new.iterdir(), key=lambda path: _LAST.get(path.name, 0)):
        target = place / source.name
        if is_folder(source) and is_folder(target):
            left += _merge(source, target, work, folders)
        else:
            if is_folder(source) or is_folder(target):
                discard(target, work)
            move(source, target)
    return left


def discard(path: Path, work: Path) -> None:
    """Remove a file or a folder with the work folder."""
    # Removed where it is and killed meanwhile, half of it would be taken for the whole.
    if os.path.lexists(path):
        try:
            move(path, Path(tempfile.mkdtemp(dir=work), "gone"))
        except OSError as error:
            if error.errno != errno.EXDEV or not is_folder(path):
                raise
            # A container's own layer: its files can be moved, the folder cannot.  What tells of a
            # pack goes first.
            _open(path)
            for each in sorted(path.iterdir(), key=lambda each: each.name != "config"):
                discard(each, work)
            path.rmdir()


def removal(folder: Path) -> str:
    """Return the command that removes a folder, which may be closed to its owner."""
    is_closed = any(not os.access(path, os.W_OK) for path, _, _ in os.walk(folder))
    return f"{f'chmod -R u+w {quoted(folder)} && ' if is_closed else ''}rm -r {quoted(folder)}"


def move(path: Path, target: Path) -> Path:
    """Rename a file or a folder, which may be closed to its owner."""
    # Where it lies is written in the folder itself.
    is_closed = is_folder(path) and not os.access(path, os.W_OK)
    with opened(path) if is_closed else contextlib.nullcontext():
        path.rename(target)
    return target
