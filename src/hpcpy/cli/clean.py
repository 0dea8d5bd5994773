"""``hpcpy clean [--all | --cache [GIB]]``: remove what was built, or shrink the cache."""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
from collections.abc import Iterator
from pathlib import Path

from hpcpy.cli.cache_units import ENTRIES, PARTIAL, Unit, find_units
from hpcpy.cluster.command import stop
from hpcpy.cluster.layout import Layout, default_layout
from hpcpy.core import paths
from hpcpy.core.checkout_lock import checkout_lock
from hpcpy.core.errors import HpcpyError, UsageError
from hpcpy.core.files import GIB
from hpcpy.core.removal import held, remove_storage, remove_tree

_IMAGES = ("*.sif", "*.tar", "*.json", "*.png", "context", "docs", "gpu", "logs", "startup")


def keep_bytes(text: str) -> int:
    """Read the number of GiB to keep."""
    try:
        gib = float(text)
    except ValueError:
        gib = math.nan
    if not (0 <= gib < math.inf):
        raise UsageError(
            f"{text!r} is not a number of GiB to keep", hint="such as make clean CACHE=5"
        )
    return int(gib * GIB)


def choose(units: list[Unit], keep: int) -> Iterator[Unit]:
    """Yield what has to go until `keep` bytes are left, in the order of going.

    First the storages of buildah and podman: they hold unpacked copies, which
    are made again from the files beside them in a minute and without a
    network, they are the largest, and nobody can tell when an image in one
    was last used.  Then single files, the least recently used first.
    """
    left = sum(unit.size for unit in units)
    for unit in sorted(units, key=lambda unit: (not unit.is_storage, unit.used)):
        # With nothing to keep, empty files and folders go too.
        if left <= keep and keep > 0:
            return
        yield unit
        left -= unit.size


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    which = parser.add_mutually_exclusive_group()
    help_ = "stop local clusters, then remove all of build/, tools included"
    which.add_argument("--all", action="store_true", help=help_)
    help_ = "leave build/, and shrink the cache to so many GiB (default: 0, which empties it)"
    which.add_argument("--cache", nargs="?", const="0", metavar="GIB", help=help_)


def main(options: argparse.Namespace) -> int:
    """Remove the images and what was made of them, or all of ``build/``, or shrink the cache."""
    if options.cache is not None:
        keep = keep_bytes(options.cache)
        # A wrong HPCPY_CACHE is an error at once, even while another make runs here.
        cache = paths.cache_dir()
        with checkout_lock():
            return _shrink(cache, keep)
    if options.all:
        for layout in clusters():
            stop(layout)
        # What a killed benchmark of a shared file system has left.
        if (storm := Layout(paths.BUILD / "storm/cluster")).run.exists():
            stop(storm)
    if not paths.BUILD.exists():
        return 0
    with checkout_lock():
        for path in [paths.BUILD] if options.all else _images():
            remove_tree(path)
    return 0


def clusters() -> list[Layout]:
    """Return the checkout's cluster, and those that killed tests have left."""
    own = default_layout()
    marks = sorted(paths.BUILD.glob(f"*/{own.mark.name}"))
    return [own, *(Layout(mark.parent) for mark in marks if mark != own.mark)]


def _images() -> list[Path]:
    return [path for pattern in _IMAGES for path in sorted(paths.BUILD.glob(pattern))]


def _shrink(cache: Path, keep: int) -> int:
    units, unknown = find_units(cache)
    for path in unknown:
        print(f"hpcpy clean: {path}: left alone, not a part of the cache", file=sys.stderr)
    freed: dict[str, list[int]] = {}
    problems: list[HpcpyError] = []
    for unit in choose(units, keep):
        try:
            _remove(unit)
        except HpcpyError as error:
            problems.append(error)
        else:
            freed.setdefault(unit.label, []).append(unit.size)
    for label, sizes in freed.items():
        count = f" ({len(sizes)})" if len(sizes) > 1 else ""
        print(f"{sum(sizes) / GIB:8.2f} GiB freed: {label}{count}")
    _remove_empty_folders(cache)
    left = sum(unit.size for unit in find_units(cache)[0])
    print(f"{left / GIB:8.2f} GiB left in {cache}", flush=True)
    for problem in problems[1:]:
        print(f"hpcpy clean: {problem}", file=sys.stderr)
    if problems:
        raise problems[0]
    return 0


def _remove(unit: Unit) -> None:
    with held(unit.lock) if unit.lock else contextlib.nullcontext():
        for path in unit.paths:
            (remove_storage if unit.is_storage else remove_tree)(path)


def _remove_empty_folders(cache: Path) -> None:
    for name in (PARTIAL, *ENTRIES, "."):
        with contextlib.suppress(OSError):
            (cache / name).rmdir()
