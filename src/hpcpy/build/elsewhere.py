"""A copy of the checkout that differs in all that a build must not depend on."""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hpcpy import paths
from hpcpy.build.inputs import tree_files
from hpcpy.engine.setup import ensure
from hpcpy.errors import UnavailableError
from hpcpy.files import place

# Only the owner can read what the second build makes; everybody can read the first
# build's files.
_UMASK = 0o077
# Farthest from UTC, so that most dates differ; a language in which the capital of "i"
# is not "I".
_PLACE = {"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}
# Within a mount namespace.  mmdebstrap copies both files, and comments change nothing.
_ANOTHER_MACHINE = """hostname elsewhere
for file in hostname resolv.conf; do
    if test -f /etc/$file; then
        { cat /etc/$file; echo '# elsewhere'; } >$FOLDER/$file
        mount --bind $FOLDER/$file /etc/$file
    fi
done"""
# Lines of passwd and its like, for this namespace alone.  Root's folders may be closed
# to others: the user sees what is theirs at another place.
_ANOTHER_USER = """for line in passwd:elsewhere:x:$ID:$ID::$SEEN:/bin/sh group:elsewhere:x:$ID: \\
    subuid:elsewhere:1000000:65536 subgid:elsewhere:1000000:65536
do
    file=${line%%:*}
    { cat /etc/$file; echo "${line#*:}"; } >$FOLDER/$file
    mount --bind $FOLDER/$file /etc/$file
done
mount --bind $FOLDER $SEEN"""
# Without `-o dev,suid`, buildah cannot bind from there in its user namespace.  disorderfs
# acts as the user who asks.  A program in a user namespace that closes an open log counts
# as a user without access, so the logs are mounted past disorderfs.
_DISORDERED = """$DISORDERFS -q -o dev,suid --multi-user=yes --shuffle-dirents=yes \\
    $SEEN/sources $CHECKOUT
mount --bind $SEEN/logs $CHECKOUT/build/logs"""
_CHECKOUT = "another/checkout"
_SEEN = Path("/mnt")
# No distribution gives these ids to anybody.
_IDS = range(60_100, 61_000)


@dataclass(frozen=True)
class Elsewhere:
    """Where and how to build a second time.

    Attributes
    ----------
    checkout
        The copy.
    prefix
        Words in front of the command.
    env
        Variables for it.
    told
        What differs, for people.
    """

    checkout: Path
    prefix: tuple[str, ...]
    env: dict[str, str]
    told: tuple[str, ...]


@contextlib.contextmanager
def elsewhere(folder: Path) -> Iterator[Elsewhere]:
    """Give a copy of the checkout, with a cache that has the downloads alone.

    Parameters
    ----------
    folder
        An empty one; what is left there is the caller's to remove.

    Raises
    ------
    UnavailableError
        When disorderfs cannot be had or mounted.
    """
    for path in tree_files("."):
        _copy(path, folder / "sources" / path.relative_to(paths.ROOT))
    downloads, cache = paths.cache_dir() / "downloads", folder / "cache"
    for path in downloads.rglob("*"):
        if path.is_file():
            place(path, cache / "hpcpy" / "downloads" / path.relative_to(downloads))
    for made in (_CHECKOUT, "logs", "sources/build/logs"):
        (folder / made).mkdir(parents=True)
    if os.geteuid() != 0:
        with _disordered(folder / "sources", folder / _CHECKOUT):
            yield _otherwise(folder)
        return
    user = _free_id()
    # Before FUSE is asked for owners, which it keeps for a second.
    _give(folder, user)
    theirs = _otherwise(folder, user)
    if _can_build(theirs):
        yield theirs
        return
    print("not as another user, who needs newuidmap: apt-get install uidmap")
    yield _otherwise(folder)


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
    # As git makes a clone's files: whether it is a program, and the umask.
    target.chmod((0o777 if os.access(path, os.X_OK) else 0o666) & ~_UMASK)


def _free_id() -> int:
    taken = {one.pw_uid for one in pwd.getpwall()}
    return next(number for number in _IDS if number not in taken)


def _can_build(theirs: Elsewhere) -> bool:
    """Tell whether a user can run this Python, and buildah in a user namespace."""
    unshare = [str(ensure("build").buildah), "unshare", "true"]
    code = f"import subprocess; subprocess.run({unshare}, check=True)"
    command = [*theirs.prefix, sys.executable, "-c", code]
    env = {**os.environ, **theirs.env}
    return subprocess.run(command, env=env, capture_output=True, check=False).returncode == 0


def _give(folder: Path, user: int) -> None:
    # Not the downloads: they are links to those of the cache.
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() or path.is_relative_to(folder / "sources"):
            os.chown(path, user, user, follow_symlinks=False)


def _otherwise(folder: Path, user: int | None = None) -> Elsewhere:
    told = ["folder", "umask", "modes and order of files", "time zone", "locale", "home"]
    lines: list[str] = []
    become, seen = "", folder
    prefix: list[str] = []
    if user is not None:
        told.append("user")
        seen, become = _SEEN, f"setpriv --reuid={user} --regid={user} --clear-groups"
        lines.append(_ANOTHER_USER.replace("$ID", str(user)))
    if os.geteuid() == 0:
        told.append("host name and name server")
        lines = [_ANOTHER_MACHINE, *lines, _DISORDERED]
        # disorderfs ends with the shell.
        prefix += ["unshare", "--uts", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        told.append(f"{len(cores) - 1} of {len(cores)} cores")
        prefix += ["taskset", "--cpu-list", ",".join(map(str, cores[1:]))]
    lines += [f"umask {_UMASK:o}", "cd $CHECKOUT", f'{become} "$@"']
    env = {
        **_PLACE,
        "PYTHONPATH": str(seen / _CHECKOUT / "src"),
        "HPCPY_CACHE": str(seen / "cache"),
        "HOME": str(seen),
        "USER": "elsewhere",
    }
    script = _filled("\n".join(lines), folder, seen)
    return Elsewhere(
        folder / "sources", (*prefix, "sh", "-ec", script, "elsewhere"), env, tuple(told)
    )


def _filled(script: str, folder: Path, seen: Path) -> str:
    values = {
        "$CHECKOUT": seen / _CHECKOUT,
        "$DISORDERFS": ensure("verify").path("disorderfs"),
        "$FOLDER": folder,
        "$SEEN": seen,
    }
    for name, value in values.items():
        script = script.replace(name, shlex.quote(str(value)))
    return script


@contextlib.contextmanager
def _disordered(folder: Path, mount: Path) -> Iterator[None]:
    """Show a folder through disorderfs, which lists each folder in a random order."""
    program = ensure("verify").path("disorderfs")
    command: list[str | Path] = [program, "--shuffle-dirents=yes", folder, mount]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode:
        raise UnavailableError(f"disorderfs: {told.stderr.strip() or told.returncode}")
    try:
        yield
    finally:
        # Of fuse or of fuse3, whichever disorderfs came with.
        unmount = shutil.which("fusermount3") or "fusermount"
        subprocess.run([unmount, "-u", "-z", mount], check=False)
