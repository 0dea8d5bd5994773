"""The units of the cache: each is added and removed as a whole."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core.shared_folder import USERS


@dataclass(frozen=True)
class Unit:
    """A piece of the cache."""

    label: str  # What to call pieces like it
    paths: tuple[Path, ...]  # What is removed, in this order
    size: int  # Bytes on the disk
    used: float  # When it was last used, seconds since 1970
    is_storage: bool = False  # Whether containers are made in it
    lock: Path | None = None  # What those who write it hold


# Folder -> what an entry of it is.
ENTRIES = {
    "downloads": "downloads",
    "rootfs": "root filesystems",
    "parts": "parts of images",
    "images": "images",
}
# What is downloaded just now, each file its own lock.
PARTIAL = "downloads/partial"
# Apt's lists and packages fit one another: they go together.
_WHOLE = {"apt": "package lists", "engine": "packages of the engine"}
_STORAGES = {"buildah's storage": r"storage", "podman's storage": r"containers-\d+"}


def find_units(cache: Path) -> tuple[list[Unit], list[Path]]:
    """Return the pieces of a cache, and entries of its folder that are none.

    The latter matter: where HPCPY_CACHE names the folder that a checkout
    called ``hpcpy`` lies in, the cache's folder is that checkout.
    """
    units: list[Unit] = []
    unknown: list[Path] = []
    for path in _children(cache):
        storage = [label for label, name in _STORAGES.items() if re.fullmatch(name, path.name)]
        if path.is_symlink() or not path.is_dir():
            unknown.append(path)
        elif storage:
            units.append(_unit(storage[0], path, is_storage=True, lock=path / USERS))
        elif path.name in _WHOLE:
            units.append(_unit(_WHOLE[path.name], path, lock=path / "lock"))
        elif path.name in ENTRIES:
            units += _entries(cache, path)
        else:
            unknown.append(path)
    return units, unknown


def _entries(cache: Path, folder: Path) -> Iterator[Unit]:
    label = ENTRIES[folder.name]
    for path in _children(folder):
        if path == cache / PARTIAL:
            for part in _children(path):
                yield _unit("unfinished downloads", part, lock=part)
        elif path.name.startswith("."):
            # Half made, or what those who make something hold.
            yield _unit(label, path, lock=folder / USERS)
        elif path.suffix != ".sha256":
            # The hash goes first: a file without one is made anew.
            yield _unit(label, path.with_name(f"{path.name}.sha256"), path)
        elif not path.with_suffix("").exists():
            yield _unit(label, path)


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _unit(label: str, *paths: Path, is_storage: bool = False, lock: Path | None = None) -> Unit:
    sizes, times = [0], [0.0]
    for path in paths:
        for status in _statuses(path):
            # Blocks: what removing it gives back.
            sizes.append(status.st_blocks * 512)
            if not stat.S_ISDIR(status.st_mode):
                times.append(status.st_mtime)
    return Unit(label, paths, sum(sizes), max(times), is_storage, lock)


def _statuses(path: Path) -> Iterator[os.stat_result]:
    """Yield what lies at and below a path: no links followed, one disk."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    yield status
    folders = [os.fspath(path)] if stat.S_ISDIR(status.st_mode) else []
    while folders:
        try:
            entries = list(os.scandir(folders.pop()))
        except OSError:  # another user's, or gone: not ours to count
            continue
        for entry in entries:
            try:
                below = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if below.st_dev == status.st_dev:  # an overlay shows files again
                yield below
                if stat.S_ISDIR(below.st_mode):
                    folders.append(entry.path)
