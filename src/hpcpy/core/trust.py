"""Whether code may be taken from a folder: nobody else can have changed what is in it."""

from __future__ import annotations

import contextlib
import grp
import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError
from hpcpy_common.machine import user_name

ANOTHER_CACHE = "set HPCPY_CACHE to a folder of your own"


def require_own(path: Path, remedy: str = ANOTHER_CACHE) -> None:
    """Refuse what another user can change, but root and the checkout's owner: their code runs."""
    # Downloads need no such check: copies of them are compared with their pins.
    trusted = {0, os.geteuid(), paths.ROOT.stat().st_uid}
    for each in (path.parent, path):
        try:
            statuses = (each.lstat(), each.stat())
        except OSError:  # absent, or no folder: said by what makes it
            continue
        for status in statuses:
            # In a sticky folder nobody replaces what is another's.
            is_sticky = each != path and status.st_mode & stat.S_ISVTX
            closed = "" if is_sticky else f"{remedy}, or empty it and run: chmod go-w"
            _refuse_others(each, status, trusted, remedy, closed)


def require_safe_checkout() -> None:
    """Refuse, as root, a checkout that others than its owner, whose code runs, can write to."""
    if os.geteuid() != 0:
        return
    remedy = "compare the checkout with git diff"
    trusted = {0, paths.ROOT.stat().st_uid}
    for above in paths.ROOT.parents:
        status = above.stat()
        # A parent that its group can write is allowed: a centre's /usr/local or its like.
        if status.st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
            _refuse_others(above, status, {status.st_uid}, "", f"{remedy}, and run: chmod go-w")
    for path, status in _code():
        if status.st_uid not in trusted or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            closed = f"{remedy}, and run: chmod -R go-w"
            _refuse_others(Path(path), status, trusted, remedy, closed)


def why_not(path: Path, owner: int) -> str:
    """Return why a file may have been changed by another than root, its user and an owner."""
    trusted = {0, os.geteuid(), owner}
    for each in (path.parent, path):
        for status in (each.lstat(), each.stat()):
            if status.st_uid not in trusted:
                return f"{each} belongs to user {user_name(status.st_uid)}"
            # In a sticky folder nobody replaces what is another's.
            is_closed = each != path and status.st_mode & stat.S_ISVTX
            is_closed = is_closed or stat.S_ISLNK(status.st_mode)
            if not is_closed and _others_can_write(each, status):
                return f"other users can write to {each}"
    return ""


def _refuse_others(
    path: Path, status: os.stat_result, trusted: Collection[int], remedy: str, closed: str
) -> None:
    """Refuse what another user owns or, unless `closed` is empty, can write to."""
    if status.st_uid not in trusted:
        why, hint = f"it is of user {user_name(status.st_uid)}, who could change", remedy
    elif closed and not stat.S_ISLNK(status.st_mode) and _others_can_write(path, status):
        why, hint = "other users can write to it, and change", f"{closed} {path}"
    else:
        return
    raise UnavailableError(f"{path}: {why} what is built and run", hint=hint)


def _code() -> Iterator[tuple[str, os.stat_result]]:
    """Yield what runs, and what is built from: 600 files, in 5 ms."""
    folders = [str(paths.ROOT / name) for name in ("src", "recipes", "containers", "env")]
    for path in (*("", "Makefile", "hpcpy", "build", "build/tools"), *folders):
        with contextlib.suppress(FileNotFoundError):
            yield str(paths.ROOT / path), (paths.ROOT / path).stat()
    while folders:
        # Not os.walk, which gives no status.
        with contextlib.suppress(FileNotFoundError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                try:
                    yield entry.path, entry.stat()
                except FileNotFoundError:  # a link to nothing, or removed since
                    continue


def _others_can_write(path: Path, status: os.stat_result) -> bool:
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
