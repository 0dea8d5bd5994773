"""``hpcpy clean-cache [KEEP_GIB]``: shrink the cache, least recently used first."""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
from collections.abc import Iterator
from pathlib import Path

from hpcpy import paths
from hpcpy.cache.removal import held, remove_storage, remove_tree
from hpcpy.cache.units import ENTRIES, PARTIAL, Unit, find_units
from hpcpy.checkout_lock import checkout_lock
from hpcpy.errors import HpcpyError, UsageError
from hpcpy.files import GIB

_HOW = "such as make clean-cache KEEP=5"


def keep_bytes(text: str) -> int:
    """Read the number of GiB to keep.

    Raises
    ------
    UsageError
        When it is not a number from 0 on.
    """
    try:
        gib = float(text)
    except ValueError:
        gib = math.nan
    if not (0 <= gib < math.inf):
        raise UsageError(f"{text!r} is not a number of GiB to keep", hint=_HOW)
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
    help_ = "how much may stay (default: 0, which empties it)"
    parser.add_argument("keep", nargs="?", metavar="KEEP", default="0", help=help_)


def main(options: argparse.Namespace) -> int:
    """Shrink the cache and say what went.

    Returns
    -------
    int
        0 when no more than that is left.

    Raises
    ------
    UsageError
        When GIB is not a number from 0 on.
    UnavailableError
        When something that should go is in use; all else has gone.
    DiskError
        When something could not be removed.
    """
    keep = keep_bytes(options.keep)
    # A wrong HPCPY_CACHE is an error at once, even while another make runs here.
    cache = paths.cache_dir()
    with checkout_lock():
        return _shrink(cache, keep)


def _shrink(cache: Path, keep: int) -> int:
    units, unknown = find_units(cache)
    for path in unknown:
        print(f"hpcpy clean-cache: {path}: left alone, not a part of the cache", file=sys.stderr)
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
        print(f"hpcpy clean-cache: {problem}", file=sys.stderr)
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
