"""``hpcpy verify``: build all again elsewhere, from nothing, and compare bytes."""

from __future__ import annotations

import argparse
import filecmp
import sys

from hpcpy import paths
from hpcpy.build.command import have
from hpcpy.build.inputs import tree_files
from hpcpy.errors import IntegrityError
from hpcpy.files import GIB, place, require_free, scratch_dir
from hpcpy.stages import stage

_FREE = 12 * GIB


def declare(_parser: argparse.ArgumentParser) -> None:
    """Add nothing: the command has no arguments."""


def main(_options: argparse.Namespace) -> int:
    """Compare this checkout's images with those of a copy of it.

    The copy lies in another folder and has a cache of its own, with the
    downloads alone in it: every part is built again.

    Returns
    -------
    int
        0 when archive and SIF are the same, byte for byte.

    Raises
    ------
    IntegrityError
        When one differs.
    """
    first, _, _ = have("sif")
    require_free(paths.BUILD, _FREE, "a second build")
    with scratch_dir(paths.BUILD, "verify") as folder:
        checkout, cache = folder / "another" / "checkout", folder / "cache"
        for path in tree_files("."):
            place(path, checkout / path.relative_to(paths.ROOT))
        downloads = paths.cache_dir() / "downloads"
        for path in downloads.rglob("*"):
            if path.is_file():
                place(path, cache / "hpcpy" / "downloads" / path.relative_to(downloads))
        with stage("second build, from an empty cache") as current:
            current.run(
                [sys.executable, "-m", "hpcpy", "build", "sif"],
                env={"PYTHONPATH": str(checkout / "src"), "HPCPY_CACHE": str(cache)},
                cwd=checkout,
            )
        for name in (first.with_suffix(".oci.tar").name, first.name):
            same = filecmp.cmp(paths.BUILD / name, checkout / "build" / name, shallow=False)
            print(f"{name}: {'the same bytes' if same else 'DIFFERENT'}")
            if not same:
                kept = paths.BUILD / f"second.{name}"
                place(checkout / "build" / name, kept)
                raise IntegrityError(f"{name} differs from {kept}", hint="compare with diffoscope")
    return 0
