"""``hpcpy clean [--all]``: remove what was built below ``build/``; the cache stays."""

from __future__ import annotations

import argparse
from pathlib import Path

from hpcpy import paths
from hpcpy.cache.removal import remove_tree
from hpcpy.checkout_lock import checkout_lock
from hpcpy.cluster.command import stop
from hpcpy.cluster.layout import default_layout
from hpcpy.storm import machines

_IMAGES = ("*.sif", "*.tar", "*.json", "*.png", "context", "gpu", "logs", "startup")


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = "all of build/, the tools too, once the local cluster has been stopped"
    parser.add_argument("--all", action="store_true", help=help_)


def main(options: argparse.Namespace) -> int:
    """Remove the images and what was made of them, or all of ``build/``.

    Returns
    -------
    int
        0; problems are raised.

    Raises
    ------
    UnavailableError
        When the cluster runs and this user may not stop it, or when something is
        mounted there.
    DiskError
        When something cannot be removed.
    """
    if options.all:
        stop(default_layout())
        # What a killed `make storm` has left.
        if (storm := machines.layout(0)).run.exists():
            stop(storm)
    if not paths.BUILD.exists():
        return 0
    with checkout_lock():
        found = [paths.BUILD] if options.all else _images()
        for path in found:
            remove_tree(path)
    return 0


def _images() -> list[Path]:
    return [path for pattern in _IMAGES for path in sorted(paths.BUILD.glob(pattern))]
