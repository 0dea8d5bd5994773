"""Whether code may be taken from a folder: nobody else can have changed what is in it."""

from __future__ import annotations

import contextlib
import functools
import grp
import os
import pwd
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import all_below
from hpcpy_common.errors import UnavailableError
from hpcpy_common.machine import user_name
from hpcpy_common.site_file import way_to

ANOTHER_CACHE = "set HPCPY_CACHE to a folder of your own"


def require_own(path: Path, remedy: str = ANOTHER_CACHE) -> None:
    """Refuse what another user can change, but root and the checkout's owner: their code runs."""
    # Downloads need no such check: copies of them are compared with their pins.
    why = ""
    with contextlib.suppress(OSError):  # absent, or no folder: said by what makes it
        why = why_not(path, paths.ROOT.stat().st_uid)
    if why:
        raise UnavailableError(f"{why}: nothing is built or run there", hint=remedy)


def require_safe_checkout() -> None:
    """Refuse, as root, a checkout that others than its owner, whose code runs, can write to."""
    if os.geteuid() != 0:
        return
    trusted = {0, paths.ROOT.stat().st_uid}
    # A parent that its group can write is allowed: a centre's /usr/local or its like.
    whys = [
        f"other users can write to {above}"
        for above in paths.ROOT.parents
        if above.stat().st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH
    ]
    for path in _code():
        # A link to nothing, or removed since; a file in the place of build/.
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            whys.append(_why_not(path, trusted))
    if why := "".join([*filter(None, whys)][:1]):
        own = "chown -R --reference=. . && chmod -R go-w ."
        hint = f"compare the checkout with git diff, and run in it: {own}"
        raise UnavailableError(f"{why}: as root nothing of the checkout is run", hint=hint)


def why_not(path: Path, owner: int) -> str:
    """Return why a file may have been changed by another than root, its user and an owner."""
    trusted = {0, os.geteuid(), owner}
    for each in [*filter(Path.is_symlink, way_to(path)), path.resolve()]:
        if why := _why_not(each.parent, trusted, is_parent=True) or _why_not(each, trusted):
            return why
    return ""


def _why_not(path: Path, trusted: Collection[int], *, is_parent: bool = False) -> str:
    for status in (path.lstat(), path.stat()):
        # In a sticky folder nobody replaces what is another's.
        is_sticky = is_parent and status.st_mode & stat.S_ISVTX
        if status.st_uid not in trusted:
            return f"{path} belongs to user {user_name(status.st_uid)}"
        if not (is_sticky or stat.S_ISLNK(status.st_mode)) and _others_can_write(path, status):
            return f"other users can write to {path}"
    return ""


def _code() -> Iterator[Path]:
    """Yield what runs, and what is built from."""
    yield from (paths.ROOT / name for name in ("", "Makefile", "hpcpy", "build", "build/tools"))
    for folder in (paths.ROOT / name for name in ("src", "recipes", "containers", "env")):
        yield folder
        yield from all_below(folder)


def _others_can_write(path: Path, status: os.stat_result) -> bool:
    if status.st_mode & stat.S_IWOTH:
        return True
    # With an access list the group's bits are what anybody named in it may have at most.
    return bool(status.st_mode & stat.S_IWGRP) and (
        _has_list(path) or not _is_alone(status.st_uid, status.st_gid)
    )


def _has_list(path: Path) -> bool:
    try:
        return "system.posix_acl_access" in os.listxattr(path)
    except OSError:  # a file system without such lists
        return False


@functools.cache
def _is_alone(user: int, group: int) -> bool:
    """Tell whether a group is its user's alone, as most Linux have them with umask 002."""
    try:
        listed = grp.getgrgid(group)
    except KeyError:
        return False
    owner = user_name(user)
    # Those whose own group it is are not listed.
    members = {*listed.gr_mem, *(one.pw_name for one in pwd.getpwall() if one.pw_gid == group)}
    return listed.gr_name == owner and not members - {owner}
