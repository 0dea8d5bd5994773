"""The site file of a machine and that of a module, and who could have written it."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from hpcpy_common.errors import UsageError
from hpcpy_common.machine import user_name

OF_MACHINE = Path("/etc/hpcpy/site.toml")
VARIABLE = "HPCPY_SITE_FILE"
# As the kernel's.
_MOST_LINKS = 40
# The next step where a module's file is not taken.
NOT_CHANGEABLE = "chmod o-w, or move it to a folder that not everybody can write to"


def is_file(path: Path) -> bool:
    """Tell whether there is a file; a closed folder is an error, whatever Python runs this."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except PermissionError as error:
        raise unreadable(path, error) from error
    except OSError:
        return False


def unreadable(path: Path, error: OSError) -> UsageError:
    """Return the error of a file that others have closed, to be raised."""
    why = str(error.strerror).lower()
    hint = "its owner opens it, and its folders, for you: chmod a+rX"
    return UsageError(f"{path}: cannot be read ({why})", hint=hint)


def why_not_in_etc(path: Path) -> str:
    """Return why the machine's file is not taken; empty if it is root's or yours alone."""
    owner = path.stat().st_uid
    # Or of whoever has /etc: in a user namespace root has another number.
    if owner in (0, os.geteuid(), path.parent.parent.stat().st_uid, _of_others()):
        return changeable(path)
    return f"it belongs to user {user_name(owner)}"


def _of_others() -> int:
    """Return the owner that all others' files have in a user namespace, root's too; else -1."""
    with contextlib.suppress(OSError, IndexError):
        # An engine has made such a container's /etc; what is bound there is the host's.
        if Path("/proc/self/uid_map").read_text().split()[2] != str(0xFFFF_FFFF):
            return int(Path("/proc/sys/kernel/overflowuid").read_text())
    return -1


def changeable(path: Path) -> str:
    """Return why anybody may have written a file, which has lines of shell."""
    # A module names it: its owner and a group, such as a centre's staff, are trusted, but not
    # whoever has put a file into a folder such as /tmp.
    file = path.stat()
    if file.st_mode & stat.S_IWOTH:
        return "everybody can change it"
    for name in way_to(path):
        folder, here = name.parent.stat(), name.lstat()
        owners = {0, os.geteuid(), folder.st_uid}
        # A folder on the way may be of the file's owner, too.
        owners |= {file.st_uid} if stat.S_ISDIR(here.st_mode) else set()
        is_kept = folder.st_mode & stat.S_ISVTX and here.st_uid in owners
        if folder.st_mode & stat.S_IWOTH and not is_kept:
            return f"everybody can write to {name.parent}"
    return ""


def way_to(path: Path) -> Iterator[Path]:
    """Yield each folder and link on the way to a file, by its real place, and then the file."""
    at, left, links = Path("/"), [*reversed(Path(Path.cwd(), path).parts[1:])], 0
    while left:
        name = left.pop()
        if name == "..":
            at = at.parent
            continue
        yield (way := at / name)
        if not way.is_symlink():
            at = way
            continue
        if (links := links + 1) > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        target = way.readlink()
        at = Path("/") if target.is_absolute() else at
        left += reversed(target.parts[target.is_absolute() :])


def why_not_yours(path: Path) -> str:
    """Return why a file in the home is not taken: su and sudo may leave another user's."""
    owner = path.parent.stat().st_uid
    is_own = owner in (0, os.geteuid(), _of_others())
    return "" if is_own else f"its folder belongs to user {user_name(owner)}"
