"""Whether code may be taken from a folder: nobody else can have changed what is in it."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError

ANOTHER_CACHE = "set HPCPY_CACHE to a folder of your own"


def require_own(folder: Path, remedy: str = ANOTHER_CACHE) -> None:
    """Refuse a folder, and the one that it is in, if another user can change it.

    Root and the checkout's owner may: their code runs in any case. Downloads need no
    such check: each is compared with its pin.
    """
    trusted = {0, os.geteuid(), paths.ROOT.stat().st_uid}
    for path in (folder.parent, folder):
        try:
            found = (path.lstat(), path.stat())
        except OSError:  # absent, or no folder: said by what makes it
            continue
        for status in found:
            if status.st_uid not in trusted:
                raise UnavailableError(
                    f"{path}: it is of user {user_name(status.st_uid)}, who could change what"
                    " is built and run",
                    hint=remedy,
                )
        # In a sticky folder nobody replaces what is another's.
        is_sticky = path != folder and found[1].st_mode & stat.S_ISVTX
        if _others_can_write(path) and not is_sticky:
            raise UnavailableError(
                f"{path}: other users can write to it, and change what is built and run",
                hint=f"{remedy}, or empty it and run: chmod go-w {path}",
            )


def require_safe_checkout() -> None:
    """Refuse, as root, a checkout that other users can write to.

    Whoever owns it is trusted: their code runs in any case.
    """
    if os.geteuid() != 0:
        return
    above = paths.ROOT.parent
    bits = above.stat().st_mode & (stat.S_IWOTH | stat.S_ISVTX)
    # A parent that its group can write is allowed: a centre's /usr/local or its like.
    open_ = [above] if bits == stat.S_IWOTH else []
    for path in open_ or (one for one in _code() if _others_can_write(one)):
        raise UnavailableError(
            f"{path}: other users can write to it, and change what root runs",
            hint=f"compare it with git diff, and run: chmod -R go-w {path}",
        )


def _code() -> Iterator[Path]:
    # Folders only: their thousand files would cost each command 20 ms.
    yield paths.ROOT
    yield from (one for name in ("Makefile", "hpcpy") if (one := paths.ROOT / name).exists())
    for name in ("src", "recipes", "containers", "env"):
        yield from (Path(folder) for folder, _, _ in os.walk(paths.ROOT / name))


def _others_can_write(path: Path) -> bool:
    status = path.stat()
    if status.st_mode & stat.S_IWOTH:
        return True
    # With an access list the group's bits are what anybody named in it may have at most.
    return bool(status.st_mode & stat.S_IWGRP) and (_has_list(path) or not _is_alone(status))


def _has_list(path: Path) -> bool:
    try:
        return "system.posix_acl_access" in os.listxattr(path)
    except OSError:  # a file system without such lists
        return False


def _is_alone(status: os.stat_result) -> bool:
    """Tell whether a group is its user's alone, as most Linux have them with umask 002."""
    try:
        group = grp.getgrgid(status.st_gid)
    except KeyError:
        return False
    owner = user_name(status.st_uid)
    return group.gr_name == owner and not {*group.gr_mem} - {owner}


def user_name(uid: int) -> str:
    """Return a user's name, or the number of one without."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
