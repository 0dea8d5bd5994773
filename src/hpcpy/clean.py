"""``hpcpy clean [--all]``: remove the images, or all that was built."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys

from hpcpy.core import paths
from hpcpy.core.programs import run
from hpcpy.core.scratch import LOCK, checkout_lock, remove_tree

_IMAGES = (
    *("*.sif", "*.tar", "*.json", "*.png", "hpcpy-python*", "docs", "gpu", "logs"),
    "startup",
)
# The first file in a cluster's folder.
_CLUSTER = ".hpcpy-cluster"


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = "stop the local cluster, then remove all of build/, tools included"
    parser.add_argument("--all", action="store_true", help=help_)


def main(options: argparse.Namespace) -> int:
    """Remove the images and what was made of them, or all of ``build/``."""
    if paths.BUILD.is_symlink() and not paths.BUILD.exists():  # a scratch disk was emptied
        if options.all:
            paths.BUILD.unlink()
        return 0
    if options.all:
        _stop_cluster()
    if not paths.BUILD.exists():
        return 0
    with checkout_lock():
        if options.all:
            _remove_build()
        for pattern in _IMAGES:
            for path in sorted(paths.BUILD.glob(pattern)):
                remove_tree(path)
    return 0


def _stop_cluster() -> None:
    """End the checkout's cluster, which may outlive its folder; a folder without a mark is none."""
    folder = paths.BUILD / "cluster"
    if os.path.lexists(folder) and not (folder / _CLUSTER).is_file():
        return
    words = ("cluster", "--stop", f"--folder={folder}")
    if code := run([sys.executable, paths.ROOT / "hpcpy", *words]).returncode:
        sys.exit(code)


def _remove_build() -> None:
    """Remove ``build/``, its lock last: who comes meanwhile waits, and finds nothing half gone."""
    if paths.BUILD.is_symlink():  # to another disk
        remove_tree(paths.BUILD)
        return
    for path in paths.BUILD.iterdir():
        if path.name != LOCK:
            remove_tree(path)
    (paths.BUILD / LOCK).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # somebody has come
        paths.BUILD.rmdir()
