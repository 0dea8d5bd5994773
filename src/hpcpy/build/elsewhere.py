"""A copy of the checkout that differs in all that a build must not depend on."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hpcpy import paths
from hpcpy.build.inputs import tree_files
from hpcpy.engine.setup import ensure
from hpcpy.errors import UnavailableError
from hpcpy.files import place

# Nobody can read what this makes but its owner, where the first build's files are
# everybody's to read.
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
    prefix, told = _otherwise(folder)
    with _disordered(folder / "sources", folder / "another" / "checkout") as checkout:
        env = {
            **_PLACE,
            "PYTHONPATH": str(checkout / "src"),
            "HPCPY_CACHE": str(cache),
            "HOME": str(folder),
            "USER": "elsewhere",
        }
        yield Elsewhere(checkout, prefix, env, told)


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
    # As git makes a clone's files: whether it is a program, and the umask.
    target.chmod((0o777 if os.access(path, os.X_OK) else 0o666) & ~_UMASK)


def _otherwise(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    told = ["folder", "umask", "modes and order of files", "time zone", "locale", "home"]
    script = f'umask {_UMASK:o}; exec "$@"'
    prefix: list[str] = []
    if os.geteuid() == 0:
        told.append("host name and name server")
        its = _ANOTHER_MACHINE.replace("$FOLDER", shlex.quote(str(folder)))
        script = f"{its}\n{script}"
        prefix += ["unshare", "--uts", "--mount"]
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        told.append(f"{len(cores) - 1} of {len(cores)} cores")
        prefix += ["taskset", "--cpu-list", ",".join(map(str, cores[1:]))]
    return (*prefix, "sh", "-c", script, "elsewhere"), tuple(told)


@contextlib.contextmanager
def _disordered(folder: Path, mount: Path) -> Iterator[Path]:
    """Show a folder through disorderfs, which lists each folder in a random order."""
    program = ensure("verify").path("disorderfs")
    mount.mkdir(parents=True)
    # Build steps read it as other users, which FUSE allows root alone.
    options = ["--multi-user=yes"] if os.geteuid() == 0 else []
    command: list[str | Path] = [program, "--shuffle-dirents=yes", *options, folder, mount]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode:
        raise UnavailableError(f"disorderfs: {told.stderr.strip() or told.returncode}")
    try:
        yield mount
    finally:
        # Of fuse or of fuse3, whichever disorderfs came with.
        unmount = shutil.which("fusermount3") or "fusermount"
        subprocess.run([unmount, "-u", "-z", mount], check=False)
