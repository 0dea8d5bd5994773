"""``hpcpy verify``: build twice and compare the bytes."""

from __future__ import annotations

import argparse
import filecmp
import sys
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import make_folder, place
from hpcpy.core.scratch import build_scratch
from hpcpy.core.stages import stage
from hpcpy.fetch.artifacts import downloads_dir
from hpcpy.images.cached import tree_files
from hpcpy.images.command import ensure_image
from hpcpy_common.errors import IntegrityError, UsageError


def declare(_parser: argparse.ArgumentParser) -> None:
    """Add no argument."""


def main(_options: argparse.Namespace) -> int:
    """Compare this checkout's images with those of a second build."""
    first, _, _ = ensure_image("sif")
    with build_scratch("verify") as folder:
        second = _build_again(folder)
        for name in (first.with_suffix(".oci.tar").name, first.name):
            # The scratch folder is removed: keep the image, to look for a difference in it.
            kept = (second / name).replace(paths.BUILD / f"second.{name}")
            compare(paths.BUILD / name, kept)
            kept.unlink()
    return 0


def _build_again(folder: Path) -> Path:
    """Build in a copy of the checkout, by a cache that has the downloads alone."""
    checkout, cache = folder / "another/checkout", folder / "cache"
    for path in tree_files("."):
        place(path, checkout / path.relative_to(paths.ROOT))
    second = checkout / paths.BUILD.name
    if second.exists():
        raise UsageError(f"{paths.BUILD}: git keeps files of it", hint="git rm --cached -r build")
    make_folder(downloads_dir())
    make_folder(cache / "hpcpy")
    (cache / "hpcpy/downloads").symlink_to(downloads_dir())
    words = [sys.executable, "-I", f"{checkout}/hpcpy", "build", "sif"]
    with stage("second build, from an empty cache") as current:
        current.run(words, env={"HPCPY_CACHE": str(cache)}, cwd=checkout)
    return second


def compare(ours: Path, other: Path) -> None:
    """Refuse an image that has other bytes than ours."""
    if filecmp.cmp(ours, other, shallow=False):
        print(f"{other.name}: the same bytes")
        return
    hint = f"diffoscope {paths.quoted(ours)} {paths.quoted(other)}"
    raise IntegrityError(f"{other.name} differs from {ours}", hint=hint)
